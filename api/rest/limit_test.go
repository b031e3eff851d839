package rest

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestLimiter_lastCallOfTheQuota_isServed_andTheNextWaits(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	l := newLimiter("vendor", 6, func() time.Time { return now })
	for left := 5; left >= 0; left-- {
		h := http.Header{}
		if err := l.admit(h, "a"); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf(`"vendor";r=%d;t=%d`, left, 60-10*left)
		if h.Get("RateLimit-Policy") != `"vendor";q=6;w=60` || h.Get("RateLimit") != want {
			t.Errorf("%v, want %s", h, want)
		}
	}
	w := httptest.NewRecorder()
	err := l.admit(w.Header(), "a")
	if !errors.Is(err, errRate) {
		t.Fatal(err)
	}
	WriteProblem(w, err)
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "10" || w.Header().Get("RateLimit") != `"vendor";r=0;t=60` {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if err := l.admit(http.Header{}, "b"); err != nil {
		t.Errorf("another caller waits too: %v", err)
	}
	now = now.Add(10 * time.Second)
	if err := l.admit(http.Header{}, "a"); err != nil {
		t.Errorf("after the wait: %v", err)
	}
	if err := l.admit(http.Header{}, "a"); !errors.Is(err, errRate) {
		t.Errorf("one came back, and two are served: %v", err)
	}
}

func TestLimiter_withoutAQuota_saysNothing(t *testing.T) {
	l := newLimiter("vendor", 0, time.Now)
	h := http.Header{}
	for range 1000 {
		if err := l.admit(h, "a"); err != nil {
			t.Fatal(err)
		}
	}
	if len(h) != 0 || len(l.buckets) != 0 {
		t.Errorf("%v, %d entries", h, len(l.buckets))
	}
}

func TestLimiter_ofAnyNumberOfCallers_staysSmall_andForgetsNobodyWhoIsOut(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	l := newLimiter("vendor", 2, func() time.Time { return now })
	l.most = 100
	for range 2 {
		if err := l.admit(http.Header{}, "greedy"); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 10000 {
		if err := l.admit(http.Header{}, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if len(l.buckets) > l.most {
		t.Errorf("%d entries", len(l.buckets))
	}
	if err := l.admit(http.Header{}, "greedy"); !errors.Is(err, errRate) {
		t.Errorf("others made the table forget it: %v", err)
	}
	now = now.Add(time.Hour)
	if err := l.admit(http.Header{}, "new"); err != nil || len(l.buckets) > 2 {
		t.Errorf("%d entries after an hour, %v", len(l.buckets), err)
	}
}

func TestLimiter_manyAtOnce_serveTheQuota(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	l := newLimiter("program", 30, func() time.Time { return now })
	var served atomic.Int32
	var group sync.WaitGroup
	for range 200 {
		group.Go(func() {
			if l.admit(http.Header{}, "a") == nil {
				served.Add(1)
			}
		})
	}
	group.Wait()
	if served.Load() != 30 {
		t.Errorf("%d were served", served.Load())
	}
}
