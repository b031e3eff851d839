package repeat

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/meins-id/meins/internal/store"
)

// The record, which expires after Kept:
//
//	repeat/<hash of caller, call and key>  what became of the call
const prefix = "repeat/"

// format is what a record begins with; one of another format is unreadable.
const format = 1

// The states of a call.
const (
	taken    = "taken"    // a node works on it
	changed  = "changed"  // a change of it is committed
	answered = "answered" // the answer is kept
)

// sealedFor names what is sealed in a record.
const sealedFor = "repeated-call"

var errRecord = errors.New("a call's record of an unknown format")

// record is one call. Sealed is what says what was asked and answered.
type record struct {
	V       int       `json:"v"`
	State   string    `json:"state"`
	Attempt string    `json:"attempt"`
	Lease   time.Time `json:"lease"`
	Expires time.Time `json:"expires"`
	Sealed  []byte    `json:"sealed"`
}

// content is what is sealed.
type content struct {
	Print  []byte  `json:"print"`
	Answer *Answer `json:"answer,omitempty"`
}

// object names the call without saying who called, or what.
func (c Call) object() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{c.Caller, c.Name, c.Key}, "\x00")))
	return hex.EncodeToString(sum[:])
}

func put(tx store.Tx, object string, rec record) error {
	raw, err := json.Marshal(rec)
	if err != nil {
		return fmt.Errorf("encode call: %w", err)
	}
	return tx.Put(prefix+object, raw, rec.Expires)
}

// load reads a call; the zero record when there is none.
func load(r store.Reader, object string) (rec record, err error) {
	raw, err := r.Get(prefix + object)
	if errors.Is(err, store.ErrNotFound) {
		return record{}, nil
	}
	if err != nil {
		return record{}, err
	}
	if json.Unmarshal(raw, &rec) != nil || rec.V != format {
		return record{}, errRecord
	}
	return rec, nil
}

// mine reads the record of a call that this node works on.
func mine(tx store.Tx, run running) (record, error) {
	rec, err := load(tx, run.object)
	if err == nil && (rec.Attempt != run.attempt || rec.State == answered) {
		err = ErrRunning
	}
	return rec, err
}

// take makes the call this node's own, or gives what was answered before.
func (s *Store) take(ctx context.Context, c Call) (run running, before *Answer, err error) {
	now := s.now().UTC()
	run = running{c.object(), newAttempt()}
	sealed, err := s.seal(run.object, content{Print: c.Print})
	if err != nil {
		return run, nil, err
	}
	err = s.Store.Update(ctx, func(tx store.Tx) error {
		before = nil
		rec, err := load(tx, run.object)
		if err != nil {
			return err
		}
		if rec.V != 0 && now.Before(rec.Expires) {
			if before, err = s.known(run.object, rec, c, now); before != nil || err != nil {
				return err
			}
		} else {
			rec = record{V: format, Expires: now.Add(Kept), Sealed: sealed}
		}
		rec.State, rec.Attempt, rec.Lease = taken, run.attempt, now.Add(lease)
		return put(tx, run.object, rec)
	})
	return run, before, err
}

// known says what there is to say of a call that was asked for before; nothing when it may be taken over.
func (s *Store) known(object string, rec record, c Call, now time.Time) (*Answer, error) {
	was, err := s.open(object, rec.Sealed)
	switch {
	case err != nil:
		return nil, err
	case subtle.ConstantTimeCompare(was.Print, c.Print) != 1:
		return nil, ErrReused
	case rec.State == answered && was.Answer != nil && was.Answer.Secret:
		return nil, ErrSecret
	case rec.State == answered && was.Answer != nil:
		return was.Answer, nil
	case now.Before(rec.Lease):
		return nil, ErrRunning
	case rec.State == taken:
		return nil, nil
	}
	return nil, ErrLost
}

// settle keeps the answer.
func (s *Store) settle(ctx context.Context, run running, c Call, a Answer) error {
	if a.Secret {
		a.Body = nil
	}
	sealed, err := s.seal(run.object, content{Print: c.Print, Answer: &a})
	if err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx store.Tx) error {
		rec, err := mine(tx, run)
		if err != nil {
			return err
		}
		rec.State, rec.Sealed = answered, sealed
		return put(tx, run.object, rec)
	})
}

// leave forgets a call that changed nothing. One that did stays: it must not be done again.
func (s *Store) leave(ctx context.Context, run running) error {
	return s.Store.Update(ctx, func(tx store.Tx) error {
		rec, err := mine(tx, run)
		if err != nil {
			return err
		}
		if rec.State == taken {
			return tx.Delete(prefix + run.object)
		}
		rec.Lease = time.Time{} // nobody works on it any more
		return put(tx, run.object, rec)
	})
}

func (s *Store) seal(object string, c content) ([]byte, error) {
	raw, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode call: %w", err)
	}
	return s.keys.Seal(sealedFor, object, raw), nil
}

func (s *Store) open(object string, sealed []byte) (c content, err error) {
	raw, err := s.keys.Open(sealedFor, object, sealed)
	if err != nil {
		return c, fmt.Errorf("open call: %w", err)
	}
	if json.Unmarshal(raw, &c) != nil {
		return c, errRecord
	}
	return c, nil
}
