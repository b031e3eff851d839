package repeat

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"strings"
	"time"

	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/store"
)

// Kept is for how long a call is remembered.
const Kept = 24 * time.Hour

// lease is how long a call may take. When nothing was changed by then, the node that took it is gone, and
// the next that asks takes it over.
const lease = time.Minute

// maxKey bounds a caller's key, in bytes.
const maxKey = 255

// The faults.
var (
	ErrKey     = fault.New(fault.Invalid, "idempotency-key-invalid", "an Idempotency-Key has 1 to 255 visible characters")
	ErrReused  = fault.New(fault.Mismatch, "idempotency-key-reused", "this Idempotency-Key came with another request before")
	ErrRunning = fault.New(fault.Conflict, "idempotency-running", "the request with this Idempotency-Key is still being answered")
	ErrLost    = fault.New(fault.Conflict, "idempotency-answer-lost", "this request was carried out, and its answer was lost; look at what there is now")
	ErrSecret  = fault.New(fault.Conflict, "idempotency-answer-secret", "this request was carried out, and what it answered is shown only once")
)

// Call is a call that its caller named.
type Call struct {
	Caller string // who: keys of different callers have nothing to do with each other
	Name   string // which call
	Key    string // as the header has it
	Print  []byte // of all that was asked
}

// Answer is what a call answered.
type Answer struct {
	Status int    `json:"status"`
	Body   []byte `json:"body,omitempty"`
	Secret bool   `json:"secret,omitempty"` // the body shows a secret: it is given once and never kept
}

// Sealer keeps what is stored from whoever steals the database.
type Sealer interface {
	Seal(purpose, object string, secret []byte) []byte
	Open(purpose, object string, sealed []byte) ([]byte, error)
}

// Store is a store that knows which call a transaction belongs to, by its context. The domain works on
// it as on the one below.
type Store struct {
	store.Store
	keys Sealer
	now  func() time.Time
}

var _ store.Store = (*Store)(nil)

// Over puts a Store over another.
func Over(below store.Store, keys Sealer, now func() time.Time) *Store {
	return &Store{Store: below, keys: keys, now: now}
}

// running is in the context of a call that was taken.
type running struct{ object, attempt string }

type runningKey struct{}

// Update notes, in the same transaction, that the call of this context has changed something. A node
// that lost the call to another, because it took too long, changes nothing any more.
func (s *Store) Update(ctx context.Context, fn func(store.Tx) error) error {
	run, ok := ctx.Value(runningKey{}).(running)
	if !ok {
		return s.Store.Update(ctx, fn)
	}
	return s.Store.Update(ctx, func(tx store.Tx) error {
		rec, err := mine(tx, run)
		if err != nil {
			return err
		}
		seen := &watched{Tx: tx}
		if err := fn(seen); err != nil || !seen.wrote {
			return err
		}
		rec.State = changed
		return put(tx, run.object, rec)
	})
}

// watched knows whether a transaction changes anything: one may find that it must not, and end well.
type watched struct {
	store.Tx
	wrote bool
}

// Put implements store.Tx.
func (w *watched) Put(key string, value []byte, expires time.Time) error {
	w.wrote = true
	return w.Tx.Put(key, value, expires)
}

// Delete implements store.Tx.
func (w *watched) Delete(key string) error {
	w.wrote = true
	return w.Tx.Delete(key)
}

// Once answers a call: as before when it was answered before, else by do, which gets a context that all
// its changes must have. What do refuses is not kept, unless it changed something first: the same request
// may succeed later.
func (s *Store) Once(ctx context.Context, c Call, do func(context.Context) (Answer, error)) (Answer, error) {
	run, before, err := s.take(ctx, c)
	if before != nil || err != nil {
		return answerOf(before), err
	}
	a, err := do(context.WithValue(ctx, runningKey{}, run))
	// The caller may have gone: what was done is noted all the same.
	ctx = context.WithoutCancel(ctx)
	if err != nil {
		_ = s.leave(ctx, run) // the lease ends it, else
		return Answer{}, err
	}
	_ = s.settle(ctx, run, c, a) // the change stands; who asks again hears that the answer is lost
	return a, nil
}

func answerOf(a *Answer) Answer {
	if a == nil {
		return Answer{}
	}
	return *a
}

// ParseKey reads the header: a string as structured fields have it (RFC 8941, 3.3.3), or the bare text,
// which many send.
func ParseKey(header string) (string, error) {
	key, quoted := strings.CutPrefix(header, `"`)
	if quoted {
		var whole bool
		if key, whole = strings.CutSuffix(key, `"`); !whole {
			return "", ErrKey
		}
	}
	if key == "" || len(key) > maxKey || strings.ContainsAny(key, `"\`) || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", ErrKey
	}
	return key, nil
}

// attempt names one try of one node.
func newAttempt() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // it never fails: crypto/rand
	return base64.RawURLEncoding.EncodeToString(b)
}
