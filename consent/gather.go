package consent

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// How reads are gathered.
const (
	gatherFor   = time.Second     // the longest that a read waits to be written
	gatherEarly = 8 << 10         // reads that do not wait for the second to pass
	gatherLimit = 64 << 10        // reads that are not on disk; more are refused
	stallAfter  = 5 * time.Second // a write that takes longer counts as one that went wrong, so far
)

// writeReads records lines, and says how many of them, from the first on, are on disk.
type writeReads func(context.Context, []tally) (int, error)

// readLog gathers reads and writes them within a second. It sleeps without a timer while there are
// none. A write that goes wrong closes it to further reads until one goes well; what was gathered is
// kept meanwhile, and tried again each second.
type readLog struct {
	write  writeReads
	log    *slog.Logger
	ctx    context.Context // of the writes; ended by close when its caller waits no longer
	cancel context.CancelFunc
	wake   chan struct{} // there is something to write
	early  chan struct{} // it shall not wait
	stop   chan struct{} // write what is left, and end
	done   chan struct{}

	mu      sync.Mutex
	pending []read
	held    int    // reads taken from pending that are not on disk
	flushes uint64 // how many have ended
	failing bool
	closed  bool

	spare     []read  // the flusher's: storage that pending gets back
	unwritten []tally // the flusher's: lines that a write left behind
}

// startReadLog starts the one goroutine that writes.
func startReadLog(write writeReads, log *slog.Logger) *readLog {
	ctx, cancel := context.WithCancel(context.Background())
	l := &readLog{
		write: write, log: log, ctx: ctx, cancel: cancel,
		wake: make(chan struct{}, 1), early: make(chan struct{}, 1),
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	go l.run()
	return l
}

// add takes a read in, or refuses it: a read that cannot be recorded must not happen.
func (l *readLog) add(r read) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.failing || len(l.pending)+l.held >= gatherLimit {
		return ErrLogUnavailable
	}
	l.pending = append(l.pending, r)
	switch len(l.pending) {
	case 1:
		nudge(l.wake)
	case gatherEarly:
		nudge(l.early)
	}
	return nil
}

// isClosed says that close was called.
func (l *readLog) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

func nudge(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default: // it has been nudged already
	}
}

// run writes until stop, and once more then.
func (l *readLog) run() {
	defer close(l.done)
	for l.gathered() {
		l.flush()
	}
	l.flush()
}

// gathered waits for something to write and for the time to write it; false means stop.
func (l *readLog) gathered() bool {
	select {
	case <-l.wake:
	case <-l.stop:
		return false
	}
	timer := time.NewTimer(gatherFor)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.early:
	case <-l.stop:
		return false
	}
	return true
}

// flush writes what was gathered, and what earlier flushes left behind.
func (l *readLog) flush() {
	lines := append(l.unwritten, gather(l.take())...)
	if len(lines) == 0 {
		return
	}
	stall := time.AfterFunc(stallAfter, l.stalls())
	n, err := l.write(l.ctx, lines)
	stall.Stop()
	l.unwritten = lines[n:]
	l.settle(err)
}

// take empties pending.
func (l *readLog) take() []read {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := l.pending
	l.pending, l.spare = l.spare[:0], taken
	l.held += len(taken)
	return taken
}

// settle notes how a write ended.
func (l *readLog) settle(err error) {
	clear(l.spare) // what became lines need not stay in memory
	if cap(l.spare) > 2*gatherEarly {
		l.spare = nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flushes++
	if err != nil {
		l.fails(err)
		nudge(l.wake)
		return
	}
	l.held = 0
	if l.failing {
		l.failing = false
		l.log.Info("reads are recorded again")
	}
}

// stalls gives what happens when the flush that begins now takes too long. A flush that ended
// meanwhile is not undone by it.
func (l *readLog) stalls() func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	begun := l.flushes
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.flushes == begun {
			l.fails(context.DeadlineExceeded)
		}
	}
}

// fails closes the log to further reads; its caller holds the lock.
func (l *readLog) fails(err error) {
	if !l.failing {
		l.failing = true
		l.log.Error("reads cannot be recorded, nothing is released", "error", err)
	}
}

// close refuses further reads, writes those that wait, and fails when that does not succeed before
// ctx ends.
func (l *readLog) close(ctx context.Context) error {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.stop)
	}
	l.mu.Unlock()
	defer l.cancel()
	select {
	case <-l.done:
	case <-ctx.Done():
		return ErrLogUnavailable.Because(ctx.Err())
	}
	if len(l.unwritten) > 0 {
		return ErrLogUnavailable
	}
	return nil
}
