package seal

import (
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/meins-id/meins/internal/fault"
)

// SaltSize is the length of a salt in bytes.
const SaltSize = 16

// What a new passphrase gets, and the bounds outside which the agent does not stretch, whatever the
// server says: below them guessing is cheap, above them the customer's machine stands still.
const (
	defaultMemory = 64 * 1024 // KiB
	defaultTime   = 3
	minMemory     = 19 * 1024
	minTime       = 2
	maxMemory     = 1024 * 1024
	maxTime       = 20

	maxPassphrase = 1024 // bytes, before normalising
)

var (
	// ErrStretch refuses parameters outside the bounds.
	ErrStretch = fault.New(fault.Invalid, "stretch-refused", "these passphrase parameters are outside the permitted bounds")
	// ErrPassphrase refuses what cannot be a passphrase; how strong it is, others judge.
	ErrPassphrase = fault.New(fault.Invalid, "passphrase-invalid", "a passphrase is between 1 and 1024 bytes of valid text")
)

// Stretch holds the public parameters that turn one passphrase into a key with Argon2id
// (version 0x13). The zero Stretch refuses.
type Stretch struct {
	Memory  uint32 `json:"m"` // KiB
	Time    uint32 `json:"t"`
	Threads uint8  `json:"p"`
	Salt    []byte `json:"salt"`
}

// NewStretch gives the parameters for a new passphrase, with a fresh salt.
func NewStretch() Stretch {
	salt := make([]byte, SaltSize)
	random(salt)
	return Stretch{Memory: defaultMemory, Time: defaultTime, Threads: 1, Salt: salt}
}

// Validate is ErrStretch unless the parameters are within the bounds.
func (s Stretch) Validate() error {
	if s.Memory < minMemory || s.Memory > maxMemory || s.Time < minTime || s.Time > maxTime || s.Threads != 1 || len(s.Salt) != SaltSize {
		return ErrStretch
	}
	return nil
}

// Run stretches the passphrase in its composed form, so that another keyboard gives
// the same key. It takes most of a second and the memory that the parameters name.
func (s Stretch) Run(passphrase string) (Key, error) {
	if err := s.Validate(); err != nil {
		return Key{}, err
	}
	if passphrase == "" || len(passphrase) > maxPassphrase || !utf8.ValidString(passphrase) {
		return Key{}, ErrPassphrase
	}
	return KeyFrom(argon2.IDKey(compose(passphrase), s.Salt, s.Time, s.Memory, s.Threads, KeySize))
}
