package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"testing"
)

// concatBits is RFC 7518, 4.6.2, written once more, for up to 256 bits.
func concatBits(shared []byte, alg string, apu, apv []byte, bits uint32) []byte {
	h := sha256.New()
	put := func(b []byte) { _, _ = h.Write(b) } // a hash never fails
	number := func(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
	put(number(1))
	put(shared)
	for _, part := range [][]byte{[]byte(alg), apu, apv} {
		put(number(uint32(len(part))))
		put(part)
	}
	put(number(bits))
	return h.Sum(nil)[:bits/8]
}

// unwrapped is RFC 3394, 2.2.2.
func unwrapped(t *testing.T, kek, wrapped []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(kek)
	if err != nil {
		t.Fatal(err)
	}
	n := len(wrapped)/8 - 1
	a, r := append([]byte(nil), wrapped[:8]...), append([]byte(nil), wrapped[8:]...)
	for j := 5; j >= 0; j-- {
		for i := n; i >= 1; i-- {
			b := make([]byte, 16)
			binary.BigEndian.PutUint64(b, binary.BigEndian.Uint64(a)^uint64(n*j+i))
			copy(b[8:], r[(i-1)*8:i*8])
			block.Decrypt(b, b)
			copy(a, b[:8])
			copy(r[(i-1)*8:], b[8:])
		}
	}
	if binary.BigEndian.Uint64(a) != 0xa6a6a6a6a6a6a6a6 {
		t.Fatal("the wrapped key is damaged")
	}
	return r
}

// opened decrypts a compact JWE under its content key.
func opened(t *testing.T, cek []byte, parts []string) string {
	t.Helper()
	block, err := aes.NewCipher(cek)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	text, err := gcm.Open(nil, decoded(t, parts[2]), append(decoded(t, parts[3]), decoded(t, parts[4])...), []byte(parts[0]))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
