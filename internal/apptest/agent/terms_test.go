package agent_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/agent"
)

// accepts makes the world's vendor accept terms, and no others.
func (w *world) accepts(terms ...string) {
	w.t.Helper()
	_, err := w.vendors.SetStanding(w.t.Context(), w.vendor.ID, identity.StandingChange{Accepts: &terms})
	must(w.t, err)
}

func TestApprove_termsOfThePersona_areAgreedOrDeclined_andInTheReceipt(t *testing.T) {
	w := newWorld(t)
	w.accepts("SD-BASE", "SD-BASE-A")
	d, _ := w.signedUp()
	d.set("email", `"planted@example.org"`)
	p, err := d.Ask(t.Context(), w.flow())
	must(t, err)
	if p.Terms.Agreed != "SD-BASE:2.2" || !slices.Equal(p.Terms.Proffered, vault.DefaultTerms()) {
		t.Errorf("by the usual terms: %+v", p.Terms)
	}
	work := d.persona("work")
	must(t, d.SetTerms(t.Context(), work, []string{"SD-BASE-DP"}))
	must(t, d.SetTerms(t.Context(), "", []string{"SD-BASE-A", "SD-BASE-ATP"}))
	for _, one := range []struct { // in this order: whom the vendor knows, the next request takes for granted
		persona id.Persona
		deal    vault.Deal
	}{
		{"", vault.Deal{Proffered: []string{"SD-BASE-A:2.2", "SD-BASE-ATP:2.2"}, Agreed: "SD-BASE-A:2.2"}},
		{work, vault.Deal{Proffered: []string{"SD-BASE-DP:2.2"}}},
	} {
		want, flow := one.deal, w.flow("prompt", "consent")
		p, err := d.AskAs(t.Context(), flow, one.persona)
		must(t, err)
		_, err = d.Approve(t.Context(), agent.Decision{Flow: flow, Digest: p.Digest, Claims: []string{}, Locale: "en", Persona: p.Persona})
		must(t, err)
		grants, err := d.Grants(t.Context())
		must(t, err)
		i := slices.IndexFunc(grants, func(g agent.Grant) bool { return g.State == agent.GrantStateGiven })
		got := grants[i].Terms
		if got.Agreed != want.Agreed || !slices.Equal(got.Proffered, want.Proffered) || !slices.Equal(got.Accepted, []string{"SD-BASE:2.2", "SD-BASE-A:2.2"}) {
			t.Errorf("agreed %+v, want %+v", got, want)
		}
	}
	if bytes.Contains(d.sent, []byte("planted@example.org")) {
		t.Error("a value was sent")
	}
}

func TestResume_aVendorThatStopsAccepting_isReviewedAgain(t *testing.T) {
	w := newWorld(t)
	w.accepts("SD-BASE")
	d, _ := w.signedUp()
	d.set("email", `"planted@example.org"`)
	d.approve(w.flow(), "email")
	if p, err := d.Ask(t.Context(), w.flow()); err != nil || p.Step != agent.FlowStepResume {
		t.Fatalf("%s, %v", p.Step, err)
	}
	w.accepts()
	if p, err := d.Ask(t.Context(), w.flow()); err != nil || p.Step != agent.FlowStepReview || p.Terms.Agreed != "" {
		t.Errorf("%s, %+v, %v", p.Step, p.Terms, err)
	}
	if _, err := d.Resume(t.Context(), w.flow()); err == nil {
		t.Error("resumed all the same")
	}
}
