package bolt

import (
	"context"
	"fmt"
	"io"
)

// Backup writes a consistent copy of the whole file to w while the store goes on working; the copy
// opens like the original. Until it is done, pages that change meanwhile are kept, so that the file
// grows if w is slow.
func (s *Store) Backup(ctx context.Context, w io.Writer) error {
	tx, err := s.begin()
	if err != nil {
		return err
	}
	defer rollback(tx)
	if _, err := tx.WriteTo(&writerUntil{ctx: ctx, w: w}); err != nil {
		if ctx.Err() != nil { // bbolt drops the chain of some errors
			return ctx.Err()
		}
		return fmt.Errorf("backup: %w", err)
	}
	return nil
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
