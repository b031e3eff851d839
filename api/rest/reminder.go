package rest

import (
	"context"
	"net/http"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
)

// GetReminder says whether the customer is to be reminded.
func (s *REST) GetReminder(w http.ResponseWriter, r *http.Request) {
	asked(s, w, r, func(ctx context.Context, who identity.Session) (Reminder, error) {
		return s.reminderOut(s.o.Consent.Reminder(ctx, who.Account))
	})
}

// SetReminder changes how often that is.
func (s *REST) SetReminder(w http.ResponseWriter, r *http.Request) {
	called(s, w, r, func(ctx context.Context, who identity.Session, in ReminderSetting) (Reminder, error) {
		return s.reminderOut(s.o.Consent.SetPace(ctx, who.Account, consent.Pace(in.Pace)))
	})
}

// SeeReminder ends the reminder that is due.
func (s *REST) SeeReminder(w http.ResponseWriter, r *http.Request) {
	called(s, w, r, func(ctx context.Context, who identity.Session, in ReminderSeen) (Reminder, error) {
		if in.Next.IsZero() {
			return Reminder{}, errBody
		}
		return s.reminderOut(s.o.Consent.SeeReminder(ctx, who.Account, in.Next))
	})
}

func (s *REST) reminderOut(r consent.Reminder, err error) (Reminder, error) {
	out := Reminder{Pace: ReminderPace(r.Pace), Due: r.Due, Next: r.Next, Grants: make([]Grant, 0, len(r.Active))}
	for _, g := range r.Active {
		out.Grants = append(out.Grants, s.grantOut(g))
	}
	return out, err
}
