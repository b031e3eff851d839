package provider

import (
	"context"
	"net/url"
	"slices"

	"github.com/meins-id/meins/identity"
)

// typeAccess is the one type of token that is exchanged, and the one that is issued.
const typeAccess = "urn:ietf:params:oauth:token-type:access_token"

// narrowToken exchanges an access token of a vendor's own for one that can do less (RFC 8693): fewer
// scopes and so fewer claims, or one API of those that were asked for in the beginning. It never lives
// longer, is bound to the same key, and ends with the same family and consent. Nobody acts for another.
func (p *Provider) narrowToken(ctx context.Context, v identity.Vendor, pr proof, form url.Values) (*tokens, error) {
	resource := form.Get("resource")
	switch {
	case form.Get("subject_token") == "":
		return nil, refuseRequest("subject_token is missing")
	case form.Get("subject_token_type") != typeAccess:
		return nil, refuseRequest("subject_token_type must be " + typeAccess)
	case form.Has("requested_token_type") && form.Get("requested_token_type") != typeAccess:
		return nil, refuseRequest("requested_token_type must be " + typeAccess)
	case form.Has("actor_token") || form.Has("actor_token_type"):
		return nil, refuseRequest("nobody can act for another here")
	case form.Has("audience"):
		return nil, refuseTarget()
	}
	t, err := p.ownToken(ctx, v, form.Get("subject_token"))
	if err != nil {
		return nil, err
	}
	if t.Thumbprint != "" && t.Thumbprint != pr.thumbprint {
		return nil, refuseRequest("subject_token is bound to another key")
	}
	if t, err = narrow(t, form.Get("scope")); err != nil {
		return nil, err
	}
	if resource != "" && !slices.Contains(t.Resources, resource) {
		return nil, refuseTarget()
	}
	if err := p.spendProof(ctx, pr); err != nil {
		return nil, err
	}
	t.Thumbprint, t.Ends = pr.thumbprint, t.Expires
	answer, err := p.issueFor(v, t, resource)
	if err != nil {
		return nil, err
	}
	answer.IssuedType = typeAccess
	return answer, nil
}

// ownToken reads an access token that this vendor has for a customer, and that is in force. Of any other
// the answer says nothing but that it does not serve (RFC 8693, 2.2.2).
func (p *Provider) ownToken(ctx context.Context, v identity.Vendor, text string) (token, error) {
	refused := refuseRequest("subject_token is not a valid access token of this client")
	t, err := p.read(kindAccess, text)
	if err != nil || t.Client != v.ID || t.Grant == "" || p.over(t) {
		return token{}, refused
	}
	active, err := p.active(ctx, kindAccess, t)
	if err != nil {
		return token{}, err
	}
	if !active {
		return token{}, refused
	}
	return t, nil
}
