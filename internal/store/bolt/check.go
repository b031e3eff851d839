package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// Check reads a database file through and says whether it is whole, without changing it: for a
// backup that came from elsewhere.
//
// It reads the pages itself. bbolt maps them into memory and believes them: of a damaged page its own
// check panics on a goroutine where nobody can catch it, with the page's records in the text.
func Check(path string) error {
	if err := check(path); err != nil {
		return fmt.Errorf("check database: %w", err)
	}
	return nil
}

func check(path string) error {
	if err := refuseShort(path); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	w, err := newWalk(f)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if err := w.page(w.meta.root, bounds{}, buckets); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

// What bbolt's pages look like; numbers are as the machine writes them.
const (
	pageHead     = 16 // id (8), flags (2), count (2), overflow (4)
	pageElement  = 16
	flagBranch   = 0x01
	flagLeaf     = 0x02
	bucketHead   = 16 // root (8), sequence (8)
	metaSize     = 64
	metaMagic    = 0xED0CDAED
	metaVersion  = 2
	noFreelist   = ^uint64(0)
	maxDepth     = 50
	smallestPage = 1 << 10
	largestPage  = 1 << 16
)

var number = binary.NativeEndian

var (
	errNoMeta    = errors.New("it does not begin as a database does")
	errPage      = errors.New("a page is damaged")
	errReference = errors.New("a page is missing, or in two places")
	errOrder     = errors.New("keys are not in order")
	errRecord    = errors.New("a record is damaged")
)

// metaPage is the part of a meta page that says where everything is.
type metaPage struct {
	pageSize             int
	root, pages, version uint64
}

// readMeta reads one; ok says that it is whole, and of a file as this package writes it.
func readMeta(f io.ReaderAt, at int64) (m metaPage, ok bool) {
	var b [metaSize]byte
	if _, err := f.ReadAt(b[:], at+pageHead); err != nil {
		return metaPage{}, false
	}
	sum := fnv.New64a()
	_, _ = sum.Write(b[:56]) // a hash does not fail
	m = metaPage{pageSize: int(number.Uint32(b[8:])), root: number.Uint64(b[16:]), pages: number.Uint64(b[40:]), version: number.Uint64(b[48:])}
	ok = number.Uint32(b[:]) == metaMagic && number.Uint32(b[4:]) == metaVersion && number.Uint64(b[32:]) == noFreelist &&
		number.Uint64(b[56:]) == sum.Sum64() && m.pageSize >= smallestPage && m.pageSize <= largestPage
	return m, ok
}

// walk is one way through a file, on which each page is met once.
type walk struct {
	f    io.ReaderAt
	meta metaPage
	seen map[uint64]bool
}

// newWalk takes the newer one of the two meta pages that is whole, as bbolt does.
func newWalk(f io.ReaderAt) (*walk, error) {
	newest, found := readMeta(f, 0)
	for size := int64(smallestPage); size <= largestPage; size *= 2 {
		if m, ok := readMeta(f, size); ok && int64(m.pageSize) == size && (!found || m.version > newest.version) {
			newest, found = m, true
		}
	}
	if !found {
		return nil, errNoMeta
	}
	return &walk{f: f, meta: newest, seen: map[uint64]bool{0: true, 1: true}}, nil
}

// bounds hold the keys below a place: not before least, and before end where there is one.
type bounds struct{ least, end []byte }

// leaf takes what stands in a leaf: a record, or a bucket.
type leaf func(w *walk, key, value []byte, bucket bool) error

// page walks through a page and everything below it.
func (w *walk) page(id uint64, in bounds, each leaf) error { return w.descend(id, in, each, 0) }

func (w *walk) descend(id uint64, in bounds, each leaf, depth int) error {
	raw, err := w.read(id)
	if err != nil {
		return err
	}
	if depth > maxDepth || number.Uint64(raw) != id {
		return errPage
	}
	items, err := split(raw)
	if err != nil {
		return err
	}
	if err := in.hold(items); err != nil {
		return err
	}
	for i, it := range items {
		if it.child == 0 {
			err = each(w, it.key, it.value, it.bucket)
		} else {
			below := bounds{it.key, in.end}
			if i+1 < len(items) {
				below.end = items[i+1].key
			}
			err = w.descend(it.child, below, each, depth+1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// read reads a page with what it flows over into, and notes that it was met.
func (w *walk) read(id uint64) ([]byte, error) {
	if id >= w.meta.pages {
		return nil, errReference
	}
	at, size := int64(id)*int64(w.meta.pageSize), int64(w.meta.pageSize)
	var head [pageHead]byte
	if _, err := w.f.ReadAt(head[:], at); err != nil {
		return nil, errReference
	}
	more := uint64(number.Uint32(head[12:]))
	if more >= w.meta.pages-id {
		return nil, errReference
	}
	for n := id; n <= id+more; n++ {
		if w.seen[n] {
			return nil, errReference
		}
		w.seen[n] = true
	}
	raw := make([]byte, size*int64(more+1))
	if _, err := w.f.ReadAt(raw, at); err != nil {
		return nil, errReference
	}
	return raw, nil
}

// item is one element of a page: of a branch a child, of a leaf a key and its value.
type item struct {
	key, value []byte
	child      uint64
	bucket     bool
}

// split takes a page apart, and refuses one whose elements lie outside of it.
func split(raw []byte) ([]item, error) {
	flags, count := number.Uint16(raw[8:]), int(number.Uint16(raw[10:]))
	if flags != flagBranch && flags != flagLeaf || flags == flagBranch && count == 0 || pageHead+count*pageElement > len(raw) {
		return nil, errPage
	}
	items := make([]item, count)
	for i := range items {
		from := raw[pageHead+i*pageElement:]
		pos, keySize, valueSize := number.Uint32(from), number.Uint32(from[4:]), uint32(0)
		if flags == flagBranch {
			items[i].child = number.Uint64(from[8:])
		} else {
			if pos > 1 { // here it says what stands there: 1 is a bucket
				return nil, errPage
			}
			items[i].bucket = pos == 1
			pos, keySize, valueSize = number.Uint32(from[4:]), number.Uint32(from[8:]), number.Uint32(from[12:])
		}
		end := uint64(pos) + uint64(keySize) + uint64(valueSize)
		if end > uint64(len(from)) || keySize == 0 || flags == flagBranch && items[i].child < 2 {
			return nil, errPage
		}
		items[i].key, items[i].value = from[pos:pos+keySize], from[pos+keySize:end]
	}
	return items, nil
}

// hold says whether the keys are in order, and where they belong.
func (b bounds) hold(items []item) error {
	before := string(b.least)
	for i, it := range items {
		if string(it.key) < before || i > 0 && string(it.key) == before || b.end != nil && string(it.key) >= string(b.end) {
			return errOrder
		}
		before = string(it.key)
	}
	return nil
}

// buckets takes what stands at the top: buckets, and nothing else. One that is small stands there itself.
func buckets(w *walk, name, value []byte, bucket bool) error {
	if !bucket || len(value) < bucketHead {
		return errPage
	}
	records := recordsOf(string(name))
	if root := number.Uint64(value); root != 0 {
		return w.page(root, bounds{}, records)
	}
	value = value[bucketHead:]
	if len(value) < pageHead || number.Uint16(value[8:]) != flagLeaf {
		return errPage
	}
	items, err := split(value)
	if err == nil {
		err = bounds{}.hold(items)
	}
	for _, it := range items {
		if err == nil {
			err = records(w, it.key, it.value, it.bucket)
		}
	}
	return err
}

// recordsOf takes the records of a bucket of that name: whoever reads them counts on their moment.
func recordsOf(name string) leaf {
	return func(_ *walk, key, value []byte, bucket bool) error {
		if bucket || name == string(dataBucket) && len(value) < headerBytes || name == string(expiryBucket) && len(key) <= headerBytes {
			return errRecord
		}
		return nil
	}
}
