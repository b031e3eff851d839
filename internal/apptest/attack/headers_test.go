package attack_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/meins-id/meins/internal/apptest"
)

// framedNowhere checks the headers that keep a page out of frames and caches, its address to itself,
// and scripts that are not ours out of it.
func framedNowhere(t *testing.T, a apptest.Answer) {
	t.Helper()
	policy := a.Header.Get("Content-Security-Policy")
	for _, directive := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(policy, directive) {
			t.Errorf("the policy %q has no %s", policy, directive)
		}
	}
	// The list of connections sends its search, to itself; and nothing on it could send a passphrase.
	searches := strings.Contains(string(a.Body), `role="search" method="get"`) && !strings.Contains(string(a.Body), `method="post"`)
	// The page of a device's code sends that, to itself.
	posts := strings.Count(string(a.Body), `method="post"`)
	device := strings.Contains(string(a.Body), `data-page="device"`) && posts == strings.Count(string(a.Body), `<form method="post" action="/device">`)
	if !strings.Contains(policy, "form-action 'none'") && !((searches || device) && strings.Contains(policy, "form-action 'self'")) {
		t.Errorf("the policy %q lets forms be sent", policy)
	}
	for _, unsafe := range []string{"'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:", "data:"} {
		if strings.Contains(policy, unsafe) {
			t.Errorf("the policy %q has %s", policy, unsafe)
		}
	}
	for name, value := range map[string]string{
		"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
	} {
		if a.Header.Get(name) != value {
			t.Errorf("%s is %q", name, a.Header.Get(name))
		}
	}
}

func TestEveryPage_canBeFramedNowhere(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	review := "/continue?flow=" + ada.flow(t, w.vendor)
	ada.codeFor(t, w.vendor, "email")
	pages := map[string]bool{
		w.AuthorizeURL(w.vendor): true, review: true, "/continue?flow=" + ada.flow(t, w.vendor): true, "/connections/" + string(ada.grant): true,
		"/continue?flow=x": true, "/connections/x": true, "/nowhere/at/all": true, "/oauth/authorize": true, "/oauth/authorize?client_id=x": true,
		"/oauth/nowhere": true, "/oauth/": true, "/.well-known/nothing": true, "/signin?flow=x": true, "/vault?lang=xx": true,
	}
	for _, e := range apptest.Pages() {
		pages[e.Path] = true
	}
	shown := 0
	for path := range pages {
		for who, send := range map[string]func(testing.TB, *http.Request) apptest.Answer{"nobody": w.Send, "a customer": ada.Send} {
			t.Run(fmt.Sprintf("%.40s as %s", path, who), func(t *testing.T) {
				r := w.Request(t, http.MethodGet, strings.TrimPrefix(path, w.Issuer), nil, "")
				r.Header.Set("Sec-Fetch-Mode", "navigate")
				r.Header.Set("Sec-Fetch-Dest", "document")
				a := send(t, r)
				if a.Header.Get("X-Content-Type-Options") != "nosniff" {
					t.Error("the type may be guessed")
				}
				if strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") && a.Header.Get("Location") == "" {
					shown++
					framedNowhere(t, a)
				}
				if a.Header.Get("Server") != "" || a.Header.Get("X-Powered-By") != "" {
					t.Error("the answer says what it runs on")
				}
			})
		}
	}
	if shown < 26 {
		t.Errorf("only %d pages were shown", shown)
	}
}

// TestEveryCall_thatChangesAnything_isRefusedFromAnotherSite: with the cookie that a browser might
// send along, as every kind of browser marks such a request.
func TestEveryCall_thatChangesAnything_isRefusedFromAnotherSite(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	ada.codeFor(t, w.vendor, "email")
	calls := append(apptest.Calls(t), apptest.Endpoint{Method: http.MethodPost, Path: "/api/v1/grants/" + string(ada.grant) + "/withdraw"})
	for _, e := range calls {
		if e.Method == http.MethodGet {
			continue
		}
		for _, marks := range [][2]string{
			{"Sec-Fetch-Site", "cross-site"},
			{"Sec-Fetch-Site", "same-site"},
			{"Sec-Fetch-Site", "made-up"},
			{"Origin", "https://evil.example"},
			{"Origin", "null"},
			{"Origin", "https://" + strings.TrimPrefix(w.Issuer, "http://") + ".evil.example"},
			{"Origin", w.Issuer + "0"},
			{"Origin", "http://localhost"},
			{"Origin", "file://"},
			{"Origin", "x\ty"},
		} {
			for _, kind := range []string{apptest.JSON, "text/plain", apptest.Form, ""} {
				r := w.Request(t, e.Method, e.Path, strings.NewReader("{}"), kind)
				r.Header.Set(marks[0], marks[1])
				a := ada.Send(t, r)
				if a.Status != http.StatusForbidden || a.Code() != "cross-origin" || a.Header.Get("Set-Cookie") != "" {
					t.Errorf("%s %s with %s: %s: %d %s", e.Method, e.Path, marks[0], marks[1], a.Status, a.Body)
				}
			}
		}
	}
	ada.staysSignedIn(t)
	ada.withdraw(t) // it was in force still, and the page's own call passes
}

// TestEveryCall_isClosedToScriptsOfOtherOrigins: no answer tells a browser that another site may read
// it, nor does the question before the call.
func TestEveryCall_isClosedToScriptsOfOtherOrigins(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	closed := append(append(apptest.Calls(t), apptest.Pages()...), apptest.Endpoint{Method: http.MethodPost, Path: "/oauth/introspect"},
		apptest.Endpoint{Method: http.MethodGet, Path: "/oauth/authorize"}, apptest.Endpoint{Method: http.MethodGet, Path: "/oauth/end_session"})
	for _, e := range closed {
		for _, method := range []string{e.Method, http.MethodOptions} {
			r := w.Request(t, method, e.Path, nil, "")
			r.Header.Set("Origin", "https://evil.example")
			r.Header.Set("Access-Control-Request-Method", e.Method)
			for name := range ada.Send(t, r).Header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s %s answers with %s", method, e.Path, name)
				}
			}
		}
	}
	for _, e := range apptest.OAuth() {
		r := w.Request(t, e.Method, e.Path, nil, "")
		r.Header.Set("Origin", "https://evil.example")
		if a := ada.Send(t, r); a.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s %s takes cookies from other origins", e.Method, e.Path)
		}
	}
}

// TestEveryEndpoint_byAnotherMethod_isRefused with the methods that it takes, as RFC 9110, 15.5.6,
// wants it.
func TestEveryEndpoint_byAnotherMethod_isRefused(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	takes := map[string][]string{}
	for _, e := range apptest.Endpoints(t) {
		takes[e.Path] = append(takes[e.Path], e.Method)
	}
	delete(takes, "/nowhere")
	for path, methods := range takes {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "MADEUP", "get", "PROPFIND"} {
			if strings.Contains(strings.Join(methods, " "), method) {
				continue
			}
			r := w.Request(t, method, path, nil, "")
			r.Header.Set("X-HTTP-Method-Override", methods[0])
			a := ada.Send(t, r)
			if a.Status != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d %.80s", method, path, a.Status, a.Body)
				continue
			}
			for _, m := range methods {
				if !strings.Contains(a.Header.Get("Allow"), m) {
					t.Errorf("%s %s: allowed is %q, and not %s", method, path, a.Header.Get("Allow"), m)
				}
			}
		}
	}
	ada.staysSignedIn(t)
}

// TestHost_thatSomebodyMadeUp_isRepeatedNowhere: neither in the metadata, nor in an address that
// anybody is sent to, nor in a page.
func TestHost_thatSomebodyMadeUp_isRepeatedNowhere(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	ada.codeFor(t, w.vendor, "email")
	paths := []string{strings.TrimPrefix(w.AuthorizeURL(w.vendor), w.Issuer), strings.TrimPrefix(w.AuthorizeURL(w.vendor, "prompt", "none"), w.Issuer), "//vault", "/vault/../account", "/vault?lang=de"}
	for _, e := range apptest.Endpoints(t) {
		if e.Method == http.MethodGet {
			paths = append(paths, e.Path)
		}
	}
	for _, path := range paths {
		for who, send := range map[string]func(testing.TB, *http.Request) apptest.Answer{"nobody": w.Send, "a customer": ada.Send} {
			r := w.Request(t, http.MethodGet, path, nil, "")
			r.Host = "evil.example"
			for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Server", "X-Host", "X-Original-Url", "X-Rewrite-Url", "Forwarded", "X-Forwarded-Prefix"} {
				r.Header.Set(name, "evil.example")
			}
			r.Header.Set("X-Forwarded-Proto", "evil.example")
			a := send(t, r)
			if strings.Contains(fmt.Sprint(a.Header), "evil.example") || strings.Contains(string(a.Body), "evil.example") {
				t.Errorf("%.60s as %s repeats the host: %v", path, who, a.Header)
			}
		}
	}
}
