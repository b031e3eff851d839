package provider

import (
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/vault"
)

// clientMetadata is what a vendor says of itself (OpenID Connect Registration 2, RFC 7591 2, and what
// other standards registered there).
type clientMetadata struct {
	RedirectURIs  []string        `json:"redirect_uris,omitempty"`
	ResponseTypes []string        `json:"response_types,omitempty"`
	GrantTypes    []string        `json:"grant_types,omitempty"`
	Application   string          `json:"application_type,omitempty"`
	Contacts      []string        `json:"contacts,omitempty"`
	Name          string          `json:"client_name,omitempty"`
	LogoURI       string          `json:"logo_uri,omitempty"`
	ClientURI     string          `json:"client_uri,omitempty"`
	PolicyURI     string          `json:"policy_uri,omitempty"`
	TermsURI      string          `json:"tos_uri,omitempty"`
	JWKSURI       string          `json:"jwks_uri,omitempty"`
	JWKS          json.RawMessage `json:"jwks,omitempty"`
	SectorURI     string          `json:"sector_identifier_uri,omitempty"`
	SubjectType   string          `json:"subject_type,omitempty"`
	Scope         string          `json:"scope,omitempty"`

	AuthMethod       string `json:"token_endpoint_auth_method,omitempty"`
	AuthAlg          string `json:"token_endpoint_auth_signing_alg,omitempty"`
	IDTokenAlg       string `json:"id_token_signed_response_alg,omitempty"`
	UserInfoAlg      string `json:"userinfo_signed_response_alg,omitempty"`
	UserInfoKeyAlg   string `json:"userinfo_encrypted_response_alg,omitempty"`
	UserInfoEnc      string `json:"userinfo_encrypted_response_enc,omitempty"`
	IDTokenKeyAlg    string `json:"id_token_encrypted_response_alg,omitempty"`
	IDTokenEnc       string `json:"id_token_encrypted_response_enc,omitempty"`
	RequestAlg       string `json:"request_object_signing_alg,omitempty"`
	ResponseAlg      string `json:"authorization_signed_response_alg,omitempty"`
	IntrospectionAlg string `json:"introspection_signed_response_alg,omitempty"`

	IntrospectionKeyAlg string `json:"introspection_encrypted_response_alg,omitempty"`
	IntrospectionEnc    string `json:"introspection_encrypted_response_enc,omitempty"`

	DefaultMaxAge   *int64   `json:"default_max_age,omitempty"`
	RequireAuthTime bool     `json:"require_auth_time,omitempty"`
	DefaultACR      []string `json:"default_acr_values,omitempty"`
	InitiateLogin   string   `json:"initiate_login_uri,omitempty"`
	RequestURIs     []string `json:"request_uris,omitempty"`
	PostLogout      []string `json:"post_logout_redirect_uris,omitempty"`

	identity.Farewells
	identity.CertificateSubject

	BoundTokens      bool     `json:"dpop_bound_access_tokens,omitempty"`
	RequirePushed    bool     `json:"require_pushed_authorization_requests,omitempty"`
	RequireSigned    bool     `json:"require_signed_request_object,omitempty"`
	CertificateBound bool     `json:"tls_client_certificate_bound_access_tokens,omitempty"`
	Details          []string `json:"authorization_details_types,omitempty"`

	SoftwareID string            `json:"software_id,omitempty"`
	Version    string            `json:"software_version,omitempty"`
	Statement  string            `json:"software_statement,omitempty"`
	Purposes   map[string]string `json:"purposes,omitempty"`       // by claim or scope: ours, see docs/vendors.md
	Accepts    []string          `json:"accepted_terms,omitempty"` // of customers', by identifier: ours, see docs/terms.md
	Kind       vault.Kind        `json:"vendor_kind,omitempty"`    // that it says it is of: ours

	// What a change repeats (RFC 7592, 2.2), and what it must not.
	ClientID          string          `json:"client_id,omitempty"`
	ClientSecret      string          `json:"client_secret,omitempty"`
	IssuedAt          json.RawMessage `json:"client_id_issued_at,omitempty"`
	SecretExpires     json.RawMessage `json:"client_secret_expires_at,omitempty"`
	RegistrationToken json.RawMessage `json:"registration_access_token,omitempty"`
	RegistrationURI   json.RawMessage `json:"registration_client_uri,omitempty"`

	texts map[string]string // in other languages, as "client_name#de"
}

// notHere is metadata with a meaning that nobody here would honour: it is refused, not ignored.
var notHere = []string{
	"request_object_encryption_alg", "request_object_encryption_enc", "authorization_encrypted_response_alg", "authorization_encrypted_response_enc",
}

// translatable is metadata that may come in several languages (OpenID Connect Registration 2.1).
var translatable = map[string]func(string) bool{
	"client_name": isTitle, "client_uri": isAddress, "policy_uri": isAddress, "tos_uri": isAddress,
}

// parseMetadata reads an object. Members that nobody knows are ignored (RFC 7591, 2); those that are
// empty are as good as absent.
func parseMetadata(raw []byte) (clientMetadata, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		return clientMetadata{}, refuseMetadata(errMetadata, "the body must be a JSON object")
	}
	m := clientMetadata{}
	for name, value := range members {
		if isNothing(value) {
			delete(members, name)
			continue
		}
		if slices.Contains(notHere, name) {
			return m, refuseMetadata(errMetadata, name+": not supported")
		}
		if base, language, tagged := strings.Cut(name, "#"); tagged {
			if err := m.translate(base, language, value); err != nil {
				return m, err
			}
		}
	}
	for _, name := range knownMetadata {
		value, ok := members[name]
		if !ok {
			continue
		}
		one, err := json.Marshal(map[string]json.RawMessage{name: value})
		if err != nil || json.Unmarshal(one, &m) != nil {
			code := errMetadata
			if name == "redirect_uris" {
				code = errRedirectURI
			}
			return m, refuseMetadata(code, name+": malformed")
		}
	}
	return m, nil
}

// isNothing says that a member says nothing.
func isNothing(value json.RawMessage) bool {
	return slices.Contains([]string{"null", `""`, "false", "[]", "{}"}, string(value))
}

// translate keeps a text in another language.
func (m *clientMetadata) translate(name, language string, value json.RawMessage) error {
	good, known := translatable[name]
	if name == "logo_uri" {
		return refuseMetadata(errMetadata, "logo_uri: there is one picture for all languages")
	}
	if !known {
		return nil
	}
	var text string
	if json.Unmarshal(value, &text) != nil || !good(text) || !isLanguageTag(language) || len(m.texts) >= maxTexts {
		return refuseMetadata(errMetadata, name+": malformed in another language")
	}
	if m.texts == nil {
		m.texts = map[string]string{}
	}
	m.texts[name+"#"+language] = text
	return nil
}

const maxTexts = 40

func isTitle(s string) bool { return identity.IsName(s) }

func isAddress(s string) bool { return identity.IsPage(s) }

func isLanguageTag(s string) bool { return identity.IsLanguage(s) }

// mistake checks what concerns the protocol; what a vendor may look like is checked when it is added.
func (m *clientMetadata) mistake() (code, text string) {
	switch {
	case m.Statement != "":
		return errStatement, "software statements are not supported"
	case !slices.Contains([]string{"web", "native"}, m.Application):
		return errMetadata, "application_type: must be web or native"
	case !slices.Contains([]string{identity.SubjectPairwise, identity.SubjectPublic}, m.SubjectType):
		return errMetadata, "subject_type: must be pairwise or public"
	case m.UserInfoKeyAlg != "" && m.UserInfoEnc == "":
		return errMetadata, "userinfo_encrypted_response_enc: needed, since its default is not supported"
	case m.IDTokenKeyAlg != "" && m.IDTokenEnc == "":
		return errMetadata, "id_token_encrypted_response_enc: needed, since its default is not supported"
	case m.IntrospectionKeyAlg != "" && m.IntrospectionEnc == "":
		return errMetadata, "introspection_encrypted_response_enc: needed, since its default is not supported"
	case !m.responseFits():
		return errMetadata, "response_types: must be code, and fit grant_types"
	case slices.ContainsFunc(m.DefaultACR, func(s string) bool { return s != acrKnown }):
		return errMetadata, "default_acr_values: not supported"
	case slices.ContainsFunc(m.Details, func(s string) bool { return s != consent.DetailsType }):
		return errMetadata, "authorization_details_types: not supported"
	case slices.ContainsFunc(m.Contacts, func(s string) bool { return !identity.IsContact(s) }) || len(m.Contacts) > 10:
		return errMetadata, "contacts: need e-mail addresses"
	case m.ClientURI != "" && !isAddress(m.ClientURI):
		return errMetadata, "client_uri: needs an https address"
	case m.LogoURI != "" && !isAddress(m.LogoURI):
		return errMetadata, "logo_uri: needs an https address"
	case len(m.SoftwareID) > 200 || len(m.Version) > 200:
		return errMetadata, "software_id: too long"
	}
	return m.redirectMistake()
}

// responseFits says whether the response types are those of the grant types (RFC 7591, 2.1).
func (m *clientMetadata) responseFits() bool {
	if !slices.Contains(m.GrantTypes, grantCode) {
		return len(m.ResponseTypes) == 0
	}
	return slices.Equal(m.ResponseTypes, []string{"code"})
}

// redirectMistake holds applications to the addresses of their type (OpenID Connect Registration 2,
// application_type).
func (m *clientMetadata) redirectMistake() (code, text string) {
	for _, r := range m.RedirectURIs {
		u, err := url.Parse(r)
		switch {
		case err != nil:
			return errRedirectURI, "redirect_uris: malformed"
		case m.Application == "native" && u.Scheme == "https":
			return errRedirectURI, "redirect_uris: a native application has a scheme of its own, or http on loopback"
		case m.Application == "web" && u.Scheme != "https" && u.Scheme != "http":
			return errRedirectURI, "redirect_uris: a web application has https addresses"
		}
	}
	return "", ""
}

// completed fills in what the standards say of what is left out.
func (m clientMetadata) completed() clientMetadata {
	m.Application = cmp.Or(m.Application, "web")
	m.SubjectType = cmp.Or(m.SubjectType, identity.SubjectPairwise)
	m.AuthMethod = cmp.Or(m.AuthMethod, methodBasic)
	m.IDTokenAlg = cmp.Or(m.IDTokenAlg, defaultAlgorithm)
	if len(m.GrantTypes) == 0 {
		m.GrantTypes = []string{grantCode}
	}
	if len(m.ResponseTypes) == 0 && slices.Contains(m.GrantTypes, grantCode) {
		m.ResponseTypes = []string{"code"}
	}
	if m.Name == "" {
		m.Name = m.host()
	}
	return m
}

// host is that of the first address that is the vendor's own.
func (m clientMetadata) host() string {
	for _, address := range append(m.RedirectURIs[:len(m.RedirectURIs):len(m.RedirectURIs)], m.ClientURI) {
		if u, err := url.Parse(address); err == nil && u.Scheme == "https" && u.Hostname() != "" {
			return u.Hostname()
		}
	}
	return ""
}

// said is the metadata as it is told again: without what was issued.
func (m clientMetadata) said() (json.RawMessage, error) {
	m.ClientID, m.ClientSecret = "", ""
	raw, err := json.Marshal(m)
	if err != nil || len(m.texts) == 0 {
		return raw, err
	}
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, err
	}
	for name, text := range m.texts {
		if all[name], err = json.Marshal(text); err != nil {
			return nil, err
		}
	}
	return json.Marshal(all)
}
