package bolt

import (
	"slices"
	"strings"
	"time"

	"github.com/meins-id/meins/internal/store"
)

// write is one change that a transaction wants: a new record, or none where raw is nil.
type write struct {
	key string
	raw []byte
}

// overlay holds the changes of one transaction in order of their keys.
type overlay []write

func (o overlay) search(key string) (int, bool) {
	return slices.BinarySearchFunc(o, key, func(w write, key string) int {
		return strings.Compare(w.key, key)
	})
}

// from returns the changes whose keys are not less than start.
func (o overlay) from(start string) overlay {
	i, _ := o.search(start)
	return o[i:]
}

// set returns o with one more change; a later change of the same key replaces the earlier.
func (o overlay) set(key string, raw []byte) overlay {
	i, there := o.search(key)
	if there {
		o[i].raw = raw
		return o
	}
	return slices.Insert(o, i, write{key: key, raw: raw})
}

// transaction is what one function of an Update sees: the batch so far, under its own overlay.
type transaction struct {
	reader
	batch *batch
	over  overlay
}

var _ store.Tx = (*transaction)(nil)

// Get implements store.Reader.
func (t *transaction) Get(key string) ([]byte, error) {
	if t.ended {
		return nil, ErrEnded
	}
	return found(t.value(key))
}

// value returns a copy of the live value under key, or nil.
func (t *transaction) value(key string) []byte {
	if i, there := t.over.search(key); there {
		return valueOf(t.over[i].raw, t.now)
	}
	return valueOf(t.find(key), t.now)
}

// GetMany implements store.Reader.
func (t *transaction) GetMany(keys ...string) ([][]byte, error) {
	if t.ended {
		return nil, ErrEnded
	}
	values := make([][]byte, len(keys))
	for i, key := range keys {
		values[i] = t.value(key)
	}
	return values, nil
}

// Scan implements store.Reader.
func (t *transaction) Scan(prefix, from string, limit int) ([]store.Item, error) {
	return t.scan(prefix, from, limit, t.over)
}

// Put implements store.Tx.
func (t *transaction) Put(key string, value []byte, expires time.Time) error {
	switch {
	case t.ended:
		return ErrEnded
	case key == "" || len(key) > store.MaxKey:
		return ErrKey
	case len(value) > store.MaxValue:
		return ErrValue
	}
	t.over = t.over.set(key, encode(value, expiryOf(expires)))
	return nil
}

// Delete implements store.Tx.
func (t *transaction) Delete(key string) error {
	if t.ended {
		return ErrEnded
	}
	t.over = t.over.set(key, nil)
	return nil
}
