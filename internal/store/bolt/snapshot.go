package bolt

import (
	"sync"

	"go.etcd.io/bbolt"
)

// snapshots lend one read transaction to all who read between two commits: to begin and end one of bbolt
// costs more than most of what is looked up in it. None is kept from before a write to after it: that
// would hold back pages that are free, and show what is not so any more.
type snapshots struct {
	db     *bbolt.DB
	mapped int64 // bytes that the file may have before it is mapped anew

	// mu is never held while a transaction begins or ends: those may wait for the writer to map the file
	// anew, and the writer for everybody's transactions to end.
	mu     sync.Mutex
	kept   *snapshot // nil when there is none
	barred bool      // nothing is kept: it might be waited for, and would not end
	turns  uint64    // how often a write has begun or ended
}

// snapshot is a read transaction and who uses it. A transaction of bbolt is not made for several
// goroutines; but of one that only reads, nothing changes beyond counters that are atomic, and each
// user walks with a cursor of its own.
type snapshot struct {
	tx    *bbolt.Tx
	data  *bbolt.Bucket
	users int             // those who keep it among them
	spare []*bbolt.Cursor // for the next user
}

// take gives a snapshot of all that is committed, and a cursor in it.
func (s *snapshots) take() (*snapshot, *bbolt.Cursor, error) {
	shared, cursor, turns := s.join()
	if shared != nil {
		return shared, cursor, nil
	}
	tx, err := s.db.Begin(false)
	if err != nil {
		return nil, nil, err
	}
	own := &snapshot{tx: tx, data: tx.Bucket(dataBucket), users: 1}
	s.keep(own, turns)
	return own, own.data.Cursor(), nil
}

// join uses the snapshot that is kept, if there is one.
func (s *snapshots) join() (shared *snapshot, c *bbolt.Cursor, turns uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		return nil, nil, s.turns
	}
	s.kept.users++
	last := len(s.kept.spare) - 1
	if last < 0 {
		return s.kept, s.kept.data.Cursor(), s.turns
	}
	c = s.kept.spare[last]
	s.kept.spare = s.kept.spare[:last]
	return s.kept, c, s.turns
}

// keep offers a snapshot to others, unless a write has begun or ended since: it may not show what was
// written.
func (s *snapshots) keep(own *snapshot, turns uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil && !s.barred && s.turns == turns {
		s.kept = own
		own.users++
	}
}

// giveBack ends one use of a snapshot.
func (s *snapshots) giveBack(used *snapshot, c *bbolt.Cursor) {
	s.mu.Lock()
	used.spare = append(used.spare, c)
	last := used.leave()
	s.mu.Unlock()
	if last {
		rollback(used.tx)
	}
}

// leave counts a user out, and says whether it was the last.
func (s *snapshot) leave() bool {
	s.users--
	return s.users == 0
}

// suspend is called before a write begins, and before the file is closed.
func (s *snapshots) suspend() { s.turn(true) }

// share is called when it is known that the write will not need the file mapped anew.
func (s *snapshots) share() { s.turn(false) }

// resume is called when a write has ended, before anybody is told that it has.
func (s *snapshots) resume() { s.turn(false) }

// turn lets go of what is kept.
func (s *snapshots) turn(barred bool) {
	s.mu.Lock()
	s.barred = barred
	s.turns++
	old := s.kept
	s.kept = nil
	last := old != nil && old.leave()
	s.mu.Unlock()
	if last {
		rollback(old.tx)
	}
}
