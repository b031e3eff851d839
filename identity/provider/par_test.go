package provider_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

// push leaves a request with the provider and gives its name.
func (w *world) push(s shop, q url.Values) string {
	w.t.Helper()
	a := w.post("/oauth/par", s, q)
	var said struct {
		URI     string `json:"request_uri"`
		Expires int    `json:"expires_in"`
	}
	w.must(json.Unmarshal([]byte(a.Body), &said))
	if a.Status != http.StatusCreated || !strings.HasPrefix(said.URI, "urn:ietf:params:oauth:request_uri:") || said.Expires <= 0 || said.Expires > 600 {
		w.t.Fatalf("pushed: %d %s", a.Status, a.Body)
	}
	if a.Header.Get("Cache-Control") != "no-store" {
		w.t.Error("the answer may be cached")
	}
	return said.URI
}

// named is the request that names a pushed one.
func (s shop) named(uri string) url.Values {
	return url.Values{"client_id": {string(s.ID)}, "request_uri": {uri}}
}

func TestPushed_leadsToTokens_andNothingBesideItCounts(t *testing.T) {
	w := newWorld(t)
	c := w.customer()
	for name, s := range map[string]shop{
		"secret": w.vendor(func(v *identity.Vendor) { v.Protocol.RequirePushed = true }), "public": w.vendor(public),
	} {
		t.Run(name, func(t *testing.T) {
			q := s.named(w.push(s, s.request("openid email", "prompt", "consent")))
			q.Set("scope", "openid address")
			q.Set("redirect_uri", "https://evil.test/")
			q.Set("state", "another")
			q.Set("prompt", "none")
			address := c.answered(q, "email")
			if !strings.HasPrefix(address, shopReturn) || parameter(t, address, "state") != "st-ate" {
				t.Errorf("led to %s", address)
			}
			if a := w.exchange(s, parameter(t, address, "code")); a.Scope != "openid email" {
				t.Errorf("scope %q", a.Scope)
			}
		})
	}
}

func TestPushed_writesNothing_untilSomebodyAnswers_andIsAnsweredOnce(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	before := len(w.contents())
	q := s.named(w.push(s, s.request("openid")))
	first, second := w.flow(q), w.flow(q) // the customer loads the page twice
	if len(w.contents()) != before {
		t.Error("something was written")
	}
	_, err := w.p.Approve(t.Context(), c.session, first, c.approval(first))
	w.must(err)
	_, err = w.p.Approve(t.Context(), c.session, second, c.approval(second))
	wantFault(t, "answered twice", err, provider.ErrFlow)
	if grants, err := w.consent.Grants(t.Context(), c.session.Account); err != nil || len(grants) != 1 {
		t.Errorf("%d grants came of one request: %v", len(grants), err)
	}
	wantRefusal(t, w.authorize(q, ""), "invalid_request_uri")
}

func TestPushed_thatDoesNotServe_isRefused(t *testing.T) {
	w := newWorld(t)
	s, other := w.vendor(), w.vendor()
	uri := w.push(s, s.request("openid"))
	for name, q := range map[string]url.Values{
		"another's": other.named(uri), "changed": s.named(uri[:len(uri)-3] + "AAA"), "a flow": s.named("urn:ietf:params:oauth:request_uri:" + w.flow(s.request("openid"))),
		"empty": s.named("urn:ietf:params:oauth:request_uri:"), "no client": {"request_uri": {uri}},
	} {
		if rec := w.get("/oauth/authorize?"+q.Encode(), ""); rec.Code != http.StatusBadRequest || rec.Header().Get("Location") != "" {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Header().Get("Location"))
		}
	}
	w.clock.move(90 * time.Second)
	wantRefusal(t, w.authorize(s.named(uri), ""), "invalid_request_uri")
	w.clock.move(24 * time.Hour)
	w.must(w.keys.Rotate(t.Context()))
	w.clock.move(24 * time.Hour)
	if rec := w.get("/oauth/authorize?"+s.named(uri).Encode(), ""); rec.Code != http.StatusBadRequest {
		t.Errorf("long after: %d", rec.Code)
	}
}

// What cannot be read is our mistake, and no mistake of the request.
func TestPushed_recordThatCannotBeRead_isNotCalledMalformed(t *testing.T) {
	w := newWorld(t)
	s := w.vendor()
	name := id.New[id.Request]()
	w.must(w.store.Update(t.Context(), func(tx store.Tx) error { return tx.Put("later/"+string(name), []byte(`{"v":2}`), time.Time{}) }))
	q := url.Values{"client_id": {string(s.ID)}, "request_uri": {"urn:ietf:params:oauth:request_uri:" + string(name)}}
	if rec := w.get("/oauth/authorize?"+q.Encode(), ""); rec.Code != http.StatusInternalServerError || !strings.Contains(rec.Body.String(), "internal") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if _, err := w.p.Asked(t.Context(), s.ID, name); err == nil || errors.Is(err, provider.ErrNoLater) {
		t.Errorf("asked: %v", err)
	}
	if err := w.p.DenyLater(t.Context(), id.New[id.Account](), name, consent.Refusal{}); err == nil || errors.Is(err, provider.ErrNoLater) {
		t.Errorf("refused: %v", err)
	}
	if !strings.Contains(w.log.String(), "look for a pushed request") {
		t.Error("nobody is told")
	}
}

func TestPushed_mistakesAreToldToTheVendor(t *testing.T) {
	w := newWorld(t)
	s := w.vendor()
	for name, c := range map[string]struct {
		change []string
		code   string
	}{
		"scope":        {[]string{"scope", "email"}, "invalid_scope"},
		"type":         {[]string{"response_type", "token"}, "unsupported_response_type"},
		"address":      {[]string{"redirect_uri", "https://evil.test/"}, "invalid_request"},
		"no address":   {[]string{"redirect_uri", ""}, "invalid_request"},
		"PKCE":         {[]string{"code_challenge", ""}, "invalid_request"},
		"request_uri":  {[]string{"request_uri", "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"},
		"object":       {[]string{"request", "a.b.c"}, "invalid_request_object"},
		"unsigned":     {[]string{"request", none(t, map[string]any{"client_id": string(s.ID)})}, "request_not_supported"},
		"another's id": {[]string{"client_id", string(w.vendor().ID)}, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) { w.post("/oauth/par", s, s.request("openid", c.change...)).refused(t, 400, c.code) })
	}
	w.send("/oauth/par", s.request("openid"), string(s.ID), "wrong").refused(t, 401, "invalid_client")
	w.send("/oauth/par", s.request("openid"), "", "").refused(t, 401, "invalid_client")
	w.post("/oauth/par", s, s.request("openid", "state", strings.Repeat("s", 15<<10))).refused(t, 413, "invalid_request")
	if rec := w.get("/oauth/par?"+s.request("openid").Encode(), ""); rec.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", rec.Code)
	}
}

func TestPushed_isDemanded_ofWhomItWasRegisteredFor(t *testing.T) {
	w := newWorld(t)
	s := w.vendor(func(v *identity.Vendor) { v.Protocol.RequirePushed = true })
	wantRefusal(t, w.authorize(s.request("openid"), ""), "invalid_request")
	w.flow(s.named(w.push(s, s.request("openid"))))
	wantRefusal(t, w.authorize(s.request("openid", "request_uri", "https://shop.example/r"), ""), "invalid_request")
}
