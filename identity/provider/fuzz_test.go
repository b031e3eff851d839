package provider_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzAuthorize sends any query: never a 5xx, and never a redirect anywhere but to the page that
// continues or to the registered address with our name.
func FuzzAuthorize(f *testing.F) {
	w := newWorld(f)
	s, c := w.vendor(), w.customer()
	f.Add(s.request("openid email").Encode())
	f.Add(s.request("openid", "prompt", "none", "max_age", "0").Encode())
	f.Add(s.request("openid", "claims", `{"id_token":{"sub":{"value":"x"},"acr":{"essential":true}}}`).Encode())
	f.Add(s.request("openid", "redirect_uri", "https://evil.test").Encode())
	f.Add(s.request("openid", "response_mode", "form_post", "prompt", "dance").Encode())
	f.Add(s.request("openid", "response_mode", "fragment.jwt", "prompt", "dance").Encode())
	f.Add("client_id=" + string(s.ID) + "&redirect_uri=" + url.QueryEscape(shopReturn) + "&state=%0d%0a")
	f.Fuzz(func(t *testing.T, query string) {
		if strings.ContainsAny(query, " \r\n\t#") {
			return // not one that reaches a server
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/oauth/authorize", nil)
		r.URL.RawQuery = query
		r.AddCookie(&http.Cookie{Name: cookieName, Value: c.cookie})
		rec := w.do(r)
		to := rec.Header().Get("Location")
		switch {
		case rec.Code >= 500:
			t.Errorf("%d", rec.Code)
		case rec.Code == http.StatusSeeOther && !strings.HasPrefix(to, "/continue?flow=") &&
			!strings.HasPrefix(to, issuer+"/oauth/response?r=") && !strings.HasPrefix(to, shopReturn+"#") && !strings.HasPrefix(to, shopReturn+"&response=") &&
			(!strings.HasPrefix(to, shopReturn+"&") || parameter(t, to, "iss") != issuer):
			t.Errorf("led to %s", to)
		case strings.ContainsAny(to, "\r\n"):
			t.Errorf("a line break in %q", to)
		}
	})
}

// FuzzFlow sends any flow parameter: it opens only if this provider sealed it.
func FuzzFlow(f *testing.F) {
	w := newWorld(f)
	s, c := w.vendor(), w.customer()
	good := w.flow(s.request("openid"))
	f.Add(good)
	f.Add("")
	f.Add("aaaaaaaa.AQ")
	f.Fuzz(func(t *testing.T, flow string) {
		if _, err := w.p.Next(t.Context(), flow, &c.session); err == nil && flow != good {
			t.Errorf("%q opened", flow)
		}
	})
}
