package vault

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// padHead is the length of the true length before the padded bytes.
const padHead = 4

// errPadding says that a plaintext was not padded by pad.
var errPadding = errors.New("wrong padding")

// padmé rounds n up to a size that keeps only the upper bits, at most 12 % more (Nikitin et al.,
// "Reducing Metadata Leakage from Encrypted Files", 2019): the length of what was sealed tells
// little about what it says.
func padmé(n int) int {
	exponent := bits.Len(uint(n)) - 1 // n is positive: no size class is below floor
	kept := bits.Len(uint(exponent))
	mask := 1<<(exponent-kept) - 1
	return (n + mask) &^ mask
}

// pad puts the length before plaintext and zeros behind it, up to a size class of at least floor.
func pad(plaintext []byte, floor int) []byte {
	out := make([]byte, padmé(max(padHead+len(plaintext), floor)))
	binary.BigEndian.PutUint32(out, uint32(len(plaintext)))
	copy(out[padHead:], plaintext)
	return out
}

// unpad reverses pad, and accepts nothing that pad would not have made.
func unpad(padded []byte, floor int) ([]byte, error) {
	if len(padded) < padHead {
		return nil, errPadding
	}
	n := uint64(binary.BigEndian.Uint32(padded))
	if n > uint64(len(padded)-padHead) || len(padded) != padmé(max(padHead+int(n), floor)) {
		return nil, errPadding
	}
	end := padHead + int(n)
	for _, b := range padded[end:] {
		if b != 0 {
			return nil, errPadding
		}
	}
	return padded[padHead:end:end], nil
}
