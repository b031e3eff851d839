package consent

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meins-id/meins/internal/id"
)

// disk is where a read log writes in these tests.
type disk struct {
	mu      sync.Mutex
	broken  bool
	slow    time.Duration
	writes  int
	written uint64
}

var errDisk = errors.New("disk full")

func (d *disk) write(ctx context.Context, lines []tally) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	time.Sleep(d.slow)
	d.writes++
	if d.broken {
		return 0, errDisk
	}
	for _, l := range lines {
		d.written += l.count
	}
	return len(lines), ctx.Err()
}

func (d *disk) breaks(broken bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken = broken
}

func (d *disk) sum() (writes int, reads uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.writes, d.written
}

func someRead(g id.Grant, claims ...string) read {
	return read{grant: g, kind: KindUserInfo, claims: claims, at: time.Now()}
}

func openLog(t *testing.T, d *disk) *readLog {
	t.Helper()
	l := startReadLog(d.write, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { _ = l.close(context.Background()) }) // some tests leave a broken disk
	return l
}

func mustAdd(t *testing.T, l *readLog, r read) {
	t.Helper()
	if err := l.add(r); err != nil {
		t.Fatal(err)
	}
}

func TestReadLog_writesWithinASecond_manyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		l := openLog(t, d)
		for range 100 {
			mustAdd(t, l, someRead("a", "email"))
		}
		time.Sleep(gatherFor)
		synctest.Wait()
		if writes, reads := d.sum(); writes != 1 || reads != 100 {
			t.Errorf("%d writes of %d reads", writes, reads)
		}
	})
}

// With nothing to write there is no timer: time would pass in the bubble if one woke up.
func TestReadLog_idle_sleepsForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		l := openLog(t, d)
		mustAdd(t, l, someRead("a"))
		time.Sleep(time.Hour)
		synctest.Wait()
		if writes, _ := d.sum(); writes != 1 {
			t.Errorf("%d writes", writes)
		}
	})
}

func TestReadLog_muchAtOnce_doesNotWaitForTheSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		l := openLog(t, d)
		for range gatherEarly {
			mustAdd(t, l, someRead("a"))
		}
		synctest.Wait()
		if _, reads := d.sum(); reads != gatherEarly {
			t.Errorf("%d reads written", reads)
		}
	})
}

func TestReadLog_afterAFailedWrite_refusesUntilOneSucceeds_andLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{broken: true}
		l := openLog(t, d)
		mustAdd(t, l, someRead("a"))
		mustAdd(t, l, someRead("b"))
		time.Sleep(gatherFor)
		synctest.Wait()
		for range 3 {
			if err := l.add(someRead("c")); !errors.Is(err, ErrLogUnavailable) {
				t.Fatalf("add to a broken log: %v", err)
			}
			time.Sleep(gatherFor)
		}
		d.breaks(false)
		time.Sleep(gatherFor)
		synctest.Wait()
		if _, reads := d.sum(); reads != 2 {
			t.Errorf("%d reads written, not the 2 that were taken in", reads)
		}
		mustAdd(t, l, someRead("d"))
	})
}

func TestReadLog_full_refuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{slow: time.Second}
		l := openLog(t, d)
		accepted := 0
		for l.add(someRead("a")) == nil {
			if accepted++; accepted == gatherEarly {
				synctest.Wait() // what the write under way holds counts too
			}
		}
		if accepted != gatherLimit {
			t.Errorf("took %d", accepted)
		}
	})
}

func TestReadLog_stalledWrite_refuses_andRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{slow: 2 * stallAfter}
		l := openLog(t, d)
		mustAdd(t, l, someRead("a"))
		time.Sleep(gatherFor + stallAfter - time.Millisecond)
		mustAdd(t, l, someRead("b"))
		time.Sleep(2 * time.Millisecond)
		if err := l.add(someRead("c")); !errors.Is(err, ErrLogUnavailable) {
			t.Errorf("add while the disk stalls: %v", err)
		}
		time.Sleep(stallAfter + time.Second)
		synctest.Wait()
		mustAdd(t, l, someRead("d"))
	})
}

func TestReadLog_close_writesWhatWaits_andRefusesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		l := openLog(t, d)
		mustAdd(t, l, someRead("a"))
		if err := l.close(t.Context()); err != nil {
			t.Error(err)
		}
		if _, reads := d.sum(); reads != 1 {
			t.Errorf("%d reads written", reads)
		}
		if err := l.add(someRead("b")); !errors.Is(err, ErrLogUnavailable) {
			t.Errorf("add after close: %v", err)
		}
		if err := l.close(t.Context()); err != nil {
			t.Errorf("close again: %v", err)
		}
	})
}

func TestReadLog_close_saysWhenReadsAreLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := openLog(t, &disk{broken: true})
		mustAdd(t, l, someRead("a"))
		if err := l.close(t.Context()); !errors.Is(err, ErrLogUnavailable) {
			t.Error(err)
		}
	})
}

func TestReadLog_close_waitsNoLongerThanItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := openLog(t, &disk{slow: time.Hour})
		mustAdd(t, l, someRead("a"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if err := l.close(ctx); !errors.Is(err, ErrLogUnavailable) || time.Since(start) != time.Second {
			t.Errorf("close: %v after %v", err, time.Since(start))
		}
	})
}

func TestGather_sameReads_becomeOneLineWithTheLastTime(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	reads := []read{
		{grant: "b", kind: KindUserInfo, claims: []string{"email"}, at: at(1)},
		{grant: "a", kind: KindUserInfo, claims: []string{"email"}, at: at(3)},
		{grant: "b", kind: KindIDToken, claims: []string{"email"}, at: at(2)},
		{grant: "a", kind: KindUserInfo, claims: []string{"email"}, at: at(2)},
		{grant: "a", kind: KindUserInfo, claims: []string{"email", "name"}, at: at(4)},
	}
	lines := gather(reads)
	if len(lines) != 4 || lines[0].grant != "a" || lines[0].count != 2 || !lines[0].at.Equal(at(3)) || lines[3].grant != "b" {
		t.Errorf("%+v", lines)
	}
	if gather(nil) != nil {
		t.Error("lines of nothing")
	}
}
