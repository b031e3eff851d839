package signal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/outbox"
	"github.com/meins-id/meins/internal/store"
)

// How events are pushed.
const (
	pushEvery  = time.Second      // how often it is looked whether there is something
	pushAtOnce = 16               // vendors that are pushed to at the same time
	batch      = 50               // events between two notes of what was taken
	leaseTime  = 2 * time.Minute  // longer than the slowest batch
	firstPause = 2 * time.Second  // after a push that failed; doubled each time
	longPause  = 15 * time.Minute // and never longer than this
	maxAnswer  = 4 << 10
)

// pushes is what this node remembers of vendors that it pushes to.
type pushes struct {
	slots chan struct{}

	mu    sync.Mutex
	under map[id.Client]bool // being pushed to
	pause map[id.Client]pause
}

// pause is how long a vendor that did not answer is left alone. It is forgotten with the process: a
// restart tries anew.
type pause struct {
	failures int
	until    time.Time
}

func newPushes() *pushes {
	return &pushes{slots: make(chan struct{}, pushAtOnce), under: map[id.Client]bool{}, pause: map[id.Client]pause{}}
}

// begin says whether this vendor can be pushed to now; end must follow.
func (p *pushes) begin(c id.Client, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.under[c] || now.Before(p.pause[c].until) {
		return false
	}
	p.under[c] = true
	return true
}

// end notes how it went.
func (p *pushes) end(c id.Client, failed bool, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.under, c)
	if !failed {
		delete(p.pause, c)
		return
	}
	n := p.pause[c].failures
	wait := min(firstPause<<min(n, 20), longPause)
	p.pause[c] = pause{failures: n + 1, until: now.Add(wait)}
}

// Run pushes events until ctx ends, and returns when nothing is under way any more.
func (t *Transmitter) Run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	tick := time.NewTicker(pushEvery)
	defer tick.Stop()
	for {
		t.round(ctx, &all)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// round starts a push to each vendor that may have something waiting.
func (t *Transmitter) round(ctx context.Context, all *sync.WaitGroup) {
	var clients []id.Client
	err := t.o.Store.View(ctx, func(r store.Reader) (err error) {
		clients, err = outbox.Listening(r)
		return err
	})
	if err != nil {
		if ctx.Err() == nil {
			t.o.Log.ErrorContext(ctx, "look for events", "err", err)
		}
		return
	}
	for _, c := range clients {
		if !t.pushes.begin(c, t.o.Now()) {
			continue
		}
		select {
		case t.pushes.slots <- struct{}{}:
		case <-ctx.Done():
			t.pushes.end(c, false, t.o.Now())
			return
		}
		all.Go(func() {
			err := t.push(ctx, c)
			<-t.pushes.slots
			t.pushes.end(c, err != nil, t.o.Now())
			if err != nil && ctx.Err() == nil {
				t.o.Log.WarnContext(ctx, "push events", "client", c, "err", err)
			}
		})
	}
}

// push tells a vendor all that waits for it, in order, until it does not answer.
func (t *Transmitter) push(ctx context.Context, client id.Client) error {
	for {
		s, events, err := t.waiting(ctx, client, batch)
		if errors.Is(err, ErrNoStream) {
			return nil // deleted meanwhile
		}
		if err != nil || len(events) == 0 || s.Method != Push || s.Status != Enabled {
			return err
		}
		mine, err := t.lease(ctx, client)
		if err != nil || !mine {
			return err
		}
		v, err := t.o.Vendors.Get(ctx, client)
		if err != nil {
			return err
		}
		answers, failure := t.pushAll(ctx, v, s, events)
		// What was taken is noted even while the server stops: else it would be told twice.
		if err := t.settle(context.WithoutCancel(ctx), client, answers); err != nil {
			return err
		}
		if failure != nil {
			return failure
		}
	}
}

// pushAll pushes one event after the other, and says what was answered until one failed.
func (t *Transmitter) pushAll(ctx context.Context, v identity.Vendor, s Stream, events []outbox.Event) ([]outbox.Answer, error) {
	answers := make([]outbox.Answer, 0, len(events))
	for _, e := range events {
		text, err := t.sign(v, s, e)
		if err != nil {
			return answers, err
		}
		refused, err := t.pushOne(ctx, s, text)
		if err != nil {
			return answers, err
		}
		if refused != "" {
			t.o.Log.WarnContext(ctx, "event refused", "client", s.Client, "event", e.ID, "kind", e.Kind, "refusal", refused)
		}
		answers = append(answers, outbox.Answer{Place: e.Place, Refused: refused})
	}
	return answers, nil
}

// pushOne delivers one token (RFC 8935, 2). A vendor that refuses it with a code of the standard gets
// it never again; any other answer than yes is a failure, after which it is tried again later.
func (t *Transmitter) pushOne(ctx context.Context, s Stream, text string) (refused string, err error) {
	header := http.Header{"Content-Type": {"application/secevent+jwt"}, "Accept": {"application/json"}}
	if s.Authorization != "" {
		header.Set("Authorization", s.Authorization)
	}
	answer, err := t.o.Out.Post(ctx, s.Endpoint, header, []byte(text), maxAnswer)
	switch {
	case err != nil:
		return "", err
	case answer.Status == http.StatusAccepted, answer.Status == http.StatusOK, answer.Status == http.StatusNoContent:
		return "", nil
	case answer.Status == http.StatusBadRequest:
		var problem struct {
			Code string `json:"err"`
		}
		if json.Unmarshal(answer.Body, &problem) == nil && refusals[problem.Code] {
			return problem.Code, nil
		}
	}
	return "", fmt.Errorf("the vendor answers %d", answer.Status)
}

// refusals are the codes with which a vendor says that a token is none for it (RFC 8935, 2.4). The
// two that say that it did not know who calls can be mended, so those are tried again.
var refusals = map[string]bool{
	"invalid_request": true, "invalid_key": true, "invalid_issuer": true, "invalid_audience": true, "invalid_state": true,
}
