package identity

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/meins-id/meins/internal/fault"
)

// ErrNoKey says that no key of the ring has this id.
var ErrNoKey = fault.New(fault.NotFound, "key-unknown", "there is no such key; 'meins keys list' shows them")

// What keys are for.
const (
	useToken = "token"
	useFlow  = "flow"
	useSign  = "sig"
)

// Revoke withdraws a key that others may know, at once: it is published no more, and nothing that was
// made with it is believed, whenever it was made. A current key is followed by the one that is next, or
// by a new one. What a withdrawn key signed as a witness of receipts goes too, of whatever date: who has
// the key can write any date.
func (k *Keyring) Revoke(ctx context.Context, kid string) error {
	kid = strings.TrimSuffix(kid, twinMark) // an RSA key goes with both its names
	now := k.now()
	fresh, err := newRotating(now) // outside the transaction, which may run more than once
	if err != nil {
		return err
	}
	return k.changeRing(ctx, func(r ringRecord) (ringRecord, error) { return r.without(kid, fresh, now) })
}

// without is the ring without one key.
func (r ringRecord) without(kid string, fresh ringRecord, now time.Time) (ringRecord, error) {
	next := nextRecord{}
	if r.Next != nil {
		next = *r.Next
	}
	found := false
	for _, one := range [...]struct {
		use              string
		keys, next, from *[]ringKey
	}{
		{useToken, &r.Tokens, &next.Tokens, &fresh.Tokens},
		{useFlow, &r.Flows, &next.Flows, &fresh.Flows},
		{useSign, &r.Signing, &next.Signing, &fresh.Signing},
	} {
		gone, ok := withdraw(kid, one.keys, one.next, *one.from)
		if ok {
			found = true
			r.remembers(gone, one.use, now)
		}
	}
	if i := slices.IndexFunc(r.Witnesses, hasID(kid)); i >= 0 {
		if !found {
			r.remembers(r.Witnesses[i], useSign, now)
		}
		r.Witnesses, found = slices.Delete(slices.Clone(r.Witnesses), i, i+1), true
	}
	if !found {
		return r, ErrNoKey
	}
	if r.Next != nil { // what was drawn for it only now is published ahead of its use, too
		next.Begins = max(next.Begins, now.Add(KeyAhead).Unix())
		r.Next = &next
	}
	r.Revision++
	return r, nil
}

// withdraw takes a key out of those in use, or out of the next ones. Its place is taken by the next key
// of its kind, whose place is taken by a fresh one; or by the fresh one, if none is next.
func withdraw(kid string, keys, next *[]ringKey, fresh []ringKey) (gone ringKey, ok bool) {
	if i := slices.IndexFunc(*next, hasID(kid)); i >= 0 {
		gone = (*next)[i]
		*next = slices.Clone(*next)
		(*next)[i] = ofKind(fresh, gone.Algorithm)
		return gone, true
	}
	i := slices.IndexFunc(*keys, hasID(kid))
	if i < 0 {
		return ringKey{}, false
	}
	gone = (*keys)[i]
	*keys = slices.Clone(*keys)
	if gone.Retired != 0 {
		*keys = slices.Delete(*keys, i, i+1)
		return gone, true
	}
	successor := ofKind(fresh, gone.Algorithm)
	if j := slices.IndexFunc(*next, func(k ringKey) bool { return k.Algorithm == gone.Algorithm }); j >= 0 {
		*next = slices.Clone(*next)
		successor, (*next)[j] = (*next)[j], successor
	}
	(*keys)[i] = successor
	return gone, true
}

// ofKind finds the key of an algorithm; one of each is always drawn.
func ofKind(keys []ringKey, algorithm string) ringKey {
	return keys[slices.IndexFunc(keys, func(k ringKey) bool { return k.Algorithm == algorithm })]
}

func hasID(kid string) func(ringKey) bool { return func(k ringKey) bool { return k.ID == kid } }

// remembers notes that a key was withdrawn, and drops the key.
func (r *ringRecord) remembers(k ringKey, use string, now time.Time) {
	note := revokedRecord{ID: k.ID, Use: use, Algorithm: k.Algorithm, Created: k.Created, Revoked: now.Unix()}
	r.Revoked = append(slices.Clone(r.Revoked), note)
}

// past tells about the keys that sign nothing any more: those that only vouch for old receipts, and
// those that were withdrawn.
func (r *ring) past() []KeyInfo {
	var list []KeyInfo
	for _, w := range r.witnesses {
		if !slices.ContainsFunc(r.signers, func(s signer) bool { return s.public.KeyID == w.KeyID }) {
			list = append(list, KeyInfo{ID: w.KeyID, Use: useSign, Algorithm: w.Algorithm, State: "witness"})
		}
	}
	for _, g := range r.revoked {
		algorithm := g.Algorithm
		if algorithm == "" {
			algorithm = "A256GCM"
		}
		list = append(list, KeyInfo{ID: g.ID, Use: g.Use, Algorithm: algorithm, State: "revoked", Created: fromUnix(g.Created), Until: fromUnix(g.Revoked)})
	}
	return list
}
