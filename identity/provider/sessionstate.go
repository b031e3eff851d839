package provider

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	_ "embed"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
)

// The frame of OpenID Connect Session Management 1.0, 3.2: a vendor's page asks it, without a request to
// us, whether the customer is still signed in as it was told.
const (
	pathFrame   = "/oauth/check_session"
	pathWatcher = "/oauth/check_session.js"
)

// watcherScript is what the frame runs. It holds nothing of a customer or vendor, so that it is the same for
// everybody; the cookie's name stands in the page.
//
//go:embed check_session.js
var watcherScript string

const saltSize = 16

// sessionState is what a vendor shows to the frame (Session Management 1.0, 2 and 3.2): a hash over the
// client, the origin of the address that it is sent to, the browser's state and a salt. It opens nothing, and
// two vendors cannot tell from theirs that they share a customer. With a refusal it is a random text, for which
// the frame has no answer but "error": whom the customer gave nothing does not watch who comes and goes, and
// a state of nobody, that anybody could compute, would let any site find out who is signed in here.
// It is empty for an app's private scheme, which has no origin.
func sessionState(to reply) string {
	origin := originOf(to.address)
	if origin == "" {
		return ""
	}
	random := make([]byte, saltSize)
	_, _ = rand.Read(random) // does not fail: it ends the program
	salt := encoding.EncodeToString(random)
	if to.browser == "" {
		return salt
	}
	sum := sha256.Sum256([]byte(to.vendor.ClientID() + " " + origin + " " + to.browser + " " + salt))
	return encoding.EncodeToString(sum[:]) + "." + salt
}

// originOf is the origin of an address as browsers write it (HTML, 7.1.1), or nothing: hosts are registered
// in lower case, and the port that a scheme has by itself is left out.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80" {
		host = host[:strings.LastIndexByte(host, ':')]
	}
	return u.Scheme + "://" + strings.TrimSuffix(host, ":")
}

// serveFrame shows the frame. It is the same for everybody, looks at no session and sets no cookie; of all
// pages it alone may stand in other sites' pages, and it can do nothing there but run its one script.
func (p *Provider) serveFrame(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src "+p.o.Issuer+pathWatcher+"; base-uri 'none'; form-action 'none'; sandbox allow-scripts allow-same-origin")
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write([]byte(p.frame)) // who does not read the answer is gone
}

// framePage is that page. The script's address has its hash in it, so that a page which was kept does not meet
// a script that is newer.
func framePage(cookie string) string {
	sum := sha512.Sum384([]byte(watcherScript))
	return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>meins</title>\n" +
		`<script src="` + pathWatcher + "?v=" + encoding.EncodeToString(sum[:12]) + `" integrity="sha384-` + base64.StdEncoding.EncodeToString(sum[:]) +
		`" data-cookie="` + cookie + `"></script>` + "\n</head><body></body></html>\n"
}

func serveWatcher(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=86400")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write([]byte(watcherScript)) // who does not read the answer is gone
}
