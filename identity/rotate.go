package identity

import (
	"context"
	"crypto/x509"
	"slices"
	"time"
)

// Rotate lets the next token, flow and signing keys take over at once, or makes new ones if none are next. What the old ones made stays good until it has
// expired; then they are dropped. The pepper, the pairwise secret and the key of sealed records stay:
// everything stored hangs on them.
func (k *Keyring) Rotate(ctx context.Context) error {
	now := k.now()
	fresh, err := newRotating(now) // outside the transaction, which may run more than once
	if err != nil {
		return err
	}
	return k.changeRing(ctx, func(r ringRecord) (ringRecord, error) {
		if r.Next != nil { // vendors know these already
			return r.promoted(now), nil
		}
		return r.rotated(fresh, now), nil
	})
}

// rotated puts the fresh keys in front and drops what nothing in force can need.
func (r ringRecord) rotated(fresh ringRecord, now time.Time) ringRecord {
	r.Revision++
	r.Rotated = now.Unix()
	r.Witnesses = r.remember()
	r.Tokens = succeed(fresh.Tokens, r.Tokens, TokenKeyKept, now)
	r.Flows = succeed(fresh.Flows, r.Flows, FlowKeyKept, now)
	r.Signing = succeed(fresh.Signing, r.Signing, SigningKeyKept, now)
	return r
}

// succeed retires the old keys that were current, and leaves out those whose time is over.
func succeed(fresh, old []ringKey, kept time.Duration, now time.Time) []ringKey {
	out := append([]ringKey{}, fresh...)
	for _, k := range old {
		if k.Retired == 0 {
			k.Retired = now.Unix()
		}
		if !k.life().over(kept, now) {
			out = append(out, k)
		}
	}
	return out
}

// remember adds the key that signs receipts to the witnesses, before it is retired. A key that cannot
// be read is none that signed anything.
func (r ringRecord) remember() []ringKey {
	for _, k := range r.Signing {
		if k.Retired != 0 || k.Algorithm != ReceiptAlgorithm {
			continue
		}
		s, err := k.open()
		if err != nil {
			continue
		}
		der, err := x509.MarshalPKIXPublicKey(s.public.Key)
		if err != nil {
			continue
		}
		return append(slices.Clone(r.Witnesses), ringKey{ID: k.ID, Algorithm: k.Algorithm, Key: der, Created: k.Created})
	}
	return r.Witnesses
}
