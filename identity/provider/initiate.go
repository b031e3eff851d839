package provider

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
)

// pathInitiate is where a login begins that the vendor did not start itself.
const pathInitiate = "/oauth/initiate"

// initiate sends the browser to the vendor, so that the vendor begins a login here (OpenID Connect
// Core 4). It goes to the address that the vendor registered for this and says who we are; it says
// nothing about who is signed in, and takes no address from the request.
func (p *Provider) initiate(w http.ResponseWriter, r *http.Request) {
	clients := r.URL.Query()["client_id"]
	if len(clients) != 1 {
		p.o.ErrorPage(w, r, http.StatusBadRequest, pageMalformed)
		return
	}
	v, err := p.vendor(r.Context(), id.Client(clients[0]))
	switch {
	case errors.Is(err, identity.ErrNoVendor) || err == nil && v.Protocol.InitiateLogin == "":
		p.o.ErrorPage(w, r, http.StatusNotFound, pageVendor)
	case err != nil:
		p.o.Log.ErrorContext(r.Context(), "provider failed", "doing", "find vendor", "error", err)
		p.o.ErrorPage(w, r, http.StatusInternalServerError, pageFailed)
	default:
		redirectTo(w, withQuery(v.Protocol.InitiateLogin, url.Values{"iss": {p.o.Issuer}}))
	}
}
