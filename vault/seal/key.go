package seal

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
)

// KeySize is the length of every key in bytes.
const KeySize = 32

// redacted is all that a key ever prints.
const redacted = "[redacted]"

// errKey says that bytes are no key.
var errKey = errors.New("a key is 32 bytes that are not all zero")

// Key is 32 secret bytes. The zero Key seals nothing and opens nothing.
//
// The bytes lie behind two pointers so that even a print of a struct that holds a Key in an
// unexported field, where fmt cannot call our methods, shows an address and not the key (through one
// pointer fmt would look). The func array makes == a compile error: keys are compared with Equal.
type Key struct {
	_ [0]func()
	b **[KeySize]byte
}

// keyOf makes a key of 32 bytes that nobody else holds.
func keyOf(own []byte) Key {
	b := (*[KeySize]byte)(own)
	return Key{b: &b}
}

// raw is the key itself, not a copy; not for the zero Key.
func (k Key) raw() []byte { return (*k.b)[:] }

// NewKey draws a key from the system's secure random source.
func NewKey() Key {
	b := make([]byte, KeySize)
	random(b)
	return keyOf(b)
}

// KeyFrom copies b, which must be 32 bytes and not all zero.
func KeyFrom(b []byte) (Key, error) {
	if len(b) != KeySize || subtle.ConstantTimeCompare(b, make([]byte, KeySize)) == 1 {
		return Key{}, errKey
	}
	return keyOf(append([]byte(nil), b...)), nil
}

// Derive makes the key for one purpose out of k. Labels look like "meins/1/auth"; those that begin
// with "meins/1/box/" and "meins/1/committing/" belong to this package. The zero Key derives the
// zero Key.
func Derive(k Key, label string) Key {
	if k.IsZero() {
		return Key{}
	}
	return keyOf(deriveKey(k.raw(), label))
}

// Stir makes a key out of secret bytes that are not a key yet but hold at least 128 bits of
// entropy: a recovery code, the output of a passkey. Passphrases need Stretch instead.
func Stir(material []byte, label string) Key {
	if len(material) == 0 {
		return Key{}
	}
	return keyOf(deriveKey(material, label))
}

// IsZero says that k is no key.
func (k Key) IsZero() bool { return k.b == nil }

// Equal compares in constant time. The zero Key equals nothing, not even itself.
func (k Key) Equal(other Key) bool {
	if k.IsZero() || other.IsZero() {
		return false
	}
	return subtle.ConstantTimeCompare(k.raw(), other.raw()) == 1
}

// Bytes gives a copy of the key; nil for the zero Key.
func (k Key) Bytes() []byte {
	if k.IsZero() {
		return nil
	}
	return append([]byte(nil), k.raw()...)
}

// String hides the key.
func (Key) String() string { return redacted }

// GoString hides the key.
func (Key) GoString() string { return redacted }

// Format hides the key under every verb.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) } // fmt.State keeps no error

// MarshalJSON hides the key: storing one takes Bytes, said on purpose.
func (Key) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// UnmarshalJSON refuses, so that a key that was hidden by mistake is missed at the first read.
func (*Key) UnmarshalJSON([]byte) error { return errKey }

// random fills b; the system's source does not fail, it ends the program.
func random(b []byte) { _, _ = rand.Read(b) }
