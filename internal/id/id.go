package id

import (
	"crypto/rand"
	"errors"
	"strings"
	"time"
)

// Each kind of identifier, so that one cannot stand in for another.
type (
	// Account names one customer's login.
	Account string
	// Session names one signed-in browser or program of an account.
	Session string
	// Client names a vendor (OAuth client_id).
	Client string
	// Grant names a consent in force, or one that was.
	Grant string
	// Persona names a role of the customer inside the vault.
	Persona string
	// Slot names one way to open a vault (passphrase, recovery code, passkey).
	Slot string
	// Family names the chain of refresh tokens that one code exchange started.
	Family string
	// Receipt names the record of one decision.
	Receipt string
	// Event names one thing that a vendor is told.
	Event string
	// Program names a program of the customer's own that has an access token.
	Program string
	// Request names an authorization request that waits for a customer.
	Request string
	// Stream names the way on which a vendor is told things.
	Stream string
)

// length of every identifier in characters.
const length = 26

// ErrMalformed says that a text is not an identifier.
var ErrMalformed = errors.New("malformed identifier")

// New draws a fresh identifier from the system's secure random source.
func New[T ~string]() T { return T(strings.ToLower(rand.Text())) }

// ordered is the alphabet of identifiers in the order in which they sort.
const ordered = "234567abcdefghijklmnopqrstuvwxyz"

// stampLength is how many characters at the start of a stamped identifier say the millisecond.
const stampLength = 9

// NewAt draws an identifier that begins with the millisecond: those of one time lie beside each other
// in the store, so that a commit writes few pages. The other 17 characters are as random as New's; it is
// for names that need not hide when they were drawn, and that prove nothing to who knows them.
func NewAt[T ~string](now time.Time) T {
	return T(Number(uint64(max(now.UnixMilli(), 0)), stampLength) + New[string]()[stampLength:])
}

// Number writes a number in so many characters of an identifier, which sort as the numbers do; of one that
// is too large for them, the lower part.
func Number(n uint64, characters int) string {
	digits := make([]byte, characters)
	for i := characters - 1; i >= 0; i, n = i-1, n/uint64(len(ordered)) {
		digits[i] = ordered[n%uint64(len(ordered))]
	}
	return string(digits)
}

// Parse checks that s has the form of an identifier; it does not say that the thing exists.
func Parse[T ~string](s string) (T, error) {
	if len(s) != length {
		return "", ErrMalformed
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return "", ErrMalformed
		}
	}
	return T(s), nil
}
