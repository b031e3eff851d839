package identity

import (
	"crypto/rsa"
	"encoding/json"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/vault/seal"
)

// The profiles that a vendor can be held to, each with all that it demands.
const (
	ProfileFAPI2   = "fapi2"                 // FAPI 2.0 Security Profile
	ProfileSigning = "fapi2-message-signing" // and FAPI 2.0 Message Signing
)

// minRSA is the size of RSA keys in bits (FAPI 2.0 Security Profile, 5.4).
const minRSA = 2048

// HighSecurity says whether the vendor is held to FAPI 2.0.
func (p Protocol) HighSecurity() bool { return p.Profile != "" }

// completed sets what a profile demands, so that it need not be said, and cannot be unsaid.
func (p Protocol) completed() Protocol {
	// The standard's own default is not on offer, and the record says so.
	for _, one := range [...]struct{ alg, enc *string }{
		{&p.UserInfoKeyAlg, &p.UserInfoEnc}, {&p.IDTokenKeyAlg, &p.IDTokenEnc}, {&p.IntrospectionKeyAlg, &p.IntrospectionEnc},
	} {
		if *one.alg != "" && *one.enc == "" {
			*one.enc = seal.A256GCM
		}
	}
	if !p.HighSecurity() {
		return p
	}
	p.RequirePushed = true
	p.BoundTokens = p.BoundTokens || !p.CertificateBound // one of the two (Security Profile, 5.3.2.1)
	p.RequireSigned = p.RequireSigned || p.Profile == ProfileSigning
	for _, algorithm := range []*string{&p.ResponseAlg, &p.IntrospectionAlg} {
		if *algorithm == "" {
			*algorithm = string(jose.ES256)
		}
	}
	return p
}

// checkProfile wants of a vendor what its profile wants (FAPI 2.0 Security Profile, 5.3.2 and 5.4).
func (v Vendor) checkProfile(m *mistakes) {
	p := v.Protocol
	m.add(p.Profile != "" && p.Profile != ProfileFAPI2 && p.Profile != ProfileSigning, "profile: unknown %q", p.Profile)
	if !p.HighSecurity() {
		return
	}
	m.add(v.Public || v.AuthMethod != MethodKey && !v.ByCertificate(), "profile %s: needs private_key_jwt, or a certificate", p.Profile)
	m.add(slices.Contains(v.GrantTypes, GrantDevice), "profile %s: has no device grant", p.Profile)
	m.add(p.PKCE != PKCERequired, "profile %s: needs PKCE", p.Profile)
	for _, algorithm := range []string{v.SigningAlg, p.RequestAlg, p.AuthAlg, p.ResponseAlg, p.UserInfoAlg, p.IntrospectionAlg} {
		m.add(algorithm == string(jose.RS256), "profile %s: RS256 is too weak", p.Profile)
	}
	for _, r := range v.RedirectURIs {
		m.add(!strings.HasPrefix(r, "https://"), "profile %s: redirect address %q needs https", p.Profile, r)
	}
	m.add(hasShortKey(v.JWKS), "profile %s: an RSA key needs %d bits", p.Profile, minRSA)
}

func hasShortKey(raw json.RawMessage) bool {
	keys, err := SigningKeys(raw)
	if err != nil {
		return false // that is another mistake, and named already
	}
	for _, key := range keys {
		if k, ok := key.Key.(*rsa.PublicKey); ok && k.N.BitLen() < minRSA {
			return true
		}
	}
	return false
}
