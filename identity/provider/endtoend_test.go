package provider_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

// sealedFor makes a vendor that reads end-to-end, with the key by which it does.
func sealedFor(t testing.TB, alg string) (*ecdsa.PrivateKey, func(*identity.Vendor)) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwk := jose.JSONWebKey{Key: key.Public(), KeyID: "to read by", Use: "enc", Algorithm: alg}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{jwk}})
	if err != nil {
		t.Fatal(err)
	}
	return key, func(v *identity.Vendor) { v.JWKS, v.Protocol.UserInfoKeyAlg = set, alg }
}

func nested(v *identity.Vendor) { v.Protocol.UserInfoAlg = identity.SigningNone }

// message is what the agent makes in the place of a capsule.
func (c *customer) message(key vault.GrantKey, grant id.Grant, party consent.Party, values vault.Claims) []byte {
	c.w.t.Helper()
	to, err := seal.ParseRecipient([]byte(party.Encryption.Key))
	c.w.must(err)
	text, err := vault.Response{
		Issuer: issuer, Subject: c.w.keys.PairwiseSub(string(c.session.Account), string(c.persona), party.Sector),
		Client: party.Client, Claims: values, Nested: party.Encryption.Nested,
	}.Encrypt(to, party.Encryption.Alg)
	c.w.must(err)
	box, err := vault.SealMessage(key, c.session.Account, grant, 1, text)
	c.w.must(err)
	return box
}

// opened is what the vendor's library makes of a message; a JWT inside is unsecured.
func opened(t *testing.T, key *ecdsa.PrivateKey, alg, body string) map[string]any {
	t.Helper()
	object, err := jose.ParseEncryptedCompact(body, []jose.KeyAlgorithm{jose.KeyAlgorithm(alg)}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	text, err := object.Decrypt(key)
	if err != nil {
		t.Fatal(err)
	}
	if object.Header.ExtraHeaders["cty"] == "JWT" {
		parts := strings.Split(string(text), ".")
		if len(parts) != 3 || parts[2] != "" {
			t.Fatal("no unsecured JWT")
		}
		if text, err = base64.RawURLEncoding.DecodeString(parts[1]); err != nil {
			t.Fatal(err)
		}
	}
	var claims map[string]any
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestEndToEnd_theVendorReadsWhatTheServerCannot(t *testing.T) {
	for _, alg := range []string{seal.ECDHES, seal.ECDHESA256KW} {
		for form, change := range map[string]func(*identity.Vendor){"JSON": func(*identity.Vendor) {}, "JWT": nested} {
			w := newWorld(t)
			key, sealed := sealedFor(t, alg)
			s, c := w.vendor(sealed, change), w.customer()
			code, grant := c.approve(s.request("openid email profile offline_access"), "email", "email_verified", "name")
			a := w.exchange(s, code)
			for _, access := range []string{a.Access, w.post("/oauth/token", s, refreshForm(a.Refresh)).Access} {
				info := w.userinfo(access)
				if info.Status != http.StatusOK || info.Header.Get("Content-Type") != "application/jwt" || info.Header.Get("Cache-Control") != "no-store" {
					t.Fatalf("%s, %s: %d %s %s", alg, form, info.Status, info.Header, info.Body)
				}
				claims := opened(t, key, alg, info.Body)
				if claims["email"] != theEmail || claims["name"] != theName || claims["sub"] != claimsOf(t, a.ID)["sub"] || claims["iss"] != issuer || claims["aud"] != string(s.ID) {
					t.Errorf("%s, %s: %v", alg, form, claims)
				}
				if claims["email_verified"] != false {
					t.Error("somebody vouches for an address")
				}
			}
			g, err := w.consent.Grant(t.Context(), c.session.Account, grant)
			if err != nil || g.Mode != consent.ModeEndToEnd {
				t.Errorf("mode %q, %v", g.Mode, err)
			}
			for _, text := range []string{w.log.String(), a.Body, a.ID} {
				if strings.Contains(text, theEmail) || strings.Contains(text, theName) {
					t.Error("a value is where the server could read it")
				}
			}
		}
	}
}

func TestEndToEnd_theIDTokenHoldsNoClaim_whateverWasAsked(t *testing.T) {
	w := newWorld(t)
	key, sealed := sealedFor(t, seal.ECDHES)
	s, c := w.vendor(sealed), w.customer()
	code, _ := c.approve(s.request("openid", "claims", `{"id_token":{"email":{"essential":true}}}`), "email")
	a := w.exchange(s, code)
	if claims := claimsOf(t, a.ID); claims["email"] != nil {
		t.Errorf("the ID token says %v", claims["email"])
	}
	if claims := opened(t, key, seal.ECDHES, w.userinfo(a.Access).Body); claims["email"] != theEmail {
		t.Errorf("UserInfo says %v", claims["email"])
	}
}

// The message cannot be cut, so a token for less of it reads nothing.
func TestEndToEnd_aNarrowerToken_readsNothing(t *testing.T) {
	w := newWorld(t)
	_, sealed := sealedFor(t, seal.ECDHES)
	s, c := w.vendor(sealed), w.customer()
	code, grant := c.approve(s.request("openid email profile offline_access"), "email", "name")
	a := w.exchange(s, code)
	form := refreshForm(a.Refresh)
	form.Set("scope", "openid email")
	narrow := w.post("/oauth/token", s, form)
	if narrow.Status != http.StatusOK {
		t.Fatal(narrow.Body)
	}
	w.userinfo(narrow.Access).refused(t, http.StatusForbidden, "insufficient_scope")

	less := w.flow(s.request("openid email"))
	if next, err := w.p.Next(t.Context(), less, &c.session); err != nil || next.Step != provider.StepReview {
		t.Errorf("a request for less: %v, %v", next.Step, err)
	}
	login := w.flow(s.request("openid"))
	address, err := w.p.Resume(t.Context(), c.session, login, grant, c.grants[grant])
	w.must(err)
	only := w.exchange(s, parameter(t, address, "code"))
	w.userinfo(only.Access).refused(t, http.StatusForbidden, "insufficient_scope")
}

func TestEndToEnd_withdrawn_isRefusedAtOnce(t *testing.T) {
	w := newWorld(t)
	_, sealed := sealedFor(t, seal.ECDHES)
	s, c := w.vendor(sealed), w.customer()
	code, grant := c.approve(s.request("openid email"), "email")
	a := w.exchange(s, code)
	_, err := w.consent.Withdraw(t.Context(), c.session.Account, grant)
	w.must(err)
	w.userinfo(a.Access).refused(t, http.StatusUnauthorized, "invalid_token")
}

// An agent that seals claims for a vendor with a key, or anything else that is no message, releases nothing.
func TestEndToEnd_whatIsNoMessage_isRefused(t *testing.T) {
	w := newWorld(t)
	_, sealed := sealedFor(t, seal.ECDHES)
	s, c := w.vendor(sealed), w.customer()
	flow := w.flow(s.request("openid email"))
	approval := c.approval(flow, "email")
	var err error
	approval.Capsule, err = vault.SealCapsule(approval.Key, c.session.Account, approval.Grant, 1, c.values)
	w.must(err)
	address, err := w.p.Approve(t.Context(), c.session, flow, approval)
	w.must(err)
	a := w.exchange(s, parameter(t, address, "code"))
	w.userinfo(a.Access).refused(t, http.StatusUnauthorized, "invalid_token")
}

func BenchmarkUserInfoEndToEnd(b *testing.B) {
	w := newWorld(b)
	_, sealed := sealedFor(b, seal.ECDHES)
	s, c := w.vendor(sealed), w.customer()
	code, _ := c.approve(s.request("openid email address"), "email", "email_verified", "address")
	a := w.exchange(s, code)
	serve(b, w.http, http.MethodGet, "/oauth/userinfo", http.Header{"Authorization": {"Bearer " + a.Access}}, nil)
}
