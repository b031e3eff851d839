package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

type vendorCmd struct {
	Add          vendorAddCmd    `cmd:"" help:"Register a vendor; prints its client_id and client_secret once."`
	List         vendorListCmd   `cmd:"" help:"List the vendors."`
	Show         vendorShowCmd   `cmd:"" help:"Show one vendor."`
	RotateSecret vendorRotateCmd `cmd:"" help:"Give a vendor a new secret; the old one stops working at once."`
	Set          vendorSetCmd    `cmd:"" help:"Say which terms of customers a vendor accepts, or of which kind it is."`
	Verify       vendorVerifyCmd `cmd:"" help:"Look whether the vendor's domain names it, in a file or in DNS."`
	Token        vendorTokenCmd  `cmd:"" help:"Let vendors register themselves."`
	Remove       vendorRemoveCmd `cmd:"" help:"Remove a vendor and end all its grants."`
}

type vendorAddCmd struct {
	folder
	Name                  string            `required:"" env:"-" help:"Trade name, as customers read it."`
	RedirectURI           []string          `name:"redirect-uri" required:"" sep:"none" env:"-" placeholder:"URL" help:"Where sign-ins end; repeat for more."`
	PostLogoutRedirectURI []string          `name:"post-logout-redirect-uri" sep:"none" env:"-" placeholder:"URL" help:"Where sign-outs may end; repeat for more."`
	Public                bool              `env:"-" help:"A vendor that cannot keep a secret (app in a browser or on a phone)."`
	AuthMethod            string            `enum:",client_secret_basic,client_secret_post,client_secret_jwt,private_key_jwt,tls_client_auth,self_signed_tls_client_auth" default:"" env:"-" help:"How it proves itself: client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, tls_client_auth or self_signed_tls_client_auth."`
	JWKSFile              string            `name:"jwks-file" env:"-" placeholder:"FILE" help:"Its public keys, for private_key_jwt and signed requests."`
	JWKSURI               string            `name:"jwks-uri" env:"-" placeholder:"URL" help:"Where its public keys stand, in the place of --jwks-file: read there, and again when it uses a new one."`
	Purpose               map[string]string `mapsep:"none" env:"-" placeholder:"CLAIM=TEXT" help:"Why it asks for a claim, in one sentence; repeat for more."`
	Domain                string            `env:"-" help:"Its domain; the first redirect address's host when empty."`
	Unverified            bool              `env:"-" help:"You have not checked that the domain is the vendor's: customers are warned."`
	Logo                  string            `env:"-" placeholder:"FILE" help:"Its logo: PNG, JPEG, WebP or SVG, at most 64 KiB."`
	Contact               string            `env:"-" help:"Whom customers can write to (e-mail or address)."`
	PolicyURI             string            `name:"policy-uri" env:"-" help:"Its privacy policy."`
	TermsURI              string            `name:"terms-uri" env:"-" help:"Its terms of service."`
	SigningAlg            string            `enum:",RS256,ES256,EdDSA,PS256" default:"" env:"-" help:"How ID tokens are signed: RS256 (default), ES256, EdDSA or PS256."`
	Devices               bool              `env:"-" help:"It may sign customers in on devices without a browser, who type a code in elsewhere (RFC 8628); without any claims."`
	protocolFlags
	standingFlags
	JSON bool `env:"-" help:"Print JSON."`
}

// Run registers the vendor.
func (c *vendorAddCmd) Run(ctx context.Context, io *streams) error {
	v, err := c.vendor()
	if err != nil {
		return usageError{err}
	}
	var out credential
	if err := c.do(ctx, io, "vendor.add", v, &out); err != nil {
		return err
	}
	for _, name := range strangePurposes(c.Purpose) {
		_, _ = fmt.Fprintf(io.err, "note: %s is no claim or scope that is known here; only values of customers' own are called so\n", name)
	}
	return printCredential(io, out, c.JSON)
}

// strangePurposes are the names among them that nobody here knows: perhaps misspelt.
func strangePurposes(purposes map[string]string) []string {
	var strange []string
	for _, key := range sortedKeys(purposes) {
		name, _, _ := strings.Cut(key, "#")
		e, err := vault.Lookup(name)
		if (err != nil || e.Own) && len(vault.ScopeNames(name)) == 0 && !slices.Contains(strange, name) {
			strange = append(strange, name)
		}
	}
	return strange
}

func (c *vendorAddCmd) vendor() (identity.Vendor, error) {
	v := identity.Vendor{
		Name: c.Name, Domain: c.Domain, DomainVerified: !c.Unverified,
		Contact: c.Contact, PolicyURI: c.PolicyURI, TermsURI: c.TermsURI,
		RedirectURIs: c.RedirectURI, PostLogoutRedirectURIs: c.PostLogoutRedirectURI,
		Public: c.Public, AuthMethod: c.AuthMethod, JWKSURI: c.JWKSURI, Purposes: c.Purpose, SigningAlg: c.SigningAlg, Protocol: c.protocol(),
		Standing: c.standing(),
	}
	if c.Devices {
		v.GrantTypes = append(identity.DefaultGrants(c.Public), identity.GrantDevice)
	}
	if v.Domain == "" {
		if u, err := url.Parse(c.RedirectURI[0]); err == nil {
			v.Domain = u.Hostname()
		}
	}
	if c.JWKSFile != "" {
		keys, err := os.ReadFile(c.JWKSFile)
		if err != nil {
			return v, fmt.Errorf("jwks-file: %w", err)
		}
		if !json.Valid(keys) {
			return v, fmt.Errorf("jwks-file: %s is not JSON", c.JWKSFile)
		}
		v.JWKS = keys
	}
	if c.Logo != "" {
		logo, err := os.ReadFile(c.Logo)
		if err != nil {
			return v, fmt.Errorf("logo: %w", err)
		}
		v.Logo, v.LogoType = logo, logoType(c.Logo, logo)
	}
	return v, nil
}

// logoType sniffs the picture's type; SVG is text, so its name decides.
func logoType(name string, content []byte) string {
	if strings.HasSuffix(strings.ToLower(name), ".svg") {
		return "image/svg+xml"
	}
	return http.DetectContentType(content)
}

func printCredential(io *streams, c credential, asJSON bool) error {
	if asJSON {
		return printJSON(io.out, c)
	}
	_, err := fmt.Fprintf(io.out, "client_id      %s\n", c.ClientID)
	if err == nil && c.ClientSecret != "" {
		_, err = fmt.Fprintf(io.out, "client_secret  %s\n\nThe secret is shown this once; only a hash of it is kept.\n", c.ClientSecret)
	}
	return err
}

// vendorView is a vendor as the administrator sees it: no secret's hash, no picture.
type vendorView struct {
	ClientID               id.Client         `json:"client_id"`
	Name                   string            `json:"name"`
	Domain                 string            `json:"domain"`
	DomainVerified         bool              `json:"domain_verified"`
	Public                 bool              `json:"public"`
	AuthMethod             string            `json:"token_endpoint_auth_method"`
	JWKSURI                string            `json:"jwks_uri,omitempty"`
	RedirectURIs           []string          `json:"redirect_uris"`
	PostLogoutRedirectURIs []string          `json:"post_logout_redirect_uris,omitempty"`
	Purposes               map[string]string `json:"purposes,omitempty"`
	SigningAlg             string            `json:"id_token_signed_response_alg,omitempty"`
	Contact                string            `json:"contact,omitempty"`
	PolicyURI              string            `json:"policy_uri,omitempty"`
	TermsURI               string            `json:"tos_uri,omitempty"`
	Protocol               identity.Protocol `json:"protocol,omitzero"`
	Standing               identity.Standing `json:"standing,omitzero"`
	Logo                   bool              `json:"logo"`
	Created                time.Time         `json:"created"`

	GrantTypes  []string             `json:"grant_types"`
	SubjectType string               `json:"subject_type,omitempty"`
	DomainProof identity.DomainProof `json:"domain_proof,omitzero"`
	Registered  bool                 `json:"registered_itself,omitempty"`
	Provisional bool                 `json:"provisional,omitempty"` // gone soon, if no customer uses it
}

func viewVendor(v identity.Vendor) vendorView {
	return vendorView{
		ClientID: v.ID, Name: v.Name, Domain: v.Domain, DomainVerified: v.DomainVerified, Public: v.Public,
		AuthMethod: v.AuthMethod, JWKSURI: v.JWKSURI, RedirectURIs: v.RedirectURIs, PostLogoutRedirectURIs: v.PostLogoutRedirectURIs,
		Purposes: v.Purposes, SigningAlg: v.SigningAlg, Contact: v.Contact, PolicyURI: v.PolicyURI,
		TermsURI: v.TermsURI, Protocol: v.Protocol, Standing: v.Standing, Logo: len(v.Logo) > 0, Created: v.Created,
		GrantTypes: v.GrantTypes, SubjectType: v.SubjectType, DomainProof: v.DomainProof, Registered: v.Registration != nil, Provisional: v.Provisional(),
	}
}

type vendorListCmd struct {
	folder
	JSON bool `env:"-" help:"Print JSON."`
}

// Run lists the vendors.
func (c *vendorListCmd) Run(ctx context.Context, io *streams) error {
	var views []vendorView
	if err := c.do(ctx, io, "vendor.list", nothing{}, &views); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, views)
	}
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "CLIENT_ID\tNAME\tDOMAIN\tCREATED")
	for _, v := range views {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", v.ClientID, v.Name, v.Domain, v.Created.Format(time.DateOnly))
	}
	return w.Flush()
}

// vendorArg names one vendor.
type vendorArg struct {
	ClientID string `arg:"" name:"client-id" help:"The vendor's client_id."`
	JSON     bool   `env:"-" help:"Print JSON."`
}

type vendorShowCmd struct {
	folder
	vendorArg
}

// Run shows one vendor.
func (c *vendorShowCmd) Run(ctx context.Context, io *streams) error {
	var v vendorView
	if err := c.do(ctx, io, "vendor.show", vendorRef{id.Client(c.ClientID)}, &v); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, v)
	}
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			_, _ = fmt.Fprintf(w, "%s\t%s\n", name, value)
		}
	}
	row("client_id", string(v.ClientID))
	row("name", v.Name)
	row("domain", v.Domain+map[bool]string{true: "", false: " (not verified)"}[v.DomainVerified])
	row("authentication", v.AuthMethod)
	row("keys at", v.JWKSURI)
	row("signing", v.SigningAlg)
	row("redirect", strings.Join(v.RedirectURIs, " "))
	row("after sign-out", strings.Join(v.PostLogoutRedirectURIs, " "))
	row("contact", v.Contact)
	row("policy", v.PolicyURI)
	row("terms", v.TermsURI)
	row("accepts", strings.Join(v.Standing.Accepts, " "))
	row("kind", string(v.Standing.Confirmed))
	if v.Standing.Kind != v.Standing.Confirmed {
		row("kind, it says", string(v.Standing.Kind))
	}
	for _, claim := range sortedKeys(v.Purposes) {
		row("purpose of "+claim, v.Purposes[claim])
	}
	row("created", v.Created.Format(time.RFC3339))
	return w.Flush()
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

type vendorRotateCmd struct {
	folder
	vendorArg
}

// Run gives the vendor a new secret.
func (c *vendorRotateCmd) Run(ctx context.Context, io *streams) error {
	var out credential
	if err := c.do(ctx, io, "vendor.rotate-secret", vendorRef{id.Client(c.ClientID)}, &out); err != nil {
		return err
	}
	return printCredential(io, out, c.JSON)
}

type vendorRemoveCmd struct {
	folder
	vendorArg
}

// Run removes the vendor and ends its grants.
func (c *vendorRemoveCmd) Run(ctx context.Context, io *streams) error {
	if err := c.do(ctx, io, "vendor.remove", vendorRef{id.Client(c.ClientID)}, &nothing{}); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, map[string]string{"removed": c.ClientID})
	}
	_, err := fmt.Fprintf(io.out, "removed %s; its grants have ended\n", c.ClientID)
	return err
}
