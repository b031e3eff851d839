package foreign_test

import (
	"crypto/tls"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"

	"github.com/meins-id/meins/internal/apptest"
)

// badge is a vendor that proves itself by a certificate, and the certificates of others.
type badge struct {
	program *apptest.Program
	vendor  apptest.Vendor
	own     *apptest.Certificate
	others  map[string][]tls.Certificate // by what they are
}

// newBadge starts a program that believes an authority, and registers a vendor by one of its certificates, or
// by one that the vendor signed itself.
func newBadge(t *testing.T, method string) badge {
	t.Helper()
	authority := apptest.NewCertificate(t, "authority.example", nil)
	b := badge{program: apptest.StartTLS(t, authority), own: apptest.NewCertificate(t, "kornblume.example", authority)}
	flags := []string{"--tls-san-dns", "kornblume.example"}
	if method == "self_signed_tls_client_auth" {
		b.own = apptest.NewCertificate(t, "kornblume.example", nil)
		flags = []string{"--jwks-file", keysOf(t, b.own)}
	}
	b.others = map[string][]tls.Certificate{
		"none": nil,
		"one of the same name that nobody vouches for": {apptest.NewCertificate(t, "kornblume.example", nil).TLS},
		"another vendor's, of the authority":           {apptest.NewCertificate(t, "veilchen.example", authority).TLS},
		"the provider's own":                           {b.program.Server.TLS},
	}
	b.vendor = b.program.AddVendor(t, callback, append(flags,
		"--auth-method", method, "--certificate-bound", "--signing-alg", "ES256", "--post-logout-redirect-uri", goodbye)...)
	if b.vendor.ClientSecret != "" {
		t.Error("a vendor with a certificate has a secret too")
	}
	return b
}

// keysOf is a file with a certificate among a vendor's keys.
func keysOf(t *testing.T, c *apptest.Certificate) string {
	t.Helper()
	key := jose.JSONWebKey{Key: c.TLS.Leaf.PublicKey, KeyID: "kornblume-1", Use: "sig", Certificates: nil}
	key.Certificates = append(key.Certificates, c.TLS.Leaf)
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "jwks.json")
	write(t, file, string(set))
	return file
}

// coreos is the vendor on coreos/go-oidc and x/oauth2. They know nothing of mutual TLS but the client that they
// are given, and the addresses that discovery names for it.
func (b badge) coreos(t *testing.T) *coreos {
	t.Helper()
	c := &coreos{http: b.client(b.own.TLS)}
	found, err := oidc.NewProvider(c.calling(t), b.program.Issuer)
	if err != nil {
		t.Fatalf("discover: %v", err)
	}
	var metadata struct {
		Methods []string          `json:"token_endpoint_auth_methods_supported"`
		JWKS    string            `json:"jwks_uri"`
		Bound   bool              `json:"tls_client_certificate_bound_access_tokens"`
		Aliases map[string]string `json:"mtls_endpoint_aliases"`
	}
	if err := found.Claims(&metadata); err != nil {
		t.Fatal(err)
	}
	if !metadata.Bound || metadata.Aliases["token_endpoint"] == "" || strings.HasPrefix(metadata.Aliases["userinfo_endpoint"], b.program.Issuer) {
		t.Fatalf("discovery says %+v", metadata)
	}
	config := oidc.ProviderConfig{
		IssuerURL: b.program.Issuer, AuthURL: found.Endpoint().AuthURL, JWKSURL: metadata.JWKS, Algorithms: []string{"ES256"},
		TokenURL: metadata.Aliases["token_endpoint"], UserInfoURL: metadata.Aliases["userinfo_endpoint"],
	}
	c.provider = config.NewProvider(c.calling(t))
	endpoint := c.provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInParams
	c.oauth = oauth2.Config{ClientID: b.vendor.ClientID, Endpoint: endpoint, RedirectURL: callback, Scopes: strings.Fields(scopes)}
	c.logout = found
	return c
}

func (b badge) client(certificates ...tls.Certificate) *http.Client {
	return &http.Client{Transport: b.program.Presenting(certificates...)}
}

func TestCoreosGoOIDC_byCertificate_goesTheWholeWay(t *testing.T) {
	for _, method := range []string{"tls_client_auth", "self_signed_tls_client_auth"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			b := newBadge(t, method)
			tell(t, b.program, b.coreos(t))
		})
	}
}

func TestCoreosGoOIDC_withoutItsCertificate_getsNothing(t *testing.T) {
	for _, method := range []string{"tls_client_auth", "self_signed_tls_client_auth"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			b := newBadge(t, method)
			o, c := b.coreos(t), b.program.SignUp(t, "ada", ada)
			if err := o.finish(t, c.Authorize(t, o.begin(t), "email")); err != nil {
				t.Fatal(err)
			}
			for name, certificates := range b.others {
				thief := *o
				thief.http = b.client(certificates...)
				if info, err := thief.userInfo(t); err == nil || !strings.Contains(err.Error(), "401") {
					t.Errorf("with %s, the token reads %v (%v)", name, info, err)
				}
				if err := thief.refresh(t); err == nil || !strings.Contains(err.Error(), "invalid_client") {
					t.Errorf("with %s, a refresh ends with: %v", name, err)
				}
				if err := thief.finish(t, c.Authorize(t, thief.begin(t))); err == nil || !strings.Contains(err.Error(), "invalid_client") {
					t.Errorf("with %s, a code ends with: %v", name, err)
				}
			}
			// Nothing of that has harmed whom the tokens are for.
			if err := o.refresh(t); err != nil {
				t.Errorf("refresh: %v", err)
			}
			sees(t, o, "ada@lovelace.example", "email", "sub")
		})
	}
}

// openidClient is the vendor on panva's openid-client. What it is told in the place of a secret are files.
func (b badge) openidClient(t *testing.T, other *apptest.Certificate) *openidClient {
	t.Helper()
	files := func(c *apptest.Certificate) map[string]string {
		return map[string]string{"cert": c.CertFile, "key": c.KeyFile}
	}
	secret, err := json.Marshal(map[string]any{"ca": b.program.Server.CertFile, "own": files(b.own), "other": files(other)})
	if err != nil {
		t.Fatal(err)
	}
	v := b.vendor
	v.ClientSecret = string(secret)
	return runOpenIDClient(t, "certificate.mjs", b.program, v, "", "ES256")
}

func TestOpenIDClient_byCertificate_goesTheWholeWay(t *testing.T) {
	for _, method := range []string{"tls_client_auth", "self_signed_tls_client_auth"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			b := newBadge(t, method)
			tell(t, b.program, b.openidClient(t, b.own))
		})
	}
}

func TestOpenIDClient_withoutItsCertificate_getsNothing(t *testing.T) {
	t.Parallel()
	b := newBadge(t, "tls_client_auth")
	o, c := b.openidClient(t, apptest.NewCertificate(t, "kornblume.example", nil)), b.program.SignUp(t, "ada", ada)
	if err := o.finish(t, c.Authorize(t, o.begin(t), "email")); err != nil {
		t.Fatal(err)
	}
	var said struct {
		Active  bool
		Confirm map[string]string `json:"cnf"`
	}
	if err := o.tell(t, &said, "command", "introspect"); err != nil || !said.Active || said.Confirm["x5t#S256"] == "" {
		t.Errorf("introspection: %+v, %v", said, err)
	}
	for _, presented := range []string{"nothing", "another"} {
		if err := o.tell(t, nil, "command", "stolen", "presented", presented); err != nil {
			t.Fatal(err)
		}
		if info, err := o.userInfo(t); err == nil || !strings.Contains(err.Error(), "401") {
			t.Errorf("with %s presented, the token reads %v (%v)", presented, info, err)
		}
		if err := o.refresh(t); err == nil || !strings.Contains(err.Error(), "401") {
			t.Errorf("with %s presented, a refresh ends with: %v", presented, err)
		}
		if err := o.finish(t, c.Authorize(t, o.begin(t))); err == nil || !strings.Contains(err.Error(), "401") {
			t.Errorf("with %s presented, a code ends with: %v", presented, err)
		}
	}
	if err := o.tell(t, nil, "command", "back"); err != nil {
		t.Fatal(err)
	}
	if err := o.refresh(t); err != nil {
		t.Errorf("refresh: %v", err)
	}
	sees(t, o, "ada@lovelace.example", "email", "sub")
}
