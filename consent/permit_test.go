package consent_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

func TestPermit_coversWhatIsBothAskedAndGranted(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, _ := r.approve(t, c, shop(), "email", "name")
	p, err := r.Permit(t.Context(), reading(g, "address", "email")) // address was declined
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.Claims(), []string{"email"}) || !p.Covers("email") || p.Covers("address") || p.Covers("name") || p.Covers("") {
		t.Errorf("covers %v", p.Claims())
	}
	p.Claims()[0] = "name"
	if p.Covers("name") {
		t.Error("a caller changed what the permit covers")
	}
}

func TestPermit_noClaims_saysThatTheGrantIsInForce(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, _ := r.approve(t, c, shop(), "email")
	if p, err := r.Permit(t.Context(), reading(g)); err != nil || len(p.Claims()) != 0 {
		t.Error(p.Claims(), err)
	}
}

// errOwn is a refusal that is none of consent's.
var errOwn = errors.New("revoked")

func TestPermit_refuses(t *testing.T) {
	for name, mode := range map[string]consent.ReadLog{"gathered": consent.Gathered, "strict": consent.Strict} {
		t.Run(name, func(t *testing.T) {
			r, c := newRoom(t, mode), newCustomer()
			g, _ := r.approve(t, c, shop(), "email")
			right := reading(g, "email")
			for name, wrong := range map[string]struct {
				change func(*consent.Reading)
				want   error
			}{
				"everything zero": {func(r *consent.Reading) { *r = consent.Reading{} }, consent.ErrReading},
				"another kind":    {func(r *consent.Reading) { r.Kind = "export" }, consent.ErrReading},
				"no grant":        {func(r *consent.Reading) { r.Grant = "" }, consent.ErrNoGrant},
				"unknown grant":   {func(r *consent.Reading) { r.Grant = id.New[id.Grant]() }, consent.ErrNoGrant},
				"another client":  {func(r *consent.Reading) { r.Client = id.New[id.Client]() }, consent.ErrNoGrant},
				"no client":       {func(r *consent.Reading) { r.Client = "" }, consent.ErrNoGrant},
				"never asked":     {func(r *consent.Reading) { r.Claims = []string{"email", "phone_number"} }, consent.ErrNotGranted},
				"other spelling":  {func(r *consent.Reading) { r.Claims = []string{"Email"} }, consent.ErrNotGranted},
				"the caller's own no": {func(r *consent.Reading) {
					r.Unless = func(store.Reader) error { return errOwn }
				}, errOwn},
				"claim with no name": {func(r *consent.Reading) { r.Claims = []string{""} }, consent.ErrNotGranted},
			} {
				reading := right
				wrong.change(&reading)
				p, err := r.Permit(t.Context(), reading)
				if !errors.Is(err, wrong.want) {
					t.Errorf("%s: %v, want %v", name, err, wrong.want)
				}
				if p != (consent.Permit{}) {
					t.Errorf("%s: a permit came with the refusal", name)
				}
			}
			if err := r.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := r.count(t, "consent/reads/"); n != 0 {
				t.Errorf("%d refused reads were recorded as reads", n)
			}
		})
	}
}

func TestPermit_zero_permitsNothing(t *testing.T) {
	var p consent.Permit
	if p.Covers("email") || p.Covers("") || p.Claims() != nil {
		t.Error("the zero permit covers something")
	}
	if _, err := p.Redeem(); !errors.Is(err, consent.ErrNoPermit) {
		t.Error(err)
	}
}

func TestPermit_servesOnce_alsoAmongItsCopies(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, _ := r.approve(t, c, shop(), "email")
	p, err := r.Permit(t.Context(), reading(g, "email"))
	if err != nil {
		t.Fatal(err)
	}
	var served atomic.Int32
	var all sync.WaitGroup
	for range 50 {
		same := p
		all.Go(func() {
			switch capsule, err := same.Redeem(); {
			case err == nil:
				served.Add(1)
			case !errors.Is(err, consent.ErrSpent) || capsule.Sealed != nil:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if served.Load() != 1 {
		t.Errorf("served %d times", served.Load())
	}
}

func TestPermit_strict_theRecordIsThereFirst(t *testing.T) {
	r, c := newRoom(t, consent.Strict), newCustomer()
	g, _ := r.approve(t, c, shop(), "email", "name")
	for n := 1; n <= 3; n++ {
		if _, err := r.Permit(t.Context(), reading(g, "email")); err != nil {
			t.Fatal(err)
		}
		reads, _, err := r.Reads(t.Context(), c.account, g.ID, "", 0)
		if err != nil || len(reads) != n {
			t.Fatalf("after %d permits: %d records, %v", n, len(reads), err)
		}
		if want := (consent.Read{Time: r.clock.Now(), Kind: consent.KindUserInfo, Claims: []string{"email"}, Count: 1}); !cmp.Equal(reads[0], want) {
			t.Errorf("%+v", reads[0])
		}
		r.clock.Advance(time.Second)
	}
	if got, err := r.Grant(t.Context(), c.account, g.ID); err != nil || got.Reads != 3 || !got.LastRead.Equal(r.clock.Now().Add(-time.Second)) {
		t.Errorf("%d reads, last %v, %v", got.Reads, got.LastRead, err)
	}
}

// breakable is the real store, whose disk can be made to fail, or whose answers to get lost.
type breakable struct {
	store.Store
	broken atomic.Bool
	mute   atomic.Bool
}

var errDisk = errors.New("disk full")

func (b *breakable) Update(ctx context.Context, fn func(store.Tx) error) error {
	if b.mute.Load() {
		return errors.Join(b.Store.Update(ctx, fn), errDisk)
	}
	if !b.broken.Load() {
		return b.Store.Update(ctx, fn)
	}
	return b.Store.Update(ctx, func(tx store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return errDisk
	})
}

func breakableRoom(t *testing.T, mode consent.ReadLog) (*room, *breakable) {
	t.Helper()
	c := newClock()
	b := &breakable{Store: openStore(t, c.Now)}
	return roomOn(t, b, c, mode), b
}

func TestPermit_strict_logThatCannotBeWritten_refuses(t *testing.T) {
	r, disk := breakableRoom(t, consent.Strict)
	g, _ := r.approve(t, newCustomer(), shop(), "email")
	disk.broken.Store(true)
	if p, err := r.Permit(t.Context(), reading(g, "email")); !errors.Is(err, consent.ErrLogUnavailable) || p != (consent.Permit{}) {
		t.Errorf("%v, %v", p, err)
	}
	if n := r.count(t, "consent/reads/"); n != 0 {
		t.Errorf("%d records", n)
	}
	disk.broken.Store(false)
	if _, err := r.Permit(t.Context(), reading(g, "email")); err != nil {
		t.Errorf("the disk works again: %v", err)
	}
}

func TestPermit_gathered_logThatCannotBeWritten_refusesAfterTheFailedFlush(t *testing.T) {
	r, disk := breakableRoom(t, consent.Gathered)
	c := newCustomer()
	g, _ := r.approve(t, c, shop(), "email")
	disk.broken.Store(true)
	permitted := uint64(0)
	eventually(t, func() bool {
		_, err := r.Permit(t.Context(), reading(g, "email"))
		if err == nil {
			permitted++
		}
		return errors.Is(err, consent.ErrLogUnavailable)
	})
	disk.broken.Store(false)
	eventually(t, func() bool {
		_, err := r.Permit(t.Context(), reading(g, "email"))
		if err == nil {
			permitted++
		}
		return err == nil
	})
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Grant(t.Context(), c.account, g.ID); err != nil || got.Reads != permitted {
		t.Errorf("%d reads recorded of %d permitted, %v", got.Reads, permitted, err)
	}
}

// eventually tries until it is so; ten seconds are far more than the second that a flush takes.
func eventually(t *testing.T, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if so() {
			return
		}
	}
	t.Fatal("it never was so")
}

func TestPermit_gathered_isRecordedWithinAMomentWithoutFurtherCalls(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, _ := r.approve(t, c, shop(), "email")
	for range 5 {
		if _, err := r.Permit(t.Context(), reading(g, "email")); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, func() bool {
		reads, _, err := r.Reads(t.Context(), c.account, g.ID, "", 0)
		all := uint64(0)
		for _, one := range reads { // one for each second in which there were any
			all += one.Count
		}
		return err == nil && all == 5
	})
}

func TestPermit_afterClose_refuses(t *testing.T) {
	for name, mode := range map[string]consent.ReadLog{"gathered": consent.Gathered, "strict": consent.Strict} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, mode)
			g, _ := r.approve(t, newCustomer(), shop(), "email")
			if err := r.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Permit(t.Context(), reading(g, "email")); !errors.Is(err, consent.ErrLogUnavailable) {
				t.Error(err)
			}
		})
	}
}

// tamper puts something else under the keys of a grant, as somebody with the database could.
func (r *room) tamper(t *testing.T, key string, value []byte) {
	t.Helper()
	err := r.store.Update(t.Context(), func(tx store.Tx) error {
		if value == nil {
			return tx.Delete(key)
		}
		return tx.Put(key, value, time.Time{})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPermit_recordsMissingOrUnreadable_refuse(t *testing.T) {
	for _, part := range []string{"terms", "state", "capsule"} {
		for name, value := range map[string][]byte{"missing": nil, "empty": {}, "garbage": []byte("garbage"), "newer": []byte(`{"v":2,"state":"given"}`)} {
			r := newRoom(t, consent.Gathered)
			g, _ := r.approve(t, newCustomer(), shop(), "email")
			r.tamper(t, "consent/grant/"+string(g.ID)+"/"+part, value)
			if p, err := r.Permit(t.Context(), reading(g, "email")); err == nil || p != (consent.Permit{}) {
				t.Errorf("%s %s: permitted", part, name)
			}
		}
	}
}
