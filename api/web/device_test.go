package web

import (
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/meins-id/meins/identity"
)

// television begins as a device of a vendor does, and gives the code that it shows.
func (s *site) television(v identity.Vendor) string {
	s.t.Helper()
	form := url.Values{"client_id": {string(v.ID)}, "scope": {"openid"}}
	a := s.submit("/oauth/device_authorization", form)
	var said struct {
		Code string `json:"user_code"`
	}
	s.must(json.Unmarshal([]byte(a.body), &said))
	if said.Code == "" {
		s.t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	return said.Code
}

// submit posts a form; options are names and values of headers.
func (s *site) submit(path string, form url.Values, options ...string) answer {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(options); i += 2 {
		r.Header.Set(options[i], options[i+1])
	}
	rec := httptest.NewRecorder()
	s.http.ServeHTTP(rec, r)
	return answer{rec.Result(), rec.Body.String()}
}

func devices(v *identity.Vendor) {
	v.Public, v.AuthMethod = true, "none"
	v.GrantTypes = append(v.GrantTypes, identity.GrantDevice)
}

func TestDevice_codeIsTyped_lookedAt_andAnswered(t *testing.T) {
	s := newSite(t)
	code := s.television(s.flowers(devices))
	for language, words := range map[string][]string{
		"en": {"Type in only what stands on a device in front of you", "Is this your device?", "Blumen am Markt", "nothing from your vault", "Did somebody send you the code"},
		"de": {"Geben Sie nur ein, was auf einem Gerät vor Ihnen steht", "Ist das Ihr Gerät?", "Blumen am Markt", "nichts aus Ihrem Tresor", "Hat Ihnen jemand den Code geschickt"},
	} {
		first := s.get("/device", "Accept-Language", language)
		mustContain(t, first.body, words[0], `name="code"`, `action="/device"`)
		if strings.Contains(first.body, "/continue") || !strings.Contains(first.Header.Get("Content-Security-Policy"), "form-action 'self'") {
			t.Errorf("%s: %v", language, first.Header)
		}
		shown := s.submit("/device", url.Values{"code": {" " + strings.ToLower(code)}}, "Accept-Language", language)
		for _, w := range words[1:] {
			mustContain(t, shown.body, w)
		}
		mustContain(t, shown.body, code, `value="deny"`, `data-device="continue"`)
		_, rest, _ := strings.Cut(shown.body, `href="/continue?flow=`)
		flow, _, _ := strings.Cut(rest, `"`)
		if next := s.get("/continue?flow=" + html.UnescapeString(flow)); next.StatusCode != http.StatusOK || !strings.Contains(next.body, `data-page="signin"`) {
			t.Errorf("%s: to sign in: %d", language, next.StatusCode)
		}
	}
}

func TestDevice_pageTakesNoCodeFromALink_norFromAnotherSite(t *testing.T) {
	s := newSite(t)
	code := s.television(s.flowers(devices))
	for _, link := range []string{"/device?code=" + code, "/device?user_code=" + code, "/device?done=" + code, "/device?flow=x&decision=deny"} {
		if page := s.get(link); strings.Contains(page.body, `value="`+code) || strings.Contains(page.body, "Blumen") || strings.Contains(page.body, "/continue") {
			t.Errorf("%s was taken", link)
		}
	}
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}} {
		if page := s.submit("/device", url.Values{"code": {code}}, header...); page.StatusCode != http.StatusForbidden || strings.Contains(page.body, "Blumen") {
			t.Errorf("%v: %d", header, page.StatusCode)
		}
	}
}

func TestDevice_wrongCodes_areSaidPlainly_andSlowedDown(t *testing.T) {
	s := newSite(t)
	for _, code := range []string{"", "BCDF-GHJK", "AEIOU", strings.Repeat("B", 10000), "<script>"} {
		page := s.submit("/device", url.Values{"code": {code}})
		mustContain(t, page.body, "No device waits with this code", `name="code"`, `aria-invalid="true"`)
		if len(code) < 20 {
			mustContain(t, page.body, `aria-invalid="true" value="`+html.EscapeString(code)+`"`) // to be mended
		}
		if page.StatusCode != http.StatusNotFound || strings.Contains(page.body, "<script>") || strings.Contains(page.body, "BBBBB") {
			t.Errorf("%q: %d", code, page.StatusCode)
		}
	}
	var last answer
	for range 20 {
		last = s.submit("/device", url.Values{"code": {"BCDF-GHJK"}})
	}
	mustContain(t, last.body, "Too many codes were tried")
	if last.StatusCode != http.StatusTooManyRequests || last.Header.Get("Retry-After") == "" {
		t.Errorf("%d %v", last.StatusCode, last.Header)
	}
}

func TestDevice_noWithoutSigningIn_reachesTheDevice(t *testing.T) {
	s := newSite(t)
	v := s.flowers(devices)
	code := s.television(v)
	_, rest, _ := strings.Cut(s.submit("/device", url.Values{"code": {code}}).body, `name="flow" value="`)
	flow, _, _ := strings.Cut(rest, `"`)
	said := s.submit("/device", url.Values{"decision": {"deny"}, "flow": {html.UnescapeString(flow)}})
	if said.StatusCode != http.StatusSeeOther || said.Header.Get("Location") != "/device?done=denied" {
		t.Fatalf("%d %v", said.StatusCode, said.Header)
	}
	mustContain(t, s.get("/device?done=denied").body, "The device is not signed in")
	mustContain(t, s.get("/device?done=approved").body, "The device is signed in")
	mustContain(t, s.submit("/device", url.Values{"code": {code}}).body, "No device waits with this code")
	if again := s.submit("/device", url.Values{"decision": {"deny"}, "flow": {"rubbish"}}); again.StatusCode != http.StatusBadRequest {
		t.Errorf("%d", again.StatusCode)
	}
}
