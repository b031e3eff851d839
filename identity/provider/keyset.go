package provider

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/meins-id/meins/identity"
)

const (
	maxKeySet = 64 << 10
	minRSA    = 2048 // bits (RFC 7518, 3.3)
)

var (
	errSignature = errors.New("no key of the vendor's made this signature")
	errNoKeys    = errors.New("no public key that can be used")
)

// verifyBy checks a signature with a vendor's keys, and reads the claims into each of dest. A key
// serves for one algorithm only where it says so, and never for encryption. A key that is not known
// yet is looked for at the vendor's address.
func (p *Provider) verifyBy(ctx context.Context, v identity.Vendor, signed *jwt.JSONWebToken, dest ...any) error {
	keys, err := p.vendorKeys(ctx, v, false)
	if err != nil {
		return errors.Join(errSignature, err)
	}
	known, err := verify(keys, signed, dest...)
	if err == nil || v.JWKSURI == "" || known && signed.Headers[0].KeyID != "" {
		return err
	}
	if keys, err = p.vendorKeys(ctx, v, true); err != nil {
		return errors.Join(errSignature, err)
	}
	_, err = verify(keys, signed, dest...)
	return err
}

// verify also says whether one of the keys could have been the one.
func verify(keys []jose.JSONWebKey, signed *jwt.JSONWebToken, dest ...any) (known bool, err error) {
	for _, key := range keys {
		if !fits(key, signed.Headers[0]) {
			continue
		}
		if signed.Claims(key.Key, dest...) == nil {
			return true, nil
		}
		known = true
	}
	return known, errSignature
}

// vendorKeys are a vendor's public keys: those that it registered, or those that stand at its
// address. Renew looks there again, for what is kept does not serve; an address is not asked more
// often for that.
func (p *Provider) vendorKeys(ctx context.Context, v identity.Vendor, renew bool) ([]jose.JSONWebKey, error) {
	raw, err := p.keyDocument(ctx, v, renew)
	if err != nil {
		return nil, err
	}
	return readKeySet(raw)
}

// keyDocument is the set as it stands, with the keys for encryption in it.
func (p *Provider) keyDocument(ctx context.Context, v identity.Vendor, renew bool) ([]byte, error) {
	if v.JWKSURI == "" {
		return v.JWKS, nil
	}
	return p.documents.read(ctx, wish{address: v.JWKSURI, limit: maxKeySet, renew: renew, check: checkAnyKeySet})
}

func checkKeySet(raw []byte) error {
	_, err := readKeySet(raw)
	return err
}

// readKeySet leaves out keys of kinds that are not known here (RFC 7517, 5), and those that are too
// weak or not public.
func readKeySet(raw []byte) ([]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, errNoKeys
	}
	keys := make([]jose.JSONWebKey, 0, len(set.Keys))
	for _, one := range set.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(one, &key) == nil && key.Valid() && key.IsPublic() && !isWeakRSA(key) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, errNoKeys
	}
	return keys, nil
}

func isWeakRSA(key jose.JSONWebKey) bool {
	k, ok := key.Key.(*rsa.PublicKey)
	return ok && k.N.BitLen() < minRSA
}
