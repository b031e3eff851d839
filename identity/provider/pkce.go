package provider

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
)

// Bounds of a code verifier (RFC 7636, 4.1).
const (
	minVerifier = 43
	maxVerifier = 128
)

// isChallenge says whether a text can be the S256 challenge of anything: 32 bytes in base64url.
func isChallenge(s string) bool {
	sum, err := encoding.DecodeString(s)
	return err == nil && len(sum) == sha256.Size && len(s) == encoding.EncodedLen(sha256.Size)
}

// answers says whether a verifier belongs to a challenge. There is no other method than S256. A request
// without a challenge gets no verifier: one that comes all the same means that somebody took the
// challenge out of the request on its way (RFC 9700, 2.1.1).
func answers(verifier, challenge string) bool {
	if challenge == "" {
		return verifier == ""
	}
	if len(verifier) < minVerifier || len(verifier) > maxVerifier {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}
