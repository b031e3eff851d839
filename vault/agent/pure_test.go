package agent

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func grantOf(names ...string) Grant {
	g := Grant{Vendor: Vendor{Client: "shop"}, State: GrantStateGiven, Continuous: true, Ends: noon.Add(time.Hour)}
	for _, name := range names {
		g.Claims = append(g.Claims, Claim{Name: name})
	}
	return g
}

// at is an agent that knows nothing but the time.
func at(now time.Time) *Agent { return &Agent{now: func() time.Time { return now }} }

func fill(t *testing.T, d *vault.Document, p id.Persona, values ...string) {
	t.Helper()
	for i := 0; i < len(values); i += 2 {
		if err := d.Set(p, values[i], json.RawMessage(values[i+1]), noon); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMove_aDerivedClaim_followsWhatItComesFrom_whereItDiffers(t *testing.T) {
	before := vault.NewDocument(noon)
	base := before.Personas[0].ID
	fill(t, &before, base, "birthdate", `"1990-05-17"`, "address", `{"locality":"Bonn","country":"DE"}`, "email", `"a@example.org"`)
	after := before.Clone()
	fill(t, &after, base, "birthdate", `"1991-05-17"`, "address", `{"locality":"Kiel","country":"DE"}`, "nickname", `"Ada"`)
	g := grantOf("email", "email_verified", "age_over_18", "birth_year", "locality", "country", "nickname")
	g.Persona = string(base)
	if got := at(noon).move(g, before, after, false).names; !slices.Equal(got, []string{"birth_year", "locality", "nickname"}) {
		t.Errorf("the vendor would be told of %v", got)
	}
	other := g
	other.Persona = "somebodyaaaaaaaaaaaaaaaaaa"
	if got := at(noon).move(other, before, after, false).names; len(got) != 0 {
		t.Errorf("a vendor of another persona would be told of %v", got)
	}
}

func TestMove_whatInheritsFromTheBase_followsIt(t *testing.T) {
	before := vault.NewDocument(noon)
	base := before.Personas[0].ID
	work, err := before.AddPersona("work", []string{"nickname"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	after := before.Clone()
	fill(t, &after, base, "nickname", `"Ada"`)
	g := grantOf("nickname")
	g.Persona = string(work)
	if got := at(noon).move(g, before, after, false).names; !slices.Equal(got, []string{"nickname"}) {
		t.Errorf("told of %v", got)
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

func TestRestore_keepsWhatIsOfNow(t *testing.T) {
	old := vault.NewDocument(noon)
	base := old.Personas[0].ID
	fill(t, &old, base, "nickname", `"old"`)
	now := old.Clone()
	fill(t, &now, base, "nickname", `"new"`)
	work, err := now.AddPersona("work", nil, noon)
	if err != nil {
		t.Fatal(err)
	}
	now.Revision = 7
	now.LeaveOut("grantaaaaaaaaaaaaaaaaaaaaa", []string{"email"}, nil)
	now.TakeBack("grantaaaaaaaaaaaaaaaaaaaaa", []string{"iban"})
	if err := restore(&now, old); err != nil {
		t.Fatal(err)
	}
	if a, _ := now.Get(base, "nickname"); string(a.Value) != `"old"` || now.Revision != 7 || len(now.LeftOut) != 1 || len(now.TakenBack) != 1 {
		t.Error("the values are not the old ones, or what is of now is lost")
	}
	if _, err := now.Persona(work); err != nil {
		t.Errorf("a newer persona: %v", err)
	}
	if err := restore(&now, vault.Document{}); err == nil {
		t.Error("a vault of nobody was restored")
	}
}

func TestLeft_aClaimGoesWithTheLastOfItsPurposes(t *testing.T) {
	purposes := func(ids ...string) (list []Purpose) {
		for _, name := range ids {
			list = append(list, Purpose{ID: name})
		}
		return list
	}
	claims := []Claim{{Name: "email", Purposes: purposes("bill", "news")}, {Name: "address", Purposes: purposes("news")}, {Name: "name"}, {Name: "iban"}}
	if got := left(claims, Narrowed{Claims: []string{"iban"}, Purposes: []string{"news"}}); !slices.Equal(got, []string{"email", "name"}) {
		t.Errorf("left are %v", got)
	}
}

func TestLink_anotherReceipt_breaksTheChain(t *testing.T) {
	record := []byte(`{"seq":3,"prev":"before"}`)
	sum := sha256.Sum256(record)
	l := link{3, base64.RawURLEncoding.EncodeToString(sum[:])}
	if got, err := l.previous(record); err != nil || got != (link{2, "before"}) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, other := range []string{`{"seq":3,"prev":"other"}`, `{"seq":2,"prev":"before"}`, ``} {
		if _, err := l.previous([]byte(other)); !errors.Is(err, ErrReceiptsDiffer) {
			t.Errorf("%s: %v", other, err)
		}
	}
	moved := link{4, l.hash}
	if _, err := moved.previous(record); !errors.Is(err, ErrReceiptsDiffer) {
		t.Errorf("at another place: %v", err)
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
		Edit{Values: map[string]json.RawMessage{"email": secret}},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			printed := fmt.Sprintf(verb, v)
			if strings.Contains(printed, "shibboleth") || strings.Contains(printed, "115 104 105") || strings.Contains(printed, "0x73, 0x68") {
				t.Errorf("%T prints its secret with %s", v, verb)
			}
		}
	}
}
