package provider

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/id"
)

// ErrVendorToken refuses a call that a vendor makes without an access token of its own: one that it
// got by client_credentials, sent in the header, with the proof that belongs to it if it is bound.
var ErrVendorToken = fault.New(fault.Unauthenticated, "vendor-token", "this call needs an access token that the vendor got for itself (client_credentials)")

// VendorOf says which vendor calls. A customer's token opens that customer's claims and nothing else,
// so it does not serve here.
func (p *Provider) VendorOf(r *http.Request) (id.Client, error) {
	header := r.Header["Authorization"]
	if len(header) != 1 {
		return "", ErrVendorToken
	}
	name, text, _ := strings.Cut(header[0], " ")
	scheme := schemeOf(name)
	t, err := p.read(kindAccess, text)
	if err != nil || scheme == "" || t.Grant != "" || p.over(t) {
		return "", ErrVendorToken
	}
	if err := p.provenCall(r, t, scheme, text); err != nil {
		return "", err
	}
	revoked, err := p.records.Revoked(r.Context(), t)
	if err != nil {
		return "", fmt.Errorf("look for a revocation: %w", err)
	}
	_, err = p.o.Vendors.Get(r.Context(), t.Client)
	if revoked || errors.Is(err, identity.ErrNoVendor) {
		return "", ErrVendorToken
	}
	return t.Client, err
}

// provenCall wants a proof with a token that is bound to a key, and none with one that is not
// (RFC 9449, 7.1).
func (p *Provider) provenCall(r *http.Request, t token, scheme, text string) error {
	if scheme == schemeBearer && t.heldBy(r.Context(), proof{}) {
		return nil
	}
	pr, err := p.readProof(r, r.URL.Path, text)
	if err != nil || scheme != schemeDPoP || pr.none() || pr.thumbprint != t.Thumbprint || p.demandsStrengthOf(r.Context(), t, pr) != nil {
		return ErrVendorToken
	}
	err = p.spendProof(r.Context(), pr)
	if used := (*refusal)(nil); errors.As(err, &used) {
		return ErrVendorToken
	}
	return err
}

// Subject is the customer's name towards one vendor: the sub of its ID tokens.
func (p *Provider) Subject(v identity.Vendor, account id.Account, persona id.Persona) string {
	return p.subject(v, account, persona)
}
