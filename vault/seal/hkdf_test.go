package seal

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestDeriveKey_anyLengths_isHKDF(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		material := rapid.SliceOfN(rapid.Byte(), 0, 130).Draw(r, "material")
		info := rapid.StringN(0, -1, 130).Draw(r, "info")
		if !bytes.Equal(deriveKey(material, info), expand(material, nil, info, KeySize)) {
			r.Fatal("not what crypto/hkdf gives")
		}
	})
	for _, n := range []int{0, 31, 32, 63, 64, 65} {
		for _, m := range []int{0, 1, 62, 63, 64, 65} {
			material, info := bytes.Repeat([]byte{7}, n), strings.Repeat("i", m)
			if !bytes.Equal(deriveKey(material, info), expand(material, nil, info, KeySize)) {
				t.Errorf("%d bytes, label of %d: not what crypto/hkdf gives", n, m)
			}
		}
	}
}
