//go:build !js

package seal

import "crypto/ed25519"

// CanVerify says whether Verify can tell at all: a browser may be too old to know the algorithm.
func CanVerify() bool { return true }

// Verify says whether the holder of an Ed25519 key (RFC 8032), 32 bytes, signed a message.
func Verify(public, message, signature []byte) bool {
	return len(public) == ed25519.PublicKeySize && ed25519.Verify(public, message, signature)
}
