package consent_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/internal/store"
)

func TestReads_areListedNewestFirst_pageByPage(t *testing.T) {
	r, c := newRoom(t, consent.Strict), newCustomer()
	g, _ := r.approve(t, c, shop(), "email")
	other, _ := r.approve(t, c, shop(), "email")
	var want []time.Time
	for range 25 {
		r.clock.Advance(time.Second)
		want = append(want, r.clock.Now())
		for _, grant := range []consent.Grant{g, other} {
			if _, err := r.Permit(t.Context(), reading(grant, "email")); err != nil {
				t.Fatal(err)
			}
		}
	}
	slices.Reverse(want)
	var got []time.Time
	before, pages := "", 0
	for {
		reads, next, err := r.Reads(t.Context(), c.account, g.ID, before, 10)
		if err != nil || len(reads) > 10 {
			t.Fatal(len(reads), err)
		}
		for _, read := range reads {
			got = append(got, read.Time)
		}
		if pages++; next == "" {
			break
		}
		before = next
	}
	if !slices.EqualFunc(got, want, time.Time.Equal) || pages != 3 {
		t.Errorf("%d reads on %d pages", len(got), pages)
	}
}

func TestReads_placeThatNoListGave_isRefused(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, _ := r.approve(t, c, shop(), "email")
	for _, before := range []string{"x", "/", "\x00", strings.Repeat("0", 500), "0000000000000000-", "000000000000000G-aaaaaaaaaaaaaaaaaaaaaaaaaa"} {
		if _, _, err := r.Reads(t.Context(), c.account, g.ID, before, 10); !errors.Is(err, consent.ErrCursor) {
			t.Errorf("%q: %v", before, err)
		}
	}
}

func TestReads_stayForAYearAfterTheGrant(t *testing.T) {
	r, c := newRoom(t, consent.Strict), newCustomer()
	g, _ := r.approve(t, c, shop(), "email")
	if _, err := r.Permit(t.Context(), reading(g, "email")); err != nil {
		t.Fatal(err)
	}
	listed := func() int {
		reads, _, err := r.Reads(t.Context(), c.account, g.ID, "", 0)
		if err != nil {
			t.Fatal(err)
		}
		return len(reads)
	}
	r.clock.Advance(2*consent.MaxEnds - time.Second)
	if listed() != 1 {
		t.Error("gone too early")
	}
	r.clock.Advance(time.Second)
	if listed() != 0 {
		t.Error("kept too long")
	}
	if got, err := r.Grant(t.Context(), c.account, g.ID); err != nil || got.Reads != 1 {
		t.Errorf("the count: %d, %v", got.Reads, err)
	}
}

func TestReads_ofTwoNodes_addUp(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	elsewhere := roomOn(t, r.store, r.clock, consent.Gathered)
	g, _ := r.approve(t, c, shop(), "email", "name")
	for range 10 {
		for _, node := range []*room{r, elsewhere} {
			if _, err := node.Permit(t.Context(), reading(g, "email")); err != nil {
				t.Fatal(err)
			}
		}
	}
	idToken := reading(g, "name")
	idToken.Kind = consent.KindIDToken
	if _, err := r.Permit(t.Context(), idToken); err != nil {
		t.Fatal(err)
	}
	for _, node := range []*room{r, elsewhere} {
		if err := node.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := r.Grant(t.Context(), c.account, g.ID); err != nil || got.Reads != 21 {
		t.Errorf("%d reads, %v", got.Reads, err)
	}
	reads, _, err := r.Reads(t.Context(), c.account, g.ID, "", 0)
	sum := uint64(0)
	for _, read := range reads {
		sum += read.Count
	}
	if err != nil || sum != 21 || len(reads) < 3 {
		t.Errorf("%d reads in %d lines, %v", sum, len(reads), err)
	}
}

// A write whose answer got lost is tried again, and counts once.
func TestReads_writtenTwice_countOnce(t *testing.T) {
	r, disk := breakableRoom(t, consent.Gathered)
	c := newCustomer()
	g, _ := r.approve(t, c, shop(), "email")
	for range 3 {
		if _, err := r.Permit(t.Context(), reading(g, "email")); err != nil {
			t.Fatal(err)
		}
	}
	disk.mute.Store(true)
	eventually(t, func() bool { return r.count(t, "consent/reads/") == 2 }) // a sheet, and how often
	permitted := uint64(3)
	eventually(t, func() bool {
		_, err := r.Permit(t.Context(), reading(g, "email"))
		if err == nil {
			permitted++ // the write has not failed yet
		}
		return errors.Is(err, consent.ErrLogUnavailable)
	})
	disk.mute.Store(false)
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := r.Grant(t.Context(), c.account, g.ID)
	reads, _, _ := r.Reads(t.Context(), c.account, g.ID, "", 0)
	sum := uint64(0)
	for _, read := range reads {
		sum += read.Count
	}
	if err != nil || got.Reads != permitted || sum != permitted {
		t.Errorf("%d reads of %d in %d lines, %v", got.Reads, permitted, len(reads), err)
	}
}

func TestReads_ofAYear_areListedWhole_andGrowLittle(t *testing.T) {
	r, c := newRoom(t, consent.Strict), newCustomer()
	g, _ := r.approve(t, c, shop(), "email", "address")
	const reads = 2 * 360
	var want []time.Time
	for range reads {
		r.clock.Advance(12 * time.Hour)
		if _, err := r.Permit(t.Context(), reading(g, "email", "address")); err != nil {
			t.Fatal(err)
		}
		want = append(want, r.clock.Now())
	}
	slices.Reverse(want)
	for _, size := range []int{1, 7, 127, 128, 129, 200} {
		var got []time.Time
		for before := ""; ; {
			list, next, err := r.Reads(t.Context(), c.account, g.ID, before, size)
			if err != nil || len(list) > size || len(list) == 0 {
				t.Fatal(len(list), err)
			}
			for _, read := range list {
				got = append(got, read.Time)
			}
			if before = next; before == "" {
				break
			}
		}
		if !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Errorf("%d reads on pages of %d", len(got), size)
		}
	}
	if n := r.bytes(t, "consent/reads/"); n > 16*reads {
		t.Errorf("%d bytes for %d reads", n, reads)
	}
}

// bytes is what the records with a prefix take, keys and values, as often as a key is stored: once
// more where it expires.
func (r *room) bytes(tb testing.TB, prefix string) (n int) {
	tb.Helper()
	err := r.store.View(tb.Context(), func(s store.Reader) error {
		items, err := s.Scan(prefix, "", 1_000_000)
		for _, item := range items {
			n += 2*len(item.Key) + len(item.Value)
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return n
}
