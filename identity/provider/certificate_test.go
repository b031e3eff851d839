package provider_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
)

const mtlsAddress = "https://mtls.example"

// authority issues certificates.
type authority struct {
	w    *world
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// badge is a certificate with its key and what stands between it and its authority.
type badge struct {
	cert  *x509.Certificate
	key   crypto.Signer
	chain []*x509.Certificate
}

func (w *world) certificate(template x509.Certificate, key crypto.Signer, by *x509.Certificate, byKey crypto.Signer) *x509.Certificate {
	w.t.Helper()
	template.SerialNumber = big.NewInt(1)
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = w.clock.now().Add(-time.Hour), w.clock.now().Add(time.Hour)
	}
	if by == nil {
		by, byKey = &template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, by, key.Public(), byKey)
	w.must(err)
	cert, err := x509.ParseCertificate(der)
	w.must(err)
	return cert
}

func (w *world) authority(name string) authority {
	key := ecKey(w.t)
	return authority{w, w.certificate(x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, key, nil, nil), key}
}

// issue gives a certificate for clients; change may make it another.
func (a authority) issue(change ...func(*x509.Certificate)) badge {
	template := x509.Certificate{
		Subject: pkix.Name{CommonName: "flowers", Organization: []string{"Blumen, Töpfe & Co."}, Country: []string{"DE"}}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		DNSNames: []string{"Client.shop.example"}, EmailAddresses: []string{"client@shop.example"}, IPAddresses: []net.IP{net.ParseIP("192.0.2.7"), net.ParseIP("2001:db8::7")},
	}
	u, err := url.Parse("spiffe://shop.example/client")
	a.w.must(err)
	template.URIs = []*url.URL{u}
	for _, c := range change {
		c(&template)
	}
	key := ecKey(a.w.t)
	return badge{cert: a.w.certificate(template, key, a.cert, a.key), key: key}
}

// selfSigned is a certificate that nobody vouches for.
func (w *world) selfSigned() badge {
	key := ecKey(w.t)
	return badge{cert: w.certificate(x509.Certificate{Subject: pkix.Name{CommonName: "flowers"}}, key, nil, nil), key: key}
}

// certified is a world with an authority, and a listener of its own that asks for certificates.
type certified struct {
	*world
	ca     authority
	server *httptest.Server
}

func newCertified(t testing.TB, change ...func(*provider.Options)) certified {
	t.Helper()
	w := newWorld(t)
	c := certified{world: w, ca: w.authority("Root")}
	roots := x509.NewCertPool()
	roots.AddCert(c.ca.cert)
	p, err := w.provider(slog.New(slog.NewTextHandler(w.log, nil)), append([]func(*provider.Options){func(o *provider.Options) {
		o.Certificates, o.Registration = provider.Certificates{Address: mtlsAddress, Roots: roots}, provider.RegistrationOpen
	}}, change...)...)
	w.must(err)
	w.p, w.http = p, p.Handler()
	c.server = httptest.NewUnstartedServer(provider.CertificateSource{}.Handler(w.http))
	c.server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	c.server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12}
	c.server.StartTLS()
	t.Cleanup(c.server.Close)
	return c
}

// request sends one over a real connection with this certificate; the zero badge sends none.
func (c certified) request(b badge, method, path string, form url.Values, header http.Header) answer {
	c.t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(c.server.Certificate())
	config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	if b.cert != nil {
		raw := [][]byte{b.cert.Raw}
		for _, between := range b.chain {
			raw = append(raw, between.Raw)
		}
		// A callback sends it whatever authorities the server names.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &tls.Certificate{Certificate: raw, PrivateKey: b.key}, nil
		}
	}
	transport := &http.Transport{TLSClientConfig: config}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.server.URL+path, strings.NewReader(form.Encode()))
	c.must(err)
	r.Header = header
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := (&http.Client{Transport: transport}).Do(r)
	c.must(err)
	defer func() { c.must(resp.Body.Close()) }()
	body, err := io.ReadAll(resp.Body)
	c.must(err)
	a := answer{Status: resp.StatusCode, Header: resp.Header, Body: string(body)}
	_ = json.Unmarshal(body, &a)
	return a
}

func (c certified) posted(b badge, path string, s shop, form url.Values) answer {
	return c.request(b, http.MethodPost, path, with(form, "client_id", string(s.ID)), http.Header{})
}

func (c certified) reads(b badge, access string) answer {
	return c.request(b, http.MethodGet, "/oauth/userinfo", nil, http.Header{"Authorization": {"Bearer " + access}})
}

// holder is a vendor that proves itself by a certificate of the authority.
func (w *world) holder(s identity.CertificateSubject, change ...func(*identity.Vendor)) shop {
	return w.vendor(append([]func(*identity.Vendor){func(v *identity.Vendor) {
		v.AuthMethod, v.Protocol.CertificateSubject = "tls_client_auth", s
	}}, change...)...)
}

var byDNS = identity.CertificateSubject{DNS: "client.shop.example"}

func bound(v *identity.Vendor) { v.Protocol.CertificateBound = true }

func printOf(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func TestCertificate_provesTheVendor_byEverySubject(t *testing.T) {
	c := newCertified(t)
	good := c.ca.issue()
	for name, s := range map[string]identity.CertificateSubject{
		"dn": {DN: `CN=flowers,O=Blumen\, Töpfe & Co.,C=DE`}, "dn, other spelling": {DN: `cn=flowers,2.5.4.10=Blumen\2c T\c3\b6pfe & Co.,c=DE`},
		"dns": byDNS, "uri": {URI: "spiffe://shop.example/client"}, "ip": {IP: "192.0.2.7"}, "ip6": {IP: "2001:db8:0::7"}, "email": {Email: "client@shop.example"},
	} {
		if a := c.posted(good, "/oauth/token", c.holder(s), asClient()); a.Status != http.StatusOK || a.Access == "" || a.Type != "Bearer" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	for name, s := range map[string]identity.CertificateSubject{
		"dn in another order": {DN: `C=DE,O=Blumen\, Töpfe & Co.,CN=flowers`}, "less of the dn": {DN: "CN=flowers"}, "another dn": {DN: `CN=Flowers,O=Blumen\, Töpfe & Co.,C=DE`},
		"another dns": {DNS: "shop.example"}, "another uri": {URI: "spiffe://shop.example/client/"}, "another ip": {IP: "192.0.2.8"}, "another email": {Email: "Client@shop.example"},
		"name as dns": {DNS: "flowers"},
	} {
		c.posted(good, "/oauth/token", c.holder(s), asClient()).refused(t, 401, "invalid_client")
		if name == "" {
			t.Fatal("no name")
		}
	}
}

func TestCertificate_thatDoesNotHold_provesNothing(t *testing.T) {
	c := newCertified(t)
	s := c.holder(byDNS)
	between := c.ca.issue(func(x *x509.Certificate) {
		x.IsCA, x.BasicConstraintsValid, x.KeyUsage = true, true, x509.KeyUsageCertSign
	})
	below := authority{c.world, between.cert, between.key.(*ecdsa.PrivateKey)}.issue()
	late := c.ca.issue(func(x *x509.Certificate) {
		x.NotBefore, x.NotAfter = c.clock.now().Add(-2*time.Hour), c.clock.now().Add(-time.Hour)
	})
	early := c.ca.issue(func(x *x509.Certificate) {
		x.NotBefore, x.NotAfter = c.clock.now().Add(time.Hour), c.clock.now().Add(2*time.Hour)
	})
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	c.must(err)
	weak := badge{cert: c.certificate(x509.Certificate{DNSNames: []string{"client.shop.example"}}, short, c.ca.cert, c.ca.key), key: short}
	for name, b := range map[string]badge{
		"none": {}, "its own word": c.selfSigned(), "another authority": c.authority("Root").issue(), "expired": late, "not yet": early,
		"for servers":       c.ca.issue(func(x *x509.Certificate) { x.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }),
		"chain that is cut": below, "weak": weak,
	} {
		if a := c.posted(b, "/oauth/token", s, asClient()); a.Status != 401 || a.Error != "invalid_client" || a.Access != "" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	below.chain = []*x509.Certificate{between.cert}
	if a := c.posted(below, "/oauth/token", s, asClient()); a.Status != http.StatusOK {
		t.Errorf("chain: %d %s", a.Status, a.Body)
	}
	good := c.ca.issue()
	c.posted(good, "/oauth/token", s, asClient("client_secret", "x")).refused(t, 401, "invalid_client")
	c.posted(good, "/oauth/token", c.vendor(), asClient()).refused(t, 401, "invalid_client")
	c.request(good, http.MethodPost, "/oauth/token", asClient(), http.Header{}).refused(t, 400, "invalid_request") // who, must be said
	// The certificate of a vendor is nothing where none may be presented.
	plain := newWorld(t)
	plain.send("/oauth/token", asClient("client_id", string(plain.holder(byDNS).ID)), "", "").refused(t, 401, "invalid_client")
}

func TestCertificate_selfSigned_isTheOneAmongTheVendorsKeys(t *testing.T) {
	c := newCertified(t)
	mine, other := c.selfSigned(), c.selfSigned()
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: mine.cert.PublicKey, KeyID: "1", Certificates: []*x509.Certificate{mine.cert}}}})
	c.must(err)
	s := c.vendor(func(v *identity.Vendor) { v.AuthMethod, v.JWKS = "self_signed_tls_client_auth", set })
	if a := c.posted(mine, "/oauth/token", s, asClient()); a.Status != http.StatusOK {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	again := badge{cert: c.certificate(x509.Certificate{Subject: pkix.Name{CommonName: "flowers"}}, mine.key, nil, nil), key: mine.key}
	for name, b := range map[string]badge{"none": {}, "another": other, "of the authority": c.ca.issue(), "another of the same key": again} {
		if a := c.posted(b, "/oauth/token", s, asClient()); a.Status != 401 || a.Access != "" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	c.clock.move(24 * time.Hour) // what the vendor still names, still serves
	if a := c.posted(mine, "/oauth/token", s, asClient()); a.Status != http.StatusOK {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

func TestCertificate_bindsTokensToItself(t *testing.T) {
	c := newCertified(t)
	mine, other := c.ca.issue(), c.ca.issue()
	by := c.prover(t, c.vendor())
	for name, s := range map[string]shop{"confidential": c.holder(byDNS, bound), "public": c.vendor(public, bound)} {
		code, _ := c.customer().approve(s.request("openid email offline_access"), "email")
		c.posted(badge{}, "/oauth/token", s, codeForm(code, s))
		a := c.posted(mine, "/oauth/token", s, codeForm(code, s))
		if a.Status != http.StatusOK || a.Type != "Bearer" {
			t.Fatalf("%s: %d %s", name, a.Status, a.Body)
		}
		if got := c.reads(mine, a.Access); !strings.Contains(got.Body, theEmail) {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
		for who, got := range map[string]answer{"nobody": c.reads(badge{}, a.Access), "another": c.reads(other, a.Access), "without TLS": c.userinfo(a.Access)} {
			if got.Status != 401 || got.Error != "invalid_token" || strings.Contains(got.Body, theEmail) {
				t.Errorf("%s, %s: %d %s", name, who, got.Status, got.Body)
			}
		}
		// It is bound to a certificate: not to whatever key somebody proves beside it.
		proved := http.Header{"Authorization": {"DPoP " + a.Access}, "Dpop": {by.sign(by.claims(http.MethodGet, "/oauth/userinfo", a.Access, nil))}}
		c.request(mine, http.MethodGet, "/oauth/userinfo", nil, proved).refused(t, 401, "invalid_token")
		wrong := c.posted(other, "/oauth/token", s, refreshForm(a.Refresh))
		if s.Public {
			wrong.refused(t, 400, "invalid_grant")
		} else if wrong.Status != http.StatusOK { // it proved itself by a newer certificate
			t.Errorf("%s: %d %s", name, wrong.Status, wrong.Body)
		}
		if !s.Public {
			a.Refresh = wrong.Refresh
		}
		next := c.posted(mine, "/oauth/token", s, refreshForm(a.Refresh))
		if next.Status != http.StatusOK || !strings.Contains(c.reads(mine, next.Access).Body, theEmail) || c.reads(other, next.Access).Status != 401 {
			t.Errorf("%s: refresh: %d %s", name, next.Status, next.Body)
		}
	}
}

func TestCertificate_isDemanded_whereTokensAreBound(t *testing.T) {
	c := newCertified(t)
	s := c.vendor(bound)
	c.post("/oauth/token", s, asClient()).refused(t, 400, "invalid_request")
	p := c.prover(t, c.vendor())
	p.post("/oauth/token", s, asClient()).refused(t, 400, "invalid_dpop_proof")
	// A certificate changes nothing for who did not register it.
	plain := c.vendor()
	header := http.Header{}
	header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(string(plain.ID)+":"+url.QueryEscape(plain.secret))))
	code, _ := c.customer().approve(plain.request("openid email"), "email")
	a := c.request(c.ca.issue(), http.MethodPost, "/oauth/token", codeForm(code, plain), header)
	if a.Status != http.StatusOK || !strings.Contains(c.userinfo(a.Access).Body, theEmail) || !strings.Contains(c.reads(c.ca.issue(), a.Access).Body, theEmail) {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

func TestCertificate_isNamedByIntrospection_andInTokensForAPIs(t *testing.T) {
	c := newCertified(t)
	mine := c.ca.issue()
	s := c.holder(byDNS, bound, func(v *identity.Vendor) { v.Protocol.Resources = []string{"https://api.shop.example"} })
	for name, form := range map[string]url.Values{"opaque": asClient(), "for an API": asClient("resource", "https://api.shop.example")} {
		a := c.posted(mine, "/oauth/token", s, form)
		said := c.posted(mine, "/oauth/introspect", s, url.Values{"token": {a.Access}})
		if want := `"cnf":{"x5t#S256":"` + printOf(mine.cert) + `"}`; !strings.Contains(said.Body, want) || strings.Contains(said.Body, "jkt") {
			t.Errorf("%s: %s", name, said.Body)
		}
		if name == "for an API" {
			if cnf, _ := claimsOf(t, a.Access)["cnf"].(map[string]any); cnf["x5t#S256"] != printOf(mine.cert) {
				t.Errorf("%v", cnf)
			}
		}
	}
	c.posted(badge{}, "/oauth/introspect", s, url.Values{"token": {"x"}}).refused(t, 401, "invalid_client")
	if a := c.posted(mine, "/oauth/revoke", s, url.Values{"token": {"x"}}); a.Status != http.StatusOK {
		t.Errorf("revoke: %d %s", a.Status, a.Body)
	}
	c.posted(c.selfSigned(), "/oauth/revoke", s, url.Values{"token": {"x"}}).refused(t, 401, "invalid_client")
	if a := c.posted(mine, "/oauth/par", s, s.request("openid")); a.Status != http.StatusCreated {
		t.Errorf("par: %d %s", a.Status, a.Body)
	}
}

func TestFAPI_byCertificate_isAsGoodAsByKey(t *testing.T) {
	c := newCertified(t)
	mine := c.ca.issue()
	s := c.holder(byDNS, bound, func(v *identity.Vendor) { v.SigningAlg, v.Protocol.Profile = "", "fapi2" })
	if s.Protocol.BoundTokens || !s.Protocol.RequirePushed {
		t.Errorf("%+v", s.Protocol)
	}
	pushed := c.posted(mine, "/oauth/par", s, s.request("openid email offline_access"))
	var said struct {
		URI string `json:"request_uri"`
	}
	c.must(json.Unmarshal([]byte(pushed.Body), &said))
	code, _ := c.customer().approve(url.Values{"client_id": {string(s.ID)}, "request_uri": {said.URI}}, "email")
	a := c.posted(mine, "/oauth/token", s, codeForm(code, s))
	if a.Status != http.StatusOK || !strings.Contains(c.reads(mine, a.Access).Body, theEmail) {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if a := c.posted(mine, "/oauth/token", s, refreshForm(a.Refresh)); a.Status != http.StatusOK || a.Refresh != "" {
		t.Errorf("refresh: %d %s", a.Status, a.Body)
	}
	// With a certificate to prove itself, and DPoP to bind tokens: at the address for certificates.
	both := c.holder(byDNS, func(v *identity.Vendor) { v.SigningAlg, v.Protocol.Profile = "", "fapi2" })
	p := c.prover(t, c.vendor())
	for address, want := range map[string]int{mtlsAddress: 200, issuer: 200, "https://elsewhere.example": 400} {
		proof := p.sign(p.claims(http.MethodPost, "/oauth/token", "", map[string]any{"htu": address + "/oauth/token"}))
		got := c.request(mine, http.MethodPost, "/oauth/token", asClient("client_id", string(both.ID)), http.Header{"Dpop": {proof}})
		if got.Status != want || want == 200 && got.Type != "DPoP" {
			t.Errorf("%s: %d %s", address, got.Status, got.Body)
		}
	}
}

func TestCertificate_inAHeader_isBelievedOfTrustedProxiesAlone(t *testing.T) {
	c := newCertified(t)
	s, mine := c.holder(byDNS), c.ca.issue()
	between := c.ca.issue(func(x *x509.Certificate) {
		x.IsCA, x.BasicConstraintsValid, x.KeyUsage = true, true, x509.KeyUsageCertSign
	})
	below := authority{c.world, between.cert, between.key.(*ecdsa.PrivateKey)}.issue()
	bytesOf := func(x *x509.Certificate) string { return ":" + base64.StdEncoding.EncodeToString(x.Raw) + ":" }
	escaped := url.PathEscape(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: mine.cert.Raw})))
	source := provider.CertificateSource{Header: "Client-Cert", Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	send := func(source provider.CertificateSource, from string, header http.Header) answer {
		form := asClient("client_id", string(s.ID))
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/oauth/token", strings.NewReader(form.Encode()))
		r.Header, r.RemoteAddr = header.Clone(), from
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		source.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Client-Cert") != "" && source.Header != "" {
				t.Error("the header went further")
			}
			c.http.ServeHTTP(w, r)
		})).ServeHTTP(rec, r)
		return read(rec)
	}
	for name, header := range map[string]http.Header{
		"byte sequence": {"Client-Cert": {bytesOf(mine.cert)}}, "PEM": {"Client-Cert": {escaped}},
		"with a chain": {"Client-Cert": {bytesOf(below.cert)}, "Client-Cert-Chain": {bytesOf(between.cert)}},
	} {
		if a := send(source, "10.1.2.3:4444", header); a.Status != http.StatusOK {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	good := http.Header{"Client-Cert": {bytesOf(mine.cert)}}
	for name, a := range map[string]answer{
		"a stranger":           send(source, "192.0.2.1:4444", good),
		"a stranger who lies":  send(source, "192.0.2.1:4444", http.Header{"Client-Cert": {bytesOf(mine.cert)}, "X-Forwarded-For": {"10.1.2.3"}}),
		"no address":           send(source, "", good),
		"not switched on":      send(provider.CertificateSource{}, "10.1.2.3:4444", good),
		"nobody is trusted":    send(provider.CertificateSource{Header: "Client-Cert"}, "10.1.2.3:4444", good),
		"another header":       send(source, "10.1.2.3:4444", http.Header{"X-Client-Cert": good["Client-Cert"]}),
		"empty":                send(source, "10.1.2.3:4444", http.Header{"Client-Cert": {""}}),
		"no bytes":             send(source, "10.1.2.3:4444", http.Header{"Client-Cert": {"::"}}),
		"chain without itself": send(source, "10.1.2.3:4444", http.Header{"Client-Cert-Chain": good["Client-Cert"]}),
		"chain that is cut":    send(source, "10.1.2.3:4444", http.Header{"Client-Cert": {bytesOf(below.cert)}}),
	} {
		if a.Status != 401 || a.Error != "invalid_client" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	for name, values := range map[string][]string{
		"twice": {bytesOf(mine.cert), bytesOf(mine.cert)}, "not base64": {":???:"}, "cut": {bytesOf(mine.cert)[:200]}, "rubbish": {"rubbish"}, "not a certificate": {":aGFsbG8=:"},
		"two in one": {escaped + escaped}, "key": {url.PathEscape("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")}, "huge": {":" + strings.Repeat("A", 64<<10) + ":"},
	} {
		send(source, "10.1.2.3:4444", http.Header{"Client-Cert": values}).refused(t, 400, "invalid_request")
		if name == "" {
			t.Fatal("no name")
		}
	}
}

func TestCertificate_discoverySaysWhatIsServed(t *testing.T) {
	c := newCertified(t)
	said := func(w *world) (m struct {
		Methods []string          `json:"token_endpoint_auth_methods_supported"`
		Bound   bool              `json:"tls_client_certificate_bound_access_tokens"`
		Aliases map[string]string `json:"mtls_endpoint_aliases"`
	},
	) {
		w.must(json.Unmarshal(w.get("/.well-known/openid-configuration", "").Body.Bytes(), &m))
		return m
	}
	with := said(c.world)
	if !with.Bound || len(with.Aliases) < 5 || !strings.Contains(strings.Join(with.Methods, " "), "tls_client_auth self_signed_tls_client_auth") {
		t.Errorf("%+v", with)
	}
	for name, address := range with.Aliases {
		path, ok := strings.CutPrefix(address, mtlsAddress)
		if !ok || !provider.IsAliased(path) || c.get(path, "").Code == http.StatusNotFound {
			t.Errorf("%s: %s", name, address)
		}
	}
	if provider.IsAliased("/oauth/authorize") || provider.IsAliased("/") {
		t.Error("browsers are to visit where certificates are asked for")
	}
	if without := said(newWorld(t)); without.Bound || without.Aliases != nil || strings.Contains(strings.Join(without.Methods, " "), "tls") {
		t.Errorf("%+v", without)
	}
	some := newCertified(t, func(o *provider.Options) { o.Certificates.Roots = nil })
	if m := said(some.world); !strings.Contains(strings.Join(m.Methods, " "), "self_signed_tls_client_auth") || strings.Contains(strings.Join(m.Methods, " "), " tls_client_auth") {
		t.Errorf("%+v", m)
	}
	if _, err := c.provider(slog.New(slog.DiscardHandler), func(o *provider.Options) { o.Certificates.Address = "http://plain.example/x" }); err == nil {
		t.Error("an address without TLS was taken")
	}
}

func TestCertificate_registeredByTheVendorItself(t *testing.T) {
	c := newCertified(t)
	mine := c.selfSigned()
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: mine.cert.PublicKey, KeyID: "1", Certificates: []*x509.Certificate{mine.cert}}}})
	c.must(err)
	good := c.register(metadata{
		"token_endpoint_auth_method": "self_signed_tls_client_auth", "jwks": json.RawMessage(set), "tls_client_certificate_bound_access_tokens": true,
		"grant_types": []string{"authorization_code", "client_credentials"},
	})
	v := c.registered(good)
	if good.Said["tls_client_certificate_bound_access_tokens"] != true || !v.Protocol.CertificateBound || good.text("client_secret") != "" {
		t.Errorf("%s", good.Body)
	}
	if a := c.posted(mine, "/oauth/token", shop{Vendor: v}, asClient()); a.Status != http.StatusOK {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	named := c.register(metadata{"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=x,O=y"})
	if named.text("tls_client_auth_subject_dn") != "CN=x,O=y" || c.registered(named).Protocol.DN != "CN=x,O=y" {
		t.Errorf("%s", named.Body)
	}
	for name, change := range map[string]metadata{
		"no subject":    {"token_endpoint_auth_method": "tls_client_auth"},
		"two subjects":  {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "a.example", "tls_client_auth_san_ip": "192.0.2.1"},
		"not a name":    {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "flowers"},
		"spaces":        {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=x, O=y"},
		"not an ip":     {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_ip": "192.0.2.1/24"},
		"not a host":    {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "*.shop.example"},
		"subject alone": {"tls_client_auth_san_dns": "a.example"},
		"no keys":       {"token_endpoint_auth_method": "self_signed_tls_client_auth"},
		"bare keys":     {"token_endpoint_auth_method": "self_signed_tls_client_auth", "jwks": json.RawMessage(keySetOf(t, ecKey(t)))},
		"bound twice":   {"tls_client_certificate_bound_access_tokens": true, "dpop_bound_access_tokens": true},
	} {
		if got := c.call(http.MethodPost, "/oauth/register", "", described(change)); got.Status != 400 || got.text("error") != "invalid_client_metadata" {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
}

func TestCertificate_atAnAddress_isLookedForAgain(t *testing.T) {
	c := newCertified(t)
	first, second := c.selfSigned(), c.selfSigned()
	current := first
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: current.cert.PublicKey, Certificates: []*x509.Certificate{current.cert}}}})
	}))
	t.Cleanup(keys.Close)
	s := c.vendor(func(v *identity.Vendor) { v.AuthMethod, v.JWKSURI = "self_signed_tls_client_auth", keys.URL })
	if a := c.posted(first, "/oauth/token", s, asClient()); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	current = second
	c.clock.move(time.Minute)
	if a := c.posted(second, "/oauth/token", s, asClient()); a.Status != http.StatusOK {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	c.posted(first, "/oauth/token", s, asClient()).refused(t, 401, "invalid_client")
}
