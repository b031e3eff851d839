package bolt_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/internal/store/bolt"
)

// clock is a time that the test moves.
type clock struct{ nanos atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.nanos.Store(time.Date(2030, 1, 2, 3, 4, 5, 678, time.UTC).UnixNano())
	return c
}

func (c *clock) Now() time.Time               { return time.Unix(0, c.nanos.Load()).UTC() }
func (c *clock) in(d time.Duration) time.Time { return c.Now().Add(d) }
func (c *clock) advance(d time.Duration)      { c.nanos.Add(int64(d)) }

// filled is a store with n records that expire after a second each, and one that stays.
func filled(t *testing.T, c *clock, n int) *bolt.Store {
	t.Helper()
	s := open(t, filepath.Join(t.TempDir(), "meins.db"), c.Now)
	err := s.Update(t.Context(), func(tx store.Tx) error {
		for i := range n {
			if err := tx.Put(fmt.Sprintf("k/%d", i), []byte("v"), c.in(time.Second)); err != nil {
				return err
			}
		}
		return tx.Put("stays", []byte("v"), never)
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSweep_expiredRecords_areRemovedUpToTheLimit(t *testing.T) {
	c := newClock()
	s := filled(t, c, 100)
	sweep := func(limit, want, left int) {
		t.Helper()
		removed, err := s.Sweep(t.Context(), limit)
		if err != nil || removed != want {
			t.Errorf("removed %d instead of %d (%v)", removed, want, err)
		}
		if data, index := s.Records(t); data != left+1 || index != left {
			t.Errorf("the file holds %d records and %d in the index", data, index)
		}
	}
	c.advance(time.Second - 1)
	sweep(0, 0, 100)
	c.advance(1)
	sweep(30, 30, 70)
	sweep(0, 70, 0)
	sweep(0, 0, 0)
	if got := get(t, s, "stays"); got != "v" {
		t.Errorf("got %q", got)
	}
	if swept := stats(t, s).Swept; swept != 100 {
		t.Errorf("counted %d", swept)
	}
}

func TestUpdate_whileOthersExpire_keepsTheFileFromGrowing(t *testing.T) {
	c := newClock()
	s := filled(t, c, 20)
	for i := range 200 {
		put(t, s, fmt.Sprintf("session/%d", i), "v", c.in(time.Minute))
		c.advance(time.Second)
	}
	if data, _ := s.Records(t); data > 1+60+1 {
		t.Errorf("the file holds %d records, of which 61 live", data)
	}
	s.MustBeSound(t)
}

func TestIndex_afterRandomTransactions_namesExactlyWhatExpires(t *testing.T) {
	c := newClock()
	s := open(t, filepath.Join(t.TempDir(), "meins.db"), c.Now)
	random := rand.New(rand.NewPCG(1, 2))
	lives := []time.Duration{-time.Hour, time.Nanosecond, time.Second, time.Hour, 100 * 365 * 24 * time.Hour}
	for range 300 {
		err := s.Update(t.Context(), func(tx store.Tx) error {
			for range 1 + random.IntN(5) {
				key := fmt.Sprintf("k/%d", random.IntN(40))
				expires := never
				if i := random.IntN(len(lives) + 2); i < len(lives) {
					expires = c.in(lives[i])
				}
				if random.IntN(4) == 0 {
					if err := tx.Delete(key); err != nil {
						return err
					}
					continue
				}
				if err := tx.Put(key, []byte(key), expires); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		c.advance(time.Duration(random.IntN(int(time.Minute))))
	}
	s.MustBeSound(t)
}

func TestPut_expiryBeyondTheRangeOfTheFile_isKeptInOrder(t *testing.T) {
	c := newClock()
	s := open(t, filepath.Join(t.TempDir(), "meins.db"), c.Now)
	put(t, s, "far", "v", time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))
	put(t, s, "long ago", "v", time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC))
	c.advance(100 * 365 * 24 * time.Hour)
	if far, ago := get(t, s, "far"), get(t, s, "long ago"); far != "v" || ago != "" {
		t.Errorf("far=%q, long ago=%q", far, ago)
	}
}
