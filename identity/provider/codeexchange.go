package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/store"
)

// exchange is what a vendor presents for tokens.
type exchange struct{ code, redirectURI, verifier, resource string }

// exchangeCode turns a code into tokens. Whoever presents it must be the vendor that it was made for,
// with the address and the verifier of its request; only then is it used up. A code that comes again
// was stolen by one of the two: everything that came from it ends.
func (p *Provider) exchangeCode(ctx context.Context, v identity.Vendor, pr proof, x exchange) (*tokens, error) {
	code, err := p.readCode(x.code)
	if err != nil || code.Client != v.ID || code.RedirectURI != x.redirectURI {
		return nil, refuseGrant("the code is not valid")
	}
	if !answers(x.verifier, code.Challenge) || code.Challenge == "" && v.Protocol.PKCE == identity.PKCERequired {
		return nil, refuseGrant("code_verifier does not fit the code")
	}
	if code.Thumbprint != "" && code.Thumbprint != pr.thumbprint {
		return nil, refuseGrant("the code is bound to another key")
	}
	if x.resource != "" && !slices.Contains(code.Resources, x.resource) {
		return nil, refuseTarget()
	}
	if err := p.canEncrypt(ctx, v); err != nil {
		return nil, err
	}
	if err := p.spendProof(ctx, pr); err != nil {
		return nil, err
	}
	details, err := p.live(ctx, code)
	if err != nil {
		return nil, err
	}
	if err := p.redeem(ctx, v, code); err != nil {
		return nil, err
	}
	code.Thumbprint = pr.thumbprint
	answer, err := p.issueFor(v, code, x.resource)
	if err != nil {
		return nil, err
	}
	if code.has(scopeOffline) {
		answer.Refresh = p.mint(kindRefresh, p.firstRefresh(v, code))
	}
	released, err := p.releaseToIDToken(ctx, code)
	if err != nil {
		return nil, err
	}
	answer.Details = details
	answer.ID, err = p.idToken(ctx, v, code, code.Nonce, answer.Access, released)
	return answer, err
}

// redeem uses up the code of a grant that serves, and begins the family of its refresh tokens.
func (p *Provider) redeem(ctx context.Context, v identity.Vendor, code token) error {
	use := redemption{Family: code.Family, Expires: code.Expires}
	if code.has(scopeOffline) {
		first := p.firstRefresh(v, code)
		use.Chain = &familyRecord{Version: recordVersion, Client: code.Client, Grant: code.Grant, Expires: first.Expires}
	}
	if code.Login != "" {
		use.Join = func(tx store.Tx) error {
			called := v.Protocol.BackLogout != "" || v.Protocol.FrontLogout != ""
			return p.o.Accounts.JoinSession(tx, code.Login, identity.Member{Client: v.ID, Persona: code.Persona, Session: code.Session}, called)
		}
	}
	err := p.records.RedeemCode(ctx, use)
	switch {
	case errors.Is(err, errCodeUsed):
		p.o.Log.WarnContext(ctx, "code replayed", "client", code.Client, "grant", code.Grant, "family", code.Family)
		return refuseGrant("the code is not valid")
	case errors.Is(err, errCodeLate):
		return refuseGrant("the code has expired")
	case errors.Is(err, identity.ErrNoSession):
		return refuseGrant("the customer has signed out")
	case err != nil:
		return fmt.Errorf("redeem code: %w", err)
	}
	return nil
}
