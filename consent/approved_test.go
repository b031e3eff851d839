package consent_test

import (
	"slices"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// stillOpens says that the key of a grant opens for what the engine says was approved, wherever it is asked, and
// for what it is given for now only where that is the same.
func (r *room) stillOpens(t *testing.T, c customer, key vault.GrantKey, grant id.Grant, when string) {
	t.Helper()
	one, err := r.Grant(t.Context(), c.account, grant)
	if err != nil {
		t.Fatal(err)
	}
	all, err := r.Grants(t.Context(), c.account)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(g consent.Grant) bool { return g.ID == grant })
	for _, g := range []consent.Grant{one, all[i]} {
		got, err := vault.UnwrapGrantKey(c.vault, c.account, grant, g.Approved(), g.Wrapped)
		if err != nil || !got.Equal(key) {
			t.Errorf("%s: %v does not open: %v", when, g.Approved(), err)
		}
	}
}

// The agent recomputes what it bound the key to from what the server tells: whatever becomes of a grant, that
// stays what it was.
func TestApproved_isWhatTheAgentBound_throughTheWholeLifeOfAGrant(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, key := r.approve(t, c, florist(), "name", "email", "address")
	r.stillOpens(t, c, key, g.ID, "given")
	g = r.narrow(t, c, g, consent.Narrowing{Purposes: []string{advertising.ID}})
	r.stillOpens(t, c, key, g.ID, "for fewer purposes")
	g = r.narrow(t, c, g, consent.Narrowing{Claims: []string{"email"}})
	r.stillOpens(t, c, key, g.ID, "without a claim")
	g = r.narrow(t, c, g, consent.Narrowing{Purposes: []string{delivery.ID}})
	r.stillOpens(t, c, key, g.ID, "without anything")
	if len(g.Claims) != 0 {
		t.Errorf("%d claims are left", len(g.Claims))
	}
	if _, err := r.Pause(t.Context(), c.account, g.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Renew(t.Context(), c.account, g.ID, r.clock.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	r.stillOpens(t, c, key, g.ID, "paused and renewed")
	if _, err := r.Withdraw(t.Context(), c.account, g.ID); err != nil {
		t.Fatal(err)
	}
	r.stillOpens(t, c, key, g.ID, "withdrawn")
}

func TestApproved_whateverWasApproved_isWhatTheAgentBound(t *testing.T) {
	r := newRoom(t, consent.Gathered)
	few, again := florist(), florist()
	few.Once, few.Continuous, few.Offline = true, false, false
	for what, one := range map[string]struct {
		ask   consent.Ask
		names []string
	}{
		"nothing but the login": {florist(), nil},
		"in another order":      {florist(), []string{"name", "address"}},
		"read once":             {few, []string{"name", "address"}},
		"for the vendor's key":  {endToEnd(florist(), "one"), []string{"name", "address"}},
		"in another's place":    {again, []string{"name", "address", "email"}},
	} {
		c := newCustomer()
		if what == "in another's place" {
			r.approve(t, c, again, "name", "address")
		}
		a, key := c.approval(t, one.ask, one.names...)
		if one.ask.Party.EndToEnd() {
			a.Capsule = c.message(t, key, a.Grant, 1)
		}
		if _, err := r.Approve(t.Context(), a); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		r.stillOpens(t, c, key, a.Grant, what)
	}
	c := newCustomer()
	a, key := c.approval(t, florist(), "name", "address")
	a.Ephemeral, a.Lifetime = true, time.Hour
	a.Wrapped = vault.WrapGrantKey(c.vault, c.account, a.Grant, vault.Approved{Client: a.Ask.Party.Client, Persona: c.persona, Claims: []string{"name", "address"}}, key)
	if _, err := r.Approve(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	r.stillOpens(t, c, key, a.Grant, "for one visit")
}
