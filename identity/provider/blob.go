package provider

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"

	"github.com/meins-id/meins/vault/seal"
)

// maxBlob is the longest code, token or flow that is looked at, in characters.
const maxBlob = 64 << 10

// errBlob is the only thing to know about a blob that is not ours, or not of the kind that is asked.
var errBlob = errors.New("not a sealed blob of this provider")

// encoding is strict, so that a blob has one spelling.
var encoding = base64.RawURLEncoding.Strict()

// sealBlob writes a plaintext as key id, dot, sealed box. The purpose picks the key: a blob of one
// kind never opens as another.
func sealBlob(kid string, box *seal.Box, purpose string, plaintext []byte) string {
	sealed := box.Seal(seal.Context{Purpose: purpose}, plaintext)
	out := make([]byte, 0, len(kid)+1+encoding.EncodedLen(len(sealed)))
	out = append(append(out, kid...), '.')
	return string(encoding.AppendEncode(out, sealed))
}

// openBlob reverses sealBlob with the key that byID finds.
func openBlob(blob, purpose string, byID func(kid string) (*seal.Box, bool)) ([]byte, error) {
	if len(blob) > maxBlob {
		return nil, errBlob
	}
	kid, text, ok := strings.Cut(blob, ".")
	if !ok {
		return nil, errBlob
	}
	box, ok := byID(kid)
	if !ok {
		return nil, errBlob
	}
	sealed, err := encoding.DecodeString(text)
	if err != nil || encoding.EncodedLen(len(sealed)) != len(text) { // the decoder skips line breaks
		return nil, errBlob
	}
	plaintext, err := box.Open(seal.Context{Purpose: purpose}, sealed)
	if err != nil {
		return nil, errBlob
	}
	return plaintext, nil
}

// appendText appends a text behind its length.
func appendText[T ~string | ~[]byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendTexts appends a list behind its count.
func appendTexts(b []byte, list []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, s := range list {
		b = appendText(b, s)
	}
	return b
}

// fields reads what append wrote, out of a string, so that texts are shared with it and not copied.
// After the first thing that does not fit, everything is zero and bad is set: the caller looks once,
// at the end.
type fields struct {
	rest string
	bad  bool
}

// number is binary.Uvarint over a string, and stricter: a number has one spelling.
func (f *fields) number() uint64 {
	var n uint64
	for i := 0; i < len(f.rest) && i < binary.MaxVarintLen64; i++ {
		b := f.rest[i]
		n |= uint64(b&0x7f) << (7 * i)
		if b >= 0x80 {
			continue
		}
		if i > 0 && b == 0 || i == binary.MaxVarintLen64-1 && b > 1 {
			break
		}
		f.rest = f.rest[i+1:]
		return n
	}
	f.rest, f.bad = "", true
	return 0
}

func (f *fields) text() string {
	n := f.number()
	if n > uint64(len(f.rest)) {
		f.rest, f.bad = "", true
		return ""
	}
	s := f.rest[:n]
	f.rest = f.rest[n:]
	return s
}

func (f *fields) texts() []string {
	n := f.number()
	if n > uint64(len(f.rest)) { // each takes a byte at least
		f.rest, f.bad = "", true
		return nil
	}
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = f.text()
	}
	return list
}

// done says that everything fitted and nothing is left.
func (f *fields) done() bool { return !f.bad && f.rest == "" }
