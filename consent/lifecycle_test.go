package consent_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/consent/release"
	"github.com/meins-id/meins/internal/id"
)

// florist asks for a name and an address, each for two purposes, and for an e-mail address.
func florist() consent.Ask {
	both := inOrder(advertising, delivery)
	return consent.Ask{
		Party:  consent.Party{Client: id.New[id.Client](), Name: "Flowers", Domain: "flowers.example"},
		Claims: []consent.Claim{{Name: "address", Purposes: both, UserInfo: true}, {Name: "email", UserInfo: true}, {Name: "name", Purposes: both, UserInfo: true}},
		Ends:   consent.MaxEnds, Continuous: true,
	}
}

func TestApprove_purposesAreChosenSingly(t *testing.T) {
	r, c, ask := newRoom(t, consent.Gathered), newCustomer(), florist()
	a, _ := c.approval(t, ask, "address", "name")
	a.Choices = []consent.Choice{{Claim: "address", Purposes: []string{delivery.ID}}, {Claim: "name", Purposes: []string{advertising.ID, delivery.ID}}}
	g, err := r.Approve(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	want := []consent.Claim{{Name: "address", Purposes: []consent.Purpose{delivery}, UserInfo: true}, ask.Claims[2]}
	if diff := cmp.Diff(want, g.Claims); diff != "" {
		t.Error(diff)
	}
	if !g.Declines("address", advertising.ID) || g.Declines("address", delivery.ID) || g.Declines("name", advertising.ID) {
		t.Errorf("without %+v", g.Without)
	}
	if d := consent.Decide(ask, g, r.clock.Now()); d.Effect != consent.Allow {
		t.Errorf("what was declined is asked again: %+v", d)
	}
	only := ask
	only.Claims = []consent.Claim{{Name: "address", Purposes: []consent.Purpose{advertising}}, {Name: "name", Purposes: []consent.Purpose{advertising}}}
	if d := consent.Decide(only, g, r.clock.Now()); d.Effect != consent.Allow || !slices.Equal(d.Claims, []string{"name"}) {
		t.Errorf("a claim leaves for a purpose that was declined: %+v", d)
	}
	only.Claims[0].Required = true
	if d := consent.Decide(only, g, r.clock.Now()); d.Effect != consent.Review || d.Reason != consent.ReasonRequired || !slices.Equal(d.New, []string{"address"}) {
		t.Errorf("required now for a purpose that was declined: %+v", d)
	}
}

func TestDecide_purposeInOtherWords_isReviewed(t *testing.T) {
	ask := florist()
	g := inForce(ask)
	g.Locale = "de"
	reworded := delivery
	reworded.Local = map[string]string{"de": "zum Verkaufen"}
	ask.Claims = []consent.Claim{{Name: "name", Purposes: []consent.Purpose{reworded}}}
	if d := consent.Decide(ask, g, noon); d.Effect != consent.Review || d.Reason != consent.ReasonPurpose {
		t.Errorf("%+v", d)
	}
	g.Locale = "en" // the words that this customer read are the same
	if d := consent.Decide(ask, g, noon); d.Effect != consent.Allow {
		t.Errorf("%+v", d)
	}
}

func TestDecide_termsOfTheWhole_areReviewedWhenTheyGetWorse(t *testing.T) {
	was := florist()
	was.Detailed, was.Retention, was.Recipients, was.Terms = true, "P6M", []string{"DHL"}, []string{"SD-BASE:2.2"}
	g := inForce(was)
	g.Retention, g.Recipients, g.Terms = was.Retention, was.Recipients, consent.Agreement{Accepted: was.Terms, Agreed: "SD-BASE:2.2"}
	for reason, change := range map[consent.Reason]func(*consent.Ask){
		consent.ReasonNone: func(a *consent.Ask) {
			a.Retention, a.Recipients, a.Terms = "P30D", nil, []string{"SD-BASE:2.2", "SD-BASE-DP:2.2"}
		},
		consent.ReasonRetention:  func(a *consent.Ask) { a.Retention = "P7M" },
		consent.ReasonRecipients: func(a *consent.Ask) { a.Recipients = []string{"DHL", "UPS"} },
		consent.ReasonTerms:      func(a *consent.Ask) { a.Terms = nil },
	} {
		ask := was
		change(&ask)
		if d := consent.Decide(ask, g, noon); d.Reason != reason {
			t.Errorf("%q: %+v", reason, d)
		}
	}
	unsaid := was
	unsaid.Retention = ""
	if d := consent.Decide(unsaid, g, noon); d.Reason != consent.ReasonRetention {
		t.Errorf("kept for no stated time: %+v", d)
	}
	respelt := was
	respelt.Retention = "P180D"
	if d := consent.Decide(respelt, g, noon); d.Effect != consent.Allow {
		t.Errorf("kept for as long as before, in other words: %+v", d)
	}
}

func (r *room) narrow(t *testing.T, c customer, g consent.Grant, n consent.Narrowing) consent.Grant {
	t.Helper()
	got, err := r.Narrow(t.Context(), c.account, g.ID, n)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestNarrow_claim_leavesNoMore_andTheRestStays(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	elsewhere := roomOn(t, r.store, r.clock, consent.Gathered)
	g, key := r.approve(t, c, florist(), "address", "email", "name")
	if _, err := elsewhere.Permit(t.Context(), reading(g, "email")); err != nil {
		t.Fatal(err)
	}
	got := r.narrow(t, c, g, consent.Narrowing{
		Claims:  []string{"email"},
		Capsule: &consent.Resealed{Grant: g.ID, Revision: 2, Capsule: c.sealed(t, key, g.ID, 2, "address", "name")},
	})
	if !slices.Equal(consent.Names(got.Claims), []string{"address", "name"}) || !slices.Contains(got.Declined, "email") || got.Revision != 2 || got.State != consent.Given {
		t.Errorf("%+v", got)
	}
	for _, node := range []*room{r, elsewhere} {
		p, err := node.Permit(t.Context(), reading(g, "address", "email", "name"))
		if err != nil || p.Covers("email") || !p.Covers("name") {
			t.Fatalf("covers %v, %v", p.Claims(), err)
		}
		claims, err := release.Release(t.Context(), p, key)
		if _, there := claims["email"]; there || err != nil || len(claims) != 2 {
			t.Errorf("released %d claims, %v", len(claims), err)
		}
	}
	if stored, err := r.Grant(t.Context(), c.account, g.ID); err != nil || !cmp.Equal(stored, got, cmp.FilterPath(func(p cmp.Path) bool {
		return p.String() == "Reads" || p.String() == "LastRead"
	}, cmp.Ignore())) {
		t.Errorf("returned and stored differ: %s, %v", cmp.Diff(stored, got), err)
	}
	r.wantEvents(t, c, consent.EventGiven, consent.EventNarrowed)
}

func TestNarrow_purpose_isTakenFromEveryClaim(t *testing.T) {
	r, c, ask := newRoom(t, consent.Gathered), newCustomer(), florist()
	a, _ := c.approval(t, ask, "address", "email", "name")
	a.Choices[0].Purposes = []string{advertising.ID} // address for advertising alone
	g, err := r.Approve(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	got := r.narrow(t, c, g, consent.Narrowing{Purposes: []string{advertising.ID}})
	want := []consent.Claim{{Name: "email", UserInfo: true}, {Name: "name", Purposes: []consent.Purpose{delivery}, UserInfo: true}}
	if diff := cmp.Diff(want, got.Claims); diff != "" {
		t.Error(diff)
	}
	if p, err := r.Permit(t.Context(), reading(g, "address", "name")); err != nil || p.Covers("address") || !p.Covers("name") {
		t.Errorf("covers %v, %v", p.Claims(), err)
	}
	if d := consent.Decide(ask, got, r.clock.Now()); d.Effect != consent.Allow || slices.Contains(d.Claims, "address") {
		t.Errorf("what was taken back is asked again, or leaves: %+v", d)
	}
}

func TestNarrow_again_changesNothing_andNothingComesBack(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, _ := r.approve(t, c, florist(), "address", "email", "name")
	first := r.narrow(t, c, g, consent.Narrowing{Claims: []string{"email"}, Purposes: []string{advertising.ID}})
	r.clock.Advance(time.Hour)
	if diff := cmp.Diff(first, r.narrow(t, c, g, consent.Narrowing{Claims: []string{"email"}, Purposes: []string{advertising.ID}})); diff != "" {
		t.Error(diff)
	}
	if _, err := r.Pause(t.Context(), c.account, g.ID); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Resume(t.Context(), c.account, g.ID); err != nil || !cmp.Equal(got.Claims, first.Claims) {
		t.Errorf("%+v, %v", got.Claims, err)
	}
	r.wantEvents(t, c, consent.EventGiven, consent.EventNarrowed, consent.EventPaused, consent.EventResumed)
}

func TestNarrow_wrong_isRefused_andChangesNothing(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, _ := r.approve(t, c, florist(), "address", "email", "name")
	before, err := r.Grant(t.Context(), c.account, g.ID)
	if err != nil {
		t.Fatal(err)
	}
	capsule := func(grant id.Grant, revision uint64, sealed []byte) *consent.Resealed {
		return &consent.Resealed{Grant: grant, Revision: revision, Capsule: sealed}
	}
	for name, wrong := range map[string]struct {
		n    consent.Narrowing
		want error
	}{
		"nothing":          {consent.Narrowing{}, consent.ErrChange},
		"never asked":      {consent.Narrowing{Claims: []string{"phone_number"}}, consent.ErrChange},
		"unknown purpose":  {consent.Narrowing{Purposes: []string{"AAAAAAAAAAAA"}}, consent.ErrChange},
		"empty capsule":    {consent.Narrowing{Claims: []string{"email"}, Capsule: capsule(g.ID, 2, nil)}, consent.ErrCapsule},
		"another's":        {consent.Narrowing{Claims: []string{"email"}, Capsule: capsule(id.New[id.Grant](), 2, []byte("x"))}, consent.ErrCapsule},
		"an old revision":  {consent.Narrowing{Claims: []string{"email"}, Capsule: capsule(g.ID, 1, []byte("x"))}, consent.ErrStaleRevision},
		"a later revision": {consent.Narrowing{Claims: []string{"email"}, Capsule: capsule(g.ID, 3, []byte("x"))}, consent.ErrStaleRevision},
	} {
		if _, err := r.Narrow(t.Context(), c.account, g.ID, wrong.n); !errors.Is(err, wrong.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	after, err := r.Grant(t.Context(), c.account, g.ID)
	if diff := cmp.Diff(before, after); diff != "" || err != nil {
		t.Error(diff, err)
	}
	r.wantEvents(t, c, consent.EventGiven)
}

// steps are all changes of a grant that is in force.
func (r *room) steps(t *testing.T, account id.Account, grant id.Grant) map[string]error {
	ctx := t.Context()
	_, narrow := r.Narrow(ctx, account, grant, consent.Narrowing{Claims: []string{"email"}})
	_, pause := r.Pause(ctx, account, grant)
	_, resume := r.Resume(ctx, account, grant)
	_, each := r.AskEachTime(ctx, account, grant, true)
	_, renew := r.Renew(ctx, account, grant, r.clock.Now().Add(time.Hour))
	return map[string]error{"narrow": narrow, "pause": pause, "resume": resume, "each time": each, "renew": renew}
}

func TestLifecycle_ofAnotherAccountsGrant_isUnknown(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, _ := r.approve(t, c, florist(), "email")
	for name, err := range r.steps(t, newCustomer().account, g.ID) {
		if !errors.Is(err, consent.ErrNoGrant) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLifecycle_ofAGrantThatEnded_isRefused_soThatNothingComesBack(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	withdrawn, _ := r.approve(t, c, florist(), "email")
	expired, _ := r.approve(t, c, florist(), "email")
	if _, err := r.Withdraw(t.Context(), c.account, withdrawn.ID); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(consent.MaxEnds)
	for name, err := range r.steps(t, c.account, withdrawn.ID) {
		if !errors.Is(err, consent.ErrWithdrawn) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range r.steps(t, c.account, expired.ID) {
		if !errors.Is(err, consent.ErrExpired) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.wantEvents(t, c, consent.EventGiven, consent.EventGiven, consent.EventWithdrawn)
}

func TestPause_letsNothingOut_untilResume_andCapsulesFollowMeanwhile(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, key := r.approve(t, c, florist(), "email")
	for range 2 {
		if got, err := r.Pause(t.Context(), c.account, g.ID); err != nil || !got.Paused || got.State != consent.Given {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if _, err := r.Permit(t.Context(), reading(g, "email")); !errors.Is(err, consent.ErrPaused) {
		t.Errorf("Permit: %v", err)
	}
	if err := r.Live(t.Context(), g.ID, g.Party.Client); !errors.Is(err, consent.ErrPaused) {
		t.Errorf("Live: %v", err)
	}
	if d := consent.Decide(florist(), consent.Grant{ID: g.ID, State: consent.Given, Ends: g.Ends, Paused: true}, r.clock.Now()); d.Effect == consent.Allow {
		t.Errorf("%+v", d)
	}
	err := r.SaveVault(t.Context(), c.account, consent.Save{Revision: 1, Document: []byte("sealed"), Capsules: []consent.Resealed{
		{Grant: g.ID, Revision: 2, Capsule: c.sealed(t, key, g.ID, 2, "email")},
	}})
	if err != nil {
		t.Errorf("an edit while it is paused: %v", err)
	}
	if got, err := r.Resume(t.Context(), c.account, g.ID); err != nil || got.Paused {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := r.Permit(t.Context(), reading(g, "email")); err != nil {
		t.Errorf("after Resume: %v", err)
	}
	r.wantEvents(t, c, consent.EventGiven, consent.EventPaused, consent.EventResumed)
}

func TestRenew_movesTheEnd_withinTwelveMonths(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	ask := florist()
	ask.Ends = 30 * 24 * time.Hour
	g, _ := r.approve(t, c, ask, "email")
	for _, wrong := range []time.Time{{}, r.clock.Now(), r.clock.Now().Add(-time.Hour), r.clock.Now().Add(consent.MaxEnds + time.Second)} {
		if _, err := r.Renew(t.Context(), c.account, g.ID, wrong); !errors.Is(err, consent.ErrEnd) {
			t.Errorf("until %v: %v", wrong, err)
		}
	}
	r.clock.Advance(29 * 24 * time.Hour)
	ends := r.clock.Now().Add(consent.MaxEnds)
	if got, err := r.Renew(t.Context(), c.account, g.ID, ends); err != nil || !got.Ends.Equal(ends) || !got.Given.Equal(g.Given) {
		t.Fatalf("%+v, %v", got, err)
	}
	r.clock.Advance(consent.MaxEnds - time.Second)
	if _, err := r.Permit(t.Context(), reading(g, "email")); err != nil {
		t.Errorf("before the new end: %v", err)
	}
	if in, err := r.InForce(t.Context(), c.account, g.Party.Client); err != nil || in.ID != g.ID {
		t.Errorf("InForce: %v", err)
	}
	r.clock.Advance(time.Second)
	if _, err := r.Permit(t.Context(), reading(g, "email")); !errors.Is(err, consent.ErrExpired) {
		t.Errorf("at the new end: %v", err)
	}
	r.wantEvents(t, c, consent.EventGiven, consent.EventRenewed)
}

func TestRenew_toAnEarlierEnd_endsEarlier(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, _ := r.approve(t, c, florist(), "email")
	if _, err := r.Renew(t.Context(), c.account, g.ID, r.clock.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(time.Hour)
	if _, err := r.Permit(t.Context(), reading(g, "email")); !errors.Is(err, consent.ErrExpired) {
		t.Error(err)
	}
}

func TestAskEachTime_asksAtLogins_notAtReads_andIsInherited(t *testing.T) {
	r, c, ask := newRoom(t, consent.Gathered), newCustomer(), florist()
	g, _ := r.approve(t, c, ask, "email")
	g, err := r.AskEachTime(t.Context(), c.account, g.ID, true)
	if err != nil {
		t.Fatal(err)
	}
	if d := consent.Decide(ask, g, r.clock.Now()); d.Effect != consent.Review || d.Reason != consent.ReasonEachTime {
		t.Errorf("%+v", d)
	}
	if _, err := r.Permit(t.Context(), reading(g, "email")); err != nil {
		t.Errorf("a read: %v", err)
	}
	next, _ := r.approve(t, c, ask, "email")
	if !next.EachTime {
		t.Error("the next grant forgot it")
	}
	next, err = r.AskEachTime(t.Context(), c.account, next.ID, false)
	if d := consent.Decide(ask, next, r.clock.Now()); err != nil || d.Effect != consent.Allow {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestChanges_areWhatTheCustomerHasToLookAt_andNothingElse(t *testing.T) {
	was := florist()
	was.Detailed, was.Retention, was.Recipients, was.Terms = true, "P6M", []string{"DHL"}, []string{"SD-BASE:2.2"}
	was.Party.Verified = true
	g := inForce(was, "email")
	g.Ends = noon.Add(was.Ends)
	g.Retention, g.Recipients, g.Terms = was.Retention, was.Recipients, consent.Agreement{Accepted: was.Terms, Agreed: "SD-BASE:2.2"}
	if c := consent.ChangesTo(g, was, noon); c.Any() || !c.Ends.IsZero() {
		t.Errorf("of the same ask: %+v", c)
	}
	resale := consent.NewPurpose("https://w3id.org/dpv#SellDataToThirdParties", "", nil)
	is := was
	is.Party.Name, is.Party.Domain, is.Party.Verified = "Flowers & More", "more.example", false
	is.Claims = []consent.Claim{
		{Name: "email", Required: true}, {Name: "name", Purposes: []consent.Purpose{delivery, resale}}, {Name: "phone_number"},
	}
	is.Offline, is.Retention, is.Recipients, is.Terms, is.Ends = true, "P1Y", []string{"DHL", "UPS"}, nil, time.Hour
	retention := "P6M"
	want := consent.Changes{
		Name: "Flowers", Domain: "flowers.example", Unverified: true, Claims: []string{"phone_number"}, Required: []string{"email"},
		Purposes: []consent.Choice{{Claim: "name", Purposes: []string{resale.ID}}}, Gone: []string{"address"},
		Idle:    []consent.Choice{{Claim: "name", Purposes: []string{advertising.ID}}},
		Offline: true, Retention: &retention, Recipients: []string{"UPS"}, Terms: []string{"SD-BASE:2.2"}, Ends: g.Ends,
	}
	got := consent.ChangesTo(g, is, noon)
	if diff := cmp.Diff(want, got); diff != "" || !got.Any() {
		t.Error(diff)
	}
}
