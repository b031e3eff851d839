package vault

import (
	"crypto/rand"
	"crypto/subtle"
	"strings"
	"unicode"
)

// A recovery code is 27 random symbols of Crockford's base32 (135 bits) and one check symbol,
// written in seven groups of four.
const (
	recoveryAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	recoverySymbols  = 27
	recoveryGroup    = 4
)

// RecoveryCode opens a vault whose passphrase is forgotten. The zero RecoveryCode opens nothing. Its
// fields are built like those of seal.Key, for the same reasons.
type RecoveryCode struct {
	_ [0]func()
	b **[recoverySymbols]byte
}

// NewRecoveryCode draws a code.
func NewRecoveryCode() RecoveryCode {
	drawn := new([recoverySymbols]byte)
	_, _ = rand.Read(drawn[:]) // does not fail: it ends the program
	for i, b := range drawn {
		drawn[i] = recoveryAlphabet[b&31] // 256 is a multiple of 32: no bias
	}
	return RecoveryCode{b: &drawn}
}

// ParseRecoveryCode reads a code as people type it: any case, with or without dashes and spaces,
// O for 0, I and L for 1.
func ParseRecoveryCode(text string) (RecoveryCode, error) {
	var read [recoverySymbols + 1]byte
	n := 0
	for _, r := range text {
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) {
			continue
		}
		symbol := recoverySymbol(r)
		if symbol < 0 || n == len(read) {
			return RecoveryCode{}, ErrRecoveryCode
		}
		read[n] = recoveryAlphabet[symbol]
		n++
	}
	symbols, check := (*[recoverySymbols]byte)(read[:]), read[recoverySymbols]
	if n != len(read) || recoveryCheck(symbols) != check {
		return RecoveryCode{}, ErrRecoveryCode
	}
	return RecoveryCode{b: &symbols}, nil
}

// recoverySymbol gives the value of a typed character, or -1.
func recoverySymbol(r rune) int {
	switch r = unicode.ToUpper(r); r {
	case 'O':
		r = '0'
	case 'I', 'L':
		r = '1'
	}
	return strings.IndexRune(recoveryAlphabet, r)
}

// recoveryCheck is the check symbol: a sum over GF(32) with a different power of x for each place,
// so that one wrong symbol, or any two that changed places, never pass.
func recoveryCheck(symbols *[recoverySymbols]byte) byte {
	sum := 0
	for _, s := range symbols {
		sum ^= strings.IndexByte(recoveryAlphabet, s)
		if sum <<= 1; sum > 31 {
			sum ^= 0b100101 // x^5 + x^2 + 1, primitive
		}
	}
	return recoveryAlphabet[sum]
}

// Text is the code as it is shown to the customer, once.
func (c RecoveryCode) Text() string {
	if c.b == nil {
		return ""
	}
	all := string(c.symbols()) + string(recoveryCheck(*c.b))
	groups := make([]string, 0, len(all)/recoveryGroup)
	for i := 0; i < len(all); i += recoveryGroup {
		groups = append(groups, all[i:i+recoveryGroup])
	}
	return strings.Join(groups, "-")
}

// Equal compares in constant time. The zero RecoveryCode equals nothing, not even itself.
func (c RecoveryCode) Equal(other RecoveryCode) bool {
	if c.b == nil || other.b == nil {
		return false
	}
	return subtle.ConstantTimeCompare(c.symbols(), other.symbols()) == 1
}

// symbols is what the secret is made of: the 27 upper-case symbols without dashes and check.
func (c RecoveryCode) symbols() []byte {
	if c.b == nil {
		return nil
	}
	return (*c.b)[:]
}
