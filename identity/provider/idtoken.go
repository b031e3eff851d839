package provider

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/json"
	"errors"
	"fmt"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/consent/release"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/vault"
)

// defaultAlgorithm signs for vendors that registered nothing, as the standard says.
const defaultAlgorithm = string(jose.RS256)

// idTokenAlgorithms are those of the key ring.
var idTokenAlgorithms = []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA, jose.PS256}

// idClaims are the claims of an ID token that are the provider's own (OpenID Connect Core 2). Those
// that the customer approved for it come behind, and cannot have these names.
type idClaims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience string   `json:"aud"`
	Party    string   `json:"azp"`
	Expires  int64    `json:"exp"`
	Issued   int64    `json:"iat"`
	AuthTime int64    `json:"auth_time"`
	Nonce    string   `json:"nonce,omitempty"`
	Context  string   `json:"acr"`
	Methods  []string `json:"amr,omitempty"`
	Access   string   `json:"at_hash"`
	Session  string   `json:"sid,omitempty"`
}

// idToken makes and signs the ID token that goes with an access token, and encrypts it where the vendor
// registered that.
func (p *Provider) idToken(ctx context.Context, v identity.Vendor, t token, nonce, access string, released vault.Claims) (string, error) {
	algorithm := cmp.Or(v.SigningAlg, defaultAlgorithm)
	now := p.o.Now()
	payload, err := join(idClaims{
		Issuer: p.o.Issuer, Subject: t.Subject, Audience: v.ClientID(), Party: v.ClientID(),
		Expires: now.Add(idTokenLifetime).Unix(), Issued: now.Unix(), AuthTime: t.AuthTime.Unix(),
		Nonce: nonce, Context: acrKnown, Methods: t.Methods, Access: accessHash(algorithm, access), Session: t.Session,
	}, released)
	if err != nil {
		return "", fmt.Errorf("id token: %w", err)
	}
	key, err := p.o.Keys.Signer(algorithm)
	if err != nil {
		return "", fmt.Errorf("id token: %w", err)
	}
	signed, err := signJWT(key, payload)
	if err != nil {
		return "", err
	}
	return p.encryptTo(ctx, v, v.Protocol.IDTokenKeyAlg, signed)
}

// join writes the claims of both as one object.
func join(own idClaims, released vault.Claims) ([]byte, error) {
	payload, err := json.Marshal(own)
	if err != nil || len(released) == 0 {
		return payload, err
	}
	more, err := json.Marshal(released)
	if err != nil {
		return nil, err
	}
	return append(append(payload[:len(payload)-1], ','), more[1:]...), nil
}

// accessHash is the left half of the hash that belongs to the algorithm (OpenID Connect Core 3.1.3.6);
// with EdDSA over Ed25519 that is SHA-512.
func accessHash(algorithm, access string) string {
	if algorithm == string(jose.EdDSA) {
		sum := sha512.Sum512([]byte(access))
		return encoding.EncodeToString(sum[:sha512.Size/2])
	}
	sum := sha256.Sum256([]byte(access))
	return encoding.EncodeToString(sum[:sha256.Size/2])
}

// releaseToIDToken gives the claims that were approved for the ID token itself.
func (p *Provider) releaseToIDToken(ctx context.Context, code token) (vault.Claims, error) {
	if len(code.IDTokenClaims) == 0 {
		return nil, nil //nolint:nilnil // no claims is the usual case
	}
	permit, err := p.o.Consent.Permit(ctx, consent.Reading{
		Grant: code.Grant, Client: code.Client, Claims: code.IDTokenClaims, Kind: consent.KindIDToken,
	})
	if err != nil {
		return nil, endedOr(err)
	}
	claims, err := release.Release(ctx, permit, code.Key)
	if err != nil {
		return nil, endedOr(err)
	}
	return claims, nil
}

// endedOr is the refusal of a grant that does not serve, or the error itself.
func endedOr(err error) error {
	switch {
	case ended(err):
		return refuseGrant("the customer's consent has ended")
	case unopened(err):
		return refuseGrant("what the customer approved cannot be opened")
	}
	return err
}

// hint is what an ID token says that comes back to us.
type hint struct {
	jwt.Claims
	Session string `json:"sid"`
}

var errHint = errors.New("not an ID token of this provider")

// readIDToken checks that an ID token is one that we signed, as such and as nothing else (RFC 8725, 3.11), with
// the algorithm of the key that it names. It may be old: it says who, and grants nothing.
func (p *Provider) readIDToken(text string) (hint, error) {
	if len(text) > maxBlob {
		return hint{}, errHint
	}
	signed, err := jwt.ParseSigned(text, idTokenAlgorithms)
	if err != nil || len(signed.Headers) != 1 || signed.Headers[0].ExtraHeaders[jose.HeaderType] != idTokenType {
		return hint{}, errHint
	}
	key, ok := p.publicKey(signed.Headers[0])
	if !ok {
		return hint{}, errHint
	}
	var h hint
	if err := signed.Claims(key.Key, &h); err != nil {
		return hint{}, errHint
	}
	issued := h.IssuedAt != nil && !h.IssuedAt.Time().After(p.o.Now().Add(clockSkew))
	if h.Issuer != p.o.Issuer || h.Subject == "" || !issued || len(h.Audience) != 1 {
		return hint{}, errHint
	}
	return h, nil
}

// publicKey finds the key that a header names, if it is for the header's algorithm.
func (p *Provider) publicKey(head jose.Header) (jose.JSONWebKey, bool) {
	for _, key := range p.o.Keys.PublicKeys() {
		if key.KeyID == head.KeyID && key.KeyID != "" && key.Algorithm == head.Algorithm {
			return key, true
		}
	}
	return jose.JSONWebKey{}, false
}
