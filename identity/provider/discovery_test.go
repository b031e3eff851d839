package provider_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"
)

func TestDiscovery_saysWhatIsTrue(t *testing.T) {
	w := newWorld(t)
	var said map[string]any
	rec := w.get("/.well-known/openid-configuration", "")
	w.must(json.Unmarshal(rec.Body.Bytes(), &said))
	if said["issuer"] != issuer || said["code_challenge_methods_supported"].([]any)[0] != "S256" || said["request_uri_parameter_supported"] != false {
		t.Errorf("%v", said)
	}
	for name, value := range said {
		address, _ := value.(string)
		if !strings.HasPrefix(address, issuer+"/") {
			continue
		}
		path := strings.TrimPrefix(address, issuer)
		if got := w.get(path, ""); got.Code == http.StatusNotFound {
			t.Errorf("%s: nothing at %s", name, path)
		}
	}
	if same := w.get("/.well-known/oauth-authorization-server", ""); same.Body.String() != rec.Body.String() {
		t.Error("the two descriptions differ")
	}
	if w.get("/oauth/device_authorization", "").Code != http.StatusNotFound || w.get("/healthz", "").Code != http.StatusNotFound {
		t.Error("more is served than is described")
	}
}

func TestKeys_holdPublicKeysOfEveryAlgorithm_andNothingPrivate(t *testing.T) {
	w := newWorld(t)
	rec := w.get("/oauth/keys", "")
	var set jose.JSONWebKeySet
	w.must(json.Unmarshal(rec.Body.Bytes(), &set))
	var algorithms []string
	for _, k := range set.Keys {
		if !k.IsPublic() || k.Use != "sig" || k.KeyID == "" {
			t.Errorf("key %s: public %v", k.KeyID, k.IsPublic())
		}
		algorithms = append(algorithms, k.Algorithm)
	}
	slices.Sort(algorithms)
	if !slices.Equal(algorithms, []string{"ES256", "EdDSA", "RS256"}) || strings.Contains(rec.Body.String(), `"d"`) {
		t.Errorf("%v", algorithms)
	}
}

func TestCORS_isOpenWithoutCredentials_whereNoCookieCounts(t *testing.T) {
	w := newWorld(t)
	for path, open := range map[string]bool{
		"/.well-known/openid-configuration": true, "/oauth/keys": true, "/oauth/token": true, "/oauth/userinfo": true, "/oauth/revoke": true,
		"/oauth/introspect": false, "/oauth/authorize": false, "/oauth/end_session": false,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodOptions, path, nil)
		r.Header.Set("Origin", "https://app.example")
		r.Header.Set("Access-Control-Request-Method", "POST")
		rec := w.do(r)
		if open != (rec.Header().Get("Access-Control-Allow-Origin") == "*") || open != (rec.Code == http.StatusNoContent) {
			t.Errorf("%s: %d %v", path, rec.Code, rec.Header())
		}
		if rec.Header().Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s takes cookies across origins", path)
		}
	}
}
