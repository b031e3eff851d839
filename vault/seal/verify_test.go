package seal_test

import (
	"encoding/hex"
	"testing"

	"github.com/meins-id/meins/vault/seal"
)

// The second vector of RFC 8032, 7.1: a message of one byte.
const (
	vectorKey       = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
	vectorSignature = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)

func TestVerify_takesWhatWasSigned_andNothingElse(t *testing.T) {
	bytes := func(text string) []byte {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	key, message, signature := bytes(vectorKey), []byte{0x72}, bytes(vectorSignature)
	if !seal.CanVerify() || !seal.Verify(key, message, signature) {
		t.Fatal("the vector of the standard does not verify")
	}
	altered := func(b []byte, at int) []byte {
		c := append([]byte(nil), b...)
		c[at] ^= 1
		return c
	}
	for name, good := range map[string]bool{
		"another message":     seal.Verify(key, []byte{0x73}, signature),
		"no message":          seal.Verify(key, nil, signature),
		"another key":         seal.Verify(altered(key, 0), message, signature),
		"half a key":          seal.Verify(key[:16], message, signature),
		"no key":              seal.Verify(nil, message, signature),
		"a changed signature": seal.Verify(key, message, altered(signature, 63)),
		"a cut signature":     seal.Verify(key, message, signature[:63]),
		"no signature":        seal.Verify(key, message, nil),
	} {
		if good {
			t.Errorf("%s verifies", name)
		}
	}
}
