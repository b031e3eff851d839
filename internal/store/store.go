package store

import (
	"context"
	"errors"
	"time"
)

// Limits that every engine enforces.
const (
	MaxKey   = 512             // bytes of a key
	MaxValue = 2 * 1024 * 1024 // bytes of a value
)

// ErrNotFound says that no live record has this key; an expired record counts as absent.
var ErrNotFound = errors.New("not found")

// Store is an ordered key-value store with serializable transactions.
type Store interface {
	// View runs fn on one consistent snapshot. The Reader is valid only inside fn.
	View(ctx context.Context, fn func(Reader) error) error
	// Update runs fn and commits its writes all or none. It returns nil only after the commit is on
	// disk. An error from fn discards its writes and is returned as it is. fn may run more than
	// once, so it must have no other effects; the Tx is valid only inside fn.
	Update(ctx context.Context, fn func(Tx) error) error
	// Close waits for the transactions under way and releases the engine.
	Close() error
}

// Reader reads one snapshot; inside Update it also sees the transaction's own writes.
type Reader interface {
	// Get returns the value under key, or ErrNotFound. The value is the caller's to keep.
	Get(key string) ([]byte, error)
	// GetMany returns one value per key, in order, nil where there is none: one round trip.
	GetMany(keys ...string) ([][]byte, error)
	// Scan returns the live records whose keys have the prefix and are not less than from
	// ("" starts at the prefix), in byte order of the keys, at most limit (0 means 1000).
	Scan(prefix, from string, limit int) ([]Item, error)
}

// Tx is a Reader that also writes.
type Tx interface {
	Reader
	// Put stores value under key. A non-zero expires hides the record from that moment on and lets
	// the engine remove it later.
	Put(key string, value []byte, expires time.Time) error
	// Delete removes the record under key; there need not be one.
	Delete(key string) error
}

// Item is one record of a Scan.
type Item struct {
	Key   string
	Value []byte
}
