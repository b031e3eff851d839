package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gorilla/mux"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
)

// vendorView is how a vendor is shown.
type vendorView struct {
	Client        id.Client
	Name, Domain  string
	Verified      bool
	Contact       string
	Policy, Terms string
	Way, Key      string // key of the sentence that says who could read it on the way; of the vendor, by its thumbprint
	Public        bool   // it knows customers by a name that other vendors know too
	Logo          string // address of the picture; without one, Initial stands for it
	Initial       string
}

// vendorView shows a party as it was when the terms were made, with the logo that it has now.
func (w *Web) vendorView(ctx context.Context, p consent.Party) vendorView {
	v := vendorView{
		Client: p.Client, Name: p.Name, Domain: p.Domain, Verified: p.Verified, Contact: p.Contact,
		Policy: webAddress(p.PolicyURI), Terms: webAddress(p.TermsURI), Initial: initial(p.Name),
		Way: "way." + p.Mode(), Key: p.Encryption.Thumbprint,
	}
	now, err := w.o.Vendors.Get(ctx, p.Client)
	if err != nil {
		return v // it is gone; what was agreed is still to be shown
	}
	v.Public = now.SubjectType == identity.SubjectPublic
	if drawable(now) {
		v.Logo = "/vendors/" + string(p.Client) + "/logo?v=" + logoVersion(now)
	}
	return v
}

// webAddress lets only addresses through that a link may lead to.
func webAddress(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return s
}

// initial is the letter that stands for a vendor without a logo.
func initial(name string) string {
	r, size := utf8.DecodeRuneInString(strings.TrimSpace(name))
	if size == 0 || r == utf8.RuneError {
		return "?"
	}
	return string(unicode.ToUpper(r))
}

// logoTypes are the pictures that are shown; a script in one could not run under logoPolicy.
var logoTypes = map[string]bool{"image/png": true, "image/jpeg": true, "image/webp": true, "image/svg+xml": true}

func drawable(v identity.Vendor) bool { return len(v.Logo) > 0 && logoTypes[v.LogoType] }

// logoVersion names this very picture.
func logoVersion(v identity.Vendor) string {
	sum := sha256.Sum256(v.Logo)
	return hex.EncodeToString(sum[:8])
}

// logo serves a vendor's picture from here, so that looking at it tells the vendor nothing.
func (w *Web) logo(out http.ResponseWriter, r *http.Request) {
	v, err := w.o.Vendors.Get(r.Context(), id.Client(mux.Vars(r)["client"]))
	if err != nil || !drawable(v) {
		w.Error(out, r, http.StatusNotFound, codeNotFound)
		return
	}
	h := out.Header()
	h.Set("Content-Type", v.LogoType)
	h.Set("Content-Security-Policy", logoPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "public, max-age=300")
	if r.URL.Query().Get("v") == logoVersion(v) {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("Content-Length", strconv.Itoa(len(v.Logo)))
	if r.Method != http.MethodHead {
		_, _ = bytes.NewReader(v.Logo).WriteTo(out) // a browser that is gone needs no picture
	}
}

// purposes are what the vendor asks for a claim for, in the language of the page where the vendor said
// it in that language too.
func (l *locale) purposes(c consent.Claim) string {
	said := make([]string, len(c.Purposes))
	for i, p := range c.Purposes {
		said[i] = l.purpose(p)
	}
	return strings.Join(said, " ")
}

// purpose is one of them. What the vendor has not said itself is a concept's name, or its bare address.
func (l *locale) purpose(p consent.Purpose) string {
	if p.Text == "" {
		return l.T("purpose.concept", "purpose", p.In(l.Tag))
	}
	return p.In(l.Tag)
}
