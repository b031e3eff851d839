package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/meins-id/meins/identity"
)

// introspection is the answer of RFC 7662. It says nothing about the customer but the name that this
// vendor knows anyway.
type introspection struct {
	Active   bool   `json:"active"`
	Scope    string `json:"scope,omitempty"`
	Client   string `json:"client_id,omitempty"`
	Type     string `json:"token_type,omitempty"`
	Expires  int64  `json:"exp,omitempty"`
	Issued   int64  `json:"iat,omitempty"`
	Subject  string `json:"sub,omitempty"`
	Audience string `json:"aud,omitempty"`
	Issuer   string `json:"iss,omitempty"`
	ID       string `json:"jti,omitempty"`

	Confirmation *confirmation `json:"cnf,omitempty"` // the key that the token is bound to
}

// serveIntrospect is the introspection endpoint, without the library's HTTP layer.
func (p *Provider) serveIntrospect(w http.ResponseWriter, r *http.Request) {
	v, answer, err := p.introspect(r.Context(), r.Header, r.PostForm)
	if err != nil {
		p.translate(r.Context(), "introspect", err).write(w, challengeClient)
		return
	}
	if wantsSigned(r) {
		text, err := p.signedIntrospection(r.Context(), v, answer)
		if err != nil {
			p.translate(r.Context(), "introspect", err).write(w)
			return
		}
		writeJWT(w, "application/"+introspectionType, text)
		return
	}
	body, err := json.Marshal(answer)
	if err != nil {
		p.translate(r.Context(), "introspect", err).write(w, "")
		return
	}
	writeJSON(w, http.StatusOK, body)
}

// introspect says whether a token is good for anything, to the vendor that it was issued to and to
// nobody else: every other token is inactive.
func (p *Provider) introspect(ctx context.Context, h http.Header, form url.Values) (identity.Vendor, introspection, error) {
	c, err := credentialsOf(h, form)
	if err != nil {
		return identity.Vendor{}, introspection{}, err
	}
	v, err := p.authenticate(ctx, c)
	if err != nil {
		return identity.Vendor{}, introspection{}, err
	}
	if v.Public { // anybody can call themselves so
		return identity.Vendor{}, introspection{}, refuseClient()
	}
	text := form.Get("token")
	if text == "" {
		return v, introspection{}, refuseRequest("token is missing")
	}
	t, k, ok := p.readEither(text)
	if !ok || t.Client != v.ID || p.over(t) {
		return v, introspection{}, nil
	}
	active, err := p.active(ctx, k, t)
	if err != nil || !active {
		return v, introspection{}, err
	}
	return v, p.describe(v, k, t), nil
}

// readEither opens a token whose kind the vendor need not say.
func (p *Provider) readEither(text string) (token, kind, bool) {
	if t, err := p.read(kindAccess, text); err == nil {
		return t, kindAccess, true
	}
	if t, err := p.readAPI(text); err == nil {
		return t, kindAPI, true
	}
	t, err := p.read(kindRefresh, text)
	return t, kindRefresh, err == nil
}

// active says whether a token that is in time still serves.
func (p *Provider) active(ctx context.Context, k kind, t token) (bool, error) {
	standing, err := p.standing(ctx, k, t)
	if err != nil {
		return false, fmt.Errorf("look for a revocation: %w", err)
	}
	if !standing || t.Grant == "" {
		return standing, nil
	}
	err = p.o.Consent.Live(ctx, t.Grant, t.Client)
	if ended(err) {
		return false, nil
	}
	return err == nil, err
}

// standing says whether a token was neither revoked nor followed by a newer one.
func (p *Provider) standing(ctx context.Context, k kind, t token) (bool, error) {
	if k == kindRefresh {
		return p.records.Newest(ctx, t)
	}
	revoked, err := p.records.Revoked(ctx, t)
	return !revoked && err == nil, err
}

func (p *Provider) describe(v identity.Vendor, k kind, t token) introspection {
	answer := introspection{
		Active: true, Scope: t.scope(), Client: v.ClientID(), Expires: t.Expires.Unix(), Issued: t.Issued.Unix(),
		Subject: t.Subject, Audience: v.ClientID(), Issuer: p.o.Issuer, ID: t.ID, Confirmation: confirm(t.Thumbprint),
	}
	if k == kindAPI {
		answer.Audience = t.Resources[0]
	}
	if k != kindRefresh {
		answer.Type = t.kindName()
	}
	return answer
}
