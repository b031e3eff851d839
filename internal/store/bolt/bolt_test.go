package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/internal/store/bolt"
	"github.com/meins-id/meins/internal/store/storetest"
)

// never is the expiry of a record that stays.
var never time.Time

func open(t *testing.T, path string, now func() time.Time) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(path, bolt.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func put(t *testing.T, s *bolt.Store, key, value string, expires time.Time) {
	t.Helper()
	err := s.Update(t.Context(), func(tx store.Tx) error { return tx.Put(key, []byte(value), expires) })
	if err != nil {
		t.Fatal(err)
	}
}

// get returns the value under key, or "" where there is none.
func get(t *testing.T, s *bolt.Store, key string) string {
	t.Helper()
	var values [][]byte
	err := s.View(t.Context(), func(r store.Reader) (err error) {
		values, err = r.GetMany(key)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(values[0])
}

func stats(t *testing.T, s *bolt.Store) bolt.Stats {
	t.Helper()
	st, err := s.Stats()
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func TestStore_keepsWhatEveryStorePromises(t *testing.T) {
	storetest.Run(t, func(t *testing.T, now func() time.Time) store.Store {
		t.Helper()
		return open(t, filepath.Join(t.TempDir(), "meins.db"), now)
	})
}

func TestOpen_newFile_isForTheOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meins.db")
	open(t, path, time.Now)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("mode is %o", mode)
	}
}

func TestOpen_afterClose_findsEverything(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meins.db")
	first := open(t, path, time.Now)
	put(t, first, "k", "v", never)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if got := get(t, open(t, path, time.Now), "k"); got != "v" {
		t.Errorf("got %q", got)
	}
}

func TestOpen_fileInUse_saysSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meins.db")
	open(t, path, time.Now)
	_, err := bolt.Open(path, bolt.Options{})
	if !errors.Is(err, bolt.ErrLocked) || !strings.Contains(err.Error(), "another meins runs") {
		t.Errorf("got %v", err)
	}
}

func TestOpen_foreignFile_isRefusedAndLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "other.db")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("somebody else's"))
		return err
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bolt.Open(path, bolt.Options{}); !errors.Is(err, bolt.ErrFormat) {
		t.Errorf("got %v", err)
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file has changed (%v)", err)
	}

	noise := filepath.Join(t.TempDir(), "noise.db")
	if err := os.WriteFile(noise, bytes.Repeat([]byte("noise"), 10_000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := bolt.Open(noise, bolt.Options{}); err == nil {
		t.Error("opened a file of noise")
	}
}

// A folder of another version would open, and show a customer without grants.
func TestOpen_fileOfAnotherLayout_isRefusedAndLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meins.db")
	first, err := bolt.Open(path, bolt.Options{})
	must(t, err)
	put(t, first, "k", "v", never)
	must(t, first.Close())
	for _, older := range []string{"1", "2"} {
		must(t, bolt.SetLayout(path, older))
		if _, err := bolt.Open(path, bolt.Options{}); !errors.Is(err, bolt.ErrFormat) {
			t.Errorf("%s: %v", older, err)
		}
	}
	must(t, bolt.SetLayout(path, bolt.Layout))
	if got := get(t, open(t, path, time.Now), "k"); got != "v" {
		t.Errorf("after the refusal it holds %q", got)
	}
}

// held keeps the writer busy until release is called; whatever is updated meanwhile queues up.
func held(t *testing.T, s *bolt.Store) (release func()) {
	t.Helper()
	inside, leave, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		done <- s.Update(context.WithoutCancel(t.Context()), func(store.Tx) error {
			close(inside)
			<-leave
			return nil
		})
	}()
	<-inside
	return func() {
		close(leave)
		if err := <-done; err != nil {
			t.Errorf("the update that held the writer: %v", err)
		}
	}
}

func TestUpdate_whateverQueuedUp_sharesOneCommit(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "meins.db"), time.Now)
	before := stats(t, s).Commits
	release := held(t, s)
	const writers = 50
	var running sync.WaitGroup
	for i := range writers {
		running.Go(func() {
			key := fmt.Sprintf("k/%d", i)
			err := s.Update(t.Context(), func(tx store.Tx) error { return tx.Put(key, nil, never) })
			if err != nil {
				t.Error(err)
			}
		})
	}
	s.WaitQueued(writers)
	release()
	running.Wait()
	after := stats(t, s)
	if after.Commits-before != 1 || after.MaxBatch != writers {
		t.Errorf("%d commits, at most %d updates in one", after.Commits-before, after.MaxBatch)
	}
}

func TestUpdate_cancelledWhileQueued_neverRuns(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "meins.db"), time.Now)
	release := held(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() {
		result <- s.Update(ctx, func(tx store.Tx) error { return tx.Put("k", []byte("v"), never) })
	}()
	s.WaitQueued(1)
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) { // while the writer is still busy
		t.Errorf("got %v", err)
	}
	release()
	put(t, s, "other", "v", never)
	if got := get(t, s, "k"); got != "" {
		t.Errorf("found %q", got)
	}
}

func TestUpdate_thatOnlyReads_costsNoCommit(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "meins.db"), time.Now)
	before := stats(t, s).Commits
	err := s.Update(t.Context(), func(tx store.Tx) error {
		if _, err := tx.Get("k"); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return tx.Delete("k")
	})
	if err != nil {
		t.Fatal(err)
	}
	if after := stats(t, s).Commits; after != before {
		t.Errorf("%d commits", after-before)
	}
}

func TestClose_withQueuedUpdates_commitsThem(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meins.db")
	s := open(t, path, time.Now)
	release := held(t, s)
	result := make(chan error)
	go func() {
		result <- s.Update(t.Context(), func(tx store.Tx) error { return tx.Put("k", []byte("v"), never) })
	}()
	s.WaitQueued(1)
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	s.WaitClosing()
	late := s.Update(t.Context(), func(store.Tx) error { return nil })
	if !errors.Is(late, bolt.ErrClosed) || fault.Of(late).Kind != fault.Unavailable {
		t.Errorf("an update after close: %v", late)
	}
	release()
	if err := errors.Join(<-result, <-closed); err != nil {
		t.Fatal(err)
	}
	if got := get(t, open(t, path, time.Now), "k"); got != "v" {
		t.Errorf("got %q", got)
	}
}

func TestTx_keptBeyondItsFunction_refuses(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "meins.db"), time.Now)
	var tx store.Tx
	if err := s.Update(t.Context(), func(got store.Tx) error { tx = got; return nil }); err != nil {
		t.Fatal(err)
	}
	var r store.Reader
	if err := s.View(t.Context(), func(got store.Reader) error { r = got; return nil }); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		tx.Put("k", nil, never), tx.Delete("k"), second(tx.Get("k")), second(tx.GetMany("k")), second(tx.Scan("", "", 0)),
		second(r.Get("k")), second(r.GetMany("k")), second(r.Scan("", "", 0)),
	} {
		if !errors.Is(err, bolt.ErrEnded) {
			t.Errorf("got %v", err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestBackup_whileWriting_opensAndIsConsistent(t *testing.T) {
	folder := t.TempDir()
	s := open(t, filepath.Join(folder, "meins.db"), time.Now)
	put(t, s, "a", "0", never)
	put(t, s, "b", "0", never)
	stop := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := 1; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			n := fmt.Appendf(nil, "%d", i)
			err := s.Update(t.Context(), func(tx store.Tx) error {
				return errors.Join(tx.Put("a", n, never), tx.Put("b", n, never), tx.Put("k/"+string(n), n, never))
			})
			if err != nil {
				t.Error(err)
				return
			}
		}
	})
	for i := range 5 {
		var copied bytes.Buffer
		if err := s.Backup(t.Context(), &copied); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, fmt.Sprintf("copy%d.db", i))
		if err := os.WriteFile(path, copied.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		restored := open(t, path, time.Now)
		if a, b := get(t, restored, "a"), get(t, restored, "b"); a != b || a == "" {
			t.Errorf("a=%q b=%q", a, b)
		}
		restored.MustBeSound(t)
	}
	close(stop)
	writing.Wait()
}

func TestBackup_holdsNothingThatWasDeletedOrHasExpired(t *testing.T) {
	folder, now := t.TempDir(), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	path := filepath.Join(folder, "meins.db")
	s := open(t, path, func() time.Time { return now })
	put(t, s, "stays", "a value that stays", never)
	put(t, s, "deleted", "a value that is taken back", never)
	put(t, s, "replaced", "a value that was there before", never)
	put(t, s, "expired", "a value for a minute", now.Add(time.Minute))
	put(t, s, "lasts", "a value for a day", now.Add(24*time.Hour))
	must(t, s.Update(t.Context(), func(tx store.Tx) error {
		return errors.Join(tx.Delete("deleted"), tx.Put("replaced", []byte("another value"), never))
	}))
	now = now.Add(time.Hour)
	file, err := os.ReadFile(path)
	must(t, err)
	if !bytes.Contains(file, []byte("taken back")) {
		t.Error("the file's free pages hold nothing: this proves nothing")
	}
	var copied bytes.Buffer
	must(t, s.Backup(t.Context(), &copied))
	for _, gone := range []string{"deleted", "taken back", "there before", "expired", "for a minute"} {
		if bytes.Contains(copied.Bytes(), []byte(gone)) {
			t.Errorf("the copy holds %q", gone)
		}
	}
	other := filepath.Join(t.TempDir(), "copy.db")
	must(t, os.WriteFile(other, copied.Bytes(), 0o600))
	restored := open(t, other, func() time.Time { return now })
	for key, want := range map[string]string{"stays": "a value that stays", "replaced": "another value", "lasts": "a value for a day", "deleted": "", "expired": ""} {
		if got := get(t, restored, key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	restored.MustBeSound(t)
	now = now.Add(48 * time.Hour)
	if n, err := restored.Sweep(t.Context(), 0); n != 1 || err != nil {
		t.Errorf("%d records expire in the copy, %v", n, err)
	}
}

func TestBackup_thatWasCutOff_leavesNothingForTheNextStart(t *testing.T) {
	folder := t.TempDir()
	left := filepath.Join(folder, ".backup-123.tmp")
	must(t, os.WriteFile(left, []byte("half a copy"), 0o600))
	s := open(t, filepath.Join(folder, "meins.db"), time.Now)
	put(t, s, "a", "0", never)
	must(t, s.Backup(t.Context(), io.Discard))
	if err := s.Backup(t.Context(), brokenWriter{}); !errors.Is(err, errWriter) {
		t.Errorf("a writer that fails: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(folder, ".*"))
	if len(files) > 0 || err != nil {
		t.Errorf("left: %q, %v", files, err)
	}
}

var errWriter = errors.New("no room")

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errWriter }

func TestBackup_cancelled_stops(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "meins.db"), time.Now)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var copied bytes.Buffer
	if err := s.Backup(ctx, &copied); !errors.Is(err, context.Canceled) || copied.Len() > 0 {
		t.Errorf("%d bytes, %v", copied.Len(), err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
