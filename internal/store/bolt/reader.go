package bolt

import (
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"github.com/meins-id/meins/internal/store"
)

// defaultLimit of a Scan that names none.
const defaultLimit = 1000

// reader reads one bbolt transaction. It keeps one cursor and one buffer for all its look-ups: a
// View that reads three records allocates little more than the three values.
type reader struct {
	cursor *bbolt.Cursor
	now    moment
	ended  bool
	seek   []byte
	space  [96]byte // most keys fit, so that seek needs no allocation of its own
}

var _ store.Reader = (*reader)(nil)

func newReader(cursor *bbolt.Cursor, now time.Time) *reader {
	r := &reader{cursor: cursor, now: expiryOf(now)}
	r.seek = r.space[:0]
	return r
}

func (r *reader) end() { r.ended = true }

// find returns the raw record under key, or nil. The bytes belong to the file: copy, never keep.
func (r *reader) find(key string) []byte {
	r.seek = append(r.seek[:0], key...)
	k, raw := r.cursor.Seek(r.seek)
	if string(k) != key {
		return nil
	}
	return raw
}

// Get implements store.Reader.
func (r *reader) Get(key string) ([]byte, error) {
	if r.ended {
		return nil, ErrEnded
	}
	return found(valueOf(r.find(key), r.now))
}

// found turns an absent value into its error.
func found(value []byte) ([]byte, error) {
	if value == nil {
		return nil, store.ErrNotFound
	}
	return value, nil
}

// GetMany implements store.Reader. Of keys in ascending order it walks down the tree for the first alone,
// where the others are neighbours or absent: a read of a grant asks for such.
func (r *reader) GetMany(keys ...string) ([][]byte, error) {
	if r.ended {
		return nil, ErrEnded
	}
	values := make([][]byte, len(keys))
	var at, raw []byte // where the cursor stands: on the first key that is not before the one asked for last
	for i, key := range keys {
		ascends := i > 0 && keys[i-1] <= key
		if ascends && at != nil && string(at) < key {
			at, raw = r.cursor.Next()
		}
		if !ascends || at != nil && string(at) < key {
			r.seek = append(r.seek[:0], key...)
			at, raw = r.cursor.Seek(r.seek)
		}
		if string(at) == key {
			values[i] = valueOf(raw, r.now)
		}
	}
	return values, nil
}

// Scan implements store.Reader.
func (r *reader) Scan(prefix, from string, limit int) ([]store.Item, error) {
	return r.scan(prefix, from, limit, nil)
}

// scan merges what the file holds with the overlay, which is in order and wins over the file.
func (r *reader) scan(prefix, from string, limit int, over overlay) ([]store.Item, error) {
	if r.ended {
		return nil, ErrEnded
	}
	if limit <= 0 {
		limit = defaultLimit
	}
	start := max(prefix, from)
	over = over.from(start)
	r.seek = append(r.seek[:0], start...)
	k, raw := r.cursor.Seek(r.seek)

	var items []store.Item
	for len(items) < limit {
		inFile := k != nil && strings.HasPrefix(string(k), prefix)
		inOver := len(over) > 0 && strings.HasPrefix(over[0].key, prefix)
		if !inFile && !inOver {
			break
		}
		var key string
		var record []byte
		if inOver && (!inFile || over[0].key <= string(k)) {
			key, record = over[0].key, over[0].raw
			over = over[1:]
		} else {
			key, record = string(k), raw
		}
		if inFile && string(k) == key {
			k, raw = r.cursor.Next()
		}
		if value := valueOf(record, r.now); value != nil {
			items = append(items, store.Item{Key: key, Value: value})
		}
	}
	return items, nil
}
