package provider_test

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
)

// keeping is a vendor that keeps a request object at an address of its own.
func (w *world) keeping(s *site, key crypto.Signer, change ...func(*identity.Vendor)) keyed {
	return w.signing(key, append([]func(*identity.Vendor){func(v *identity.Vendor) { v.Protocol.RequestURIs = []string{s.URL + "/r.jwt"} }}, change...)...)
}

// at is the request that names the address of an object.
func (s shop) at(address string) url.Values {
	return url.Values{
		"client_id": {string(s.ID)}, "redirect_uri": {s.RedirectURIs[0]}, "response_type": {"code"}, "scope": {"openid"}, "request_uri": {address}, "state": {"st-ate"},
	}
}

func TestObjectAtAnAddress_leadsToTokens_andNothingBesideItCounts(t *testing.T) {
	w, site, key := newWorld(t), newSite(t), ecKey(t)
	s, c := w.keeping(site, key, func(v *identity.Vendor) { v.Protocol.RequireSigned = true }), w.customer()
	site.says(http.StatusOK, []byte(sign(t, jose.ES256, key, w.object(s.shop, s.request("openid email", "nonce", "inside", "state", "within"), nil))+"\n"))
	q := s.at(site.URL + "/r.jwt")
	q.Set("nonce", "outside")
	for range 2 {
		address := c.answered(q, "email")
		if parameter(t, address, "state") != "within" {
			t.Errorf("answered %s", address)
		}
		a := w.exchange(s.shop, parameter(t, address, "code"))
		if a.Scope != "openid email" || claimsOf(t, a.ID)["nonce"] != "inside" {
			t.Errorf("scope %q", a.Scope)
		}
	}
	if calls, _ := site.counts(); calls != 1 {
		t.Errorf("asked %d times for two logins", calls)
	}
}

func TestObjectAtAnAddress_thatDoesNotServe_isRefused(t *testing.T) {
	w, site, key := newWorld(t), newSite(t), ecKey(t)
	s := w.keeping(site, key)
	object := func(s keyed, change map[string]any) string {
		return sign(t, jose.ES256, key, w.object(s.shop, s.request("openid"), change))
	}
	for name, q := range map[string]url.Values{
		"another address": s.at(site.URL + "/other.jwt"), "a longer one": s.at(site.URL + "/r.jwt?x"), "a fragment": s.at(site.URL + "/r.jwt#x"),
		"of another vendor": w.vendor().at(site.URL + "/r.jwt"), "inside": s.at("https://127.0.0.1/r.jwt"), "no address": s.at("urn:x"),
	} {
		t.Run(name, func(t *testing.T) { wantRefusal(t, w.authorize(q, ""), "invalid_request_uri") })
	}
	both, twice := s.at(site.URL+"/r.jwt"), s.at(site.URL+"/r.jwt")
	both.Set("request", object(s, nil))
	twice.Add("request_uri", site.URL+"/r.jwt")
	wantRefusal(t, w.authorize(both, ""), "invalid_request")
	wantRefusal(t, w.authorize(twice, ""), "invalid_request")
	w.post("/oauth/par", s.shop, s.at(site.URL+"/r.jwt")).refused(t, 400, "invalid_request")
	if calls, _ := site.counts(); calls != 0 {
		t.Errorf("called %d times", calls)
	}
	for name, c := range map[string]struct {
		status int
		body   func(keyed) string
		code   string
	}{
		"nothing there":   {404, func(s keyed) string { return object(s, nil) }, "invalid_request_uri"},
		"no object":       {200, func(keyed) string { return "<html></html>" }, "invalid_request_uri"},
		"too large":       {200, func(s keyed) string { return object(s, map[string]any{"x": strings.Repeat("x", 17<<10)}) }, "invalid_request_uri"},
		"leads on inside": {302, func(keyed) string { return "" }, "invalid_request_uri"},
		"unsigned":        {200, func(s keyed) string { return none(t, w.object(s.shop, s.request("openid"), nil)) }, "request_not_supported"},
		"old":             {200, func(s keyed) string { return object(s, map[string]any{"exp": 1}) }, "invalid_request_object"},
		"of another":      {200, func(keyed) string { return object(s, nil) }, "invalid_request_object"},
		"another's key": {200, func(s keyed) string {
			return sign(t, jose.ES256, ecKey(t), w.object(s.shop, s.request("openid"), nil))
		}, "invalid_request_object"},
	} {
		t.Run(name, func(t *testing.T) {
			fresh := newSite(t)
			s := w.keeping(fresh, key)
			fresh.says(c.status, []byte(c.body(s)), "Location", "http://169.254.169.254/latest")
			wantRefusal(t, w.authorize(s.at(fresh.URL+"/r.jwt"), ""), c.code)
		})
	}
	// A mistake goes to registered addresses alone.
	away := s.at(site.URL + "/r.jwt")
	away.Set("redirect_uri", "https://evil.example/")
	site.says(http.StatusNotFound, nil)
	if rec := w.get("/oauth/authorize?"+away.Encode(), ""); rec.Code != http.StatusBadRequest {
		t.Errorf("%d %s", rec.Code, rec.Header().Get("Location"))
	}
}

func TestObjectAtAnAddress_whichIsNamedByItsHash_isThatVeryObject(t *testing.T) {
	w, site, key := newWorld(t), newSite(t), ecKey(t)
	object := func() []byte { // of no vendor in particular, since its hash comes before the vendor
		claims := w.object(w.vendor(), w.vendor().request("openid"), map[string]any{"iss": nil, "client_id": nil})
		return []byte(sign(t, jose.ES256, key, claims))
	}
	named := object()
	hash := sha256.Sum256(named)
	address := site.URL + "/r.jwt#" + base64.RawURLEncoding.EncodeToString(hash[:])
	s := w.signing(key, func(v *identity.Vendor) { v.Protocol.RequestURIs = []string{address} })
	site.says(http.StatusOK, object()) // good, and another
	wantRefusal(t, w.authorize(s.at(address), ""), "invalid_request_uri")
	w.clock.move(31 * time.Second)
	site.says(http.StatusOK, named)
	w.flow(s.at(address))
}

func TestObjectAtAnAddress_thatHasChanged_isLookedForAtMostOnceInAWhile(t *testing.T) {
	w, site, key := newWorld(t), newSite(t), ecKey(t)
	s := w.keeping(site, key)
	q := s.at(site.URL + "/r.jwt")
	says := func() {
		site.says(http.StatusOK, []byte(sign(t, jose.ES256, key, w.object(s.shop, s.request("openid"), nil))), "Cache-Control", "max-age=3600")
	}
	says()
	w.flow(q)
	w.clock.move(2 * time.Minute) // the object is good for one
	for range 5 {
		wantRefusal(t, w.authorize(q, ""), "invalid_request_object")
	}
	if calls, _ := site.counts(); calls != 2 {
		t.Errorf("asked %d times", calls)
	}
	says()
	w.clock.move(31 * time.Second)
	w.flow(q)
}

func TestRegistration_ofAddressesOfRequests_needsKeys_andNoPushing(t *testing.T) {
	w := registering(t, provider.RegistrationOpen)
	address := []any{"https://shop.example/r.jwt"}
	c := w.register(metadata{"request_uris": address, "jwks": json.RawMessage(keySetOf(t, ecKey(t)))})
	if v := w.registered(c); len(v.Protocol.RequestURIs) != 1 || v.Protocol.RequestURIs[0] != address[0] {
		t.Errorf("kept %v", v.Protocol.RequestURIs)
	}
	for name, change := range map[string]metadata{
		"pushed": {"require_pushed_authorization_requests": true}, "no keys": {"jwks": nil}, "http": {"request_uris": []string{"http://shop.example/r"}},
		"long": {"request_uris": []string{"https://shop.example/" + strings.Repeat("r", 512)}}, "many": {"request_uris": make([]string, 11)},
	} {
		m := metadata{"request_uris": address, "jwks": json.RawMessage(keySetOf(t, ecKey(t)))}
		maps.Copy(m, change)
		if c := w.call(http.MethodPost, "/oauth/register", "", described(m)); c.Status != 400 || c.text("error") != "invalid_client_metadata" {
			t.Errorf("%s: %d %s", name, c.Status, c.Body)
		}
	}
}
