package id_test

import (
	"testing"

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

func TestParse_refusesEverythingElse(t *testing.T) {
	for _, s := range []string{"", "a", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxy1", "abcdefghijklmnopqrstuvwxyz2", "abcdefghijklmnopqrstuvwx/z", "äbcdefghijklmnopqrstuvwxy"} {
		if _, err := id.Parse[id.Account](s); err == nil {
			t.Errorf("Parse(%q) accepted it", s)
		}
	}
}
