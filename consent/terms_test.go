package consent_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/meins-id/meins/consent"
)

const base, withStatistics = "SD-BASE:2.2", "SD-BASE-A:2.2"

// strict is an ask by a vendor that accepts the strictest terms, and some others.
func strict() consent.Ask {
	ask := florist()
	ask.Terms = []string{base, withStatistics}
	return ask
}

func TestApprove_agreedTerms_areInTheGrantAndItsReceipt(t *testing.T) {
	for name, with := range map[string]struct {
		proffered []string
		accepted  []string
		agreed    string
		declined  bool
	}{
		"both":          {[]string{base}, []string{base, withStatistics}, base, false},
		"the second":    {[]string{base, withStatistics}, []string{withStatistics}, withStatistics, false},
		"none of mine":  {[]string{base}, []string{withStatistics}, "", true},
		"none at all":   {[]string{base}, nil, "", true},
		"nothing asked": {nil, []string{base}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			r, c, ask := newRoom(t, consent.Gathered), newCustomer(), strict()
			ask.Terms = with.accepted
			a, _ := c.approval(t, ask, "email")
			a.Proffered, a.Agreed = with.proffered, with.agreed
			g, err := r.Approve(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			kept, err := r.Grant(t.Context(), c.account, g.ID)
			if err != nil || kept.Terms.Agreed != with.agreed || kept.Terms.Declined() != with.declined || !slices.Equal(kept.Terms.Proffered, with.proffered) {
				t.Errorf("%+v, %v", kept.Terms, err)
			}
			receipts, _, err := r.Receipts(t.Context(), c.account, "", 0)
			if err != nil || receipts[0].Terms.Agreed != with.agreed || !slices.Equal(receipts[0].Terms.Accepted, with.accepted) {
				t.Errorf("%+v, %v", receipts[0].Terms, err)
			}
		})
	}
}

func TestApprove_anOutcomeThatDoesNotFollow_isRefused(t *testing.T) {
	for name, change := range map[string]func(*consent.Approval){
		"more than is accepted":  func(a *consent.Approval) { a.Proffered, a.Agreed = []string{"SD-BASE-DP:2.2"}, "SD-BASE-DP:2.2" },
		"not what is best":       func(a *consent.Approval) { a.Proffered, a.Agreed = []string{base, withStatistics}, withStatistics },
		"kept quiet about":       func(a *consent.Approval) { a.Proffered = []string{base} },
		"agreed to, not offered": func(a *consent.Approval) { a.Agreed = base },
		"unknown":                func(a *consent.Approval) { a.Proffered = []string{"MINE:1"} },
		"without a version":      func(a *consent.Approval) { a.Proffered, a.Agreed = []string{"SD-BASE"}, base },
		"twice":                  func(a *consent.Approval) { a.Proffered, a.Agreed = []string{base, base}, base },
	} {
		r, c := newRoom(t, consent.Gathered), newCustomer()
		a, _ := c.approval(t, strict(), "email")
		change(&a)
		if _, err := r.Approve(t.Context(), a); !errors.Is(err, consent.ErrTerms) {
			t.Errorf("%s: %v", name, err)
		}
		if receipts, _, err := r.Receipts(t.Context(), c.account, "", 0); err != nil || len(receipts) > 0 {
			t.Errorf("%s: left %d receipts, %v", name, len(receipts), err)
		}
	}
}

func TestDigest_whatTheVendorAccepts_isPartOfWhatIsReviewed(t *testing.T) {
	some, none := strict(), strict()
	none.Terms = nil
	if some.Digest() == none.Digest() {
		t.Error("the same")
	}
	kind := strict()
	if kind.Party.Kind = "bank"; kind.Digest() == some.Digest() {
		t.Error("of another kind, and the same")
	}
}

func TestDecide_vendorThatStopsAccepting_isReviewed_andOneThatAcceptsMoreIsNot(t *testing.T) {
	ask := strict()
	g := inForce(ask, "email")
	g.Terms = consent.Agreement{Proffered: []string{base}, Accepted: ask.Terms, Agreed: base}
	for reason, accepted := range map[consent.Reason][]string{
		consent.ReasonNone:  {base},
		consent.ReasonTerms: {withStatistics},
	} {
		ask.Terms = accepted
		if d := consent.Decide(ask, g, noon); d.Reason != reason {
			t.Errorf("%v: %+v", accepted, d)
		}
	}
	ask.Terms = []string{withStatistics}
	if changes := consent.ChangesTo(g, ask, noon); !slices.Equal(changes.Terms, []string{base}) {
		t.Errorf("%+v", changes)
	}
	ask.Terms, g.Terms.Agreed = nil, ""
	if d := consent.Decide(ask, g, noon); d.Reason == consent.ReasonTerms {
		t.Error("nothing was agreed, and nothing can be missed")
	}
}

func TestNewAsk_details_acceptSomeOfWhatIsRegistered_andNoMore(t *testing.T) {
	registered := []string{base, withStatistics}
	if ask := newAsk(t, consent.Request{Scopes: []string{"openid"}, Terms: registered}); !slices.Equal(ask.Terms, registered) {
		t.Errorf("%v", ask.Terms)
	}
	ask := newAsk(t, consent.Request{Details: parseDetails(t, bill), Terms: registered})
	if !slices.Equal(ask.Terms, []string{base}) {
		t.Errorf("of a request that says less: %v", ask.Terms)
	}
	if ask := newAsk(t, consent.Request{Details: parseDetails(t, bill), Terms: []string{withStatistics}}); len(ask.Terms) > 0 {
		t.Errorf("not registered any more: %v", ask.Terms)
	}
}
