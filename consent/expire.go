package consent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

// A grant past its end is refused by the clock, whatever its record says. What follows here makes the
// record, the receipt and the vendor's event of it, some time after.

// endsPrefix is the index of grants by the moment at which they end.
const endsPrefix = "consent/ends/"

func endsKey(ends time.Time, g id.Grant) string {
	return fmt.Sprintf("%s%016x/%s", endsPrefix, uint64(max(ends.Unix(), 0)), g)
}

// Expire writes down up to limit consents that have ended by themselves, and says how many it found.
func (e *Engine) Expire(ctx context.Context, limit int) (int, error) {
	found := 0
	for found < limit {
		n, err := e.db.expireSome(ctx, min(limit-found, stepSize), e.now())
		found += n
		if err != nil {
			return found, fmt.Errorf("expire grants: %w", err)
		}
		if n == 0 {
			break
		}
	}
	return found, nil
}

// expireSome does so with the ones that ended first, in one transaction.
func (db *database) expireSome(ctx context.Context, limit int, now time.Time) (found int, err error) {
	// Looking costs nothing, and mostly there is nothing.
	err = db.View(ctx, func(r store.Reader) (err error) {
		found, err = walkEnded(r, limit, now, func(string, id.Grant) error { return nil })
		return err
	})
	if err != nil || found == 0 {
		return 0, err
	}
	err = db.Update(ctx, func(tx store.Tx) (err error) {
		found, err = walkEnded(tx, limit, now, func(key string, grant id.Grant) error {
			if err := db.expire(tx, grant, now); err != nil {
				return err
			}
			return tx.Delete(key)
		})
		return err
	})
	return found, err
}

// walkEnded walks over the index as far as what has ended.
func walkEnded(r store.Reader, limit int, now time.Time, do func(key string, grant id.Grant) error) (int, error) {
	items, err := r.Scan(endsPrefix, "", limit)
	if err != nil {
		return 0, err
	}
	bound := endsKey(now.Add(time.Second), "") // past the second that has begun
	for n, item := range items {
		if item.Key >= bound {
			return n, nil
		}
		if err := do(item.Key, id.Grant(item.Key[strings.LastIndexByte(item.Key, '/')+1:])); err != nil {
			return n, err
		}
	}
	return len(items), nil
}

// expire ends one grant, if it is one that only the clock has ended: it may have been renewed, ended
// otherwise, or forgotten.
func (db *database) expire(tx store.Tx, grant id.Grant, now time.Time) error {
	g, err := db.lifeOf(tx, grant)
	if errors.Is(err, ErrNoGrant) {
		return nil
	}
	if err != nil {
		return err
	}
	if g.State != Given || standing(g.State, g.Ends, now) != Expired {
		return nil
	}
	_, err = endGrant(tx, g, Expired, occasion{EventExpired, id.New[id.Receipt](), now})
	return err
}
