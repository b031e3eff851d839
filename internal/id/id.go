package id

import (
	"crypto/rand"
	"errors"
	"strings"
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
