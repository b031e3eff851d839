package identity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/shown"
)

// How much a vendor may register.
const (
	maxVendorName = 80
	maxPurpose    = 200
	maxPurposes   = 100
	maxURI        = 2000
	maxURIs       = 20
	maxLogo       = 64 << 10
	maxJWKS       = 32 << 10
)

// InvalidVendor lists every mistake in a vendor's details.
type InvalidVendor struct{ Mistakes []string }

// Error gives every mistake.
func (e *InvalidVendor) Error() string {
	if len(e.Mistakes) == 1 {
		return e.Mistakes[0]
	}
	return fmt.Sprintf("%d mistakes: %s", len(e.Mistakes), strings.Join(e.Mistakes, "; "))
}

// Unwrap makes it an ErrVendorInvalid.
func (e *InvalidVendor) Unwrap() error { return ErrVendorInvalid }

// completed fills in what was left empty.
func (v Vendor) completed(now time.Time) Vendor {
	if v.ID == "" {
		v.ID = id.New[id.Client]()
	}
	if string(v.JWKS) == "null" {
		v.JWKS = nil
	}
	if v.AuthMethod == "" {
		v.AuthMethod = v.defaultMethod()
	}
	if v.Protocol = v.Protocol.completed(); v.Protocol.HighSecurity() && v.SigningAlg == "" {
		v.SigningAlg = string(jose.ES256)
	}
	if len(v.GrantTypes) == 0 {
		v.GrantTypes = DefaultGrants(v.Public)
	}
	if v.SectorIdentifier == "" {
		v.SectorIdentifier = v.defaultSector()
	}
	v.Standing = v.Standing.completed()
	v.LogoHash = logoHash(v.Logo)
	v.Created = now.UTC().Truncate(time.Second)
	return v
}

// DefaultGrants lets a vendor that can prove itself also get a token for itself, and make less of one
// that it has: neither opens any more of a customer's data.
func DefaultGrants(public bool) []string {
	if public {
		return []string{GrantCode, GrantRefresh}
	}
	return []string{GrantCode, GrantRefresh, GrantClient, GrantExchange}
}

func (v Vendor) defaultMethod() string {
	switch {
	case v.Public:
		return MethodNone
	case v.signs():
		return MethodKey
	default:
		return MethodBasic
	}
}

// defaultSector is the host of the redirect addresses when there is one, as OpenID Connect Core 8.1
// says, and the client itself otherwise: a loopback address or a private scheme is anybody's.
func (v Vendor) defaultSector() string {
	host := ""
	for _, r := range v.RedirectURIs {
		u, err := url.Parse(r)
		if err != nil || u.Scheme != "https" || isLoopback(u.Hostname()) || (host != "" && host != u.Hostname()) {
			return string(v.ID)
		}
		host = u.Hostname()
	}
	if host == "" {
		return string(v.ID)
	}
	return host
}

// mistakes gathers what is wrong.
type mistakes []string

func (m *mistakes) add(bad bool, format string, args ...any) {
	if bad {
		*m = append(*m, fmt.Sprintf(format, args...))
	}
}

// validate is nil, or an InvalidVendor with every mistake.
func (v Vendor) validate() error {
	var m mistakes
	v.checkWords(&m)
	v.checkAddresses(&m)
	v.checkProof(&m)
	v.checkProtocol(&m)
	v.checkLogo(&m)
	v.checkPurposes(&m)
	v.Standing.check(&m)
	if len(m) > 0 {
		return &InvalidVendor{Mistakes: m}
	}
	return nil
}

func (v Vendor) checkWords(m *mistakes) {
	_, err := id.Parse[id.Client](string(v.ID))
	m.add(err != nil, "client id: malformed")
	m.add(!isLine(v.Name, maxVendorName), "name: needs 1 to %d visible characters", maxVendorName)
	m.add(v.Domain != "" && !isHost(v.Domain), "domain: %q is not a host name", v.Domain)
	m.add(v.DomainVerified && v.Domain == "", "domain: the redirect address has none; name it, or leave it unverified")
	m.add(v.Contact != "" && !isContact(v.Contact), "contact: needs an e-mail or https address")
	m.add(!isLine(v.SectorIdentifier, maxURI), "sector identifier: malformed")
	m.add(!slices.Contains([]string{"", SubjectPairwise, SubjectPublic}, v.SubjectType), "subject type: unknown %q", v.SubjectType)
}

func (v Vendor) checkAddresses(m *mistakes) {
	m.add(len(v.RedirectURIs) == 0 && slices.Contains(v.GrantTypes, GrantCode), "redirect address: needs one at least")
	m.add(len(v.RedirectURIs) > maxURIs || len(v.PostLogoutRedirectURIs) > maxURIs, "redirect addresses: more than %d", maxURIs)
	for _, r := range v.RedirectURIs {
		why := v.redirectMistake(r)
		m.add(why != "", "redirect address %q: %s", r, why)
	}
	for _, r := range v.PostLogoutRedirectURIs {
		why := v.redirectMistake(r)
		m.add(why != "", "post-logout redirect address %q: %s", r, why)
	}
	m.add(v.PolicyURI != "" && !isPage(v.PolicyURI), "policy address %q: needs an https address", v.PolicyURI)
	m.add(v.TermsURI != "" && !isPage(v.TermsURI), "terms address %q: needs an https address", v.TermsURI)
}

// redirectMistake says what is wrong with an address that customers are sent back to, or nothing.
// Addresses are compared byte by byte later, so what could be written in two ways is refused here.
func (v Vendor) redirectMistake(s string) string {
	u, err := url.Parse(s)
	switch {
	case err != nil || len(s) > maxURI || strings.ContainsFunc(s, notASCIIVisible):
		return "malformed"
	case !u.IsAbs():
		return "must be absolute"
	case strings.Contains(s, "#"):
		return "must have no fragment"
	case strings.ContainsAny(s, `*\`):
		return "must be exact, without * and \\"
	case u.User != nil:
		return "must have no user"
	}
	switch u.Scheme {
	case "https":
		if !isHost(u.Hostname()) {
			return "needs a lower-case host name"
		}
	case "http":
		if !isLoopback(u.Hostname()) {
			return "http is for loopback addresses only"
		}
	default:
		return v.privateMistake(u)
	}
	return ""
}

// privateMistake allows apps a scheme of their own, which is a domain in reverse (RFC 8252, 7.1):
// that keeps out javascript:, data: and whatever else a browser would act upon.
func (v Vendor) privateMistake(u *url.URL) string {
	if !v.Public {
		return "must be https, or http on a loopback address"
	}
	if !strings.Contains(u.Scheme, ".") || u.Host != "" {
		return "a private scheme is a domain in reverse, like com.example.app:/callback"
	}
	return ""
}

func (v Vendor) checkProof(m *mistakes) {
	known := slices.Contains([]string{MethodBasic, MethodPost, MethodNone, MethodKey, MethodSecretJWT, MethodCertificate, MethodSelfSigned}, v.AuthMethod)
	m.add(!known, "authentication method: unknown %q", v.AuthMethod)
	m.add(v.Public != (v.AuthMethod == MethodNone), "authentication method: none is for public vendors, and they have no other")
	m.add(v.AuthMethod == MethodKey && !v.hasKeys(), "keys: private_key_jwt needs them")
	m.add(len(v.JWKS) > 0 && !isKeySet(v.JWKS), "keys: needs a set of public keys (RFC 7517) of at most %d bytes", maxJWKS)
	m.add(v.JWKSURI != "" && !isPage(v.JWKSURI), "address of keys %q: needs an https address", v.JWKSURI)
	m.add(v.JWKSURI != "" && len(v.JWKS) > 0, "keys: given, and by their address too")
	m.add(v.SigningAlg != "" && !slices.Contains(answerAlgorithms, v.SigningAlg), "signing algorithm: unknown %q", v.SigningAlg)
	for _, g := range v.GrantTypes {
		m.add(!slices.Contains([]string{GrantCode, GrantRefresh, GrantClient, GrantExchange, GrantDevice}, g), "grant type: unknown %q", g)
	}
	m.add(v.Public && slices.Contains(v.GrantTypes, GrantClient), "grant type: client_credentials is not for public vendors")
	m.add(v.Public && slices.Contains(v.GrantTypes, GrantExchange), "grant type: token exchange is not for public vendors")
}

// checkLogo compares what the picture says it is with its first bytes. An SVG can hold script: it
// must only ever be shown as an image, under a policy that forbids everything.
func (v Vendor) checkLogo(m *mistakes) {
	if len(v.Logo) == 0 {
		m.add(v.LogoType != "", "logo: a type without a picture")
		return
	}
	m.add(len(v.Logo) > maxLogo, "logo: more than %d bytes", maxLogo)
	m.add(!isPicture(v.LogoType, v.Logo), "logo: needs a PNG, JPEG, WebP or SVG picture")
}

func (v Vendor) checkPurposes(m *mistakes) {
	m.add(len(v.Purposes) > maxPurposes, "purposes: more than %d", maxPurposes)
	for name, text := range v.Purposes {
		// A purpose may be said in more languages: "email#de" (OpenID Connect Registration 2.1).
		claim, language, translated := strings.Cut(name, "#")
		m.add(!isClaimName(claim), "purpose %q: not the name of a claim or scope", name)
		m.add(translated && !isLanguage(language), "purpose %q: not a language tag behind the #", name)
		m.add(!isLine(text, maxPurpose), "purpose of %q: needs 1 to %d visible characters", name, maxPurpose)
	}
	slices.Sort(*m)
}

// isLanguage accepts the form of a BCP 47 tag.
func isLanguage(s string) bool {
	return len(s) >= 2 && len(s) <= 35 && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '-' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	})
}

// isLine says that a text is one line that shows what it says, and in one way only: without space around
// it, or joiners that make another name of one that looks the same.
func isLine(s string, limit int) bool {
	return shown.Line(s, 1, limit) && strings.TrimSpace(s) == s && !strings.ContainsFunc(s, invisible)
}

// isHost accepts a lower-case host name or an IP address.
func isHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.ContainsFunc(label, notHostRune) {
			return false
		}
	}
	return true
}

func notHostRune(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// isPage accepts an address that a customer can be given to read.
func isPage(s string) bool {
	u, err := url.Parse(s)
	if err != nil || len(s) > maxURI || u.User != nil || strings.ContainsFunc(s, notASCIIVisible) {
		return false
	}
	return (u.Scheme == "https" && isHost(u.Hostname())) || (u.Scheme == "http" && isLoopback(u.Hostname()))
}

func isContact(s string) bool {
	if isPage(s) {
		return true
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && isLine(s, 254)
}

func isClaimName(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool {
		return notHostRune(r) && r != '_' && r != '.' && r != ':'
	})
}

func notASCIIVisible(r rune) bool { return r <= ' ' || r > unicode.MaxASCII || r == 0x7f }

// isKeySet accepts public keys only: a private or shared one does not belong here.
func isKeySet(raw json.RawMessage) bool {
	keys, encrypting, err := splitKeys(raw)
	if len(raw) > maxJWKS || err != nil || len(keys)+len(encrypting) == 0 {
		return false
	}
	return !slices.ContainsFunc(keys, func(k jose.JSONWebKey) bool { return !k.Valid() || !k.IsPublic() }) &&
		!slices.ContainsFunc(encrypting, func(k json.RawMessage) bool { return !isPublic(k) })
}

func isPicture(mime string, b []byte) bool {
	switch mime {
	case "image/png":
		return bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n"))
	case "image/jpeg":
		return bytes.HasPrefix(b, []byte("\xff\xd8\xff"))
	case "image/webp":
		return len(b) > 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP"
	case "image/svg+xml":
		return utf8.Valid(b) && bytes.Contains(b[:min(len(b), 1024)], []byte("<svg"))
	default:
		return false
	}
}
