package vault_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// withPersona adds a persona that inherits these names.
func withPersona(t *testing.T, d *vault.Document, name string, inherits ...string) id.Persona {
	t.Helper()
	p, err := d.AddPersona(name, inherits, today)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func set(t *testing.T, d *vault.Document, p id.Persona, name, text string) {
	t.Helper()
	if err := d.Set(p, name, quote(t, text), today); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func TestPersona_inheritsWhatIsNamed_untilItHasItsOwn(t *testing.T) {
	d, base := documentWith(t, "email", "ada@example.org", "nickname", "Ada", "birthdate", "1990-05-17")
	work := withPersona(t, &d, "work", "nickname", "birthdate")
	names := []string{"email", "nickname", "age_over_18"}
	expect(t, vault.ClaimsFor(d, work, names, today), map[string]string{"nickname": `"Ada"`, "age_over_18": "true"})

	set(t, &d, base, "nickname", "Countess")
	expect(t, vault.ClaimsFor(d, work, names, today), map[string]string{"nickname": `"Countess"`, "age_over_18": "true"})
	set(t, &d, work, "nickname", "Dr. L.")
	set(t, &d, base, "nickname", "Ada")
	expect(t, vault.ClaimsFor(d, work, names, today), map[string]string{"nickname": `"Dr. L."`, "age_over_18": "true"})
	if err := errors.Join(d.Remove(work, "nickname"), d.Remove(work, "birthdate")); err != nil {
		t.Fatal(err)
	}
	expect(t, vault.ClaimsFor(d, work, names, today), nil)
	if err := d.Inherit(work, "nickname"); err != nil {
		t.Fatal(err)
	}
	expect(t, vault.ClaimsFor(d, work, names, today), map[string]string{"nickname": `"Ada"`})
	expect(t, vault.ClaimsFor(d, base, []string{"nickname"}, today), map[string]string{"nickname": `"Ada"`})
}

func TestPersona_whatCannotBe_isRefused_andChangesNothing(t *testing.T) {
	d, base := documentWith(t)
	work := withPersona(t, &d, "Work")
	before, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	add := func(name string, inherits ...string) error { _, err := d.AddPersona(name, inherits, today); return err }
	for what, c := range map[string]struct{ got, want error }{
		"a name that is taken":      {add(" wORK "), vault.ErrPersonaName},
		"no name":                   {add("  "), vault.ErrValueEmpty},
		"a name too long":           {add(strings.Repeat("x", 51)), vault.ErrValueTooLong},
		"inherits what is derived":  {add("club", "age_over_18"), vault.ErrDerived},
		"inherits the protocol's":   {add("club", "sub"), vault.ErrReserved},
		"the base is removed":       {d.RemovePersona(base), vault.ErrBasePersona},
		"the base inherits":         {d.Inherit(base, "email"), vault.ErrBasePersona},
		"nobody is removed":         {d.RemovePersona("nobody"), vault.ErrNoPersona},
		"nobody is renamed":         {d.RenamePersona("nobody", "x"), vault.ErrNoPersona},
		"renamed to another's name": {d.RenamePersona(work, "private"), vault.ErrPersonaName},
		"rules that contradict":     {d.SetRules(work, vault.Rules{Always: []string{"email"}, Never: []string{"email"}}), vault.ErrRules},
		"rules about the protocol":  {d.SetRules(work, vault.Rules{Never: []string{"sub"}}), vault.ErrReserved},
		"a document without anyone": {func() error { _, err := (&vault.Document{}).AddPersona("x", nil, today); return err }(), vault.ErrNoPersona},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: %v", what, c.got)
		}
	}
	if after, err := json.Marshal(d); err != nil || string(after) != string(before) {
		t.Errorf("changed to %s", after)
	}
}

func TestPersona_renamedRuledRemoved_survivesTheSeal(t *testing.T) {
	d, base := documentWith(t, "email", "ada@example.org")
	work, club := withPersona(t, &d, "work", "email"), withPersona(t, &d, "club")
	err := errors.Join(d.RenamePersona(work, "office"), d.RemovePersona(club),
		d.SetRules(work, vault.Rules{Always: []string{"nickname", "email", "email"}, Never: []string{"phone_number"}}))
	if err != nil {
		t.Fatal(err)
	}
	d.LeaveOut(shop, []string{"email", "nickname"}, vault.Claims{"email": quote(t, "old@example.org")})
	d.TakeBack(bank, []string{"nickname", "email"})
	d.TakeBack(bank, []string{"email"})
	k := vault.NewKey()
	box, err := vault.SealDocument(k, alice, 1, d)
	if err != nil {
		t.Fatal(err)
	}
	back, err := vault.OpenDocument(k, alice, 1, box)
	if err != nil {
		t.Fatal(err)
	}
	p, err := back.Persona(work)
	if err != nil || p.Name != "office" || !slices.Equal(p.Rules.Always, []string{"email", "nickname"}) || len(back.Personas) != 2 {
		t.Errorf("%d personas, %v", len(back.Personas), err)
	}
	names := []string{"email", "nickname"}
	expect(t, back.ClaimsForGrant(shop, base, names, today), map[string]string{"email": `"old@example.org"`})
	expect(t, back.ClaimsForGrant("another", base, names, today), map[string]string{"email": `"ada@example.org"`})
	expect(t, back.ClaimsForGrant(shop, base, []string{"nickname"}, today), nil)
	expect(t, back.ClaimsForGrant(bank, base, names, today), nil)
	if given := back.StillGiven(bank, []string{"birthdate", "email"}); !slices.Equal(given, []string{"birthdate"}) || len(back.TakenBack[bank]) != 2 {
		t.Errorf("still given %v, taken back %v", given, back.TakenBack)
	}
}

func TestClone_changed_leavesTheOriginalsPersonas(t *testing.T) {
	d, _ := documentWith(t, "email", "ada@example.org")
	work := withPersona(t, &d, "work", "email")
	before, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	c := d.Clone()
	set(t, &c, work, "email", "w@example.org")
	withPersona(t, &c, "club")
	c.LeaveOut(shop, []string{"email"}, nil)
	c.TakeBack(shop, []string{"email"})
	c.Behind = append(c.Behind, shop)
	if err := errors.Join(c.Inherit(work, "nickname"), c.SetRules(work, vault.Rules{Never: []string{"iban"}}), c.RemovePersona(work)); err != nil {
		t.Fatal(err)
	}
	if after, err := json.Marshal(d); err != nil || string(after) != string(before) {
		t.Errorf("changed to %s", after)
	}
}

func TestLeaks_findsTheSameValue_howeverItIsWritten(t *testing.T) {
	d, base := documentWith(t, "email", "Ada@Example.org", "phone_number", "+49 30 123-456", "iban", "DE02 1203 0000 0000 2020 51", "name", "Ada  Lovelace", "birthdate", "1990-05-17")
	address := json.RawMessage(`{"street_address":"Am Markt 1","postal_code":"53111","locality":"BONN"}`)
	if err := d.Set(base, "address", address, today); err != nil {
		t.Fatal(err)
	}
	work := withPersona(t, &d, "work", "iban", "address", "birthdate")
	set(t, &d, work, "email_work", "ada@example.org")
	set(t, &d, work, "phone_number", "0049 (30) 123456")
	set(t, &d, work, "given_name", "ADA")
	set(t, &d, work, "family_name", "Lovelace")
	disclosed := []vault.Disclosed{
		{Persona: base, Vendor: "Blumen", Claims: []string{"email", "iban"}},
		{Persona: base, Vendor: "Anker", Claims: []string{"email", "locality"}},
		{Persona: work, Vendor: "itself", Claims: []string{"email_work", "iban"}},
	}
	asked := []string{"email_work", "phone_number", "iban", "address_delivery", "name", "birthdate", "nickname"}
	got := map[string][]string{}
	for _, l := range vault.Leaks(d, work, asked, disclosed, today) {
		if l.Persona != base || l.Name != "private" {
			t.Errorf("linked to %s", l.Name)
		}
		got[l.Claim] = l.Vendors
	}
	want := map[string]string{"email_work": "[Anker Blumen]", "phone_number": "[]", "iban": "[Blumen]", "address_delivery": "[]", "birthdate": "[]"}
	if len(got) != len(want) {
		t.Errorf("found %v", got)
	}
	for claim, vendors := range want {
		if fmt.Sprint(got[claim]) != vendors {
			t.Errorf("%s is known to %v, want %s", claim, got[claim], vendors)
		}
	}
	for _, alone := range [][]string{{"name"}, {"birthdate"}, {"locality", "postal_code"}, {"age_over_18"}, nil} {
		if leaks := vault.Leaks(d, work, alone, disclosed, today); len(leaks) != 0 {
			t.Errorf("%v alone links: %v", alone, leaks)
		}
	}
}

// The reference says it in one sentence: a released value leads to another persona if that one has it.
func TestLeaks_anyPersonas_foundIfAndOnlyIfAValueIsShared(t *testing.T) {
	mails := []string{"a@example.org", "b@example.org", "c@example.org"}
	rapid.Check(t, func(r *rapid.T) {
		d := vault.NewDocument(today)
		has := map[id.Persona]map[string]string{d.Personas[0].ID: {}}
		for i := range rapid.IntRange(0, 3).Draw(r, "more") {
			p, err := d.AddPersona(fmt.Sprint("p", i), nil, today)
			if err != nil {
				r.Fatal(err)
			}
			has[p] = map[string]string{}
		}
		for _, p := range d.Personas {
			for _, claim := range []string{"email", "email_work"} {
				if mail := rapid.SampledFrom(append([]string{""}, mails...)).Draw(r, claim); mail != "" {
					raw, _ := json.Marshal(mail) // a string
					if err := d.Set(p.ID, claim, raw, today); err != nil {
						r.Fatal(err)
					}
					has[p.ID][claim] = mail
				}
			}
		}
		me := rapid.SampledFrom(d.Personas).Draw(r, "me").ID
		asked := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"email", "email_work", "nickname"}), rapid.ID[string]).Draw(r, "asked")
		var told []vault.Disclosed
		for _, p := range d.Personas {
			if rapid.Bool().Draw(r, "told") {
				told = append(told, vault.Disclosed{Persona: p.ID, Vendor: "shop of " + p.Name, Claims: []string{"email"}})
			}
		}
		leaks := vault.Leaks(d, me, asked, told, today)
		found := 0
		for _, claim := range asked {
			mail := has[me][claim]
			for _, p := range d.Personas {
				if mail == "" || p.ID == me || has[p.ID]["email"] != mail && has[p.ID]["email_work"] != mail {
					continue
				}
				found++
				i := slices.IndexFunc(leaks, func(l vault.Leak) bool { return l.Claim == claim && l.Persona == p.ID })
				if i < 0 {
					r.Fatalf("%s links to %s unseen", claim, p.Name)
				}
				known := has[p.ID]["email"] == mail && slices.ContainsFunc(told, func(d vault.Disclosed) bool { return d.Persona == p.ID })
				if (len(leaks[i].Vendors) > 0) != known {
					r.Fatalf("%s of %s is known to %v", claim, p.Name, leaks[i].Vendors)
				}
			}
		}
		if found != len(leaks) {
			r.Fatalf("%d leaks for %d shared values", len(leaks), found)
		}
		raw, err := json.Marshal(leaks)
		if err != nil || strings.Contains(string(raw), "@") {
			r.Fatal("a leak tells the value")
		}
	})
}

func TestLeaks_aPersonaThatInherits_alwaysLinks(t *testing.T) {
	d, base := documentWith(t, "email", "ada@example.org")
	work := withPersona(t, &d, "work", "email")
	for me, other := range map[id.Persona]id.Persona{base: work, work: base} {
		leaks := vault.Leaks(d, me, []string{"email"}, nil, time.Time{}.AddDate(2000, 0, 0))
		if len(leaks) != 1 || leaks[0].Persona != other || leaks[0].Vendors == nil {
			t.Errorf("%v", leaks)
		}
	}
}
