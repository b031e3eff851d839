package id_test

import (
	"testing"
	"time"

	"github.com/meins-id/meins/internal/id"
)

func TestNew_parses_andNeverRepeats(t *testing.T) {
	seen := map[id.Grant]bool{}
	for range 1000 {
		g := id.New[id.Grant]()
		if got, err := id.Parse[id.Grant](string(g)); err != nil || got != g {
			t.Fatalf("Parse(%q) = %q, %v", g, got, err)
		}
		if seen[g] {
			t.Fatalf("%q came twice", g)
		}
		seen[g] = true
	}
}

func TestNewAt_sortsByTime_andNeverRepeats(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	seen, before := map[id.Family]bool{}, id.NewAt[id.Family](time.Time{})
	for range 1000 {
		now = now.Add(7 * time.Millisecond)
		f, twin := id.NewAt[id.Family](now), id.NewAt[id.Family](now.Add(time.Microsecond))
		if got, err := id.Parse[id.Family](string(f)); err != nil || got != f {
			t.Fatalf("Parse(%q) = %q, %v", f, got, err)
		}
		if f <= before || f[:9] != twin[:9] {
			t.Fatalf("%q comes after %q, and %q is of the same millisecond", f, before, twin)
		}
		if seen[f[9:]] || seen[twin[9:]] {
			t.Fatalf("%q or %q came twice", f, twin)
		}
		seen[f[9:]], seen[twin[9:]], before = true, true, f
	}
}

func TestNumber_sortsAsNumbersDo_andKeepsTheLowerPart(t *testing.T) {
	before := ""
	for n := uint64(0); n < 1<<20; n += 331 {
		got := id.Number(n, 4)
		if len(got) != 4 || got <= before {
			t.Fatalf("%d is %q, after %q", n, got, before)
		}
		before = got
	}
	if low := id.Number(1<<20+7, 4); low != id.Number(7, 4) {
		t.Errorf("of a number that is too large: %q", low)
	}
}

func TestParse_refusesEverythingElse(t *testing.T) {
	for _, s := range []string{"", "a", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxy1", "abcdefghijklmnopqrstuvwxyz2", "abcdefghijklmnopqrstuvwx/z", "äbcdefghijklmnopqrstuvwxy"} {
		if _, err := id.Parse[id.Account](s); err == nil {
			t.Errorf("Parse(%q) accepted it", s)
		}
	}
}
