package outbox_test

import (
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/outbox"
	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/internal/store/bolt"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	client = id.Client("cccccccccccccccccccccccccc")
	other  = id.Client("dddddddddddddddddddddddddd")
	grant  = id.Grant("gggggggggggggggggggggggggg")
)

func open(t *testing.T) store.Store {
	t.Helper()
	s, err := bolt.Open(filepath.Join(t.TempDir(), "db"), bolt.Options{Now: func() time.Time { return start }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func update(t *testing.T, s store.Store, fn func(store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func listen(t *testing.T, s store.Store, clients ...id.Client) {
	t.Helper()
	for _, c := range clients {
		update(t, s, func(tx store.Tx) error { return outbox.Open(tx, c, []outbox.Kind{outbox.ClaimsChanged}) })
	}
}

func event(claims ...string) outbox.Event {
	return outbox.Event{ID: id.New[id.Event](), Kind: outbox.ClaimsChanged, Time: start, Grant: grant, Claims: claims}
}

func pending(t *testing.T, s store.Store, c id.Client, after uint64) []outbox.Event {
	t.Helper()
	var events []outbox.Event
	err := s.View(t.Context(), func(r store.Reader) (err error) {
		events, err = outbox.Pending(r, c, after, 1000)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func told(t *testing.T, s store.Store) []outbox.Told {
	t.Helper()
	var all []outbox.Told
	err := s.View(t.Context(), func(r store.Reader) (err error) {
		all, _, err = outbox.ToldUnder(r, grant, "", 100)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(all)
	return all
}

func TestPut_vendorThatDoesNotListen_writesNothing(t *testing.T) {
	s := open(t)
	update(t, s, func(tx store.Tx) error { return outbox.Put(tx, client, event("email")) })
	if got := pending(t, s, client, 0); len(got) != 0 {
		t.Errorf("pending: %v", got)
	}
	if got := told(t, s); len(got) != 0 {
		t.Errorf("told: %v", got)
	}
}

func TestPut_changeThatIsNotCommitted_leavesNoEvent(t *testing.T) {
	s := open(t)
	listen(t, s, client)
	boom := errors.New("boom")
	err := s.Update(t.Context(), func(tx store.Tx) error {
		if err := outbox.Put(tx, client, event("email")); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Fatal(err)
	}
	if got := pending(t, s, client, 0); len(got) != 0 {
		t.Errorf("pending: %v", got)
	}
}

func TestPending_isInTheOrderOfTheChanges_vendorByVendor(t *testing.T) {
	s := open(t)
	listen(t, s, client, other)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_ = s.Update(t.Context(), func(tx store.Tx) error {
				if err := outbox.Put(tx, other, event("name")); err != nil {
					return err
				}
				return outbox.Put(tx, client, event("email"))
			})
		})
	}
	all.Wait()
	events := pending(t, s, client, 0)
	if len(events) != 20 {
		t.Fatalf("%d events", len(events))
	}
	for i, e := range events {
		if e.Place != uint64(i+1) || e.Claims[0] != "email" {
			t.Errorf("event %d: %+v", i, e)
		}
	}
	if rest := pending(t, s, client, 17); len(rest) != 3 || rest[0].ID != events[17].ID {
		t.Errorf("after 17: %v", rest)
	}
	again := event("phone_number")
	update(t, s, func(tx store.Tx) error { return outbox.Open(tx, client, []outbox.Kind{outbox.ClaimsChanged}) })
	update(t, s, func(tx store.Tx) error { return outbox.Put(tx, client, again) })
	again.Place = 21
	if diff := cmp.Diff([]outbox.Event{again}, pending(t, s, client, 20)); diff != "" {
		t.Error(diff)
	}
}

func TestSettle_tellsTheCustomerWhen_andNotTwice(t *testing.T) {
	s := open(t)
	listen(t, s, client)
	update(t, s, func(tx store.Tx) error { return outbox.Put(tx, client, event("email")) })
	if got := told(t, s); len(got) != 1 || !got[0].Acknowledged.IsZero() {
		t.Fatalf("before: %+v", got)
	}
	noted := start.Add(time.Minute)
	for range 2 {
		update(t, s, func(tx store.Tx) error { return outbox.Settle(tx, client, outbox.Answer{Place: 1}, noted) })
		noted = noted.Add(time.Hour)
	}
	got := told(t, s)
	if len(got) != 1 || !got[0].Acknowledged.Equal(start.Add(time.Minute)) || got[0].Claims[0] != "email" {
		t.Errorf("after: %+v", got)
	}
	if left := pending(t, s, client, 0); len(left) != 0 {
		t.Errorf("pending: %v", left)
	}
}

func TestForget_anAcknowledgementThatComesLate_bringsNothingBack(t *testing.T) {
	s := open(t)
	listen(t, s, client)
	update(t, s, func(tx store.Tx) error { return outbox.Put(tx, client, event("email")) })
	update(t, s, func(tx store.Tx) error { return outbox.Forget(tx, grant) })
	update(t, s, func(tx store.Tx) error { return outbox.Settle(tx, client, outbox.Answer{Place: 1}, start) })
	if got := told(t, s); len(got) != 0 {
		t.Errorf("told: %v", got)
	}
}

func TestShut_dropsWhatWasNotTold(t *testing.T) {
	s := open(t)
	listen(t, s, client, other)
	for range 700 {
		update(t, s, func(tx store.Tx) error { return outbox.Put(tx, client, event("email")) })
	}
	update(t, s, func(tx store.Tx) error { return outbox.Put(tx, other, event("email")) })
	for done := false; !done; {
		update(t, s, func(tx store.Tx) (err error) { done, err = outbox.Shut(tx, client); return err })
	}
	if got := pending(t, s, client, 0); len(got) != 0 {
		t.Errorf("%d are left", len(got))
	}
	var listening []id.Client
	if err := s.View(t.Context(), func(r store.Reader) (err error) {
		listening, err = outbox.Listening(r)
		return err
	}); err != nil || len(listening) != 1 || listening[0] != other {
		t.Errorf("listening: %v %v", listening, err)
	}
	if got := pending(t, s, other, 0); len(got) != 1 {
		t.Errorf("the other vendor lost its event")
	}
}

func TestOpen_afterAShutThatDidNotFinish_tellsOnlyWhatIsNew(t *testing.T) {
	s := open(t)
	listen(t, s, client)
	for range 700 {
		update(t, s, func(tx store.Tx) error { return outbox.Put(tx, client, event("old")) })
	}
	update(t, s, func(tx store.Tx) error {
		_, err := outbox.Shut(tx, client)
		return err
	})
	listen(t, s, client)
	update(t, s, func(tx store.Tx) error { return outbox.Put(tx, client, event("new")) })
	if got := pending(t, s, client, 0); len(got) != 1 || got[0].Claims[0] != "new" || got[0].Place != 701 {
		t.Errorf("pending: %v", got)
	}
}

func TestSettle_eventThatTheVendorRefused_isNotToldAgain(t *testing.T) {
	s := open(t)
	listen(t, s, client)
	update(t, s, func(tx store.Tx) error { return outbox.Put(tx, client, event("email")) })
	update(t, s, func(tx store.Tx) error {
		return outbox.Settle(tx, client, outbox.Answer{Place: 1, Refused: "invalid_key"}, start)
	})
	if got := told(t, s); len(got) != 1 || got[0].Refused != "invalid_key" || !got[0].Acknowledged.IsZero() {
		t.Errorf("told: %+v", got)
	}
	if left := pending(t, s, client, 0); len(left) != 0 {
		t.Errorf("pending: %v", left)
	}
}

func TestPut_kindThatTheVendorDidNotAskFor_isNotWritten(t *testing.T) {
	s := open(t)
	listen(t, s, client)
	unwanted, always := event(), event()
	unwanted.Kind, always.Kind = outbox.GrantWithdrawn, outbox.Verification
	update(t, s, func(tx store.Tx) error { return outbox.Put(tx, client, unwanted) })
	update(t, s, func(tx store.Tx) error { return outbox.Put(tx, client, always) })
	if got := pending(t, s, client, 0); len(got) != 1 || got[0].Kind != outbox.Verification {
		t.Errorf("pending: %v", got)
	}
}
