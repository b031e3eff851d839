// Package identitytest owns what tests of several rooms need of identity: key rings that take no time.
//
// Drawing an RSA key takes a good part of a second under the race detector, and nearly every test
// starts with an empty store. All tests of one package that start at the same moment share one ring,
// each in a store of its own.
//
// It never makes a key that a program would not make. Imported by tests alone.
package identitytest

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/internal/store/bolt"
	"github.com/meins-id/meins/vault/seal"
)

// made is a ring as it is stored, and the master key that opens it.
type made struct {
	master  seal.Key
	records []store.Item
}

var (
	mu    sync.Mutex
	rings = map[int64]made{} // by the moment they were made at
)

// OpenKeyring is identity.OpenKeyring for an empty store, with the master key that opens it again.
func OpenKeyring(tb testing.TB, s store.Store, now func() time.Time) (*identity.Keyring, seal.Key) {
	tb.Helper()
	ring := ringOf(tb, now)
	err := s.Update(tb.Context(), func(tx store.Tx) error {
		for _, r := range ring.records {
			if _, err := tx.Get(r.Key); !errors.Is(err, store.ErrNotFound) {
				return errors.Join(errors.New("the store has a ring already"), err)
			}
			if err := tx.Put(r.Key, r.Value, time.Time{}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	keys, err := identity.OpenKeyring(tb.Context(), s, ring.master, now)
	if err != nil {
		tb.Fatal(err)
	}
	return keys, ring.master
}

func ringOf(tb testing.TB, now func() time.Time) made {
	tb.Helper()
	mu.Lock()
	defer mu.Unlock()
	at := now()
	if known, ok := rings[at.UnixNano()]; ok {
		return known
	}
	fresh := made{master: seal.NewKey()}
	s, err := bolt.Open(filepath.Join(tb.TempDir(), "ring.db"), bolt.Options{Now: now})
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = s.Close() }() // it was needed for this only
	if _, err := identity.OpenKeyring(tb.Context(), s, fresh.master, func() time.Time { return at }); err != nil {
		tb.Fatal(err)
	}
	err = s.View(tb.Context(), func(r store.Reader) error {
		items, err := r.Scan("", "", 100)
		for _, item := range items {
			fresh.records = append(fresh.records, store.Item{Key: item.Key, Value: append([]byte(nil), item.Value...)})
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	rings[at.UnixNano()] = fresh
	return fresh
}
