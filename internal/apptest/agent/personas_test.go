package agent_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/agent"
)

// another is another vendor, from now on the one that asks.
func (w *world) another(name string) {
	w.t.Helper()
	vendor, _, err := w.vendors.Add(w.t.Context(), identity.Vendor{
		ID: id.New[id.Client](), Name: name, Domain: strings.ToLower(name) + ".example", Public: true, AuthMethod: identity.MethodNone,
		Contact: "hello@shop.example", RedirectURIs: []string{redirect}, GrantTypes: []string{identity.GrantCode},
	})
	must(w.t, err)
	w.vendor = vendor
}

// visit approves claims as a persona, and gives the grant and its key.
func (d *device) visit(persona id.Persona, claims ...string) (id.Grant, []byte) {
	t := d.world.t
	t.Helper()
	flow := d.world.flow("scope", "openid profile email address")
	p, err := d.AskAs(t.Context(), flow, persona)
	must(t, err)
	d.sent = nil
	_, err = d.Approve(t.Context(), agent.Decision{Flow: flow, Digest: p.Digest, Claims: claims, Locale: "en", Persona: persona})
	must(t, err)
	key := grantKeyIn(t, d.sent)
	grants, err := d.Grants(t.Context())
	must(t, err)
	for _, g := range grants {
		if g.Vendor.Client == string(d.world.vendor.ID) && g.State == agent.GrantStateGiven {
			return id.Grant(g.ID), key
		}
	}
	t.Fatal("no grant")
	return "", nil
}

func (d *device) persona(name string, inherits ...string) id.Persona {
	d.world.t.Helper()
	p, err := d.AddPersona(d.world.t.Context(), name, inherits)
	must(d.world.t, err)
	return p.ID
}

func text(s string) json.RawMessage { raw, _ := json.Marshal(s); return raw } // a string

func TestPersona_chosenAtAVendor_isRememberedThere_andLinksAreWarnedOf(t *testing.T) {
	w := newWorld(t)
	d, _ := w.signedUp()
	d.set("email", `"ada@example.org"`, "nickname", `"Ada"`)
	d.visit("", "email")
	work := d.persona("work", "nickname", "email")

	w.another("Anker")
	flow := w.flow("scope", "openid profile email")
	p, err := d.AskAs(t.Context(), flow, work)
	must(t, err)
	if p.Persona != work || len(p.Personas) != 2 || string(p.Values["email"]) != `"ada@example.org"` {
		t.Fatalf("shown are %s of %d", p.Persona, len(p.Personas))
	}
	if len(p.Leaks) != 1 || p.Leaks[0].Claim != "email" || !slices.Equal(p.Leaks[0].Vendors, []string{"Kornblume"}) {
		t.Errorf("leaks: %+v", p.Leaks)
	}
	if bytes.Contains(mustJSON(t, p.Leaks), []byte("ada@")) {
		t.Error("a warning tells the value")
	}
	if _, err := d.Approve(t.Context(), agent.Decision{Flow: flow, Digest: p.Digest, Claims: []string{"email"}, Locale: "en", Persona: basePersona(t, d)}); !errors.Is(err, agent.ErrStaleReview) {
		t.Errorf("another persona than was shown: %v", err)
	}

	_, err = d.Edit(t.Context(), agent.Edit{Persona: work, Values: map[string]json.RawMessage{"email": text("a.l@office.example")}})
	must(t, err)
	grant, key := d.visit(work, "email", "nickname")
	got, err := w.reads(grant, key, "email", "nickname")
	must(t, err)
	if string(got["email"]) != `"a.l@office.example"` || string(got["nickname"]) != `"Ada"` {
		t.Error("the vendor does not read what the persona holds")
	}
	grants, err := d.Grants(t.Context())
	must(t, err)
	for _, g := range grants {
		if (id.Persona(g.Persona) == work) != (id.Grant(g.ID) == grant) {
			t.Errorf("the grant at %s is of %s", g.Vendor.Name, g.Persona)
		}
	}
	again, err := d.Ask(t.Context(), w.flow("scope", "openid profile email phone", "prompt", "consent"))
	must(t, err)
	if again.Persona != work || again.Before != "" || len(again.Leaks) != 0 {
		t.Errorf("shown again as %s, leaks %v", again.Persona, again.Leaks)
	}
	other, err := d.AskAs(t.Context(), w.flow("scope", "openid profile email phone", "prompt", "consent"), basePersona(t, d))
	must(t, err)
	if other.Before != work {
		t.Error("nothing says that the vendor would see a new customer")
	}
}

// basePersona is the base persona.
func basePersona(t *testing.T, d *device) id.Persona {
	t.Helper()
	list, err := d.Personas(t.Context())
	must(t, err)
	return list.Personas[0].ID
}

func TestPersona_withConsentsInForce_isRemovedOnlyWithThem(t *testing.T) {
	w := newWorld(t)
	d, _ := w.signedUp()
	work := d.persona("work")
	_, err := d.Edit(t.Context(), agent.Edit{Persona: work, Values: map[string]json.RawMessage{"email": text("w@example.org")}})
	must(t, err)
	grant, key := d.visit(work, "email")
	if err := d.RemovePersona(t.Context(), work, false); !errors.Is(err, agent.ErrPersonaInUse) {
		t.Errorf("removed under a consent: %v", err)
	}
	if err := d.RemovePersona(t.Context(), basePersona(t, d), true); !errors.Is(err, vault.ErrBasePersona) {
		t.Errorf("the base: %v", err)
	}
	if _, err := w.reads(grant, key, "email"); err != nil {
		t.Errorf("a refusal ended the consent: %v", err)
	}
	must(t, d.RenamePersona(t.Context(), work, "office"))
	must(t, d.RemovePersona(t.Context(), work, true))
	if got, err := w.reads(grant, key, "email"); err == nil {
		t.Errorf("the vendor still reads %d claims", len(got))
	}
	list, err := d.Personas(t.Context())
	must(t, err)
	if len(list.Personas) != 1 {
		t.Errorf("%d personas are left", len(list.Personas))
	}
}

func TestRules_whatIsNeverShared_isNotApproved(t *testing.T) {
	w := newWorld(t)
	d, _ := w.signedUp()
	d.set("email", `"ada@example.org"`, "nickname", `"Ada"`)
	must(t, d.SetRules(t.Context(), "", vault.Rules{Always: []string{"nickname"}, Never: []string{"email", "phone_number"}}))
	flow := w.flow("scope", "openid profile email")
	p, err := d.Ask(t.Context(), flow)
	must(t, err)
	if !slices.Equal(p.Rules.Never, []string{"email"}) || !slices.Equal(p.Rules.Always, []string{"nickname"}) {
		t.Errorf("rules about what is asked: %+v", p.Rules)
	}
	if _, err := d.Approve(t.Context(), agent.Decision{Flow: flow, Digest: p.Digest, Claims: []string{"email"}, Locale: "en"}); !errors.Is(err, agent.ErrNever) {
		t.Errorf("approved against the rule: %v", err)
	}
	if grants, err := d.Grants(t.Context()); err != nil || len(grants) != 0 {
		t.Errorf("%d grants, %v", len(grants), err)
	}
}

func TestEdit_aVendorThatIsLeftOut_keepsWhatItHas_untilItIsIncluded(t *testing.T) {
	w := newWorld(t)
	d, _ := w.signedUp()
	d.set("email", `"old@example.org"`, "nickname", `"Ada"`)
	one, oneKey := d.visit("", "email", "nickname")
	blumen := w.vendor
	w.another("Anker")
	two, twoKey := d.visit("", "email", "nickname")
	anker := w.vendor
	check := func(what, wantOne, wantTwo string) {
		t.Helper()
		w.vendor = blumen
		first, err := w.reads(one, oneKey, "email", "nickname")
		must(t, err)
		w.vendor = anker
		second, err := w.reads(two, twoKey, "email", "nickname")
		must(t, err)
		if string(mustJSON(t, first)) != wantOne || string(mustJSON(t, second)) != wantTwo {
			t.Errorf("%s: %s and %s", what, mustJSON(t, first), mustJSON(t, second))
		}
	}

	edit := agent.Edit{Values: map[string]json.RawMessage{"email": text("new@example.org")}}
	before := len(d.sent)
	affected, err := d.Affected(t.Context(), edit)
	must(t, err)
	if len(affected) != 2 || !slices.Equal(affected[0].Claims, []string{"email"}) || bytes.Contains(mustJSON(t, affected), []byte("@example")) {
		t.Errorf("affected: %s", mustJSON(t, affected))
	}
	if bytes.Contains(d.sent[before:], []byte("capsules")) {
		t.Error("a preview saved something")
	}
	edit.LeaveOut = []id.Grant{two}
	saved, err := d.Edit(t.Context(), edit)
	must(t, err)
	if !slices.Equal(saved.Updated, []string{"Kornblume"}) || !slices.Equal(saved.LeftOut, []string{"Anker"}) {
		t.Errorf("saved: %+v", saved)
	}
	check("left out", `{"email":"new@example.org","nickname":"Ada"}`, `{"email":"old@example.org","nickname":"Ada"}`)
	d.set("nickname", `"Countess"`)
	check("another change", `{"email":"new@example.org","nickname":"Countess"}`, `{"email":"old@example.org","nickname":"Countess"}`)
	affected, err = d.Affected(t.Context(), agent.Edit{Include: []id.Grant{two}})
	must(t, err)
	if len(affected) != 1 || !slices.Equal(affected[0].Claims, []string{"email"}) || !slices.Equal(affected[0].Kept, []string{"email"}) {
		t.Errorf("including affects %s", mustJSON(t, affected))
	}
	_, err = d.Edit(t.Context(), agent.Edit{Include: []id.Grant{two}})
	must(t, err)
	check("included", `{"email":"new@example.org","nickname":"Countess"}`, `{"email":"new@example.org","nickname":"Countess"}`)
	must(t, errOf(d.Withdraw(t.Context(), two)))
	d.set("email", `"newest@example.org"`)
}

func errOf(_ any, err error) error { return err }

// Two hundred vendors are one save, and so one transaction; where they do not fit into one, the rest
// follows, and none is forgotten.
func TestEdit_manyVendors_allOfThemFollow(t *testing.T) {
	const many = 200
	w := newWorld(t)
	d, _ := w.signedUp()
	d.set("nickname", `"Ada"`, "website", `"https://example.org/old"`)
	type read struct {
		vendor identity.Vendor
		grant  id.Grant
		key    []byte
	}
	var all []read
	for i := range many {
		w.another(fmt.Sprint("Vendor", i))
		grant, key := d.visit("", "nickname", "website", "profile", "picture")
		all = append(all, read{w.vendor, grant, key})
	}
	var saves, largest int
	d.before = func(call string) {
		if call == "PUT /vault" {
			saves++
			largest = max(largest, len(d.sent))
		}
		d.sent = nil
	}
	d.sent = nil
	saved := d.set("nickname", `"Countess"`)
	if saves != 1 || len(saved.Updated) != many || largest > 300<<10 {
		t.Errorf("%d vendors in %d saves, the largest %d bytes", len(saved.Updated), saves, largest)
	}
	long := func(host string) string { return `"https://` + host + "/" + strings.Repeat("x", 1900) + `"` }
	saves, largest = 0, 0
	saved = d.set("website", long("a.example"), "profile", long("b.example"), "picture", long("c.example"))
	if saves < 2 || len(saved.Updated) != many || len(saved.Missed) != 0 || largest > 1<<20 {
		t.Errorf("%d vendors in %d saves, the largest %d bytes", len(saved.Updated), saves, largest)
	}
	t.Logf("%d vendors with large capsules: %d saves, the largest %d bytes", many, saves, largest)
	for _, r := range all {
		w.vendor = r.vendor
		got, err := w.reads(r.grant, r.key, "nickname", "picture")
		must(t, err)
		if string(got["nickname"]) != `"Countess"` || string(got["picture"]) != long("c.example") {
			t.Fatalf("%s does not read what the vault holds", r.vendor.Name)
		}
	}
	if saved := d.set("email", `"a@example.org"`); len(saved.Updated) != 0 {
		t.Errorf("somebody is still behind: %d", len(saved.Updated))
	}
}
