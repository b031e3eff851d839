package provider_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/id"
)

func TestGrantAction_thatIsNone_isRefused_andNotPassedOver(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	_, grant := c.approve(s.request("openid email"), "email")
	for what, change := range map[string][]string{
		"grant_id alone":        {"grant_id", string(grant)},
		"create with a grant":   {"grant_management_action", "create", "grant_id", string(grant)},
		"replace without one":   {"grant_management_action", "replace"},
		"merge":                 {"grant_management_action", "merge", "grant_id", string(grant)},
		"update, as it was":     {"grant_management_action", "update", "grant_id", string(grant)},
		"what is not for here":  {"grant_management_action", "query", "grant_id", string(grant)},
		"what nobody has heard": {"grant_management_action", "borrow"},
	} {
		t.Run(what, func(t *testing.T) {
			wantRefusal(t, w.authorize(s.request("openid email", change...), ""), "invalid_request")
		})
	}
}

func TestGrantAction_ofAConsentThatIsNotTheVendors_orNotInForce_isRefused(t *testing.T) {
	w := newWorld(t)
	s, other, c := w.vendor(), w.vendor(), w.customer()
	_, theirs := c.approve(other.request("openid email"), "email")
	_, over := c.approve(s.request("openid email"), "email")
	_, err := w.consent.Withdraw(t.Context(), c.session.Account, over)
	w.must(err)
	for what, grant := range map[string]string{
		"another vendor's": string(theirs), "withdrawn": string(over), "of nobody": string(id.New[id.Grant]()), "no name": "x", "far too long": string(make([]byte, 999)),
	} {
		t.Run(what, func(t *testing.T) {
			wantRefusal(t, w.authorize(s.request("openid email", "grant_management_action", "replace", "grant_id", grant), ""), "invalid_grant_id")
		})
	}
}

func TestGrantAction_replace_asksTheSameCustomerAnew_andTheOldConsentIsOver(t *testing.T) {
	w := newWorld(t)
	s, c, stranger := w.vendor(), w.customer(), w.customer()
	before := c.approvedAs(t, s, "openid email phone", "email", "phone_number")
	q := s.request("openid email", "grant_management_action", "replace", "grant_id", string(before.ID))
	next, err := w.p.Next(t.Context(), w.flow(q), &c.session)
	w.must(err)
	if next.Step != provider.StepReview { // though the consent in force covers it
		t.Fatalf("the step is %s", next.Step)
	}
	flow := w.flow(q)
	address, err := w.p.Approve(t.Context(), stranger.session, flow, stranger.approval(flow, "email"))
	w.must(err)
	if parameter(t, address, "error") != "login_required" {
		t.Errorf("somebody else answered: %s", address)
	}
	flow = w.flow(q)
	a := c.approval(flow, "email")
	a.Persona = before.Persona
	address, err = w.p.Approve(t.Context(), c.session, flow, a)
	w.must(err)
	got := w.exchange(s, parameter(t, address, "code"))
	var tokens struct {
		Grant id.Grant `json:"grant_id"`
	}
	w.must(json.Unmarshal([]byte(got.Body), &tokens))
	if tokens.Grant != a.Grant || tokens.Grant == before.ID {
		t.Errorf("the tokens name %s", tokens.Grant)
	}
	old, err := w.consent.Grant(t.Context(), c.session.Account, before.ID)
	w.must(err)
	now, err := w.consent.Grant(t.Context(), c.session.Account, tokens.Grant)
	w.must(err)
	if old.State == consent.Given || now.State != consent.Given || !slices.Equal(consent.Names(now.Claims), []string{"email"}) {
		t.Errorf("the old is %s, the new %s with %v", old.State, now.State, consent.Names(now.Claims))
	}
}

func TestGrantAction_create_asksAnew_whateverIsInForce(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	c.approve(s.request("openid email"), "email")
	next, err := w.p.Next(t.Context(), w.flow(s.request("openid email")), &c.session)
	w.must(err)
	if next.Step != provider.StepResume {
		t.Fatalf("without an action the step is %s", next.Step)
	}
	next, err = w.p.Next(t.Context(), w.flow(s.request("openid email", "grant_management_action", "create")), &c.session)
	w.must(err)
	if next.Step != provider.StepReview {
		t.Errorf("the step is %s", next.Step)
	}
	silent := s.request("openid email", "grant_management_action", "create", "prompt", "none")
	wantRefusal(t, w.authorize(silent, c.cookie), "consent_required")
}

func TestDiscovery_namesTheActionsThatThereAre(t *testing.T) {
	w := newWorld(t)
	var told struct {
		Actions  []string `json:"grant_management_actions_supported"`
		Endpoint string   `json:"grant_management_endpoint"`
	}
	w.must(json.Unmarshal(w.get("/.well-known/openid-configuration", "").Body.Bytes(), &told))
	if !slices.Equal(told.Actions, []string{"query", "revoke", "create", "replace"}) || told.Endpoint != issuer+"/api/v1/vendor/grants" {
		t.Errorf("%+v", told)
	}
}

// approvedAs is a consent that the customer gave.
func (c *customer) approvedAs(t *testing.T, s shop, scope string, claims ...string) consent.Grant {
	t.Helper()
	_, grant := c.approve(s.request(scope), claims...)
	g, err := c.w.consent.Grant(t.Context(), c.session.Account, grant)
	if err != nil {
		t.Fatal(err)
	}
	return g
}
