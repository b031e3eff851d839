package storetest

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"sync"

	"github.com/meins-id/meins/internal/store"
)

// errOnPurpose is what a failing function returns.
var errOnPurpose = errors.New("on purpose")

func (s *suite) errorDiscards() {
	s.put("kept", "1", never)
	won := s.all(60, errOnPurpose, func(ctx context.Context, i int) error {
		return s.store.Update(ctx, func(tx store.Tx) error {
			err := errors.Join(tx.Put("n/"+strconv.Itoa(i), []byte("v"), never), tx.Put("kept", []byte("1"), never))
			if i%3 != 0 {
				return err
			}
			return errors.Join(err, tx.Delete("kept"), errOnPurpose)
		})
	})
	equal(s, "how many succeeded", won, 40)
	equal(s, "how many left a record", len(s.keys("n/", "", 0)), 40)
	equal(s, "those of a failed one", s.contents("n/0", "n/3", "n/57", "kept"), []string{absent, absent, absent, "1"})

	err := s.store.Update(s.Context(), func(store.Tx) error { return errOnPurpose })
	equal(s, "Update returns the error as it is", err == errOnPurpose, true) //nolint:errorlint // as it is: not wrapped
	err = s.store.View(s.Context(), func(store.Reader) error { return errOnPurpose })
	equal(s, "View returns the error as it is", err == errOnPurpose, true) //nolint:errorlint // as it is: not wrapped
}

func (s *suite) panicReachesCaller() {
	var running sync.WaitGroup
	for i := range 20 {
		running.Go(func() {
			defer func() { equalOrError(s, "recovered", recover(), any("on purpose")) }()
			err := s.store.Update(s.Context(), func(tx store.Tx) error {
				if err := tx.Put("bad/"+strconv.Itoa(i), []byte("v"), never); err != nil {
					return err
				}
				panic("on purpose")
			})
			s.Errorf("update returned %v instead of panicking", err)
		})
		running.Go(func() {
			err := s.store.Update(s.Context(), func(tx store.Tx) error {
				return tx.Put("good/"+strconv.Itoa(i), []byte("v"), never)
			})
			equalOrError(s, "a neighbour's update", err, nil)
		})
	}
	running.Wait()
	equal(s, "left by the panicking", s.keys("bad/", "", 0), []string{})
	equal(s, "left by the others", len(s.keys("good/", "", 0)), 20)

	func() {
		defer func() { equal(s, "recovered from a View", recover(), any("on purpose")) }()
		_ = s.store.View(s.Context(), func(store.Reader) error { panic("on purpose") }) // it does not return
	}()
	s.put("after", "works", never)
	equal(s, "after", s.contents("after"), []string{"works"})
}

// equalOrError is equal for goroutines, which must not end the test.
func equalOrError[T comparable](s *suite, what string, got, want T) {
	s.Helper()
	if got != want {
		s.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// goexitIsSurvived is about functions that end their goroutine, as a test's FailNow does.
func (s *suite) goexitIsSurvived() {
	var running sync.WaitGroup
	for i := range 20 {
		running.Go(func() {
			err := s.store.Update(s.Context(), func(tx store.Tx) error {
				if err := tx.Put("n/"+strconv.Itoa(i), []byte("v"), never); err != nil {
					return err
				}
				if i%4 == 0 {
					runtime.Goexit()
				}
				return nil
			})
			if err != nil || i%4 == 0 {
				s.Errorf("update %d returned %v", i, err)
			}
		})
	}
	running.Wait()
	equal(s, "records of the others", len(s.keys("n/", "", 0)), 15)
	equal(s, "of those that ended", s.contents("n/0", "n/4", "n/16"), []string{absent, absent, absent})
}

func (s *suite) cancelledRunsNothing() {
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	ran := false
	err := s.store.Update(ctx, func(tx store.Tx) error {
		ran = true
		return tx.Put("k", []byte("v"), never)
	})
	equal(s, "Update says that it was cancelled", errors.Is(err, context.Canceled), true)
	err = s.store.View(ctx, func(store.Reader) error {
		ran = true
		return nil
	})
	equal(s, "View says that it was cancelled", errors.Is(err, context.Canceled), true)
	equal(s, "a function ran", ran, false)
	equal(s, "left behind", s.contents("k"), []string{absent})
}

func (s *suite) closedRefuses() {
	s.put("k", "v", never)
	if err := s.store.Close(); err != nil {
		s.Fatalf("close: %v", err)
	}
	ran := false
	if err := s.store.Update(s.Context(), func(store.Tx) error { ran = true; return nil }); err == nil {
		s.Error("a closed store accepted an Update")
	}
	if err := s.store.View(s.Context(), func(store.Reader) error { ran = true; return nil }); err == nil {
		s.Error("a closed store accepted a View")
	}
	equal(s, "a function ran", ran, false)
	if err := s.store.Close(); err != nil {
		s.Errorf("the second close: %v", err)
	}
}
