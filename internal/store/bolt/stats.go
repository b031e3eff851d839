package bolt

import "sync/atomic"

// Stats are sums since Open, except where they say otherwise.
type Stats struct {
	Commits  uint64 // batches on disk
	Updates  uint64 // transactions that shared them
	MaxBatch uint64 // the most transactions that shared one
	Swept    uint64 // expired records removed

	FileBytes int64 // size of the data now, including the free pages within
	FreeBytes int64 // free pages within it, used again by later commits
}

// counters are what the writer counts as it goes.
type counters struct {
	commits, updates, maxBatch, swept atomic.Uint64
}

// committed is called by the writer alone, so that a load and a store need not be one step.
func (c *counters) committed(updates, swept int) {
	n := uint64(max(updates, 0))
	c.commits.Add(1)
	c.updates.Add(n)
	c.swept.Add(uint64(max(swept, 0)))
	c.maxBatch.Store(max(c.maxBatch.Load(), n))
}

// Stats returns how the store has fared.
func (s *Store) Stats() (Stats, error) {
	tx, err := s.begin()
	if err != nil {
		return Stats{}, err
	}
	defer rollback(tx)
	c := &s.writer.counts
	return Stats{
		Commits:   c.commits.Load(),
		Updates:   c.updates.Load(),
		MaxBatch:  c.maxBatch.Load(),
		Swept:     c.swept.Load(),
		FileBytes: tx.Size(),
		FreeBytes: int64(s.db.Stats().FreeAlloc),
	}, nil
}
