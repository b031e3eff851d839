package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

// The keys of the records, beside those in store_once.go:
//
//	code/<family>                 a code without refresh tokens was redeemed
//	family/<family>               a code with them was, and in which generation they are
//	revoked/<family or token id>  this came to an end before its time
//
// Each code has a family of its own, so that one write says that it was used, and begins the family.
func codeKey(f id.Family) string    { return "code/" + string(f) }
func familyKey(f id.Family) string  { return "family/" + string(f) }
func revokedKey(name string) string { return "revoked/" + name }

var (
	errCodeUsed = errors.New("the code was redeemed before: everything that came from it is revoked")
	errCodeLate = errors.New("the code has expired")
	errReused   = errors.New("the refresh token was used before: its family is revoked")
	errNoFamily = errors.New("the refresh token's family is over")
	errRevoked  = errors.New("the token was revoked")
)

// familyRecord is what is known of a chain of refresh tokens. No token is in it, nor a hash of one:
// the tokens are sealed, so which of them is the newest is all there is to know.
type familyRecord struct {
	Version    int       `json:"v"`
	Client     id.Client `json:"client"`
	Grant      id.Grant  `json:"grant"`
	Generation uint64    `json:"generation"`
	Expires    time.Time `json:"expires"`
	Rotated    time.Time `json:"rotated,omitzero"` // when the newest token came
}

const recordVersion = 1

// mark is the value of records whose key says it all.
var mark = []byte(`{"v":1}`)

// records turns the store into this package's atomic steps.
type records struct {
	store store.Store
	now   func() time.Time
	// access is how long an access token can outlive the code or the family that it came from.
	access time.Duration
}

// redemption is a code that somebody presents.
type redemption struct {
	Family  id.Family
	Expires time.Time     // of the code
	Chain   *familyRecord // to begin, when the vendor gets a refresh token
	// Join notes in the same step that the vendor is to hear when the login ends; nil where none is known.
	Join func(store.Tx) error
}

// RedeemCode marks a code as used and begins its family, or revokes all that came from it when it was
// used before. The mark outlives the code by the life of an access token, so that a late replay is
// noticed while there is something to revoke.
func (r records) RedeemCode(ctx context.Context, c redemption) error {
	return r.update(ctx, func(tx store.Tx) (finding, failure error) {
		found, err := tx.GetMany(codeKey(c.Family), familyKey(c.Family), revokedKey(string(c.Family)))
		switch {
		case err != nil:
			return nil, err
		case found[0] != nil || found[1] != nil || found[2] != nil:
			return errCodeUsed, r.revokeFamily(tx, c.Family)
		case !r.now().Before(c.Expires):
			return errCodeLate, nil
		}
		if c.Join != nil {
			if err := c.Join(tx); err != nil {
				return nil, err
			}
		}
		marked := c.Expires.Add(r.access)
		if c.Chain == nil {
			return nil, tx.Put(codeKey(c.Family), mark, marked)
		}
		return nil, putFamily(tx, c.Family, *c.Chain, marked)
	})
}

// lostReply is how long the token before the newest one may come again: its answer may have been
// lost on the way.
const lostReply = 10 * time.Second

// RotateRefresh moves a family from the generation that was presented to the next, and says when
// that next one came. Who presents the one before the newest within lostReply gets the newest again:
// nothing moves. An older one was used before: somebody has a copy, and the family ends.
func (r records) RotateRefresh(ctx context.Context, f id.Family, presented uint64) (rotated time.Time, err error) {
	err = r.update(ctx, func(tx store.Tx) (finding, failure error) {
		rec, err := getFamily(tx, f)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return errNoFamily, nil
		case err != nil:
			return nil, err
		case rec.Generation == presented+1 && r.now().Sub(rec.Rotated).Abs() < lostReply: // a clock that was set back explains nothing
			rotated = rec.Rotated
			return nil, nil
		case rec.Generation != presented:
			return errReused, r.revokeFamily(tx, f)
		}
		rec.Generation++
		rec.Rotated = r.now().UTC()
		rotated = rec.Rotated
		return nil, putFamily(tx, f, rec, rec.Expires)
	})
	return rotated, err
}

// RevokeFamily ends a family: its refresh tokens, and its access tokens on every node.
func (r records) RevokeFamily(ctx context.Context, f id.Family) error {
	return r.update(ctx, func(tx store.Tx) (finding, failure error) { return nil, r.revokeFamily(tx, f) })
}

func (r records) revokeFamily(tx store.Tx, f id.Family) error {
	if err := tx.Delete(familyKey(f)); err != nil {
		return err
	}
	return tx.Put(revokedKey(string(f)), mark, r.now().Add(r.access))
}

// RevokeToken ends one access token.
func (r records) RevokeToken(ctx context.Context, name string, expires time.Time) error {
	return r.update(ctx, func(tx store.Tx) (finding, failure error) {
		return nil, tx.Put(revokedKey(name), mark, expires)
	})
}

// Revoked says whether an access token came to an end before its time, alone or with its family.
func (r records) Revoked(ctx context.Context, t token) (bool, error) {
	err := r.store.View(ctx, unlessRevoked(t))
	if errors.Is(err, errRevoked) {
		return true, nil
	}
	return err != nil, err
}

// unlessRevoked is Revoked as an error, on a snapshot that somebody else opens.
func unlessRevoked(t token) func(store.Reader) error {
	return func(rd store.Reader) error {
		one, other := revokedKey(t.ID), revokedKey(string(t.Family))
		found, err := rd.GetMany(min(one, other), max(one, other)) // in order: nearly always it is neither
		switch {
		case err != nil:
			return err
		case found[0] != nil || found[1] != nil:
			return errRevoked
		}
		return nil
	}
}

// Newest says whether a refresh token is the one of its family that may be used.
func (r records) Newest(ctx context.Context, t token) (newest bool, err error) {
	err = r.store.View(ctx, func(rd store.Reader) error {
		rec, err := getFamily(rd, t.Family)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		newest = err == nil && rec.Generation == t.Generation
		return err
	})
	return newest, err
}

// update runs a step that gives two errors: a finding, which is committed with what the step wrote,
// and a failure, which undoes it.
func (r records) update(ctx context.Context, step func(store.Tx) (finding, failure error)) error {
	var finding error
	err := r.store.Update(ctx, func(tx store.Tx) (err error) {
		finding, err = step(tx)
		return err
	})
	if err != nil {
		return err
	}
	return finding
}

func getFamily(r store.Reader, f id.Family) (familyRecord, error) {
	raw, err := r.Get(familyKey(f))
	if err != nil {
		return familyRecord{}, err
	}
	var rec familyRecord
	if err := json.Unmarshal(raw, &rec); err != nil {
		return familyRecord{}, fmt.Errorf("family %s: %w", f, err)
	}
	if rec.Version != recordVersion {
		return familyRecord{}, fmt.Errorf("family %s: record version %d is not known here", f, rec.Version)
	}
	return rec, nil
}

// putFamily keeps the record as long as the family lives, and as the mark is needed.
func putFamily(tx store.Tx, f id.Family, rec familyRecord, marked time.Time) error {
	raw, err := json.Marshal(rec)
	if err != nil {
		return fmt.Errorf("family %s: %w", f, err)
	}
	if marked.Before(rec.Expires) {
		marked = rec.Expires
	}
	return tx.Put(familyKey(f), raw, marked)
}
