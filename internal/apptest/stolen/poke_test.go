package stolen_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/apptest"
)

// visit looks at every page with a browser that is signed in, and at a vendor's request that waits.
func (l *life) visit(t *testing.T) {
	t.Helper()
	c := l.device
	grants, err := c.Grants(t.Context())
	must(t, err)
	paths := []string{l.program.AuthorizeURL(l.shop, "scope", shopScope, "login_hint", hinted, "prompt", "login")}
	for _, page := range apptest.Pages() {
		paths = append(paths, l.program.Issuer+page.Path)
	}
	for _, g := range grants {
		paths = append(paths, l.program.Issuer+"/connections/"+g.ID)
	}
	for _, v := range []apptest.Vendor{l.shop, l.app} { // one to decide on, one to go on with
		address := l.program.AuthorizeURL(v, "login_hint", hinted)
		paths = append(paths, c.Visit(t, address).String(), address) // a browser gets the page that goes on at once
	}
	before := len(l.tap.all())
	for _, path := range paths {
		for _, who := range []*apptest.Customer{c, l.program.Customer(t)} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
			must(t, err)
			r.Header.Set("Sec-Fetch-Mode", "navigate")
			r.Header.Set("Sec-Fetch-Dest", "document")
			who.Send(t, r)
		}
	}
	l.pages = l.tap.all()[before:]
}

// poker puts secrets where they do not belong, one after the other.
type poker struct {
	*life
	t       *testing.T
	secrets []string
	next    int
}

// poke sends what is secret to every endpoint, in every part of a request in which it could get
// there by mistake, signed in and not.
func (l *life) poke(t *testing.T) {
	t.Helper()
	old := l.held[len(l.held)-1]
	k := poker{life: l, t: t, secrets: []string{
		passphrase, values["email"].(string), old.Access, l.customer.RecoveryCode, old.Refresh, mistyped,
		values["phone_number"].(string), old.ID, login, l.shop.ClientSecret, values["name"].(string),
	}}
	l.poked = len(l.tap.all())
	for _, e := range apptest.Endpoints(t) {
		for _, who := range []*apptest.Customer{l.device, l.program.Customer(t)} {
			if e.Method == http.MethodDelete && who == l.device && strings.HasPrefix(e.Path, "/api/v1/session") {
				continue // it would sign out, as it should
			}
			for _, r := range k.requests(e) {
				who.Send(t, r)
			}
		}
	}
	k.parameters()
	k.garble()
}

// secret is the next one.
func (k *poker) secret() string {
	k.next++
	return k.secrets[k.next%len(k.secrets)]
}

// requests are the ways to poke one endpoint.
func (k *poker) requests(e apptest.Endpoint) []*http.Request {
	k.t.Helper()
	make := func(path, body, contentType string) *http.Request {
		return k.program.Request(k.t, e.Method, path, strings.NewReader(body), contentType)
	}
	form := k.form().Encode()
	all := []*http.Request{
		make(e.Path+"?"+form, "", ""),
		make(e.Path+"/"+url.PathEscape(k.secret()), "", ""),
		make(strings.Replace(e.Path, apptest.AnID, url.PathEscape(k.secret()), 1), "{}", apptest.JSON),
		make(e.Path, form, apptest.Form),
		make(e.Path, form, k.secret()),
		make(e.Path, k.object(true), apptest.JSON),
		make(e.Path, k.object(false), apptest.JSON),
		make(e.Path, `{"login":"`+k.secret()+`","auth":"`+k.secret(), apptest.JSON),
		make(e.Path, k.secret(), apptest.JSON),
	}
	everywhere := make(e.Path, "{}", apptest.JSON)
	for _, name := range []string{
		"Referer", "User-Agent", "X-Forwarded-For", "Forwarded", "X-Request-Id", "Accept-Language", "If-Match", "Accept", "Range",
	} {
		everywhere.Header.Set(name, k.header())
	}
	elsewhere := make(e.Path, form, apptest.Form)
	elsewhere.Header.Set("Origin", k.header())
	all = append(all, everywhere, elsewhere)
	for _, value := range []string{"Bearer " + k.header(), "Basic " + base64.StdEncoding.EncodeToString([]byte(k.secret()+":"+k.secret())), k.header()} {
		r := make(e.Path, form, apptest.Form)
		r.Header.Set("Authorization", value)
		all = append(all, r)
	}
	return all
}

// header is the next secret that can stand in a header as it is.
func (k *poker) header() string {
	for {
		if s := k.secret(); !strings.ContainsFunc(s, func(r rune) bool { return r > '~' }) {
			return s
		}
	}
}

// form has every parameter of the protocol, with the secret that belongs there or another.
func (k *poker) form() url.Values {
	last := k.held[len(k.held)-1]
	form := url.Values{
		"code": {k.code}, "refresh_token": {last.Refresh}, "token": {last.Access}, "id_token_hint": {last.ID},
		"client_assertion": {last.ID}, "code_verifier": {apptest.Verifier}, "password": {passphrase}, "passphrase": {passphrase},
		"username": {login}, "login": {login}, "login_hint": {hinted}, "client_secret": {k.shop.ClientSecret},
	}
	for _, name := range []string{
		"client_id", "redirect_uri", "post_logout_redirect_uri", "state", "nonce", "scope", "prompt", "max_age", "acr_values", "ui_locales",
		"display", "claims", "request", "request_uri", "response_type", "response_mode", "grant_type", "token_type_hint",
		"client_assertion_type", "code_challenge", "code_challenge_method", "logout_hint", "flow", "return", "before", "limit", "resource",
	} {
		form.Set(name, k.secret())
	}
	return form
}

// object has every member of the calls' bodies: of the right type, so that the call goes far, or not.
func (k *poker) object(right bool) string {
	all := map[string]any{}
	for _, name := range []string{
		"login", "kind", "auth", "current_auth", "account", "slots", "slot", "passphrase", "recovery", "flow", "digest", "grant", "persona",
		"claims", "capsule", "capsules", "wrapped_key", "grant_key", "locale", "reason", "revision", "document",
	} {
		all[name] = k.secret()
	}
	if right {
		proof := make([]byte, 32)
		copy(proof, passphrase)
		slot := map[string]any{"id": apptest.AnID, "kind": "passphrase", "sealed": []byte(k.secret())}
		full := map[string]any{"slot": slot, "auth": proof}
		for name, value := range map[string]any{
			"kind": "passphrase", "auth": proof, "current_auth": proof, "grant_key": proof, "account": apptest.AnID,
			"slots": []any{full, full}, "slot": slot, "passphrase": full, "recovery": full, "grant": apptest.AnID, "persona": apptest.AnID,
			"claims": []string{k.secret()}, "capsule": []byte(k.secret()), "wrapped_key": []byte(k.secret()), "document": []byte(k.secret()),
			"revision": 1, "capsules": []any{map[string]any{"grant": apptest.AnID, "revision": 1, "capsule": []byte(k.secret())}},
		} {
			all[name] = value
		}
	}
	text, err := json.Marshal(all)
	must(k.t, err)
	return string(text)
}

// parameters makes requests of vendors that are right but for one parameter, so that the answer is
// about that one.
func (k *poker) parameters() {
	k.t.Helper()
	t, p := k.t, k.program
	for _, name := range slices.Sorted(maps.Keys(k.form())) {
		if name == "state" { // that comes back to the vendor, as the standard wants it
			continue
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.AuthorizeURL(k.shop, name, k.secret()), nil)
		must(t, err)
		k.device.Send(t, r)
		p.Post(t, "/oauth/token", k.shop, apptest.CodeForm(k.shop, k.code, name, k.secret()))
		p.Post(t, "/oauth/token", k.app, apptest.CodeForm(k.app, k.code, name, k.secret()))
		refresh := apptest.RefreshForm(k.held[0].Refresh)
		refresh.Set(name, k.secret())
		p.Post(t, "/oauth/token", k.shop, refresh)
		for _, path := range []string{"/oauth/introspect", "/oauth/revoke"} {
			p.Post(t, path, k.shop, url.Values{"token": {k.secret()}, name: {k.secret()}})
		}
	}
}

// garble sends what is no HTTP to both listeners, and what the second has no answer for.
func (k *poker) garble() {
	k.t.Helper()
	for _, where := range []string{k.program.Issuer, k.program.Admin} {
		for _, text := range []string{
			"GET /" + k.header() + " HTTP/7.3\r\n\r\n", k.secret() + "\r\n\r\n", "GET / HTTP/1.1\r\nHost: " + k.secret() + "/<>\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: x\r\n" + k.secret() + "\r\n\r\n", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + k.header() + "\r\n\r\n",
			"GET /%" + k.header() + " HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: " + k.header() + "\r\n\r\n",
			"GET /" + url.PathEscape(k.secret()) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		} {
			k.garbled = append(k.garbled, k.speak(strings.TrimPrefix(where, "http://"), text))
		}
	}
}

// speak says something to a listener and gives its answer, whatever it is.
func (k *poker) speak(address, text string) string {
	k.t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(k.t.Context(), "tcp", address)
	must(k.t, err)
	defer func() { _ = conn.Close() }() // the other side did
	must(k.t, conn.SetDeadline(time.Now().Add(time.Minute)))
	_, err = conn.Write([]byte(text))
	must(k.t, err)
	answer, err := io.ReadAll(conn)
	must(k.t, err)
	if !strings.HasPrefix(string(answer), "HTTP/1.1 4") && !strings.HasPrefix(string(answer), "HTTP/1.1 5") {
		k.t.Errorf("%q is answered with %q", text, answer)
	}
	return string(answer)
}
