package provider

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/meins-id/meins/internal/store"
)

// maxReplays is how many proofs may wait to be noted. When the store cannot keep up with that, reads
// are refused: a proof that nobody can remember must not count.
const maxReplays = 1 << 16

// replays remembers the proofs of reads. A read must not wait for a commit, so what is new waits in
// memory until it is written, and is written at once, all that came meanwhile in one transaction. A
// proof that comes again is known from memory on this node, and from the store on every other as soon
// as that one transaction is through.
type replays struct {
	store store.Store
	now   func() time.Time
	log   *slog.Logger

	mu      sync.Mutex
	claimed map[string]struct{} // being looked at, or waiting to be written
	waiting map[string]time.Time
	writing bool
}

func newReplays(s store.Store, now func() time.Time, log *slog.Logger) *replays {
	return &replays{store: s, now: now, log: log, claimed: map[string]struct{}{}, waiting: map[string]time.Time{}}
}

// claim takes a proof for one read. Whoever gets it looks into the store only then: what was written
// and forgotten before is found there. It must be kept or dropped afterwards.
func (r *replays) claim(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.claimed[key]; ok || len(r.claimed) >= maxReplays {
		return false
	}
	r.claimed[key] = struct{}{}
	return true
}

// drop gives a proof up that served for nothing.
func (r *replays) drop(key string) {
	r.mu.Lock()
	delete(r.claimed, key)
	r.mu.Unlock()
}

// keep has a proof written that served, also when whoever asked is gone.
func (r *replays) keep(ctx context.Context, key string, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting[key] = until
	if !r.writing {
		r.writing = true
		go r.write(context.WithoutCancel(ctx))
	}
}

// write empties what waits, and ends when nothing does.
func (r *replays) write(ctx context.Context) {
	for {
		r.mu.Lock()
		batch := r.waiting
		r.waiting = map[string]time.Time{}
		r.writing = len(batch) > 0
		r.mu.Unlock()
		if len(batch) == 0 || !r.commit(ctx, batch) {
			return
		}
	}
}

// commit writes a batch and forgets it. What cannot be written waits for the next time.
func (r *replays) commit(ctx context.Context, batch map[string]time.Time) bool {
	err := r.store.Update(ctx, func(tx store.Tx) error {
		for key, until := range batch {
			if err := tx.Put(key, mark, until); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		r.log.Error("provider failed", "doing", "note proofs", "error", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, until := range batch {
		if err != nil && r.now().Before(until) {
			r.waiting[key] = until
			continue
		}
		delete(r.claimed, key)
	}
	r.writing = err == nil
	return err == nil
}
