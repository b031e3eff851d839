package repeat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/repeat"
	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/internal/store/bolt"
)

// plain stands for the key ring: it turns the bytes round, so that what is stored can be told from what
// was said.
type plain struct{}

func (plain) Seal(purpose, object string, secret []byte) []byte {
	return append([]byte(purpose+object), flipped(secret)...)
}

func (plain) Open(purpose, object string, sealed []byte) ([]byte, error) {
	raw, ok := bytes.CutPrefix(sealed, []byte(purpose+object))
	if !ok {
		return nil, errors.New("sealed for something else")
	}
	return flipped(raw), nil
}

func flipped(b []byte) []byte {
	out := make([]byte, len(b))
	for i := range b {
		out[i] = b[i] ^ 0x55
	}
	return out
}

// shop counts orders in a store.
type shop struct {
	*repeat.Store
	below store.Store
	now   time.Time
}

func open(t *testing.T) *shop {
	t.Helper()
	s := &shop{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return s.now }
	below, err := bolt.Open(filepath.Join(t.TempDir(), "db"), bolt.Options{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = below.Close() })
	s.below, s.Store = below, repeat.Over(below, plain{}, clock)
	return s
}

func call(key, print string) repeat.Call {
	return repeat.Call{Caller: "vendor/a", Name: "order", Key: key, Print: []byte(print)}
}

// order is a change.
func (s *shop) order(ctx context.Context) error {
	return s.Update(ctx, func(tx store.Tx) error {
		n, err := tx.Get("orders")
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return tx.Put("orders", append(n, 'x'), time.Time{})
	})
}

func (s *shop) ordered(ctx context.Context) (repeat.Answer, error) {
	if err := s.order(ctx); err != nil {
		return repeat.Answer{}, err
	}
	return repeat.Answer{Status: 201, Body: []byte("made-marker")}, nil
}

func (s *shop) orders(t *testing.T) (n int) {
	t.Helper()
	err := s.View(t.Context(), func(r store.Reader) error {
		raw, err := r.Get("orders")
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		n = len(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestOnce_sameKeyAndRequest_isAnsweredAsBefore_andDoneOnce(t *testing.T) {
	s := open(t)
	for range 3 {
		a, err := s.Once(t.Context(), call("k", "p"), s.ordered)
		if err != nil || a.Status != 201 || string(a.Body) != "made-marker" {
			t.Fatalf("%+v, %v", a, err)
		}
	}
	if n := s.orders(t); n != 1 {
		t.Errorf("%d orders", n)
	}
	for what, c := range map[string]repeat.Call{
		"another key": call("l", "p"), "another caller": {Caller: "vendor/b", Name: "order", Key: "k", Print: []byte("p")},
		"another call": {Caller: "vendor/a", Name: "other", Key: "k", Print: []byte("p")},
	} {
		before := s.orders(t)
		if _, err := s.Once(t.Context(), c, s.ordered); err != nil || s.orders(t) != before+1 {
			t.Errorf("%s is not a call of its own: %v", what, err)
		}
	}
}

func TestOnce_sameKeyAndAnotherRequest_isRefused_andNothingIsDone(t *testing.T) {
	s := open(t)
	if _, err := s.Once(t.Context(), call("k", "p"), s.ordered); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Once(t.Context(), call("k", "q"), s.ordered); !errors.Is(err, repeat.ErrReused) || s.orders(t) != 1 {
		t.Errorf("%v, %d orders", err, s.orders(t))
	}
	s.now = s.now.Add(repeat.Kept)
	if _, err := s.Once(t.Context(), call("k", "q"), s.ordered); err != nil || s.orders(t) != 2 {
		t.Errorf("a day later: %v, %d orders", err, s.orders(t))
	}
}

func TestOnce_whileItRuns_isToldSo(t *testing.T) {
	s := open(t)
	_, err := s.Once(t.Context(), call("k", "p"), func(ctx context.Context) (repeat.Answer, error) {
		if _, err := s.Once(ctx, call("k", "p"), s.ordered); !errors.Is(err, repeat.ErrRunning) {
			t.Errorf("before the change: %v", err)
		}
		a, err := s.ordered(ctx)
		if _, err := s.Once(ctx, call("k", "p"), s.ordered); !errors.Is(err, repeat.ErrRunning) {
			t.Errorf("after the change: %v", err)
		}
		return a, err
	})
	if err != nil || s.orders(t) != 1 {
		t.Errorf("%v, %d orders", err, s.orders(t))
	}
}

func TestOnce_manyAtOnce_oneIsDone(t *testing.T) {
	s := open(t)
	var group sync.WaitGroup
	var done, running atomic.Int32
	for range 50 {
		group.Go(func() {
			switch _, err := s.Once(context.Background(), call("k", "p"), s.ordered); {
			case err == nil:
				done.Add(1)
			case errors.Is(err, repeat.ErrRunning):
				running.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	group.Wait()
	if s.orders(t) != 1 || done.Load() < 1 || done.Load()+running.Load() != 50 {
		t.Errorf("%d orders, %d answered, %d told to wait", s.orders(t), done.Load(), running.Load())
	}
}

var errRefused = errors.New("refused")

func TestOnce_whatWasRefused_mayBeTriedAgain(t *testing.T) {
	s := open(t)
	for what, refuse := range map[string]func(context.Context) error{
		"before any transaction": func(context.Context) error { return nil },
		"in one that only read":  func(ctx context.Context) error { return s.Update(ctx, func(store.Tx) error { return nil }) },
		"in one that failed": func(ctx context.Context) error {
			return s.Update(ctx, func(tx store.Tx) error { return errors.Join(tx.Put("orders", []byte("x"), time.Time{}), errRefused) })
		},
	} {
		if _, err := s.Once(t.Context(), call("k", "p"), func(ctx context.Context) (repeat.Answer, error) {
			return repeat.Answer{}, errors.Join(refuse(ctx), errRefused)
		}); !errors.Is(err, errRefused) || s.orders(t) != 0 {
			t.Errorf("%s: %v", what, err)
		}
	}
	if a, err := s.Once(t.Context(), call("k", "p"), s.ordered); err != nil || a.Status != 201 {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestOnce_changedAndThenFailed_isNeverDoneAgain(t *testing.T) {
	s := open(t)
	if _, err := s.Once(t.Context(), call("k", "p"), func(ctx context.Context) (repeat.Answer, error) {
		return repeat.Answer{}, errors.Join(s.order(ctx), errRefused)
	}); !errors.Is(err, errRefused) {
		t.Error(err)
	}
	if a, err := s.Once(t.Context(), call("k", "p"), s.ordered); !errors.Is(err, repeat.ErrLost) || a.Body != nil || s.orders(t) != 1 {
		t.Errorf("%+v, %v, %d orders", a, err, s.orders(t))
	}
}

// A node dies: what do would have returned is never seen.
func TestOnce_afterACrash_isDoneOnce_whereverItCame(t *testing.T) {
	for what, c := range map[string]struct {
		crash func(s *shop, ctx context.Context)
		want  error
	}{
		"before the change": {func(*shop, context.Context) {}, nil},
		"after the change":  {func(s *shop, ctx context.Context) { _ = s.order(ctx) }, repeat.ErrLost},
	} {
		s := open(t)
		func() {
			defer func() { _ = recover() }()
			_, _ = s.Once(t.Context(), call("k", "p"), func(ctx context.Context) (repeat.Answer, error) {
				c.crash(s, ctx)
				panic("the node is gone")
			})
		}()
		if _, err := s.Once(t.Context(), call("k", "p"), s.ordered); !errors.Is(err, repeat.ErrRunning) {
			t.Errorf("%s, at once: %v", what, err)
		}
		s.now = s.now.Add(2 * time.Minute)
		if _, err := s.Once(t.Context(), call("k", "p"), s.ordered); !errors.Is(err, c.want) {
			t.Errorf("%s, later: %v", what, err)
		}
		if n := s.orders(t); n != 1 {
			t.Errorf("%s: %d orders", what, n)
		}
	}
}

func TestUpdate_ofANodeThatTookTooLong_changesNothing(t *testing.T) {
	s := open(t)
	_, err := s.Once(t.Context(), call("k", "p"), func(ctx context.Context) (repeat.Answer, error) {
		s.now = s.now.Add(2 * time.Minute)
		if _, err := s.Once(ctx, call("k", "p"), s.ordered); err != nil {
			t.Errorf("the one that takes over: %v", err)
		}
		return s.ordered(ctx)
	})
	if !errors.Is(err, repeat.ErrRunning) || s.orders(t) != 1 {
		t.Errorf("%v, %d orders", err, s.orders(t))
	}
	if a, err := s.Once(t.Context(), call("k", "p"), s.ordered); err != nil || a.Status != 201 {
		t.Errorf("who took over answered %+v, %v", a, err)
	}
}

func TestOnce_answerWithASecret_isGivenOnce_andKeptNowhere(t *testing.T) {
	s := open(t)
	made := func(ctx context.Context) (repeat.Answer, error) {
		a, err := s.ordered(ctx)
		a.Secret = true
		return a, err
	}
	if a, err := s.Once(t.Context(), call("k", "p"), made); err != nil || string(a.Body) != "made-marker" {
		t.Fatalf("%+v, %v", a, err)
	}
	if a, err := s.Once(t.Context(), call("k", "p"), made); !errors.Is(err, repeat.ErrSecret) || a.Body != nil || s.orders(t) != 1 {
		t.Errorf("%+v, %v", a, err)
	}
	err := s.View(t.Context(), func(r store.Reader) error {
		items, err := r.Scan("repeat/", "", 0)
		for _, item := range items {
			var rec struct{ Sealed []byte }
			if err := json.Unmarshal(item.Value, &rec); err != nil {
				return err
			}
			raw, err := plain{}.Open("repeated-call", strings.TrimPrefix(item.Key, "repeat/"), rec.Sealed)
			if err != nil || !bytes.Contains(raw, []byte(`"secret":true`)) || bytes.Contains(raw, []byte(`"body"`)) {
				t.Errorf("kept is %s, %v", raw, err)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRecords_tellNeitherWhoCalledNorWhat(t *testing.T) {
	s := open(t)
	if _, err := s.Once(t.Context(), call("key-marker", "print-marker"), s.ordered); err != nil {
		t.Fatal(err)
	}
	s.tellsNothing(t, "key-marker", "print-marker", "made-marker", "vendor/a", "order/")
}

func (s *shop) tellsNothing(t *testing.T, markers ...string) {
	t.Helper()
	err := s.View(t.Context(), func(r store.Reader) error {
		items, err := r.Scan("repeat/", "", 0)
		if len(items) == 0 {
			t.Error("there is no record")
		}
		for _, item := range items {
			for _, marker := range markers {
				if strings.Contains(item.Key+string(item.Value), marker) {
					t.Errorf("a record has %q", marker)
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestParseKey_takesAStringOrABareText(t *testing.T) {
	for header, want := range map[string]string{
		"8e03978e-40d5-43dd-bc93-6894a57f9324": "8e03978e-40d5-43dd-bc93-6894a57f9324", `"a b"`: "", `"ab"`: "ab", "x": "x",
		"": "", `"`: "", `""`: "", `"a`: "", `a"`: "", "a b": "", "ä": "", "a\x00": "", strings.Repeat("a", 255): strings.Repeat("a", 255),
		strings.Repeat("a", 256): "", `a\b`: "",
	} {
		got, err := repeat.ParseKey(header)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q, %v", header, got, err)
		}
	}
}
