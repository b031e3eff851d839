package provider

import (
	"context"
	"errors"
	"slices"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// visit is an authorization request with the vendor as it is now, and what it asks.
type visit struct {
	request
	vendor identity.Vendor
	ask    consent.Ask
	again  bool // the customer wants to look at what was refused
}

// visit opens a flow. The vendor is read anew: one that is gone, or that no longer has the address,
// gets no answer.
func (p *Provider) visit(ctx context.Context, flow string) (visit, error) {
	q, err := p.openFlow(flow)
	if err != nil {
		return visit{}, err
	}
	v, err := p.vendor(ctx, q.caller())
	if errors.Is(err, identity.ErrNoVendor) {
		return visit{}, ErrFlow
	}
	if err != nil {
		return visit{}, err
	}
	if q.Device == "" && !v.Redirects(q.RedirectURI) || q.Device != "" && !allows(v, grantDevice) {
		return visit{}, ErrFlow
	}
	return p.visitOf(v, q)
}

// visitBy is visit for a customer who answers: signed in, and as freshly as the vendor wants.
func (p *Provider) visitBy(ctx context.Context, flow string, s identity.Session) (visit, error) {
	v, err := p.visit(ctx, flow)
	switch {
	case err != nil:
		return visit{}, err
	case s.MustRenew:
		return visit{}, identity.ErrMustRenew
	case s.Account == "" || !v.fresh(s, p.o.Now()):
		return visit{}, ErrSignIn
	}
	return v, p.unanswered(ctx, v.request)
}

func (p *Provider) visitOf(v identity.Vendor, q request) (visit, error) {
	ask := consent.Request{Party: partyOf(v, q.UILocales), Purposes: v.Purposes, Scopes: q.Scopes, Terms: v.Standing.Accepts}
	if len(q.Claims) > 0 {
		claims, err := consent.ParseClaims(q.Claims)
		if err != nil {
			return visit{}, ErrFlow.Because(err)
		}
		ask.Claims = claims
	}
	if len(q.Details) > 0 {
		details, err := consent.ParseDetails(q.Details)
		if err != nil {
			return visit{}, ErrFlow.Because(err)
		}
		ask.Details = details
	}
	encryption, err := encryptionFor(v)
	if err != nil {
		return visit{}, err
	}
	ask.Party.Encryption = encryption
	a, err := consent.NewAsk(ask)
	if err != nil {
		return visit{}, err
	}
	return visit{request: q, vendor: v, ask: a}, nil
}

// partyOf shows a vendor as consent knows it, in the first of the languages that it has texts in.
func partyOf(v identity.Vendor, languages []string) consent.Party {
	return consent.Party{
		Client: v.ID, Name: v.Text("client_name", v.Name, languages), Domain: v.Domain, Verified: v.DomainVerified, Contact: v.Contact,
		PolicyURI: v.Text("policy_uri", v.PolicyURI, languages), TermsURI: v.Text("tos_uri", v.TermsURI, languages), Logo: v.LogoHash, Sector: v.Sector(), Kind: v.Standing.KnownKind(),
	}
}

// subject is the customer's name towards one vendor.
func (p *Provider) subject(v identity.Vendor, account id.Account, persona id.Persona) string {
	return p.o.Keys.PairwiseSub(string(account), string(persona), v.Sector())
}

// sidOf is the session's name towards one vendor: two that compare theirs learn nothing.
func (p *Provider) sidOf(client id.Client, s id.Session) string {
	return encoding.EncodeToString(p.o.Keys.Hash("sid", []byte(client), []byte(s))[:16])
}

// succeed is the address with the code. The claims are those that were approved; where each may go,
// the ask says.
func (p *Provider) succeed(v visit, s identity.Session, g consent.Grant, approved []string, key vault.GrantKey) string {
	return p.response(p.replyOf(v, s), outcome{"code": {p.mint(kindCode, p.codeFor(v, s, g, approved, key))}})
}

// codeFor is what the code says.
func (p *Provider) codeFor(v visit, s identity.Session, g consent.Grant, approved []string, key vault.GrantKey) token {
	now := p.o.Now()
	code := token{
		ID: tokenID(), Client: v.Client, Grant: g.ID, Family: id.NewAt[id.Family](now),
		Subject: p.subject(v.vendor, g.Account, g.Persona), Scopes: v.Scopes,
		Issued: now, Expires: now.Add(codeLifetime), Key: key,
		AuthTime: s.AuthTime, Methods: s.Methods, Session: p.sidOf(v.Client, s.ID), Ends: g.Ends,
		RedirectURI: v.RedirectURI, Challenge: v.Challenge, Nonce: v.Nonce, Thumbprint: v.Thumbprint, Resources: v.Resources,
		Login: s.ID, Persona: g.Persona,
	}
	if !g.Offline {
		code.Scopes = without(code.Scopes, []string{scopeOffline})
	}
	for _, c := range v.ask.Claims {
		if !slices.Contains(approved, c.Name) {
			continue
		}
		if c.UserInfo {
			code.Claims = append(code.Claims, c.Name)
		}
		if c.IDToken {
			code.IDTokenClaims = append(code.IDTokenClaims, c.Name)
		}
	}
	return code
}
