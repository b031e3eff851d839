package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"
)

// The formats; the first byte of everything sealed.
const (
	formatBox        = 0x01
	formatCommitting = 0x02
)

// Sizes of the parts of a box.
const (
	nonceSize = 12
	tagSize   = 16
	boxHead   = 1 + nonceSize

	// Overhead is by how much a box is longer than what it holds.
	Overhead = boxHead + tagSize
)

var (
	// ErrOpen is the only answer to a wrong key, a wrong context, and damaged bytes alike.
	ErrOpen = errors.New("sealed bytes do not open")
	// ErrVersion says that the bytes are of a format this program does not know. It is an ErrOpen.
	ErrVersion = fmt.Errorf("%w: unknown format", ErrOpen)
)

// Seal encrypts plaintext for this context. A zero key or an empty purpose is a mistake in the
// program, and panics rather than seal under something that anybody could derive.
func Seal(k Key, c Context, plaintext []byte) []byte {
	mustSeal(k, c)
	var nonce [nonceSize]byte
	random(nonce[:])
	return sealWith(boxAEAD(k, c.Purpose), formatBox, nonce, nil, c, plaintext)
}

// Open decrypts what Seal made for the same key and context; anything else is ErrOpen.
func Open(k Key, c Context, box []byte) ([]byte, error) {
	if err := mayOpen(k, c, formatBox, box); err != nil {
		return nil, err
	}
	return openWith(boxAEAD(k, c.Purpose), formatBox, boxHead, c, box)
}

// Box seals and opens like Seal and Open under one key, and keeps the derived ciphers. It serves
// concurrent callers. The zero Box refuses.
type Box struct {
	key   Key
	aeads atomic.Pointer[map[string]cipher.AEAD] // by purpose; replaced whole, never changed
}

// NewBox returns a Box for k.
func NewBox(k Key) *Box { return &Box{key: k} }

// Seal is the function Seal under the key of the box.
func (b *Box) Seal(c Context, plaintext []byte) []byte {
	mustSeal(b.key, c)
	var nonce [nonceSize]byte
	random(nonce[:])
	return sealWith(b.aead(c.Purpose), formatBox, nonce, nil, c, plaintext)
}

// Open is the function Open under the key of the box.
func (b *Box) Open(c Context, box []byte) ([]byte, error) {
	if err := mayOpen(b.key, c, formatBox, box); err != nil {
		return nil, err
	}
	return openWith(b.aead(c.Purpose), formatBox, boxHead, c, box)
}

// aead gives the cipher for one purpose. Purposes are constants of the program, so the map stays
// small; two callers that race derive the same cipher twice, once.
func (b *Box) aead(purpose string) cipher.AEAD {
	known := b.aeads.Load()
	if known != nil {
		if a, ok := (*known)[purpose]; ok {
			return a
		}
	}
	a := boxAEAD(b.key, purpose)
	next := map[string]cipher.AEAD{}
	if known != nil {
		next = maps.Clone(*known)
	}
	next[purpose] = a
	b.aeads.Store(&next)
	return a
}

// mustSeal panics where sealing would protect nothing.
func mustSeal(k Key, c Context) {
	if k.IsZero() || c.Purpose == "" {
		panic("seal: zero key or empty purpose")
	}
}

// mayOpen is what can be said before any key is derived.
func mayOpen(k Key, c Context, format byte, box []byte) error {
	switch {
	case k.IsZero() || c.Purpose == "" || len(box) == 0:
		return ErrOpen
	case box[0] != format:
		return ErrVersion
	}
	return nil
}

// sealWith lays out format, nonce, commitment (committing boxes only), ciphertext and tag. The
// associated data lie behind them in the same allocation, outside what is returned.
func sealWith(a cipher.AEAD, format byte, nonce [nonceSize]byte, commitment []byte, c Context, plaintext []byte) []byte {
	head := boxHead + len(commitment)
	n := head + len(plaintext) + tagSize
	buf := make([]byte, n+c.size())
	aad := c.appendTo(buf[n:n], format)
	buf[0] = format
	copy(buf[1:boxHead], nonce[:])
	copy(buf[boxHead:head], commitment)
	return a.Seal(buf[:head], buf[1:boxHead], plaintext, aad)[:n:n]
}

// openWith reverses sealWith; head is how many bytes come before the ciphertext.
func openWith(a cipher.AEAD, format byte, head int, c Context, box []byte) ([]byte, error) {
	n := len(box) - head - tagSize
	if n < 0 {
		return nil, ErrOpen
	}
	buf := make([]byte, n+c.size())
	aad := c.appendTo(buf[n:n], format)
	plaintext, err := a.Open(buf[:0], box[1:boxHead], box[head:], aad)
	if err != nil {
		return nil, ErrOpen // the cipher knows no more than this either
	}
	return plaintext[:n:n], nil
}

// boxAEAD is the cipher of plain boxes under k for one purpose.
func boxAEAD(k Key, purpose string) cipher.AEAD {
	return newAEAD(deriveKey(k.raw(), "meins/1/box/"+purpose))
}

// newAEAD is AES-256-GCM; both calls fail only for key sizes that nobody here uses.
func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("seal: " + err.Error())
	}
	a, err := cipher.NewGCM(block)
	if err != nil {
		panic("seal: " + err.Error())
	}
	return a
}
