package provider

import (
	"html"
	"net/http"
	"slices"
	"strings"
)

// Where a form is posted from.
const (
	pathResponse = "/oauth/response"
	pathPoster   = "/oauth/response.js"
)

// posterScript sends the one form there is. It is a file of its own, so that no page of ours needs a
// script in itself.
const posterScript = "document.forms[0].submit();\n"

// postPolicy allows the page its one script, and nothing else. It does not limit where the form goes:
// the page is made by us for one registered address, and browsers hold form-action against every
// redirect that the vendor answers with too.
const postPolicy = "default-src 'none'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'"

// serveResponse shows the page that posts an answer to its vendor, by itself or at a click.
func (p *Provider) serveResponse(w http.ResponseWriter, r *http.Request) {
	sealed := r.URL.Query()["r"]
	if len(sealed) != 1 {
		p.o.ErrorPage(w, r, http.StatusBadRequest, pageMalformed)
		return
	}
	c, err := p.openParcel(sealed[0])
	if err != nil {
		p.o.ErrorPage(w, r, http.StatusBadRequest, ErrFlowExpired.Code)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", postPolicy)
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	// With no-referrer the form would come from the origin "null", which vendors may refuse.
	h.Set("Referrer-Policy", "strict-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	_, _ = w.Write([]byte(c.page())) // who does not read the answer is gone
}

// page is the form. Every text in it is escaped; the address is one that the vendor registered.
func (c parcel) page() string {
	var b strings.Builder
	b.WriteString("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>meins</title></head><body>\n")
	b.WriteString(`<form method="post" action="` + html.EscapeString(c.Address) + `">` + "\n")
	names := make([]string, 0, len(c.Values))
	for name := range c.Values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		b.WriteString(`<input type="hidden" name="` + html.EscapeString(name) + `" value="` + html.EscapeString(c.Values.Get(name)) + `">` + "\n")
	}
	b.WriteString("<noscript><button>Continue · Weiter</button></noscript>\n</form>\n")
	b.WriteString(`<script src="` + pathPoster + `"></script>` + "\n</body></html>\n")
	return b.String()
}

func servePoster(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, _ = w.Write([]byte(posterScript)) // who does not read the answer is gone
}
