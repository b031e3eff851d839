package consent

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

// The reads of a grant lie in sheets of some hundred lines: a vendor that reads twice a day for a
// year would fill a megabyte with records of their own, and has 10 kB of sheets. Lines are only ever
// added, at the end of the newest sheet, which the grant's usage names.
//
// A sheet is a version byte and its lines. A line is
//
//	uvarint  which ways of reading these were; the next unused number defines one
//	[text kind, uvarint n, n × text claim]   where it does; a text stands behind its length (uvarint)
//	varint   milliseconds since the line before, or since 1970
//	uvarint  how many reads the line stands for
//	3 bytes  of a hash of its id, so that a line which is written again is known
const (
	sheetFormat = 1
	sheetLines  = 128 // a sheet with as many gets no more
	idBytes     = 3
)

// sheetKey names a sheet of a grant. The number counts down in it, so that the newest comes first.
func sheetKey(g id.Grant, number uint32) string { return readsPrefix(g) + sheetPlace(number) }

func sheetPlace(number uint32) string { return fmt.Sprintf("%08x", math.MaxUint32-number) }

// way is how something was read, and what.
type way struct {
	kind   Kind
	claims []string
}

func (w way) equal(other way) bool {
	return w.kind == other.kind && slices.Equal(w.claims, other.claims)
}

// line is one line as it is written.
type line struct {
	way   int // in the sheet's list
	at    int64
	count uint64
	id    [idBytes]byte
}

// sheet is a record of reads, decoded. Its zero value is a new one.
type sheet struct {
	raw   []byte
	ways  []way
	lines []line
}

// decodeSheet reads a record; none is a new sheet.
func decodeSheet(raw []byte) (sheet, error) {
	s := sheet{raw: slices.Clone(raw)}
	if len(raw) == 0 {
		return s, nil
	}
	f := sheetFields{rest: raw[1:], bad: raw[0] != sheetFormat}
	at := int64(0)
	for !f.bad && len(f.rest) > 0 {
		l := line{way: int(min(f.number(), math.MaxInt32))}
		switch {
		case l.way == len(s.ways):
			s.ways = append(s.ways, f.way())
		case l.way > len(s.ways):
			f.bad = true
		}
		at += f.signed()
		l.at, l.count = at, f.number()
		copy(l.id[:], f.take(idBytes))
		s.lines = append(s.lines, l)
	}
	if f.bad {
		return sheet{}, errRecord
	}
	return s, nil
}

// line is what a tally is in this sheet.
func (s *sheet) line(t tally) line {
	l := line{at: t.at.UnixMilli(), count: t.count}
	sum := sha256.Sum256([]byte(t.id))
	copy(l.id[:], sum[:])
	if l.way = slices.IndexFunc(s.ways, way{t.kind, t.claims}.equal); l.way < 0 {
		l.way = len(s.ways)
	}
	return l
}

func (s *sheet) holds(t tally) bool { return slices.Contains(s.lines, s.line(t)) }

// add writes a line at the end, and says whether it was new.
func (s *sheet) add(t tally) bool {
	l, before := s.line(t), int64(0)
	if slices.Contains(s.lines, l) {
		return false
	}
	if n := len(s.lines); n > 0 {
		before = s.lines[n-1].at
	} else {
		s.raw = append(s.raw, sheetFormat)
	}
	s.raw = binary.AppendUvarint(s.raw, uint64(l.way))
	if l.way == len(s.ways) {
		w := way{t.kind, slices.Clone(t.claims)}
		s.ways = append(s.ways, w)
		s.raw = appendWay(s.raw, w)
	}
	s.raw = binary.AppendVarint(s.raw, l.at-before)
	s.raw = binary.AppendUvarint(s.raw, l.count)
	s.raw = append(s.raw, l.id[:]...)
	s.lines = append(s.lines, l)
	return true
}

// read is a line as others see it.
func (s *sheet) read(i int) Read {
	l := s.lines[i]
	w := s.ways[l.way]
	return Read{Time: time.UnixMilli(l.at).UTC(), Kind: w.kind, Claims: slices.Clone(w.claims), Count: l.count}
}

func appendWay(b []byte, w way) []byte {
	short := func(s string) { b = append(binary.AppendUvarint(b, uint64(len(s))), s...) }
	short(string(w.kind))
	b = binary.AppendUvarint(b, uint64(len(w.claims)))
	for _, c := range w.claims {
		short(c)
	}
	return b
}

// sheetFields takes a record apart. After the first thing that does not fit, everything is zero and
// bad is set.
type sheetFields struct {
	rest []byte
	bad  bool
}

func (f *sheetFields) number() uint64 {
	n, size := binary.Uvarint(f.rest)
	f.skip(size)
	return n
}

func (f *sheetFields) signed() int64 {
	n, size := binary.Varint(f.rest)
	f.skip(size)
	return n
}

func (f *sheetFields) skip(size int) {
	if size <= 0 {
		f.rest, f.bad = nil, true
		return
	}
	f.rest = f.rest[size:]
}

func (f *sheetFields) take(n uint64) []byte {
	if n > uint64(len(f.rest)) {
		f.rest, f.bad = nil, true
		return nil
	}
	b := f.rest[:n]
	f.rest = f.rest[n:]
	return b
}

func (f *sheetFields) text() string { return string(f.take(f.number())) }

func (f *sheetFields) way() way {
	w := way{kind: Kind(f.text())}
	n := f.number()
	if n > uint64(len(f.rest)) { // each takes a byte at least
		f.rest, f.bad = nil, true
		return w
	}
	for range n {
		w.claims = append(w.claims, f.text())
	}
	return w
}

// putReads writes lines, in order of their grants, and counts them with them. A line that is there
// already was written by a try whose answer got lost. Those of a forgotten grant are forgotten too.
func (db *database) putReads(tx store.Tx, lines []tally) error {
	for len(lines) > 0 {
		grant := lines[0].grant
		n := slices.IndexFunc(lines, func(t tally) bool { return t.grant != grant })
		if n < 0 {
			n = len(lines)
		}
		if err := putReadsOf(tx, grant, lines[:n]); err != nil {
			return err
		}
		lines = lines[n:]
	}
	return nil
}

func putReadsOf(tx store.Tx, grant id.Grant, lines []tally) error {
	found, err := tx.GetMany(termsKey(grant), usageKey(grant))
	if err != nil || found[0] == nil {
		return err
	}
	u, err := decodeUsage(found[1])
	if err != nil {
		return err
	}
	if found, err = tx.GetMany(sheetKey(grant, u.Sheet)); err != nil {
		return err
	}
	s, err := decodeSheet(found[0])
	if err != nil {
		return fmt.Errorf("reads of a grant: %w", err)
	}
	if len(s.lines) >= sheetLines && !slices.ContainsFunc(lines, s.holds) {
		s, u.Sheet = sheet{}, u.Sheet+1
	}
	added := false
	for _, t := range lines {
		if s.add(t) {
			u.count(t)
			added = true
		}
	}
	if !added {
		return nil
	}
	if err := tx.Put(sheetKey(grant, u.Sheet), s.raw, lines[len(lines)-1].keep); err != nil {
		return err
	}
	return tx.Put(usageKey(grant), encode(u), time.Time{})
}

// linePlace is where a line stands in the list of reads.
type linePlace struct {
	sheet uint32
	line  int
}

func (p linePlace) String() string { return sheetPlace(p.sheet) + "-" + fmt.Sprintf("%04x", p.line) }

var linePlaces = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}$`)

func parseLinePlace(s string) (linePlace, error) {
	if !linePlaces.MatchString(s) {
		return linePlace{}, ErrCursor
	}
	number, _ := strconv.ParseUint(s[:8], 16, 32) // of this form
	n, _ := strconv.ParseUint(s[9:], 16, 16)
	return linePlace{math.MaxUint32 - uint32(number), int(n)}, nil
}

// listReads reads a part of the list of reads, the newest first: what comes after the place before.
func listReads(r store.Reader, grant id.Grant, before string, limit int) (reads []Read, next string, err error) {
	last, from := linePlace{math.MaxUint32, math.MaxInt}, ""
	if before != "" {
		if last, err = parseLinePlace(before); err != nil {
			return nil, "", err
		}
		from = sheetKey(grant, last.sheet)
	}
	// All but the newest sheet are full, or nearly so.
	items, err := r.Scan(readsPrefix(grant), from, 2+2*limit/sheetLines)
	if err != nil {
		return nil, "", err
	}
	var place linePlace
	for _, item := range items {
		p, err := parseLinePlace(item.Key[len(readsPrefix(grant)):] + "-0000")
		if err != nil {
			return nil, "", errRecord
		}
		s, err := decodeSheet(item.Value)
		if err != nil {
			return nil, "", fmt.Errorf("reads of a grant: %w", err)
		}
		for i := len(s.lines) - 1; i >= 0; i-- {
			if p.sheet == last.sheet && i >= last.line {
				continue
			}
			if len(reads) == limit {
				return reads, place.String(), nil
			}
			place = linePlace{p.sheet, i}
			reads = append(reads, s.read(i))
		}
	}
	return reads, "", nil
}
