package attack_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/internal/apptest"
	"github.com/meins-id/meins/vault/agent"
)

// claims are those of a JWT; nil takes one away.
type claims map[string]any

func (c claims) with(name string, value any) claims {
	c = maps.Clone(c)
	if c[name] = value; value == nil {
		delete(c, name)
	}
	return c
}

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func object(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// signed is a JWT with this header, signed by whatever is at hand.
func signed(t *testing.T, header claims, payload []byte, sign func(input []byte) []byte) string {
	t.Helper()
	input := encoded(object(t, header)) + "." + encoded(payload)
	return input + "." + encoded(sign([]byte(input)))
}

func unsigned([]byte) []byte { return nil }

func byHMAC(secret []byte) func([]byte) []byte {
	return func(input []byte) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write(input)
		return mac.Sum(nil)
	}
}

func byECDSA(t *testing.T, key *ecdsa.PrivateKey) func([]byte) []byte {
	return func(input []byte) []byte {
		sum := sha256.Sum256(input)
		r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
}

func byRSA(t *testing.T, key *rsa.PrivateKey) func([]byte) []byte {
	return func(input []byte) []byte {
		sum := sha256.Sum256(input)
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return signature
	}
}

// spellingsOf are the bytes that a careless program takes for the secret of an HMAC when it has a
// public key in hand.
func spellingsOf(t *testing.T, key jose.JSONWebKey) map[string][]byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Key)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{
		"nothing": {}, "DER": der, "JWK": object(t, key),
		"PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
	}
	if public, ok := key.Key.(*rsa.PublicKey); ok {
		all["PKCS 1"], all["modulus"] = x509.MarshalPKCS1PublicKey(public), public.N.Bytes()
	}
	return all
}

// keysOf are the public keys of a provider.
func (w *world) keysOf(t *testing.T) []jose.JSONWebKey {
	t.Helper()
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(w.Get(t, w.Issuer+"/oauth/keys")), &set); err != nil || len(set.Keys) < 3 {
		t.Fatalf("%d keys: %v", len(set.Keys), err)
	}
	return set.Keys
}

// TestIDTokenHint_notSignedByThisIssuer_neitherNamesACustomerNorEndsASession: unsigned, signed with
// the public key as if it were a secret, with a key that comes along, by another issuer, or altered.
func TestIDTokenHint_notSignedByThisIssuer_neitherNamesACustomerNorEndsASession(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	hint := ada.tokensFor(t, w.vendor, "email").ID
	payload := []byte(payloadOf(t, hint))
	own, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(hint, ".")
	forged := map[string]string{
		"alg none":                  signed(t, claims{"alg": "none", "typ": "JWT"}, payload, unsigned),
		"alg None":                  signed(t, claims{"alg": "None"}, payload, unsigned),
		"no alg":                    signed(t, claims{"typ": "JWT"}, payload, unsigned),
		"alg none and a signature":  encoded([]byte(`{"alg":"none"}`)) + "." + rest,
		"no signature":              hint[:strings.LastIndexByte(hint, '.')+1],
		"a key that comes along":    signed(t, claims{"alg": "RS256", "jwk": jose.JSONWebKey{Key: own.Public()}}, payload, byRSA(t, own)),
		"a key at an address":       signed(t, claims{"alg": "RS256", "jku": "https://evil.example/keys"}, payload, byRSA(t, own)),
		"a critical header":         signed(t, claims{"alg": "RS256", "crit": []string{"x"}, "x": 1}, payload, byRSA(t, own)),
		"an altered payload":        head + "." + encoded(bytes.Replace(payload, []byte(`"sub":"`), []byte(`"sub":"x`), 1)) + "." + rest[strings.IndexByte(rest, '.')+1:],
		"another issuer's token":    foreignHint(t),
		"nonsense":                  "a.b.c",
		"four parts":                hint + ".x",
		"an access token":           ada.tokensFor(t, w.vendor, "email").Access,
		"encrypted to nobody":       "a.b.c.d.e",
		"as JSON":                   `{"payload":"` + encoded(payload) + `","signatures":[]}`,
		"very long":                 strings.Repeat("a", 14<<10),
		"with a NUL":                hint + "\x00",
		"with the signature padded": hint + "=",
	}
	for _, key := range w.keysOf(t) {
		forged["a known kid, and another's key: "+key.Algorithm] = signed(t, claims{"alg": "RS256", "kid": key.KeyID}, payload, byRSA(t, own))
		for name, secret := range spellingsOf(t, key) {
			forged["HS256 with the "+key.Algorithm+" key as "+name] = signed(t, claims{"alg": "HS256", "kid": key.KeyID}, payload, byHMAC(secret))
			forged["RS256 said, HS256 done, "+key.Algorithm+" as "+name] = signed(t, claims{"alg": key.Algorithm, "kid": key.KeyID}, payload, byHMAC(secret))
		}
	}
	for name, token := range forged {
		t.Run(name, func(t *testing.T) {
			w.toldTheVendor(t, ada.Send(t, w.Request(t, http.MethodGet, strings.TrimPrefix(w.AuthorizeURL(w.vendor, "id_token_hint", token, "prompt", "none"), w.Issuer), nil, "")), "invalid_request")
			q := url.Values{"id_token_hint": {token}, "post_logout_redirect_uri": {goodbye}}
			if a := ada.Send(t, w.Request(t, http.MethodGet, "/oauth/end_session?"+q.Encode(), nil, "")); a.Header.Get("Location") != "/signout" {
				t.Errorf("the end of the session leads to %q", a.Header.Get("Location"))
			}
			ada.staysSignedIn(t)
		})
	}
	// The true one does what it is for: the others failed for what is wrong with them.
	q := url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {goodbye}}
	if a := ada.Send(t, w.Request(t, http.MethodGet, "/oauth/end_session?"+q.Encode(), nil, "")); a.Header.Get("Location") != goodbye {
		t.Errorf("the true hint leads to %q", a.Header.Get("Location"))
	}
}

// foreignHint is an ID token of another provider.
func foreignHint(t *testing.T) string {
	t.Helper()
	w := alone(t)
	return w.person(t, "ada").tokensFor(t, w.vendor, "email").ID
}

func TestEverythingOfAnotherIssuer_isRefused(t *testing.T) {
	w := start(t)
	foreign := alone(t)
	theirs, ada := foreign.person(t, "ada"), w.person(t, "ada")
	ada.codeFor(t, w.vendor, "email")
	got := theirs.tokensFor(t, foreign.vendor, "email")
	code := apptest.CodeOf(t, theirs.resume(t, theirs.flow(t, foreign.vendor)).Text("redirect"))

	w.opensNothing(t, got.Access)
	w.opensNothing(t, got.ID)
	w.endsHere(t, w.vendor, got.Refresh)
	w.Post(t, "/oauth/token", w.vendor, apptest.CodeForm(w.vendor, code)).Refused(t, http.StatusBadRequest, "invalid_grant")
	w.Post(t, "/oauth/token", foreign.vendor, apptest.CodeForm(foreign.vendor, code)).Refused(t, http.StatusUnauthorized, "invalid_client")
	w.shown(t, w.authorize(t, w.AuthorizeURL(foreign.vendor)), "")
	ada.call(t, http.MethodPost, "/flow", agent.Flow{Flow: theirs.flow(t, foreign.vendor)}).Refused(t, http.StatusBadRequest, "flow-invalid")
	for _, token := range []string{got.Access, got.Refresh, code} {
		if a := w.Post(t, "/oauth/introspect", w.vendor, url.Values{"token": {token}}); strings.TrimSpace(string(a.Body)) != `{"active":false}` {
			t.Errorf("introspected as %s", a.Body)
		}
	}
	r := w.Request(t, http.MethodGet, "/api/v1/session", nil, "")
	r.AddCookie(theirs.Cookie(t))
	w.Send(t, r).Refused(t, http.StatusUnauthorized, "no-session")

	foreign.serves(t, got.Access, "email")
}

// keyed is a vendor that proves itself with a key.
type keyed struct {
	*world

	id  string
	ec  *ecdsa.PrivateKey
	rsa *rsa.PrivateKey
}

// keyed registers the public halves of two keys.
func (w *world) keyed(t *testing.T) *keyed {
	t.Helper()
	k := &keyed{world: w}
	var err error
	if k.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	if k.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(file, object(t, k.public()), 0o600); err != nil {
		t.Fatal(err)
	}
	k.id = w.AddVendor(t, callback, "--auth-method", "private_key_jwt", "--jwks-file", file).ClientID
	return k
}

func (k *keyed) public() jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: k.ec.Public(), KeyID: "ec", Algorithm: "ES256", Use: "sig"}, {Key: k.rsa.Public(), KeyID: "rsa", Algorithm: "RS256", Use: "sig"},
	}}
}

// claims are those of an assertion that holds.
func (k *keyed) claims() claims {
	now := time.Now()
	return claims{"iss": k.id, "sub": k.id, "aud": k.Issuer, "jti": encoded(random(16)), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}
}

// present shows an assertion to the token endpoint; the pairs are more of the form.
func (k *keyed) present(t *testing.T, assertion string, pairs ...string) apptest.Answer {
	t.Helper()
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_assertion": {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return k.Send(t, k.Request(t, http.MethodPost, "/oauth/token", strings.NewReader(form.Encode()), apptest.Form))
}

// assert signs claims with the key on the curve.
func (k *keyed) assert(t *testing.T, c claims) string {
	t.Helper()
	return signed(t, claims{"alg": "ES256", "kid": "ec"}, object(t, c), byECDSA(t, k.ec))
}

func TestClientAssertion_thatDoesNotHold_isRefused(t *testing.T) {
	w := start(t)
	k := w.keyed(t)
	good, now := k.claims(), time.Now()
	secret := w.vendor.ClientID
	for name, c := range map[string]claims{
		"for another issuer":           good.with("aud", "https://evil.example"),
		"for our address and a slash":  good.with("aud", k.Issuer+"/"),
		"for another endpoint of ours": good.with("aud", k.Issuer+"/oauth/authorize"),
		"for us in upper case":         good.with("aud", strings.ToUpper(k.Issuer)),
		"for nobody":                   good.with("aud", nil),
		"for an empty list":            good.with("aud", []string{}),
		"expired":                      good.with("exp", now.Add(-time.Hour).Unix()),
		"never expiring":               good.with("exp", nil),
		"expiring too late":            good.with("exp", now.Add(24*time.Hour).Unix()),
		"expiring at the end of time":  good.with("exp", 1e300),
		"expiring in words":            good.with("exp", "tomorrow"),
		"not valid yet":                good.with("nbf", now.Add(time.Hour).Unix()),
		"issued tomorrow":              good.with("iat", now.Add(24*time.Hour).Unix()),
		"without a name":               good.with("jti", nil),
		"with an empty name":           good.with("jti", ""),
		"of another vendor":            good.with("iss", secret).with("sub", secret),
		"about another vendor":         good.with("sub", secret),
		"by another vendor":            good.with("iss", secret),
		"of nobody":                    good.with("iss", nil).with("sub", nil),
		"of an unknown vendor":         good.with("iss", apptest.AnID).with("sub", apptest.AnID),
		"of a vendor in a path":        good.with("iss", "../"+k.id).with("sub", "../"+k.id),
	} {
		t.Run(name, func(t *testing.T) {
			if c["jti"] == good["jti"] {
				c = c.with("jti", encoded(random(16)))
			}
			k.present(t, k.assert(t, c)).Refused(t, http.StatusUnauthorized, "invalid_client")
		})
	}
	k.present(t, k.assert(t, k.claims()), "client_id", secret).Refused(t, http.StatusUnauthorized, "invalid_client")
	k.present(t, k.assert(t, k.claims()), "client_secret", "x").Refused(t, http.StatusBadRequest, "invalid_request")
	k.present(t, k.assert(t, k.claims()), "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer").Refused(t, http.StatusBadRequest, "invalid_request")
	k.holds(t)
}

// holds checks that an assertion as it should be is accepted.
func (k *keyed) holds(t *testing.T) {
	t.Helper()
	if a := k.present(t, k.assert(t, k.claims())); a.Status != http.StatusOK {
		t.Fatalf("a good assertion is refused: %d %s", a.Status, a.Body)
	}
}

func TestClientAssertion_algorithmTricks_areRefused(t *testing.T) {
	w := start(t)
	k := w.keyed(t)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	payload := object(t, k.claims())
	forged := map[string]string{
		"alg none":                  signed(t, claims{"alg": "none"}, payload, unsigned),
		"alg nOnE":                  signed(t, claims{"alg": "nOnE", "kid": "ec"}, payload, unsigned),
		"no alg":                    signed(t, claims{"kid": "ec"}, payload, unsigned),
		"ES256 without a signature": signed(t, claims{"alg": "ES256", "kid": "ec"}, payload, unsigned),
		"ES256 of noughts":          signed(t, claims{"alg": "ES256", "kid": "ec"}, payload, func([]byte) []byte { return make([]byte, 64) }),
		"another's key":             signed(t, claims{"alg": "ES256", "kid": "ec"}, payload, byECDSA(t, other)),
		"a key that comes along":    signed(t, claims{"alg": "ES256", "jwk": jose.JSONWebKey{Key: other.Public()}}, payload, byECDSA(t, other)),
		"the other key's name":      signed(t, claims{"alg": "ES256", "kid": "rsa"}, payload, byECDSA(t, k.ec)),
		"the other key's algorithm": signed(t, claims{"alg": "RS256", "kid": "ec"}, payload, byRSA(t, k.rsa)),
		"an unknown key":            signed(t, claims{"alg": "ES256", "kid": "../ec"}, payload, byECDSA(t, k.ec)),
		"an algorithm of ours no":   signed(t, claims{"alg": "PS256", "kid": "rsa"}, payload, byRSA(t, k.rsa)),
		"nonsense":                  "x",
		"nothing":                   "..",
		"very long":                 strings.Repeat("x", 40<<10),
	}
	for _, key := range k.public().Keys {
		for name, secret := range spellingsOf(t, key) {
			forged["HS256 with the "+key.KeyID+" key as "+name] = signed(t, claims{"alg": "HS256", "kid": key.KeyID}, payload, byHMAC(secret))
		}
	}
	for name, assertion := range forged {
		t.Run(name, func(t *testing.T) {
			k.present(t, assertion).Refused(t, http.StatusUnauthorized, "invalid_client")
		})
	}
	k.holds(t)
}

func TestClientAssertion_replayed_isRefused_evenByAHundredAtOnce(t *testing.T) {
	w := start(t)
	k := w.keyed(t)
	assertion := k.assert(t, k.claims())
	served := 0
	for _, a := range atOnce(100, func() apptest.Answer { return k.present(t, assertion) }) {
		if a.Status == http.StatusOK {
			served++
			continue
		}
		a.Refused(t, http.StatusUnauthorized, "invalid_client")
	}
	if served != 1 {
		t.Errorf("an assertion served %d times", served)
	}
	k.present(t, assertion).Refused(t, http.StatusUnauthorized, "invalid_client")
	k.holds(t)
}
