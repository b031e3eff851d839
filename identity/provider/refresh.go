package provider

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/vault"
)

// firstRefresh is the refresh token that comes with a code. Its end is the family's: rotating does not
// move it, and it is never after the grant's.
func (p *Provider) firstRefresh(v identity.Vendor, code token) token {
	t := code
	t.ID = tokenID()
	t.Issued = p.o.Now()
	t.Expires = earlier(t.Issued.Add(p.o.RefreshLifetime), code.Ends)
	t.Generation = 0
	if !v.Public { // a vendor that proves itself holds its refresh tokens by that (RFC 9449, 5)
		t.Thumbprint = ""
	}
	return t
}

// refresh turns a refresh token into the next one and a new access token. The old one is used up; if
// it comes again later than a lost answer explains, the family ends (RFC 9700, 4.14.2).
func (p *Provider) refresh(ctx context.Context, v identity.Vendor, pr proof, presented, scope, resource string) (*tokens, error) {
	t, err := p.read(kindRefresh, presented)
	if err != nil || t.Client != v.ID || p.over(t) {
		return nil, refuseGrant("the refresh token is not valid")
	}
	narrowed, err := narrow(t, scope)
	if err != nil {
		return nil, err
	}
	if t.Thumbprint != "" && t.Thumbprint != pr.thumbprint {
		return nil, refuseGrant("the refresh token is bound to another key")
	}
	if resource != "" && !slices.Contains(t.Resources, resource) {
		return nil, refuseTarget()
	}
	details, err := p.live(ctx, t)
	if err != nil {
		return nil, err
	}
	if err := p.canEncrypt(ctx, v); err != nil {
		return nil, err
	}
	if err := p.spendProof(ctx, pr); err != nil {
		return nil, err
	}
	narrowed.Thumbprint = pr.thumbprint
	rotated, stays, err := p.advance(ctx, v, t)
	if err != nil {
		return nil, err
	}
	answer, err := p.issueFor(v, narrowed, resource)
	if err != nil {
		return nil, err
	}
	answer.Details = details
	answer.ID, err = p.idToken(ctx, v, t, "", answer.Access, nil)
	if err != nil {
		return nil, err
	}
	if !stays {
		answer.Refresh = p.mint(kindRefresh, p.successor(t, rotated))
	}
	return answer, nil
}

// successor is the refresh token that follows t. It is the same, name and date and all, however often
// it is made: when the first answer was lost on its way, the vendor gets it again.
func (p *Provider) successor(t token, rotated time.Time) token {
	t.Generation++
	t.ID = encoding.EncodeToString(p.o.Keys.Hash("refresh", []byte(t.Family), binary.AppendUvarint(nil, t.Generation))[:16])
	t.Issued = rotated
	return t
}

// rotate uses the token up, and says when its successor came.
func (p *Provider) rotate(ctx context.Context, t token) (time.Time, error) {
	rotated, err := p.records.RotateRefresh(ctx, t.Family, t.Generation)
	switch {
	case errors.Is(err, errReused):
		p.o.Log.WarnContext(ctx, "refresh token reused", "client", t.Client, "grant", t.Grant, "family", t.Family)
		return time.Time{}, refuseGrant("the refresh token is not valid")
	case errors.Is(err, errNoFamily):
		return time.Time{}, refuseGrant("the refresh token is not valid")
	case err != nil:
		return time.Time{}, fmt.Errorf("rotate refresh token: %w", err)
	}
	return rotated, nil
}

// narrow leaves only the scopes that a refresh asks for, and takes away the claims of those that it
// gives up. It is for one access token: the next refresh has the whole choice again (RFC 6749, 6).
func narrow(t token, scope string) (token, error) {
	wanted := strings.Fields(scope)
	if len(wanted) == 0 {
		return t, nil
	}
	for _, s := range wanted {
		if !t.has(s) {
			return token{}, refuseScope("scope goes beyond what was granted")
		}
	}
	if !slices.Contains(wanted, scopeOpenID) {
		return token{}, refuseScope("scope must contain openid")
	}
	for _, s := range without(t.Scopes, wanted) {
		t.Claims = without(t.Claims, vault.ScopeNames(s))
	}
	t.Scopes = wanted
	return t, nil
}
