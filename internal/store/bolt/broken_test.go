//go:build linux

package bolt_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/internal/store/bolt"
)

// breakDisk makes the store's own descriptor of the file at path read-only, so that the next commit
// meets a real error of the operating system.
func breakDisk(t *testing.T, path string) {
	t.Helper()
	readOnly, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = readOnly.Close() }) // only read from
	for _, fd := range descriptorsOf(t, path) {
		if fd == int(readOnly.Fd()) {
			continue
		}
		if err := unix.Dup3(int(readOnly.Fd()), fd, unix.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
	}
}

// descriptorsOf returns this process's descriptors of the file at path.
func descriptorsOf(t *testing.T, path string) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	var fds []int
	for _, entry := range entries {
		target, err := os.Readlink(filepath.Join("/proc/self/fd", entry.Name()))
		if err != nil || target != path { // the descriptor of the listing itself is gone by now
			continue
		}
		fd, err := strconv.Atoi(entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		fds = append(fds, fd)
	}
	return fds
}

func TestUpdate_whenTheDiskFails_tellsEverybodyAndRefusesFromThenOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meins.db")
	s := open(t, path, time.Now)
	put(t, s, "k", "good", never)
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("not ready: %v", err)
	}
	breakDisk(t, path)

	const writers = 20
	release := held(t, s)
	var running sync.WaitGroup
	for i := range writers {
		running.Go(func() {
			err := s.Update(t.Context(), func(tx store.Tx) error {
				if err := tx.Put("k", []byte("lost"), never); err != nil || i%2 == 0 {
					return err
				}
				return errors.New("what it saw was never committed, so this is not the answer")
			})
			if !errors.Is(err, bolt.ErrBroken) || fault.Of(err).Kind != fault.Unavailable {
				t.Errorf("got %v", err)
			}
		})
	}
	s.WaitQueued(writers)
	release()
	running.Wait()
	ran := false
	err := s.Update(t.Context(), func(store.Tx) error { ran = true; return nil })
	if !errors.Is(err, bolt.ErrBroken) || ran {
		t.Errorf("a later update: %v, ran %v", err, ran)
	}
	if got := get(t, s, "k"); got != "good" {
		t.Errorf("found %q", got)
	}
	if err := s.Ready(t.Context()); !errors.Is(err, bolt.ErrBroken) {
		t.Errorf("ready with %v", err)
	}
}
