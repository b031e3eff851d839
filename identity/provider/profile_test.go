package provider_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/identity"
)

// bank is a vendor that is held to a profile, with its keys.
func (w *world) bank(t *testing.T, profile string) (keyed, *prover) {
	t.Helper()
	first := w.prover(t, w.vendor())
	return w.signing(ecKey(t), func(v *identity.Vendor) {
		v.AuthMethod, v.SigningAlg, v.Protocol.Profile = "private_key_jwt", "", profile
	}), first
}

// asserted adds a client assertion to a form.
func (w *world) asserted(t *testing.T, k keyed, form url.Values, change map[string]any) url.Values {
	claims := map[string]any{"aud": issuer}
	maps.Copy(claims, change)
	return with(form, "client_assertion", sign(t, jose.ES256, k.key, w.assertionClaims(k, claims)), "client_assertion_type", assertionType)
}

func TestFAPI_wholeWay_withRefreshTokensThatStay(t *testing.T) {
	w := newWorld(t)
	k, p := w.bank(t, "fapi2")
	c := w.customer()
	pushed := p.send("/oauth/par", k.shop, w.asserted(t, k, k.request("openid email offline_access"), nil))
	var said struct {
		URI string `json:"request_uri"`
	}
	w.must(json.Unmarshal([]byte(pushed.Body), &said))
	if pushed.Status != http.StatusCreated {
		t.Fatalf("%d %s", pushed.Status, pushed.Body)
	}
	code, _ := c.approve(k.named(said.URI), "email")
	a := p.post("/oauth/token", k.shop, w.asserted(t, k, codeForm(code, k.shop), nil))
	if a.Status != http.StatusOK || a.Type != "DPoP" {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	verifyIDToken(t, w, a, "ES256")
	for range 3 {
		next := p.post("/oauth/token", k.shop, w.asserted(t, k, refreshForm(a.Refresh), nil))
		if next.Status != http.StatusOK || next.Refresh != "" || !strings.Contains(p.userinfo(next.Access).Body, theEmail) {
			t.Errorf("refresh: %d %s", next.Status, next.Body)
		}
	}
	// A code that comes again still ends everything.
	p.post("/oauth/token", k.shop, w.asserted(t, k, codeForm(code, k.shop), nil)).refused(t, 400, "invalid_grant")
	p.post("/oauth/token", k.shop, w.asserted(t, k, refreshForm(a.Refresh), nil)).refused(t, 400, "invalid_grant")
}

func TestFAPI_refusesWhatIsWeaker(t *testing.T) {
	w := newWorld(t)
	k, p := w.bank(t, "fapi2")
	wantRefusal(t, w.authorize(k.request("openid"), ""), "invalid_request") // not pushed
	p.send("/oauth/token", k.shop, w.asserted(t, k, asClient(), nil)).refused(t, 400, "invalid_request")
	for name, aud := range map[string]any{"the endpoint": issuer + "/oauth/token", "a list": []string{issuer}} {
		t.Run(name, func(t *testing.T) {
			p.post("/oauth/token", k.shop, w.asserted(t, k, asClient(), map[string]any{"aud": aud})).refused(t, 401, "invalid_client")
		})
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	w.must(err)
	weak := &prover{w: w, alg: jose.RS256, key: rsaKey, nonce: p.nonce}
	weak.post("/oauth/token", k.shop, w.asserted(t, k, asClient(), nil)).refused(t, 400, "invalid_dpop_proof")
	weak.alg = jose.PS256
	if a := weak.post("/oauth/token", k.shop, w.asserted(t, k, asClient(), nil)); a.Status != http.StatusOK {
		t.Errorf("PS256: %d %s", a.Status, a.Body)
	}

	old := w.signing(rsaKey, func(v *identity.Vendor) {
		v.AuthMethod, v.SigningAlg, v.Protocol.Profile = "private_key_jwt", "", "fapi2"
	})
	for alg, want := range map[jose.SignatureAlgorithm]int{jose.RS256: 401, jose.PS256: 200} {
		assertion := sign(t, alg, rsaKey, w.assertionClaims(old, map[string]any{"aud": issuer}))
		form := asClient("client_assertion", assertion, "client_assertion_type", assertionType)
		if a := p.post("/oauth/token", old.shop, form); a.Status != want {
			t.Errorf("%s: %d %s", alg, a.Status, a.Body)
		}
	}
}

func TestFAPISigning_wantsSignedRequestsAndAnswers(t *testing.T) {
	w := newWorld(t)
	k, p := w.bank(t, "fapi2-message-signing")
	c := w.customer()
	p.send("/oauth/par", k.shop, w.asserted(t, k, k.request("openid", "response_mode", "jwt"), nil)).refused(t, 400, "invalid_request")
	push := func(mode string) answer {
		object := sign(t, jose.ES256, k.key, w.object(k.shop, k.request("openid", "response_mode", mode), nil))
		return p.send("/oauth/par", k.shop, w.asserted(t, k, url.Values{"request": {object}}, nil))
	}
	push("").refused(t, 400, "invalid_request")
	push("fragment").refused(t, 400, "invalid_request")
	var said struct {
		URI string `json:"request_uri"`
	}
	w.must(json.Unmarshal([]byte(push("jwt").Body), &said))
	got := w.received(c.answered(k.named(said.URI)))
	if code, _ := w.signedAnswer(k.shop, got.Get("response"), "ES256")["code"].(string); code == "" || got.Has("code") {
		t.Errorf("answer: %v", got)
	}
}

func TestFAPI_vendorsThatCannot_areNotRegistered(t *testing.T) {
	w := newWorld(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 1024)
	w.must(err)
	short, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: rsaKey.Public(), KeyID: "k"}}})
	w.must(err)
	good, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: ecKey(t).Public(), KeyID: "k"}}})
	w.must(err)
	for name, change := range map[string]func(*identity.Vendor){
		"secret":       func(v *identity.Vendor) { v.AuthMethod = "client_secret_basic" },
		"public":       public,
		"RS256":        func(v *identity.Vendor) { v.SigningAlg = "RS256" },
		"without PKCE": func(v *identity.Vendor) { v.Protocol.PKCE = identity.PKCEOptional },
		"loopback":     func(v *identity.Vendor) { v.RedirectURIs = []string{"http://127.0.0.1/back"} },
		"short key":    func(v *identity.Vendor) { v.JWKS = short },
		"unknown":      func(v *identity.Vendor) { v.Protocol.Profile = "fapi3" },
		"nothing":      nil,
	} {
		v := identity.Vendor{
			Name: "Bank", RedirectURIs: []string{"https://bank.example/back"}, AuthMethod: "private_key_jwt", JWKS: good,
			Protocol: identity.Protocol{Profile: "fapi2"},
		}
		if change != nil {
			change(&v)
		}
		if _, _, err := w.vendors.Add(t.Context(), v); (err == nil) != (change == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
