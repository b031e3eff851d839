package consent_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/consent/release"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// message has the form of what an agent makes; what is in it, nobody but a vendor could tell.
const message = "eyJhbGciOiJFQ0RILUVTIn0..aXYtaXYtaXYtaXYt.dGV4dA.dGFnLXRhZy10YWctdGFn"

// endToEnd is an ask of a vendor with a key of its own.
func endToEnd(ask consent.Ask, thumbprint string) consent.Ask {
	ask.Party.Encryption = consent.Encryption{Key: `{"kty":"OKP"}`, Thumbprint: thumbprint, Alg: "ECDH-ES"}
	return ask
}

// approveSealed approves an end-to-end ask, with a message in the place of claims.
func (r *room) approveSealed(t *testing.T, c customer, ask consent.Ask, names ...string) (consent.Grant, vault.GrantKey) {
	t.Helper()
	a, key := c.approval(t, ask, names...)
	a.Capsule = c.message(t, key, a.Grant, 1)
	g, err := r.Approve(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return g, key
}

func (c customer) message(t *testing.T, key vault.GrantKey, grant id.Grant, revision uint64) []byte {
	t.Helper()
	box, err := vault.SealMessage(key, c.account, grant, revision, message)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func TestEndToEnd_aMessageIsPassedOnAsItIs(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, key := r.approveSealed(t, c, endToEnd(shop(), "one"), "email", "name")
	if g.Mode != consent.ModeEndToEnd || g.Party.Encryption.Thumbprint != "one" {
		t.Errorf("mode %q, key %q", g.Mode, g.Party.Encryption.Thumbprint)
	}
	permit, err := r.Permit(t.Context(), reading(g, "name", "email"))
	if err != nil || !permit.EndToEnd() {
		t.Fatal(err)
	}
	got, err := release.Pass(t.Context(), permit, key)
	if err != nil || got != message {
		t.Errorf("%q, %v", got, err)
	}
	if again, err := release.Pass(t.Context(), permit, key); !errors.Is(err, consent.ErrSpent) || again != "" {
		t.Errorf("again: %q, %v", again, err)
	}
}

// A message cannot be cut: whoever may read less than it holds reads nothing.
func TestEndToEnd_aTokenForLess_readsNothing(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, _ := r.approveSealed(t, c, endToEnd(shop(), "one"), "email", "name")
	for _, names := range [][]string{nil, {"email"}, {"email", "email"}, {"email", "address"}} {
		if _, err := r.Permit(t.Context(), reading(g, names...)); !errors.Is(err, consent.ErrWhole) && !errors.Is(err, consent.ErrNotGranted) {
			t.Errorf("%v: %v", names, err)
		}
	}
	toIDToken := reading(g, "email", "name")
	toIDToken.Kind = consent.KindIDToken
	if _, err := r.Permit(t.Context(), toIDToken); !errors.Is(err, consent.ErrWhole) {
		t.Errorf("for the ID token: %v", err)
	}
}

func TestEndToEnd_anAskForLess_isReviewed_andOneForTheLoginAloneIsNot(t *testing.T) {
	ask := endToEnd(shop(), "one")
	g := inForce(ask)
	less, login := ask, ask
	less.Claims, login.Claims = ask.Claims[:1], nil
	for name, row := range map[string]struct {
		ask    consent.Ask
		effect consent.Effect
		reason consent.Reason
	}{
		"all": {ask, consent.Allow, consent.ReasonNone}, "less": {less, consent.Review, consent.ReasonPart},
		"the login": {login, consent.Allow, consent.ReasonNone},
	} {
		if d := consent.Decide(row.ask, g, noon); d.Effect != row.effect || d.Reason != row.reason {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestEndToEnd_anotherKeyOrNoneAnyMore_isReviewed_andSaid(t *testing.T) {
	direct := shop()
	one, other := endToEnd(direct, "one"), endToEnd(direct, "other")
	wrapped, nested := one, one
	wrapped.Party.Encryption.Alg, nested.Party.Encryption.Nested = "ECDH-ES+A256KW", true
	for name, row := range map[string]struct {
		was, is consent.Ask
		mode    string
		key     bool
	}{
		"another key":  {one, other, "", true},
		"another form": {one, wrapped, "", true},
		"a JWT inside": {one, nested, "", true},
		"none before":  {direct, one, consent.ModeDirect, false},
		"none anymore": {one, direct, consent.ModeEndToEnd, false},
	} {
		g := inForce(row.was)
		if d := consent.Decide(row.is, g, noon); d.Effect != consent.Review || d.Reason != consent.ReasonKey {
			t.Errorf("%s: %+v", name, d)
		}
		if c := consent.ChangesTo(g, row.is, noon); c.Mode != row.mode || c.Key != row.key || !c.Any() {
			t.Errorf("%s: changes %+v", name, c)
		}
		if row.was.Digest() == row.is.Digest() {
			t.Errorf("%s: the same digest", name)
		}
	}
	if c := consent.ChangesTo(inForce(one), one, noon); c.Any() {
		t.Errorf("nothing changed: %+v", c)
	}
}

// What the ID token says, the provider signs: it would have to read it.
func TestEndToEnd_whatIsAskedForTheIDToken_goesToUserInfo(t *testing.T) {
	direct := shop()
	ask, err := consent.NewAsk(consent.Request{
		Party:  endToEnd(direct, "one").Party,
		Claims: &consent.ClaimsParameter{IDToken: map[string]*consent.ClaimRequest{"email": {Essential: true}}},
	})
	if err != nil || len(ask.Claims) != 1 || ask.Claims[0].IDToken || !ask.Claims[0].UserInfo || !ask.Claims[0].Required {
		t.Errorf("%+v, %v", ask.Claims, err)
	}
}

// The server cannot hold back what it cannot read.
func TestEndToEnd_takingAClaimBack_needsANewMessage(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, key := r.approveSealed(t, c, endToEnd(shop(), "one"), "email", "name")
	back := consent.Narrowing{Claims: []string{"name"}}
	if _, err := r.Narrow(t.Context(), c.account, g.ID, back); !errors.Is(err, consent.ErrMessage) {
		t.Fatal(err)
	}
	kept, err := r.Grant(t.Context(), c.account, g.ID)
	if err != nil || len(kept.Claims) != 2 {
		t.Fatalf("%v, %v", consent.Names(kept.Claims), err)
	}
	back.Capsule = &consent.Resealed{Grant: g.ID, Revision: 2, Capsule: c.message(t, key, g.ID, 2)}
	left, err := r.Narrow(t.Context(), c.account, g.ID, back)
	if err != nil || !slices.Equal(consent.Names(left.Claims), []string{"email"}) {
		t.Fatalf("%v, %v", consent.Names(left.Claims), err)
	}
	if _, err := r.Permit(t.Context(), reading(left, "email", "name")); err != nil {
		t.Error(err) // the old token stands for all that is left, and the message holds no more
	}
}

func TestEndToEnd_withdrawn_passesNothing_andLeavesNothing(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, _ := r.approveSealed(t, c, endToEnd(shop(), "one"), "email")
	if _, err := r.Withdraw(t.Context(), c.account, g.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Permit(t.Context(), reading(g, "email")); !errors.Is(err, consent.ErrWithdrawn) {
		t.Error(err)
	}
	receipts, _, err := r.Receipts(t.Context(), c.account, "", 10)
	if err != nil || len(receipts) != 2 || receipts[0].Mode != consent.ModeEndToEnd || receipts[1].Party.Encryption.Thumbprint != "one" {
		t.Errorf("%d receipts, %v", len(receipts), err)
	}
}

// Claims and messages are not taken for one another, whoever mixed them up.
func TestEndToEnd_claimsInThePlaceOfAMessage_disclosesNothing(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, key := r.approve(t, c, endToEnd(shop(), "one"), "email") // sealed as claims
	for name, open := range map[string]func(consent.Permit) (any, error){
		"pass":    func(p consent.Permit) (any, error) { return release.Pass(t.Context(), p, key) },
		"release": func(p consent.Permit) (any, error) { return release.Release(t.Context(), p, key) },
	} {
		permit, err := r.Permit(t.Context(), reading(g, "email"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := open(permit); err == nil {
			t.Errorf("%s gives something", name)
		}
	}
	direct, key := r.approve(t, c, shop(), "email")
	permit, err := r.Permit(t.Context(), reading(direct, "email"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := release.Pass(t.Context(), permit, key); err == nil || got != "" {
		t.Errorf("direct: %q, %v", got, err)
	}
}
