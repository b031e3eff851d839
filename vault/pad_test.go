package vault

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/meins-id/meins/vault/seal"
)

func TestPad_anyLength_comesBack_andCostsLittle(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		floor := rapid.SampledFrom([]int{capsuleFloor, documentFloor}).Draw(r, "floor")
		plaintext := bytes.Repeat([]byte{0xff}, rapid.IntRange(0, 1<<18).Draw(r, "length"))
		padded := pad(plaintext, floor)
		if n := max(padHead+len(plaintext), floor); len(padded) < n || len(padded)*100 > n*112 {
			r.Fatalf("%d bytes become %d", n, len(padded))
		}
		back, err := unpad(padded, floor)
		if err != nil || !bytes.Equal(back, plaintext) {
			r.Fatalf("%d bytes come back as %d: %v", len(plaintext), len(back), err)
		}
		spoilt := bytes.Clone(padded)
		spoilt[0] ^= 0x80
		if _, err := unpad(spoilt, floor); err == nil {
			r.Fatal("a length beyond the end was accepted")
		}
		if _, err := unpad(padded[:len(padded)-1], floor); err == nil {
			r.Fatal("another size was accepted")
		}
	})
}

func TestPad_theLargestDocument_isAsTheFormatSays(t *testing.T) {
	const most = 258_044
	if n := len(pad(make([]byte, most), documentFloor)) + seal.Overhead; n > MaxDocument {
		t.Errorf("%d bytes seal as %d", most, n)
	}
	if n := len(pad(make([]byte, most+1), documentFloor)) + seal.Overhead; n <= MaxDocument {
		t.Errorf("%d bytes seal as %d", most+1, n)
	}
}
