package consent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/meins-id/meins/internal/id"
)

// Pace is how often a customer wants to be reminded of who may read what. The zero Pace is the default,
// Yearly: no earlier, since what is said too often is not read.
type Pace string

// The paces.
const (
	PaceYearly    Pace = "yearly"
	PaceQuarterly Pace = "quarterly" // every 90 days
	PaceNever     Pace = "never"
)

// quarter is the period of PaceQuarterly.
const quarter = 90 * 24 * time.Hour

// Reminder is what there is to be reminded of.
type Reminder struct {
	Pace   Pace
	Next   time.Time // when one is due, or has been since; zero where none will be
	Due    bool
	Active []Grant // with Due: that may be read, the newest first
}

// reminderRecord is what a customer set, and when one was seen last.
type reminderRecord struct {
	versioned
	Pace Pace      `json:"pace,omitempty"`
	Seen time.Time `json:"seen,omitzero"`
}

// after is when the next reminder is due, the last one having been seen, or the first consent given, at
// a time; zero when none is.
func (p Pace) after(last time.Time) time.Time {
	switch p {
	case PaceQuarterly:
		return last.Add(quarter)
	case PaceYearly, "":
		return last.AddDate(1, 0, 0)
	case PaceNever:
	}
	return time.Time{}
}

func (p Pace) known() bool { return p == PaceYearly || p == PaceQuarterly || p == PaceNever }

// Reminder says whether the account is to be reminded now. It counts from the last reminder that was
// seen, else from the account's first decision. Where nothing may be read, there is nothing to be
// reminded of.
func (e *Engine) Reminder(ctx context.Context, account id.Account) (Reminder, error) {
	r, err := e.reminder(ctx, account)
	if err != nil {
		return Reminder{}, fmt.Errorf("reminder: %w", err)
	}
	return r, nil
}

func (e *Engine) reminder(ctx context.Context, account id.Account) (Reminder, error) {
	rec, err := e.db.reminderOf(ctx, account)
	if err != nil {
		return Reminder{}, err
	}
	r := Reminder{Pace: rec.Pace}
	if r.Pace == "" {
		r.Pace = PaceYearly
	}
	if r.Active, err = e.active(ctx, account); err != nil || len(r.Active) == 0 {
		return r, err
	}
	last := rec.Seen
	if last.IsZero() {
		first, err := e.db.receiptAt(ctx, account, 1)
		if errors.Is(err, ErrNoReceipt) {
			return r, nil
		}
		if err != nil {
			return Reminder{}, err
		}
		last = first.Time
	}
	r.Next = r.Pace.after(last)
	if r.Due = !r.Next.IsZero() && !e.now().Before(r.Next); !r.Due {
		r.Active = nil
	}
	return r, nil
}

// active are the grants of the account that may be read, now or after a pause.
func (e *Engine) active(ctx context.Context, account id.Account) ([]Grant, error) {
	all, err := e.Grants(ctx, account)
	if err != nil {
		return nil, err
	}
	var active []Grant
	for _, g := range all {
		if g.State == Given {
			active = append(active, g)
		}
	}
	return active, nil
}

// SetPace changes how often the account is reminded. Whatever was seen stays seen.
func (e *Engine) SetPace(ctx context.Context, account id.Account, pace Pace) (Reminder, error) {
	if !pace.known() {
		return Reminder{}, fmt.Errorf("set pace: %w", ErrPace)
	}
	err := e.db.changeReminder(ctx, account, func(r *reminderRecord) { r.Pace = pace })
	if err != nil {
		return Reminder{}, fmt.Errorf("set pace: %w", err)
	}
	return e.Reminder(ctx, account)
}

// SeeReminder ends the reminder that has been due since next, until the next one is. Where that is not the
// one that is due, it changes nothing.
func (e *Engine) SeeReminder(ctx context.Context, account id.Account, next time.Time) (Reminder, error) {
	r, err := e.Reminder(ctx, account)
	if err != nil || !r.Due || !r.Next.Equal(next) {
		return r, err
	}
	now := stamp(e.now())
	err = e.db.changeReminder(ctx, account, func(r *reminderRecord) {
		if now.After(r.Seen) {
			r.Seen = now
		}
	})
	if err != nil {
		return Reminder{}, fmt.Errorf("see reminder: %w", err)
	}
	return e.Reminder(ctx, account)
}
