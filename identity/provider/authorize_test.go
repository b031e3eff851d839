package provider_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
)

// wantRefusal checks an authorization error: to the registered address, with state and our name.
func wantRefusal(t *testing.T, u *url.URL, code string) {
	t.Helper()
	q := u.Query()
	if !strings.HasPrefix(u.String(), shopReturn+"&") || q.Get("from") != "meins" {
		t.Fatalf("led to %s", u)
	}
	if q.Get("error") != code || q.Get("iss") != issuer || q.Get("state") != "st-ate" || q.Get("code") != "" {
		t.Errorf("got %v, want error %s", q, code)
	}
}

func TestAuthorize_mistakesGoToTheVendor(t *testing.T) {
	w := newWorld(t)
	s := w.vendor()
	for name, c := range map[string]struct {
		change []string
		code   string
	}{
		"no response type":     {[]string{"response_type", ""}, "invalid_request"},
		"implicit":             {[]string{"response_type", "id_token"}, "unsupported_response_type"},
		"hybrid":               {[]string{"response_type", "code id_token"}, "unsupported_response_type"},
		"unknown mode":         {[]string{"response_mode", "web_message"}, "invalid_request"},
		"mode without carrier": {[]string{"response_mode", ".jwt"}, "invalid_request"},
		"no openid":            {[]string{"scope", "email"}, "invalid_scope"},
		"no scope":             {[]string{"scope", ""}, "invalid_scope"},
		"no PKCE":              {[]string{"code_challenge", "", "code_challenge_method", ""}, "invalid_request"},
		"plain PKCE":           {[]string{"code_challenge_method", "plain"}, "invalid_request"},
		"PKCE method missing":  {[]string{"code_challenge_method", ""}, "invalid_request"},
		"PKCE method in small": {[]string{"code_challenge_method", "s256"}, "invalid_request"},
		"PKCE too short":       {[]string{"code_challenge", "abc"}, "invalid_request"},
		"PKCE not base64url":   {[]string{"code_challenge", strings.Repeat("+", 43)}, "invalid_request"},
		"request uri":          {[]string{"request_uri", "https://shop.example/r"}, "invalid_request_uri"},
		"unsigned object":      {[]string{"request", "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"},
		"registration":         {[]string{"registration", "{}"}, "registration_not_supported"},
		"prompt none and more": {[]string{"prompt", "none login"}, "invalid_request"},
		"unknown prompt":       {[]string{"prompt", "dance"}, "invalid_request"},
		"negative max_age":     {[]string{"max_age", "-1"}, "invalid_request"},
		"max_age not a number": {[]string{"max_age", "1e3"}, "invalid_request"},
		"claims not JSON":      {[]string{"claims", "{"}, "invalid_request"},
		"claims a list":        {[]string{"claims", "[]"}, "invalid_request"},
		"sub not a text":       {[]string{"claims", `{"id_token":{"sub":{"value":1}}}`}, "invalid_request"},
		"acr beyond us":        {[]string{"claims", `{"id_token":{"acr":{"essential":true,"values":["gold"]}}}`}, "unmet_authentication_requirements"},
		"two different people": {[]string{"claims", `{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"value":"b"}}}`}, "login_required"},
		"hint is nonsense":     {[]string{"id_token_hint", "a.b.c"}, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			wantRefusal(t, w.authorize(s.request("openid", c.change...), ""), c.code)
		})
	}
}

func TestAuthorize_repeatedParameters_areRefused(t *testing.T) {
	w := newWorld(t)
	s := w.vendor()
	for _, name := range []string{"scope", "nonce", "code_challenge", "prompt"} {
		q := s.request("openid")
		q.Add(name, "another")
		q.Add(name, "another")
		wantRefusal(t, w.authorize(q, ""), "invalid_request")
	}
	q := s.request("openid")
	q.Add("state", "another")
	u := w.authorize(q, "")
	if u.Query().Get("error") != "invalid_request" || u.Query().Has("state") {
		t.Errorf("led to %s", u)
	}
}

func TestAuthorize_unknownVendorOrAddress_isShownAndNeverRedirected(t *testing.T) {
	w := newWorld(t)
	s := w.vendor(func(v *identity.Vendor) { v.RedirectURIs = []string{"https://shop.example/back"} })
	good := "https://shop.example/back"
	for name, change := range map[string][]string{
		"no client":          {"client_id", ""},
		"unknown client":     {"client_id", "abcdefghijklmnopqrstuvwxyz"},
		"long client":        {"client_id", strings.Repeat("a", 2000)},
		"client with slash":  {"client_id", string(s.ID) + "/x"},
		"no address":         {"redirect_uri", ""},
		"suffix":             {"redirect_uri", good + "/more"},
		"suffix on the host": {"redirect_uri", "https://shop.example.evil.test/back"},
		"query added":        {"redirect_uri", good + "?x=1"},
		"fragment added":     {"redirect_uri", good + "#x"},
		"slash added":        {"redirect_uri", good + "/"},
		"port added":         {"redirect_uri", "https://shop.example:443/back"},
		"other port":         {"redirect_uri", "https://shop.example:8443/back"},
		"host in capitals":   {"redirect_uri", "https://SHOP.example/back"},
		"path in capitals":   {"redirect_uri", "https://shop.example/Back"},
		"scheme in capitals": {"redirect_uri", "HTTPS://shop.example/back"},
		"other scheme":       {"redirect_uri", "http://shop.example/back"},
		"percent encoding":   {"redirect_uri", "https://shop.example/%62ack"},
		"dot segments":       {"redirect_uri", "https://shop.example/x/../back"},
		"user in front":      {"redirect_uri", "https://shop.example@evil.test/back"},
		"backslash":          {"redirect_uri", "https://evil.test\\@shop.example/back"},
		"line break":         {"redirect_uri", good + "\r\nSet-Cookie: a=b"},
		"space":              {"redirect_uri", " " + good},
		"script":             {"redirect_uri", "javascript:alert(1)"},
	} {
		t.Run(name, func(t *testing.T) {
			rec := w.get("/oauth/authorize?"+s.request("openid", change...).Encode(), "")
			if rec.Code != http.StatusBadRequest || rec.Header().Get("Location") != "" || !strings.HasPrefix(rec.Body.String(), "page: ") {
				t.Errorf("%d %q %s", rec.Code, rec.Header().Get("Location"), rec.Body)
			}
		})
	}
	for _, name := range []string{"client_id", "redirect_uri"} {
		q := s.request("openid")
		q.Add(name, "another")
		if rec := w.get("/oauth/authorize?"+q.Encode(), ""); rec.Code != http.StatusBadRequest || rec.Header().Get("Location") != "" {
			t.Errorf("repeated %s: %d", name, rec.Code)
		}
	}
}

func TestAuthorize_malformedOrOversized_isAPage(t *testing.T) {
	w := newWorld(t)
	s := w.vendor()
	if rec := w.get("/oauth/authorize?client_id=%zz", ""); rec.Code != http.StatusBadRequest {
		t.Errorf("malformed: %d", rec.Code)
	}
	if rec := w.get("/oauth/authorize?"+s.request("openid", "state", strings.Repeat("s", 17<<10)).Encode(), ""); rec.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("oversized: %d", rec.Code)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/oauth/authorize", strings.NewReader(strings.Repeat("a", 2<<20)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if rec := w.do(r); rec.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("oversized body: %d", rec.Code)
	}
	r = httptest.NewRequestWithContext(t.Context(), http.MethodDelete, "/oauth/authorize", nil)
	if rec := w.do(r); rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") != "GET, POST" {
		t.Errorf("DELETE: %d", rec.Code)
	}
}

func TestAuthorize_postIsAsGoodAsGet(t *testing.T) {
	w := newWorld(t)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/oauth/authorize", strings.NewReader(w.vendor().request("openid").Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := w.do(r)
	if rec.Code != http.StatusSeeOther || !strings.HasPrefix(rec.Header().Get("Location"), "/continue?flow=") {
		t.Errorf("%d %s", rec.Code, rec.Header().Get("Location"))
	}
	if rec.Header().Get("Cache-Control") != "no-store" || rec.Header().Get("Referrer-Policy") != "no-referrer" {
		t.Error("the redirect may be cached or told on")
	}
}

func TestAuthorize_stateCannotBreakOut(t *testing.T) {
	w := newWorld(t)
	state := "a\r\nSet-Cookie: x=y&code=forged&iss=evil#<script>"
	s, c := w.vendor(), w.customer()
	for _, q := range []url.Values{s.request("openid", "state", state, "scope", "email"), s.request("openid", "state", state)} {
		u := w.authorize(q, "")
		if u.Path == "/continue" {
			address, err := w.p.Deny(t.Context(), c.session, u.Query().Get("flow"), consent.Refusal{Digest: mustNext(t, w, u, c).Digest, Locale: "en"})
			w.must(err)
			u, err = url.Parse(address)
			w.must(err)
			if strings.ContainsAny(address, "\r\n #<") {
				t.Errorf("unencoded: %q", address)
			}
		}
		got := u.Query()
		if got.Get("state") != state || len(got["iss"]) != 1 || got.Get("iss") != issuer || got.Has("code") || u.Fragment != "" {
			t.Errorf("led to %s", u)
		}
	}
}

func mustNext(t *testing.T, w *world, u *url.URL, c *customer) provider.Next {
	t.Helper()
	n, err := w.p.Next(t.Context(), u.Query().Get("flow"), &c.session)
	w.must(err)
	return n
}

func TestAuthorize_unknownScopesAndClaims_areIgnored(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	q := s.request("openid email dance", "claims", `{"userinfo":{"http://x/y":null,"groups":{"essential":true}},"other":1}`,
		"display", "popup", "acr_values", "gold", "audience", "x", "ui_locales", "de-AT en", "login_hint", "ada")
	n := mustNext(t, w, w.authorize(q, ""), c)
	if len(n.Ask.Claims) != 2 || n.LoginHint != "ada" || len(n.UILocales) != 2 || n.UILocales[0] != "de-AT" {
		t.Errorf("%+v", n)
	}
	n = mustNext(t, w, w.authorize(s.request("openid", "login_hint", "a\x00b"), ""), c)
	if n.LoginHint != "" {
		t.Error("a hint with control characters reached the page")
	}
}

func TestFlow_forgedOrOld_isRefused(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	flow := w.flow(s.request("openid"))
	code, _ := c.approve(s.request("openid"))
	middle := len(flow) / 2
	for name, forged := range map[string]string{
		"empty": "", "text": "flow", "cut": flow[:len(flow)-2], "longer": flow + "AA", "line break": flow + "\n",
		"changed": flow[:middle] + flip(flow[middle]) + flow[middle+1:], "a code": code, "other key": "aaaaaaaa" + flow[strings.Index(flow, "."):],
		"no key": flow[strings.Index(flow, "."):], "huge": strings.Repeat("a", 1<<20),
	} {
		_, err := w.p.Next(t.Context(), forged, &c.session)
		wantFault(t, name, err, provider.ErrFlow)
		_, err = w.p.Approve(t.Context(), c.session, forged, provider.Approval{})
		wantFault(t, name, err, provider.ErrFlow)
	}
	w.clock.move(30 * time.Minute)
	_, err := w.p.Next(t.Context(), flow, &c.session)
	wantFault(t, "old", err, provider.ErrFlowExpired)
}

func flip(b byte) string {
	if b == 'A' {
		return "B"
	}
	return "A"
}

func TestFlow_ofARemovedVendor_isRefused(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	flow := w.flow(s.request("openid"))
	w.must(w.vendors.Remove(t.Context(), s.ID))
	_, err := w.p.Next(t.Context(), flow, &c.session)
	wantFault(t, "removed", err, provider.ErrFlow)
}

func TestAuthorize_appOnLoopback_takesTheFreePort_andTheCodeIsForIt(t *testing.T) {
	w := newWorld(t)
	registered := func(v *identity.Vendor) { v.RedirectURIs = []string{"http://127.0.0.1/back"} }
	app, shop := w.vendor(public, registered), w.vendor(registered)
	free := "http://127.0.0.1:51004/back"
	code, _ := w.customer().approve(app.request("openid", "redirect_uri", free))
	w.post("/oauth/token", app, codeForm(code, app)).refused(t, 400, "invalid_grant") // for another port
	form := codeForm(code, app)
	form.Set("redirect_uri", free)
	if a := w.post("/oauth/token", app, form); a.Status != http.StatusOK {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	for _, q := range []url.Values{
		shop.request("openid", "redirect_uri", free), app.request("openid", "redirect_uri", "http://localhost:51004/back"), app.request("openid", "redirect_uri", free+"/other"),
	} {
		if rec := w.get("/oauth/authorize?"+q.Encode(), ""); rec.Code != http.StatusBadRequest || rec.Header().Get("Location") != "" {
			t.Errorf("%s: %d", q.Get("redirect_uri"), rec.Code)
		}
	}
}
