package provider_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

var endpoints = []string{
	"/oauth/authorize", "/oauth/token", "/oauth/userinfo", "/oauth/introspect", "/oauth/revoke", "/oauth/end_session",
	"/oauth/keys", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/oauth/", "/",
	"/oauth/par", "/oauth/response", "/oauth/response.js", "/oauth/initiate",
}

func TestEveryEndpoint_survivesEveryBody(t *testing.T) {
	w := newWorld(t)
	s := w.vendor()
	bodies := map[string]string{
		"empty": "", "binary": "\x00\xff\xfe", "bad escape": "a=%zz", "semicolon": "a=1;b=2", "JSON": `{"grant_type":"authorization_code"}`,
		"huge": strings.Repeat("a=b&", 600<<10), "many": strings.Repeat("a=", 1000), "huge value": "code=" + strings.Repeat("a", 1<<20),
		"indexed": "grant_type=authorization_code&Scopes.0=a&code.x=b&code=1&redirect_uri=2", "nul": "grant_type=refresh_token&refresh_token=%00",
		"bad text": "grant_type=authorization_code&code=%ff&redirect_uri=%ff&code_verifier=%ff",
	}
	for _, path := range endpoints {
		for name, body := range bodies {
			for _, kind := range []string{"application/x-www-form-urlencoded", "application/json", "multipart/form-data", "", ";;"} {
				for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodPut} {
					r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
					r.Header.Set("Content-Type", kind)
					r.SetBasicAuth(string(s.ID), s.secret)
					if rec := w.do(r); rec.Code >= 500 || strings.Contains(rec.Body.String(), "goroutine") {
						t.Errorf("%s %s with %s as %q: %d", method, path, name, kind, rec.Code)
					}
				}
			}
		}
	}
}

func TestToken_onlyAFormInAPost(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	code, _ := c.approve(s.request("openid"))
	form := codeForm(code, s)
	ask := func(method, query, body, kind string) answer {
		r := httptest.NewRequestWithContext(t.Context(), method, "/oauth/token"+query, strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		r.SetBasicAuth(string(s.ID), s.secret)
		return read(w.do(r))
	}
	const good = "application/x-www-form-urlencoded"
	ask(http.MethodGet, "?"+form.Encode(), "", "").refused(t, 405, "invalid_request")
	ask(http.MethodPost, "?"+form.Encode(), "", good).refused(t, 400, "invalid_request")
	ask(http.MethodPost, "?client_id="+string(s.ID), form.Encode(), good).refused(t, 400, "invalid_request")
	ask(http.MethodPost, "", form.Encode(), "text/plain").refused(t, 400, "invalid_request")
	ask(http.MethodPost, "", form.Encode()+"&code=x", good).refused(t, 400, "invalid_request")
	ask(http.MethodPost, "", strings.Repeat("a", 2<<20), good).refused(t, 413, "invalid_request")
	if a := ask(http.MethodPost, "", form.Encode(), good+"; charset=UTF-8"); a.Status != http.StatusOK {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

func TestNothingSecret_isLogged(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	flow := w.flow(s.request("openid email offline_access", "login_hint", theName))
	a := c.approval(flow, "email")
	address, err := w.p.Approve(t.Context(), c.session, flow, a)
	w.must(err)
	code := parameter(t, address, "code")
	first := w.exchange(s, code)
	w.userinfo(first.Access)
	second := w.post("/oauth/token", s, refreshForm(first.Refresh))
	w.clock.move(time.Minute / 2)
	w.post("/oauth/token", s, refreshForm(first.Refresh)).refused(t, 400, "invalid_grant")
	w.post("/oauth/token", s, codeForm(code, s)).refused(t, 400, "invalid_grant")
	w.send("/oauth/token", asClient(), string(s.ID), s.secret+"x").refused(t, 401, "invalid_client")
	w.authorize(s.request("openid", "state", "the-state-marker", "scope", ""), c.cookie)

	log := w.log.String() + libraryLog.String()
	if !strings.Contains(log, "replayed") || !strings.Contains(log, "reused") {
		t.Error("a replay left no trace")
	}
	for name, secret := range map[string]string{
		"code": code, "flow": flow, "access token": first.Access, "refresh token": first.Refresh, "rotated": second.Refresh, "id token": first.ID,
		"secret": s.secret, "e-mail": theEmail, "name": theName, "cookie": c.cookie, "verifier": verifier, "state": "the-state-marker",
		"grant key": fmt.Sprintf("%x", a.Key.Bytes()),
	} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds the %s", name)
		}
	}
}

func TestApproval_printsRedacted(t *testing.T) {
	a := provider.Approval{Grant: id.New[id.Grant](), Persona: "the-persona", Choices: []consent.Choice{{Claim: "the-claim"}}, Capsule: []byte("the-capsule"), Key: vault.NewGrantKey()}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "approval", a, "pointer", &a)
	_, _ = fmt.Fprintf(&log, "%v %+v %#v %s %d %x %v", a, a, a, a, a, a, &a)
	_, _ = io.WriteString(&log, a.String()+a.GoString())
	for _, secret := range []string{"the-persona", "the-claim", "the-capsule", fmt.Sprintf("%x", a.Key.Bytes()), string(a.Grant)} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("printed %s: %s", secret, &log)
		}
	}
}

func TestNew_listsEveryMistakeAtOnce(t *testing.T) {
	_, err := provider.New(provider.Options{Issuer: "https://id.example/path/"})
	if err == nil {
		t.Fatal("no mistake found")
	}
	for _, word := range []string{"issuer", "accounts", "vendors", "keys", "consent", "store", "now", "log", "session", "error page"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("nothing about %s: %v", word, err)
		}
	}
}

func TestUnavailableStore_isAServerErrorWithoutText_loggedOnce(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	code, _ := c.approve(s.request("openid email"), "email")
	access := w.exchange(s, code).Access
	w.must(w.store.Close())
	for _, a := range []answer{
		w.userinfo(access),
		w.post("/oauth/introspect", s, url.Values{"token": {access}}),
		w.post("/oauth/token", s, asClient()),
	} {
		a.refused(t, 503, "server_error")
		if a.Description != "" {
			t.Errorf("the answer tells: %s", a.Body)
		}
	}
	if n := strings.Count(w.log.String(), "provider failed"); n != 3 {
		t.Errorf("logged %d times", n)
	}
}
