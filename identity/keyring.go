package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/vault/seal"
)

// How long a key still opens or verifies after a newer one took its place: as long as what was made
// with it on its last day can be in force, and a margin for clocks and caches.
const (
	TokenKeyKept   = 91 * 24 * time.Hour // refresh tokens live 90 days at most
	FlowKeyKept    = time.Hour           // a sealed authorization request lives 30 minutes
	SigningKeyKept = 24 * time.Hour      // ID tokens live minutes, and vendors cache the key set
)

// missPause is how often at most an unknown key id makes the ring look into the store: another node
// may have rotated, and nobody shall make us read by sending rubbish.
const missPause = time.Second

var (
	// ErrMaster says that the store's keys were sealed under another master key.
	ErrMaster = errors.New("the master key does not open this store's keys")
	// ErrNoSigner says that there is no signing key for an algorithm.
	ErrNoSigner = errors.New("no signing key for this algorithm")
)

// Keyring holds the server's own keys: the pepper, the pairwise secret, the key of sealed records,
// and the keys that rotate. It serves concurrent callers without a lock. The zero Keyring is of no use.
type Keyring struct {
	store  store.Store
	master *seal.Box
	now    func() time.Time
	ring   atomic.Pointer[ring]
	missed atomic.Int64 // when an unknown key id last made us look, in nanoseconds
}

// KeyInfo tells about a key without telling the key.
type KeyInfo struct {
	ID        string    `json:"id"`
	Use       string    `json:"use"` // token, flow, sig
	Algorithm string    `json:"algorithm"`
	State     string    `json:"state"` // next, current, retired, witness (of old receipts), revoked
	Created   time.Time `json:"created"`
	From      time.Time `json:"from,omitzero"`  // when a next key takes over
	Until     time.Time `json:"until,omitzero"` // when a retired key is refused, or since when a revoked one is
}

// OpenKeyring opens the keys in the store with the master key, and makes them on the first start.
// Of several nodes that start at once, one makes them and all use those.
func OpenKeyring(ctx context.Context, s store.Store, master seal.Key, now func() time.Time) (*Keyring, error) {
	if master.IsZero() {
		return nil, ErrMaster
	}
	k := &Keyring{store: s, master: seal.NewBox(master), now: now}
	err := k.Refresh(ctx)
	if !errors.Is(err, store.ErrNotFound) {
		return k, err
	}
	fresh, err := newRing(now())
	if err != nil {
		return nil, err
	}
	rec, err := k.createRing(ctx, fresh)
	if err != nil {
		return nil, err
	}
	return k, k.install(rec)
}

// Refresh looks whether another node has rotated the keys, and takes them over.
func (k *Keyring) Refresh(ctx context.Context) error {
	rec, err := k.readRing(ctx)
	if err != nil {
		return err
	}
	return k.install(rec)
}

// install makes a record the snapshot that everybody uses, unless a newer one is in place.
func (k *Keyring) install(rec ringRecord) error {
	for {
		old := k.ring.Load()
		if old != nil && old.revision >= rec.Revision {
			return nil
		}
		fresh, err := rec.open()
		if err != nil {
			return fmt.Errorf("open key ring: %w", err)
		}
		if k.ring.CompareAndSwap(old, fresh) {
			return nil
		}
	}
}

// Hash is HMAC-SHA256 under the pepper over the purpose and the parts, each behind its length.
func (k *Keyring) Hash(purpose string, parts ...[]byte) []byte {
	m := hmac.New(sha256.New, k.ring.Load().pepper)
	frame := make([]byte, 0, 128)
	frame = appendFrame(frame, []byte(purpose))
	for _, p := range parts {
		frame = appendFrame(frame, p)
	}
	_, _ = m.Write(frame) // a hash does not fail
	return m.Sum(nil)
}

// PairwiseSub is the customer's name towards the vendors of one sector. Two sectors cannot tell
// that they know the same person.
func (k *Keyring) PairwiseSub(account, persona, sector string) string {
	m := hmac.New(sha256.New, k.ring.Load().pairwise)
	var frame []byte
	for _, s := range [...]string{"sub", account, persona, sector} {
		frame = appendFrame(frame, []byte(s))
	}
	_, _ = m.Write(frame) // a hash does not fail
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// appendFrame puts each part behind its length, so that no two lists of parts give the same bytes.
func appendFrame(dst, part []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(part))) // parts are far below 4 GiB
	return append(dst, part...)
}

// Token is the key for new codes and tokens.
func (k *Keyring) Token() (kid string, box *seal.Box) { return k.ring.Load().tokens.current() }

// TokenByID finds the key that a code or token names, as long as one made with it can be in force.
func (k *Keyring) TokenByID(kid string) (*seal.Box, bool) {
	return k.byID(kid, func(r *ring) boxes { return r.tokens }, TokenKeyKept)
}

// Flow is the key for new sealed authorization requests.
func (k *Keyring) Flow() (kid string, box *seal.Box) { return k.ring.Load().flows.current() }

// FlowByID finds the key that a sealed authorization request names.
func (k *Keyring) FlowByID(kid string) (*seal.Box, bool) {
	return k.byID(kid, func(r *ring) boxes { return r.flows }, FlowKeyKept)
}

// byID looks into the snapshot, and once into the store when the key id could be a newer one.
func (k *Keyring) byID(kid string, of func(*ring) boxes, kept time.Duration) (*seal.Box, bool) {
	key, ok := of(k.ring.Load()).find(kid)
	if !ok && isKeyID(kid) && k.lookAgain() {
		key, ok = of(k.ring.Load()).find(kid)
	}
	if !ok || key.over(kept, k.now()) {
		return nil, false
	}
	return key.box, true
}

// lookAgain refreshes at most once a second; whatever goes wrong means that nothing was found.
func (k *Keyring) lookAgain() bool {
	now, last := k.now().UnixNano(), k.missed.Load()
	if now-last < int64(missPause) || !k.missed.CompareAndSwap(last, now) {
		return false
	}
	return k.Refresh(context.Background()) == nil
}

// Signer is the current signing key for ES256, RS256, PS256 or EdDSA, with its key id.
func (k *Keyring) Signer(alg string) (jose.SigningKey, error) {
	for _, s := range k.ring.Load().signers {
		if s.current() && string(s.key.Algorithm) == alg {
			return s.key, nil
		}
	}
	return jose.SigningKey{}, fmt.Errorf("%w: %q", ErrNoSigner, alg)
}

// PublicKeys are the keys that verify what is in force, the current ones first, and those that will
// sign next, so that vendors know them by then.
func (k *Keyring) PublicKeys() []jose.JSONWebKey {
	now := k.now()
	var keys []jose.JSONWebKey
	for _, s := range k.ring.Load().signers {
		if !s.over(SigningKeyKept, now) {
			keys = append(keys, s.public)
		}
	}
	return keys
}

// ReceiptAlgorithm signs receipts: what it makes of the same receipt is the same bytes each time.
const ReceiptAlgorithm = string(jose.EdDSA)

// ReceiptKeys are the keys that verify receipts, of whatever age: the current one first.
func (k *Keyring) ReceiptKeys() []jose.JSONWebKey {
	r := k.ring.Load()
	var keys []jose.JSONWebKey
	for _, s := range r.signers {
		if s.current() && s.public.Algorithm == ReceiptAlgorithm {
			keys = append(keys, s.public)
		}
	}
	return append(keys, r.witnesses...)
}

// List tells about every key that is current or still accepted.
func (k *Keyring) List(ctx context.Context) ([]KeyInfo, error) {
	if err := k.Refresh(ctx); err != nil {
		return nil, err
	}
	r, now := k.ring.Load(), k.now()
	var list []KeyInfo
	add := func(use, alg, kid string, l life, kept time.Duration) {
		if !l.over(kept, now) {
			list = append(list, l.info(use, alg, kid, kept))
		}
	}
	for _, s := range r.signers {
		if strings.HasSuffix(s.public.KeyID, twinMark) {
			continue // it is the key that is listed beside it
		}
		add("sig", string(s.key.Algorithm), s.public.KeyID, s.life, SigningKeyKept)
	}
	for _, b := range r.tokens {
		add("token", "A256GCM", b.kid, b.life, TokenKeyKept)
	}
	for _, b := range r.flows {
		add("flow", "A256GCM", b.kid, b.life, FlowKeyKept)
	}
	return append(list, r.past()...), nil
}

// records is the key under which this room seals its own records.
func (k *Keyring) records() *seal.Box { return k.ring.Load().records }
