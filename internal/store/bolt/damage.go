package bolt

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// ErrDamaged says that a part of the file is missing, or makes no sense.
var ErrDamaged = errors.New("the database is damaged; put a backup in its place")

// openFile opens the file for Open, and looks whether all of it is there: bbolt takes what it misses
// for zeros, or dies of it later.
func openFile(path string, mapped int) (db *bbolt.DB, err error) {
	if err := refuseShort(path); err != nil {
		return nil, err
	}
	err = guarded(func() (err error) {
		db, err = bbolt.Open(path, fileMode, fileOptions(mapped))
		return err
	})
	if err != nil {
		return nil, explain(err) // of a damaged file bbolt keeps hold until the process ends
	}
	if err := guarded(func() error { return wholeLength(db) }); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// shortest is two pages of the smallest kind, which every file begins with.
const shortest = 2 << 12

// refuseShort keeps a file that lost its content from being laid out as a new one.
func refuseShort(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil && info.Mode().IsRegular() && info.Size() < shortest {
		return fmt.Errorf("%w: it has only %d bytes", ErrDamaged, info.Size())
	}
	return err
}

// explain gives bbolt's words for a file that it does not take the meaning that they have here.
func explain(err error) error {
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return ErrLocked
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return err
}

// wholeLength compares the file's length with what the last commit says.
func wholeLength(db *bbolt.DB) error {
	info, err := os.Stat(db.Path())
	if err != nil {
		return err
	}
	return db.View(func(tx *bbolt.Tx) error {
		if tx.Size() > info.Size() {
			return fmt.Errorf("%w: %d bytes of %d are there", ErrDamaged, info.Size(), tx.Size())
		}
		return nil
	})
}

// guarded runs fn, which reads a file that may be damaged. bbolt reads through a map of the memory: a
// page that is not there is a fault of the machine, one that makes no sense a panic.
func guarded(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, p)
		}
	}()
	return fn()
}
