package consent_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/outbox"
	"github.com/meins-id/meins/internal/store"
)

// hearsErasure lets a vendor hear requests for deletion, and nothing else.
func (r *room) hearsErasure(t *testing.T, client id.Client) {
	t.Helper()
	if err := r.store.Update(t.Context(), func(tx store.Tx) error {
		return outbox.Open(tx, client, []outbox.Kind{outbox.ErasureRequested})
	}); err != nil {
		t.Fatal(err)
	}
}

func (r *room) erasure(t *testing.T, c customer, grant id.Grant) consent.Erasure {
	t.Helper()
	e, err := r.Erasure(t.Context(), c.account, grant)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestErasure_vendorHearsOnce_byNameOnly_withAMonthToAnswer(t *testing.T) {
	r, c, ask := newRoom(t, consent.Gathered), newCustomer(), shop()
	r.hearsErasure(t, ask.Party.Client)
	g, _ := r.approve(t, c, ask, "email", "name")
	r.narrow(t, c, g, consent.Narrowing{Claims: []string{"name"}}) // it was read before, so it is to be deleted too
	if _, err := r.Withdraw(t.Context(), c.account, g.ID); err != nil {
		t.Fatal(err)
	}
	if e := r.erasure(t, c, g.ID); e.ID != "" {
		t.Fatalf("before it was asked: %+v", e)
	}
	first, err := r.AskErasure(t.Context(), c.account, g.ID)
	if err != nil {
		t.Fatal(err)
	}
	due := r.clock.Now().AddDate(0, 1, 0)
	if !first.Told || !first.Due.Equal(due) || first.State(r.clock.Now()) != consent.ErasureAsked || !slices.Equal(first.Claims, []string{"email", "name"}) {
		t.Errorf("%+v", first)
	}
	r.clock.Advance(time.Hour)
	if again, err := r.AskErasure(t.Context(), c.account, g.ID); err != nil || again.ID != first.ID || !again.Due.Equal(due) {
		t.Errorf("asked again: %+v, %v", again, err)
	}
	events := r.heard(t, ask.Party.Client)
	if len(events) != 1 || events[0].Kind != outbox.ErasureRequested || events[0].ID != id.Event(first.ID) ||
		!events[0].Ends.Equal(due) || !slices.Equal(events[0].Claims, []string{"email", "name"}) {
		t.Errorf("heard %+v", events)
	}
	r.wantEvents(t, c, consent.EventGiven, consent.EventNarrowed, consent.EventWithdrawn, consent.EventErasure)
	if r.count(t, marker) != 0 {
		t.Error("a value is in a key")
	}
}

func TestErasure_isAcknowledged_thenOverdue_thenAnswered(t *testing.T) {
	r, c, ask := newRoom(t, consent.Gathered), newCustomer(), shop()
	r.hearsErasure(t, ask.Party.Client)
	g, _ := r.approve(t, c, ask, "email")
	if _, err := r.AskErasure(t.Context(), c.account, g.ID); err != nil {
		t.Fatal(err)
	}
	noted := r.clock.Now().Add(72 * time.Minute)
	if err := r.store.Update(t.Context(), func(tx store.Tx) error {
		return outbox.Settle(tx, ask.Party.Client, outbox.Answer{Place: 1}, noted)
	}); err != nil {
		t.Fatal(err)
	}
	e := r.erasure(t, c, g.ID)
	if !e.Acknowledged.Equal(noted) || e.State(noted) != consent.ErasureAcknowledged {
		t.Errorf("%+v", e)
	}
	if e.State(e.Due.Add(-time.Second)) != consent.ErasureAcknowledged || e.State(e.Due) != consent.ErasureOverdue {
		t.Error("the clock does not run out after a month")
	}
	r.clock.Advance(40 * 24 * time.Hour)
	for _, outcome := range []consent.Outcome{consent.Denied, consent.Fulfilled, consent.Fulfilled} {
		e, err := r.AnswerErasure(t.Context(), c.account, g.ID, outcome)
		if err != nil || string(e.State(r.clock.Now())) != string(outcome) || !e.Answered.Equal(r.clock.Now()) {
			t.Errorf("%+v, %v", e, err)
		}
	}
	r.wantEvents(t, c, consent.EventGiven, consent.EventErasure, consent.EventErasureAnswered, consent.EventErasureAnswered)
	again, err := r.AskErasure(t.Context(), c.account, g.ID)
	if err != nil || again.ID == e.ID || again.Outcome != "" || again.State(r.clock.Now()) != consent.ErasureAsked {
		t.Errorf("asked anew after an answer: %+v, %v", again, err)
	}
}

func TestErasure_ofAVendorThatDoesNotListen_isWrittenDown_andSaysSo(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, _ := r.approve(t, c, shop(), "email")
	e, err := r.AskErasure(t.Context(), c.account, g.ID)
	if err != nil || e.Told || e.State(r.clock.Now()) != consent.ErasureAsked {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestErasure_wrong_isRefused_andForgottenWithTheAccount(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, _ := r.approve(t, c, shop(), "email")
	if _, err := r.AnswerErasure(t.Context(), c.account, g.ID, consent.Fulfilled); !errors.Is(err, consent.ErrNoErasure) {
		t.Errorf("an answer to nothing: %v", err)
	}
	if _, err := r.AnswerErasure(t.Context(), c.account, g.ID, "maybe"); !errors.Is(err, consent.ErrOutcome) {
		t.Errorf("an answer that is none: %v", err)
	}
	stranger := newCustomer().account
	_, ask := r.AskErasure(t.Context(), stranger, g.ID)
	_, look := r.Erasure(t.Context(), stranger, g.ID)
	_, answer := r.AnswerErasure(t.Context(), stranger, g.ID, consent.Denied)
	for _, err := range []error{ask, look, answer} {
		if !errors.Is(err, consent.ErrNoGrant) {
			t.Errorf("another account: %v", err)
		}
	}
	if _, err := r.AskErasure(t.Context(), c.account, g.ID); err != nil {
		t.Fatal(err)
	}
	if err := r.Forget(t.Context(), c.account); err != nil {
		t.Fatal(err)
	}
	if n := r.parts(t, "erasure"); n != 0 {
		t.Errorf("%d requests are left", n)
	}
}

func TestApprove_underGlobalPrivacyControl_saysSoInGrantAndReceipt(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	a, _ := c.approval(t, shop(), "email")
	a.GPC = true
	g, err := r.Approve(t.Context(), a)
	if err != nil || !g.GPC {
		t.Fatalf("%v, %v", g.GPC, err)
	}
	stored, err := r.Grant(t.Context(), c.account, g.ID)
	if err != nil || !stored.GPC {
		t.Errorf("stored: %v, %v", stored.GPC, err)
	}
	if one, err := r.Receipt(t.Context(), c.account, 1); err != nil || !one.GPC {
		t.Errorf("receipt: %v, %v", one.GPC, err)
	}
}

func TestVendorAnswers_isSeenByTheCustomer_withItsReason_andStands(t *testing.T) {
	r, c, ask := newRoom(t, consent.Gathered), newCustomer(), shop()
	client := ask.Party.Client
	r.hearsErasure(t, client)
	g, _ := r.approve(t, c, ask, "email")
	answer := func(a consent.Answer) (consent.Erasure, error) {
		return r.VendorAnswers(t.Context(), client, g.ID, a)
	}
	if _, err := answer(consent.Answer{Outcome: consent.Fulfilled}); !errors.Is(err, consent.ErrNoErasure) {
		t.Errorf("an answer that nobody asked for: %v", err)
	}
	asked, err := r.AskErasure(t.Context(), c.account, g.ID)
	if err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(time.Hour)
	if got, err := answer(consent.Answer{Outcome: consent.Received}); err != nil || got.State(r.clock.Now()) != consent.ErasureAcknowledged || got.ID != asked.ID {
		t.Errorf("received: %+v, %v", got, err)
	}
	before := r.erasure(t, c, g.ID)
	r.clock.Advance(time.Hour)
	if got, err := answer(consent.Answer{Outcome: consent.Received}); err != nil || !got.Acknowledged.Equal(before.Acknowledged) {
		t.Errorf("received again: %+v, %v", got, err)
	}
	for what, a := range map[string]consent.Answer{
		"without a reason": {Outcome: consent.Denied}, "too short": {Outcome: consent.Denied, Words: "no"},
		"far too long": {Outcome: consent.Denied, Words: strings.Repeat("n", 501)}, "controls": {Outcome: consent.Denied, Words: "no\x1b[31m"},
		"turned around": {Outcome: consent.Denied, Words: "we \u202edeleted nothing"}, "unseen": {Outcome: consent.Denied, Words: "\u3164\u3164\u3164"},
	} {
		if _, err := answer(a); !errors.Is(err, consent.ErrWords) {
			t.Errorf("denied %s: %v", what, err)
		}
	}
	if _, err := answer(consent.Answer{}); !errors.Is(err, consent.ErrOutcome) {
		t.Errorf("no answer: %v", err)
	}
	if got := r.erasure(t, c, g.ID); got.Outcome != "" {
		t.Errorf("what was refused is kept: %+v", got)
	}
	if _, err := answer(consent.Answer{Outcome: consent.Denied, Words: "We must keep invoices."}); err != nil {
		t.Fatal(err)
	}
	got := r.erasure(t, c, g.ID)
	if got.State(r.clock.Now()) != consent.ErasureDenied || got.Words != "We must keep invoices." || !got.ByVendor || got.Answered.IsZero() {
		t.Errorf("the customer sees %+v", got)
	}
	if _, err := r.AnswerErasure(t.Context(), c.account, g.ID, consent.Fulfilled); !errors.Is(err, consent.ErrVendorAnswered) {
		t.Errorf("the customer's note replaces the vendor's word: %v", err)
	}
	if got, err := answer(consent.Answer{Outcome: consent.Received}); err != nil || got.Outcome != consent.Denied {
		t.Errorf("received takes the answer back: %+v, %v", got, err)
	}
	for range 2 {
		if got, err := answer(consent.Answer{Outcome: consent.Fulfilled}); err != nil || got.Outcome != consent.Fulfilled || got.Words != "" {
			t.Errorf("corrected: %+v, %v", got, err)
		}
	}
	receipts, _, err := r.Receipts(t.Context(), c.account, "", 10)
	if err != nil || len(receipts) != 4 || receipts[0].Reason != "fulfilled" || receipts[1].Reason != "denied" {
		t.Errorf("%d receipts, %v: %+v", len(receipts), err, receipts)
	}
}

func TestVendorAnswers_ofAnotherVendor_orOnACondition_changesNothing(t *testing.T) {
	r, c, ask := newRoom(t, consent.Gathered), newCustomer(), shop()
	g, _ := r.approve(t, c, ask, "email")
	if _, err := r.AskErasure(t.Context(), c.account, g.ID); err != nil {
		t.Fatal(err)
	}
	done := consent.Answer{Outcome: consent.Fulfilled}
	if _, err := r.VendorAnswers(t.Context(), id.New[id.Client](), g.ID, done); !errors.Is(err, consent.ErrNoGrant) {
		t.Errorf("another vendor: %v", err)
	}
	if _, err := r.ErasureFrom(t.Context(), id.New[id.Client](), g.ID); !errors.Is(err, consent.ErrNoGrant) {
		t.Errorf("another vendor looks: %v", err)
	}
	errNot := errors.New("not so")
	for range 2 {
		if _, err := r.VendorAnswers(t.Context(), ask.Party.Client, g.ID, done, func(now consent.Erasure) error {
			if now.ID == "" {
				t.Error("the condition is not shown the request")
			}
			return errNot
		}); !errors.Is(err, errNot) {
			t.Error(err)
		}
	}
	if got := r.erasure(t, c, g.ID); got.Outcome != "" || got.ByVendor {
		t.Errorf("%+v", got)
	}
}
