package provider_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/meins-id/meins/identity"
)

// leave asks to end the session, and gives where that leads.
func (w *world) leave(cookie string, form url.Values) (location string, cleared bool) {
	w.t.Helper()
	rec := w.get("/oauth/end_session?"+form.Encode(), cookie)
	if rec.Code != http.StatusSeeOther {
		w.t.Fatalf("end_session: %d %s", rec.Code, rec.Body)
	}
	return rec.Header().Get("Location"), strings.Contains(rec.Header().Get("Set-Cookie"), "Max-Age=0")
}

func (c *customer) signedIn() bool {
	_, err := c.w.accounts.Session(c.w.t.Context(), c.cookie)
	return err == nil
}

func TestLogout_withTheHintOfThisSession_endsIt_andGoesBack(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	code, _ := c.approve(s.request("openid"))
	hint := w.exchange(s, code).ID
	to, cleared := w.leave(c.cookie, url.Values{"id_token_hint": {hint}, "client_id": {string(s.ID)}, "post_logout_redirect_uri": {shopBye}, "state": {"a&b"}})
	if to != shopBye+"?state=a%26b" || !cleared || c.signedIn() {
		t.Errorf("led to %s, cleared %v, signed in %v", to, cleared, c.signedIn())
	}
	// Nobody is signed in any more: the way back stays open, to registered addresses only.
	if to, _ := w.leave(c.cookie, url.Values{"client_id": {string(s.ID)}, "post_logout_redirect_uri": {shopBye}}); to != shopBye {
		t.Errorf("led to %s", to)
	}
	if to, _ := w.leave("", url.Values{"client_id": {string(s.ID)}, "post_logout_redirect_uri": {shopBye + "/x"}}); to != "/signed-out" {
		t.Errorf("led to %s", to)
	}
}

func TestLogout_withoutAHintThatFits_asksTheCustomer(t *testing.T) {
	w := newWorld(t)
	s, other, c, stranger := w.vendor(), w.vendor(), w.customer(), w.customer()
	code, _ := stranger.approve(s.request("openid"))
	hint := w.exchange(s, code).ID
	code, _ = c.approve(s.request("openid"))
	own := w.exchange(s, code).ID
	for name, form := range map[string]url.Values{
		"nothing":             {},
		"another's hint":      {"id_token_hint": {hint}},
		"hint of another aud": {"id_token_hint": {hint}, "client_id": {string(other.ID)}},
		"rubbish":             {"id_token_hint": {"a.b.c"}, "client_id": {string(s.ID)}},
		"another's address":   {"id_token_hint": {own}, "post_logout_redirect_uri": {shopBye + "/x"}},
		"a longer address":    {"id_token_hint": {own}, "post_logout_redirect_uri": {shopBye + "?foo=bar"}, "state": {"x"}},
		"repeated":            {"id_token_hint": {hint, hint}},
	} {
		to, cleared := w.leave(c.cookie, form)
		if to != "/signout" || cleared || !c.signedIn() {
			t.Errorf("%s: led to %s, cleared %v", name, to, cleared)
		}
	}
}

func TestLogout_confirmed_goesBackToARegisteredAddress(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	to, _ := w.leave(c.cookie, url.Values{"client_id": {string(s.ID)}, "post_logout_redirect_uri": {shopBye}, "state": {"x"}})
	if !strings.HasPrefix(to, "/signout?return=") || !c.signedIn() {
		t.Fatalf("led to %s", to)
	}
	back := parameter(t, to, "return")
	if got := w.p.AfterLogout(t.Context(), back); got != shopBye+"?state=x" {
		t.Errorf("back to %s", got)
	}
	for _, forged := range []string{"", "x", "https://evil.test", back[:len(back)-1], w.flow(s.request("openid"))} {
		if got := w.p.AfterLogout(t.Context(), forged); got != "/signed-out" {
			t.Errorf("back to %s", got)
		}
	}
	w.must(w.vendors.Remove(t.Context(), s.ID))
	if got := w.p.AfterLogout(t.Context(), back); got != "/signed-out" {
		t.Errorf("back to a removed vendor: %s", got)
	}
}

// hintTricks are ID tokens that nobody may believe, made from a good one.
func hintTricks(t *testing.T, w *world, s shop, good string) map[string]string {
	t.Helper()
	claims := claimsOf(t, good)
	parts := strings.Split(good, ".")
	tricks := map[string]string{
		"alg none":      none(t, claims),
		"no signature":  parts[0] + "." + parts[1] + ".",
		"other payload": parts[0] + "." + b64(`{"iss":"`+issuer+`","sub":"x","aud":"`+string(s.ID)+`","iat":1}`) + "." + parts[2],
		"other key":     sign(t, jose.ES256, ecKey(t), claims),
	}
	for _, key := range w.keys.PublicKeys() {
		der, err := x509.MarshalPKIXPublicKey(key.Key)
		w.must(err)
		for name, secret := range map[string][]byte{"DER": der, "PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})} {
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: secret}, (&jose.SignerOptions{}).WithHeader("kid", key.KeyID))
			w.must(err)
			payload, err := signer.Sign([]byte(`{"iss":"` + issuer + `","sub":"x","aud":"` + string(s.ID) + `","iat":1}`))
			w.must(err)
			tricks["HS256 with our "+key.Algorithm+" "+name], err = payload.CompactSerialize()
			w.must(err)
		}
	}
	// Signed by the right key, and yet not ours: another issuer's token, another algorithm of the same key.
	for algorithm, change := range map[string]map[string]any{"ES256": {"iss": "https://other.example"}, "RS256": {"aud": []string{"a", string(s.ID)}}} {
		key, err := w.keys.Signer(algorithm)
		w.must(err)
		tricks["changed and signed "+algorithm] = signWith(t, key, claims, change)
	}
	if key, err := w.keys.Signer("ES256"); err == nil { // all is right, but that it says of itself that it is something else
		signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("logout+jwt"))
		w.must(err)
		tricks["logout token"], err = jwt.Signed(signer).Claims(claims).Serialize()
		w.must(err)
	}
	if key, err := w.keys.Signer("RS256"); err == nil {
		private, _ := key.Key.(jose.JSONWebKey)
		if rsaKey, ok := private.Key.(*rsa.PrivateKey); ok {
			ps := jose.SigningKey{Algorithm: jose.PS256, Key: jose.JSONWebKey{Key: crypto.Signer(rsaKey), KeyID: private.KeyID}}
			tricks["PS256 with our RS256 key"] = signWith(t, ps, claims, nil)
		}
	}
	return tricks
}

func TestHint_forgedOrForeign_isRefusedEverywhere(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	code, _ := c.approve(s.request("openid"))
	good := w.exchange(s, code).ID
	for name, hint := range hintTricks(t, w, s, good) {
		t.Run(name, func(t *testing.T) {
			wantRefusal(t, w.authorize(s.request("openid", "id_token_hint", hint), c.cookie), "invalid_request")
			if to, _ := w.leave(c.cookie, url.Values{"id_token_hint": {hint}}); to != "/signout" || !c.signedIn() {
				t.Errorf("logged out by a forged hint, led to %s", to)
			}
		})
	}
	other := w.vendor(func(v *identity.Vendor) { v.Name = "Books" })
	wantRefusal(t, w.authorize(other.request("openid", "id_token_hint", good), c.cookie), "invalid_request")
}
