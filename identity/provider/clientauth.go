package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
)

// The ways for a vendor to say who it is.
const (
	methodBasic = identity.MethodBasic
	methodPost  = identity.MethodPost
	methodNone  = identity.MethodNone
	methodKey   = identity.MethodKey
	methodMAC   = identity.MethodSecretJWT
)

// credentials are what a request brought to say which vendor sends it, by exactly one method.
type credentials struct {
	method    string
	client    id.Client
	secret    string
	assertion string
}

// credentialsOf reads them. Two methods in one request are refused (RFC 6749, 2.3), and so is a
// client_id in the form that is not the one in the header.
func credentialsOf(h http.Header, form url.Values) (credentials, error) {
	c := credentials{method: methodNone, client: id.Client(form.Get("client_id"))}
	methods := 0
	if h.Get("Authorization") != "" {
		methods++
		if err := c.readBasic(h); err != nil {
			return credentials{}, err
		}
	}
	if form.Has("client_secret") {
		methods++
		c.method, c.secret = methodPost, form.Get("client_secret")
	}
	if form.Has("client_assertion") || form.Has("client_assertion_type") {
		methods++
		c.method, c.assertion = methodKey, form.Get("client_assertion")
		if form.Get("client_assertion_type") != oidc.ClientAssertionTypeJWTAssertion {
			return credentials{}, refuseRequest("client_assertion_type is not supported")
		}
	}
	switch {
	case methods > 1:
		return credentials{}, refuseRequest("use one way of client authentication")
	case c.method == methodKey && c.assertion == "":
		return credentials{}, refuseRequest("client_assertion is missing")
	case c.method != methodKey && c.client == "":
		return credentials{}, refuseRequest("client_id is missing")
	}
	return c, nil
}

// readBasic reads the Authorization header. Both parts are form-encoded inside (RFC 6749, 2.3.1).
func (c *credentials) readBasic(h http.Header) error {
	user, password, ok := (&http.Request{Header: h}).BasicAuth()
	if !ok {
		return refuseClient()
	}
	name, err := url.QueryUnescape(user)
	if err != nil {
		return refuseClient()
	}
	secret, err := url.QueryUnescape(password)
	if err != nil {
		return refuseClient()
	}
	if c.client != "" && string(c.client) != name {
		return refuseRequest("client_id differs from the authorization header")
	}
	c.method, c.client, c.secret = methodBasic, id.Client(name), secret
	return nil
}

// identify reads the credentials of a request, finds its vendor, and refuses a grant type that the
// vendor may not use.
func (p *Provider) identify(ctx context.Context, h http.Header, form url.Values) (identity.Vendor, error) {
	c, err := credentialsOf(h, form)
	if err != nil {
		return identity.Vendor{}, err
	}
	v, err := p.authenticate(ctx, c)
	if err != nil {
		return identity.Vendor{}, err
	}
	if grant := form.Get("grant_type"); grant != "" && !allows(v, grant) {
		return identity.Vendor{}, refuseGrantType()
	}
	return v, nil
}

// authenticate finds the vendor that a request comes from, by the method that it registered and no
// other: a vendor with a key cannot be impersonated with a secret, nor one with a secret without it.
func (p *Provider) authenticate(ctx context.Context, c credentials) (identity.Vendor, error) {
	if c.method == methodKey {
		return p.authenticateByKey(ctx, c)
	}
	v, err := p.vendor(ctx, c.client)
	if errors.Is(err, identity.ErrNoVendor) {
		return identity.Vendor{}, refuseClient()
	}
	if err != nil {
		return identity.Vendor{}, err
	}
	if !p.proves(ctx, v, c) || named(v, c.client) != nil {
		return identity.Vendor{}, refuseClient()
	}
	return v, nil
}

// proves checks a secret, or that a vendor without one sent none: it is public, or proves itself with
// the certificate of the connection.
func (p *Provider) proves(ctx context.Context, v identity.Vendor, c credentials) bool {
	switch c.method {
	case methodNone:
		return v.Public && v.AuthMethod == methodNone || !v.Public && v.ByCertificate() && p.provesCertificate(ctx, v)
	case methodBasic, methodPost:
		bySecret := v.AuthMethod == methodBasic || v.AuthMethod == methodPost
		return bySecret && !v.Public && p.o.Vendors.CheckSecret(v, c.secret)
	}
	return false
}
