package app

import "github.com/meins-id/meins/identity"

// protocolFlags say how strictly a vendor's requests are read and in which form it is answered. Without
// any of them holds what holds for everybody.
type protocolFlags struct {
	Profile          string   `enum:",fapi2,fapi2-message-signing" default:"" env:"-" help:"Hold the vendor to a profile and all it demands: fapi2 or fapi2-message-signing."`
	PKCE             string   `name:"pkce" enum:"required,nonce,optional" default:"required" env:"-" help:"Who may leave PKCE out: nobody (required), a confidential vendor that sends a nonce (nonce), or any confidential vendor (optional; weaker, for certification runs)."`
	RequirePushed    bool     `env:"-" help:"Refuse requests that were not pushed (PAR)."`
	RequireSigned    bool     `env:"-" help:"Refuse requests that are not signed (JAR); needs --jwks-file."`
	RequestAlg       string   `enum:",ES256,RS256,PS256,EdDSA" default:"" env:"-" help:"The one algorithm of signed requests."`
	AuthAlg          string   `enum:",ES256,RS256,PS256,EdDSA" default:"" env:"-" help:"The one algorithm of private_key_jwt."`
	ResponseAlg      string   `enum:",RS256,ES256,EdDSA,PS256" default:"" env:"-" help:"How authorization responses are signed where the vendor wants that (JARM); RS256 when empty."`
	UserInfoAlg      string   `name:"userinfo-alg" enum:",RS256,ES256,EdDSA,PS256,none" default:"" env:"-" help:"Sign UserInfo; plain JSON when empty. With --userinfo-encryption only none: a JWT without a signature inside."`
	UserInfoKeyAlg   string   `name:"userinfo-encryption" enum:",ECDH-ES,ECDH-ES+A256KW" default:"" env:"-" help:"Release end-to-end: customers' agents encrypt UserInfo (A256GCM) to the one key in --jwks-file with use enc, on P-256 or X25519."`
	IDTokenKeyAlg    string   `name:"id-token-encryption" enum:",ECDH-ES,ECDH-ES+A256KW" default:"" env:"-" help:"Encrypt signed ID tokens (A256GCM) to a key of the vendor's with use enc."`
	IntrospectKeyAlg string   `name:"introspection-encryption" enum:",ECDH-ES,ECDH-ES+A256KW" default:"" env:"-" help:"Encrypt signed introspection in the same way."`
	IntrospectionAlg string   `enum:",RS256,ES256,EdDSA,PS256" default:"" env:"-" help:"How introspection is signed where the vendor wants that; RS256 when empty."`
	DPoP             bool     `name:"dpop" env:"-" help:"Refuse token requests without a DPoP proof."`
	CertificateBound bool     `name:"certificate-bound" env:"-" help:"Bind tokens to the vendor's certificate, and refuse token requests without one (mutual TLS)."`
	SubjectDN        string   `name:"tls-subject-dn" env:"-" placeholder:"DN" help:"Whom the certificate of tls_client_auth is for, as RFC 4514 writes it; or one of the next four."`
	SubjectDNS       string   `name:"tls-san-dns" env:"-" placeholder:"NAME" help:"The same, by a host name in the certificate."`
	SubjectURI       string   `name:"tls-san-uri" env:"-" placeholder:"URI" help:"The same, by an address in the certificate."`
	SubjectIP        string   `name:"tls-san-ip" env:"-" placeholder:"IP" help:"The same, by an IP address in the certificate."`
	SubjectEmail     string   `name:"tls-san-email" env:"-" placeholder:"MAIL" help:"The same, by an e-mail address in the certificate."`
	InitiateLoginURI string   `name:"initiate-login-uri" env:"-" placeholder:"URL" help:"Where the vendor begins a login that somebody else starts."`
	RequestURI       []string `name:"request-uri" sep:"none" env:"-" placeholder:"URL" help:"Where the vendor keeps signed requests; repeat for more. Needs keys."`
	DefaultMaxAge    *int64   `env:"-" placeholder:"SECONDS" help:"How old a login may be where a request does not say."`
	BackLogoutURI    string   `name:"backchannel-logout-uri" env:"-" placeholder:"URL" help:"Where the vendor is told, server to server, that a session has ended."`
	FrontLogoutURI   string   `name:"frontchannel-logout-uri" env:"-" placeholder:"URL" help:"The vendor's page that a signing-out browser loads in a frame; browsers that block third-party cookies make it useless."`
	Resource         []string `sep:"none" env:"-" placeholder:"URL" help:"An API of the vendor's that it may get access tokens for; repeat for more."`
}

func (f protocolFlags) protocol() identity.Protocol {
	p := identity.Protocol{
		Profile: f.Profile, PKCE: f.PKCE, RequirePushed: f.RequirePushed, RequireSigned: f.RequireSigned, RequestAlg: f.RequestAlg, AuthAlg: f.AuthAlg,
		ResponseAlg: f.ResponseAlg, UserInfoAlg: f.UserInfoAlg, UserInfoKeyAlg: f.UserInfoKeyAlg, IntrospectionAlg: f.IntrospectionAlg, BoundTokens: f.DPoP,
		InitiateLogin: f.InitiateLoginURI, RequestURIs: f.RequestURI, DefaultMaxAge: f.DefaultMaxAge, Resources: f.Resource,
		IDTokenKeyAlg: f.IDTokenKeyAlg, IntrospectionKeyAlg: f.IntrospectKeyAlg,
		CertificateBound:   f.CertificateBound,
		CertificateSubject: identity.CertificateSubject{DN: f.SubjectDN, DNS: f.SubjectDNS, URI: f.SubjectURI, IP: f.SubjectIP, Email: f.SubjectEmail},
		Farewells:          identity.Farewells{BackLogout: f.BackLogoutURI, FrontLogout: f.FrontLogoutURI},
	}
	if p.PKCE == "required" {
		p.PKCE = identity.PKCERequired
	}
	return p
}
