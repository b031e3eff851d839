package web

import (
	"context"
	"fmt"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/internal/id"
)

// longUnread is from when on a connection that nobody reads is said to be one.
const longUnread = 180 * 24 * time.Hour

// reminderView is what a reminder reminds of.
type reminderView struct {
	Rows []reminderRow
	Next string // by which the API knows it
}

type reminderRow struct {
	grantView
	Idle bool // not read for long
}

// paceView is one way to be reminded, to choose from.
type paceView struct {
	Pace   consent.Pace
	Chosen bool
}

// reminder is what the customer is to be reminded of now: nothing, unless it is time.
func (w *Web) reminder(ctx context.Context, l *locale, account id.Account) (reminderView, error) {
	r, err := w.o.Consent.Reminder(ctx, account)
	if err != nil {
		return reminderView{}, fmt.Errorf("reminder: %w", err)
	}
	v := reminderView{Next: r.Next.Format(time.RFC3339Nano)}
	for _, g := range r.Active {
		last := g.Given
		if !g.LastRead.IsZero() {
			last = g.LastRead
		}
		v.Rows = append(v.Rows, reminderRow{w.grantView(ctx, l, g), w.o.Now().Sub(last) >= longUnread})
	}
	return v, nil
}

// paces are the ways to be reminded.
func (w *Web) paces(ctx context.Context, account id.Account) ([]paceView, error) {
	r, err := w.o.Consent.Reminder(ctx, account)
	if err != nil {
		return nil, fmt.Errorf("reminder: %w", err)
	}
	var all []paceView
	for _, pace := range []consent.Pace{consent.PaceYearly, consent.PaceQuarterly, consent.PaceNever} {
		all = append(all, paceView{pace, pace == r.Pace})
	}
	return all, nil
}
