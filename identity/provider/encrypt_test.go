package provider_test

import (
	"crypto/ecdsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
)

// inside is the JWT that a vendor's library finds in a nested one.
func inside(t *testing.T, key *ecdsa.PrivateKey, alg, text string) string {
	t.Helper()
	object, err := jose.ParseEncryptedCompact(text, []jose.KeyAlgorithm{jose.KeyAlgorithm(alg)}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if object.Header.ExtraHeaders["cty"] != "JWT" {
		t.Errorf("cty is %v", object.Header.ExtraHeaders["cty"])
	}
	plain, err := object.Decrypt(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

func TestIDToken_isEncryptedAsTheVendorRegistered(t *testing.T) {
	w := newWorld(t)
	for _, alg := range []string{"ECDH-ES", "ECDH-ES+A256KW"} {
		key, sealed := sealedFor(t, alg)
		s := w.vendor(func(v *identity.Vendor) {
			sealed(v)
			v.Protocol.UserInfoKeyAlg, v.Protocol.IDTokenKeyAlg = "", alg
		})
		if s.Protocol.IDTokenEnc != "A256GCM" {
			t.Errorf("enc is %q", s.Protocol.IDTokenEnc)
		}
		q := s.request("openid email offline_access", "claims", `{"id_token":{"name":null}}`)
		code, _ := w.customer().approve(q, "email", "name")
		a := w.exchange(s, code)
		if strings.Count(a.ID, ".") != 4 || strings.Contains(a.Body, theName) {
			t.Fatalf("not encrypted: %s", a.Body)
		}
		plain := a
		plain.ID = inside(t, key, alg, a.ID)
		verifyIDToken(t, w, plain, "ES256")
		if claims := claimsOf(t, plain.ID); claims["name"] != theName || claims["aud"] != string(s.ID) || claims["nonce"] != "no-nce" {
			t.Errorf("%v", claims)
		}
		next := w.post("/oauth/token", s, refreshForm(a.Refresh))
		if sub := claimsOf(t, inside(t, key, alg, next.ID))["sub"]; sub != claimsOf(t, plain.ID)["sub"] {
			t.Errorf("sub of a refreshed one is %v", sub)
		}
		// Decrypted, it says who is meant; encrypted, nothing to anybody but the vendor.
		if u := w.authorize(s.request("openid", "id_token_hint", plain.ID), ""); u.Path != "/continue" {
			t.Errorf("the hint led to %s", u)
		}
		wantRefusal(t, w.authorize(s.request("openid", "id_token_hint", a.ID), ""), "invalid_request")
	}
}

func TestIntrospection_isEncryptedAsTheVendorRegistered(t *testing.T) {
	w := newWorld(t)
	key, sealed := sealedFor(t, "ECDH-ES+A256KW")
	s := w.vendor(func(v *identity.Vendor) {
		sealed(v)
		v.Protocol.UserInfoKeyAlg, v.Protocol.IntrospectionKeyAlg, v.Protocol.IntrospectionAlg = "", "ECDH-ES+A256KW", "ES256"
	})
	a := w.post("/oauth/token", s, asClient())
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/oauth/introspect", strings.NewReader(url.Values{"token": {a.Access}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/token-introspection+jwt")
	r.SetBasicAuth(string(s.ID), url.QueryEscape(s.secret))
	said := read(w.do(r))
	if said.Header.Get("Content-Type") != "application/token-introspection+jwt" || strings.Count(said.Body, ".") != 4 {
		t.Fatalf("%d %s", said.Status, said.Body)
	}
	claims := w.ours(t, inside(t, key, "ECDH-ES+A256KW", said.Body), "ES256", "token-introspection+jwt")
	if body, _ := claims["token_introspection"].(map[string]any); body["active"] != true || claims["aud"] != string(s.ID) {
		t.Errorf("%v", claims)
	}
}

func TestIDToken_isEncryptedToTheKeyAtItsAddress_orNotIssued(t *testing.T) {
	w := newWorld(t)
	key, _ := sealedFor(t, "ECDH-ES")
	up := false
	keys := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		if !up {
			rw.WriteHeader(http.StatusBadGateway)
			return
		}
		_ = json.NewEncoder(rw).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "e", Use: "enc"}}})
	}))
	t.Cleanup(keys.Close)
	s := w.vendor(func(v *identity.Vendor) { v.JWKSURI, v.Protocol.IDTokenKeyAlg = keys.URL, "ECDH-ES" })
	s.AuthMethod = "client_secret_basic"
	code, _ := w.customer().approve(s.request("openid"))
	down := w.post("/oauth/token", s, codeForm(code, s))
	if down.Status != http.StatusServiceUnavailable || down.ID+down.Access != "" {
		t.Errorf("%d %s", down.Status, down.Body)
	}
	up = true
	w.clock.move(31e9) // the code was not used up
	if a := w.exchange(s, code); claimsOf(t, inside(t, key, "ECDH-ES", a.ID))["aud"] != string(s.ID) {
		t.Errorf("%s", a.Body)
	}
}

func TestRegistration_ofEncryptedAnswers_needsAKeyAndWhatIsListed(t *testing.T) {
	w := registering(t, provider.RegistrationOpen)
	key, _ := sealedFor(t, "ECDH-ES")
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "e", Use: "enc"}}})
	w.must(err)
	good := metadata{"jwks": json.RawMessage(set)}
	for _, what := range []string{"id_token", "introspection"} {
		alg, enc := what+"_encrypted_response_alg", what+"_encrypted_response_enc"
		good[alg], good[enc] = "ECDH-ES", "A256GCM"
		for name, change := range map[string]metadata{
			"no key": {"jwks": nil, alg: "ECDH-ES", enc: "A256GCM"}, "a key that signs": {"jwks": json.RawMessage(keySetOf(t, ecKey(t))), alg: "ECDH-ES", enc: "A256GCM"},
			"unsafe": {alg: "RSA1_5", enc: "A256GCM"}, "shared": {alg: "dir", enc: "A256GCM"}, "no enc": {alg: "ECDH-ES"}, "old enc": {alg: "ECDH-ES", enc: "A128CBC-HS256"},
			"enc alone": {enc: "A256GCM"},
		} {
			m := metadata{"jwks": json.RawMessage(set)}
			for k, v := range change {
				m[k] = v
			}
			if c := w.call(http.MethodPost, "/oauth/register", "", described(m)); c.Status != 400 || c.text("error") != "invalid_client_metadata" {
				t.Errorf("%s, %s: %d %s", what, name, c.Status, c.Body)
			}
		}
	}
	c := w.register(good)
	if v := w.registered(c).Protocol; v.IDTokenKeyAlg != "ECDH-ES" || v.IntrospectionKeyAlg != "ECDH-ES" || c.text("id_token_encrypted_response_enc") != "A256GCM" {
		t.Errorf("%s", c.Body)
	}
	// What is not here is refused by name, and not listed.
	for _, name := range []string{"request_object_encryption_alg", "authorization_encrypted_response_alg"} {
		if c := w.call(http.MethodPost, "/oauth/register", "", described(metadata{name: "ECDH-ES"})); c.Status != 400 {
			t.Errorf("%s: %d", name, c.Status)
		}
	}
	var said map[string]any
	w.must(json.Unmarshal(w.get("/.well-known/openid-configuration", "").Body.Bytes(), &said))
	if _, ok := said["request_object_encryption_alg_values_supported"]; ok {
		t.Error("encrypted request objects are listed")
	}
	if list, _ := said["id_token_encryption_alg_values_supported"].([]any); !slices.Equal(list, []any{"ECDH-ES", "ECDH-ES+A256KW"}) {
		t.Errorf("%v", list)
	}
}
