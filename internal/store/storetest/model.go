package storetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/meins-id/meins/internal/store"
)

// model is what a store should be: a map.
type model map[string]record

type record struct {
	value   string
	expires time.Time
}

func (m model) get(key string, now time.Time) string {
	r, there := m[key]
	if !there || (!r.expires.IsZero() && !r.expires.After(now)) {
		return absent
	}
	return r.value
}

func (m model) scan(prefix, from string, limit int, now time.Time) []store.Item {
	var items []store.Item
	for _, key := range slices.Sorted(maps.Keys(m)) {
		value := m.get(key, now)
		if strings.HasPrefix(key, prefix) && key >= from && value != absent && len(items) < limit {
			items = append(items, store.Item{Key: key, Value: []byte(value)})
		}
	}
	return items
}

// step is one operation within a transaction. It is drawn before the transaction starts, because
// an engine may run the function more than once.
type step struct {
	op     string
	keys   []string
	value  string
	life   time.Duration // 0: never expires
	prefix string
	from   string
	limit  int
}

var (
	anyKey  = rapid.StringOfN(rapid.RuneFrom([]rune("ab/~é")), 1, 4, -1)
	anyPart = rapid.StringOfN(rapid.RuneFrom([]rune("ab/~é")), 0, 2, -1)
	anyLife = rapid.SampledFrom([]time.Duration{0, 0, -time.Second, time.Millisecond, time.Second, time.Minute})
)

// steps draws up to ten operations out of ops. All keys start with space.
func steps(space string, ops []string) *rapid.Generator[[]step] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		st := step{
			op:     rapid.SampledFrom(ops).Draw(t, "op"),
			value:  rapid.StringN(0, 8, 40).Draw(t, "value"),
			life:   anyLife.Draw(t, "life"),
			prefix: space + anyPart.Draw(t, "prefix"),
			limit:  rapid.IntRange(1, 6).Draw(t, "limit"),
		}
		if rapid.Bool().Draw(t, "has from") {
			st.from = space + anyKey.Draw(t, "from")
		}
		for range rapid.IntRange(1, 4).Draw(t, "keys") {
			st.keys = append(st.keys, space+anyKey.Draw(t, "key"))
		}
		return st
	}), 1, 10)
}

var (
	readOps  = []string{"get", "scan"}
	writeOps = []string{"get", "scan", "put", "put", "put", "delete"}
)

// read runs one reading step against the store and the model.
func (st step) read(r store.Reader, m model, now time.Time) error {
	if st.op == "get" {
		return st.readKeys(r, m, now)
	}
	got, err := r.Scan(st.prefix, st.from, st.limit)
	if err != nil {
		return err
	}
	return differ("scan", got, m.scan(st.prefix, st.from, st.limit, now))
}

func (st step) readKeys(r store.Reader, m model, now time.Time) error {
	got, err := read(r, st.keys)
	if err != nil {
		return err
	}
	var want []string
	for _, key := range st.keys {
		want = append(want, m.get(key, now))
	}
	return differ("get", got, want)
}

// differ returns an error that shows where got is not want; nil and empty are the same.
func differ[T any](what string, got, want []T) error {
	if len(got) == 0 && len(want) == 0 {
		return nil
	}
	if diff := cmp.Diff(want, got); diff != "" {
		return fmt.Errorf("%s (-want +got):\n%s", what, diff)
	}
	return nil
}

// apply runs one step of an Update against the store and the model.
func (st step) apply(tx store.Tx, m model, now time.Time) error {
	switch st.op {
	case "put":
		r := record{value: st.value}
		if st.life != 0 {
			r.expires = now.Add(st.life)
		}
		m[st.keys[0]] = r
		return tx.Put(st.keys[0], []byte(r.value), r.expires)
	case "delete":
		delete(m, st.keys[0])
		return tx.Delete(st.keys[0])
	}
	return st.read(tx, m, now)
}

// errRefused is what a transaction of the model check returns when it changes its mind.
var errRefused = errors.New("refused on purpose")

func (s *suite) agreesWithModel() {
	run := 0
	rapid.Check(s.T, func(t *rapid.T) {
		run++ // each run has the keys under its own prefix to itself, so that one store serves all
		c := &check{suite: s, space: fmt.Sprintf("%04d/", run), model: model{}}
		t.Repeat(map[string]func(*rapid.T){
			"update":  c.update,
			"view":    c.view,
			"advance": c.advance,
			"":        c.whole,
		})
	})
}

// check is one run of the model check.
type check struct {
	*suite
	space string
	model model
}

func (c *check) update(t *rapid.T) {
	todo := steps(c.space, writeOps).Draw(t, "steps")
	refuse := rapid.IntRange(0, 3).Draw(t, "refuse") == 0
	now := c.clock.Now()
	var after model
	err := c.store.Update(c.Context(), func(tx store.Tx) error {
		after = maps.Clone(c.model)
		for _, st := range todo {
			if err := st.apply(tx, after, now); err != nil {
				return err
			}
		}
		if refuse {
			return errRefused
		}
		return nil
	})
	switch {
	case refuse && !errors.Is(err, errRefused):
		t.Fatalf("update returned %v instead of its function's error", err)
	case !refuse && err != nil:
		t.Fatalf("update: %v", err)
	case !refuse:
		c.model = after
	}
}

func (c *check) view(t *rapid.T) {
	todo := steps(c.space, readOps).Draw(t, "steps")
	now := c.clock.Now()
	err := c.store.View(c.Context(), func(r store.Reader) error {
		for _, st := range todo {
			if err := st.read(r, c.model, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("view: %v", err)
	}
}

func (c *check) advance(t *rapid.T) {
	c.clock.advance(rapid.SampledFrom([]time.Duration{time.Millisecond, time.Second, 2 * time.Minute}).Draw(t, "by"))
}

// whole compares everything after every action.
func (c *check) whole(t *rapid.T) {
	everything := step{op: "scan", prefix: c.space, limit: 1000}
	err := c.store.View(c.Context(), func(r store.Reader) error {
		return everything.read(r, c.model, c.clock.Now())
	})
	if err != nil {
		t.Fatalf("whole: %v", err)
	}
}
