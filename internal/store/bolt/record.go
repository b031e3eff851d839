package bolt

import (
	"bytes"
	"encoding/binary"
	"math"
	"time"
)

// headerBytes precede each value: the moment of expiry.
const headerBytes = 8

// A moment is a time in nanoseconds since 1970; never stands for a record that does not expire.
type moment int64

const never moment = 0

// expiryOf maps a time to the moment at which a record ends. What lies outside the range of int64
// nanoseconds ends long ago or in the year 2262.
func expiryOf(t time.Time) moment {
	switch {
	case t.IsZero():
		return never
	case t.Unix() <= 0:
		return 1
	case t.Unix() > math.MaxInt64/int64(time.Second)-1:
		return math.MaxInt64
	}
	return moment(t.UnixNano())
}

// passed says whether a record that expires at m is gone at now.
func (m moment) passed(now moment) bool { return m != never && m <= now }

// encode returns the bytes of a record; they share nothing with value.
func encode(value []byte, expires moment) []byte {
	raw := make([]byte, headerBytes+len(value))
	binary.BigEndian.PutUint64(raw, uint64(expires))
	copy(raw[headerBytes:], value)
	return raw
}

// expiresAt reads the moment at the start of a record or of an index key.
func expiresAt(raw []byte) moment {
	return moment(binary.BigEndian.Uint64(raw))
}

// valueOf returns a copy of the value in a record, or nil when it is absent at now. A value that is
// present is never nil, however short.
func valueOf(raw []byte, now moment) []byte {
	if raw == nil || expiresAt(raw).passed(now) {
		return nil
	}
	return bytes.Clone(raw[headerBytes:])
}

// indexKey is the key of a record's entry in the expiry index: in order of time.
func indexKey(expires moment, key string) []byte {
	k := make([]byte, headerBytes, headerBytes+len(key))
	binary.BigEndian.PutUint64(k, uint64(expires))
	return append(k, key...)
}
