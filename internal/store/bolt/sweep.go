package bolt

import (
	"context"

	"github.com/meins-id/meins/internal/store"
)

// Sweep removes at most limit expired records (0 means 1000) in one transaction and returns how
// many it was. Expired records are hidden anyway; Sweep is for the time when nobody writes.
func (s *Store) Sweep(ctx context.Context, limit int) (int, error) {
	if limit <= 0 {
		limit = defaultLimit
	}
	removed := 0
	err := s.Update(ctx, func(tx store.Tx) error {
		var err error
		removed, err = tx.(*transaction).batch.sweep(limit)
		return err
	})
	if err != nil {
		return 0, err
	}
	return removed, nil
}
