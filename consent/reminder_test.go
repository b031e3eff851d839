package consent_test

import (
	"errors"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
)

// reminded says what the reminder of a customer is now.
func (r *room) reminded(t *testing.T, c customer) consent.Reminder {
	t.Helper()
	now, err := r.Reminder(t.Context(), c.account)
	if err != nil {
		t.Fatal(err)
	}
	return now
}

// connected is a customer with one connection, which is renewed before it ends.
func connected(t *testing.T) (*room, customer, consent.Grant) {
	t.Helper()
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, _ := r.approve(t, c, florist(), "email")
	return r, c, g
}

func (r *room) extended(t *testing.T, c customer, g consent.Grant) {
	t.Helper()
	if _, err := r.Renew(t.Context(), c.account, g.ID, r.clock.Now().Add(consent.MaxEnds)); err != nil {
		t.Fatal(err)
	}
}

const days = 24 * time.Hour

func TestReminder_byDefault_isYearlyAndNeverEarlier_andOncePerPeriod(t *testing.T) {
	r, c, g := connected(t)
	if now := r.reminded(t, c); now.Due || now.Pace != consent.PaceYearly || len(now.Active) > 0 || !now.Next.Equal(r.clock.Now().AddDate(1, 0, 0)) {
		t.Errorf("at once: %+v", now)
	}
	r.clock.Advance(200 * days)
	r.extended(t, c, g)
	r.clock.Advance(164 * days)
	if r.reminded(t, c).Due {
		t.Error("before the year was over")
	}
	r.clock.Advance(1*days + time.Hour)
	now := r.reminded(t, c)
	if !now.Due || len(now.Active) != 1 || now.Active[0].ID != g.ID {
		t.Fatalf("after a year: %+v", now)
	}
	if again := r.reminded(t, c); !again.Due {
		t.Error("looking at it ended it")
	}
	if other, err := r.SeeReminder(t.Context(), c.account, now.Next.Add(time.Second)); err != nil || !other.Due {
		t.Errorf("another one was seen: %+v, %v", other, err)
	}
	first := now.Next
	now, err := r.SeeReminder(t.Context(), c.account, first)
	if err != nil || now.Due || !now.Next.After(r.clock.Now().Add(364*days)) {
		t.Errorf("seen: %+v, %v", now, err)
	}
	r.clock.Advance(100 * days)
	for _, next := range []time.Time{first, now.Next} { // none is due: nothing is put off
		if _, err := r.SeeReminder(t.Context(), c.account, next); err != nil {
			t.Fatal(err)
		}
	}
	r.extended(t, c, g)
	r.clock.Advance(266 * days)
	if !r.reminded(t, c).Due {
		t.Error("a year after the last was seen, none is due")
	}
}

func TestReminder_every90Days_andNever_areTheCustomersWish(t *testing.T) {
	r, c, _ := connected(t)
	set := func(pace consent.Pace) consent.Reminder {
		t.Helper()
		now, err := r.SetPace(t.Context(), c.account, pace)
		if err != nil || now.Pace != pace {
			t.Fatalf("%+v, %v", now, err)
		}
		return now
	}
	r.clock.Advance(89 * days)
	if set(consent.PaceQuarterly).Due {
		t.Error("before 90 days were over")
	}
	r.clock.Advance(1*days + time.Second)
	if !r.reminded(t, c).Due {
		t.Error("not after 90 days")
	}
	if now := set(consent.PaceNever); now.Due || !now.Next.IsZero() {
		t.Errorf("never: %+v", now)
	}
	r.clock.Advance(200 * days)
	if r.reminded(t, c).Due {
		t.Error("never, and yet")
	}
	if set(consent.PaceYearly).Due {
		t.Error("the year is not over")
	}
	if !set(consent.PaceQuarterly).Due {
		t.Error("chosen again, and forgotten since when")
	}
	for _, pace := range []consent.Pace{"", "daily", "YEARLY"} {
		if _, err := r.SetPace(t.Context(), c.account, pace); !errors.Is(err, consent.ErrPace) {
			t.Errorf("%q: %v", pace, err)
		}
	}
	if now := r.reminded(t, c); now.Pace != consent.PaceQuarterly {
		t.Errorf("a mistake changed it: %+v", now)
	}
}

func TestReminder_withoutAConnectionInForce_isNone(t *testing.T) {
	r, c, g := connected(t)
	r.clock.Advance(300 * days)
	if _, err := r.Withdraw(t.Context(), c.account, g.ID); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(400 * days)
	if now := r.reminded(t, c); now.Due || !now.Next.IsZero() {
		t.Errorf("%+v", now)
	}
	if now := r.reminded(t, newCustomer()); now.Due || now.Pace != consent.PaceYearly {
		t.Errorf("of nobody: %+v", now)
	}
	expired, d, _ := connected(t)
	expired.clock.Advance(2 * 366 * days)
	if expired.reminded(t, d).Due {
		t.Error("all has expired")
	}
}

func TestForget_leavesNoReminder_andWritesNone(t *testing.T) {
	r, c, _ := connected(t)
	if _, err := r.SetPace(t.Context(), c.account, consent.PaceNever); err != nil {
		t.Fatal(err)
	}
	if err := r.Forget(t.Context(), c.account); err != nil {
		t.Fatal(err)
	}
	if now := r.reminded(t, c); now.Pace != consent.PaceYearly {
		t.Errorf("%+v", now)
	}
	if _, err := r.SetPace(t.Context(), c.account, consent.PaceNever); !errors.Is(err, consent.ErrForgotten) {
		t.Errorf("%v", err)
	}
}
