package conformance_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"
)

// metadata is what discovery says.
type metadata map[string]any

func (o *op) metadata(t *testing.T) metadata {
	t.Helper()
	a := o.Send(t, o.Request(t, http.MethodGet, "/.well-known/openid-configuration", nil, ""))
	m := metadata{}
	if err := json.Unmarshal(a.Body, &m); err != nil || a.Status != http.StatusOK {
		t.Fatalf("discovery: %d %v", a.Status, err)
	}
	wantJSON(t, a)
	return m
}

// list is a member that must be a list of texts.
func (m metadata) list(name string) []string {
	var texts []string
	all, _ := m[name].([]any)
	for _, one := range all {
		text, _ := one.(string)
		texts = append(texts, text)
	}
	return texts
}

// has wants a list to name these.
func (m metadata) has(t *testing.T, name string, wanted ...string) {
	t.Helper()
	for _, one := range wanted {
		if !slices.Contains(m.list(name), one) {
			t.Errorf("%s lacks %s: %v", name, one, m[name])
		}
	}
}

// wantEndpoints wants every address to be the provider's own. That they have its scheme is all that can
// be seen here; a public issuer is https.
func (o *op) wantEndpoints(t *testing.T, m metadata) {
	t.Helper()
	for name, value := range m {
		if strings.HasSuffix(name, "_endpoint") || name == "jwks_uri" {
			if text, _ := value.(string); !strings.HasPrefix(text, o.Issuer+"/") {
				t.Errorf("%s is %v", name, value)
			}
		}
	}
}

// wantKeys checks the published set: whole public keys, each with a name of its own.
func (o *op) wantKeys(t *testing.T) jose.JSONWebKeySet {
	t.Helper()
	body := []byte(o.Get(t, o.Issuer+"/oauth/keys"))
	var set jose.JSONWebKeySet
	var members struct{ Keys []map[string]string }
	if err := json.Unmarshal(body, &set); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &members); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for i, key := range set.Keys {
		if !key.Valid() || !key.IsPublic() || key.KeyID == "" || names[key.KeyID] || key.Use != "sig" {
			t.Errorf("key %q", key.KeyID)
		}
		names[key.KeyID] = true
		for _, secret := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
			if members.Keys[i][secret] != "" {
				t.Errorf("key %q tells %s", key.KeyID, secret)
			}
		}
		for name, value := range members.Keys[i] {
			if strings.ContainsAny(value, "=+/") {
				t.Errorf("%s of key %q is not base64url without padding", name, key.KeyID)
			}
		}
	}
	if len(names) == 0 {
		t.Error("no keys")
	}
	return set
}

// The plan Config, and the same module of Dynamic as far as it concerns the code flow: that plan also
// wants the implicit flow, which is not offered here.
func TestConfig(t *testing.T) {
	t.Parallel()
	o := newOP(t, "--registration", "token")
	t.Run("oidcc-discovery-endpoint-verification", func(t *testing.T) {
		m := o.metadata(t)
		if m["issuer"] != o.Issuer {
			t.Errorf("issuer %v", m["issuer"])
		}
		m.has(t, "response_types_supported", "code")
		m.has(t, "grant_types_supported", "authorization_code")
		m.has(t, "id_token_signing_alg_values_supported", "RS256")
		m.has(t, "request_object_signing_alg_values_supported", "RS256")
		m.has(t, "scopes_supported", "openid")
		for _, name := range m.list("subject_types_supported") {
			if name != "pairwise" && name != "public" {
				t.Errorf("subject type %s", name)
			}
		}
		for _, name := range []string{"claims_supported", "userinfo_signing_alg_values_supported", "subject_types_supported"} {
			if len(m.list(name)) == 0 {
				t.Errorf("%s is empty", name)
			}
		}
		for _, name := range []string{"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "registration_endpoint", "jwks_uri"} {
			if m[name] == nil {
				t.Errorf("no %s", name)
			}
		}
		if m["request_parameter_supported"] != true || m["request_uri_parameter_supported"] != true || m["claims_parameter_supported"] != true {
			t.Errorf("requests: %v, %v, %v", m["request_parameter_supported"], m["request_uri_parameter_supported"], m["claims_parameter_supported"])
		}
		o.wantEndpoints(t, m)
		o.wantKeys(t)
	})
	for _, name := range []string{
		"oidcc-rp-initiated-logout-discovery-endpoint-verification",
		"oidcc-backchannel-logout-discovery-endpoint-verification",
		"oidcc-frontchannel-logout-discovery-endpoint-verification",
		"oidcc-session-management-discovery-endpoint-verification",
	} {
		t.Run(name, func(t *testing.T) {
			m := o.metadata(t)
			o.wantEndpoints(t, m)
			if strings.Contains(name, "session-management") {
				if frame, _ := m["check_session_iframe"].(string); frame != o.Issuer+"/oauth/check_session" {
					t.Errorf("check_session_iframe %q", frame)
				}
			}
			if m["end_session_endpoint"] == nil {
				t.Error("no end_session_endpoint")
			}
			if channel, _, told := strings.Cut(strings.TrimPrefix(name, "oidcc-"), "-logout"); told && channel != "rp-initiated" {
				if m[channel+"_logout_supported"] != true || m[channel+"_logout_session_supported"] != true {
					t.Errorf("%s: %v, %v", channel, m[channel+"_logout_supported"], m[channel+"_logout_session_supported"])
				}
			}
		})
	}
}
