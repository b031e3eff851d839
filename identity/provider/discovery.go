package provider

import (
	"context"
	"net/http"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/vault"
)

// Where everything is.
const (
	pathDiscovery  = oidc.DiscoveryEndpoint
	pathMetadata   = "/.well-known/oauth-authorization-server" // RFC 8414
	pathAuthorize  = "/oauth/authorize"
	pathToken      = "/oauth/token" //nolint:gosec // G101: an address
	pathUserInfo   = "/oauth/userinfo"
	pathIntrospect = "/oauth/introspect"
	pathRevoke     = "/oauth/revoke"
	pathEndSession = "/oauth/end_session"
	pathKeys       = "/oauth/keys"
)

// acrKnown is the one authentication context there is: a secret that only the customer knows.
const acrKnown = "https://meins.id/acr/secret"

// promptNone and its kin are the values of prompt.
const (
	promptNone    = oidc.PromptNone
	promptLogin   = oidc.PromptLogin
	promptConsent = oidc.PromptConsent
	promptSelect  = oidc.PromptSelectAccount
	promptCreate  = "create" // Initiating User Registration 1.0
)

// metadata is what discovery says. It lists only what is true.
type metadata struct {
	oidc.DiscoveryConfiguration

	DetailsSupported []string `json:"authorization_details_types_supported"` // RFC 9396

	IssInResponse      bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207
	ClientDocuments    bool     `json:"client_id_metadata_document_supported,omitempty"`
	PromptsSupported   []string `json:"prompt_values_supported"`
	IntrospectionAlgs  []string `json:"introspection_signing_alg_values_supported"` // RFC 9701
	IntrospectionKeys  []string `json:"introspection_encryption_alg_values_supported"`
	IntrospectionEncs  []string `json:"introspection_encryption_enc_values_supported"`
	ProofAlgs          []string `json:"dpop_signing_alg_values_supported"` // RFC 9449
	FrontLogout        bool     `json:"frontchannel_logout_supported"`
	FrontLogoutSession bool     `json:"frontchannel_logout_session_supported"`

	GrantActions  []string `json:"grant_management_actions_supported"` // Grant Management for OAuth 2.0
	GrantEndpoint string   `json:"grant_management_endpoint"`

	CertificateBound bool              `json:"tls_client_certificate_bound_access_tokens,omitempty"` // RFC 8705
	Aliases          map[string]string `json:"mtls_endpoint_aliases,omitempty"`

	PushedEndpoint string   `json:"pushed_authorization_request_endpoint"`      // RFC 9126
	ResponseAlgs   []string `json:"authorization_signing_alg_values_supported"` // JARM
}

func newMetadata(issuer string) metadata {
	bySecretOrKey := []oidc.AuthMethod{oidc.AuthMethodBasic, oidc.AuthMethodPost, oidc.AuthMethodPrivateKeyJWT, identity.MethodSecretJWT}
	byAny := append(bySecretOrKey[:4:4], oidc.AuthMethodNone)
	algorithms := names(assertionAlgorithms)
	byAssertion := append(algorithms[:len(algorithms):len(algorithms)], string(macAlgorithm))
	return metadata{
		DiscoveryConfiguration: oidc.DiscoveryConfiguration{
			Issuer:                issuer,
			AuthorizationEndpoint: issuer + pathAuthorize,
			TokenEndpoint:         issuer + pathToken,
			UserinfoEndpoint:      issuer + pathUserInfo,
			IntrospectionEndpoint: issuer + pathIntrospect,
			RevocationEndpoint:    issuer + pathRevoke,
			EndSessionEndpoint:    issuer + pathEndSession,
			CheckSessionIframe:    issuer + pathFrame,

			DeviceAuthorizationEndpoint: issuer + pathDevice,

			JwksURI: issuer + pathKeys,

			ScopesSupported:                  []string{scopeOpenID, oidc.ScopeProfile, oidc.ScopeEmail, oidc.ScopeAddress, oidc.ScopePhone, scopeOffline},
			ResponseTypesSupported:           []string{string(oidc.ResponseTypeCode)},
			ResponseModesSupported:           responseModes,
			GrantTypesSupported:              []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken, oidc.GrantTypeClientCredentials, grantExchange, grantDevice},
			ACRValuesSupported:               []string{acrKnown},
			SubjectTypesSupported:            []string{identity.SubjectPairwise, identity.SubjectPublic},
			IDTokenSigningAlgValuesSupported: names(idTokenAlgorithms),
			CodeChallengeMethodsSupported:    []oidc.CodeChallengeMethod{oidc.CodeChallengeMethodS256},

			TokenEndpointAuthMethodsSupported:                  byAny,
			TokenEndpointAuthSigningAlgValuesSupported:         byAssertion,
			RevocationEndpointAuthMethodsSupported:             byAny,
			RevocationEndpointAuthSigningAlgValuesSupported:    byAssertion,
			IntrospectionEndpointAuthMethodsSupported:          bySecretOrKey,
			IntrospectionEndpointAuthSigningAlgValuesSupported: byAssertion,

			RequestParameterSupported:              true,
			RequestURIParameterSupported:           true,
			RequireRequestURIRegistration:          true,
			RequestObjectSigningAlgValuesSupported: algorithms,
			UserinfoSigningAlgValuesSupported:      append(names(idTokenAlgorithms), identity.SigningNone), // encrypted, see identity.SigningNone
			UserinfoEncryptionAlgValuesSupported:   encryptionAlgorithms,
			UserinfoEncryptionEncValuesSupported:   encryptionContents,
			IDTokenEncryptionAlgValuesSupported:    encryptionAlgorithms,
			IDTokenEncryptionEncValuesSupported:    encryptionContents,
			ClaimTypesSupported:                    []string{"normal"},
			ClaimsSupported:                        claimsSupported(),
			ClaimsParameterSupported:               true,
			DisplayValuesSupported:                 []oidc.Display{oidc.DisplayPage},
			BackChannelLogoutSupported:             true,
			BackChannelLogoutSessionSupported:      true,
			UILocalesSupported:                     oidc.ParseLocales([]string{"en", "de"}),
		},
		IssInResponse: true,
		FrontLogout:   true, FrontLogoutSession: true,
		IntrospectionAlgs: names(idTokenAlgorithms), IntrospectionKeys: encryptionAlgorithms, IntrospectionEncs: encryptionContents,
		ProofAlgs:        algorithms,
		PushedEndpoint:   issuer + pathPushed,
		PromptsSupported: []string{promptNone, promptLogin, promptConsent, promptSelect, promptCreate},
		DetailsSupported: []string{consent.DetailsType},
		ResponseAlgs:     names(idTokenAlgorithms),
		GrantActions:     grantActions,
		GrantEndpoint:    issuer + pathGrants,
	}
}

// withCertificates adds what is true where vendors may present certificates.
func (m metadata) withCertificates(c Certificates) metadata {
	if c.Address == "" {
		return m
	}
	for _, methods := range []*[]oidc.AuthMethod{
		&m.TokenEndpointAuthMethodsSupported, &m.RevocationEndpointAuthMethodsSupported, &m.IntrospectionEndpointAuthMethodsSupported,
	} {
		*methods = append((*methods)[:len(*methods):len(*methods)], c.methods()...)
	}
	m.CertificateBound, m.Aliases = true, c.aliases()
	return m
}

// claimsSupported are the provider's own claims and those that a vault can hold.
func claimsSupported() []string {
	list := []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "sid"}
	for _, e := range vault.Catalogue() {
		list = append(list, e.Name)
	}
	return list
}

func names(algorithms []jose.SignatureAlgorithm) []string {
	list := make([]string, len(algorithms))
	for i, a := range algorithms {
		list[i] = string(a)
	}
	return list
}

// Discovery implements op.Server.
func (s *server) Discovery(context.Context, *op.Request[struct{}]) (*op.Response, error) {
	return cacheable(s.p.metadata, "public, max-age=3600"), nil
}

// Keys implements op.Server. Vendors may keep the answer for a while: who meets a key that is newer
// asks again, and retired keys stay in it for longer.
func (s *server) Keys(context.Context, *op.Request[struct{}]) (*op.Response, error) {
	return cacheable(jose.JSONWebKeySet{Keys: s.p.o.Keys.PublicKeys()}, "public, max-age=300"), nil
}

func cacheable(data any, control string) *op.Response {
	return &op.Response{Header: http.Header{"Cache-Control": {control}}, Data: data}
}
