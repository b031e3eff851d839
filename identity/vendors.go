package identity

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"sync"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

// secretPrefix makes a vendor's secret recognisable where it does not belong: in a repository, in a log.
const secretPrefix = "mv_"

// maxCached is how many decoded vendors are kept.
const maxCached = 1024

// Vendors is the register of vendors. It serves concurrent callers.
type Vendors struct {
	store store.Store
	keys  *Keyring
	now   func() time.Time

	registrar *registrar

	mu     sync.RWMutex
	cached map[id.Client]cachedVendor
}

// cachedVendor is a decoded vendor and the very bytes that it was decoded from. The bytes are read
// each time: a vendor that another node removed or changed is never served from here.
type cachedVendor struct {
	raw    []byte
	vendor Vendor
}

// NewVendors opens the register.
func NewVendors(s store.Store, keys *Keyring, now func() time.Time) *Vendors {
	return &Vendors{store: s, keys: keys, now: now, registrar: newRegistrar(), cached: map[id.Client]cachedVendor{}}
}

// Add registers a vendor. What is empty gets its default; a confidential vendor without keys of its
// own gets a secret, which is returned this once. Mistakes come all at once, as an InvalidVendor.
func (s *Vendors) Add(ctx context.Context, v Vendor) (Vendor, string, error) {
	v, secret, err := s.prepare(v)
	if err != nil {
		return Vendor{}, "", err
	}
	return v, secret, s.createVendor(ctx, v)
}

// prepare fills in what was left empty, refuses mistakes, and makes a secret where one is needed.
func (s *Vendors) prepare(v Vendor) (_ Vendor, secret string, err error) {
	v = v.completed(s.now())
	if err := v.validate(); err != nil {
		return Vendor{}, "", err
	}
	v.SecretHash, v.Sealed = nil, nil
	switch {
	case v.bySecret():
		secret = newSecret()
		v.SecretHash = s.hash(v.ID, secret)
	case v.AuthMethod == MethodSecretJWT:
		secret = newSecret()
		v.Sealed = s.seal(v.ID, secret)
	}
	return v, secret, nil
}

// Get finds a vendor; ErrNoVendor when there is none.
func (s *Vendors) Get(ctx context.Context, client id.Client) (Vendor, error) {
	if _, err := id.Parse[id.Client](string(client)); err != nil {
		return Vendor{}, ErrNoVendor
	}
	raw, err := s.readVendor(ctx, client)
	if err != nil {
		return Vendor{}, err
	}
	s.mu.RLock()
	c, ok := s.cached[client]
	s.mu.RUnlock()
	if ok && bytes.Equal(c.raw, raw) {
		return c.vendor, nil
	}
	v, err := s.decodeVendor(ctx, raw)
	if err != nil {
		return Vendor{}, err
	}
	s.keep(client, cachedVendor{raw: raw, vendor: v})
	return v, nil
}

// List gives every vendor, the oldest first.
func (s *Vendors) List(ctx context.Context) ([]Vendor, error) {
	raws, err := s.readVendors(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Vendor, 0, len(raws))
	for _, raw := range raws {
		v, err := s.decodeVendor(ctx, raw)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	slices.SortStableFunc(list, func(a, b Vendor) int { return a.Created.Compare(b.Created) })
	return list, nil
}

// RotateSecret replaces a vendor's secret; the old one is refused from now on.
func (s *Vendors) RotateSecret(ctx context.Context, client id.Client) (string, error) {
	secret := newSecret()
	hash, sealed := s.hash(client, secret), s.seal(client, secret)
	err := s.changeVendor(ctx, client, func(r *vendorRecord) error {
		switch v := r.vendor(logoRecord{}); {
		case v.bySecret():
			r.Secret = hash
		case v.AuthMethod == MethodSecretJWT:
			r.Sealed = sealed
		default:
			return ErrNoSecret
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// Remove takes a vendor off the register. Its grants are consent's to revoke.
func (s *Vendors) Remove(ctx context.Context, client id.Client) error {
	err := s.deleteVendor(ctx, client)
	s.mu.Lock()
	delete(s.cached, client)
	s.mu.Unlock()
	return err
}

// CheckSecret says whether this is the vendor's secret. A vendor that has none never passes.
func (s *Vendors) CheckSecret(v Vendor, secret string) bool {
	got := s.hash(v.ID, secret)
	return v.bySecret() && len(v.SecretHash) == sha256.Size && hmac.Equal(got, v.SecretHash)
}

// SharedSecret is the secret of a vendor that signs with it; ErrNoSecret for every other.
func (s *Vendors) SharedSecret(v Vendor) ([]byte, error) {
	if v.AuthMethod != MethodSecretJWT || v.Public || len(v.Sealed) == 0 {
		return nil, ErrNoSecret
	}
	return s.keys.Open("identity/vendor-secret", string(v.ID), v.Sealed)
}

// seal keeps a secret that is needed itself.
func (s *Vendors) seal(client id.Client, secret string) []byte {
	return s.keys.Seal("identity/vendor-secret", string(client), []byte(secret))
}

// hash is what is kept of a secret. The vendor's id is part of it: a record that was copied to
// another vendor proves nothing there.
func (s *Vendors) hash(client id.Client, secret string) []byte {
	return s.keys.Hash("client-secret", []byte(client), []byte(secret))
}

// keep caches a vendor, in the place of any other when there are too many.
func (s *Vendors) keep(client id.Client, c cachedVendor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.cached[client]; !ok && len(s.cached) >= maxCached {
		for other := range s.cached {
			delete(s.cached, other)
			break
		}
	}
	s.cached[client] = c
}

func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // does not fail: it ends the program
	return secretPrefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// logoHash names a picture in addresses that may be cached for good.
func logoHash(logo []byte) string {
	if len(logo) == 0 {
		return ""
	}
	sum := sha256.Sum256(logo)
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
