package conformance_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"image"
	"image/png"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/internal/apptest"
)

// registrar is an operator who lets vendors register, and what the suite sends to do so.
type registrar struct {
	*op
	token  string // of an invitation
	method string // of client authentication
}

func newRegistrar(t *testing.T, method string) *registrar {
	t.Helper()
	o := newOP(t, "--registration", "token")
	var invited struct{ Token string }
	if err := json.Unmarshal([]byte(o.Do(t, "vendor", "token", "new", "--uses", "0", "--pkce", "optional", "--json")), &invited); err != nil {
		t.Fatal(err)
	}
	return &registrar{o, invited.Token, method}
}

func (r *registrar) callback() string { return r.suite.URL + base + "/callback" }

// sends is what every module registers, with what one adds to it or, as nil, leaves out.
func (r *registrar) sends(k *keys, more map[string]any) map[string]any {
	m := map[string]any{
		"client_name": "OIDF conformance vT1KMb5e3uPn8Qx", "grant_types": []string{"authorization_code"}, "response_types": []string{"code"},
		"redirect_uris": []string{r.callback()}, "contacts": []string{"certification@oidf.org"},
		"token_endpoint_auth_method": r.method, "jwks": k.public(),
	}
	maps.Copy(m, more)
	maps.DeleteFunc(m, func(_ string, value any) bool { return value == nil })
	return m
}

// posts calls the registration endpoint.
func (r *registrar) posts(t *testing.T, metadata map[string]any) apptest.Answer {
	t.Helper()
	body, err := json.Marshal(metadata)
	if err != nil {
		t.Fatal(err)
	}
	q := r.Request(t, http.MethodPost, "/oauth/register", bytes.NewReader(body), apptest.JSON)
	q.Header.Set("Authorization", "Bearer "+r.token)
	return r.Send(t, q)
}

// registers makes a client for one module, checks the answer, and sees at the end that it can be deleted.
func (r *registrar) registers(t *testing.T, k *keys, more map[string]any) *rp {
	t.Helper()
	metadata := r.sends(k, more)
	a := r.posts(t, metadata)
	if a.Status != http.StatusCreated || a.Text("client_id") == "" {
		t.Fatalf("not registered: %d %s", a.Status, a.Body)
	}
	wantJSON(t, a)
	c := &rp{
		op: r.op, id: a.Text("client_id"), secret: a.Text("client_secret"), method: r.method, keys: k,
		redirect: metadata["redirect_uris"].([]string)[0], token: a.Text("registration_access_token"), uri: a.Text("registration_client_uri"), registered: a,
	}
	if !strings.HasPrefix(c.uri, r.Issuer+"/") || c.token == "" || c.secret != "" && a.Text("client_secret_expires_at") == "" {
		t.Errorf("registered %s", a.Body)
	}
	t.Cleanup(func() {
		if a := c.manages(t, http.MethodDelete); a.Status != http.StatusNoContent {
			t.Errorf("not deleted: %d %s", a.Status, a.Body)
		}
	})
	return c
}

// manages calls the address of one registration.
func (c *rp) manages(t *testing.T, method string) apptest.Answer {
	t.Helper()
	r := c.Request(t, method, strings.TrimPrefix(c.uri, c.Issuer), nil, "")
	r.Header.Set("Authorization", "Bearer "+c.token)
	return c.Send(t, r.WithContext(context.WithoutCancel(t.Context()))) // deleted is after the test
}

// notRegistered wants an error of RFC 7591, 3.2.2.
func (r *registrar) notRegistered(t *testing.T, more map[string]any, code string) {
	t.Helper()
	a := r.posts(t, r.sends(newKeys(t, ""), more))
	a.Refused(t, http.StatusBadRequest, code)
	wantJSON(t, a)
}

func plain(r *registrar) func(*testing.T, map[string]any) *rp {
	return func(t *testing.T, more map[string]any) *rp { return r.registers(t, newKeys(t, ""), more) }
}

// The plan Dynamic with response_type=code. What its discovery module wants beyond that, the implicit flow, is
// not offered.
func TestDynamic(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "private_key_jwt")
	register := plain(r)
	for _, m := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"oidcc-idtoken-rs256", func(t *testing.T) { register(t, map[string]any{"id_token_signed_response_alg": "RS256"}).login(t) }},
		{"oidcc-idtoken-signature", func(t *testing.T) { register(t, nil).login(t) }},
		{"oidcc-idtoken-unsigned", func(t *testing.T) {
			if slices.Contains(r.metadata(t).list("id_token_signing_alg_values_supported"), "none") {
				t.Error("the suite skips this only where none is not listed")
			}
		}},
		{"oidcc-userinfo-rs256", r.userInfoRS256},
		{"oidcc-ensure-redirect-uri-in-authorization-request", func(t *testing.T) {
			c := register(t, nil)
			c.shown(t, c.request("redirect_uri", ""))
		}},
		{"oidcc-redirect-uri-query-OK", func(t *testing.T) {
			l := register(t, map[string]any{"redirect_uris": []string{r.callback() + "?dummy1=lorem&dummy2=ipsum"}}).login(t)
			if l.received.Get("dummy1") != "lorem" || l.received.Get("dummy2") != "ipsum" {
				t.Errorf("received %v", l.received)
			}
		}},
		{"oidcc-redirect-uri-query-mismatch", func(t *testing.T) {
			c := register(t, map[string]any{"redirect_uris": []string{r.callback() + "?dummy1=lorem&dummy2=ipsum"}})
			c.shown(t, c.request("redirect_uri", r.callback()+"?dummy1=lorem&dummy2=dolor"))
		}},
		{"oidcc-redirect-uri-query-added", func(t *testing.T) {
			c := register(t, nil)
			c.shown(t, c.request("redirect_uri", r.callback()+"?foo=bar"))
		}},
		{"oidcc-redirect-uri-regfrag", func(t *testing.T) {
			r.notRegistered(t, map[string]any{"redirect_uris": []string{r.callback() + "#foobar"}}, "invalid_redirect_uri")
		}},
		{"oidcc-server", func(t *testing.T) { register(t, nil).login(t) }},
		{"oidcc-registration-logo-uri", r.logo},
		{"oidcc-registration-policy-uri", r.linked("policy_uri")},
		{"oidcc-registration-tos-uri", r.linked("tos_uri")},
		{"oidcc-registration-jwks-uri", func(t *testing.T) {
			k := newKeys(t, "first")
			r.registers(t, k, map[string]any{"jwks": nil, "jwks_uri": r.suite.serves("/client1_jwks", k.public())}).login(t)
		}},
		{"oidcc-registration-sector-uri", func(t *testing.T) {
			register(t, map[string]any{"subject_type": "pairwise", "sector_identifier_uri": r.suite.serves("/redirect_uris.json", []string{r.callback()})})
		}},
		{"oidcc-registration-sector-bad", func(t *testing.T) {
			r.notRegistered(t, map[string]any{
				"subject_type": "pairwise", "sector_identifier_uri": r.suite.serves("/redirect_uris.json", []string{"https://example.com/op"}),
			}, "invalid_client_metadata")
		}},
		{"oidcc-server-rotate-keys", func(t *testing.T) { r.rotates(t) }},
		{"oidcc-request-uri-unsigned", func(t *testing.T) {
			// It is skipped where none is not listed; until then the client must be there.
			register(t, map[string]any{"request_uris": []string{r.suite.URL + base + "/requesturi/one"}})
			r.wantAddresses(t)
		}},
		{"oidcc-request-uri-signed-rs256", func(t *testing.T) {
			r.wantAddresses(t)
			address := r.suite.URL + base + "/requesturi/" + rand.Text()
			c := register(t, map[string]any{"request_uris": []string{address}, "request_object_signing_alg": "RS256"})
			c.loginAt(t, address)
		}},
		{"oidcc-refresh-token", func(t *testing.T) {
			more := map[string]any{"grant_types": []string{"authorization_code", "refresh_token"}}
			c := register(t, more)
			c.second = register(t, more)
			refreshToken(t, c)
		}},
		{"oidcc-ensure-client-assertion-with-iss-aud-succeeds", func(t *testing.T) {
			c := register(t, nil)
			l := c.begin(t)
			c.wantTokens(t, &l, c.Send(t, c.proves(t, c.codeForm(l.code), map[string]any{"aud": c.Issuer})))
			c.wantIDToken(t, l)
		}},
	} {
		t.Run(m.name, m.run)
	}
}

// userInfoRS256 wants a signed answer (Core 5.3.2).
func (r *registrar) userInfoRS256(t *testing.T) {
	r.metadata(t).has(t, "userinfo_signing_alg_values_supported", "RS256")
	c := r.registers(t, newKeys(t, ""), map[string]any{"userinfo_signed_response_alg": "RS256"})
	l := c.begin(t)
	c.redeem(t, &l)
	a := c.Send(t, c.bearer(t, http.MethodGet, l.access))
	if kind, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";"); a.Status != http.StatusOK || kind != "application/jwt" {
		t.Fatalf("%d as %s: %s", a.Status, kind, a.Body)
	}
	claims := c.opened(t, string(a.Body))
	if claims["iss"] != c.Issuer || claims["aud"] != c.id || claims["sub"] != l.claims["sub"] {
		t.Errorf("UserInfo %v", claims)
	}
}

// visited is the page that somebody is shown who is not signed in.
func (c *rp) visited(t *testing.T) string {
	t.Helper()
	stranger := c.Customer(t)
	answer := stranger.Send(t, c.authorize(t, c.request()))
	to := answer.Header.Get("Location")
	u, err := url.Parse(to)
	if err != nil || answer.Status/100 != 3 || u.Path != "/continue" {
		t.Fatalf("%d to %s", answer.Status, to)
	}
	page := stranger.Send(t, c.Request(t, http.MethodGet, u.RequestURI(), nil, ""))
	if page.Status != http.StatusOK || !strings.Contains(string(page.Body), `name="passphrase"`) {
		t.Fatalf("no login page: %d", page.Status)
	}
	return string(page.Body)
}

// logo wants the picture on the login page, served from here (Registration 2, 9.2).
func (r *registrar) logo(t *testing.T) {
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 100, 50))); err != nil {
		t.Fatal(err)
	}
	address := r.suite.serves("/openid.png", picture.Bytes())
	c := r.registers(t, newKeys(t, ""), map[string]any{"logo_uri": address})
	page := c.visited(t)
	if !strings.Contains(page, `src="/vendors/`+c.id+`/logo?v=`) || strings.Contains(page, address) {
		t.Errorf("the login page does not show the logo, or links to it")
	}
}

// linked wants the address on the login page (Registration 2).
func (r *registrar) linked(name string) func(*testing.T) {
	return func(t *testing.T) {
		c := r.registers(t, newKeys(t, ""), map[string]any{name: "https://openid.net/" + name})
		if page := c.visited(t); !strings.Contains(page, `href="https://openid.net/`+name+`"`) {
			t.Errorf("the login page does not link to the %s", name)
		}
	}
}

// rotates wants new keys beside the old ones (Core 10.1.1).
func (r *registrar) rotates(t *testing.T) {
	t.Helper()
	before := r.wantKeys(t)
	r.Do(t, "keys", "rotate")
	after := r.wantKeys(t)
	fresh := slices.DeleteFunc(slices.Clone(after.Keys), func(k jose.JSONWebKey) bool { return len(before.Key(k.KeyID)) > 0 })
	if len(fresh) == 0 {
		t.Error("no new key")
	}
	for _, key := range before.Keys {
		if len(after.Key(key.KeyID)) == 0 {
			t.Errorf("the old key %s is gone", key.KeyID)
		}
		if slices.ContainsFunc(fresh, func(k jose.JSONWebKey) bool { return sameKey(t, k, key) }) {
			t.Errorf("%s has a new name", key.KeyID)
		}
	}
}

func sameKey(t *testing.T, a, b jose.JSONWebKey) bool {
	t.Helper()
	first, err := json.Marshal(jose.JSONWebKey{Key: a.Key})
	if err != nil {
		t.Fatal(err)
	}
	second, err := json.Marshal(jose.JSONWebKey{Key: b.Key})
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Equal(first, second)
}

// The modules about unsigned objects are skipped by the suite where none is not listed:
// oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported and
// oidcc-ensure-request-object-with-redirect-uri.
func TestUnsignedRequests(t *testing.T) {
	t.Parallel()
	o := newOP(t)
	c := o.clients(t)
	if listed := o.metadata(t).list("request_object_signing_alg_values_supported"); len(listed) == 0 || slices.Contains(listed, "none") {
		t.Errorf("listed: %v", listed)
	}
	object := "eyJhbGciOiJub25lIn0.e30."
	q := c.request("request", object)
	c.refused(t, q, c.opens(t, c.authorize(t, q)), "request_not_supported")
	c.shown(t, c.request("request", object, "redirect_uri", c.redirect+"/invalid"))
}

// wantAddresses wants discovery to say that addresses of request objects are taken.
func (o *op) wantAddresses(t *testing.T) {
	t.Helper()
	m := o.metadata(t)
	m.has(t, "request_object_signing_alg_values_supported", "RS256")
	if m["request_uri_parameter_supported"] != true {
		t.Errorf("request_uri_parameter_supported: %v", m["request_uri_parameter_supported"])
	}
}

// loginAt keeps a signed request at an address, and logs in by it. Beside the address stands what OAuth
// wants there (Core 6.2), and nothing else.
func (c *rp) loginAt(t *testing.T, address string) {
	t.Helper()
	inside := c.request()
	claims := map[string]any{"iss": c.id, "aud": c.Issuer}
	for name := range inside {
		claims[name] = inside.Get(name)
	}
	c.suite.serves(strings.TrimPrefix(address, c.suite.URL+base), []byte(c.keys.signs(t, claims)))
	q := url.Values{"request_uri": {address}}
	for _, name := range []string{"client_id", "response_type", "scope", "redirect_uri"} {
		q.Set(name, inside.Get(name))
	}
	l := c.accepted(t, inside, c.opens(t, c.authorize(t, q)))
	c.redeem(t, &l)
	c.wantIDToken(t, l)
}

// The operator's vendors may keep requests at addresses too; others' addresses are not called.
func TestRequestsByAddress(t *testing.T) {
	t.Parallel()
	o := newOP(t)
	k := newKeys(t, "one")
	file := filepath.Join(t.TempDir(), "keys.json")
	set, err := json.Marshal(k.public())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, set, 0o600); err != nil {
		t.Fatal(err)
	}
	address := o.suite.URL + base + "/requesturi/" + rand.Text()
	v := o.AddVendor(t, o.suite.URL+base+"/callback", "--pkce", "optional", "--jwks-file", file, "--auth-method", "client_secret_basic", "--request-uri", address)
	c := &rp{op: o, id: v.ClientID, secret: v.ClientSecret, method: "client_secret_basic", keys: k, redirect: v.RedirectURI}
	c.loginAt(t, address)
	q := c.request("request_uri", address+"2")
	c.refused(t, q, c.opens(t, c.authorize(t, q)), "invalid_request_uri")
}

// The plan 3rd-party-initiated login.
func TestInitiatedLogin(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "client_secret_basic")
	t.Run("oidcc-3rd_party-init-login", func(t *testing.T) {
		address := "https://www.certification.openid.net" + base + "/initiate_login"
		c := r.registers(t, newKeys(t, ""), map[string]any{"initiate_login_uri": address})
		a := c.manages(t, http.MethodGet)
		if a.Status != http.StatusOK || a.Text("initiate_login_uri") != address || c.registered.Text("initiate_login_uri") != address {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		wantJSON(t, a)
	})
	t.Run("oidcc-3rd_party-init-login-nohttps", func(t *testing.T) {
		r.notRegistered(t, map[string]any{"initiate_login_uri": "http://www.certification.openid.net" + base + "/initiate_login"}, "invalid_client_metadata")
	})
}
