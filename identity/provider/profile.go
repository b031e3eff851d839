package provider

import (
	"context"
	"fmt"
	"slices"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/meins-id/meins/identity"
)

// strongAlgorithms are what FAPI 2.0 leaves of the signatures that vendors may use (Security Profile,
// 5.4).
var strongAlgorithms = []jose.SignatureAlgorithm{jose.ES256, jose.PS256, jose.EdDSA}

// algorithmsOf are the signatures that this vendor may use.
func algorithmsOf(v identity.Vendor) []jose.SignatureAlgorithm {
	if v.Protocol.HighSecurity() {
		return strongAlgorithms
	}
	return assertionAlgorithms
}

// isStrong says whether a vendor may use this algorithm.
func isStrong(v identity.Vendor, algorithm string) bool {
	return slices.Contains(algorithmsOf(v), jose.SignatureAlgorithm(algorithm))
}

// audienceFits wants of a FAPI vendor that its assertion is for this issuer, said as one text (FAPI 2.0
// Security Profile, 5.3.2.1); of others only that it is among those that an assertion is for.
func (p *Provider) audienceFits(v identity.Vendor, signed *jwt.JSONWebToken) bool {
	if !v.Protocol.HighSecurity() {
		return true
	}
	var said struct {
		Audience any `json:"aud"`
	}
	return signed.UnsafeClaimsWithoutVerification(&said) == nil && said.Audience == p.o.Issuer
}

// responseFits wants signed answers for a vendor that is held to have them.
func responseFits(v identity.Vendor, mode string) bool {
	_, signed := carrier(mode)
	return signed || v.Protocol.Profile != identity.ProfileSigning
}

// advance uses a refresh token up, and says when its successor came. A FAPI vendor's token is bound to
// its key and stays the same (FAPI 2.0 Security Profile, 5.3.2.1): then there is no successor.
func (p *Provider) advance(ctx context.Context, v identity.Vendor, t token) (rotated time.Time, stays bool, err error) {
	if !v.Protocol.HighSecurity() {
		rotated, err = p.rotate(ctx, t)
		return rotated, false, err
	}
	newest, err := p.records.Newest(ctx, t)
	if err != nil {
		return time.Time{}, true, fmt.Errorf("look for a family: %w", err)
	}
	if !newest {
		return time.Time{}, true, refuseGrant("the refresh token is not valid")
	}
	return time.Time{}, true, nil
}
