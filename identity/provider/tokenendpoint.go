package provider

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/meins-id/meins/identity"
)

// serveToken is the token endpoint, without the library's HTTP layer (see BenchmarkThroughLibrary).
func (p *Provider) serveToken(w http.ResponseWriter, r *http.Request) {
	p.offerNonce(w, r)
	answer, err := p.token(r)
	if err != nil {
		p.translate(r.Context(), "issue tokens", err).write(w, challengeClient)
		return
	}
	body, err := json.Marshal(answer)
	if err != nil {
		p.translate(r.Context(), "issue tokens", err).write(w, "")
		return
	}
	writeJSON(w, http.StatusOK, body)
}

// token answers a vendor that proves who it is, when it may use this grant type.
func (p *Provider) token(r *http.Request) (*tokens, error) {
	form := r.PostForm
	grant := form.Get("grant_type")
	switch grant {
	case grantCode, grantRefresh, grantClient, grantExchange, grantDevice:
	case "":
		return nil, refuseRequest("grant_type is missing")
	default:
		return nil, refuse(http.StatusBadRequest, oidc.ErrUnsupportedGrantType(), "this grant type is not supported")
	}
	// The proof comes first: a vendor that only lacks the nonce must be able to repeat its assertion.
	pr, err := p.readProof(r, pathToken, "")
	if err != nil {
		return nil, err
	}
	v, err := p.identify(r.Context(), r.Header, form)
	if err != nil {
		return nil, err
	}
	if pr, err = p.binds(r.Context(), v, pr); err != nil {
		return nil, err
	}
	return p.issue(r.Context(), v, pr, form)
}

// issue does what the grant type says.
func (p *Provider) issue(ctx context.Context, v identity.Vendor, pr proof, form url.Values) (*tokens, error) {
	grant, resource := form.Get("grant_type"), form.Get("resource")
	switch {
	case len(form["resource"]) > 1:
		return nil, refuseTarget() // a token is for one API
	case grant == grantExchange:
		return p.narrowToken(ctx, v, pr, form)
	case grant == grantClient:
		return p.issueToClient(ctx, v, pr, resource)
	case grant == grantDevice && form.Get("device_code") == "":
		return nil, refuseRequest("device_code is missing")
	case grant == grantDevice:
		return p.pollDevice(ctx, v, pr, form.Get("device_code"), resource)
	case grant == grantRefresh && form.Get("refresh_token") == "":
		return nil, refuseRequest("refresh_token is missing")
	case grant == grantRefresh:
		return p.refresh(ctx, v, pr, form.Get("refresh_token"), form.Get("scope"), resource)
	case form.Get("code") == "":
		return nil, refuseRequest("code is missing")
	case form.Get("redirect_uri") == "":
		return nil, refuseRequest("redirect_uri is missing")
	}
	return p.exchangeCode(ctx, v, pr, exchange{
		code: form.Get("code"), redirectURI: form.Get("redirect_uri"), verifier: form.Get("code_verifier"), resource: resource,
	})
}
