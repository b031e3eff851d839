package consent_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/internal/id"
)

func TestWithdraw_isFinal_andTheCapsuleIsGone(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, _ := r.approve(t, c, shop(), "email")
	r.clock.Advance(time.Hour)
	got, err := r.Withdraw(t.Context(), c.account, g.ID)
	if err != nil || got.State != consent.Withdrawn || !got.Since.Equal(r.clock.Now()) || got.Revision != 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := r.Permit(t.Context(), reading(g, "email")); !errors.Is(err, consent.ErrWithdrawn) {
		t.Errorf("Permit: %v", err)
	}
	if err := r.Live(t.Context(), g.ID, g.Party.Client); !errors.Is(err, consent.ErrWithdrawn) {
		t.Errorf("Live: %v", err)
	}
	if _, err := r.InForce(t.Context(), c.account, g.Party.Client); !errors.Is(err, consent.ErrNoGrant) {
		t.Errorf("InForce: %v", err)
	}
	if n := r.parts(t, "capsule"); n != 0 {
		t.Error("the capsule is still there")
	}
}

func TestWithdraw_again_changesNothing(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, _ := r.approve(t, c, shop(), "email")
	first, err := r.Withdraw(t.Context(), c.account, g.ID)
	if err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(time.Hour)
	second, err := r.Withdraw(t.Context(), c.account, g.ID)
	if diff := cmp.Diff(first, second); diff != "" || err != nil {
		t.Error(diff, err)
	}
	r.wantEvents(t, c, consent.EventWithdrawn, consent.EventGiven)
}

func TestWithdraw_ofOne_leavesTheOthers(t *testing.T) {
	r, c, ask := newRoom(t, consent.Gathered), newCustomer(), shop()
	old, _ := r.approve(t, c, ask, "email")
	current, _ := r.approve(t, c, ask, "email")
	if _, err := r.Withdraw(t.Context(), c.account, old.ID); err != nil {
		t.Fatal(err)
	}
	if g, err := r.InForce(t.Context(), c.account, ask.Party.Client); err != nil || g.ID != current.ID {
		t.Errorf("withdrawing a replaced grant took its successor along: %v", err)
	}
}

// On another node the cache still holds the terms; the state it reads each time.
func TestWithdraw_onOneNode_refusesOnEvery(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	elsewhere := roomOn(t, r.store, r.clock, consent.Strict)
	g, _ := r.approve(t, c, shop(), "email")
	if _, err := elsewhere.Permit(t.Context(), reading(g, "email")); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Withdraw(t.Context(), c.account, g.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := elsewhere.Permit(t.Context(), reading(g, "email")); !errors.Is(err, consent.ErrWithdrawn) {
		t.Errorf("the other node: %v", err)
	}
}

// Once Withdraw has returned, no read that begins is permitted, however many run beside it.
func TestWithdraw_whileVendorsRead_isTheEnd(t *testing.T) {
	for name, mode := range map[string]consent.ReadLog{"gathered": consent.Gathered, "strict": consent.Strict} {
		t.Run(name, func(t *testing.T) {
			r, c := newRoom(t, mode), newCustomer()
			g, _ := r.approve(t, c, shop(), "email")
			var withdrawn atomic.Bool
			var all sync.WaitGroup
			stop := make(chan struct{})
			for range 8 {
				all.Go(func() { readUntil(t, r, g, &withdrawn, stop) })
			}
			time.Sleep(20 * time.Millisecond)
			if _, err := r.Withdraw(t.Context(), c.account, g.ID); err != nil {
				t.Error(err)
			}
			withdrawn.Store(true)
			time.Sleep(20 * time.Millisecond)
			close(stop)
			all.Wait()
		})
	}
}

func readUntil(t *testing.T, r *room, g consent.Grant, withdrawn *atomic.Bool, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		over := withdrawn.Load() // before the read begins
		_, err := r.Permit(t.Context(), reading(g, "email"))
		if over && !errors.Is(err, consent.ErrWithdrawn) {
			t.Errorf("a read after the withdrawal: %v", err)
			return
		}
		if err != nil && !errors.Is(err, consent.ErrWithdrawn) {
			t.Errorf("a read: %v", err)
			return
		}
	}
}

func TestExpired_refuses_andTheCapsuleGoesWithIt(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, _ := r.approve(t, c, shop(), "email")
	r.clock.Advance(consent.MaxEnds - time.Second)
	if _, err := r.Permit(t.Context(), reading(g, "email")); err != nil {
		t.Errorf("a second before the end: %v", err)
	}
	r.clock.Advance(time.Second)
	if _, err := r.Permit(t.Context(), reading(g, "email")); !errors.Is(err, consent.ErrExpired) {
		t.Errorf("at the end: %v", err)
	}
	if err := r.Live(t.Context(), g.ID, g.Party.Client); !errors.Is(err, consent.ErrExpired) {
		t.Errorf("Live: %v", err)
	}
	if got, err := r.Grant(t.Context(), c.account, g.ID); err != nil || got.State != consent.Expired || !got.Since.Equal(g.Ends) || got.Revision != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := r.InForce(t.Context(), c.account, g.Party.Client); !errors.Is(err, consent.ErrNoGrant) {
		t.Errorf("InForce: %v", err)
	}
	if n := r.parts(t, "capsule"); n != 0 {
		t.Error("the capsule is still there")
	}
}

func TestRevoke_endsAllGrantsForTheVendor_andNoOthers(t *testing.T) {
	r, ask := newRoom(t, consent.Gathered), shop()
	const many = 130 // more than one step deals with
	var customers []customer
	for range many {
		c := newCustomer()
		customers = append(customers, c)
		r.approve(t, c, ask, "email")
	}
	withdrawn, _ := r.approve(t, customers[0], ask, "email")
	if _, err := r.Withdraw(t.Context(), customers[0].account, withdrawn.ID); err != nil {
		t.Fatal(err)
	}
	other, _ := r.approve(t, customers[1], shop(), "email")
	for range 2 { // again changes nothing
		if err := r.Revoke(t.Context(), ask.Party.Client); err != nil {
			t.Fatal(err)
		}
	}
	if n := r.parts(t, "capsule"); n != 1 {
		t.Errorf("%d capsules are left", n)
	}
	for _, c := range customers[1:] {
		if _, err := r.InForce(t.Context(), c.account, ask.Party.Client); !errors.Is(err, consent.ErrNoGrant) {
			t.Errorf("InForce: %v", err)
		}
	}
	if g, err := r.Grant(t.Context(), customers[0].account, withdrawn.ID); err != nil || g.State != consent.Withdrawn {
		t.Errorf("what the customer withdrew is %v, %v", g.State, err)
	}
	if _, err := r.Permit(t.Context(), reading(other, "email")); err != nil {
		t.Errorf("another vendor: %v", err)
	}
	r.wantEvents(t, customers[1], consent.EventRevoked, consent.EventGiven, consent.EventGiven)
}

func TestForget_leavesOnlyThatGrantsHaveEnded(t *testing.T) {
	r, c, neighbour, ask := newRoom(t, consent.Strict), newCustomer(), newCustomer(), shop()
	g, _ := r.approve(t, c, ask, "email")
	a, _ := c.approval(t, ask, "email")
	kept, _ := r.approve(t, neighbour, ask, "email")
	for range 120 {
		if _, err := r.Permit(t.Context(), reading(g, "email")); err != nil {
			t.Fatal(err)
		}
	}
	for n := range uint64(13) {
		if err := r.SaveVault(t.Context(), c.account, consent.Save{Revision: n + 1, Document: []byte("sealed")}); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := r.Forget(t.Context(), c.account); err != nil {
			t.Fatal(err)
		}
	}
	r.wantForgotten(t, c, g)
	if _, err := r.Approve(t.Context(), a); !errors.Is(err, consent.ErrForgotten) {
		t.Errorf("an approval that was under way: %v", err)
	}
	if err := r.SaveVault(t.Context(), c.account, consent.Save{Revision: 1, Document: []byte("x")}); !errors.Is(err, consent.ErrForgotten) {
		t.Errorf("a save that was under way: %v", err)
	}
	if err := r.Refuse(t.Context(), c.account, ask, consent.Refusal{Digest: ask.Digest(), Locale: "de"}); !errors.Is(err, consent.ErrForgotten) {
		t.Errorf("a refusal that was under way: %v", err)
	}
	if _, err := r.Permit(t.Context(), reading(kept, "email")); err != nil {
		t.Errorf("the neighbour: %v", err)
	}
}

// wantForgotten counts what is left: the neighbour's nine records and his read-free log, the ended
// state of the grant, and the note that the account is gone.
func (r *room) wantForgotten(t *testing.T, c customer, g consent.Grant) {
	t.Helper()
	if n := r.count(t, ""); n != 9+2 {
		t.Errorf("%d records are left", n)
	}
	if _, err := r.Permit(t.Context(), reading(g, "email")); !errors.Is(err, consent.ErrWithdrawn) {
		t.Errorf("Permit: %v", err)
	}
	if v, err := r.Vault(t.Context(), c.account); err != nil || v.Revision != 0 {
		t.Errorf("Vault: %+v, %v", v, err)
	}
	if grants, err := r.Grants(t.Context(), c.account); err != nil || len(grants) != 0 {
		t.Errorf("Grants: %v, %v", grants, err)
	}
	stolen, _ := newCustomer().approval(t, shop(), "email")
	stolen.Grant = g.ID
	if _, err := r.Approve(t.Context(), stolen); !errors.Is(err, consent.ErrGrantExists) {
		t.Errorf("the identifier came to life again: %v", err)
	}
}

// What was looked at before stays decoded in memory: it must not outlive the store's word.
func TestGrant_looksAtTheStore_notAtWhatItRemembers(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	ask := shop()
	g, _ := r.approve(t, c, ask, "email")
	for range 2 {
		if got, err := r.InForce(t.Context(), c.account, ask.Party.Client); err != nil || got.ID != g.ID || got.Revision != 1 {
			t.Fatal(got.ID, got.Revision, err)
		}
	}
	if _, err := r.Grant(t.Context(), newCustomer().account, g.ID); !errors.Is(err, consent.ErrNoGrant) {
		t.Errorf("another account finds it: %v", err)
	}
	if _, err := r.Withdraw(t.Context(), c.account, g.ID); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Grant(t.Context(), c.account, g.ID); err != nil || got.State != consent.Withdrawn || got.Revision != 0 {
		t.Errorf("after the withdrawal: %v, revision %d, %v", got.State, got.Revision, err)
	}
	if _, err := r.InForce(t.Context(), c.account, ask.Party.Client); !errors.Is(err, consent.ErrNoGrant) {
		t.Errorf("in force after the withdrawal: %v", err)
	}
	if err := r.Forget(t.Context(), c.account); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Grant(t.Context(), c.account, g.ID); !errors.Is(err, consent.ErrNoGrant) {
		t.Errorf("after the account is gone: %v", err)
	}
}

func TestForget_readsThatAreGathered_areForgottenToo(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, _ := r.approve(t, c, shop(), "email")
	if _, err := r.Permit(t.Context(), reading(g, "email")); err != nil {
		t.Fatal(err)
	}
	if err := r.Forget(t.Context(), c.account); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := r.count(t, "consent/reads/"); n != 0 {
		t.Errorf("%d records of reads came back", n)
	}
}

func TestLive_ofAnotherVendorOrNothing_isUnknown(t *testing.T) {
	r := newRoom(t, consent.Gathered)
	g, _ := r.approve(t, newCustomer(), shop(), "email")
	for _, wrong := range []struct {
		grant  id.Grant
		client id.Client
	}{{g.ID, id.New[id.Client]()}, {g.ID, ""}, {id.New[id.Grant](), g.Party.Client}, {"", ""}} {
		if err := r.Live(t.Context(), wrong.grant, wrong.client); !errors.Is(err, consent.ErrNoGrant) {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}
