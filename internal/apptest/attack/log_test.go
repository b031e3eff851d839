package attack_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/apptest"
)

// injections would begin a line, a header or a colour where they are written as they are. The word in each is
// so long that it does not turn up by chance in what is random.
var injections = []string{
	"x\r\nX-Malicious: 1", "x\nX-Malicious: 1\n\n<html>", "x\r\n\r\n<script>alert(1)</script>", "x\u2028X-Malicious: 1", "x\x1b[2J\x1b[31mmalicious", "x\x00malicious", "x\u202emalicious",
	"x\r\n{\"time\":\"2026-11-22T00:00:00Z\",\"level\":\"ERROR\",\"msg\":\"malicious\"}", "%0d%0aX-Malicious:%201", "x\x85X-Malicious: 1", "嘊嘍X-Malicious: 1",
}

// TestHeaders_neverContainMore_thanTheProgramSays: whatever stands in a parameter that comes back in
// an answer, it neither becomes a header nor ends one.
func TestHeaders_neverContainMore_thanTheProgramSays(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	ada.codeFor(t, w.vendor, "email")
	names := []string{
		"client_id", "redirect_uri", "state", "nonce", "scope", "response_type", "response_mode", "prompt", "login_hint", "ui_locales", "acr_values", "claims", "id_token_hint",
		"code_challenge", "post_logout_redirect_uri", "next", "flow", "return", "lang", "error", "made_up",
	}
	for _, evil := range injections {
		for _, name := range names {
			for _, path := range []string{"/oauth/authorize", "/oauth/end_session", "/signin", "/signout", "/continue", "/unlock", "/vault", "/"} {
				if strings.HasPrefix(path, "/oauth/") == slices.Contains(names[14:19], name) {
					continue
				}
				u, err := url.Parse(w.AuthorizeURL(w.vendor))
				if err != nil {
					t.Fatal(err)
				}
				q := u.Query()
				q.Set(name, evil)
				clean(t, path+" with "+name, ada.Send(t, w.Request(t, http.MethodGet, path+"?"+q.Encode(), nil, "")))
			}
		}
		for _, path := range []string{"/" + url.PathEscape(evil), "/connections/" + url.PathEscape(evil), "/oauth/" + url.PathEscape(evil), "/api/v1/" + url.PathEscape(evil), "/static/" + url.PathEscape(evil)} {
			clean(t, path, ada.Send(t, w.Request(t, http.MethodGet, path, nil, "")))
			clean(t, path, ada.Send(t, w.Request(t, http.MethodGet, path+"/../x//y?lang=de", nil, "")))
		}
	}
}

// clean checks that the answer has the headers of this program and no others.
func clean(t *testing.T, what string, a apptest.Answer) {
	t.Helper()
	for name, values := range a.Header {
		if !slices.Contains(known, name) {
			t.Errorf("%.80s: the answer has the header %s: %q", what, name, values)
		}
		if len(values) > 1 && name != "Set-Cookie" && name != "Vary" && name != "Www-Authenticate" {
			t.Errorf("%.80s: the header %s comes %d times", what, name, len(values))
		}
		for _, v := range values {
			if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
				t.Errorf("%.80s: the header %s is %q", what, name, v)
			}
		}
	}
	if a.Status >= http.StatusInternalServerError || strings.Contains(string(a.Body), "<script>alert") {
		t.Errorf("%.80s: %d %.200s", what, a.Status, a.Body)
	}
}

// known are all headers that answers of the program have.
var known = []string{
	"Accept-Ranges", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods", "Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "Access-Control-Max-Age", "Allow", "Cache-Control",
	"Connection", "Content-Encoding", "Content-Length", "Content-Security-Policy", "Content-Type", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Date",
	"Etag", "Last-Modified", "Location", "Permissions-Policy", "Pragma", "Referrer-Policy", "Retry-After", "Set-Cookie", "Strict-Transport-Security", "Vary",
	"Www-Authenticate", "X-Content-Type-Options", "X-Frame-Options", "Content-Language",
}

// TestLog_staysOneRecordALine_andRepeatsNothingThatAnybodySent: whatever reaches the program in
// parameters, headers, cookies, names of methods and requests that are none.
func TestLog_staysOneRecordALine_andRepeatsNothingThatAnybodySent(t *testing.T) {
	for _, format := range []string{"json", "text"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			p := apptest.Start(t, "--log-format", format)
			w := &world{Program: p, vendor: p.AddVendor(t, callback)}
			ada := w.person(t, "ada")
			first := ada.tokensFor(t, w.vendor, "email")
			w.Refresh(t, w.vendor, w.Refresh(t, w.vendor, first.Refresh).Refresh)
			for _, evil := range injections {
				w.everywhere(t, ada, evil)
			}
			w.raw(t)
			// What is worth a record, so that the silence means something.
			w.endsHere(t, w.vendor, first.Refresh)
			if format == "json" {
				calm(t, p)
			}
			for deadline := time.Now().Add(10 * time.Second); !strings.Contains(p.Log(), "refresh token reused"); time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the reuse was not logged")
				}
			}
			if strings.Contains(strings.ToLower(p.Log()), "malicious") {
				t.Errorf("the log repeats what was sent: %s", p.Log())
			}
			for line := range strings.Lines(p.Log()) {
				plain := strings.HasPrefix(line, "time=") || strings.HasPrefix(line, "{")
				if !plain || strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return r < ' ' || r == 0x7f || r == '\u2028' || r == '\u202e' }) {
					t.Errorf("a line of the log is %q", line)
				}
			}
		})
	}
}

// everywhere puts a text into everything that a request is made of.
func (w *world) everywhere(t *testing.T, p *person, evil string) {
	t.Helper()
	form := url.Values{"grant_type": {evil}, "client_id": {evil}, "code": {evil}, "token": {evil}, "refresh_token": {evil}, "redirect_uri": {evil}, "scope": {evil}, evil: {evil}}
	for _, path := range []string{"/oauth/token", "/oauth/introspect", "/oauth/revoke", "/oauth/userinfo", "/oauth/authorize", "/oauth/end_session"} {
		w.Send(t, w.Request(t, http.MethodPost, path, strings.NewReader(form.Encode()), apptest.Form))
		w.Post(t, path, w.vendor, form)
	}
	header := strings.Map(func(r rune) rune { // what a client can send at all
		if r < ' ' || r == 0x7f {
			return '\t'
		}
		return r
	}, evil)
	for _, path := range []string{"/api/v1/session", "/vault", "/oauth/userinfo", "/oauth/authorize", "/"} {
		for _, name := range []string{"User-Agent", "Referer", "X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "X-Request-Id", "Accept-Language", "Origin", "Authorization", "Traceparent", "Content-Type"} {
			r := w.Request(t, http.MethodGet, path+"?"+url.Values{"x": {evil}}.Encode(), nil, "")
			r.Header[name] = []string{header}
			clean(t, path+" with "+name, p.Send(t, r))
		}
	}
	for _, call := range []string{"/login/parameters", "/session", "/accounts", "/flow", "/flow/approve", "/flow/deny", "/flow/fail", "/slots/renew"} {
		text, err := json.Marshal(map[string]string{"login": evil, "flow": evil, "kind": evil, "digest": evil, "locale": evil, "reason": evil, "account": evil, "grant": evil})
		if err != nil {
			t.Fatal(err)
		}
		a := p.Send(t, w.Request(t, http.MethodPost, "/api/v1"+call, strings.NewReader(string(text)), apptest.JSON))
		clean(t, call, a)
		if strings.Contains(strings.ToLower(string(a.Body)), "malicious") {
			t.Errorf("%s repeats what was sent: %s", call, a.Body)
		}
	}
}

// raw sends what no library would: requests that are none. None of them is answered with more than a
// refusal, and the connection ends.
func (w *world) raw(t *testing.T) {
	t.Helper()
	host := strings.TrimPrefix(w.Issuer, "http://")
	for name, request := range map[string]string{
		"noise":                     string(random(200)) + "\r\n\r\n",
		"another protocol":          "EHLO malicious.example\r\n\r\n",
		"an old protocol":           "GET /vault HTTP/0.9\r\n\r\n",
		"a new protocol":            "GET / HTTP/9.9\r\nHost: " + host + "\r\n\r\n",
		"no host":                   "GET / HTTP/1.1\r\n\r\n",
		"two hosts":                 "GET / HTTP/1.1\r\nHost: " + host + "\r\nHost: malicious.example\r\n\r\n",
		"a host with a line":        "GET / HTTP/1.1\r\nHost: a\x1bb\r\n\r\n",
		"a header with a colour":    "GET / HTTP/1.1\r\nHost: " + host + "\r\nX-\x1b[31m: y\r\n\r\n",
		"a folded header":           "GET / HTTP/1.1\r\nHost: " + host + "\r\nX-A: b\r\n c\x1b[31m\r\n\r\n",
		"a header with a NUL":       "GET / HTTP/1.1\r\nHost: " + host + "\r\nX-A: b\x00c\r\n\r\n",
		"a space before the colon":  "GET / HTTP/1.1\r\nHost: " + host + "\r\nTransfer-Encoding : chunked\r\n\r\n",
		"two lengths":               "POST /oauth/token HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
		"a length below nought":     "POST /oauth/token HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: -1\r\n\r\n",
		"a length that is a lie":    "POST /oauth/token HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"an encoding that is none":  "POST /oauth/token HTTP/1.1\r\nHost: " + host + "\r\nTransfer-Encoding: malicious\r\n\r\n",
		"pieces that are none":      "POST /oauth/token HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n0\r\n\r\n",
		"a path with a colour":      "GET /\x1b[31m HTTP/1.1\r\nHost: " + host + "\r\n\r\n",
		"a path of another host":    "GET http://malicious.example//x/../vault HTTP/1.1\r\nHost: malicious.example\r\nConnection: close\r\n\r\n",
		"very many headers":         "GET / HTTP/1.1\r\nHost: " + host + "\r\n" + strings.Repeat("X-A: "+strings.Repeat("b", 1000)+"\r\n", 200) + "\r\n",
		"a very long line":          "GET /" + strings.Repeat("a", 200<<10) + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n",
		"a proxy's request":         "CONNECT malicious.example:443 HTTP/1.1\r\nHost: malicious.example:443\r\nConnection: close\r\n\r\n",
		"a method with a colour":    "G\x1bT / HTTP/1.1\r\nHost: " + host + "\r\n\r\n",
		"a question of the server":  "OPTIONS * HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n",
		"an upgrade to another one": "GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n",
	} {
		if a := w.speak(t, host, request); strings.HasPrefix(a, "HTTP/1.1 5") && !strings.HasPrefix(a, "HTTP/1.1 501 ") && !strings.HasPrefix(a, "HTTP/1.1 505 ") || strings.Contains(a, "goroutine") || strings.Contains(a, "Location: http") {
			t.Errorf("%s is answered with %.300s", name, a)
		}
	}
}

// speak sends bytes and gives what comes back.
func (w *world) speak(t *testing.T, host, request string) string {
	t.Helper()
	var d net.Dialer
	c, err := d.DialContext(t.Context(), "tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }() // it is over either way
	if err := c.SetDeadline(time.Now().Add(3 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, request); err != nil {
		return "" // refused while it was sent
	}
	if half, ok := c.(*net.TCPConn); ok {
		_ = half.CloseWrite() // the program may be gone by now
	}
	answer, _ := io.ReadAll(io.LimitReader(bufio.NewReader(c), 64<<10)) // a reset is an answer too
	return string(answer)
}
