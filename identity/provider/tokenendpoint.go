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
	answer, err := p.token(r.Context(), r.Header, r.PostForm)
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
func (p *Provider) token(ctx context.Context, h http.Header, form url.Values) (*tokens, error) {
	grant := form.Get("grant_type")
	switch grant {
	case grantCode, grantRefresh, grantClient:
	case "":
		return nil, refuseRequest("grant_type is missing")
	default:
		return nil, refuse(http.StatusBadRequest, oidc.ErrUnsupportedGrantType(), "this grant type is not supported")
	}
	v, err := p.identify(ctx, h, form)
	if err != nil {
		return nil, err
	}
	return p.issue(ctx, v, grant, form)
}

// issue does what the grant type says.
func (p *Provider) issue(ctx context.Context, v identity.Vendor, grant string, form url.Values) (*tokens, error) {
	switch {
	case grant == grantClient:
		return p.issueToClient(v), nil
	case grant == grantRefresh && form.Get("refresh_token") == "":
		return nil, refuseRequest("refresh_token is missing")
	case grant == grantRefresh:
		return p.refresh(ctx, v, form.Get("refresh_token"), form.Get("scope"))
	case form.Get("code") == "":
		return nil, refuseRequest("code is missing")
	case form.Get("redirect_uri") == "":
		return nil, refuseRequest("redirect_uri is missing")
	}
	return p.exchangeCode(ctx, v, form.Get("code"), form.Get("redirect_uri"), form.Get("code_verifier"))
}
