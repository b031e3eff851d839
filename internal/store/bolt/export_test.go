package bolt

import (
	"errors"
	"runtime"
	"testing"

	"go.etcd.io/bbolt"
)

// Layout is the one of this version.
const Layout = layout

// SetLayout marks a file as of a version.
func SetLayout(path, mark string) error {
	db, err := bbolt.Open(path, fileMode, nil)
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(metaBucket).Put(layoutKey, []byte(mark)) })
	return errors.Join(err, db.Close())
}

// SmallMapping lets the file outgrow its mapping soon, and again and again.
func SmallMapping(o Options) Options {
	o.mapped = 1 << 15
	return o
}

// Kept says whether a snapshot is kept for those who read next.
func (s *Store) Kept() bool {
	s.reads.mu.Lock()
	defer s.reads.mu.Unlock()
	return s.reads.kept != nil
}

// WaitQueued waits until n updates stand in the queue.
func (s *Store) WaitQueued(n int) {
	for s.writer.queued() < n {
		runtime.Gosched()
	}
}

// WaitClosing waits until Close has begun.
func (s *Store) WaitClosing() {
	for {
		s.writer.mu.Lock()
		closing := s.writer.closing
		s.writer.mu.Unlock()
		if closing {
			return
		}
		runtime.Gosched()
	}
}

// MustBeSound checks bbolt's own structure, and that the expiry index names exactly the records
// that expire, each once.
func (s *Store) MustBeSound(t *testing.T) {
	t.Helper()
	err := s.db.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			t.Errorf("structure: %v", err)
		}
		want := map[string]bool{}
		err := tx.Bucket(dataBucket).ForEach(func(k, raw []byte) error {
			if e := expiresAt(raw); e != never {
				want[string(indexKey(e, string(k)))] = true
			}
			return nil
		})
		if err != nil {
			return err
		}
		err = tx.Bucket(expiryBucket).ForEach(func(k, _ []byte) error {
			if !want[string(k)] {
				t.Errorf("the index names %q, which no record has", k)
			}
			delete(want, string(k))
			return nil
		})
		for k := range want {
			t.Errorf("the index lacks %q", k)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// Records counts what the file holds, expired or not.
func (s *Store) Records(t *testing.T) (data, index int) {
	t.Helper()
	err := s.db.View(func(tx *bbolt.Tx) error {
		data = tx.Bucket(dataBucket).Stats().KeyN
		index = tx.Bucket(expiryBucket).Stats().KeyN
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return data, index
}
