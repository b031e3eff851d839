package provider_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/meins-id/meins/identity"
)

// prover has a key and proves it.
type prover struct {
	w     *world
	alg   jose.SignatureAlgorithm
	key   crypto.Signer
	nonce string
}

// prover makes one that has got its first nonce already.
func (w *world) prover(t testing.TB, s shop) *prover {
	t.Helper()
	p := &prover{w: w, alg: jose.ES256, key: ecKey(t)}
	a := p.post("/oauth/token", s, asClient())
	a.refused(t, 400, "use_dpop_nonce")
	if p.nonce = a.Header.Get("DPoP-Nonce"); p.nonce == "" {
		t.Fatal("no nonce")
	}
	return p
}

func (p *prover) thumbprint() string {
	sum, err := (&jose.JSONWebKey{Key: p.key.Public()}).Thumbprint(crypto.SHA256)
	p.w.must(err)
	return base64.RawURLEncoding.EncodeToString(sum)
}

// claims are those of a good proof, with changes; a nil value removes one.
func (p *prover) claims(method, path, access string, change map[string]any) map[string]any {
	c := map[string]any{"jti": rand.Text(), "htm": method, "htu": issuer + path, "iat": p.w.clock.now().Unix()}
	if p.nonce != "" {
		c["nonce"] = p.nonce
	}
	if access != "" {
		sum := sha256.Sum256([]byte(access))
		c["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	maps.Copy(c, change)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

func (p *prover) sign(claims map[string]any) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: p.alg, Key: p.key}, (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"))
	p.w.must(err)
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	p.w.must(err)
	return text
}

// send sends a form with exactly this proof.
func (p *prover) send(path string, s shop, form url.Values, proofs ...string) answer {
	form = clone(form)
	r := httptest.NewRequestWithContext(p.w.t.Context(), http.MethodPost, path, nil)
	if s.AuthMethod == "client_secret_basic" {
		r.SetBasicAuth(url.QueryEscape(string(s.ID)), url.QueryEscape(s.secret))
	} else {
		form.Set("client_id", string(s.ID))
	}
	body := httptest.NewRequestWithContext(p.w.t.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
	body.Header = r.Header
	body.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, text := range proofs {
		body.Header.Add("DPoP", text)
	}
	return read(p.w.do(body))
}

// post sends a form with a good proof.
func (p *prover) post(path string, s shop, form url.Values) answer {
	return p.send(path, s, form, p.sign(p.claims(http.MethodPost, path, "", nil)))
}

// read asks UserInfo with exactly these proofs.
func (p *prover) read(access string, proofs ...string) answer {
	r := httptest.NewRequestWithContext(p.w.t.Context(), http.MethodGet, "/oauth/userinfo", nil)
	r.Header.Set("Authorization", "DPoP "+access)
	for _, text := range proofs {
		r.Header.Add("DPoP", text)
	}
	return read(p.w.do(r))
}

// userinfo asks UserInfo with a good proof.
func (p *prover) userinfo(access string) answer {
	return p.read(access, p.sign(p.claims(http.MethodGet, "/oauth/userinfo", access, nil)))
}

func TestProof_bindsTokensToItsKey(t *testing.T) {
	w := newWorld(t)
	c := w.customer()
	for name, s := range map[string]shop{"confidential": w.vendor(), "public": w.vendor(public)} {
		t.Run(name, func(t *testing.T) {
			p := w.prover(t, w.vendor())
			code, _ := c.approve(s.request("openid email offline_access"), "email")
			a := p.post("/oauth/token", s, codeForm(code, s))
			if a.Status != http.StatusOK || a.Type != "DPoP" || a.Header.Get("DPoP-Nonce") == "" {
				t.Fatalf("%d %s", a.Status, a.Body)
			}
			if info := p.userinfo(a.Access); info.Status != http.StatusOK || !strings.Contains(info.Body, theEmail) {
				t.Errorf("%d %s", info.Status, info.Body)
			}
			// Whoever took the token has not the key.
			thief := w.prover(t, w.vendor())
			for what, got := range map[string]answer{
				"as bearer": w.userinfo(a.Access), "another key": thief.userinfo(a.Access), "no proof": p.read(a.Access),
			} {
				if got.Status != http.StatusUnauthorized || strings.Contains(got.Body, theEmail) {
					t.Errorf("%s: %d", what, got.Status)
				}
			}
			next := p.post("/oauth/token", s, refreshForm(a.Refresh))
			if next.Status != http.StatusOK || next.Type != "DPoP" || p.userinfo(next.Access).Status != http.StatusOK {
				t.Errorf("refresh: %d %s", next.Status, next.Body)
			}
			if name == "public" {
				thief.post("/oauth/token", s, refreshForm(next.Refresh)).refused(t, 400, "invalid_grant")
				w.post("/oauth/token", s, refreshForm(next.Refresh)).refused(t, 400, "invalid_grant")
			}
		})
	}
}

func TestProof_plainTokensStayPlain(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	code, _ := c.approve(s.request("openid email"), "email")
	a := w.exchange(s, code)
	if a.Type != "Bearer" || a.Header.Get("DPoP-Nonce") != "" {
		t.Errorf("%s", a.Type)
	}
	w.prover(t, s).userinfo(a.Access).refused(t, 401, "invalid_token")
}

func TestProof_everyAlgorithm(t *testing.T) {
	w := newWorld(t)
	s := w.vendor()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	w.must(err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	w.must(err)
	p := w.prover(t, s)
	for alg, key := range map[jose.SignatureAlgorithm]crypto.Signer{jose.ES256: ecKey(t), jose.RS256: rsaKey, jose.PS256: rsaKey, jose.EdDSA: edKey} {
		p.alg, p.key = alg, key
		if a := p.post("/oauth/token", s, asClient()); a.Status != http.StatusOK || a.Type != "DPoP" {
			t.Errorf("%s: %d %s", alg, a.Status, a.Body)
		}
	}
}

func TestProof_thatDoesNotHold_isRefused(t *testing.T) {
	w := newWorld(t)
	s := w.vendor()
	p := w.prover(t, s)
	now := w.clock.now()
	for name, c := range map[string]struct {
		change map[string]any
		code   string
	}{
		"no jti":          {map[string]any{"jti": nil}, "invalid_dpop_proof"},
		"long jti":        {map[string]any{"jti": strings.Repeat("a", 257)}, "invalid_dpop_proof"},
		"no iat":          {map[string]any{"iat": nil}, "invalid_dpop_proof"},
		"old":             {map[string]any{"iat": now.Add(-time.Hour).Unix()}, "invalid_dpop_proof"},
		"from the future": {map[string]any{"iat": now.Add(time.Hour).Unix()}, "invalid_dpop_proof"},
		"other method":    {map[string]any{"htm": "GET"}, "invalid_dpop_proof"},
		"no method":       {map[string]any{"htm": nil}, "invalid_dpop_proof"},
		"other endpoint":  {map[string]any{"htu": issuer + "/oauth/userinfo"}, "invalid_dpop_proof"},
		"other host":      {map[string]any{"htu": "http://evil.test/oauth/token"}, "invalid_dpop_proof"},
		"other port":      {map[string]any{"htu": "http://127.0.0.1/oauth/token"}, "invalid_dpop_proof"},
		"other scheme":    {map[string]any{"htu": "https://127.0.0.1:9999/oauth/token"}, "invalid_dpop_proof"},
		"no address":      {map[string]any{"htu": nil}, "invalid_dpop_proof"},
		"no nonce":        {map[string]any{"nonce": nil}, "use_dpop_nonce"},
		"made-up nonce":   {map[string]any{"nonce": strings.Repeat("A", 32)}, "use_dpop_nonce"},
		"changed nonce":   {map[string]any{"nonce": "B" + p.nonce[1:]}, "use_dpop_nonce"},
	} {
		t.Run(name, func(t *testing.T) {
			a := p.send("/oauth/token", s, asClient(), p.sign(p.claims("POST", "/oauth/token", "", c.change)))
			a.refused(t, 400, c.code)
			if a.Header.Get("DPoP-Nonce") == "" {
				t.Error("no nonce for the next one")
			}
		})
	}
	for name, htu := range map[string]string{"query": "?x=1", "fragment": "#x"} {
		if a := p.send("/oauth/token", s, asClient(), p.sign(p.claims("POST", "/oauth/token"+htu, "", nil))); a.Status != http.StatusOK {
			t.Errorf("%s in htu: %s", name, a.Body)
		}
	}
	good := p.claims("POST", "/oauth/token", "", nil)
	p.send("/oauth/token", s, asClient(), p.sign(good), p.sign(good)).refused(t, 400, "invalid_dpop_proof")
	p.send("/oauth/token", s, asClient(), "rubbish").refused(t, 400, "invalid_dpop_proof")
	p.send("/oauth/token", s, asClient(), "").refused(t, 400, "invalid_dpop_proof")
	p.send("/oauth/token", s, asClient(), sign(t, jose.ES256, p.key, good)).refused(t, 400, "invalid_dpop_proof")
	p.send("/oauth/token", s, asClient(), none(t, good)).refused(t, 400, "invalid_dpop_proof")
}

func TestProof_privateOrSharedKeyInside_isRefused(t *testing.T) {
	w := newWorld(t)
	s := w.vendor()
	p := w.prover(t, s)
	for _, jwk := range map[string]jose.JSONWebKey{"private": {Key: p.key}, "shared": {Key: []byte("a shared secret of enough bytes.")}} {
		raw, err := jwk.MarshalJSON()
		w.must(err)
		head := b64(`{"alg":"ES256","typ":"dpop+jwt","jwk":` + string(raw) + `}`)
		p.send("/oauth/token", s, asClient(), head+"."+b64(`{}`)+".AAAA").refused(t, 400, "invalid_dpop_proof")
	}
}

func TestProof_ofTheTokenEndpoint_countsOnce(t *testing.T) {
	w := newWorld(t)
	s := w.vendor()
	p := w.prover(t, s)
	text := p.sign(p.claims("POST", "/oauth/token", "", nil))
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if p.send("/oauth/token", s, asClient(), text).Status == http.StatusOK {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of 20 got a token by one proof", won.Load())
	}
	p.send("/oauth/token", s, asClient(), text).refused(t, 400, "invalid_dpop_proof")
	w.clock.move(200 * time.Second)
	p.send("/oauth/token", s, asClient(), text).refused(t, 400, "invalid_dpop_proof")
	w.clock.move(20 * time.Second)
	p.send("/oauth/token", s, asClient(), text).refused(t, 400, "use_dpop_nonce")
}

func TestProof_ofARead_countsOnce_onEveryNode(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	p := w.prover(t, s)
	code, _ := c.approve(s.request("openid email"), "email")
	access := p.post("/oauth/token", s, codeForm(code, s)).Access
	text := p.sign(p.claims("GET", "/oauth/userinfo", access, nil))
	if a := p.read(access, text); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	again := p.read(access, text)
	again.refused(t, 401, "invalid_dpop_proof")
	if !strings.HasPrefix(again.Header.Get("WWW-Authenticate"), "DPoP ") || strings.Contains(again.Body, theEmail) {
		t.Errorf("%v", again.Header)
	}
	other := w.another()                                                    // the same store, another program
	for pause := 5 * time.Millisecond; pause < 10*time.Second; pause *= 2 { // a note takes a commit, however slow the disk is
		text = p.sign(p.claims("GET", "/oauth/userinfo", access, nil))
		p.read(access, text)
		time.Sleep(pause)
		if a := read(other(p.request(access, text))); a.Status == http.StatusUnauthorized {
			return
		}
	}
	t.Error("another node took the proof every time")
}

func (p *prover) request(access, text string) *http.Request {
	r := httptest.NewRequestWithContext(p.w.t.Context(), http.MethodGet, "/oauth/userinfo", nil)
	r.Header.Set("Authorization", "DPoP "+access)
	r.Header.Set("DPoP", text)
	return r
}

func TestProof_ofARead_isForThatToken(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	p := w.prover(t, s)
	code, _ := c.approve(s.request("openid email"), "email")
	access := p.post("/oauth/token", s, codeForm(code, s)).Access
	for name, proof := range map[string]string{
		"no ath":         p.sign(p.claims("GET", "/oauth/userinfo", "", nil)),
		"ath of another": p.sign(p.claims("GET", "/oauth/userinfo", access+"x", nil)),
		"other method":   p.sign(p.claims("POST", "/oauth/userinfo", access, nil)),
		"other address":  p.sign(p.claims("GET", "/oauth/token", access, nil)),
	} {
		a := p.read(access, proof)
		if a.refused(t, 401, "invalid_dpop_proof"); strings.Contains(a.Body, theEmail) {
			t.Errorf("%s: read", name)
		}
	}
	a := p.read(access, p.sign(p.claims("GET", "/oauth/userinfo", access, map[string]any{"nonce": nil})))
	a.refused(t, 401, "use_dpop_nonce")
	if a.Header.Get("DPoP-Nonce") == "" || !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="use_dpop_nonce"`) {
		t.Errorf("%v", a.Header)
	}
	p.read("rubbish", p.sign(p.claims("GET", "/oauth/userinfo", "rubbish", nil))).refused(t, 401, "invalid_token")
}

func TestProof_codeBoundBeforehand_isForThatKeyAlone(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	p, thief := w.prover(t, s), w.prover(t, s)
	code, _ := c.approve(s.request("openid", "dpop_jkt", p.thumbprint()))
	thief.post("/oauth/token", s, codeForm(code, s)).refused(t, 400, "invalid_grant")
	w.post("/oauth/token", s, codeForm(code, s)).refused(t, 400, "invalid_grant")
	if a := p.post("/oauth/token", s, codeForm(code, s)); a.Status != http.StatusOK {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	wantRefusal(t, w.authorize(s.request("openid", "dpop_jkt", "short"), ""), "invalid_request")

	pushed := p.post("/oauth/par", s, s.request("openid"))
	var said struct {
		URI string `json:"request_uri"`
	}
	w.must(json.Unmarshal([]byte(pushed.Body), &said))
	code, _ = c.approve(s.named(said.URI))
	w.post("/oauth/token", s, codeForm(code, s)).refused(t, 400, "invalid_grant")
	p.post("/oauth/par", s, s.request("openid", "dpop_jkt", thief.thumbprint())).refused(t, 400, "invalid_dpop_proof")
}

func TestProof_isDemanded_ofWhomItWasRegisteredFor(t *testing.T) {
	w := newWorld(t)
	s := w.vendor(func(v *identity.Vendor) { v.Protocol.BoundTokens = true })
	w.post("/oauth/token", s, asClient()).refused(t, 400, "invalid_request")
	if a := w.prover(t, s).post("/oauth/token", s, asClient()); a.Type != "DPoP" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

func TestIntrospection_namesTheKey(t *testing.T) {
	w := newWorld(t)
	s := w.vendor()
	p := w.prover(t, s)
	a := w.post("/oauth/introspect", s, url.Values{"token": {p.post("/oauth/token", s, asClient()).Access}})
	var said struct {
		Active bool
		Type   string            `json:"token_type"`
		Key    map[string]string `json:"cnf"`
	}
	w.must(json.Unmarshal([]byte(a.Body), &said))
	if !said.Active || said.Type != "DPoP" || said.Key["jkt"] != p.thumbprint() {
		t.Errorf("%s", a.Body)
	}
}

// FuzzProof sends any proof: never a 5xx, and never a token but for the good one.
func FuzzProof(f *testing.F) {
	w := newWorld(f)
	s := w.vendor()
	p := w.prover(f, s)
	f.Add(p.sign(p.claims("POST", "/oauth/token", "", map[string]any{"nonce": nil})))
	f.Add("a.b.c")
	f.Add(none(f, map[string]any{"jti": "x"}))
	f.Fuzz(func(t *testing.T, text string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/oauth/token", strings.NewReader("grant_type=client_credentials"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(string(s.ID), s.secret)
		r.Header.Set("DPoP", text)
		if a := read(w.do(r)); a.Status != http.StatusBadRequest || a.Access != "" {
			t.Errorf("%q: %d", text, a.Status)
		}
	})
}

func BenchmarkUserInfoBound(b *testing.B) {
	w := newWorld(b)
	s, c := w.vendor(), w.customer()
	p := w.prover(b, s)
	code, _ := c.approve(s.request("openid email address"), "email", "email_verified", "address")
	access := p.post("/oauth/token", s, codeForm(code, s)).Access
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		r := p.request(access, p.sign(p.claims("GET", "/oauth/userinfo", access, nil)))
		out := &sink{header: http.Header{}}
		b.StartTimer()
		if w.http.ServeHTTP(out, r); out.status != http.StatusOK {
			b.Fatalf("status %d", out.status)
		}
	}
}
