package provider

import (
	"context"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/meins-id/meins/internal/id"
)

// pathGoodbye is the page that loads the vendors' own logout pages (OpenID Connect Front-Channel
// Logout 1.0). Browsers that keep third-party cookies from frames leave those pages without the
// vendor's session: vendors that must hear take the back channel.
const pathGoodbye = "/oauth/goodbye"

// purposeGoodbye keeps sealed goodbyes apart from all other blobs.
const purposeGoodbye = "goodbye"

const (
	maxFrames    = 50
	goodbyeStays = "3" // seconds, for the frames to load
)

// goodbye is what the page needs when the session is over already.
type goodbye struct {
	Vendors []parting `json:"vendors"`
	After   string    `json:"after"` // where the browser goes then: ours, or registered
	Issued  time.Time `json:"issued"`
}

type parting struct {
	Client  id.Client `json:"client"`
	Session string    `json:"sid"`
}

// Goodbye is where the browser goes when a session has ended: by the page that tells the session's
// vendors, if any wants to be told in the browser, and straight to after otherwise. Ask before the
// session ends; whoever visits the page ends nothing here.
func (p *Provider) Goodbye(ctx context.Context, s id.Session, after string) string {
	members, err := p.o.Accounts.Members(ctx, s)
	if err != nil {
		p.o.Log.ErrorContext(ctx, "provider failed", "doing", "list vendors of a session", "error", err)
		return after // the session must be able to end
	}
	g := goodbye{After: after, Issued: p.o.Now()}
	for _, m := range members {
		v, err := p.vendor(ctx, m.Client)
		if err == nil && v.Protocol.FrontLogout != "" && len(g.Vendors) < maxFrames {
			g.Vendors = append(g.Vendors, parting{m.Client, m.Session})
		}
	}
	if len(g.Vendors) == 0 {
		return after
	}
	plaintext, err := json.Marshal(g)
	if err != nil { // texts and a time do not do this
		return after
	}
	kid, box := p.o.Keys.Flow()
	return pathGoodbye + "?g=" + sealBlob(kid, box, purposeGoodbye, plaintext)
}

// serveGoodbye shows the page, and goes on by itself.
func (p *Provider) serveGoodbye(w http.ResponseWriter, r *http.Request) {
	g, ok := p.openGoodbye(r.URL.Query()["g"])
	if !ok {
		p.o.ErrorPage(w, r, http.StatusBadRequest, pageMalformed)
		return
	}
	frames := p.frames(r.Context(), g)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", goodbyePolicy(frames))
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Refresh", goodbyeStays+";url="+g.After)
	_, _ = w.Write([]byte(goodbyePage(frames, g.After))) // who does not read the answer is gone
}

func (p *Provider) openGoodbye(sealed []string) (goodbye, bool) {
	if len(sealed) != 1 {
		return goodbye{}, false
	}
	plaintext, err := openBlob(sealed[0], purposeGoodbye, p.o.Keys.FlowByID)
	if err != nil {
		return goodbye{}, false
	}
	var g goodbye
	err = json.Unmarshal(plaintext, &g)
	return g, err == nil && p.o.Now().Sub(g.Issued) < flowLifetime
}

// frames are the addresses of the vendors that still want to hear.
func (p *Provider) frames(ctx context.Context, g goodbye) []string {
	var list []string
	for _, one := range g.Vendors {
		v, err := p.vendor(ctx, one.Client)
		if err != nil || v.Protocol.FrontLogout == "" {
			continue
		}
		list = append(list, withQuery(v.Protocol.FrontLogout, url.Values{"iss": {p.o.Issuer}, "sid": {one.Session}}))
	}
	return list
}

// goodbyePolicy allows the page these frames, and nothing else.
func goodbyePolicy(frames []string) string {
	var sources []string
	for _, f := range frames {
		if u, err := url.Parse(f); err == nil {
			sources = append(sources, (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String())
		}
	}
	if len(sources) == 0 {
		sources = []string{"'none'"}
	}
	slices.Sort(sources)
	return "default-src 'none'; frame-src " + strings.Join(slices.Compact(sources), " ") + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// goodbyePage has one frame for each vendor. None can lead the browser elsewhere.
func goodbyePage(frames []string, after string) string {
	var b strings.Builder
	b.WriteString("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>meins</title></head><body>\n")
	b.WriteString("<p>Signing out · Abmelden</p>\n")
	for _, f := range frames {
		b.WriteString(`<iframe hidden sandbox="allow-same-origin allow-scripts" referrerpolicy="no-referrer" title="" src="` + html.EscapeString(f) + `"></iframe>` + "\n")
	}
	b.WriteString(`<p><a href="` + html.EscapeString(after) + `">Continue · Weiter</a></p>` + "\n</body></html>\n")
	return b.String()
}
