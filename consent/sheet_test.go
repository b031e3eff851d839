package consent

import (
	"bytes"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/meins-id/meins/internal/id"
)

func TestSheet_readsAsItWasWritten_andKnowsItsLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s sheet
		var want []Read
		for i := range rapid.IntRange(0, 40).Draw(t, "lines") {
			one := tally{
				id: id.Receipt(strconv.Itoa(i)), count: rapid.Uint64Min(1).Draw(t, "count"),
				read: read{
					kind:   Kind(rapid.SampledFrom([]string{"userinfo", "id_token"}).Draw(t, "kind")),
					claims: rapid.SliceOfN(rapid.SampledFrom([]string{"email", "name", "address", ""}), 0, 3).Draw(t, "claims"),
					at:     time.UnixMilli(rapid.Int64Range(-1e12, 4e12).Draw(t, "at")).UTC(), // clocks of several machines go back
				},
			}
			if s.holds(one) || !s.add(one) || s.add(one) || !s.holds(one) {
				t.Fatal("a line is not known again")
			}
			want = append(want, Read{Time: one.at, Kind: one.kind, Claims: one.claims, Count: one.count})
		}
		decoded, err := decodeSheet(s.raw)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			got := decoded.read(i)
			if got.Time.Equal(want[i].Time) && got.Kind == want[i].Kind && got.Count == want[i].Count && slices.Equal(got.Claims, want[i].Claims) {
				continue
			}
			t.Fatal(cmp.Diff(want[i], got))
		}
		if len(decoded.lines) != len(want) {
			t.Fatalf("%d lines of %d", len(decoded.lines), len(want))
		}
	})
}

func TestSheet_whatWasCutOrGarbled_isRefusedOrRead_andNeverMore(t *testing.T) {
	whole := sampleSheet().raw
	for n := 1; n < len(whole); n++ {
		if s, err := decodeSheet(whole[:n]); err == nil && !bytes.Equal(s.raw, whole[:n]) {
			t.Errorf("cut at %d it reads as something else", n)
		}
	}
	if _, err := decodeSheet(append([]byte{2}, whole[1:]...)); err == nil {
		t.Error("another version is read")
	}
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOf(rapid.Byte()).Draw(t, "raw")
		if s, err := decodeSheet(append([]byte{sheetFormat}, raw...)); err == nil && len(s.lines) > len(raw) {
			t.Fatal("more lines than bytes")
		}
	})
}
