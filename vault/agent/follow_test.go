package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// shelf is a server that keeps a vault and grants, and shows what each vendor would read.
type shelf struct {
	book
	sealed  Vault
	grants  []Grant
	keys    map[string]vault.GrantKey
	reads   map[string]vault.Claims
	account id.Account
	wrong   error
}

func (s *shelf) Do(_ context.Context, method, path string, in, out any) error {
	var answer any
	switch method + " " + path {
	case "GET /vault":
		answer = s.sealed
	case "GET /grants":
		answer = GrantList{Grants: s.grants}
	case "PUT /vault":
		save := in.(VaultSave)
		for _, c := range save.Capsules {
			i := slices.IndexFunc(s.grants, func(g Grant) bool { return g.ID == c.Grant })
			claims, err := vault.OpenCapsule(s.keys[c.Grant], s.account, id.Grant(c.Grant), c.Revision, c.Capsule)
			if err != nil || c.Revision != s.grants[i].Revision+1 {
				s.wrong = fmt.Errorf("revision %d after %d: %w", c.Revision, s.grants[i].Revision, err)
			}
			s.told(c, claims)
			s.grants[i].Revision, s.reads[c.Grant] = c.Revision, claims
		}
		s.sealed = Vault{Revision: save.Revision, Document: save.Document}
		answer = VaultSaved{Revision: save.Revision}
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, out)
}

// told checks that the names of what is new are those of what differs.
func (s *shelf) told(c ResealedCapsule, claims vault.Claims) {
	for name := range maps.Keys(claims) {
		if string(claims[name]) != string(s.reads[c.Grant][name]) && len(c.Changed) > 0 && !slices.Contains(c.Changed, name) {
			s.wrong = fmt.Errorf("%s is new, and told are %v", name, c.Changed)
		}
	}
	if len(c.Changed) == 0 {
		s.wrong = fmt.Errorf("grant %s is sealed anew for nothing", c.Grant)
	}
}

// Whatever is edited, inherited, left out and included: a vendor reads what its persona holds, but for
// the claims that it was left out of, of which it keeps what it had.
func TestEdit_anyHistory_vendorsReadWhatTheReferenceSays(t *testing.T) {
	names := []string{"nickname", "given_name", "name", "initials"}
	rapid.Check(t, func(r *rapid.T) {
		s := &shelf{keys: map[string]vault.GrantKey{}, reads: map[string]vault.Claims{}, account: id.New[id.Account]()}
		a, err := New(Options{Transport: s, Keeper: s, Now: func() time.Time { return noon }})
		if err != nil {
			r.Fatal(err)
		}
		a.session, a.key = &Session{ID: "s", Account: string(s.account)}, vault.NewKey()
		work, err := a.AddPersona(t.Context(), "work", nil)
		if err != nil {
			r.Fatal(err)
		}
		personas, err := a.Personas(t.Context())
		if err != nil {
			r.Fatal(err)
		}
		for i := range 4 {
			g := grantOf(rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 4, rapid.ID[string]).Draw(r, "claims")...)
			g.ID, g.Persona, g.Revision = string(id.New[id.Grant]()), string(personas.Personas[i%2].ID), 1
			key, terms := vault.NewGrantKey(), vault.Approved{Client: "shop", Persona: id.Persona(g.Persona), Claims: claimNames(g.Claims), Continuous: true}
			g.WrappedKey, s.keys[g.ID], s.reads[g.ID] = vault.WrapGrantKey(a.key, s.account, id.Grant(g.ID), terms, key), key, vault.Claims{}
			s.grants = append(s.grants, g)
		}
		kept := map[string]vault.Claims{} // the reference: what was left out, with what the vendor had
		for range rapid.IntRange(1, 12).Draw(r, "edits") {
			e := Edit{Values: map[string]json.RawMessage{}}
			if rapid.Bool().Draw(r, "work") {
				e.Persona = work.ID
			}
			for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names[:3]), 0, 3, rapid.ID[string]).Draw(r, "names") {
				e.Values[name] = json.RawMessage(rapid.SampledFrom([]string{`"a"`, `"b c"`, "null"}).Draw(r, "value"))
			}
			if e.Persona != "" && rapid.Bool().Draw(r, "inherit") {
				e.Inherit = []string{"nickname"}
			}
			for _, g := range s.grants {
				switch rapid.IntRange(0, 4).Draw(r, "who") {
				case 0:
					e.LeaveOut = append(e.LeaveOut, id.Grant(g.ID))
				case 1:
					e.Include = append(e.Include, id.Grant(g.ID))
					delete(kept, g.ID)
				}
			}
			before := maps.Clone(s.reads)
			if _, err := a.Edit(t.Context(), e); err != nil {
				r.Fatal(err)
			}
			d, err := a.load(t.Context())
			if err != nil || s.wrong != nil {
				r.Fatalf("%v, %v", err, s.wrong)
			}
			for _, g := range s.grants {
				want := vault.ClaimsFor(d, id.Persona(g.Persona), claimNames(g.Claims), noon)
				if slices.Contains(e.LeaveOut, id.Grant(g.ID)) {
					keep(kept, g, before[g.ID], want)
				}
				for name, value := range kept[g.ID] {
					delete(want, name)
					if value != nil {
						want[name] = value
					}
				}
				if !maps.EqualFunc(want, s.reads[g.ID], func(a, b json.RawMessage) bool { return string(a) == string(b) }) {
					r.Fatalf("a vendor reads other than it should: %d claims, want %d", len(s.reads[g.ID]), len(want))
				}
			}
		}
	})
}

// keep writes down what a vendor that is left out goes on to have, of every claim that differs now.
func keep(kept map[string]vault.Claims, g Grant, had, would vault.Claims) {
	for _, c := range g.Claims {
		if _, already := kept[g.ID][c.Name]; already || string(had[c.Name]) == string(would[c.Name]) {
			continue
		}
		if kept[g.ID] == nil {
			kept[g.ID] = vault.Claims{}
		}
		kept[g.ID][c.Name] = had[c.Name]
	}
}
