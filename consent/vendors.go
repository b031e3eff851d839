package consent

import (
	"context"
	"fmt"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

// What a vendor may know of, and do with, the consents that it has. It knows their names; it never
// learns the account's.

// GrantOf finds a grant that the vendor has or had; that of another vendor is ErrNoGrant. Its lists are
// shared with other callers: nobody writes to them.
func (e *Engine) GrantOf(ctx context.Context, client id.Client, grant id.Grant) (g Grant, err error) {
	err = e.db.View(ctx, func(r store.Reader) (err error) {
		g, err = e.db.vendorsGrant(r, client, grant)
		return err
	})
	if err != nil {
		return Grant{}, fmt.Errorf("grant of a vendor: %w", err)
	}
	return g.at(e.now()), nil
}

// GiveBack ends a grant because the vendor wants it no longer: its state is Revoked. What has ended
// already stays as it is.
func (e *Engine) GiveBack(ctx context.Context, client id.Client, grant id.Grant) (g Grant, err error) {
	how := occasion{EventRevoked, id.New[id.Receipt](), e.now()}
	err = e.db.Update(ctx, func(tx store.Tx) error {
		found, err := e.db.vendorsGrant(tx, client, grant)
		if err != nil {
			return err
		}
		if over(&found, how.now) == ReasonExpired { // which the clock has ended, written down or not
			g = found
			return nil
		}
		g, err = endGrant(tx, found, Revoked, how)
		return err
	})
	if err != nil {
		return Grant{}, fmt.Errorf("give back: %w", err)
	}
	return g.at(how.now), nil
}

// maxLooked is how many decisions of an account are looked through for those of one grant.
const maxLooked = 5000

// ReceiptsOf lists the decisions about a grant of the vendor, the newest first.
func (e *Engine) ReceiptsOf(ctx context.Context, client id.Client, grant id.Grant) (all []Receipt, err error) {
	g, err := e.GrantOf(ctx, client, grant)
	if err != nil {
		return nil, err
	}
	for before, looked := "", 0; looked < maxLooked; looked += stepSize {
		some, next, err := e.Receipts(ctx, g.Account, before, stepSize)
		if err != nil {
			return nil, err
		}
		for _, r := range some {
			if r.Grant != grant {
				continue
			}
			all = append(all, r)
			if r.Event == EventGiven {
				return all, nil // nothing about it comes before
			}
		}
		if before = next; before == "" {
			return all, nil
		}
	}
	return all, nil
}

func (db *database) vendorsGrant(r store.Reader, client id.Client, grant id.Grant) (Grant, error) {
	g, err := db.lifeOf(r, grant)
	if err == nil && g.Party.Client != client {
		return Grant{}, ErrNoGrant
	}
	return g, err
}
