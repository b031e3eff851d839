package bolt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// copyName is what a copy is called while it is made, beside the file. Of a process that died in the
// middle one is left; the next Open removes it.
const copyName = ".backup-*.tmp"

// copyStep is how many records one transaction of a copy takes.
const copyStep = 10_000

// Backup writes a consistent copy to w while the store goes on working; the copy opens like the
// original. It holds what is there and nothing that was deleted or has expired: a copy of the file's
// pages would, in those that are free. The copy is made beside the file first, and needs as much room.
// Until it is done, pages that change meanwhile are kept, so that the file grows.
func (s *Store) Backup(ctx context.Context, w io.Writer) (err error) {
	from, err := s.begin()
	if err != nil {
		return err
	}
	defer rollback(from)
	f, err := os.CreateTemp(filepath.Dir(s.db.Path()), copyName)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	if err := copyTo(ctx, f.Name(), from, expiryOf(s.now())); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if _, err := io.Copy(&writerUntil{ctx: ctx, w: w}, f); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}

// copyTo writes the records of a snapshot into a new file.
func copyTo(ctx context.Context, path string, from *bbolt.Tx, now moment) error {
	options := fileOptions(mapBytes)
	options.NoSync, options.NoGrowSync = true, true // whoever keeps the copy syncs it
	to, err := bbolt.Open(path, fileMode, options)
	if err != nil {
		return err
	}
	err = from.ForEach(func(name []byte, b *bbolt.Bucket) error {
		lives := func(_, _ []byte) bool { return true }
		switch string(name) {
		case string(dataBucket):
			lives = func(_, v []byte) bool { return !expiresAt(v).passed(now) }
		case string(expiryBucket):
			lives = func(k, _ []byte) bool { return !expiresAt(k).passed(now) }
		}
		return copyBucket(ctx, to, name, b, lives)
	})
	return errors.Join(err, to.Close())
}

// copyBucket copies the records of one bucket that live, in their order and some at a time.
func copyBucket(ctx context.Context, to *bbolt.DB, name []byte, from *bbolt.Bucket, lives func(k, v []byte) bool) error {
	c := from.Cursor()
	k, v := c.First()
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := to.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists(name)
			if err != nil {
				return err
			}
			b.FillPercent = indexFill // they come in order
			for range copyStep {
				if k == nil {
					done = true
					return nil
				}
				if lives(k, v) {
					if err := b.Put(k, v); err != nil {
						return err
					}
				}
				k, v = c.Next()
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// removeCopies removes what backups left that did not come to their end.
func removeCopies(path string) error {
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), copyName))
	for _, name := range left {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// writerUntil writes until its context ends.
type writerUntil struct {
	ctx context.Context
	w   io.Writer
}

func (u *writerUntil) Write(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.w.Write(p)
}
