package bolt_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/meins-id/meins/internal/store"
)

// GetMany steps over what cannot be there: in whatever order keys come, some twice, some absent, some
// expired, it finds what Get finds.
func TestGetMany_inAnyOrder_findsWhatGetFinds(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	s := open(t, filepath.Join(t.TempDir(), "meins.db"), func() time.Time { return now })
	var all []string
	for a := 'a'; a <= 't'; a++ {
		for b := 'a'; b <= 'j'; b++ {
			all = append(all, "k"+string(a)+string(b))
		}
	}
	expires := map[bool]time.Time{true: now.Add(time.Minute)}
	for i, key := range all { // on many pages
		if i%3 != 0 {
			put(t, s, key, strings.Repeat(key, 40), expires[i%7 == 0])
		}
	}
	now = now.Add(time.Hour)
	some := rapid.OneOf(rapid.SampledFrom(all), rapid.SampledFrom([]string{"a", "k", "ka", "kaa0", "kjj~", "ktj0", "z"}))
	rapid.Check(t, func(rt *rapid.T) {
		keys := rapid.SliceOfN(some, 1, 12).Draw(rt, "keys")
		switch rapid.IntRange(0, 2).Draw(rt, "order") {
		case 0:
			slices.Sort(keys)
		case 1: // neighbours
			from := rapid.IntRange(0, len(all)-12).Draw(rt, "from")
			keys = slices.Clone(all[from : from+12])
		}
		err := s.View(t.Context(), func(r store.Reader) error {
			found, err := r.GetMany(keys...)
			if err != nil {
				return err
			}
			for i, key := range keys {
				want, _ := r.Get(key) // nothing where there is none
				if string(found[i]) != string(want) || (found[i] == nil) != (want == nil) {
					rt.Errorf("%q of %q: %q and not %q", key, keys, found[i], want)
				}
			}
			return nil
		})
		if err != nil {
			rt.Fatal(err)
		}
	})
}
