package agent_test

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/agent"
	"github.com/meins-id/meins/vault/seal"
)

// given is a consent that a test gave, with its key and what nobody approved for it.
type given struct {
	id  id.Grant
	key vault.GrantKey
}

func (d *device) gives(persona id.Persona, claims ...string) given {
	d.world.t.Helper()
	grant, raw := d.visit(persona, claims...)
	key, err := vault.GrantKeyFrom(raw)
	must(d.world.t, err)
	return given{grant, key}
}

var sealedText = regexp.MustCompile(`"capsule":"([A-Za-z0-9+/=]+)"`)

// sealedFor are the claims of every capsule for this grant among all that the agent sent.
func (d *device) sealedFor(g given) (all []vault.Claims) {
	d.world.t.Helper()
	for _, found := range sealedText.FindAllSubmatch(d.sent, -1) {
		box, err := base64.StdEncoding.DecodeString(string(found[1]))
		must(d.world.t, err)
		for revision := range uint64(20) {
			if claims, err := vault.OpenCapsule(g.key, d.kept.kept.Account, g.id, revision, box); err == nil {
				all = append(all, claims)
			}
		}
	}
	return all
}

// mustNotHave fails where one of these texts left the agent under the grant's key.
func (d *device) mustNotHave(g given, markers ...string) {
	d.world.t.Helper()
	for _, claims := range d.sealedFor(g) {
		for _, marker := range markers {
			if strings.Contains(string(mustJSON(d.world.t, claims)), marker) {
				d.world.t.Errorf("%s, which nobody approved, left the agent", marker)
			}
		}
	}
}

// lie alters each grant that the server tells of, in lists and alone.
func (d *device) lie(alter func(g *agent.Grant)) {
	d.after = func(_ string, out any) {
		switch answer := out.(type) {
		case *agent.GrantList:
			for i := range answer.Grants {
				alter(&answer.Grants[i])
			}
		case *agent.Grant:
			alter(answer)
		}
	}
}

// shared is a customer with an address for the shop, a mail address for the bank, another persona, and a
// mail address that the paper read once.
type shared struct {
	*device
	work              id.Persona
	shop, bank, paper given
}

func newShared(t *testing.T) shared {
	t.Helper()
	w := newWorld(t)
	d, _ := w.signedUp()
	d.set("email", `"first@example.org"`, "nickname", `"first name"`)
	s := shared{device: d, work: d.persona("office")}
	base := basePersona(t, d)
	s.shop = d.gives(base, "nickname")
	w.another("Bank")
	s.bank = d.gives(base, "email")
	w.another("Paper")
	once := w.flow("authorization_details", `[{"type":"https://meins.id/consent","claims":[{"name":"email"}],"purpose":{"text":"to write"},"usage":"once"}]`, "scope", "openid")
	p, err := d.Ask(t.Context(), once)
	must(t, err)
	d.sent = nil
	_, err = d.Approve(t.Context(), agent.Decision{Flow: once, Digest: p.Digest, Claims: []string{"email"}, Locale: "en"})
	must(t, err)
	key, err := vault.GrantKeyFrom(grantKeyIn(t, d.sent))
	must(t, err)
	grants, err := d.Grants(t.Context())
	must(t, err)
	i := slices.IndexFunc(grants, func(g agent.Grant) bool { return g.Vendor.Name == "Paper" })
	if grants[i].Continuous {
		t.Fatal("what is read once follows the vault")
	}
	s.paper = given{id.Grant(grants[i].ID), key}
	d.sent = nil
	return s
}

// edited changes everything that there is.
func (s shared) edited() agent.Saved {
	s.world.t.Helper()
	saved := s.set("email", `"MARK-mail@example.org"`, "nickname", `"MARK-name"`, "phone_number", `"+4930123456"`, "birthdate", `"1990-12-10"`)
	more, err := s.Edit(s.world.t.Context(), agent.Edit{Persona: s.work, Values: map[string]json.RawMessage{
		"email": text("MARK-work@example.org"), "nickname": text("MARK-worker"),
	}})
	must(s.world.t, err)
	saved.Updated, saved.Missed = append(saved.Updated, more.Updated...), append(saved.Missed, more.Missed...)
	return saved
}

func TestEdit_whatTheServerTellsHonestly_isFollowed(t *testing.T) {
	s := newShared(t)
	s.lie(func(*agent.Grant) {})
	if saved := s.edited(); !slices.Equal(saved.Updated, []string{"Kornblume", "Bank"}) && !slices.Equal(saved.Updated, []string{"Bank", "Kornblume"}) || len(saved.Missed) != 0 {
		t.Errorf("updated %v, missed %v", saved.Updated, saved.Missed)
	}
	for what, one := range map[string]struct {
		to   given
		want string
	}{"the shop": {s.shop, `{"nickname":"MARK-name"}`}, "the bank": {s.bank, `{"email":"MARK-mail@example.org"}`}} {
		if all := s.sealedFor(one.to); len(all) != 1 || string(mustJSON(t, all[0])) != one.want {
			t.Errorf("%s got %d capsules", what, len(all))
		}
	}
	if len(s.sealedFor(s.paper)) != 0 {
		t.Error("what was given once is sealed anew")
	}
}

// A server that lies about what was approved, at an edit or when something is taken back, gets nothing for it.
func TestAgent_serverThatLiesAboutAConsent_getsNothingThatNobodyApproved(t *testing.T) {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	must(t, err)
	point, encode := key.PublicKey().Bytes(), base64.RawURLEncoding.EncodeToString
	operators := fmt.Sprintf(`{"crv":"P-256","kty":"EC","x":%q,"y":%q}`, encode(point[1:33]), encode(point[33:]))
	own, err := seal.ParseRecipient([]byte(operators))
	must(t, err)
	about := func(to func(shared) given, alter func(shared, *agent.Grant)) func(shared) func(*agent.Grant) {
		return func(s shared) func(*agent.Grant) {
			return func(g *agent.Grant) {
				if g.ID == string(to(s).id) {
					alter(s, g)
				}
			}
		}
	}
	shop, bank, paper := func(s shared) given { return s.shop }, func(s shared) given { return s.bank }, func(s shared) given { return s.paper }
	swapped := func(s shared) func(*agent.Grant) {
		grants, err := s.Grants(t.Context())
		must(t, err)
		return func(g *agent.Grant) {
			for _, other := range grants {
				if g.ID != string(s.paper.id) && other.ID != g.ID && other.ID != string(s.paper.id) {
					g.WrappedKey = other.WrappedKey
					return
				}
			}
		}
	}
	for what, one := range map[string]struct {
		about string
		lie   func(shared) func(*agent.Grant)
	}{
		"a claim more":        {"Kornblume", about(shop, func(_ shared, g *agent.Grant) { g.Claims = append(g.Claims, agent.Claim{Name: "email"}) })},
		"a claim for another": {"Kornblume", about(shop, func(_ shared, g *agent.Grant) { g.Claims[0].Name = "email" })},
		"a claim more, some of it taken back": {"Kornblume", about(shop, func(_ shared, g *agent.Grant) {
			g.Claims = append(g.Claims, agent.Claim{Name: "email"})
			g.Taken = append(g.Taken, agent.Choice{Claim: "email", Purposes: []string{"aaaaaaaaaaaa"}})
		})},
		"another persona": {"Bank", about(bank, func(s shared, g *agent.Grant) { g.Persona = string(s.work) })},
		"continuous":      {"Paper", about(paper, func(_ shared, g *agent.Grant) { g.Continuous, g.Once = true, false })},
		"another vendor":  {"Bank", about(bank, func(_ shared, g *agent.Grant) { g.Vendor.Client = string(id.New[id.Client]()) })},
		"a key of the vendor's": {"Bank", about(bank, func(_ shared, g *agent.Grant) {
			g.Issuer, g.Subject = issuer, "somebody"
			g.Mode, g.Vendor.Encryption = agent.GrantModeEndToEnd, &agent.Encryption{Key: operators, Thumbprint: own.Thumbprint(), Alg: "ECDH-ES"}
		})},
		"another grant":                  {"Kornblume", about(shop, func(s shared, g *agent.Grant) { g.ID = string(s.bank.id) })},
		"the keys of two grants swapped": {"Kornblume", swapped},
	} {
		t.Run(what, func(t *testing.T) {
			s := newShared(t)
			s.world.t = t
			s.lie(one.lie(s))
			if saved := s.edited(); !slices.Contains(saved.Missed, one.about) || slices.Contains(saved.Updated, one.about) {
				t.Errorf("updated %v, missed %v", saved.Updated, saved.Missed)
			}
			s.mustNotHave(s.shop, "MARK-mail", "MARK-work", "MARK-worker", "1990")
			s.mustNotHave(s.bank, "MARK-name", "MARK-work", "MARK-worker", "1990")
			s.mustNotHave(s.paper, "MARK")

			s.sent = nil
			for _, g := range []given{s.shop, s.bank, s.paper} {
				// Whether it is refused or goes on without a capsule: nothing leaves.
				_, _ = s.Narrow(t.Context(), agent.Narrowed{Grant: g.id, Claims: []string{"nickname"}})
			}
			s.mustNotHave(s.shop, "MARK")
			s.mustNotHave(s.bank, "MARK-name", "MARK-work", "MARK-worker", "1990")
			s.mustNotHave(s.paper, "MARK")
		})
	}
}

// What the customer took back stays out, whatever the server says of it later, and whatever older state of the vault
// is restored.
func TestNarrow_claimThatTheServerListsAgain_staysOut(t *testing.T) {
	for what, claims := range map[string][]string{"one of two": {"email"}, "all": {"email", "nickname"}} {
		t.Run(what, func(t *testing.T) {
			s := newShared(t)
			s.world.t = t
			s.world.another("Anker")
			anker := s.gives(basePersona(t, s.device), "email", "nickname")
			before, err := s.Get(t.Context())
			must(t, err)
			s.sent = nil
			must(t, errOf(s.Narrow(t.Context(), agent.Narrowed{Grant: anker.id, Claims: claims})))
			if all := s.sealedFor(anker); len(all) != 1 || all[0]["email"] != nil || (all[0]["nickname"] == nil) != (what == "all") {
				t.Fatalf("narrowed to %d capsules", len(all))
			}
			s.lie(func(g *agent.Grant) {
				if g.ID == string(anker.id) {
					g.Claims, g.Taken = []agent.Claim{{Name: "email"}, {Name: "nickname"}}, nil
				}
			})
			s.sent = nil
			s.edited()
			must(t, errOf(s.Edit(t.Context(), agent.Edit{Include: []id.Grant{anker.id}, Values: map[string]json.RawMessage{"email": text("MARK-included@example.org")}})))
			must(t, errOf(s.Restore(t.Context(), before.Revision)))
			s.edited()
			s.mustNotHave(anker, "@example.org")
			if what == "all" {
				s.mustNotHave(anker, "MARK")
			} else if len(s.sealedFor(anker)) == 0 {
				t.Error("what is left does not follow the vault")
			}
		})
	}
}

// A vendor that was left out of a change is not let in by a server that hides its consent for a while.
func TestEdit_vendorThatWasLeftOut_getsNothingAfterTheServerSaidItEnded(t *testing.T) {
	s := newShared(t)
	s.world.another("Anker")
	anker := s.gives(basePersona(t, s.device), "email", "nickname")
	s.sent = nil
	must(t, errOf(s.Edit(t.Context(), agent.Edit{LeaveOut: []id.Grant{anker.id}, Values: map[string]json.RawMessage{"email": text("MARK@example.org")}})))
	for _, hide := range []func(*agent.Grant){
		func(g *agent.Grant) { g.State = agent.GrantStateWithdrawn }, func(g *agent.Grant) { g.ID = string(id.New[id.Grant]()) },
	} {
		s.lie(func(g *agent.Grant) {
			if g.ID == string(anker.id) {
				hide(g)
			}
		})
		s.set("nickname", `"hidden"`)
		s.after = nil
		s.set("nickname", `"shown"`, "email", `"MARK-later@example.org"`)
	}
	if len(s.sealedFor(anker)) == 0 {
		t.Error("the other claim does not follow the vault")
	}
	s.mustNotHave(anker, "MARK")
}

// What the agent bound is what the server wrote down, whatever kind of consent it is: taking something back opens
// the key again.
func TestApprove_ofEveryKind_isWrittenDownAsItWasBound(t *testing.T) {
	const once = `[{"type":"https://meins.id/consent","claims":[{"name":"email"},{"name":"nickname"}],"purpose":{"text":"to write"},"usage":"once"}]`
	const more = `[{"type":"https://meins.id/consent","claims":[{"name":"email"}],"purpose":{"text":"to write"}},` +
		`{"type":"https://meins.id/consent","claims":[{"name":"email"},{"name":"nickname"}],"purpose":{"text":"to greet"}}]`
	scope := []string{"scope", "openid profile email"}
	for what, one := range map[string]struct {
		request []string
		decide  func(p agent.Pending, d *agent.Decision)
	}{
		"as usual":              {scope, func(agent.Pending, *agent.Decision) {}},
		"for one visit":         {scope, func(_ agent.Pending, d *agent.Decision) { d.Ephemeral = true }},
		"in any order, twice":   {scope, func(_ agent.Pending, d *agent.Decision) { d.Claims = []string{"nickname", "email", "nickname"} }},
		"once":                  {[]string{"scope", "openid", "authorization_details", once}, func(agent.Pending, *agent.Decision) {}},
		"once, for one visit":   {[]string{"scope", "openid", "authorization_details", once}, func(_ agent.Pending, d *agent.Decision) { d.Ephemeral = true }},
		"for some purposes":     {[]string{"scope", "openid", "authorization_details", more}, forOnePurpose},
		"asked in several ways": {append(slices.Clone(scope), "authorization_details", more, "claims", `{"id_token":{"email":null},"userinfo":{"email":{"essential":true}}}`), func(agent.Pending, *agent.Decision) {}},
	} {
		w := newWorld(t)
		d, _ := w.signedUp()
		d.set("email", `"first@example.org"`, "nickname", `"first name"`)
		flow := w.flow(one.request...)
		p, err := d.Ask(t.Context(), flow)
		must(t, err)
		decision := agent.Decision{Flow: flow, Digest: p.Digest, Claims: []string{"email", "nickname"}, Locale: "en"}
		one.decide(p, &decision)
		must(t, errOf(d.Approve(t.Context(), decision)))
		grants, err := d.Grants(t.Context())
		must(t, err)
		g := grants[0]
		if decision.Ephemeral == (g.Persona == string(p.Persona)) || decision.Ephemeral != g.Ephemeral {
			t.Errorf("%s: written down as %s's, ephemeral %t", what, g.Persona, g.Ephemeral)
		}
		if got, err := d.Narrow(t.Context(), agent.Narrowed{Grant: id.Grant(g.ID), Claims: []string{"nickname"}}); err != nil || len(got.Claims) != 1 {
			t.Errorf("%s: %d claims are left, %v", what, len(got.Claims), err)
		}
	}
}

// forOnePurpose approves each claim for the last of the purposes that it is asked for.
func forOnePurpose(p agent.Pending, d *agent.Decision) {
	d.Purposes = map[string][]string{}
	for _, c := range p.Ask.Claims {
		d.Purposes[c.Name] = []string{c.Purposes[len(c.Purposes)-1].ID}
	}
}
