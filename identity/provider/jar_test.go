package provider_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
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

// signing is a vendor with a secret that signs its requests.
func (w *world) signing(key crypto.Signer, change ...func(*identity.Vendor)) keyed {
	w.t.Helper()
	k := keyed{key: key, public: jose.JSONWebKey{Key: key.Public(), KeyID: "k1", Use: "sig"}}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{k.public}})
	w.must(err)
	k.shop = w.vendor(append(change, func(v *identity.Vendor) { v.JWKS = set })...)
	return k
}

// object makes the claims of a request object that says all there is to say.
func (w *world) object(s shop, q url.Values, change map[string]any) map[string]any {
	now := w.clock.now()
	c := map[string]any{
		"iss": string(s.ID), "aud": issuer, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Minute).Unix(), "jti": rand.Text(),
	}
	for name := range q {
		c[name] = q.Get(name)
	}
	maps.Copy(c, change)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

// holding is the request that brings an object.
func (s shop) holding(object string) url.Values {
	return url.Values{"client_id": {string(s.ID)}, "redirect_uri": {s.RedirectURIs[0]}, "response_type": {"code"}, "scope": {"openid"}, "request": {object}, "state": {"st-ate"}}
}

func TestObject_everyAlgorithm_leadsToTokens(t *testing.T) {
	w := newWorld(t)
	c := w.customer()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	w.must(err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	w.must(err)
	for alg, key := range map[jose.SignatureAlgorithm]crypto.Signer{jose.ES256: ecKey(t), jose.RS256: rsaKey, jose.PS256: rsaKey, jose.EdDSA: edKey} {
		s := w.signing(key, func(v *identity.Vendor) { v.Protocol.RequireSigned = true })
		object := sign(t, alg, key, w.object(s.shop, s.request("openid email", "nonce", "inside"), map[string]any{
			"max_age": 3600, "claims": map[string]any{"userinfo": map[string]any{"name": nil}},
		}))
		q := s.holding(object)
		q.Set("nonce", "outside") // does not count
		q.Set("scope", "openid address")
		address := c.answered(q, "email", "name")
		a := w.exchange(s.shop, parameter(t, address, "code"))
		if a.Scope != "openid email" || claimsOf(t, a.ID)["nonce"] != "inside" || !strings.Contains(w.userinfo(a.Access).Body, theName) {
			t.Errorf("%s: scope %q", alg, a.Scope)
		}
		// The same by PAR.
		uri := w.push(s.shop, url.Values{"client_id": {string(s.ID)}, "request": {object}})
		w.flow(s.named(uri))
	}
}

func TestObject_thatDoesNotHold_isRefused(t *testing.T) {
	w := newWorld(t)
	key := ecKey(t)
	s := w.signing(key)
	now := w.clock.now()
	good := s.request("openid")
	for name, change := range map[string]map[string]any{
		"iss is another":       {"iss": "somebody"},
		"client_id is another": {"client_id": string(w.vendor().ID)},
		"client_id a number":   {"client_id": 7},
		"aud is another":       {"aud": "https://other.example"},
		"expired":              {"exp": now.Add(-time.Minute).Unix()},
		"not yet valid":        {"nbf": now.Add(time.Hour).Unix()},
		"from the future":      {"iat": now.Add(time.Hour).Unix()},
		"sub is the client":    {"sub": string(s.ID)},
		"another object":       {"request": "a.b.c"},
		"a reference":          {"request_uri": "urn:x"},
		"aud of an odd type":   {"aud": 7},
	} {
		t.Run(name, func(t *testing.T) {
			object := sign(t, jose.ES256, key, w.object(s.shop, good, change))
			wantRefusal(t, w.authorize(s.holding(object), ""), "invalid_request_object")
			w.post("/oauth/par", s.shop, url.Values{"request": {object}}).refused(t, 400, "invalid_request_object")
		})
	}
	plain := w.object(s.shop, good, nil)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	w.must(err)
	typed, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", "k1").WithType("dpop+jwt"))
	w.must(err)
	proof, err := jwt.Signed(typed).Claims(plain).Serialize()
	w.must(err)
	for name, object := range map[string]string{
		"rubbish": "rubbish", "another key": sign(t, jose.ES256, ecKey(t), plain), "a shared secret": sign(t, jose.HS256, []byte(strings.Repeat("s", 32)), plain),
		"weak": sign(t, jose.RS512, rsaKey, plain), "another type": proof, "encrypted": "a.b.c.d.e",
	} {
		t.Run(name, func(t *testing.T) { wantRefusal(t, w.authorize(s.holding(object), ""), "invalid_request_object") })
	}
	wantRefusal(t, w.authorize(s.holding(none(t, plain)), ""), "request_not_supported")
}

func TestObject_namesTheAddress_andOnlyARegisteredOne(t *testing.T) {
	w := newWorld(t)
	key := ecKey(t)
	s := w.signing(key)
	evil := sign(t, jose.ES256, key, w.object(s.shop, s.request("openid", "redirect_uri", "https://evil.test/"), nil))
	if rec := w.get("/oauth/authorize?"+s.holding(evil).Encode(), ""); rec.Code != http.StatusBadRequest || rec.Header().Get("Location") != "" {
		t.Errorf("%d %s", rec.Code, rec.Header().Get("Location"))
	}
	// A broken object and a wrong address beside it: nobody is sent anywhere.
	q := s.holding("rubbish")
	q.Set("redirect_uri", "https://evil.test/")
	if rec := w.get("/oauth/authorize?"+q.Encode(), ""); rec.Code != http.StatusBadRequest || rec.Header().Get("Location") != "" {
		t.Errorf("%d %s", rec.Code, rec.Header().Get("Location"))
	}
	// A mistake inside goes to the address and in the mode that stand inside.
	wrong := sign(t, jose.ES256, key, w.object(s.shop, s.request("email", "response_mode", "fragment"), nil))
	if got := w.received(w.authorize(s.holding(wrong), "").String()); got.Get("error") != "invalid_scope" {
		t.Errorf("%v", got)
	}
}

func TestObject_isDemanded_ofWhomItWasRegisteredFor(t *testing.T) {
	w := newWorld(t)
	key := ecKey(t)
	s := w.signing(key, func(v *identity.Vendor) { v.Protocol.RequireSigned, v.Protocol.RequestAlg = true, "ES256" })
	wantRefusal(t, w.authorize(s.request("openid"), ""), "invalid_request")
	w.post("/oauth/par", s.shop, s.request("openid")).refused(t, 400, "invalid_request")
	for _, missing := range []string{"iss", "aud", "exp", "nbf", "client_id"} {
		object := sign(t, jose.ES256, key, w.object(s.shop, s.request("openid"), map[string]any{missing: nil}))
		wantRefusal(t, w.authorize(s.holding(object), ""), "invalid_request_object")
	}
	long := w.object(s.shop, s.request("openid"), map[string]any{"exp": w.clock.now().Add(2 * time.Hour).Unix()})
	wantRefusal(t, w.authorize(s.holding(sign(t, jose.ES256, key, long)), ""), "invalid_request_object")
	w.flow(s.holding(sign(t, jose.ES256, key, w.object(s.shop, s.request("openid"), nil))))
}

// FuzzObject sends any request object: never a 5xx, and never a flow that no vendor signed.
func FuzzObject(f *testing.F) {
	w := newWorld(f)
	key := ecKey(f)
	s := w.signing(key)
	good := sign(f, jose.ES256, key, w.object(s.shop, s.request("openid"), nil))
	f.Add(good)
	f.Add(none(f, map[string]any{}))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, object string) {
		rec := w.do(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/oauth/authorize?"+s.holding(object).Encode(), nil))
		if rec.Code >= 500 || strings.HasPrefix(rec.Header().Get("Location"), "/continue") && object != good && object != "" {
			t.Errorf("%q: %d %s", object, rec.Code, rec.Header().Get("Location"))
		}
	})
}
