package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
)

// tokens is the answer of the token endpoint (RFC 6749, 5.1). It prints [redacted].
type tokens struct {
	Access    string `json:"access_token"`
	Type      string `json:"token_type"`
	ExpiresIn int64  `json:"expires_in"`
	Refresh   string `json:"refresh_token,omitempty"`
	ID        string `json:"id_token,omitempty"`
	Scope     string `json:"scope,omitempty"`
	// IssuedType says what a token exchange gave (RFC 8693, 2.2.1).
	IssuedType string   `json:"issued_token_type,omitempty"`
	Grant      id.Grant `json:"grant_id,omitempty"` // Grant Management for OAuth 2.0

	Details json.RawMessage `json:"authorization_details,omitempty"` // as granted (RFC 9396, 7)
}

// String hides the tokens.
func (tokens) String() string { return redacted }

// GoString hides the tokens.
func (tokens) GoString() string { return redacted }

// Format hides the tokens under every verb.
func (tokens) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) } // fmt.State keeps no error

// LogValue hides the tokens.
func (tokens) LogValue() slog.Value { return slog.StringValue(redacted) }

// issueAccess begins an answer with an access token for what t stands for. It lives no longer than the
// grant. Issuing writes nothing.
func (p *Provider) issueAccess(t token) *tokens {
	now := p.o.Now()
	access := token{
		ID: tokenID(), Client: t.Client, Grant: t.Grant, Family: t.Family, Subject: t.Subject,
		Scopes: t.Scopes, Claims: t.Claims, Key: t.Key,
		Issued: now, Expires: now.Add(p.o.AccessTokenLifetime), Thumbprint: t.Thumbprint, UserInfoAlg: t.UserInfoAlg,
		Resources: t.Resources,
	}
	if !t.Ends.IsZero() {
		access.Expires = earlier(access.Expires, t.Ends)
	}
	return &tokens{
		Access: p.mint(kindAccess, access), Type: access.kindName(),
		ExpiresIn: int64(access.Expires.Sub(now) / time.Second), Scope: access.scope(), Grant: t.Grant,
	}
}

// issueToClient answers a vendor that acts for itself. No scope is known that would mean anything
// then, so none is granted.
func (p *Provider) issueToClient(ctx context.Context, v identity.Vendor, pr proof, resource string) (*tokens, error) {
	if resource != "" && !slices.Contains(v.Protocol.Resources, resource) {
		return nil, refuseTarget()
	}
	if err := p.spendProof(ctx, pr); err != nil {
		return nil, err
	}
	return p.issueFor(v, token{
		Client: v.ID, Subject: v.ClientID(), Thumbprint: pr.thumbprint, Resources: v.Protocol.Resources,
	}, resource)
}

// kindName is the token_type: how whoever has the token must present it.
func (t token) kindName() string {
	if t.Thumbprint != "" && !isCertificate(t.Thumbprint) {
		return schemeDPoP
	}
	return schemeBearer
}

// live asks consent whether the grant of a code or a refresh token still serves, and what was granted of
// the authorization details that the vendor sent: nothing to one that sent none.
func (p *Provider) live(ctx context.Context, t token) (details json.RawMessage, err error) {
	details, err = p.o.Consent.Details(ctx, t.Grant, t.Client)
	if ended(err) {
		return nil, refuseGrant("the customer's consent has ended")
	}
	return details, err
}

// over says whether a token's own time is up.
func (p *Provider) over(t token) bool { return !p.o.Now().Before(t.Expires) }

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// without gives the members of list that are not in gone.
func without(list, gone []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(gone, s) })
}
