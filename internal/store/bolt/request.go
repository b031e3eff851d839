package bolt

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/meins-id/meins/internal/store"
)

// The states of a request: whoever moves it from queued first decides whether it runs.
const (
	queued uint32 = iota
	taken
	withdrawn
)

// request is one Update on its way through the writer.
type request struct {
	ctx    context.Context
	fn     func(store.Tx) error
	state  atomic.Uint32
	err    error
	panics any  // what fn panicked with
	exited bool // fn ended its goroutine (a test's FailNow does)
	done   chan struct{}
}

// requests are reused, except those that were withdrawn: the writer still holds them.
var requests = sync.Pool{New: func() any { return &request{done: make(chan struct{}, 1)} }}

func newRequest(ctx context.Context, fn func(store.Tx) error) *request {
	r := requests.Get().(*request)
	r.ctx, r.fn = ctx, fn
	return r
}

func (r *request) recycle() {
	r.ctx, r.fn, r.err, r.panics, r.exited = nil, nil, nil, nil, false
	r.state.Store(queued)
	requests.Put(r)
}

// take claims the request for the writer; false means that the caller has gone.
func (r *request) take() bool {
	return r.state.CompareAndSwap(queued, taken) || r.state.Load() == taken
}

// withdraw claims the request for the caller; false means that the writer was first.
func (r *request) withdraw() bool { return r.state.CompareAndSwap(queued, withdrawn) }

// succeeded says whether the writes of fn shall be applied.
func (r *request) succeeded() bool { return r.err == nil && r.panics == nil && !r.exited }

// call runs fn and notes how it ended. A panic ends here, so that the writer lives on.
func (r *request) call(t *transaction) {
	if r.exited { // it has had its turn, in the batch that it brought down
		return
	}
	r.panics = nil
	if r.err = r.ctx.Err(); r.err != nil {
		return
	}
	returned := false
	defer func() {
		t.end()
		if returned {
			return
		}
		if r.panics = recover(); r.panics == nil {
			r.exited = true
		}
	}()
	r.err = r.fn(t)
	returned = true
}

// answer wakes the caller. An error of the engine concerns everyone in the batch, also those whose
// own function failed: what they saw and reported was never committed.
func (r *request) answer(engine error) {
	if engine != nil {
		r.err = engine
	}
	r.done <- struct{}{}
}

// wait returns what became of the request, in the way fn itself ended: with its error, its panic,
// or the end of the goroutine.
func (r *request) wait() error {
	select {
	case <-r.done:
	case <-r.ctx.Done():
		if r.withdraw() {
			return r.ctx.Err()
		}
		<-r.done
	}
	err, panics, exited := r.err, r.panics, r.exited
	r.recycle()
	switch {
	case panics != nil:
		panic(panics)
	case exited:
		runtime.Goexit()
	}
	return err
}
