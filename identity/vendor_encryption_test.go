package identity_test

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/identity"
)

// p256 is a public key on P-256 for a use and an algorithm.
func p256(t *testing.T, use, alg string) json.RawMessage {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	b, err := json.Marshal(jose.JSONWebKey{Key: key.Public(), KeyID: "of P-256", Use: use, Algorithm: alg})
	must(t, err)
	return b
}

// x25519 is a key that no library for signatures knows.
func x25519(t *testing.T) json.RawMessage {
	t.Helper()
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	must(t, err)
	return fmt.Appendf(nil, `{"kty":"OKP","crv":"X25519","use":"enc","x":%q}`, base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes()))
}

func setOf(t *testing.T, keys ...json.RawMessage) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(map[string]any{"keys": keys})
	must(t, err)
	return b
}

// sealedShop is a vendor that wants its UserInfo end-to-end.
func sealedShop(jwks json.RawMessage) identity.Vendor {
	v := shop()
	v.AuthMethod, v.JWKS, v.Protocol.UserInfoKeyAlg = identity.MethodBasic, jwks, "ECDH-ES"
	return v
}

func TestRecipient_isTheOneKeyForEncryption(t *testing.T) {
	w := newWorld(t)
	for name, keys := range map[string][]json.RawMessage{
		"P-256":            {p256(t, "enc", "")},
		"X25519":           {x25519(t)},
		"beside one":       {p256(t, "sig", "ES256"), p256(t, "", ""), x25519(t)},
		"of its algorithm": {p256(t, "enc", "ECDH-ES+A256KW"), p256(t, "enc", "ECDH-ES")},
	} {
		v, _ := w.addVendor(t, sealedShop(setOf(t, keys...)))
		key, err := v.Recipient()
		if err != nil || !v.EndToEnd() || !strings.Contains(string(keys[len(keys)-1]), `"x":`) || !contains(keys[len(keys)-1], key.JWK()) {
			t.Errorf("%s: %s, %v", name, key.JWK(), err)
		}
		if v.Protocol.UserInfoEnc != "A256GCM" {
			t.Errorf("%s: enc %q", name, v.Protocol.UserInfoEnc)
		}
		signing, err := identity.SigningKeys(v.JWKS)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, k := range signing {
			if k.Use == "enc" {
				t.Errorf("%s: a key for encryption signs", name)
			}
		}
	}
}

// contains compares what makes two spellings of a key the same.
func contains(document json.RawMessage, jwk string) bool {
	var one, other struct{ X string }
	return json.Unmarshal(document, &one) == nil && json.Unmarshal([]byte(jwk), &other) == nil && one.X == other.X && one.X != ""
}

func TestAdd_endToEndWithoutExactlyOneKey_orSigned_isRefused(t *testing.T) {
	w := newWorld(t)
	wide, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	rsaKey, err := json.Marshal(jose.JSONWebKey{Key: wide.Public(), Use: "enc"})
	must(t, err)
	one := setOf(t, p256(t, "enc", ""))
	for name, row := range map[string]struct {
		jwks  json.RawMessage
		spoil func(*identity.Protocol)
		says  string
	}{
		"no keys":        {nil, nil, "exactly one key"},
		"none for it":    {setOf(t, p256(t, "sig", "ES256")), nil, "exactly one key"},
		"of no use":      {setOf(t, p256(t, "", "")), nil, "exactly one key"},
		"two":            {setOf(t, p256(t, "enc", ""), x25519(t)), nil, "exactly one key"},
		"RSA":            {setOf(t, rsaKey), nil, "exactly one key"},
		"another's alg":  {setOf(t, p256(t, "enc", "ECDH-ES+A256KW")), nil, "exactly one key"},
		"unknown alg":    {one, func(p *identity.Protocol) { p.UserInfoKeyAlg = "RSA-OAEP" }, "alg is ECDH-ES"},
		"unknown enc":    {one, func(p *identity.Protocol) { p.UserInfoEnc = "A128CBC-HS256" }, "enc is A256GCM"},
		"signed as well": {one, func(p *identity.Protocol) { p.UserInfoAlg = "ES256" }, "cannot be signed with ES256 as well"},
		"enc alone":      {one, func(p *identity.Protocol) { p.UserInfoKeyAlg, p.UserInfoEnc = "", "A256GCM" }, "an enc without an alg"},
		"none alone":     {one, func(p *identity.Protocol) { p.UserInfoKeyAlg, p.UserInfoAlg = "", "none" }, `unknown "none"`},
	} {
		v := sealedShop(row.jwks)
		if row.spoil != nil {
			row.spoil(&v.Protocol)
		}
		_, _, err := w.vendors.Add(t.Context(), v)
		if !errors.Is(err, identity.ErrVendorInvalid) || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	nested := sealedShop(one)
	nested.Protocol.UserInfoAlg = identity.SigningNone
	if _, _, err := w.vendors.Add(t.Context(), nested); err != nil {
		t.Errorf("a JWT inside: %v", err)
	}
}
