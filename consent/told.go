package consent

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/outbox"
	"github.com/meins-id/meins/internal/store"
)

// told is what each decision means to the vendor. What is not here is the customer's own affair. A
// grant that another one replaces is amended, not withdrawn: nothing is to be deleted for that.
var told = map[Event]outbox.Kind{
	EventGiven:     outbox.GrantGiven,
	EventNarrowed:  outbox.GrantAmended,
	EventPaused:    outbox.GrantAmended,
	EventResumed:   outbox.GrantAmended,
	EventRenewed:   outbox.GrantAmended,
	EventReplaced:  outbox.GrantAmended,
	EventWithdrawn: outbox.GrantWithdrawn,
	EventRevoked:   outbox.GrantWithdrawn,
	EventUsed:      outbox.GrantExpired,
	EventExpired:   outbox.GrantExpired,
	EventErasure:   outbox.ErasureRequested,
}

// tell lets the vendor know of a decision, in the transaction that records it.
func tell(tx store.Tx, account id.Account, r Receipt) error {
	kind, ok := told[r.Event]
	if !ok {
		return nil
	}
	e := outbox.Event{
		ID: id.Event(r.ID), Kind: kind, Time: r.Time, Account: account, Persona: r.Persona,
		Grant: r.Grant, Claims: Names(r.Claims), Ends: r.Ends,
	}
	switch {
	case r.Event == EventErasure:
		e.Claims, e.Ends = received(Grant{Claims: r.Claims, Taken: r.Taken}), r.Due
	case string(r.Event) != r.State:
		e.Detail = string(r.Event)
	}
	return outbox.Put(tx, r.Party.Client, e)
}

// tellChanged lets the vendor know, by name, which of the claims that it may read have new values.
func tellChanged(tx store.Tx, g Grant, c Resealed, now time.Time) error {
	names := Names(g.Claims)
	if c.Changed != nil {
		names = slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(c.Changed, name) })
	}
	return outbox.Put(tx, g.Party.Client, outbox.Event{
		ID: id.New[id.Event](), Kind: outbox.ClaimsChanged, Time: moment(now), Account: g.Account, Persona: g.Persona,
		Grant: g.ID, Claims: names,
	})
}

// tellPurged lets a vendor that may still read know that the account is gone, and forgets what the
// customer was shown of earlier events.
func tellPurged(tx store.Tx, g Grant, now time.Time) error {
	if err := outbox.Forget(tx, g.ID); err != nil {
		return err
	}
	if standing(g.State, g.Ends, now) != Given {
		return nil
	}
	return outbox.Put(tx, g.Party.Client, outbox.Event{
		ID: id.New[id.Event](), Kind: outbox.AccountPurged, Time: moment(now), Account: g.Account, Persona: g.Persona, Grant: g.ID,
	})
}

// Told lists what the vendor was told under a grant of the account, the newest first, and what became of it,
// from after the place before ("" is the start), and the next place ("" at the end).
func (e *Engine) Told(ctx context.Context, account id.Account, grant id.Grant, before string, limit int) (all []outbox.Told, next string, err error) {
	if before != "" && !isPlace(before) {
		return nil, "", fmt.Errorf("list events: %w", ErrCursor)
	}
	err = e.db.View(ctx, func(r store.Reader) (err error) {
		if _, err := e.db.load(r, account, grant); err != nil {
			return err
		}
		all, next, err = outbox.ToldUnder(r, grant, before, pageSize(limit))
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("list events: %w", err)
	}
	return all, next, nil
}
