package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meins-id/meins/internal/store"
)

// Open returns an empty store that takes its time from now. The suite closes it.
type Open func(t *testing.T, now func() time.Time) store.Store

// Run checks an engine against everything that package store promises.
func Run(t *testing.T, open Open) {
	cases := []struct {
		name string
		run  func(*suite)
	}{
		{"random operations agree with a map", (*suite).agreesWithModel},
		{"a View sees one snapshot", (*suite).viewIsSnapshot},
		{"an Update sees its own writes", (*suite).updateSeesOwnWrites},
		{"one of 100 racers redeems a code", (*suite).oneRacerWins},
		{"no increment is lost", (*suite).noIncrementLost},
		{"two transactions cannot both act on what the other changes", (*suite).noWriteSkew},
		{"an expired record is absent", (*suite).expiredIsAbsent},
		{"a record can be renewed", (*suite).expiryIsReplaced},
		{"Scan walks in order from a key", (*suite).scanWalks},
		{"Scan stops at 1000 unless told otherwise", (*suite).scanHasLimit},
		{"an error discards its own writes only", (*suite).errorDiscards},
		{"a panic reaches the caller and nobody else", (*suite).panicReachesCaller},
		{"a function may end its goroutine", (*suite).goexitIsSurvived},
		{"a cancelled context runs nothing", (*suite).cancelledRunsNothing},
		{"limits hold to the byte", (*suite).limitsHold},
		{"values are copies", (*suite).valuesAreCopies},
		{"an empty value is a value", (*suite).emptyIsValue},
		{"a closed store refuses", (*suite).closedRefuses},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(newSuite(t, open)) })
	}
}

// clock is a time that moves only when a test moves it. It counts in milliseconds: an engine need
// not be finer.
type clock struct{ millis atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.millis.Store(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC).UnixMilli())
	return c
}

func (c *clock) Now() time.Time               { return time.UnixMilli(c.millis.Load()).UTC() }
func (c *clock) advance(by time.Duration)     { c.millis.Add(by.Milliseconds()) }
func (c *clock) in(d time.Duration) time.Time { return c.Now().Add(d) }

// never is the expiry of a record that stays.
var never time.Time

// suite is one case with its own store.
type suite struct {
	*testing.T
	store store.Store
	clock *clock
}

func newSuite(t *testing.T, open Open) *suite {
	t.Helper()
	c := newClock()
	s := open(t, c.Now)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return &suite{T: t, store: s, clock: c}
}

// update runs fn in an Update that must succeed.
func (s *suite) update(fn func(tx store.Tx) error) {
	s.Helper()
	if err := s.store.Update(s.Context(), fn); err != nil {
		s.Fatalf("update: %v", err)
	}
}

// put stores key=value in a transaction of its own.
func (s *suite) put(key, value string, expires time.Time) {
	s.Helper()
	s.update(func(tx store.Tx) error { return tx.Put(key, []byte(value), expires) })
}

// absent stands for "there is no record" in what contents returns.
const absent = "(absent)"

// contents reads keys in one View, by Get and by GetMany, which must agree.
func (s *suite) contents(keys ...string) []string {
	s.Helper()
	var got []string
	err := s.store.View(s.Context(), func(r store.Reader) (err error) {
		got, err = read(r, keys)
		return err
	})
	if err != nil {
		s.Fatalf("view: %v", err)
	}
	return got
}

// read reads keys by Get and by GetMany, and reports where they differ.
func read(r store.Reader, keys []string) ([]string, error) {
	many, err := r.GetMany(keys...)
	if err != nil {
		return nil, err
	}
	if len(many) != len(keys) {
		return nil, fmt.Errorf("GetMany of %d keys returned %d values", len(keys), len(many))
	}
	got := make([]string, len(keys))
	for i, key := range keys {
		value, err := r.Get(key)
		switch {
		case errors.Is(err, store.ErrNotFound) && value == nil && many[i] == nil:
			got[i] = absent
		case err == nil && many[i] != nil && string(many[i]) == string(value):
			got[i] = string(value)
		default:
			return nil, fmt.Errorf("key %q: Get returned %q, %w and GetMany %q", key, value, err, many[i])
		}
	}
	return got, nil
}

// keys scans in a View of its own and returns the keys.
func (s *suite) keys(prefix, from string, limit int) []string {
	s.Helper()
	var items []store.Item
	err := s.store.View(s.Context(), func(r store.Reader) (err error) {
		items, err = r.Scan(prefix, from, limit)
		return err
	})
	if err != nil {
		s.Fatalf("scan: %v", err)
	}
	return keysOf(items)
}

func keysOf(items []store.Item) []string {
	keys := make([]string, len(items))
	for i, item := range items {
		keys[i] = item.Key
	}
	return keys
}

// equal fails the test where got is not want.
func equal[T any](s *suite, what string, got, want T) {
	s.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		s.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// all runs fn n times at once and returns how often it returned nil. Any other error than permitted
// fails the test.
func (s *suite) all(n int, permitted error, fn func(ctx context.Context, i int) error) int {
	s.Helper()
	results := make(chan error, n)
	for i := range n {
		go func() { results <- fn(s.Context(), i) }()
	}
	won := 0
	for range n {
		switch err := <-results; {
		case err == nil:
			won++
		case permitted == nil || !errors.Is(err, permitted):
			s.Errorf("one of %d: %v", n, err)
		}
	}
	return won
}
