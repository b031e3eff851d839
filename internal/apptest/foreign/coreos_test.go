package foreign_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/meins-id/meins/internal/apptest"
)

// coreos is a relying party on coreos/go-oidc and x/oauth2.
type coreos struct {
	provider               *oidc.Provider
	oauth                  oauth2.Config
	state, nonce, verifier string

	http   *http.Client   // what it calls with; nil is the ordinary client
	logout *oidc.Provider // as discovered, for what the library has no word for; nil is provider

	token   *oauth2.Token
	idToken *oidc.IDToken
	raw     string
}

func TestCoreosGoOIDC_goesTheWholeWay(t *testing.T) {
	t.Parallel()
	p := apptest.Start(t)
	tell(t, p, newCoreos(t, p, p.AddVendor(t, callback, "--post-logout-redirect-uri", goodbye)))
}

func TestCoreosGoOIDC_asAPublicClientWithES256_goesTheWholeWay(t *testing.T) {
	t.Parallel()
	p := apptest.Start(t, "--read-log", "strict")
	v := p.AddVendor(t, callback, "--post-logout-redirect-uri", goodbye, "--public", "--signing-alg", "ES256")
	if v.ClientSecret != "" {
		t.Fatal("a public client has a secret")
	}
	tell(t, p, newCoreos(t, p, v))
}

func newCoreos(t *testing.T, p *apptest.Program, v apptest.Vendor) *coreos {
	t.Helper()
	provider, err := oidc.NewProvider(t.Context(), p.Issuer)
	if err != nil {
		t.Fatalf("discover: %v", err)
	}
	return &coreos{provider: provider, oauth: oauth2.Config{
		ClientID: v.ClientID, ClientSecret: v.ClientSecret, Endpoint: provider.Endpoint(),
		RedirectURL: v.RedirectURI, Scopes: strings.Fields(scopes),
	}}
}

// calling is the context of a call: both libraries look there for the client.
func (c *coreos) calling(t *testing.T) context.Context {
	if c.http == nil {
		return t.Context()
	}
	return oidc.ClientContext(t.Context(), c.http)
}

func (c *coreos) begin(*testing.T) string {
	c.state, c.nonce, c.verifier = rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	return c.oauth.AuthCodeURL(c.state, oidc.Nonce(c.nonce), oauth2.S256ChallengeOption(c.verifier))
}

func (c *coreos) finish(t *testing.T, callback string) error {
	u, err := url.Parse(callback)
	if err != nil {
		return err
	}
	q := u.Query()
	if q.Get("state") != c.state {
		return errors.New("the state is another")
	}
	if q.Get("error") != "" {
		return errors.New(q.Get("error"))
	}
	token, err := c.oauth.Exchange(c.calling(t), q.Get("code"), oauth2.VerifierOption(c.verifier))
	if err != nil {
		return err
	}
	return c.take(c.calling(t), token, c.nonce)
}

// take verifies the ID token of an answer and keeps it.
func (c *coreos) take(ctx context.Context, token *oauth2.Token, nonce string) error {
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return errors.New("no ID token")
	}
	idToken, err := c.provider.Verifier(&oidc.Config{ClientID: c.oauth.ClientID}).Verify(ctx, raw)
	if err != nil {
		return err
	}
	if nonce != "" && idToken.Nonce != nonce {
		return errors.New("the nonce is another")
	}
	if err := idToken.VerifyAccessToken(token.AccessToken); err != nil {
		return fmt.Errorf("at_hash: %w", err)
	}
	c.token, c.idToken, c.raw = token, idToken, raw
	return nil
}

func (c *coreos) subject() string { return c.idToken.Subject }

func (c *coreos) userInfo(t *testing.T) (claims map[string]any, err error) {
	info, err := c.provider.UserInfo(c.calling(t), oauth2.StaticTokenSource(c.token))
	if err != nil {
		return nil, err
	}
	return claims, info.Claims(&claims)
}

func (c *coreos) refresh(t *testing.T) error {
	token, err := c.oauth.TokenSource(c.calling(t), &oauth2.Token{RefreshToken: c.token.RefreshToken}).Token()
	if err != nil {
		return err
	}
	if token.RefreshToken == c.token.RefreshToken {
		return errors.New("the refresh token is the old one")
	}
	return c.take(c.calling(t), token, "")
}

// endSession reads the address from the metadata, as the library has no word for it.
func (c *coreos) endSession(t *testing.T, customer *apptest.Customer, back, state string) *url.URL {
	var metadata struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := cmp.Or(c.logout, c.provider).Claims(&metadata); err != nil {
		t.Fatal(err)
	}
	q := url.Values{"id_token_hint": {c.raw}, "post_logout_redirect_uri": {back}, "state": {state}}
	return customer.Visit(t, metadata.EndSession+"?"+q.Encode())
}
