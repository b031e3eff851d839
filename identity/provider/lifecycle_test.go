package provider_test

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/id"
)

// Rule 15 of the consent screen: after a refusal the same request is not shown again for six months,
// unless the customer starts it.
func TestNext_rule15_refusedRequest_isNotPutAgain_unlessTheCustomerLooks(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	q := s.request("openid email")
	first := w.next(q, c)
	if first.Step != provider.StepReview {
		t.Fatalf("step %v", first.Step)
	}
	_, err := w.p.Deny(t.Context(), c.session, w.flow(q), consent.Refusal{Digest: first.Digest, Locale: "en"})
	w.must(err)
	again := w.next(q, c)
	if again.Step != provider.StepRefused || again.Refused.IsZero() || parameter(t, again.Redirect, "error") != "access_denied" {
		t.Errorf("%+v", again)
	}
	look, err := w.p.Look(t.Context(), w.flow(q), &c.session)
	if err != nil || look.Step != provider.StepReview {
		t.Errorf("looking again: %v, %v", look.Step, err)
	}
	if n := w.next(s.request("openid email phone"), c); n.Step != provider.StepReview {
		t.Errorf("another request: %v", n.Step)
	}
	c.approve(q, "email")
	if n := w.next(q, c); n.Step != provider.StepResume {
		t.Errorf("approved after all: %v", n.Step)
	}
}

func TestNext_refusedRequest_withPromptNone_isAnsweredSilently(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	q := s.request("openid email")
	_, err := w.p.Deny(t.Context(), c.session, w.flow(q), consent.Refusal{Digest: w.next(q, c).Digest, Locale: "en"})
	w.must(err)
	wantRefusal(t, w.authorize(s.request("openid email", "prompt", "none"), c.cookie), "consent_required")
}

func TestApprove_ephemeral_isANewCustomerEachVisit_andLeavesNothingInForce(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	subjects := map[any]bool{}
	for range 3 {
		flow := w.flow(s.request("openid email offline_access"))
		a := c.approval(flow, "email")
		a.Ephemeral, a.Persona = true, id.New[id.Persona]()
		address, err := w.p.Approve(t.Context(), c.session, flow, a)
		w.must(err)
		got := w.exchange(s, parameter(t, address, "code"))
		if got.Refresh != "" || strings.Contains(got.Scope, "offline_access") {
			t.Error("a refresh token for one visit")
		}
		if info := w.userinfo(got.Access); info.Status != http.StatusOK || !strings.Contains(info.Body, `"email"`) {
			t.Errorf("UserInfo: %d %s", info.Status, info.Body)
		}
		subjects[claimsOf(t, got.ID)["sub"]] = true
		if _, err := w.p.Resume(t.Context(), c.session, w.flow(s.request("openid email")), a.Grant, a.Key); !errors.Is(err, provider.ErrReview) {
			t.Errorf("resumed: %v", err)
		}
	}
	if len(subjects) != 3 {
		t.Errorf("%d names in 3 visits", len(subjects))
	}
	if n := w.next(s.request("openid email"), c); n.Step != provider.StepReview || n.Grant != nil {
		t.Errorf("something is in force: %+v", n)
	}
}

func TestApprove_ephemeral_forAVendorThatMeansSomebody_isRefused(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	code, _ := c.approve(s.request("openid email"), "email")
	known := w.exchange(s, code)
	flow := w.flow(s.request("openid email", "prompt", "consent", "id_token_hint", known.ID))
	a := c.approval(flow, "email")
	a.Ephemeral, a.Persona = true, id.New[id.Persona]()
	address, err := w.p.Approve(t.Context(), c.session, flow, a)
	if err != nil || parameter(t, address, "error") != "login_required" {
		t.Errorf("%s, %v", address, err)
	}
}

func TestPaused_refusesEveryToken_andServesAgainAfterwards(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	q := s.request("openid email offline_access")
	code, grant := c.approve(q, "email")
	got := w.exchange(s, code)
	_, err := w.consent.Pause(t.Context(), c.session.Account, grant)
	w.must(err)
	w.userinfo(got.Access).refused(t, http.StatusUnauthorized, "invalid_token")
	w.post("/oauth/token", s, refreshForm(got.Refresh)).refused(t, http.StatusBadRequest, "invalid_grant")
	if w.introspect(s, got.Access) {
		t.Error("active while paused")
	}
	if n := w.next(q, c); n.Step != provider.StepReview || n.Grant == nil || !n.Grant.Paused {
		t.Errorf("%+v", n)
	}
	_, err = w.consent.Resume(t.Context(), c.session.Account, grant)
	w.must(err)
	if info := w.userinfo(got.Access); info.Status != http.StatusOK {
		t.Errorf("after the pause: %d", info.Status)
	}
	if next := w.post("/oauth/token", s, refreshForm(got.Refresh)); next.Status != http.StatusOK {
		t.Errorf("the refresh token was used up by a refusal: %d %s", next.Status, next.Body)
	}
}

func TestEachTime_asksAtEachLogin(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	q := s.request("openid email")
	for range 2 {
		flow := w.flow(q)
		a := c.approval(flow, "email")
		a.EachTime = true
		_, err := w.p.Approve(t.Context(), c.session, flow, a)
		w.must(err)
		if n := w.next(q, c); n.Step != provider.StepReview || n.Grant == nil {
			t.Errorf("%+v", n)
		}
	}
	wantRefusal(t, w.authorize(s.request("openid email", "prompt", "none"), c.cookie), "consent_required")
}

func TestOnce_answersExactlyOneUserInfo(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	once := strings.Replace(wish, `"retention"`, `"usage":"once","retention"`, 1)
	code, _ := c.approve(s.request("openid", "authorization_details", once), "email")
	access := w.exchange(s, code).Access
	var served atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if w.userinfo(access).Status == http.StatusOK {
				served.Add(1)
			}
		})
	}
	all.Wait()
	if served.Load() != 1 {
		t.Errorf("answered %d times", served.Load())
	}
	w.userinfo(access).refused(t, http.StatusUnauthorized, "invalid_token")
}

func TestNarrowed_claimLeavesNoMoreWithAnyToken_norIsItAskedAgain(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	q := s.request("openid email address offline_access")
	code, grant := c.approve(q, "email", "address")
	got := w.exchange(s, code)
	_, err := w.consent.Narrow(t.Context(), c.session.Account, grant, consent.Narrowing{Claims: []string{"email"}})
	w.must(err)
	next := w.post("/oauth/token", s, refreshForm(got.Refresh))
	for _, access := range []string{got.Access, next.Access} {
		if info := w.userinfo(access); info.Status != http.StatusOK || strings.Contains(info.Body, `"email"`) || !strings.Contains(info.Body, `"address"`) {
			t.Errorf("UserInfo: %d", info.Status)
		}
	}
	if n := w.next(q, c); n.Step != provider.StepResume {
		t.Errorf("asked again: %v", n.Step)
	}
}

// What is for one visit is for no other: not even where the customer would not be asked.
func TestResume_ofAnEphemeralGrant_isRefused_andItsCodeEndsWithIt(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	// Read once, it is as much as a visit gives, so that nothing but the visit itself speaks against it.
	once := s.request("openid", "authorization_details", `[{"type":"https://meins.id/consent","claims":[{"name":"email"}],"purpose":{"text":"to write"},"usage":"once"}]`)
	flow := w.flow(once)
	a := c.approval(flow, "email")
	a.Ephemeral, a.Persona = true, id.New[id.Persona]()
	address, err := w.p.Approve(t.Context(), c.session, flow, a)
	w.must(err)
	_, err = w.consent.AskEachTime(t.Context(), c.session.Account, a.Grant, false)
	w.must(err)
	to, err := w.p.Resume(t.Context(), c.session, w.flow(once), a.Grant, a.Key)
	if wantFault(t, "resumed", err, provider.ErrReview); to != "" {
		t.Error("there is an address all the same")
	}
	code := parameter(t, address, "code")
	w.clock.move(12 * time.Minute)
	if got := w.post("/oauth/token", s, codeForm(code, s)); got.Status == http.StatusOK {
		t.Error("a code for a visit that is over")
	}
}

// A process that dies between the two steps of a deletion leaves nobody who could ask for the second.
func TestFinishDeletions_deletionThatWasCutOff_isFinishedByTheNextProcess(t *testing.T) {
	w := newWorld(t)
	s, c, other := w.vendor(), w.customer(), w.customer()
	code, grant := c.approve(s.request("openid email offline_access"), "email")
	first := w.exchange(s, code)
	kept, _ := other.approve(s.request("openid email offline_access"), "email")
	stays := w.exchange(s, kept)
	_, err := w.p.Ask(t.Context(), s.ID, s.request("openid email name"), grant, 0)
	w.must(err)
	w.must(w.accounts.Delete(t.Context(), c.session, c.auth))
	if gone, err := w.accounts.Gone(t.Context(), 10); err != nil || len(gone) != 1 {
		t.Fatalf("noted: %v, %v", gone, err)
	}

	next, err := w.provider(slog.New(slog.DiscardHandler))
	w.must(err)
	w.must(next.FinishDeletions(t.Context()))
	w.post("/oauth/token", s, refreshForm(first.Refresh)).refused(t, 400, "invalid_grant")
	if info := w.userinfo(first.Access); info.Status != http.StatusUnauthorized {
		t.Errorf("userinfo: %d", info.Status)
	}
	for key := range w.contents() { // but that it was deleted, for as long as something could still be written for it
		if strings.Contains(key, string(c.session.Account)) && key != "consent/forgotten/"+string(c.session.Account) {
			t.Errorf("left: %s", key)
		}
	}
	if info := w.userinfo(stays.Access); info.Status != http.StatusOK {
		t.Errorf("another customer's: %d", info.Status)
	}
	w.must(next.FinishDeletions(t.Context())) // nothing is left to do
}
