package seal

import (
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// In a Go program this compares the library with itself; in a browser, with what the browser has.
func TestCompose_everyCharacter_isThatOfTheTables(t *testing.T) {
	const block = 1024
	for first := rune(0); first <= unicode.MaxRune; first += block {
		var b strings.Builder
		for r := first; r < first+block; r++ {
			if unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z) {
				b.WriteString(" a" + string(r) + "\u0301 \u1100" + string(r))
			}
		}
		if text := b.String(); string(compose(text)) != norm.NFKC.String(text) {
			t.Errorf("differs from %U on", first)
		}
	}
}
