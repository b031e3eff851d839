package bolt_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/internal/store/bolt"
)

const (
	benchRecords = 20_000 // in the store before the clock starts, so that a commit meets a real tree
	benchValue   = 128    // bytes
)

func benchKey(n uint64) string {
	return fmt.Sprintf("grant/%016x", n*0x9e3779b97f4a7c15) // spread over the tree as random ids are
}

func benchStore(b *testing.B) *bolt.Store {
	b.Helper()
	s, err := bolt.Open(filepath.Join(b.TempDir(), "bench.db"), bolt.Options{Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() }) // the numbers are in by then
	value := make([]byte, benchValue)
	for from := uint64(0); from < benchRecords; from += 500 {
		err := s.Update(b.Context(), func(tx store.Tx) error {
			for n := from; n < from+500; n++ {
				if err := tx.Put(benchKey(n), value, time.Time{}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return s
}

// BenchmarkCommit measures durable small transactions: one look-up and one new record each.
func BenchmarkCommit(b *testing.B) {
	for _, writers := range []int{1, 16, 256} {
		b.Run("writers="+strconv.Itoa(writers), func(b *testing.B) { benchCommit(b, writers) })
	}
}

func benchCommit(b *testing.B, writers int) {
	s := benchStore(b)
	before, _ := s.Stats()
	value := make([]byte, benchValue)
	var next atomic.Uint64
	var running sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range writers {
		running.Go(func() {
			for n := next.Add(1); n <= uint64(b.N); n = next.Add(1) {
				key := benchKey(benchRecords + n)
				err := s.Update(context.Background(), func(tx store.Tx) error {
					if _, err := tx.GetMany(key); err != nil {
						return err
					}
					return tx.Put(key, value, time.Time{})
				})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
	b.StopTimer()
	after, _ := s.Stats()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
	b.ReportMetric(float64(after.Updates-before.Updates)/float64(after.Commits-before.Commits), "updates/commit")
}

// BenchmarkView measures what UserInfo asks of the store: three records of one snapshot.
func BenchmarkView(b *testing.B) {
	s := benchStore(b)
	keys := [3]string{benchKey(1), benchKey(2), benchKey(3)}
	b.ReportAllocs()
	for b.Loop() {
		err := s.View(b.Context(), func(r store.Reader) error {
			for _, key := range keys {
				if _, err := r.Get(key); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
