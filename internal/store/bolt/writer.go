package bolt

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/meins-id/meins/internal/store"
)

// Bounds of one batch. The second keeps the memory of a commit small when values are large.
const (
	maxBatch      = 1024
	maxBatchBytes = 8 << 20
	sweepPerWrite = 4 // expired records that each transaction of a batch pays for
)

// writer is the one goroutine that changes the file, and the queue before it.
type writer struct {
	db      *bbolt.DB
	reads   *snapshots
	now     func() time.Time
	stopped chan struct{}
	wake    chan struct{} // holds one token when there may be something to do
	counts  counters
	failed  atomic.Bool // what broken says, for everybody

	mu      sync.Mutex
	queue   []*request
	closing bool

	// Only the goroutine itself touches these.
	pending  []*request // taken from the queue and not answered yet
	answered int        // requests in the last batch
	broken   error      // set by the first commit that went wrong, and for good
}

func newWriter(db *bbolt.DB, reads *snapshots, now func() time.Time) *writer {
	return &writer{db: db, reads: reads, now: now, stopped: make(chan struct{}), wake: make(chan struct{}, 1)}
}

// Update implements store.Store. An error of ctx means that nothing was written.
func (s *Store) Update(ctx context.Context, fn func(store.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := newRequest(ctx, fn)
	if !s.writer.push(r) {
		r.recycle()
		return ErrClosed
	}
	return r.wait()
}

// push queues r; false means that the store is closing.
func (w *writer) push(r *request) bool {
	w.mu.Lock()
	if w.closing {
		w.mu.Unlock()
		return false
	}
	w.queue = append(w.queue, r)
	w.mu.Unlock()
	w.nudge()
	return true
}

func (w *writer) nudge() {
	select {
	case w.wake <- struct{}{}:
	default: // awake already
	}
}

// stop lets the writer finish what was accepted, and waits for it.
func (w *writer) stop() {
	w.mu.Lock()
	w.closing = true
	w.mu.Unlock()
	w.nudge()
	<-w.stopped
}

// run is the writer's life. If a transaction's function ends the goroutine under it (as a test's
// FailNow does), another goroutine carries on with what is pending.
func (w *writer) run() {
	over := false
	defer func() {
		if !over {
			go w.run()
		}
	}()
	for w.gather() {
		if w.broken != nil {
			w.answer(len(w.pending), w.broken)
			continue
		}
		n, err := w.commit()
		if err != nil {
			w.broken = ErrBroken.Because(err)
			w.failed.Store(true)
		}
		w.answer(n, w.broken)
	}
	over = true
	close(w.stopped)
}

// gather fills pending, waiting if there is nothing to do; false means that all is done.
func (w *writer) gather() bool {
	if len(w.pending) > 0 {
		return true
	}
	for {
		w.letQueue()
		w.mu.Lock()
		closing := w.closing
		w.pending, w.queue = w.queue, w.pending
		w.mu.Unlock()
		if len(w.pending) > 0 {
			return true
		}
		if closing {
			return false
		}
		<-w.wake
	}
}

// letQueue yields for as long as that brings more requests: those who were just answered are about
// to write again, others arrive while the first of them is woken for, and one full batch costs less than
// a small one and a large one. It gives up after as many fruitless yields as there were answers; a lone
// writer is kept waiting by one each time.
func (w *writer) letQueue() {
	for before, idle := 0, 0; idle < w.answered; {
		runtime.Gosched()
		n := w.queued()
		if n >= maxBatch {
			return
		}
		if n > before {
			idle = 0
		} else {
			idle++
		}
		before = n
	}
}

func (w *writer) queued() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.queue)
}

// commit runs as many of the pending requests as fit into a batch and brings them to disk. It
// returns how many; the error is the engine's and concerns all of them.
func (w *writer) commit() (int, error) {
	w.reads.suspend()
	defer w.reads.resume()
	tx, err := w.db.Begin(true)
	if err != nil {
		return len(w.pending), fmt.Errorf("begin: %w", err)
	}
	defer rollback(tx)
	if tx.Size() < w.reads.mapped/2 { // a batch is far from filling the rest
		w.reads.share()
	}
	b := newBatch(tx, w.now())
	n, err := w.fill(b)
	if err != nil || !b.dirty {
		return n, err
	}
	if err := tx.Commit(); err != nil {
		return n, fmt.Errorf("commit: %w", err)
	}
	w.counts.committed(n, b.swept)
	return n, nil
}

// fill runs the pending requests until the batch is full.
func (w *writer) fill(b *batch) (int, error) {
	n := 0
	for n < len(w.pending) && n < maxBatch && b.bytes < maxBatchBytes {
		r := w.pending[n]
		n++
		if !r.take() {
			continue
		}
		if err := b.run(r); err != nil {
			return n, err
		}
	}
	if !b.dirty {
		return n, nil
	}
	_, err := b.sweep(sweepPerWrite*n - b.swept)
	return n, err
}

// answer tells the first n pending requests what became of them, and forgets them.
func (w *writer) answer(n int, err error) {
	for _, r := range w.pending[:n] {
		if r.take() {
			r.answer(err)
		}
	}
	w.pending = slices.Delete(w.pending, 0, n)
	w.answered = n
}
