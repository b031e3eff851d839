package bolt_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/internal/store/bolt"
)

// Who was told that something is written finds it, however many read at the same time.
func TestView_afterAnUpdate_seesIt_amongManyReaders(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "meins.db"), time.Now)
	var told atomic.Int64
	var all sync.WaitGroup
	over := make(chan struct{})
	for range 8 {
		all.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				at := told.Load()
				if got := get(t, s, "k"); at > 0 && got < fmt.Sprintf("%04d", at) {
					t.Errorf("read %q after %04d was written", got, at)
					return
				}
			}
		})
	}
	for i := range int64(300) {
		put(t, s, "k", fmt.Sprintf("%04d", i+1), never)
		told.Store(i + 1)
	}
	close(over)
	all.Wait()
}

// While a file is mapped anew nobody may read; those who do are waited for, and those who come wait.
func TestUpdate_thatOutgrowsTheMapping_amongReaders_goesOn(t *testing.T) {
	s, err := bolt.Open(filepath.Join(t.TempDir(), "meins.db"), bolt.SmallMapping(bolt.Options{Now: time.Now}))
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, "first", "1", never)
	var all sync.WaitGroup
	over := make(chan struct{})
	for range 8 {
		all.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				if got := get(t, s, "first"); got != "1" {
					t.Errorf("read %q", got)
					return
				}
			}
		})
	}
	for i := range 128 {
		put(t, s, fmt.Sprintf("k/%03d", i), string(bytes.Repeat([]byte{byte(i)}, 200_000)), never)
	}
	close(over)
	all.Wait()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// What is kept for readers must not outlive the next write: it would hold back pages that are free.
func TestUpdate_letsGoOfWhatReadersShared(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "meins.db"), time.Now)
	put(t, s, "k", "v", never)
	if s.Kept() {
		t.Error("kept before anybody has read")
	}
	if get(t, s, "k"); !s.Kept() {
		t.Error("not kept after a read")
	}
	put(t, s, "k", "w", never)
	if s.Kept() {
		t.Error("kept after a write")
	}
	size := stats(t, s).FileBytes
	for i := range 500 {
		put(t, s, "k", fmt.Sprint(i), never)
		get(t, s, "k")
	}
	if now := stats(t, s).FileBytes; now > 4*size {
		t.Errorf("the file has grown from %d to %d bytes", size, now)
	}
}

// A view may end in any way; what it shared is given back.
func TestView_thatFailsOrPanics_givesBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meins.db")
	s, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.View(t.Context(), func(store.Reader) error { return errWriter }); !errors.Is(err, errWriter) {
		t.Error(err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		_ = s.View(t.Context(), func(store.Reader) error { panic("on purpose") })
	}()
	if err := s.Close(); err != nil { // it would wait for ever for a view that is not over
		t.Fatal(err)
	}
	if err := s.View(t.Context(), func(store.Reader) error { return nil }); !errors.Is(err, bolt.ErrClosed) {
		t.Errorf("after close: %v", err)
	}
}
