package provider

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
)

// purposeLogout keeps sealed ways back from a logout apart from all other blobs.
const purposeLogout = "logout"

// farewell is what a vendor asks at the end (OpenID Connect RP-Initiated Logout 1.0).
type farewell struct {
	Client  id.Client `json:"client"`
	Address string    `json:"address"` // to go back to: registered, or empty
	State   string    `json:"state,omitempty"`
	Issued  time.Time `json:"issued"`

	vendor identity.Vendor
	hint   hint // zero without a valid one of this vendor
}

// endSession ends the session when the vendor shows whose it is; otherwise the customer is asked.
// Nobody is sent to an address that the vendor did not register for this.
func (p *Provider) endSession(w http.ResponseWriter, r *http.Request) {
	form, status, code := authorizeForm(w, r)
	if code != "" {
		p.o.ErrorPage(w, r, status, code)
		return
	}
	f, err := p.farewell(r.Context(), form)
	if err != nil {
		p.logoutFailed(w, r, err)
		return
	}
	s, err := p.o.Session(r)
	if err != nil { // nobody is signed in: there is nothing to end
		redirectTo(w, p.after(f))
		return
	}
	matches, err := p.matches(r.Context(), f, s)
	if err != nil {
		p.logoutFailed(w, r, err)
		return
	}
	if !matches {
		redirectTo(w, p.confirmation(f))
		return
	}
	next := p.Goodbye(r.Context(), s.ID, p.after(f))
	if err := p.o.Accounts.Logout(r.Context(), s.ID); err != nil {
		p.logoutFailed(w, r, err)
		return
	}
	p.o.ClearSession(w)
	redirectTo(w, next)
}

func (p *Provider) logoutFailed(w http.ResponseWriter, r *http.Request, err error) {
	p.o.Log.ErrorContext(r.Context(), "provider failed", "doing", "log out", "error", err)
	p.o.ErrorPage(w, r, http.StatusInternalServerError, pageFailed)
}

// farewell reads the request. What does not hold is left out, so that it can neither skip the
// question nor name an address.
func (p *Provider) farewell(ctx context.Context, form url.Values) (farewell, error) {
	for _, values := range form {
		if len(values) > 1 {
			return farewell{}, nil
		}
	}
	f := farewell{Client: id.Client(form.Get("client_id")), Issued: p.o.Now()}
	if h, err := p.readIDToken(form.Get("id_token_hint")); err == nil {
		if f.Client != "" && !slices.Contains(h.Audience, string(f.Client)) {
			return farewell{}, nil
		}
		f.Client, f.hint = id.Client(h.Audience[0]), h
	}
	v, err := p.vendor(ctx, f.Client)
	if errors.Is(err, identity.ErrNoVendor) {
		return farewell{}, nil
	}
	if err != nil {
		return farewell{}, err
	}
	f.Client, f.vendor = v.ID, v
	switch address := form.Get("post_logout_redirect_uri"); {
	case slices.Contains(v.PostLogoutRedirectURIs, address):
		f.Address, f.State = address, form.Get("state")
	case address != "":
		// Whoever names an address that is not the vendor's may not be the vendor: the hint does not
		// spare the customer the question (RP-Initiated Logout 1.0, 2 and 4).
		f.hint = hint{}
	}
	return f, nil
}

// matches says whether the hint is about the session of this browser: that very session, or the same
// customer as the vendor knows them.
func (p *Provider) matches(ctx context.Context, f farewell, s identity.Session) (bool, error) {
	if f.hint.Subject == "" {
		return false, nil
	}
	if f.hint.Session == p.sidOf(f.Client, s.ID) {
		return true, nil
	}
	g, err := p.o.Consent.InForce(ctx, s.Account, f.Client)
	if errors.Is(err, consent.ErrNoGrant) {
		return false, nil
	}
	return err == nil && f.hint.Subject == p.subject(f.vendor, g.Account, g.Persona), err
}

// after is where the browser goes when nobody is signed in any more.
func (p *Provider) after(f farewell) string {
	if f.Address == "" {
		return p.o.SignedOutPath
	}
	values := url.Values{}
	if f.State != "" {
		values.Set("state", f.State)
	}
	return withQuery(f.Address, values)
}

// confirmation is the page that asks. The way back travels sealed through it.
func (p *Provider) confirmation(f farewell) string {
	if f.Address == "" {
		return p.o.ConfirmLogoutPath
	}
	plaintext, err := json.Marshal(f)
	if err != nil { // texts and a time do not do this
		return p.o.ConfirmLogoutPath
	}
	kid, box := p.o.Keys.Flow()
	return p.o.ConfirmLogoutPath + "?return=" + sealBlob(kid, box, purposeLogout, plaintext)
}

// AfterLogout is where the browser goes once the customer has confirmed: back to the vendor, when the
// parameter "return" of the confirmation page says so and the vendor still has that address.
func (p *Provider) AfterLogout(ctx context.Context, back string) string {
	plaintext, err := openBlob(back, purposeLogout, p.o.Keys.FlowByID)
	if err != nil {
		return p.o.SignedOutPath
	}
	var f farewell
	if err := json.Unmarshal(plaintext, &f); err != nil || p.o.Now().Sub(f.Issued) >= flowLifetime {
		return p.o.SignedOutPath
	}
	v, err := p.vendor(ctx, f.Client)
	if err != nil || !slices.Contains(v.PostLogoutRedirectURIs, f.Address) {
		return p.o.SignedOutPath
	}
	return p.after(f)
}
