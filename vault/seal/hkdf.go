package seal

import (
	"crypto/hkdf"
	"crypto/sha256"
)

// blockSize is the block of SHA-256, by which HMAC fills up its key.
const blockSize = 64

// deriveKey is HKDF-SHA256 (RFC 5869) without salt, for one key. Every UserInfo request derives one,
// so the usual lengths take a way without allocation, a third of the time; a test holds it to
// crypto/hkdf.
func deriveKey(material []byte, info string) []byte {
	if len(material) > blockSize || len(info) >= blockSize {
		return expand(material, nil, info, KeySize)
	}
	var none [sha256.Size]byte
	prk := hmac(&none, material)
	var message [blockSize]byte
	n := copy(message[:], info)
	message[n] = 1 // the first block of output, and the only one
	key := hmac(&prk, message[:n+1])
	return append([]byte(nil), key[:]...)
}

// hmac is HMAC-SHA256 (RFC 2104) of a message of at most 64 bytes under a key of 32.
func hmac(key *[sha256.Size]byte, message []byte) [sha256.Size]byte {
	var inner [2 * blockSize]byte
	var outer [blockSize + sha256.Size]byte
	copy(inner[:], key[:])
	copy(outer[:], key[:])
	for i := range blockSize {
		inner[i] ^= 0x36
		outer[i] ^= 0x5c
	}
	n := copy(inner[blockSize:], message)
	digest := sha256.Sum256(inner[:blockSize+n])
	copy(outer[blockSize:], digest[:])
	return sha256.Sum256(outer[:])
}

// expand is HKDF-SHA256 of any shape. It fails only for lengths that nobody here asks for.
func expand(material, salt []byte, info string, length int) []byte {
	out, err := hkdf.Key(sha256.New, material, salt, info, length)
	if err != nil {
		panic("seal: " + err.Error())
	}
	return out
}
