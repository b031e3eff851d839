package identity

import (
	"encoding/json"
	"time"

	"github.com/meins-id/meins/internal/id"
)

// How a vendor proves itself at the token endpoint.
const (
	MethodBasic = "client_secret_basic"
	MethodPost  = "client_secret_post"
	MethodNone  = "none"
	MethodKey   = "private_key_jwt"
	// MethodSecretJWT needs the secret itself, where the others need its hash: it is kept sealed.
	MethodSecretJWT = "client_secret_jwt"
)

// What a vendor may ask the token endpoint for.
const (
	GrantCode    = "authorization_code"
	GrantRefresh = "refresh_token"
	GrantClient  = "client_credentials"
	// GrantExchange narrows an access token (RFC 8693).
	GrantExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
	// GrantDevice signs a customer in on a device without a browser (RFC 8628).
	GrantDevice = "urn:ietf:params:oauth:grant-type:device_code"
)

// Vendor is a relying party: who it says it is, where it may send customers back to, and why it
// asks for each claim. What Vendors returns is shared: read it, never change it.
type Vendor struct {
	ID             id.Client
	Name, Domain   string
	DomainVerified bool
	Logo           []byte
	LogoType       string
	LogoHash       string // names this very picture; set by Add

	Contact, PolicyURI, TermsURI string

	RedirectURIs, PostLogoutRedirectURIs []string

	Public     bool
	AuthMethod string // one of the Method constants; with a secret, basic and post are both good
	SecretHash []byte
	Sealed     []byte            // the secret itself, for client_secret_jwt alone
	JWKS       json.RawMessage   `json:",omitempty"` // else no keys would become the text null
	JWKSURI    string            // where its keys stand, in the place of JWKS
	Purposes   map[string]string // by claim or scope
	SigningAlg string            // of ID tokens; "" is RS256, as the standard says
	GrantTypes []string
	Protocol   Protocol // how strictly it is read, and how it is answered
	Standing   Standing // towards its customers
	// SectorIdentifier is settled when the vendor is added, because every customer's name towards
	// the vendor hangs on it.
	SectorIdentifier string
	SubjectType      string // SubjectPublic, or pairwise
	Created          time.Time

	DomainProof  DomainProof
	Registration *Registration `json:",omitempty"` // nil when the operator registered it
	Document     *Document     `json:",omitempty"` // of a vendor whose client_id is its address
}

// Sector names the vendors that know a customer by the same sub; public ones have none.
func (v Vendor) Sector() string {
	if v.SubjectType == SubjectPublic {
		return ""
	}
	if v.SectorIdentifier != "" {
		return v.SectorIdentifier
	}
	return string(v.ID)
}

// hasKeys says that the vendor has keys of its own, here or at an address.
func (v Vendor) hasKeys() bool { return len(v.JWKS) > 0 || v.JWKSURI != "" }

// bySecret says that the vendor proves itself with a secret.
func (v Vendor) bySecret() bool { return v.AuthMethod == MethodBasic || v.AuthMethod == MethodPost }

// record is the vendor as it is stored.
func (v Vendor) record() vendorRecord {
	return vendorRecord{
		V: version, ID: v.ID, Name: v.Name, Domain: v.Domain, Verified: v.DomainVerified, Sector: v.SectorIdentifier,
		Logo: v.LogoHash, Contact: v.Contact, Policy: v.PolicyURI, Terms: v.TermsURI,
		Redirect: v.RedirectURIs, Logout: v.PostLogoutRedirectURIs, Public: v.Public, Method: v.AuthMethod,
		Secret: v.SecretHash, Sealed: v.Sealed, JWKS: v.JWKS, JWKSURI: v.JWKSURI, Purposes: v.Purposes, Alg: v.SigningAlg, Grants: v.GrantTypes,
		Created: v.Created.Unix(), Protocol: v.Protocol.record(), Standing: v.Standing, Subject: v.SubjectType, Proof: v.DomainProof.record(), Registration: v.Registration, Document: v.Document,
	}
}

// vendor is the stored vendor with its picture.
func (r vendorRecord) vendor(logo logoRecord) Vendor {
	return Vendor{
		ID: r.ID, Name: r.Name, Domain: r.Domain, DomainVerified: r.Verified, SectorIdentifier: r.Sector,
		Logo: logo.Data, LogoType: logo.Type, LogoHash: r.Logo, Contact: r.Contact, PolicyURI: r.Policy, TermsURI: r.Terms,
		RedirectURIs: r.Redirect, PostLogoutRedirectURIs: r.Logout, Public: r.Public, AuthMethod: r.Method,
		SecretHash: r.Secret, Sealed: r.Sealed, JWKS: r.JWKS, JWKSURI: r.JWKSURI, Purposes: r.Purposes, SigningAlg: r.Alg, GrantTypes: r.Grants,
		Created: fromUnix(r.Created), Protocol: r.protocol(), Standing: r.Standing, SubjectType: r.Subject, DomainProof: r.proof(), Registration: r.Registration, Document: r.Document,
	}
}
