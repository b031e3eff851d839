package provider_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/vault"
)

func wantFault(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

// next asks what a request needs of a customer, nil being nobody.
func (w *world) next(q url.Values, c *customer) provider.Next {
	w.t.Helper()
	var s *identity.Session
	if c != nil {
		s = &c.session
	}
	n, err := w.p.Next(w.t.Context(), w.flow(q), s)
	w.must(err)
	return n
}

func (w *world) wantStep(n provider.Next, want provider.Step) {
	w.t.Helper()
	if n.Step != want {
		w.t.Errorf("step %s, want %s", n.Step, want)
	}
}

func TestNext_firstSignIn_thenReview_thenResume(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	q := s.request("openid email")
	w.wantStep(w.next(q, nil), provider.StepSignIn)
	n := w.next(q, c)
	w.wantStep(n, provider.StepReview)
	if n.Grant != nil || n.Digest != n.Ask.Digest() || n.Ask.Party.Name != "Flowers" {
		t.Errorf("%+v", n)
	}
	_, grant := c.approve(q, "email")
	n = w.next(q, c)
	w.wantStep(n, provider.StepResume)
	if n.Grant == nil || n.Grant.ID != grant {
		t.Error("resume without the grant")
	}
	n = w.next(s.request("openid email address"), c)
	w.wantStep(n, provider.StepReview)
	if n.Grant == nil {
		t.Error("review without the choice of last time")
	}
	w.wantStep(w.next(s.request("openid email", "prompt", "consent"), c), provider.StepReview)
}

func TestResume_givesACodeForTheGrantInForce(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	_, grant := c.approve(s.request("openid email"), "email")
	address, err := w.p.Resume(t.Context(), c.session, w.flow(s.request("openid email")), grant, c.grants[grant])
	w.must(err)
	a := w.exchange(s, parameter(t, address, "code"))
	if info := w.userinfo(a.Access); info.Status != 200 {
		t.Errorf("userinfo: %s", info.Body)
	}
}

func TestResume_decidesAgain(t *testing.T) {
	w := newWorld(t)
	s, other, c, stranger := w.vendor(), w.vendor(), w.customer(), w.customer()
	_, grant := c.approve(s.request("openid email"), "email")
	key := c.grants[grant]
	resume := func(who *customer, q url.Values, g id.Grant, key vault.GrantKey) error {
		_, err := w.p.Resume(t.Context(), who.session, w.flow(q), g, key)
		return err
	}
	wantFault(t, "more is asked", resume(c, s.request("openid email address"), grant, key), provider.ErrReview)
	wantFault(t, "prompt consent", resume(c, s.request("openid email", "prompt", "consent"), grant, key), provider.ErrReview)
	wantFault(t, "another vendor", resume(c, other.request("openid email"), grant, key), consent.ErrNoGrant)
	wantFault(t, "another customer", resume(stranger, s.request("openid email"), grant, key), consent.ErrNoGrant)
	wantFault(t, "no key", resume(c, s.request("openid email"), grant, vault.GrantKey{}), consent.ErrNoGrant)
	_, err := w.consent.Withdraw(t.Context(), c.session.Account, grant)
	w.must(err)
	wantFault(t, "withdrawn", resume(c, s.request("openid email"), grant, key), provider.ErrReview)
}

func TestApprove_refusesWhatWasNotReviewed(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	flow := w.flow(s.request("openid email"))
	approve := func(change func(*provider.Approval)) error {
		a := c.approval(flow, "email")
		change(&a)
		address, err := w.p.Approve(t.Context(), c.session, flow, a)
		if err != nil && address != "" {
			t.Error("a refused approval gave an address")
		}
		return err
	}
	wantFault(t, "stale digest", approve(func(a *provider.Approval) { a.Digest = "stale" }), consent.ErrStaleReview)
	wantFault(t, "claim not asked", approve(func(a *provider.Approval) { a.Choices = append(a.Choices, consent.Choice{Claim: "address"}) }), consent.ErrNotAsked)
	wantFault(t, "no key", approve(func(a *provider.Approval) { a.Key = vault.GrantKey{} }), consent.ErrApproval)
	wantFault(t, "no persona", approve(func(a *provider.Approval) { a.Persona = "" }), provider.ErrPersona)
	if grants, err := w.consent.Grants(t.Context(), c.session.Account); err != nil || len(grants) != 0 {
		t.Errorf("%d grants, %v", len(grants), err)
	}
}

func TestApprove_anotherAccountsGrant_isRefused(t *testing.T) {
	w := newWorld(t)
	s, c, stranger := w.vendor(), w.customer(), w.customer()
	_, grant := c.approve(s.request("openid email"), "email")
	flow := w.flow(s.request("openid email"))
	a := stranger.approval(flow, "email")
	a.Grant = grant
	_, err := w.p.Approve(t.Context(), stranger.session, flow, a)
	wantFault(t, "taken", err, consent.ErrGrantExists)
}

func TestDeny_tellsTheVendor_andStoresNoGrant(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	flow := w.flow(s.request("openid email"))
	address, err := w.p.Deny(t.Context(), c.session, flow, consent.Refusal{Digest: c.approval(flow).Digest, Locale: "en"})
	w.must(err)
	u, err := url.Parse(address)
	w.must(err)
	wantRefusal(t, u, "access_denied")
	if _, err := w.consent.InForce(t.Context(), c.session.Account, s.ID); !errors.Is(err, consent.ErrNoGrant) {
		t.Errorf("in force: %v", err)
	}
}

func TestPromptLogin_wantsALoginForThisRequest(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	for _, prompt := range []string{"login", "select_account", "login consent"} {
		w.clock.move(time.Minute)
		flow := w.flow(s.request("openid", "prompt", prompt))
		n, err := w.p.Next(t.Context(), flow, &c.session)
		w.must(err)
		w.wantStep(n, provider.StepSignIn)
		if !n.Reauthenticate {
			t.Error("the page is not told that somebody is signed in")
		}
		_, err = w.p.Approve(t.Context(), c.session, flow, provider.Approval{})
		wantFault(t, "approve with the old login", err, provider.ErrSignIn)
		w.clock.move(2 * time.Second)
		c.signInAgain()
		n, err = w.p.Next(t.Context(), flow, &c.session)
		w.must(err)
		w.wantStep(n, provider.StepReview)
	}
}

func TestPromptLogin_inTheSecondOfTheLastLogin_stillWantsOne(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	w.clock.move(300 * time.Millisecond)
	flow := w.authorize(s.request("openid", "prompt", "login"), c.cookie).Query().Get("flow")
	n, err := w.p.Next(t.Context(), flow, &c.session)
	w.must(err)
	w.wantStep(n, provider.StepSignIn)

	w.clock.move(time.Second)
	flow = w.authorize(s.request("openid", "prompt", "login"), c.cookie).Query().Get("flow")
	w.clock.move(300 * time.Millisecond)
	c.signInAgain()
	n, err = w.p.Next(t.Context(), flow, &c.session)
	w.must(err)
	w.wantStep(n, provider.StepReview)
}

func TestMaxAge_wantsAYoungLogin(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	w.clock.move(time.Minute)
	w.wantStep(w.next(s.request("openid", "max_age", "60"), c), provider.StepReview)
	w.clock.move(time.Second)
	w.wantStep(w.next(s.request("openid", "max_age", "60"), c), provider.StepSignIn)
	flow := w.authorize(s.request("openid", "max_age", "0"), c.cookie).Query().Get("flow")
	c.signInAgain()
	n, err := w.p.Next(t.Context(), flow, &c.session)
	w.must(err)
	w.wantStep(n, provider.StepReview)
}

func TestPromptNone_neverShowsAPage(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	q := s.request("openid email", "prompt", "none")
	wantRefusal(t, w.authorize(q, ""), "login_required")
	wantRefusal(t, w.authorize(q, "stale-cookie"), "login_required")
	wantRefusal(t, w.authorize(q, c.cookie), "consent_required")
	c.approve(s.request("openid email"), "email")
	u := w.authorize(q, c.cookie)
	if u.Path != "/continue" {
		t.Fatalf("led to %s", u)
	}
	flow := u.Query().Get("flow")
	n, err := w.p.Next(t.Context(), flow, &c.session)
	w.must(err)
	w.wantStep(n, provider.StepResume)
	if !n.PromptNone {
		t.Error("the page does not know that it must be silent")
	}
	// The browser turned out to have no key, or no session.
	for _, reason := range []string{"login_required", "interaction_required"} {
		address, err := w.p.Fail(t.Context(), flow, reason)
		w.must(err)
		back, err := url.Parse(address)
		w.must(err)
		wantRefusal(t, back, reason)
	}
	_, err = w.p.Fail(t.Context(), flow, "evil")
	wantFault(t, "reason", err, provider.ErrReason)
	_, err = w.p.Fail(t.Context(), w.flow(s.request("openid")), "login_required")
	wantFault(t, "not silent", err, provider.ErrReason)
	n, err = w.p.Next(t.Context(), flow, nil)
	w.must(err)
	w.wantStep(n, provider.StepRedirect)
	w.clock.move(time.Hour)
	wantRefusal(t, w.authorize(s.request("openid email", "prompt", "none", "max_age", "60"), c.cookie), "login_required")
}

func TestHint_meansOneCustomer(t *testing.T) {
	w := newWorld(t)
	s, c, stranger := w.vendor(), w.customer(), w.customer()
	code, _ := c.approve(s.request("openid email"), "email")
	hint := w.exchange(s, code).ID
	subject, _ := claimsOf(t, hint)["sub"].(string)
	w.clock.move(30 * 24 * time.Hour / 60) // the hint is old, and the session still there
	for name, change := range map[string][]string{
		"id_token_hint": {"id_token_hint", hint},
		"claims":        {"claims", `{"id_token":{"sub":{"value":"` + subject + `"}}}`},
	} {
		q := s.request("openid email", change...)
		w.wantStep(w.next(q, c), provider.StepResume)
		q.Set("prompt", "none")
		wantRefusal(t, w.authorize(q, stranger.cookie), "login_required")
		q.Del("prompt")
		flow := w.flow(q)
		address, err := w.p.Approve(t.Context(), stranger.session, flow, stranger.approval(flow, "email"))
		w.must(err)
		u, err := url.Parse(address)
		w.must(err)
		wantRefusal(t, u, "login_required")
		if grants, err := w.consent.Grants(t.Context(), stranger.session.Account); err != nil || len(grants) != 0 {
			t.Errorf("%s: a grant was stored", name)
		}
	}
	stranger.approve(s.request("openid email"), "email")
	n := w.next(s.request("openid email", "id_token_hint", hint), stranger)
	w.wantStep(n, provider.StepRedirect)
	u, err := url.Parse(n.Redirect)
	w.must(err)
	wantRefusal(t, u, "login_required")
}

func TestSub_differsBetweenVendorsOfDifferentSectors_andPersonas(t *testing.T) {
	w := newWorld(t)
	c := w.customer()
	seen := map[any]bool{}
	shops := []shop{w.vendor(), w.vendor(func(v *identity.Vendor) {
		v.Domain, v.RedirectURIs = "books.example", []string{"https://books.example/back"}
		v.PostLogoutRedirectURIs = nil
	})}
	for _, s := range shops {
		code, _ := c.approve(s.request("openid"))
		seen[claimsOf(t, w.exchange(s, code).ID)["sub"]] = true
	}
	c.persona = id.New[id.Persona]()
	code, _ := c.approve(shops[0].request("openid"))
	claims := claimsOf(t, w.exchange(shops[0], code).ID)
	seen[claims["sub"]] = true
	if len(seen) != 3 {
		t.Errorf("%d names for three relations", len(seen))
	}
}

func TestPromptCreate_leadsToANewAccount_whereNobodyIsSignedIn(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	for prompt, create := range map[string]bool{"create": true, "create consent": true, "login": false, "": false} {
		flow := w.flow(s.request("openid", "prompt", prompt))
		n, err := w.p.Next(t.Context(), flow, nil)
		w.must(err)
		w.wantStep(n, provider.StepSignIn)
		if n.Create != create {
			t.Errorf("%q: create is %v", prompt, n.Create)
		}
	}
	// Nobody who has an account is made to make another.
	n, err := w.p.Next(t.Context(), w.flow(s.request("openid", "prompt", "create")), &c.session)
	w.must(err)
	w.wantStep(n, provider.StepReview)
	if n.Create {
		t.Error("who is signed in is to sign up")
	}
	wantRefusal(t, w.authorize(s.request("openid", "prompt", "none create"), ""), "invalid_request")
}

// A session that a recovery code opened can do nothing before it is renewed, also for a page that does not ask
// what comes next.
func TestAnswers_ofARecoveredSession_areRefused(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	_, grant := c.approve(s.request("openid email"), "email")
	flow := w.flow(s.request("openid email"))
	approval := c.approval(w.flow(s.request("openid email")), "email")
	recovered := c.session
	recovered.MustRenew = true
	for name, answer := range map[string]func() error{
		"approve": func() error { _, err := w.p.Approve(t.Context(), recovered, flow, approval); return err },
		"resume": func() error {
			_, err := w.p.Resume(t.Context(), recovered, flow, grant, c.grants[grant])
			return err
		},
		"deny": func() error {
			_, err := w.p.Deny(t.Context(), recovered, flow, consent.Refusal{Digest: approval.Digest, Locale: "en"})
			return err
		},
	} {
		if err := answer(); !errors.Is(err, identity.ErrMustRenew) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Between the request and the answer the vendor may have lost the address that it was to be sent to.
func TestAnswers_toAnAddressThatWasTakenOffTheRegister_areRefused(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	flow := w.flow(s.request("openid email"))
	approval := c.approval(flow, "email")
	key := "vendor/" + string(s.ID)
	w.must(w.store.Update(t.Context(), func(tx store.Tx) error {
		raw, err := tx.Get(key)
		if err != nil {
			return err
		}
		return tx.Put(key, []byte(strings.Replace(string(raw), shopReturn, "https://shop.example/other", 1)), time.Time{})
	}))
	if to, err := w.p.Approve(t.Context(), c.session, flow, approval); !errors.Is(err, provider.ErrFlow) {
		t.Errorf("led to %s, %v", to, err)
	}
	if _, err := w.p.Next(t.Context(), flow, &c.session); !errors.Is(err, provider.ErrFlow) {
		t.Errorf("next: %v", err)
	}
}
