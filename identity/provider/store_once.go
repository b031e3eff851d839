package provider

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"time"

	"github.com/meins-id/meins/internal/store"
)

// What may be used once, and the key under which its use is noted until it expires by itself:
//
//	jti/<hash>     a client assertion
//	pushed/<id>    an authorization request that was pushed and then answered
//	proof/<hash>   a DPoP proof
const (
	onceAssertion = "jti/"
	oncePushed    = "pushed/"
	onceProof     = "proof/"
)

// errUsed says that something was used before.
var errUsed = errors.New("this was used before")

// hashed makes a key out of names of any length and any characters.
func hashed(prefix string, parts ...string) string {
	h := sha256.New()
	for i, part := range parts {
		if i > 0 {
			_, _ = h.Write([]byte{0}) // a hash does not fail
		}
		_, _ = h.Write([]byte(part))
	}
	return prefix + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// UseOnce notes the use of something until it expires; errUsed for the second of two, on any node.
func (r records) UseOnce(ctx context.Context, key string, expires time.Time) error {
	return r.update(ctx, func(tx store.Tx) (finding, failure error) {
		_, err := tx.Get(key)
		if err == nil {
			return errUsed, nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		return nil, tx.Put(key, mark, expires)
	})
}

// Used says whether something was used.
func (r records) Used(ctx context.Context, key string) (used bool, err error) {
	err = r.store.View(ctx, func(rd store.Reader) error {
		_, err := rd.Get(key)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		used = err == nil
		return err
	})
	return used || err != nil, err
}
