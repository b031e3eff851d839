package signal

import (
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/outbox"
	"github.com/meins-id/meins/internal/store"
)

// BenchmarkPush measures the delivery of what waits for 50 receivers, twenty events each: signed,
// posted in order, and noted as taken. The receivers run in this process, and their time counts too.
func BenchmarkPush(b *testing.B) {
	const receivers, each = 50, 20
	w := newWorld(b)
	var clients []id.Client
	for i := range receivers {
		v, _, err := w.o.Vendors.Add(b.Context(), identity.Vendor{
			Name: fmt.Sprintf("Vendor %d", i), RedirectURIs: []string{"https://vendor.example/cb"}, SigningAlg: "ES256",
		})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := w.Create(b.Context(), v.ID, Config{Method: Push, Endpoint: newReceiver(b).URL}); err != nil {
			b.Fatal(err)
		}
		clients = append(clients, v.ID)
	}
	var spent, took time.Duration
	for b.Loop() {
		b.StopTimer()
		for range each {
			happened(b, w, clients)
		}
		before, begin := used(b), time.Now()
		b.StartTimer()
		var all sync.WaitGroup
		w.round(b.Context(), &all)
		all.Wait()
		b.StopTimer()
		spent, took = spent+used(b)-before, took+time.Since(begin)
		b.StartTimer()
	}
	events := float64(b.N * receivers * each)
	b.ReportMetric(events/took.Seconds(), "events/s")
	b.ReportMetric(spent.Seconds()*1e6/events, "µs-cpu/event")
	for _, c := range clients {
		err := w.db.View(b.Context(), func(r store.Reader) error {
			left, err := outbox.Pending(r, c, 0, 1)
			if len(left) > 0 {
				b.Errorf("%s was not told of all", c)
			}
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// happened writes an event for each of many vendors.
func happened(b *testing.B, w *world, clients []id.Client) {
	b.Helper()
	err := w.db.Update(b.Context(), func(tx store.Tx) error {
		for _, c := range clients {
			e := outbox.Event{
				ID: id.New[id.Event](), Kind: outbox.ClaimsChanged, Time: w.clock(), Account: account, Persona: persona,
				Grant: id.New[id.Grant](), Claims: []string{"address", "email"},
			}
			if err := outbox.Put(tx, c, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// used is the processor time that this process has had.
func used(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
