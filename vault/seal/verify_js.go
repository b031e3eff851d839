package seal

import (
	"sync"
	"syscall/js"
)

// In a browser WebCrypto verifies: the tables of the curve would cost every first visit 34 kB more.

// known is a key that is one (RFC 8032, 7.1, test 1).
var known = []byte{
	0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
	0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
}

// CanVerify says whether Verify can tell at all: a browser may be too old to know the algorithm.
var CanVerify = sync.OnceValue(func() bool {
	_, err := verifier(known)
	return err == nil
})

// Verify says whether the holder of an Ed25519 key (RFC 8032), 32 bytes, signed a message.
func Verify(public, message, signature []byte) bool {
	if len(public) != len(known) {
		return false
	}
	key, err := verifier(public)
	if err != nil {
		return false
	}
	good, err := settled(webCrypto().Call("verify", "Ed25519", key, octets(signature), octets(message)))
	return err == nil && good.Bool()
}

func verifier(public []byte) (js.Value, error) {
	return settled(webCrypto().Call("importKey", "raw", octets(public), "Ed25519", false, []any{"verify"}))
}

func webCrypto() js.Value { return js.Global().Get("crypto").Get("subtle") }
