package consent_test

import (
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/internal/store/bolt"
)

// TestGrowth_ofACustomerYear_isBelowTwoMegabytes: a hundred vendors, each of which reads twice a day.
// A fifth of them is looked at, and a fifth of the space: what one takes does not depend on the others.
func TestGrowth_ofACustomerYear_isBelowTwoMegabytes(t *testing.T) {
	const vendors, budget = 20, 2 << 20 / 5
	clock, path := newClock(), filepath.Join(t.TempDir(), "meins.db")
	store, err := bolt.Open(path, bolt.Options{Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	r, c := roomOn(t, store, clock, consent.Gathered), newCustomer()
	var grants []consent.Grant
	for range vendors {
		g, _ := r.approve(t, c, shop(), "address", "email", "name")
		grants = append(grants, g)
	}
	reads := uint64(0)
	for ; reads < 2*365; reads++ {
		clock.Advance(12 * time.Hour)
		if err := r.Recorded(t.Context(), grants, clock.Now(), "address", "email"); err != nil {
			t.Fatal(err)
		}
	}
	if g, err := r.Grant(t.Context(), c.account, grants[0].ID); err != nil || g.Reads != reads {
		t.Fatalf("%d reads, %v", g.Reads, err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	size := allocated(t, path)
	t.Logf("%.2f MB for a year of %d vendors, %.2f MB for a hundred", float64(size)/(1<<20), vendors, float64(size)/(1<<20)*100/vendors)
	if size > budget {
		t.Errorf("%d bytes of %d", size, budget)
	}
}

// allocated is what the records take in a database file: its pages, as full as they are, without the
// free ones.
func allocated(t *testing.T, path string) (size int) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	err = db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(_ []byte, b *bbolt.Bucket) error {
			s := b.Stats()
			size += s.BranchAlloc + s.LeafAlloc
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}
