package seal

import (
	"bytes"
	"testing"
)

// makeVectors is how the committed vectors came about; readVectors calls it only where none exist.
func makeVectors(t *testing.T) vectors {
	v := vectors{About: "Frozen. Bytes are hex, salts are base64, revisions are decimal text. See docs/vault-format.md."}
	key := counting(0, KeySize)
	for _, c := range []deriveVector{
		{Material: key, Label: "meins/1/auth"},
		{Material: key, Label: "meins/1/unlock"},
		{Material: []byte("ABCDEFGHJKMNPQRSTVWXYZ01234"), Label: "meins/1/recovery"},
		{Material: counting(100, 32), Label: "meins/1/prf"},
	} {
		c.Key = Stir(c.Material, c.Label).Bytes()
		v.Derive = append(v.Derive, c)
	}
	contexts := []contextVector{
		{Purpose: "x"},
		{Purpose: "capsule", Account: "aaaaaaaaaaaaaaaaaaaaaaaaaa", Object: "gggggggggggggggggggggggggg", Revision: 1},
		{Purpose: "document", Account: "aaaaaaaaaaaaaaaaaaaaaaaaaa", Object: "document", Revision: 1<<64 - 1},
		{Purpose: "slot/passphrase", Account: "über", Object: "名", Revision: 256},
	}
	for i, c := range contexts {
		for _, format := range []byte{formatBox, formatCommitting} {
			v.Data = append(v.Data, dataVector{c, format, c.context().appendTo(nil, format)})
		}
		plaintext := bytes.Repeat([]byte("meins "), i*3)
		nonce := [nonceSize]byte(counting(byte(200+i), nonceSize))
		b := boxVector{contextVector: c, Key: key, Nonce: nonce[:], Plaintext: plaintext}
		b.Sealed = sealWith(boxAEAD(mustKey(t, key), c.Purpose), formatBox, nonce, nil, c.context(), plaintext)
		v.Box = append(v.Box, b)
		b.Sealed = sealCommitting(mustKey(t, key), c.context(), nonce, plaintext)
		v.Committing = append(v.Committing, b)
	}
	v.Refused = append(makeRefused(v.Box[1], false), makeRefused(v.Committing[1], true)...)
	salt := counting(50, SaltSize)
	for _, s := range []stretchVector{
		{Stretch: Stretch{19 * 1024, 2, 1, salt}, Passphrase: "correct horse battery staple"},
		{Stretch: Stretch{19 * 1024, 2, 1, salt}, Passphrase: "Cafe\u0301 \ufb01n \u2460"},
		{Stretch: Stretch{64 * 1024, 3, 1, salt}, Passphrase: "correct horse battery staple"},
	} {
		k, err := s.Run(s.Passphrase)
		if err != nil {
			t.Fatal(err)
		}
		s.Key = k.Bytes()
		v.Stretch = append(v.Stretch, s)
	}
	v.Weak = []Stretch{
		{19*1024 - 1, 2, 1, salt},
		{64 * 1024, 1, 1, salt},
		{64 * 1024, 3, 2, salt},
		{1<<20 + 1, 3, 1, salt},
		{64 * 1024, 21, 1, salt},
		{64 * 1024, 3, 1, salt[:15]},
	}
	return v
}

// makeRefused spoils one good box in every way that has a name.
func makeRefused(good boxVector, committing bool) []refusedVector {
	last := len(good.Sealed) - 1
	head := boxHead
	if committing {
		head = commitHead
	}
	one := func(why string, change func(*refusedVector)) refusedVector {
		r := refusedVector{good.contextVector, why, committing, good.Key, bytes.Clone(good.Sealed), "open"}
		change(&r)
		return r
	}
	out := []refusedVector{
		one("another key", func(r *refusedVector) { r.Key = counting(1, KeySize) }),
		one("another purpose", func(r *refusedVector) { r.Purpose = "document" }),
		one("another account", func(r *refusedVector) { r.Account = "baaaaaaaaaaaaaaaaaaaaaaaaa" }),
		one("another object", func(r *refusedVector) { r.Object = "hggggggggggggggggggggggggg" }),
		one("an older revision", func(r *refusedVector) { r.Revision-- }),
		one("a bit of the nonce", func(r *refusedVector) { r.Sealed[1] ^= 1 }),
		one("a bit of the ciphertext", func(r *refusedVector) { r.Sealed[head] ^= 0x80 }),
		one("a bit of the tag", func(r *refusedVector) { r.Sealed[last] ^= 1 }),
		one("the last byte missing", func(r *refusedVector) { r.Sealed = r.Sealed[:last] }),
		one("the head only", func(r *refusedVector) { r.Sealed = r.Sealed[:head] }),
		one("nothing", func(r *refusedVector) { r.Sealed = hexBytes{} }),
		one("the other format", func(r *refusedVector) { r.Sealed[0] ^= 3; r.Error = "format" }),
		one("a format of the future", func(r *refusedVector) { r.Sealed[0] = 9; r.Error = "format" }),
	}
	if committing {
		out = append(out, one("a bit of the commitment", func(r *refusedVector) { r.Sealed[boxHead] ^= 1 }))
	}
	return out
}

// counting is n bytes that count up from start.
func counting(start byte, n int) hexBytes {
	out := make(hexBytes, n)
	for i := range out {
		out[i] = start + byte(i)
	}
	return out
}
