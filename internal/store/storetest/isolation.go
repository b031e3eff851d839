package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/meins-id/meins/internal/store"
)

func (s *suite) viewIsSnapshot() {
	s.put("a", "old", never)
	s.put("b", "old", never)
	err := s.store.View(s.Context(), func(r store.Reader) error {
		before, err := read(r, []string{"a", "b", "c"})
		if err != nil {
			return err
		}
		equal(s, "before", before, []string{"old", "old", absent})
		s.update(func(tx store.Tx) error {
			return errors.Join(
				tx.Put("a", []byte("new"), never), tx.Delete("b"), tx.Put("c", []byte("new"), never))
		})
		after, err := read(r, []string{"a", "b", "c"})
		if err != nil {
			return err
		}
		equal(s, "the same View after a commit", after, before)
		items, err := r.Scan("", "", 0)
		equal(s, "its Scan", keysOf(items), []string{"a", "b"})
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	equal(s, "the next View", s.contents("a", "b", "c"), []string{"new", absent, "new"})
}

func (s *suite) updateSeesOwnWrites() {
	s.put("b", "stored", never)
	s.put("d", "stored", never)
	var got []string
	var items []store.Item
	s.update(func(tx store.Tx) error {
		err := errors.Join(
			tx.Put("a", []byte("mine"), never),
			tx.Put("b", []byte("mine"), never),
			tx.Put("b", []byte("mine again"), never),
			tx.Put("c", []byte("gone"), never),
			tx.Delete("c"),
			tx.Delete("d"),
			tx.Put("e", []byte("too late"), s.clock.Now()))
		if err != nil {
			return err
		}
		if got, err = read(tx, []string{"a", "b", "c", "d", "e"}); err != nil {
			return err
		}
		items, err = tx.Scan("", "", 0)
		return err
	})
	want := []string{"mine", "mine again", absent, absent, absent}
	equal(s, "inside", got, want)
	equal(s, "inside, scanned", keysOf(items), []string{"a", "b"})
	equal(s, "afterwards", s.contents("a", "b", "c", "d", "e"), want)
}

// errRedeemed is what the losers of a race get.
var errRedeemed = errors.New("already redeemed")

func (s *suite) oneRacerWins() {
	for round := range 5 {
		code := fmt.Sprintf("code/%d", round)
		s.put(code, "grant", s.clock.in(time.Minute))
		won := s.all(100, errRedeemed, func(ctx context.Context, i int) error {
			return s.store.Update(ctx, func(tx store.Tx) error { return redeem(tx, code, i) })
		})
		equal(s, "winners", won, 1)
	}
	equal(s, "tokens issued", len(s.keys("token/", "", 0)), 5)
}

// redeem turns a code into a token, once.
func redeem(tx store.Tx, code string, racer int) error {
	_, err := tx.Get(code)
	if errors.Is(err, store.ErrNotFound) {
		return errRedeemed
	}
	if err != nil {
		return err
	}
	if err := tx.Delete(code); err != nil {
		return err
	}
	return tx.Put(fmt.Sprintf("token/%s/%d", code, racer), []byte("t"), never)
}

func (s *suite) noIncrementLost() {
	const workers, rounds = 100, 10
	s.put("counter", "0", never)
	s.all(workers, nil, func(ctx context.Context, _ int) error {
		for range rounds {
			if err := s.store.Update(ctx, increment); err != nil {
				return err
			}
		}
		return nil
	})
	equal(s, "counter", s.contents("counter"), []string{strconv.Itoa(workers * rounds)})
}

func increment(tx store.Tx) error {
	value, err := tx.Get("counter")
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(string(value))
	if err != nil {
		return err
	}
	return tx.Put("counter", []byte(strconv.Itoa(n+1)), never)
}

// errLast keeps the last of two from leaving.
var errLast = errors.New("one must stay")

// noWriteSkew lets two leave at the same time, each of which may only if the other is still there.
// They write different keys, so only a serializable engine notices.
func (s *suite) noWriteSkew() {
	for round := range 20 {
		pair := []string{fmt.Sprintf("%d/x", round), fmt.Sprintf("%d/y", round)}
		s.put(pair[0], "in", never)
		s.put(pair[1], "in", never)
		left := s.all(2, errLast, func(ctx context.Context, i int) error {
			return s.store.Update(ctx, func(tx store.Tx) error {
				both, err := tx.GetMany(pair...)
				if err != nil {
					return err
				}
				if string(both[0]) != "in" || string(both[1]) != "in" {
					return errLast
				}
				return tx.Put(pair[i], []byte("out"), never)
			})
		})
		equal(s, "how many left", left, 1)
	}
}
