package provider

import (
	"context"
	"errors"
	"slices"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
)

const (
	maxAssertion         = 16 << 10
	maxAssertionLifetime = 5 * time.Minute
	clockSkew            = 30 * time.Second
)

// assertionAlgorithms are the signatures that vendors may use. There is none that a public key could
// be mistaken for the secret of.
var assertionAlgorithms = []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.PS256, jose.EdDSA}

// macAlgorithm is that of client_secret_jwt: it never counts for a vendor with keys.
const macAlgorithm = jose.HS256

var errAssertion = errors.New("the client assertion does not hold")

// authenticateByKey checks private_key_jwt and client_secret_jwt (OpenID Connect Core 9, RFC 7523). Why one is refused, the
// log knows and the sender does not.
func (p *Provider) authenticateByKey(ctx context.Context, c credentials) (identity.Vendor, error) {
	signed, claimed, err := parseAssertion(c.assertion)
	if err != nil || c.client != "" && c.client != claimed {
		return identity.Vendor{}, refuseClient()
	}
	v, err := p.vendor(ctx, claimed)
	if errors.Is(err, identity.ErrNoVendor) {
		return identity.Vendor{}, refuseClient()
	}
	if err != nil {
		return identity.Vendor{}, err
	}
	var claims jwt.Claims
	if p.verifyAssertion(ctx, v, signed, &claims) != nil || !p.holds(claims, id.Client(v.ClientID())) || named(v, claimed) != nil {
		return identity.Vendor{}, refuseClient()
	}
	// Only now is anything written: the signature is the vendor's.
	err = p.records.UseOnce(ctx, hashed(onceAssertion, string(v.ID), claims.ID), claims.Expiry.Time().Add(2*clockSkew))
	if errors.Is(err, errUsed) {
		return identity.Vendor{}, refuseClient()
	}
	return v, err
}

// verifyAssertion checks a signature the way that the vendor registered, and no other: with its public
// keys, or with the secret that both know.
func (p *Provider) verifyAssertion(ctx context.Context, v identity.Vendor, signed *jwt.JSONWebToken, claims *jwt.Claims) error {
	algorithm := jose.SignatureAlgorithm(signed.Headers[0].Algorithm)
	switch {
	case v.Public || v.AuthMethod == methodKey && !isStrong(v, string(algorithm)) || !p.audienceFits(v, signed) || v.Protocol.AuthAlg != "" && v.Protocol.AuthAlg != string(algorithm):
		return errAssertion
	case v.AuthMethod == methodKey && algorithm != macAlgorithm:
		return p.verifyBy(ctx, v, signed, claims)
	case v.AuthMethod == methodMAC && algorithm == macAlgorithm:
		secret, err := p.o.Vendors.SharedSecret(v)
		if err != nil {
			return err
		}
		return signed.Claims(secret, claims)
	}
	return errAssertion
}

// parseAssertion reads who an assertion claims to come from, before anything is believed.
func parseAssertion(text string) (*jwt.JSONWebToken, id.Client, error) {
	if len(text) > maxAssertion {
		return nil, "", errAssertion
	}
	signed, err := jwt.ParseSigned(text, append(assertionAlgorithms[:len(assertionAlgorithms):len(assertionAlgorithms)], macAlgorithm))
	if err != nil || len(signed.Headers) != 1 {
		return nil, "", errAssertion
	}
	var claims jwt.Claims
	if err := signed.UnsafeClaimsWithoutVerification(&claims); err != nil {
		return nil, "", errAssertion
	}
	if claims.Issuer == "" || claims.Issuer != claims.Subject {
		return nil, "", errAssertion
	}
	return signed, id.Client(claims.Issuer), nil
}

// fits says whether a key may have made a signature with this header.
func fits(key jose.JSONWebKey, head jose.Header) bool {
	if head.KeyID != "" && key.KeyID != head.KeyID || key.Use != "" && key.Use != "sig" {
		return false
	}
	return key.IsPublic() && (key.Algorithm == "" || key.Algorithm == head.Algorithm)
}

// isAudience says whether an assertion for this audience is for us. Vendors that push requests may
// name either endpoint (RFC 9126, 2).
func (p *Provider) isAudience(aud string) bool {
	if base := p.o.Certificates.Address; base != "" && (aud == base+pathToken || aud == base+pathPushed) {
		return true
	}
	return aud == p.o.Issuer || aud == p.o.Issuer+pathToken || aud == p.o.Issuer+pathPushed
}

// holds checks who, for whom and when.
func (p *Provider) holds(c jwt.Claims, client id.Client) bool {
	now := p.o.Now()
	switch {
	case c.Issuer != string(client) || c.Subject != string(client) || c.ID == "":
		return false
	case !slices.ContainsFunc(c.Audience, p.isAudience):
		return false
	case c.Expiry == nil || now.After(c.Expiry.Time().Add(clockSkew)) || c.Expiry.Time().After(now.Add(maxAssertionLifetime+clockSkew)):
		return false
	case c.NotBefore != nil && c.NotBefore.Time().After(now.Add(clockSkew)):
		return false
	}
	return c.IssuedAt == nil || !c.IssuedAt.Time().After(now.Add(clockSkew))
}
