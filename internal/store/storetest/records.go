package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/meins-id/meins/internal/store"
)

func (s *suite) expiredIsAbsent() {
	s.put("k/a", "stays", never)
	s.put("k/b", "goes", s.clock.in(time.Second))
	s.put("k/c", "long gone", s.clock.in(-time.Hour))
	s.put("k/d", "stays", s.clock.in(time.Hour))

	s.clock.advance(time.Second - time.Millisecond)
	equal(s, "just before", s.contents("k/a", "k/b", "k/c", "k/d"), []string{"stays", "goes", absent, "stays"})
	s.clock.advance(time.Millisecond)
	equal(s, "at the moment", s.contents("k/a", "k/b", "k/c", "k/d"), []string{"stays", absent, absent, "stays"})
	equal(s, "scanned", s.keys("k/", "", 0), []string{"k/a", "k/d"})
	equal(s, "an expired record takes no place in the limit", s.keys("k/", "k/b", 1), []string{"k/d"})

	s.update(func(tx store.Tx) error {
		if _, err := tx.Get("k/b"); !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("an Update sees an expired record: %w", err)
		}
		return tx.Delete("k/b")
	})
	equal(s, "after the Delete of an expired record", s.keys("k/", "", 0), []string{"k/a", "k/d"})
}

func (s *suite) expiryIsReplaced() {
	s.put("longer", "1", s.clock.in(time.Second))
	s.put("longer", "2", s.clock.in(time.Hour))
	s.put("for good", "1", s.clock.in(time.Second))
	s.put("for good", "2", never)
	s.put("shorter", "1", s.clock.in(time.Hour))
	s.put("shorter", "2", s.clock.in(time.Second))
	s.put("again", "1", s.clock.in(time.Second))
	s.clock.advance(time.Minute)
	s.put("again", "2", s.clock.in(time.Second))
	s.put("other", "so that an engine that cleans up as it writes does so", never)
	equal(s, "a minute later", s.contents("longer", "for good", "shorter", "again"), []string{"2", "2", absent, "2"})
	s.clock.advance(2 * time.Hour)
	s.put("other", "once more", never)
	equal(s, "hours later", s.contents("longer", "for good", "shorter", "again"), []string{absent, "2", absent, absent})
}

func (s *suite) scanWalks() {
	for _, key := range []string{"p/c", "p/a", "p/b/1", "p", "p/", "p0", "o/z", "p/é", "p/~"} {
		s.put(key, key, never)
	}
	equal(s, "a prefix, in byte order", s.keys("p/", "", 0), []string{"p/", "p/a", "p/b/1", "p/c", "p/~", "p/é"})
	equal(s, "from a key that exists", s.keys("p/", "p/b/1", 0), []string{"p/b/1", "p/c", "p/~", "p/é"})
	equal(s, "from a key that does not", s.keys("p/", "p/b/1\x01", 2), []string{"p/c", "p/~"})
	equal(s, "from before the prefix", s.keys("p/", "a", 1), []string{"p/"})
	equal(s, "from behind the prefix", s.keys("p/", "q", 0), []string{})
	equal(s, "a prefix nobody has", s.keys("x", "", 0), []string{})
	equal(s, "everything", len(s.keys("", "", 0)), 9)

	var walked []string
	for from := ""; ; { // how a caller pages
		page := s.keys("p/", from, 2)
		if len(page) == 0 {
			break
		}
		walked = append(walked, page...)
		from = page[len(page)-1] + "\x01"
	}
	equal(s, "in pages", walked, s.keys("p/", "", 0))
}

func (s *suite) scanHasLimit() {
	const records = 1200
	s.update(func(tx store.Tx) error {
		for i := range records {
			if err := tx.Put(fmt.Sprintf("n/%04d", i), nil, never); err != nil {
				return err
			}
		}
		return nil
	})
	keys := s.keys("n/", "", 0)
	equal(s, "without a limit", len(keys), 1000)
	equal(s, "the last of them", keys[999], "n/0999")
	equal(s, "with a higher limit", len(s.keys("n/", "", 5000)), records)
}

// limitsHold also checks that a refused record leaves the store as it was.
func (s *suite) limitsHold() {
	longest := strings.Repeat("k", store.MaxKey)
	largest := bytes.Repeat([]byte("0123456789abcdef"), store.MaxValue/16)
	s.update(func(tx store.Tx) error {
		return errors.Join(tx.Put(longest, []byte("v"), never), tx.Put("large", largest, s.clock.in(time.Hour)))
	})
	equal(s, "the longest key", s.contents(longest), []string{"v"})
	equal(s, "the largest value", s.contents("large")[0] == string(largest), true)
	s.put("large", "small", never)
	equal(s, "a large value replaced", s.contents("large"), []string{"small"})

	refused := []struct {
		what, key string
		value     []byte
	}{
		{"an empty key", "", []byte("v")},
		{"a key that is too long", longest + "k", []byte("v")},
		{"a value that is too large", "x", append(largest, 'x')},
	}
	for _, c := range refused {
		err := s.store.Update(s.Context(), func(tx store.Tx) error { return tx.Put(c.key, c.value, never) })
		if err == nil || errors.Is(err, store.ErrNotFound) {
			s.Errorf("%s: %v", c.what, err)
		}
		equal(s, c.what, s.contents(c.key), []string{absent})
	}
	equal(s, "what is there", len(s.keys("", "", 0)), 2)
}

func (s *suite) valuesAreCopies() {
	mine := []byte("value")
	s.update(func(tx store.Tx) error {
		if err := tx.Put("k", mine, never); err != nil {
			return err
		}
		copy(mine, "XXXXX")
		inside, err := tx.Get("k")
		copy(inside, "YYYYY")
		copy(mine, "value") // for the case that the function runs again
		return err
	})
	equal(s, "after the caller wrote on its own bytes", s.contents("k"), []string{"value"})

	var got []byte
	var many [][]byte
	var items []store.Item
	err := s.store.View(s.Context(), func(r store.Reader) error {
		var errs [3]error
		got, errs[0] = r.Get("k")
		many, errs[1] = r.GetMany("k")
		items, errs[2] = r.Scan("k", "", 0)
		copy(got, "ZZZZZ")
		return errors.Join(errs[:]...)
	})
	if err != nil {
		s.Fatal(err)
	}
	s.put("k", "other", never)
	equal(s, "kept beyond the View", []string{string(got), string(many[0]), string(items[0].Value), items[0].Key},
		[]string{"ZZZZZ", "value", "value", "k"})
}

func (s *suite) emptyIsValue() {
	s.put("empty", "", never)
	s.update(func(tx store.Tx) error { return tx.Put("nil", nil, never) })
	equal(s, "read", s.contents("empty", "nil", "none"), []string{"", "", absent})
	equal(s, "scanned", s.keys("", "", 0), []string{"empty", "nil"})
}
