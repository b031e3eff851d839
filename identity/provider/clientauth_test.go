package provider_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
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
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/store"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// asClient is a vendor's request for a token of its own.
func asClient(more ...string) url.Values {
	form := url.Values{"grant_type": {"client_credentials"}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

// send posts a form with exactly these headers.
func (w *world) send(path string, form url.Values, user, password string) answer {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if user != "" {
		r.SetBasicAuth(user, password)
	}
	return read(w.do(r))
}

func TestClient_secretWorksInHeaderAndForm(t *testing.T) {
	w := newWorld(t)
	for _, method := range []string{"client_secret_basic", "client_secret_post"} {
		s := w.vendor(func(v *identity.Vendor) { v.AuthMethod = method })
		for _, a := range []answer{
			w.send("/oauth/token", asClient(), string(s.ID), s.secret),
			w.send("/oauth/token", asClient("client_id", string(s.ID), "client_secret", s.secret), "", ""),
		} {
			if a.Status != http.StatusOK || a.Access == "" || a.Refresh != "" || a.ID != "" {
				t.Errorf("%s: %d %s", method, a.Status, a.Body)
			}
		}
	}
}

func TestClient_headerIsFormDecoded(t *testing.T) {
	w := newWorld(t)
	s := w.vendor()
	encoded := strings.ReplaceAll(url.QueryEscape(s.secret), "_", "%5F")
	if a := w.send("/oauth/token", asClient(), string(s.ID), encoded); a.Status != http.StatusOK {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	w.send("/oauth/token", asClient(), string(s.ID), "%zz").refused(t, 401, "invalid_client")
}

func TestClient_wrongProof_isRefused_andUnknownLooksTheSame(t *testing.T) {
	w := newWorld(t)
	s := w.vendor()
	nobody := "abcdefghijklmnopqrstuvwxyz"
	bodies := map[string]bool{}
	for name, a := range map[string]answer{
		"wrong":          w.send("/oauth/token", asClient(), string(s.ID), "wrong"),
		"empty":          w.send("/oauth/token", asClient(), string(s.ID), ""),
		"none":           w.send("/oauth/token", asClient("client_id", string(s.ID)), "", ""),
		"unknown":        w.send("/oauth/token", asClient(), nobody, s.secret),
		"unknown, none":  w.send("/oauth/token", asClient("client_id", nobody), "", ""),
		"another's":      w.send("/oauth/token", asClient(), string(w.vendor().ID), s.secret),
		"very long":      w.send("/oauth/token", asClient(), strings.Repeat("a", 1000), s.secret),
		"not an id":      w.send("/oauth/token", asClient(), "../"+string(s.ID), s.secret),
		"empty in form":  w.send("/oauth/token", asClient("client_id", string(s.ID), "client_secret", ""), "", ""),
		"hash as secret": w.send("/oauth/token", asClient(), string(s.ID), string(s.SecretHash)),
	} {
		a.refused(t, 401, "invalid_client")
		if !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Basic ") {
			t.Errorf("%s: no challenge", name)
		}
		bodies[strings.TrimSpace(a.Body)] = true
	}
	if len(bodies) != 1 {
		t.Errorf("the refusals differ: %v", bodies)
	}
}

func TestClient_twoMethodsAtOnce_areRefused(t *testing.T) {
	w := newWorld(t)
	s := w.vendor()
	w.send("/oauth/token", asClient("client_id", string(s.ID), "client_secret", s.secret), string(s.ID), s.secret).refused(t, 400, "invalid_request")
	w.send("/oauth/token", asClient("client_id", string(w.vendor().ID)), string(s.ID), s.secret).refused(t, 400, "invalid_request")
	w.send("/oauth/token", asClient("client_assertion", "x", "client_assertion_type", assertionType), string(s.ID), s.secret).refused(t, 400, "invalid_request")
	w.send("/oauth/token", asClient(), "", "").refused(t, 400, "invalid_request")
}

func TestClient_public_provesNothing_andMayNotPretend(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(public), w.customer()
	code, _ := c.approve(s.request("openid"))
	form := codeForm(code, s)
	form.Set("client_id", string(s.ID))
	w.send("/oauth/token", codeForm(code, s), string(s.ID), "").refused(t, 401, "invalid_client")
	withSecret := clone(form)
	withSecret.Set("client_secret", "x")
	w.send("/oauth/token", withSecret, "", "").refused(t, 401, "invalid_client")
	if a := w.send("/oauth/token", form, "", ""); a.Status != http.StatusOK {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	w.send("/oauth/token", asClient("client_id", string(s.ID)), "", "").refused(t, 400, "unauthorized_client")
	w.send("/oauth/introspect", url.Values{"client_id": {string(s.ID)}, "token": {"x"}}, "", "").refused(t, 401, "invalid_client")
}

func TestClient_grantTypeNotRegistered_isRefused(t *testing.T) {
	w := newWorld(t)
	s := w.vendor(func(v *identity.Vendor) { v.GrantTypes = []string{"authorization_code"} })
	w.post("/oauth/token", s, asClient()).refused(t, 400, "unauthorized_client")
	w.post("/oauth/token", s, refreshForm("x")).refused(t, 400, "unauthorized_client")
	w.post("/oauth/token", s, url.Values{"grant_type": {deviceGrant}, "device_code": {"x"}}).refused(t, 400, "unauthorized_client")
	for _, unknown := range []string{"password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:openid:params:grant-type:ciba", "\"<>"} {
		a := w.post("/oauth/token", s, url.Values{"grant_type": {unknown}})
		a.refused(t, 400, "unsupported_grant_type")
		if strings.Contains(a.Body, unknown) {
			t.Error("the answer repeats the request")
		}
	}
	w.post("/oauth/token", s, url.Values{}).refused(t, 400, "invalid_request")
}

func TestClientCredentials_tokenOpensNoCustomer(t *testing.T) {
	w := newWorld(t)
	s := w.vendor()
	a := w.post("/oauth/token", s, asClient("scope", "openid email"))
	if a.Status != http.StatusOK || a.Scope != "" {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	w.userinfo(a.Access).refused(t, 403, "insufficient_scope")
	if !w.introspect(s, a.Access) {
		t.Error("inactive")
	}
}

// keyed is a vendor with a key of its own.
type keyed struct {
	shop
	key    crypto.Signer
	public jose.JSONWebKey
}

func (w *world) keyed(key crypto.Signer) keyed {
	w.t.Helper()
	k := keyed{key: key, public: jose.JSONWebKey{Key: key.Public(), KeyID: "k1", Use: "sig"}}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{k.public}})
	w.must(err)
	k.shop = w.vendor(func(v *identity.Vendor) { v.AuthMethod, v.JWKS = "private_key_jwt", set })
	return k
}

func ecKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// claims are those of a good assertion, with changes; a nil value removes one.
func (w *world) assertionClaims(k keyed, change map[string]any) map[string]any {
	now := w.clock.now()
	c := map[string]any{
		"iss": string(k.ID), "sub": string(k.ID), "aud": issuer + "/oauth/token", "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}
	maps.Copy(c, change)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

func sign(t testing.TB, alg jose.SignatureAlgorithm, key any, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", "k1"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (w *world) assert(assertion string, more ...string) answer {
	return w.send("/oauth/token", asClient(append(more, "client_assertion", assertion, "client_assertion_type", assertionType)...), "", "")
}

func TestAssertion_everySupportedAlgorithm(t *testing.T) {
	w := newWorld(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	w.must(err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	w.must(err)
	for alg, key := range map[jose.SignatureAlgorithm]crypto.Signer{jose.ES256: ecKey(t), jose.RS256: rsaKey, jose.PS256: rsaKey, jose.EdDSA: edKey} {
		k := w.keyed(key)
		for _, aud := range []any{issuer, issuer + "/oauth/token", []string{"x", issuer}} {
			if a := w.assert(sign(t, alg, key, w.assertionClaims(k, map[string]any{"aud": aud}))); a.Status != http.StatusOK {
				t.Errorf("%s: %d %s", alg, a.Status, a.Body)
			}
		}
	}
}

func TestAssertion_whatDoesNotHold_isRefused(t *testing.T) {
	w := newWorld(t)
	key := ecKey(t)
	k := w.keyed(key)
	other := w.keyed(ecKey(t))
	now := w.clock.now()
	for name, change := range map[string]map[string]any{
		"no jti":            {"jti": nil},
		"empty jti":         {"jti": ""},
		"no exp":            {"exp": nil},
		"expired":           {"exp": now.Add(-time.Minute).Unix()},
		"lives too long":    {"exp": now.Add(6 * time.Minute).Unix()},
		"for another":       {"aud": "https://other.example"},
		"for userinfo":      {"aud": issuer + "/oauth/userinfo"},
		"for nobody":        {"aud": nil},
		"aud of odd types":  {"aud": []any{1, nil}},
		"sub is another":    {"sub": string(other.ID)},
		"iss is another":    {"iss": string(other.ID)},
		"both are another":  {"iss": string(other.ID), "sub": string(other.ID)},
		"iss of odd type":   {"iss": 7},
		"from the future":   {"iat": now.Add(time.Hour).Unix()},
		"not yet valid":     {"nbf": now.Add(time.Hour).Unix()},
		"iss is nobody":     {"iss": "abcdefghijklmnopqrstuvwxyz", "sub": "abcdefghijklmnopqrstuvwxyz"},
		"exp of odd type":   {"exp": "soon"},
		"exp far too large": {"exp": 1e300},
	} {
		t.Run(name, func(t *testing.T) {
			w.assert(sign(t, jose.ES256, key, w.assertionClaims(k, change))).refused(t, 401, "invalid_client")
		})
	}
	good := sign(t, jose.ES256, key, w.assertionClaims(k, nil))
	w.assert(good, "client_id", string(other.ID)).refused(t, 401, "invalid_client")
	w.assert(good[:len(good)-4]+"AAAA").refused(t, 401, "invalid_client")
	w.assert(strings.Repeat("a", 20<<10)).refused(t, 401, "invalid_client")
	w.assert("").refused(t, 400, "invalid_request")
}

func TestAssertion_algorithmTricks_areRefused(t *testing.T) {
	w := newWorld(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	w.must(err)
	k := w.keyed(rsaKey)
	claims := w.assertionClaims(k, nil)
	der, err := x509.MarshalPKIXPublicKey(rsaKey.Public())
	w.must(err)
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	w.assert(sign(t, jose.HS256, public, claims)).refused(t, 401, "invalid_client")
	w.assert(none(t, claims)).refused(t, 401, "invalid_client")
	w.assert(none(t, claims)+"AAAA").refused(t, 401, "invalid_client")
	w.assert(sign(t, jose.RS512, rsaKey, claims)).refused(t, 401, "invalid_client")
	// The key comes along in the header: it is not looked at.
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: ecKey(t)}, &jose.SignerOptions{EmbedJWK: true})
	w.must(err)
	embedded, err := jwt.Signed(signer).Claims(claims).Serialize()
	w.must(err)
	w.assert(embedded).refused(t, 401, "invalid_client")
}

// none makes an unsecured JWT.
func none(t testing.TB, claims map[string]any) string {
	t.Helper()
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return b64(`{"alg":"none","typ":"JWT"}`) + "." + b64(string(body)) + "."
}

func TestAssertion_replayed_isRefused(t *testing.T) {
	w := newWorld(t)
	key := ecKey(t)
	k := w.keyed(key)
	claims := w.assertionClaims(k, nil)
	good := sign(t, jose.ES256, key, claims)
	if a := w.assert(good); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	w.assert(good).refused(t, 401, "invalid_client")
	w.assert(sign(t, jose.ES256, key, claims)).refused(t, 401, "invalid_client")
	w.clock.move(59 * time.Second)
	w.assert(good).refused(t, 401, "invalid_client")
}

func TestAssertion_vendorsKeepToTheirMethod(t *testing.T) {
	w := newWorld(t)
	key := ecKey(t)
	k := w.keyed(key)
	w.send("/oauth/token", asClient(), string(k.ID), "secret").refused(t, 401, "invalid_client")
	w.send("/oauth/token", asClient("client_id", string(k.ID)), "", "").refused(t, 401, "invalid_client")
	s := w.vendor()
	pretender := keyed{shop: s, key: key}
	w.assert(sign(t, jose.ES256, key, w.assertionClaims(pretender, nil))).refused(t, 401, "invalid_client")
	w.send("/oauth/token", asClient("client_assertion", "x", "client_assertion_type", "saml"), "", "").refused(t, 400, "invalid_request")
}

// What the store does not tell is no reason to call a vendor's token bad: it would ask for another one.
func TestVendorOf_vendorThatCannotBeRead_isNotCalledAStranger(t *testing.T) {
	w := newWorld(t)
	s := w.vendor()
	access := w.post("/oauth/token", s, asClient()).Access
	call := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/vendor/grants", nil)
	call.Header.Set("Authorization", "Bearer "+access)
	if got, err := w.p.VendorOf(call); err != nil || got != s.ID {
		t.Fatalf("%s, %v", got, err)
	}
	w.must(w.store.Update(t.Context(), func(tx store.Tx) error { return tx.Put("vendor/"+string(s.ID), []byte(`{"v":2}`), time.Time{}) }))
	if _, err := w.p.VendorOf(call); err == nil || errors.Is(err, provider.ErrVendorToken) {
		t.Errorf("unreadable: %v", err)
	}
	w.must(w.store.Update(t.Context(), func(tx store.Tx) error { return tx.Delete("vendor/" + string(s.ID)) }))
	if _, err := w.p.VendorOf(call); !errors.Is(err, provider.ErrVendorToken) {
		t.Errorf("removed: %v", err)
	}
}
