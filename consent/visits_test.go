package consent_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/consent/release"
)

func onceAsk() consent.Ask {
	ask := florist()
	ask.Once, ask.Continuous = true, false
	return ask
}

// Of a hundred who read at the same time, one gets what could be read once.
func TestOnce_isReadExactlyOnce_alsoAmongRacers(t *testing.T) {
	for name, mode := range map[string]consent.ReadLog{"gathered": consent.Gathered, "strict": consent.Strict} {
		t.Run(name, func(t *testing.T) {
			r, c := newRoom(t, mode), newCustomer()
			elsewhere := roomOn(t, r.store, r.clock, mode)
			g, key := r.approve(t, c, onceAsk(), "email")
			var got atomic.Int32
			var all sync.WaitGroup
			for i := range 100 {
				node := []*room{r, elsewhere}[i%2]
				all.Go(func() {
					p, err := node.Permit(t.Context(), reading(g, "email"))
					if err != nil {
						if !errors.Is(err, consent.ErrExpired) || p != (consent.Permit{}) {
							t.Error(err)
						}
						return
					}
					if claims, err := release.Release(t.Context(), p, key); err == nil && len(claims) == 1 {
						got.Add(1)
					}
				})
			}
			all.Wait()
			if got.Load() != 1 {
				t.Fatalf("read %d times", got.Load())
			}
			after, err := r.Grant(t.Context(), c.account, g.ID)
			if err != nil || after.State != consent.Expired || after.Reason != "used" || after.Reads != 1 || after.Revision != 0 {
				t.Errorf("%+v, %v", after, err)
			}
			if n := r.parts(t, "capsule"); n != 0 {
				t.Error("the capsule is still there")
			}
			if _, err := r.InForce(t.Context(), c.account, g.Party.Client); !errors.Is(err, consent.ErrNoGrant) {
				t.Errorf("InForce: %v", err)
			}
			r.wantEvents(t, c, consent.EventGiven, consent.EventUsed)
		})
	}
}

func TestOnce_whatGoesIntoTheIDToken_isNotTheRead(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, _ := r.approve(t, c, onceAsk(), "email")
	into := reading(g, "email")
	into.Kind = consent.KindIDToken
	if _, err := r.Permit(t.Context(), into); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Permit(t.Context(), reading(g, "email")); err != nil {
		t.Errorf("the read itself: %v", err)
	}
	if _, err := r.Permit(t.Context(), into); !errors.Is(err, consent.ErrExpired) {
		t.Errorf("after the read: %v", err)
	}
}

// A read that cannot be recorded uses nothing up.
func TestOnce_readThatCannotBeRecorded_isNotTheRead(t *testing.T) {
	r, disk := breakableRoom(t, consent.Gathered)
	c := newCustomer()
	g, _ := r.approve(t, c, onceAsk(), "email")
	disk.broken.Store(true)
	if _, err := r.Permit(t.Context(), reading(g, "email")); !errors.Is(err, consent.ErrLogUnavailable) {
		t.Fatal(err)
	}
	disk.broken.Store(false)
	if _, err := r.Permit(t.Context(), reading(g, "email")); err != nil {
		t.Error(err)
	}
}

func TestRefused_isRememberedForSixMonths_forThisAskAlone(t *testing.T) {
	r, c, ask := newRoom(t, consent.Gathered), newCustomer(), florist()
	refused := func(c customer, ask consent.Ask) bool {
		t.Helper()
		at, err := r.Refused(t.Context(), c.account, ask)
		if err != nil {
			t.Fatal(err)
		}
		return !at.IsZero()
	}
	if refused(c, ask) {
		t.Error("before the refusal")
	}
	if err := r.Refuse(t.Context(), c.account, ask, consent.Refusal{Digest: ask.Digest(), Locale: "de"}); err != nil {
		t.Fatal(err)
	}
	other := ask
	other.Offline = true
	if !refused(c, ask) || refused(newCustomer(), ask) || refused(c, other) {
		t.Error("the refusal is not that of this customer and this ask")
	}
	r.clock.Advance(182 * 24 * time.Hour)
	if !refused(c, ask) {
		t.Error("forgotten before its time")
	}
	r.clock.Advance(2 * 24 * time.Hour)
	if refused(c, ask) {
		t.Error("remembered for too long")
	}
}

func TestRefused_approvingAfterAll_forgetsTheRefusal(t *testing.T) {
	r, c, ask := newRoom(t, consent.Gathered), newCustomer(), florist()
	if err := r.Refuse(t.Context(), c.account, ask, consent.Refusal{Digest: ask.Digest(), Locale: "de"}); err != nil {
		t.Fatal(err)
	}
	r.approve(t, c, ask, "email")
	if at, err := r.Refused(t.Context(), c.account, ask); err != nil || !at.IsZero() {
		t.Error(at, err)
	}
}

func TestEphemeral_isForOneVisit_besideWhatIsInForce(t *testing.T) {
	r, c, ask := newRoom(t, consent.Gathered), newCustomer(), florist()
	ask.Offline = true
	standing, _ := r.approve(t, c, ask, "name")
	a, _ := c.approval(t, ask, "email")
	a.Ephemeral, a.EachTime, a.Lifetime = true, true, 11*time.Minute
	g, err := r.Approve(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	if !g.Ephemeral || g.Offline || g.Continuous || g.EachTime || !g.Ends.Equal(r.clock.Now().Add(11*time.Minute)) {
		t.Errorf("%+v", g)
	}
	if in, err := r.InForce(t.Context(), c.account, ask.Party.Client); err != nil || in.ID != standing.ID {
		t.Errorf("in force is %v, %v", in.ID, err)
	}
	for _, one := range []consent.Reading{reading(g, "email"), reading(standing, "name")} {
		if _, err := r.Permit(t.Context(), one); err != nil {
			t.Error(err)
		}
	}
	if _, err := r.Renew(t.Context(), c.account, g.ID, r.clock.Now().Add(time.Hour)); !errors.Is(err, consent.ErrEnd) {
		t.Errorf("renewed: %v", err)
	}
	r.clock.Advance(11 * time.Minute)
	if _, err := r.Permit(t.Context(), reading(g, "email")); !errors.Is(err, consent.ErrExpired) {
		t.Errorf("after its end: %v", err)
	}
}

func TestEphemeral_withoutAnEnd_isRefused(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	a, _ := c.approval(t, florist(), "email")
	a.Ephemeral = true
	if _, err := r.Approve(t.Context(), a); !errors.Is(err, consent.ErrApproval) {
		t.Error(err)
	}
}
