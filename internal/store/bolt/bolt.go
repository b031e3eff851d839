package bolt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/store"
)

// Errors that callers may want to tell apart.
var (
	// ErrLocked says that another process holds the file.
	ErrLocked = errors.New("another meins runs on this data folder")
	// ErrFormat says that the file is a database, but not one that this version understands.
	ErrFormat = errors.New("not a data file of this version of meins")
	// ErrKey says that a key is empty or longer than store.MaxKey.
	ErrKey = errors.New("key must have 1 to " + strconv.Itoa(store.MaxKey) + " bytes")
	// ErrValue says that a value is longer than store.MaxValue.
	ErrValue = errors.New("value must have at most " + strconv.Itoa(store.MaxValue) + " bytes")
	// ErrEnded says that a Reader or Tx was used after its function had returned.
	ErrEnded = errors.New("the transaction has ended")

	// ErrClosed says that Close was called.
	ErrClosed = fault.New(fault.Unavailable, "store-closed", "the service is shutting down")
	// ErrBroken says that a commit could not be brought to disk. What the disk holds beyond the last
	// good commit is unknown then, so the store takes no more writes until the process is restarted.
	ErrBroken = fault.New(fault.Unavailable, "store-broken", "the service cannot save anything at the moment")
)

const (
	lockTimeout = time.Second
	fileMode    = 0o600

	// mapBytes of address space (not memory) are reserved at the start: as long as the file is
	// smaller, growing it never has to wait until all readers have let go of the old mapping.
	mapBytes = 8 << 30

	// layout counts up when a program would misread what another has laid down: also when the rooms keep
	// something under other keys, for what is not found looks like what never was; or when what customers'
	// agents have sealed into it does not open any more.
	layout = "3"
)

var (
	metaBucket   = []byte("meins")
	dataBucket   = []byte("data")
	expiryBucket = []byte("expiry")
	layoutKey    = []byte("layout")
)

// Options of Open.
type Options struct {
	// Now is the clock by which records expire; nil means time.Now. It must not run backwards.
	Now func() time.Time

	mapped int // bytes of address space; 0 means mapBytes
}

// Store is a store.Store in one file. Its methods may be called from any goroutine.
type Store struct {
	db      *bbolt.DB
	now     func() time.Time
	reads   *snapshots
	writer  *writer
	closing sync.Once
	closed  error
}

var _ store.Store = (*Store)(nil)

// Open opens the file at path, creating it readable by this user alone, and holds it until Close.
func Open(path string, opts Options) (*Store, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	mapped := cmp.Or(opts.mapped, mapBytes)
	db, err := openFile(path, mapped)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := errors.Join(guarded(func() error { return prepare(db) }), removeCopies(path)); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	reads := &snapshots{db: db, mapped: int64(mapped)}
	s := &Store{db: db, now: opts.Now, reads: reads, writer: newWriter(db, reads, opts.Now)}
	go s.writer.run()
	return s, nil
}

// fileOptions leave the list of free pages out of each commit, which keeps the commits of a large
// file as small as those of a new one; the price is one walk through the file at the start.
func fileOptions(mapped int) *bbolt.Options {
	return &bbolt.Options{
		Timeout:        lockTimeout,
		NoFreelistSync: true,
		FreelistType:   bbolt.FreelistMapType,

		InitialMmapSize: mapped,
	}
}

// prepare checks the layout of the file, or lays out a new one.
func prepare(db *bbolt.DB) error {
	found, empty := "", true
	err := db.View(func(tx *bbolt.Tx) error {
		if b := tx.Bucket(metaBucket); b != nil {
			found = string(b.Get(layoutKey))
		}
		first, _ := tx.Cursor().First()
		empty = first == nil
		return nil
	})
	switch {
	case err != nil:
		return err
	case empty:
		return create(db)
	case found != layout:
		return ErrFormat
	}
	return nil
}

// create lays out a new file, and syncs the folder too: a synced file without a synced name is
// lost with the power.
func create(db *bbolt.DB) error {
	err := db.Update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{metaBucket, dataBucket, expiryBucket} {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		return tx.Bucket(metaBucket).Put(layoutKey, []byte(layout))
	})
	if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(db.Path()))
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// Ready says whether the store reads, and can still write.
func (s *Store) Ready(ctx context.Context) error {
	if s.writer.failed.Load() {
		return ErrBroken
	}
	return s.View(ctx, func(store.Reader) error { return nil })
}

// View implements store.Store.
func (s *Store) View(ctx context.Context, fn func(store.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	snapshot, cursor, err := s.reads.take()
	if err != nil {
		return beginError(err)
	}
	defer s.reads.giveBack(snapshot, cursor)
	r := newReader(cursor, s.now())
	defer r.end()
	return fn(r)
}

// begin opens a snapshot of one's own.
func (s *Store) begin() (*bbolt.Tx, error) {
	tx, err := s.db.Begin(false)
	if err != nil {
		return nil, beginError(err)
	}
	return tx, nil
}

func beginError(err error) error {
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return fmt.Errorf("begin: %w", err)
}

// rollback lets go of tx; after a commit there is nothing left to do.
func rollback(tx *bbolt.Tx) {
	_ = tx.Rollback() // its only error says that the transaction is over already
}

// Close implements store.Store: transactions that were accepted before it are still committed.
// Only the first call does anything; each returns the same.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.writer.stop()
		s.reads.suspend()
		s.closed = s.db.Close()
	})
	return s.closed
}
