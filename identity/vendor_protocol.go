package identity

import (
	"slices"
	"strings"
)

// How much proof a vendor's authorization request carries that its code cannot be slipped to another
// (RFC 9700, 2.1.1). The empty text is the rule: a PKCE challenge, always.
const (
	PKCERequired = ""
	PKCEOrNonce  = "nonce"    // a confidential vendor may rely on the nonce of OpenID Connect instead
	PKCEOptional = "optional" // neither is demanded: for certification runs, and weaker than both
)

// Protocol is how strictly a vendor's requests are read, and in which form it gets its answers. The
// zero Protocol is what holds for everybody; every field but PKCE makes things stricter, and PKCE is
// the operator's to loosen. In JSON the fields have the names of the registered client metadata.
type Protocol struct {
	// Profile is "", or one of the profiles: all that it demands is set then.
	Profile string `json:"profile,omitempty"`

	PKCE string `json:"pkce,omitempty"`
	// RequirePushed refuses requests that did not come by PAR (RFC 9126, 6).
	RequirePushed bool `json:"require_pushed_authorization_requests,omitempty"`
	// RequireSigned refuses requests that did not come as a signed object (RFC 9101, 10.5).
	RequireSigned bool `json:"require_signed_request_object,omitempty"`
	// RequestAlg is the one algorithm of request objects; "" is any that discovery lists.
	RequestAlg string `json:"request_object_signing_alg,omitempty"`
	// AuthAlg is the one algorithm of client assertions; "" is any that discovery lists.
	AuthAlg string `json:"token_endpoint_auth_signing_alg,omitempty"`
	// ResponseAlg signs authorization responses (JARM); "" is RS256.
	ResponseAlg string `json:"authorization_signed_response_alg,omitempty"`
	// UserInfoAlg signs UserInfo; "" leaves it plain JSON, as SigningNone does where it is encrypted.
	UserInfoAlg string `json:"userinfo_signed_response_alg,omitempty"`
	// UserInfoKeyAlg and UserInfoEnc have UserInfo encrypted to the vendor's key by the customer's own agent,
	// end-to-end; "" releases it directly.
	UserInfoKeyAlg string `json:"userinfo_encrypted_response_alg,omitempty"`
	UserInfoEnc    string `json:"userinfo_encrypted_response_enc,omitempty"`
	// IntrospectionAlg signs introspection (RFC 9701); "" is RS256, when it is asked for.
	IntrospectionAlg string `json:"introspection_signed_response_alg,omitempty"`
	// IDTokenKeyAlg and IDTokenEnc encrypt signed ID tokens to the vendor's key, here at the server.
	IDTokenKeyAlg string `json:"id_token_encrypted_response_alg,omitempty"`
	IDTokenEnc    string `json:"id_token_encrypted_response_enc,omitempty"`
	// IntrospectionKeyAlg and IntrospectionEnc do so with signed introspection.
	IntrospectionKeyAlg string `json:"introspection_encrypted_response_alg,omitempty"`
	IntrospectionEnc    string `json:"introspection_encrypted_response_enc,omitempty"`
	// BoundTokens refuses token requests without a DPoP proof (RFC 9449, 5.2).
	BoundTokens bool `json:"dpop_bound_access_tokens,omitempty"`
	// CertificateBound binds tokens to the certificate of the connection (RFC 8705, 3), and refuses token
	// requests without one.
	CertificateBound bool `json:"tls_client_certificate_bound_access_tokens,omitempty"`
	// InitiateLogin is where a login begins that somebody else starts (OpenID Connect Core 4).
	InitiateLogin string `json:"initiate_login_uri,omitempty"`
	// RequestURIs are where the vendor keeps request objects (OpenID Connect Core 6.2), letter by letter.
	RequestURIs []string `json:"request_uris,omitempty"`
	// DefaultMaxAge counts where a request says no max_age, in seconds.
	DefaultMaxAge *int64 `json:"default_max_age,omitempty"`
	// Resources are the vendor's own APIs that it may want access tokens for (RFC 8707).
	Resources []string `json:"resources,omitempty"`

	CertificateSubject // whom the certificate of tls_client_auth is for
	Farewells          // where it hears that a session has ended
}

// IsZero lets the record of a vendor without wishes look as ever.
func (p Protocol) IsZero() bool {
	if p.UserInfoKeyAlg != "" || p.UserInfoEnc != "" || p.IDTokenKeyAlg != "" || p.IDTokenEnc != "" || p.IntrospectionKeyAlg != "" || p.IntrospectionEnc != "" || p.CertificateBound || !p.CertificateSubject.IsZero() {
		return false
	}
	return p.DefaultMaxAge == nil && len(p.Resources) == 0 && len(p.RequestURIs) == 0 && p.Profile == "" && p.PKCE == "" && p.RequestAlg == "" && p.AuthAlg == "" &&
		p.ResponseAlg == "" && p.UserInfoAlg == "" && p.IntrospectionAlg == "" && p.InitiateLogin == "" &&
		p.Farewells.IsZero() && !p.RequirePushed && !p.RequireSigned && !p.BoundTokens
}

// record is what is stored of it: nothing, where nothing is set.
func (p Protocol) record() *Protocol {
	if p.IsZero() {
		return nil
	}
	return &p
}

// protocol reverses record.
func (r vendorRecord) protocol() Protocol {
	if r.Protocol == nil {
		return Protocol{}
	}
	return *r.Protocol
}

// Algorithms that a vendor may sign with, and that we sign answers with.
var (
	vendorAlgorithms = []string{"ES256", "RS256", "PS256", "EdDSA"}
	answerAlgorithms = []string{"RS256", "ES256", "EdDSA", "PS256"}
)

const (
	maxResources  = 20
	maxRequests   = 10  // addresses
	maxRequestURI = 512 // characters (RFC 9101, 5)
	maxMaxAge     = 10 * 365 * 24 * 3600
)

func (v Vendor) checkProtocol(m *mistakes) {
	p := v.Protocol
	m.add(!slices.Contains([]string{PKCERequired, PKCEOrNonce, PKCEOptional}, p.PKCE), "pkce: unknown %q", p.PKCE)
	m.add(p.PKCE != PKCERequired && v.Public, "pkce: a public vendor always needs it")
	for name, algorithm := range map[string]string{"request object": p.RequestAlg, "authentication": p.AuthAlg} {
		m.add(algorithm != "" && !slices.Contains(vendorAlgorithms, algorithm), "%s algorithm: unknown %q", name, algorithm)
	}
	for name, algorithm := range map[string]string{
		"authorization response": p.ResponseAlg, "userinfo": p.UserInfoAlg, "introspection": p.IntrospectionAlg,
	} {
		nested := name == "userinfo" && algorithm == SigningNone && p.UserInfoKeyAlg != ""
		m.add(algorithm != "" && !nested && !slices.Contains(answerAlgorithms, algorithm), "%s algorithm: unknown %q", name, algorithm)
	}
	m.add(p.AuthAlg != "" && v.AuthMethod != MethodKey, "authentication algorithm: is for private_key_jwt alone")
	m.add((p.RequireSigned || p.RequestAlg != "") && !v.hasKeys(), "keys: signed requests need them")
	m.add(p.InitiateLogin != "" && !isPage(p.InitiateLogin), "initiate login address %q: needs an https address", p.InitiateLogin)
	m.add(p.DefaultMaxAge != nil && (*p.DefaultMaxAge < 0 || *p.DefaultMaxAge > maxMaxAge), "default max age: out of range")
	v.checkEncryption(m)
	v.checkNested(m)
	v.checkProfile(m)
	v.checkCertificate(m)
	v.checkResources(m)
	v.checkRequests(m)
	v.checkFarewells(m)
}

// checkRequests wants addresses that can be called, and keys: what stands there is signed.
func (v Vendor) checkRequests(m *mistakes) {
	p := v.Protocol
	m.add(len(p.RequestURIs) > maxRequests, "request addresses: more than %d", maxRequests)
	m.add(len(p.RequestURIs) > 0 && !v.hasKeys(), "keys: signed requests need them")
	m.add(len(p.RequestURIs) > 0 && p.RequirePushed, "request addresses: requests must be pushed")
	for _, r := range p.RequestURIs {
		m.add(!isPage(r) || len(r) > maxRequestURI, "request address %q: needs an https address of at most %d characters", r, maxRequestURI)
	}
}

// checkResources wants what RFC 8707 wants of a resource: an absolute address without a fragment.
func (v Vendor) checkResources(m *mistakes) {
	m.add(len(v.Protocol.Resources) > maxResources, "resources: more than %d", maxResources)
	for _, r := range v.Protocol.Resources {
		good := isPage(r) && !strings.Contains(r, "#")
		m.add(!good, "resource %q: needs an https address without a fragment", r)
	}
}
