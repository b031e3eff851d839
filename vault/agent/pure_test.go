package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/vault"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func grantOf(names ...string) Grant {
	g := Grant{State: GrantStateGiven, Continuous: true, Ends: noon.Add(time.Hour)}
	for _, name := range names {
		g.Claims = append(g.Claims, Claim{Name: name})
	}
	return g
}

func TestHolds_aDerivedClaim_followsWhatItComesFrom(t *testing.T) {
	for claim, attribute := range map[string]string{
		"email": "email", "email_verified": "email", "age_over_18": "birthdate", "birth_year": "birthdate",
		"locality": "address", "country": "address", "name": "family_name", "phone_number_verified": "phone_number",
	} {
		if !holds(grantOf("nickname", claim), []string{attribute}) {
			t.Errorf("a change of %s does not reach %s", attribute, claim)
		}
	}
	if holds(grantOf("email", "name", "locality"), []string{"birthdate", "nickname", "phone_number"}) {
		t.Error("a grant follows attributes that it does not hold")
	}
}

func TestFollows_onlyContinuousGrantsInForce(t *testing.T) {
	once, past := grantOf("email"), grantOf("email")
	once.Continuous = false
	past.Ends = noon
	if !follows(grantOf("email"), noon) || follows(once, noon) || follows(past, noon) {
		t.Error("wrong for a grant in force, for one that is given once, or for one at its end")
	}
	for _, s := range []GrantState{"", GrantStateRequested, GrantStateRefused, GrantStateExpired, GrantStateWithdrawn, GrantStateRevoked} {
		g := grantOf("email")
		g.State = s
		if follows(g, noon) {
			t.Errorf("a grant that is %q follows the vault", s)
		}
	}
}

func TestChanged_findsWhatWasSetChangedAndRemoved(t *testing.T) {
	before := vault.NewDocument(noon)
	set := func(d *vault.Document, name, value string) {
		t.Helper()
		if err := d.Set(persona(*d), name, json.RawMessage(`"`+value+`"`), noon); err != nil {
			t.Fatal(err)
		}
	}
	set(&before, "nickname", "ada")
	set(&before, "email", "ada@example.org")
	set(&before, "gender", "female")
	after := before.Clone()
	set(&after, "email", "lovelace@example.org")
	set(&after, "given_name", "Ada")
	if err := after.Remove(persona(after), "gender"); err != nil {
		t.Fatal(err)
	}
	got := changed(before, after)
	slices.Sort(got)
	if want := []string{"email", "gender", "given_name"}; !slices.Equal(got, want) {
		t.Errorf("changed = %v, want %v", got, want)
	}
}

func TestSameValues_anotherValueOfAnApprovedClaim_isNotTheSame(t *testing.T) {
	shown := vault.Claims{"email": json.RawMessage(`"a@example.org"`), "updated_at": json.RawMessage(`1`)}
	if !sameValues(vault.Claims{"email": shown["email"], "updated_at": json.RawMessage(`2`)}, shown, []string{"email", "updated_at"}) {
		t.Error("the time of the approved claims counts as a change")
	}
	for _, now := range []vault.Claims{{}, {"email": json.RawMessage(`"b@example.org"`)}} {
		if sameValues(now, shown, []string{"email"}) {
			t.Errorf("%d values pass for what was shown", len(now))
		}
	}
	if sameValues(vault.Claims{"nickname": json.RawMessage(`"x"`)}, shown, []string{"nickname"}) {
		t.Error("a value appeared that was shown as not filled in")
	}
}

func TestDescribe_anUnknownError_saysNothingOfItsText(t *testing.T) {
	if p := Describe(errors.New("hunter2 at /home/ada")); p.Code != "internal" || strings.Contains(p.Title, "hunter2") {
		t.Errorf("Describe = %+v", p)
	}
	if p := Describe(fmt.Errorf("email: %w", vault.ErrEmail)); p.Code != "attribute-email" {
		t.Errorf("Describe = %+v", p)
	}
	refusal := &Problem{Status: 429, Code: "slow-down", Title: "wait", RetryAfter: 7}
	if p := Describe(fmt.Errorf("login: %w", refusal)); p != *refusal {
		t.Errorf("Describe = %+v", p)
	}
}

func TestEscape_leavesNothingThatEndsAQuery(t *testing.T) {
	if got := escape("a b&c=d/ü#"); got != "a%20b%26c%3Dd%2F%C3%BC%23" {
		t.Errorf("escape = %q", got)
	}
}

func TestPrinting_showsNoSecret(t *testing.T) {
	secret := []byte("shibboleth-0123456789abcdefghij")
	for _, v := range []any{
		Login{Auth: secret},
		NewSlot{Auth: secret},
		SlotChange{CurrentAuth: secret},
		Session{Share: secret},
		SessionAnswer{Session: Session{Share: secret}},
		LoginAnswer{Session: Session{Share: secret}},
		Approval{GrantKey: secret},
		Resumption{GrantKey: secret},
		CurrentAuth{CurrentAuth: secret},
		Renewal{Recovery: NewSlot{Auth: secret}},
		NewAccount{Slots: []NewSlot{{Auth: secret}}},
		Reauthentication{Auth: secret},
		Prepared{RecoveryCode: string(secret)},
		Attributes{Attributes: vault.Claims{"email": secret}},
		Pending{Values: vault.Claims{"email": secret}},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			printed := fmt.Sprintf(verb, v)
			if strings.Contains(printed, "shibboleth") || strings.Contains(printed, "115 104 105") || strings.Contains(printed, "0x73, 0x68") {
				t.Errorf("%T prints its secret with %s", v, verb)
			}
		}
	}
}
