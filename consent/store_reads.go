package consent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

func usageKey(g id.Grant) string    { return "consent/reads/" + string(g) }
func readsPrefix(g id.Grant) string { return usageKey(g) + "/" }

// readsAtOnce is how many transactions record reads at the same time. They share commits: with one after
// the other a second of many grants would take longer than that to write, where commits are slow.
const readsAtOnce = 64

// recordReads writes lines, some in each transaction, and says how many of them, from the first on, are
// on disk. Of those after them some may be, too.
func (db *database) recordReads(ctx context.Context, lines []tally) (int, error) {
	steps := slices.Collect(slices.Chunk(lines, stepSize))
	errs, taken := make([]error, len(steps)), atomic.Int64{}
	var all sync.WaitGroup
	for range min(readsAtOnce, len(steps)) {
		all.Go(func() {
			for i := int(taken.Add(1)) - 1; i < len(steps); i = int(taken.Add(1)) - 1 {
				errs[i] = db.Update(ctx, func(tx store.Tx) error { return db.putReads(tx, steps[i]) })
			}
		})
	}
	all.Wait()
	for i, err := range errs {
		if err != nil {
			return i * stepSize, fmt.Errorf("record reads: %w", err)
		}
	}
	return len(lines), nil
}

// readsOf reads a part of the list of reads.
func (db *database) readsOf(ctx context.Context, account id.Account, grant id.Grant, before string, limit int) (reads []Read, next string, err error) {
	err = db.View(ctx, func(r store.Reader) (err error) {
		if _, err = db.load(r, account, grant); err != nil {
			return err
		}
		reads, next, err = listReads(r, grant, before, pageSize(limit))
		return err
	})
	return reads, next, err
}

// Sizes of a page of a list.
const (
	usualPage = 50
	largePage = 200
)

// pageSize is how many a page has when so many are wanted.
func pageSize(wanted int) int {
	if wanted <= 0 {
		return usualPage
	}
	return min(wanted, largePage)
}

// page reads a part of a list from after the place before, and says where the next part begins.
func page[T any](r store.Reader, prefix, before string, limit int, decode func([]byte) (T, error)) ([]T, string, error) {
	limit = pageSize(limit)
	from := ""
	if before != "" {
		if !isPlace(before) {
			return nil, "", ErrCursor
		}
		from = after(prefix + before)
	}
	items, err := r.Scan(prefix, from, limit+1)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(items) > limit {
		items = items[:limit]
		next = items[limit-1].Key[len(prefix):]
	}
	list := make([]T, len(items))
	for i, item := range items {
		if list[i], err = decode(item.Value); err != nil {
			return nil, "", err
		}
	}
	return list, next, nil
}

// isPlace says that s has the form of a place in a list of receipts (seqPlace).
func isPlace(s string) bool {
	at, entry, ok := strings.Cut(s, "-")
	if !ok || len(at) != 16 || strings.Trim(at, "0123456789abcdef") != "" {
		return false
	}
	_, err := id.Parse[id.Receipt](entry)
	return err == nil
}

// keepForgotten is how long a deleted account is remembered: longer than any session or flow that
// could still write for it.
const keepForgotten = 30 * 24 * time.Hour

// forget deletes an account. The order matters: first what could be released, then what tells about
// it, and the index by which the rest is found last.
func (db *database) forget(ctx context.Context, account id.Account, now time.Time) error {
	err := db.Update(ctx, func(tx store.Tx) error {
		if err := tx.Put(forgottenKey(account), present, now.Add(keepForgotten)); err != nil {
			return err
		}
		return dropDocuments(tx, account)
	})
	if err != nil {
		return err
	}
	prefix := accountPrefix(account)
	if err := db.inSteps(ctx, prefix, db.endForgotten(now)); err != nil {
		return err
	}
	if err := db.forgetReads(ctx, prefix); err != nil {
		return err
	}
	if err := db.inSteps(ctx, prefix, func(tx store.Tx, grant id.Grant) error {
		return tx.Delete(prefix + string(grant))
	}); err != nil {
		return err
	}
	for _, prefix := range []string{receiptsPrefix(account), refusedPrefix(account), chainKey(account), reminderKey(account)} {
		if err := db.clear(ctx, prefix); err != nil {
			return err
		}
	}
	return nil
}

// endForgotten ends a grant and deletes what is known about it but for the bare fact that it ended.
func (db *database) endForgotten(now time.Time) func(store.Tx, id.Grant) error {
	return func(tx store.Tx, grant id.Grant) error {
		g, err := db.lifeOf(tx, grant)
		if errors.Is(err, ErrNoGrant) {
			return nil // an earlier call came this far
		}
		if err != nil {
			return err
		}
		if err := tellPurged(tx, g, now); err != nil {
			return err
		}
		if err := dropSealed(tx, g); err != nil {
			return err
		}
		for _, key := range []string{termsKey(grant), usageKey(grant), erasureKey(grant), clientPrefix(g.Party.Client) + string(grant), endsKey(g.Ends, grant)} {
			if err := tx.Delete(key); err != nil {
				return err
			}
		}
		return tx.Put(stateKey(grant), encodeState(Grant{State: Withdrawn, Since: now}), time.Time{})
	}
}

// forgetReads deletes what was read under each grant of an index.
func (db *database) forgetReads(ctx context.Context, index string) error {
	var grants []id.Grant
	err := db.View(ctx, func(r store.Reader) error {
		grants = nil
		return eachGrant(r, index, func(ids []id.Grant) error {
			grants = append(grants, ids...)
			return nil
		})
	})
	if err != nil {
		return err
	}
	for _, grant := range grants {
		if err := db.clear(ctx, readsPrefix(grant)); err != nil {
			return err
		}
	}
	return nil
}

// clear deletes all records with a prefix, some in each step.
func (db *database) clear(ctx context.Context, prefix string) error {
	for {
		left := 0
		err := db.Update(ctx, func(tx store.Tx) error {
			items, err := tx.Scan(prefix, "", stepSize)
			if err != nil {
				return err
			}
			left = len(items)
			for _, item := range items {
				if err := tx.Delete(item.Key); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || left < stepSize {
			return err
		}
	}
}
