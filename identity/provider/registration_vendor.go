package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	_ "image/jpeg" // logos
	_ "image/png"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/meins-id/meins/identity"
)

const (
	maxSector  = 256 << 10
	maxPicture = 64 << 10
	maxPixels  = 2048 // on each side
)

// knownMetadata are the names of all members of clientMetadata, exactly as they are written.
var knownMetadata = func() (list []string) {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[clientMetadata]()) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			list = append(list, name)
		}
	}
	return list
}()

// vendorFrom makes a vendor of metadata: what it names is fetched and checked, and what cannot be
// honoured is refused.
func (p *Provider) vendorFrom(ctx context.Context, m clientMetadata) (identity.Vendor, error) {
	m = m.completed()
	if code, text := m.mistake(); code != "" {
		return identity.Vendor{}, refuseMetadata(code, text)
	}
	if text := p.certificateMistake(m); text != "" {
		return identity.Vendor{}, refuseMetadata(errMetadata, text)
	}
	ctx, cancel := context.WithTimeout(ctx, metadataPatience)
	defer cancel()
	v := m.vendor()
	sector, err := p.sector(ctx, m)
	if err != nil {
		return identity.Vendor{}, err
	}
	v.SectorIdentifier = sector
	if m.LogoURI != "" {
		if v.Logo, v.LogoType, err = p.picture(ctx, m.LogoURI); err != nil {
			return identity.Vendor{}, err
		}
	}
	if m.JWKSURI != "" { // who cannot be asked now, could not prove itself either
		if _, err := p.keyDocument(ctx, v, false); err != nil {
			return identity.Vendor{}, refuseMetadata(errMetadata, "jwks_uri: there are no keys to be read")
		}
	}
	said, err := m.said()
	if err != nil {
		return identity.Vendor{}, err
	}
	v.Registration = &identity.Registration{Said: said, Texts: m.texts, Scope: strings.Fields(m.Scope)}
	return v, nil
}

// vendor is what needs no looking up.
func (m clientMetadata) vendor() identity.Vendor {
	v := identity.Vendor{
		Name: m.Name, Domain: m.host(), PolicyURI: m.PolicyURI, TermsURI: m.TermsURI,
		RedirectURIs: m.RedirectURIs, PostLogoutRedirectURIs: m.PostLogout,
		Public: m.AuthMethod == methodNone, AuthMethod: m.AuthMethod, JWKS: compacted(m.JWKS), JWKSURI: m.JWKSURI,
		Standing: identity.Standing{Accepts: m.Accepts, Kind: m.Kind},
		Purposes: m.Purposes, SigningAlg: m.IDTokenAlg, GrantTypes: m.GrantTypes, SubjectType: m.SubjectType,
		Protocol: identity.Protocol{
			RequirePushed: m.RequirePushed, RequireSigned: m.RequireSigned, RequestAlg: m.RequestAlg, AuthAlg: m.AuthAlg,
			ResponseAlg: m.ResponseAlg, UserInfoAlg: m.UserInfoAlg, UserInfoKeyAlg: m.UserInfoKeyAlg, UserInfoEnc: m.UserInfoEnc, IntrospectionAlg: m.IntrospectionAlg, BoundTokens: m.BoundTokens,
			CertificateBound: m.CertificateBound, CertificateSubject: m.CertificateSubject,
			IDTokenKeyAlg: m.IDTokenKeyAlg, IDTokenEnc: m.IDTokenEnc, IntrospectionKeyAlg: m.IntrospectionKeyAlg, IntrospectionEnc: m.IntrospectionEnc,
			InitiateLogin: m.InitiateLogin, RequestURIs: m.RequestURIs, DefaultMaxAge: m.DefaultMaxAge, Farewells: m.Farewells,
		},
	}
	if len(m.Contacts) > 0 {
		v.Contact = m.Contacts[0]
	}
	return v
}

func compacted(raw json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	if len(raw) == 0 || json.Compact(&b, raw) != nil {
		return raw
	}
	return b.Bytes()
}

// sector is the vendor's sector identifier (OpenID Connect Core 8.1): the host of the address that
// names every redirect address, or the one host that they have. The empty text leaves the vendor
// alone in its sector.
func (p *Provider) sector(ctx context.Context, m clientMetadata) (string, error) {
	if m.SectorURI == "" {
		if m.SubjectType == identity.SubjectPairwise && m.hosts() > 1 {
			return "", refuseMetadata(errMetadata, "sector_identifier_uri: needed, since the redirect addresses have several hosts")
		}
		return "", nil
	}
	u, err := url.Parse(m.SectorURI)
	if err != nil || !isAddress(m.SectorURI) {
		return "", refuseMetadata(errMetadata, "sector_identifier_uri: needs an https address")
	}
	var named []string
	answer, err := p.out.Get(ctx, m.SectorURI, nil, maxSector)
	if err != nil || answer.Status != http.StatusOK || json.Unmarshal(answer.Body, &named) != nil {
		return "", refuseMetadata(errMetadata, "sector_identifier_uri: there is no list of addresses to be read")
	}
	for _, r := range m.RedirectURIs {
		if !slices.Contains(named, r) {
			return "", refuseMetadata(errMetadata, "sector_identifier_uri: does not name every redirect address")
		}
	}
	return u.Hostname(), nil
}

// hosts counts the hosts of redirect addresses that are one's own.
func (m clientMetadata) hosts() int {
	seen := map[string]bool{}
	for _, r := range m.RedirectURIs {
		if u, err := url.Parse(r); err == nil && u.Scheme == "https" {
			seen[u.Hostname()] = true
		}
	}
	return len(seen)
}

// picture fetches a logo, so that no customer's browser ever does. It must be a picture in dots:
// drawings can hold script, and strangers' are not taken.
func (p *Provider) picture(ctx context.Context, address string) (data []byte, kind string, err error) {
	answer, err := p.out.Get(ctx, address, nil, maxPicture)
	if err != nil || answer.Status != http.StatusOK {
		return nil, "", refuseMetadata(errMetadata, "logo_uri: there is no picture of at most 64 KiB to be read")
	}
	kind = http.DetectContentType(answer.Body)
	if kind == "image/webp" {
		return answer.Body, kind, nil
	}
	size, _, err := image.DecodeConfig(bytes.NewReader(answer.Body))
	if err != nil || kind != "image/png" && kind != "image/jpeg" || size.Width > maxPixels || size.Height > maxPixels {
		return nil, "", refuseMetadata(errMetadata, "logo_uri: needs a PNG, JPEG or WebP picture of at most 2048 x 2048")
	}
	return answer.Body, kind, nil
}
