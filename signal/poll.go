package signal

import (
	"context"
	"fmt"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/outbox"
)

// How events are polled.
const (
	maxPoll   = 100              // events in one answer
	window    = 1000             // how far back an acknowledgement may reach
	pollWait  = 20 * time.Second // how long an answer waits for an event
	pollEvery = time.Second
)

// PollRequest is what a vendor asks (RFC 8936, 2.2).
type PollRequest struct {
	Max          int  // events at most; negative means as many as there may be
	Immediately  bool // do not wait when there is nothing
	Acknowledged []id.Event
	Refused      map[id.Event]string // by code
}

// PollAnswer is what it gets (RFC 8936, 2.3).
type PollAnswer struct {
	Sets map[id.Event]string // signed, by name
	More bool
}

// Poll takes the vendor's answers to events, and gives it those that wait. It waits a while when
// there are none, unless told not to.
func (t *Transmitter) Poll(ctx context.Context, client id.Client, stream id.Stream, r PollRequest) (PollAnswer, error) {
	if err := t.settleNamed(ctx, client, stream, r); err != nil {
		return PollAnswer{}, fmt.Errorf("poll: %w", err)
	}
	limit := r.Max
	if limit < 0 || limit > maxPoll {
		limit = maxPoll
	}
	until := time.NewTimer(pollWait)
	defer until.Stop()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		answer, err := t.pollOnce(ctx, client, limit)
		if err != nil || len(answer.Sets) > 0 || r.Immediately || limit == 0 {
			return answer, err
		}
		select {
		case <-ctx.Done():
			return answer, nil
		case <-until.C:
			return answer, nil
		case <-tick.C:
		}
	}
}

// pollOnce signs what waits, at most limit.
func (t *Transmitter) pollOnce(ctx context.Context, client id.Client, limit int) (PollAnswer, error) {
	answer := PollAnswer{Sets: map[id.Event]string{}}
	s, events, err := t.waiting(ctx, client, limit+1)
	if err != nil {
		return PollAnswer{}, fmt.Errorf("poll: %w", err)
	}
	if s.Status != Enabled {
		return answer, nil
	}
	if len(events) > limit {
		events, answer.More = events[:limit], true
	}
	v, err := t.o.Vendors.Get(ctx, client)
	if err != nil {
		return PollAnswer{}, fmt.Errorf("poll: %w", err)
	}
	for _, e := range events {
		if answer.Sets[e.ID], err = t.sign(v, s, e); err != nil {
			return PollAnswer{}, fmt.Errorf("poll: %w", err)
		}
	}
	return answer, nil
}

// settleNamed stores the answers to events that the vendor names. A name that is not among what
// waits was settled before, or never was one: neither is a mistake.
func (t *Transmitter) settleNamed(ctx context.Context, client id.Client, stream id.Stream, r PollRequest) error {
	s, events, err := t.waiting(ctx, client, window)
	switch {
	case err != nil:
		return err
	case s.ID != stream:
		return ErrNoStream
	case s.Method != Poll:
		return ErrNotPolled
	}
	places := make(map[id.Event]uint64, len(events))
	for _, e := range events {
		places[e.ID] = e.Place
	}
	var answers []outbox.Answer
	for _, name := range r.Acknowledged {
		if place, ok := places[name]; ok {
			answers = append(answers, outbox.Answer{Place: place})
		}
	}
	for name, code := range r.Refused {
		if place, ok := places[name]; ok {
			answers = append(answers, outbox.Answer{Place: place, Refused: refusalCode(code)})
		}
	}
	return t.settle(ctx, client, answers)
}

// refusalCode keeps the codes of the standard; another text of the vendor's is not shown to anybody.
func refusalCode(code string) string {
	if refusals[code] {
		return code
	}
	return "refused"
}
