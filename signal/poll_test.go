package signal

import (
	"errors"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/outbox"
)

func (w *world) poll(t *testing.T, s Stream, r PollRequest) PollAnswer {
	t.Helper()
	r.Immediately = true
	answer, err := w.Poll(t.Context(), w.vendor.ID, s.ID, r)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestPoll_event_staysUntilItIsAcknowledged(t *testing.T) {
	w := newWorld(t)
	s := w.listens(t, Config{Method: Poll})
	first, second := w.happens(t, outbox.GrantGiven, "email"), w.happens(t, outbox.GrantWithdrawn, "email")
	for range 2 {
		answer := w.poll(t, s, PollRequest{Max: 1})
		if len(answer.Sets) != 1 || !answer.More || w.opened(t, answer.Sets[first.ID]).ID != string(first.ID) {
			t.Fatalf("got %d events, more: %v", len(answer.Sets), answer.More)
		}
	}
	answer := w.poll(t, s, PollRequest{Max: -1, Acknowledged: []id.Event{first.ID, "of nobody"}})
	if len(answer.Sets) != 1 || answer.More || answer.Sets[second.ID] == "" {
		t.Errorf("after the first: %d events, more: %v", len(answer.Sets), answer.More)
	}
	w.poll(t, s, PollRequest{Refused: map[id.Event]string{second.ID: "made up"}})
	if answer := w.poll(t, s, PollRequest{Max: -1}); len(answer.Sets) != 0 {
		t.Errorf("after both: %d events", len(answer.Sets))
	}
	told := w.told(t)
	if len(told) != 2 {
		t.Fatalf("the customer sees %+v", told)
	}
	for _, one := range told {
		if refused := one.Event == second.ID; (one.Refused == "refused") != refused || one.Acknowledged.IsZero() != refused {
			t.Errorf("the customer sees %+v", one)
		}
	}
}

func TestPoll_nothingThere_waitsForAnEvent(t *testing.T) {
	w := newWorld(t)
	s := w.listens(t, Config{Method: Poll})
	got := make(chan PollAnswer, 1)
	go func() {
		answer, err := w.Poll(t.Context(), w.vendor.ID, s.ID, PollRequest{Max: -1})
		if err != nil {
			t.Error(err)
		}
		got <- answer
	}()
	time.Sleep(50 * time.Millisecond)
	e := w.happens(t, outbox.ClaimsChanged, "email")
	select {
	case answer := <-got:
		if answer.Sets[e.ID] == "" {
			t.Error("the event is not there")
		}
	case <-time.After(pollWait / 2):
		t.Error("the answer waits though there is an event")
	}
}

func TestPoll_streamThatIsNotTheVendors_isUnknown(t *testing.T) {
	w := newWorld(t)
	s := w.listens(t, Config{Method: Poll})
	other, _, err := w.o.Vendors.Add(t.Context(), w.vendorCalled("Other"))
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"poll":   func() error { _, err := w.Poll(t.Context(), other.ID, s.ID, PollRequest{}); return err },
		"delete": func() error { return w.Delete(t.Context(), other.ID, s.ID) },
		"verify": func() error { return w.Verify(t.Context(), other.ID, s.ID, "") },
		"status": func() error { _, err := w.SetStatus(t.Context(), other.ID, s.ID, Paused, ""); return err },
		"configure": func() error {
			_, err := w.Configure(t.Context(), other.ID, s.ID, always(Config{Method: Poll}))
			return err
		},
		"another name": func() error { _, err := w.Poll(t.Context(), w.vendor.ID, "x", PollRequest{}); return err },
	} {
		if err := call(); !errors.Is(err, ErrNoStream) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPoll_pushedStream_isRefused(t *testing.T) {
	w, r := newWorld(t), newReceiver(t)
	s := w.listens(t, Config{Method: Push, Endpoint: r.URL})
	if _, err := w.Poll(t.Context(), w.vendor.ID, s.ID, PollRequest{}); !errors.Is(err, ErrNotPolled) {
		t.Error(err)
	}
}
