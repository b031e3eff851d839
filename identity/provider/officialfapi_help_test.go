package provider_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
)

// plan is one way to run the official suite's plans for FAPI 2.0: how clients prove themselves, what their
// tokens are bound to, and whether requests and answers are signed.
type plan struct {
	name                          string
	byKey, byProof, signed, asRSA bool // asRSA: the first client has an RSA key
}

// plans are the runs that docs/conformance.md tells how to set up.
var plans = []plan{
	{name: "private_key_jwt, dpop", byKey: true, byProof: true},
	{name: "private_key_jwt, mtls", byKey: true},
	{name: "mtls, dpop", byProof: true},
	{name: "mtls, mtls"},
	{name: "mtls, mtls, signed", signed: true},
	{name: "private_key_jwt, dpop, signed", byKey: true, byProof: true, signed: true, asRSA: true},
}

// run is one module in one plan: two clients, as the suite is configured with.
type run struct {
	plan
	certified
	t        *testing.T
	one, two *client
}

// client is what the suite plays.
type client struct {
	keyed
	run    *run
	alg    jose.SignatureAlgorithm
	badge  badge
	prover *prover
}

// onceRSA makes one key for all tests: it takes its time.
var onceRSA = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// module runs one module of the suite in every plan that it belongs to.
func module(t *testing.T, belongs func(plan) bool, do func(*run)) {
	t.Helper()
	for _, p := range plans {
		if belongs == nil || belongs(p) {
			t.Run(p.name, func(t *testing.T) {
				r := &run{plan: p, certified: newCertified(t), t: t}
				r.one, r.two = r.client("one.example", r.asRSA), r.client("two.example", false)
				do(r)
			})
		}
	}
}

func (p plan) isSigned() bool  { return p.signed }
func (p plan) isByKey() bool   { return p.byKey }
func (p plan) isByProof() bool { return p.byProof }

func (r *run) client(host string, asRSA bool) *client {
	c := &client{run: r, alg: jose.ES256}
	var key crypto.Signer = ecKey(r.t)
	if asRSA {
		shared, err := onceRSA()
		r.must(err)
		key, c.alg = shared, jose.PS256
	}
	c.keyed = r.signing(key, func(v *identity.Vendor) {
		v.SigningAlg, v.Protocol.Profile, v.AuthMethod = "", identity.ProfileFAPI2, "private_key_jwt"
		v.RedirectURIs = []string{shopReturn, "https://" + host + "/callback?dummy1=lorem&dummy2=ipsum"}
		if r.signed {
			v.Protocol.Profile = identity.ProfileSigning
		}
		if !r.byKey {
			v.AuthMethod, v.Protocol.CertificateSubject = "tls_client_auth", identity.CertificateSubject{DNS: host}
		}
		v.Protocol.CertificateBound = !r.byProof
	})
	if !r.byKey || !r.byProof {
		c.badge = r.ca.issue(func(x *x509.Certificate) { x.DNSNames = []string{host} })
	}
	if r.byProof {
		c.prover = r.prover(r.t, r.vendor())
		if asRSA {
			c.prover.alg, c.prover.key = jose.PS256, key
		}
	}
	return c
}

// request is certified's without a connection, which the tests of certificates have.
func (r *run) request(b badge, method, path string, form url.Values, header http.Header) answer {
	q := httptest.NewRequestWithContext(r.t.Context(), method, path, strings.NewReader(form.Encode()))
	if q.Header, q.TLS = header, new(tls.ConnectionState); method != http.MethodGet {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if b.cert != nil {
		q.TLS.PeerCertificates = []*x509.Certificate{b.cert}
	}
	rec := httptest.NewRecorder()
	provider.CertificateSource{}.Handler(r.http).ServeHTTP(rec, q)
	return read(rec)
}

// send sends a form as it is, on a connection with the client's certificate, if it has one; to push a
// request the suite presents it only where it proves the client.
func (c *client) send(path string, form url.Values, proofs ...string) answer {
	b := c.badge
	if c.run.byKey && path == "/oauth/par" {
		b = badge{}
	}
	return c.run.request(b, http.MethodPost, path, form, http.Header{"Dpop": proofs})
}

// proof makes a good one for a POST, or none where tokens are bound to certificates.
func (c *client) proof(path string) []string {
	if c.prover == nil {
		return nil
	}
	return []string{c.prover.sign(c.prover.claims(http.MethodPost, path, "", nil))}
}

// proven adds how the client proves itself; the change is one of its assertion, which names the client.
func (c *client) proven(form url.Values, change map[string]any) url.Values {
	if !c.run.byKey {
		return with(form, "client_id", string(c.ID))
	}
	now := c.run.clock.now().Unix()
	claims := c.run.assertionClaims(c.keyed, map[string]any{"aud": issuer, "nbf": now})
	return with(form, "client_assertion", sign(c.run.t, c.alg, c.key, merged(claims, change)), "client_assertion_type", assertionType)
}

func merged(claims, change map[string]any) map[string]any {
	for name, value := range change {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	return claims
}

// asks makes the parameters of a good request of this plan.
func (c *client) asks(change ...string) url.Values {
	q := c.request("openid email offline_access", change...)
	if c.run.signed {
		q.Set("response_mode", "jwt")
	}
	return q
}

// object writes a request as it is pushed: in a request object, where the plan signs.
func (c *client) object(q url.Values, change map[string]any) url.Values {
	if !c.run.signed {
		return q
	}
	now := c.run.clock.now()
	claims := c.run.world.object(c.shop, q, map[string]any{"exp": now.Add(5 * time.Minute).Unix()})
	return url.Values{"request": {sign(c.run.t, c.alg, c.key, merged(claims, change))}}
}

// pushes sends a request, and wants its name.
func (c *client) pushes(form url.Values, proofs ...string) string {
	c.run.t.Helper()
	a := c.send("/oauth/par", c.proven(form, nil), proofs...)
	var said struct {
		URI     string `json:"request_uri"`
		Expires int    `json:"expires_in"`
	}
	c.run.must(json.Unmarshal([]byte(a.Body), &said))
	if a.Status != http.StatusCreated || said.Expires <= 0 || len(said.URI) < 60 || !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
		c.run.t.Fatalf("pushed: %d %s", a.Status, a.Body)
	}
	return said.URI
}

// pushFails wants a pushed request to be refused by one of these errors.
func (c *client) pushFails(form url.Values, codes ...string) {
	c.run.t.Helper()
	wantOneOf(c.run.t, c.send("/oauth/par", c.proven(form, nil)), 400, codes...)
}

// answered gives what a customer's yes brings the client, out of the signed answer where there is one.
func (c *client) answered(q url.Values) map[string]any {
	c.run.t.Helper()
	return c.said(c.run.customer().answered(q, "email"))
}

// said reads the parameters at an address of the client's.
func (c *client) said(address string) map[string]any {
	c.run.t.Helper()
	u, err := url.Parse(address)
	c.run.must(err)
	got := u.Query()
	if c.run.signed {
		if got.Has("code") || got.Has("error") || got.Has("state") || got.Has("iss") {
			c.run.t.Errorf("an answer travels unsigned: %v", got)
		}
		return c.run.signedAnswer(c.shop, got.Get("response"), "ES256")
	}
	said := map[string]any{}
	for name := range got {
		said[name] = got.Get(name)
	}
	return said
}

// code goes from a good request to the code.
func (c *client) code(change ...string) string {
	c.run.t.Helper()
	said := c.answered(c.named(c.pushes(c.object(c.asks(change...), nil))))
	code, _ := said["code"].(string)
	if code == "" || said["iss"] != issuer || said["state"] != "st-ate" || said["error"] != nil {
		c.run.t.Fatalf("answer: %v", said)
	}
	return code
}

// tokens sends a good token request with a proof.
func (c *client) tokens(form url.Values) answer {
	c.run.t.Helper()
	return c.send("/oauth/token", c.proven(form, nil), c.proof("/oauth/token")...)
}

// redeems goes to tokens that read.
func (c *client) redeems(code string) answer {
	c.run.t.Helper()
	a := c.tokens(codeForm(code, c.shop))
	want := "DPoP"
	if c.prover == nil {
		want = "Bearer"
	}
	if a.Status != http.StatusOK || a.Access == "" || a.ID == "" || a.Refresh == "" || a.Type != want || a.ExpiresIn <= 0 {
		c.run.t.Fatalf("tokens: %d %s", a.Status, a.Body)
	}
	return a
}

// reads asks the resource, which is UserInfo; with other proofs than a good one if they are given.
func (c *client) reads(access string, proofs ...string) answer {
	return c.readsAt("/oauth/userinfo", access, http.Header{}, proofs...)
}

func (c *client) readsAt(path, access string, header http.Header, proofs ...string) answer {
	scheme := "Bearer "
	if c.prover != nil {
		if scheme = "DPoP "; proofs == nil {
			proofs = []string{c.readProof(access, nil)}
		}
	}
	header.Set("Authorization", scheme+access)
	header["Dpop"] = proofs
	return c.run.request(c.badge, http.MethodGet, path, nil, header)
}

func (c *client) readProof(access string, change map[string]any) string {
	return c.prover.sign(c.prover.claims(http.MethodGet, "/oauth/userinfo", access, change))
}

// wantOneOf wants one of several errors, as the suite does where standards leave the choice.
func wantOneOf(t *testing.T, a answer, status int, codes ...string) {
	t.Helper()
	if a.Status != status || !slices.Contains(codes, a.Error) || a.Access+a.Refresh+a.ID != "" {
		t.Errorf("got %d %s, want %d %v", a.Status, a.Body, status, codes)
	}
	if a.Description == "" || strings.ContainsAny(a.Description, "\"\\\r\n\t") || !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
		t.Errorf("not the form of RFC 6749, 5.2: %q", a.Description)
	}
}

// wantRead wants what the customer approved.
func wantRead(t *testing.T, a answer) {
	t.Helper()
	if a.Status != http.StatusOK || !strings.Contains(a.Body, theEmail) {
		t.Errorf("read: %d %s", a.Status, a.Body)
	}
}

// wantNoRead wants nothing of what the customer approved.
func wantNoRead(t *testing.T, a answer) {
	t.Helper()
	if a.Status != 400 && a.Status != 401 || strings.Contains(a.Body, theEmail) {
		t.Errorf("read: %d %s", a.Status, a.Body)
	}
}

// changed breaks a JWT's signature.
func changed(token string) string {
	at := len(token) - 10
	return token[:at] + flip(token[at]) + token[at+1:]
}

// encodingOf reverses b64.
func encodingOf(text string) (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	return string(raw), err
}
