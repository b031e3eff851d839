package seal

import "encoding/binary"

// Context says what is sealed, for whom, and in which state. It is not stored: whoever opens must
// say the same, so that sealed bytes that were moved, swapped or rolled back do not open.
type Context struct {
	Purpose  string // what it is ("capsule"); never empty; also picks the encryption key
	Account  string // whose it is; empty for the server's own
	Object   string // which one: an identifier
	Revision uint64 // which state of it; 0 where there is only one
}

// size is the length of what appendTo appends.
func (c Context) size() int {
	return 1 + 3*4 + len(c.Purpose) + len(c.Account) + len(c.Object) + 8
}

// appendTo appends the associated data: the format number, the three texts each behind its length
// in four bytes, and the revision in eight, big-endian. No two contexts give the same bytes.
func (c Context) appendTo(dst []byte, format byte) []byte {
	dst = append(dst, format)
	for _, s := range [...]string{c.Purpose, c.Account, c.Object} {
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(s))) // identifiers, far below 4 GiB
		dst = append(dst, s...)
	}
	return binary.BigEndian.AppendUint64(dst, c.Revision)
}
