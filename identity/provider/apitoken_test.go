package provider_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/meins-id/meins/identity"
)

const (
	ordersAPI = "https://api.shop.example/orders"
	stockAPI  = "https://api.shop.example/stock"
)

func withAPIs(v *identity.Vendor) { v.Protocol.Resources = []string{ordersAPI, stockAPI} }

// with sets parameters of a form.
func with(form url.Values, change ...string) url.Values {
	form = clone(form)
	for i := 0; i < len(change); i += 2 {
		form.Set(change[i], change[i+1])
	}
	return form
}

// ours checks the signature of something that we signed, as a vendor does, and gives its claims.
func (w *world) ours(t testing.TB, text, algorithm, kind string) map[string]any {
	t.Helper()
	parsed, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(algorithm)})
	w.must(err)
	if got := parsed.Headers[0].ExtraHeaders[jose.HeaderType]; got != kind {
		t.Errorf("typ %v, want %s", got, kind)
	}
	var claims map[string]any
	for _, key := range w.keys.PublicKeys() {
		if key.KeyID == parsed.Headers[0].KeyID {
			w.must(parsed.Claims(key.Key, &claims))
		}
	}
	if claims == nil {
		t.Fatal("signed by no key of ours")
	}
	return claims
}

func TestResource_givesATokenForThatAPI_whichOpensNothingHere(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(withAPIs), w.customer()
	q := s.request("openid email offline_access")
	q["resource"] = []string{ordersAPI, stockAPI}
	code, grant := c.approve(q, "email")
	a := w.post("/oauth/token", s, with(codeForm(code, s), "resource", ordersAPI))
	if a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	claims := w.ours(t, a.Access, "ES256", "at+jwt")
	exp, _ := claims["exp"].(float64)
	if claims["iss"] != issuer || claims["aud"] != ordersAPI || claims["client_id"] != string(s.ID) || claims["sub"] != claimsOf(t, a.ID)["sub"] ||
		claims["jti"] == nil || claims["scope"] != a.Scope || int64(exp) != w.clock.now().Add(10*time.Minute).Unix() {
		t.Errorf("claims: %v", claims)
	}
	if strings.Contains(a.Access, theEmail) || claims["email"] != nil || claims["sid"] != nil {
		t.Error("a token for an API holds what is not for it")
	}
	w.userinfo(a.Access).refused(t, 401, "invalid_token")

	next := w.post("/oauth/token", s, with(refreshForm(a.Refresh), "resource", stockAPI))
	if next.Status != http.StatusOK || w.ours(t, next.Access, "ES256", "at+jwt")["aud"] != stockAPI {
		t.Errorf("refresh: %d %s", next.Status, next.Body)
	}
	plain := w.post("/oauth/token", s, refreshForm(next.Refresh))
	if !strings.Contains(w.userinfo(plain.Access).Body, theEmail) {
		t.Error("without a resource the token is not for UserInfo")
	}

	if !w.introspect(s, a.Access) || w.introspect(w.vendor(), a.Access) {
		t.Error("introspection answers the wrong vendor")
	}
	_, err := w.consent.Withdraw(t.Context(), c.session.Account, grant)
	w.must(err)
	if w.introspect(s, a.Access) || w.introspect(s, next.Access) {
		t.Error("tokens of a withdrawn grant are active")
	}
}

func TestResource_thatWasNotAskedFor_isRefused(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(withAPIs), w.customer()
	wantRefusal(t, w.authorize(s.request("openid", "resource", "https://api.other.example/"), ""), "invalid_target")
	code, _ := c.approve(s.request("openid offline_access", "resource", ordersAPI))
	w.post("/oauth/token", s, with(codeForm(code, s), "resource", stockAPI)).refused(t, 400, "invalid_target")
	both := codeForm(code, s)
	both["resource"] = []string{ordersAPI, stockAPI}
	w.post("/oauth/token", s, both).refused(t, 400, "invalid_target")
	a := w.exchange(s, code) // none of that used the code up
	w.post("/oauth/token", s, with(refreshForm(a.Refresh), "resource", stockAPI)).refused(t, 400, "invalid_target")
	w.post("/oauth/token", s, asClient("resource", "https://api.other.example/")).refused(t, 400, "invalid_target")
	code, _ = c.approve(s.request("openid"))
	w.post("/oauth/token", s, with(codeForm(code, s), "resource", ordersAPI)).refused(t, 400, "invalid_target")
}

func TestResource_forTheVendorItself_andBoundToAKey(t *testing.T) {
	w := newWorld(t)
	s := w.vendor(withAPIs)
	p := w.prover(t, s)
	a := p.post("/oauth/token", s, asClient("resource", ordersAPI))
	claims := w.ours(t, a.Access, "ES256", "at+jwt")
	key, _ := claims["cnf"].(map[string]any)
	if a.Type != "DPoP" || key["jkt"] != p.thumbprint() || claims["sub"] != string(s.ID) || claims["auth_time"] != nil {
		t.Errorf("%s: %v", a.Type, claims)
	}
	if !w.introspect(s, a.Access) {
		t.Error("inactive")
	}
	w.post("/oauth/revoke", s, url.Values{"token": {a.Access}})
	if w.introspect(s, a.Access) {
		t.Error("active after it was revoked")
	}
	// An ID token is signed by the same keys, and is no access token.
	c := w.customer()
	code, _ := c.approve(s.request("openid"))
	if w.introspect(s, w.exchange(s, code).ID) {
		t.Error("an ID token passes for an access token")
	}
}

func TestIntrospection_isSignedForWhoAsksForIt(t *testing.T) {
	w := newWorld(t)
	s := w.vendor(func(v *identity.Vendor) { v.Protocol.IntrospectionAlg = "EdDSA" })
	token := w.post("/oauth/token", s, asClient()).Access
	for name, c := range map[string]struct {
		token  string
		active bool
	}{"good": {token, true}, "rubbish": {"rubbish", false}} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/oauth/introspect", strings.NewReader(url.Values{"token": {c.token}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", "application/json;q=0.5, application/token-introspection+jwt")
		r.SetBasicAuth(string(s.ID), s.secret)
		rec := w.do(r)
		if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "application/token-introspection+jwt" {
			t.Fatalf("%s: %d %s", name, rec.Code, rec.Header())
		}
		claims := w.ours(t, rec.Body.String(), "EdDSA", "token-introspection+jwt")
		said, _ := claims["token_introspection"].(map[string]any)
		if claims["iss"] != issuer || claims["aud"] != string(s.ID) || claims["iat"] == nil || said["active"] != c.active || claims["sub"] != nil || claims["exp"] != nil {
			t.Errorf("%s: %v", name, claims)
		}
	}
}

func TestUserInfo_isSignedAsTheVendorRegistered(t *testing.T) {
	w := newWorld(t)
	c := w.customer()
	for _, algorithm := range []string{"RS256", "ES256", "EdDSA", "PS256"} {
		s := w.vendor(func(v *identity.Vendor) { v.Protocol.UserInfoAlg = algorithm })
		code, _ := c.approve(s.request("openid email"), "email")
		a := w.exchange(s, code)
		info := w.userinfo(a.Access)
		if info.Status != http.StatusOK || info.Header.Get("Content-Type") != "application/jwt" {
			t.Fatalf("%d %v", info.Status, info.Header)
		}
		claims := w.ours(t, info.Body, algorithm, "JWT")
		if claims["iss"] != issuer || claims["aud"] != string(s.ID) || claims["email"] != theEmail || claims["name"] != nil || claims["sub"] != claimsOf(t, a.ID)["sub"] {
			t.Errorf("%s: %v", algorithm, claims)
		}
		grants, err := w.consent.Grants(t.Context(), c.session.Account)
		w.must(err)
		for _, g := range grants {
			_, _ = w.consent.Withdraw(t.Context(), c.session.Account, g.ID) // only the last is in force
		}
		gone := w.userinfo(a.Access)
		gone.refused(t, 401, "invalid_token")
		if strings.Contains(gone.Body, theEmail) {
			t.Error("a withdrawn grant is read")
		}
	}
}

func TestDiscovery_namesWhatProtocolsThereAre(t *testing.T) {
	w := newWorld(t)
	var said map[string]any
	w.must(json.Unmarshal(w.get("/.well-known/openid-configuration", "").Body.Bytes(), &said))
	for name, want := range map[string]any{
		"pushed_authorization_request_endpoint": issuer + "/oauth/par", "request_parameter_supported": true, "request_uri_parameter_supported": true,
		"authorization_response_iss_parameter_supported": true, "claims_parameter_supported": true,
	} {
		if said[name] != want {
			t.Errorf("%s = %v", name, said[name])
		}
	}
	for name, want := range map[string]string{
		"dpop_signing_alg_values_supported": "ES256 RS256 PS256 EdDSA", "request_object_signing_alg_values_supported": "ES256 RS256 PS256 EdDSA",
		"authorization_signing_alg_values_supported": "RS256 ES256 EdDSA PS256", "introspection_signing_alg_values_supported": "RS256 ES256 EdDSA PS256",
		"userinfo_signing_alg_values_supported": "RS256 ES256 EdDSA PS256 none", "id_token_signing_alg_values_supported": "RS256 ES256 EdDSA PS256",
		"userinfo_encryption_alg_values_supported": "ECDH-ES ECDH-ES+A256KW", "userinfo_encryption_enc_values_supported": "A256GCM",
		"response_modes_supported": "query fragment form_post jwt query.jwt fragment.jwt form_post.jwt",
	} {
		var list []string
		values, _ := said[name].([]any)
		for _, v := range values {
			text, _ := v.(string)
			list = append(list, text)
		}
		if strings.Join(list, " ") != want {
			t.Errorf("%s = %v", name, list)
		}
	}
}
