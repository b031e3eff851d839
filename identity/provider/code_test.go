package provider_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/store"
)

func TestCode_givesTokensThatOpenExactlyWhatWasApproved(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	code, _ := c.approve(s.request("openid email profile"), "email")
	a := w.exchange(s, code)
	if a.Type != "Bearer" || a.ExpiresIn != 600 || a.Scope != "openid email profile" || a.Refresh != "" {
		t.Errorf("tokens: %s", a.Body)
	}
	if a.Header.Get("Cache-Control") != "no-store" {
		t.Error("tokens may be cached")
	}
	info := w.userinfo(a.Access)
	if info.Status != http.StatusOK || !strings.Contains(info.Body, theEmail) || strings.Contains(info.Body, theName) {
		t.Errorf("userinfo: %d %s", info.Status, info.Body)
	}
}

func TestCode_idTokenSaysWhoWhenAndHow(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	code, _ := c.approve(s.request("openid"))
	a := w.exchange(s, code)
	claims := claimsOf(t, a.ID)
	for name, want := range map[string]any{
		"iss": issuer, "aud": string(s.ID), "azp": string(s.ID), "nonce": "no-nce",
		"auth_time": float64(c.session.AuthTime.Unix()), "iat": float64(w.clock.now().Unix()), "acr": "https://meins.id/acr/secret",
	} {
		if claims[name] != want {
			t.Errorf("%s = %v, want %v", name, claims[name], want)
		}
	}
	for _, name := range []string{"sub", "at_hash", "sid", "amr", "exp"} {
		if claims[name] == nil {
			t.Errorf("no %s", name)
		}
	}
	if claims["email"] != nil || claims["name"] != nil {
		t.Error("the ID token holds claims that nobody asked for it")
	}
}

func TestCode_claimsForTheIDTokenGoThereAndNowhereElse(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	q := s.request("openid", "claims", `{"id_token":{"name":{"essential":true}},"userinfo":{"email":null}}`)
	code, grant := c.approve(q, "name", "email")
	a := w.exchange(s, code)
	claims := claimsOf(t, a.ID)
	if claims["name"] != theName || claims["email"] != nil {
		t.Errorf("id token: %v", claims)
	}
	if info := w.userinfo(a.Access); strings.Contains(info.Body, theName) || !strings.Contains(info.Body, theEmail) {
		t.Errorf("userinfo: %s", info.Body)
	}
	w.clock.move(3 * time.Second)
	g, err := w.consent.Grant(t.Context(), c.session.Account, grant)
	w.must(err)
	if len(g.Claims) != 2 {
		t.Errorf("grant: %v", g.Claims)
	}
}

func TestCode_bindsToClientAddressAndVerifier(t *testing.T) {
	w := newWorld(t)
	s, other, c := w.vendor(), w.vendor(), w.customer()
	code, _ := c.approve(s.request("openid"))
	form := codeForm(code, s)
	with := func(name, value string) answer {
		f := clone(form)
		f.Set(name, value)
		if value == "" {
			f.Del(name)
		}
		return w.post("/oauth/token", s, f)
	}
	w.post("/oauth/token", other, form).refused(t, 400, "invalid_grant")
	with("redirect_uri", "https://shop.example/back").refused(t, 400, "invalid_grant")
	with("code_verifier", "").refused(t, 400, "invalid_grant")
	with("code_verifier", strings.Repeat("x", 43)).refused(t, 400, "invalid_grant")
	// Downgraded: the challenge itself, as the plain method would have it.
	with("code_verifier", s.request("openid").Get("code_challenge")).refused(t, 400, "invalid_grant")
	with("code", code[:len(code)-1]).refused(t, 400, "invalid_grant")
	with("code", code+"\n").refused(t, 400, "invalid_grant")
	with("code", "").refused(t, 400, "invalid_request")
	// None of that used it up.
	w.exchange(s, code)
}

// Where there is no family of refresh tokens, the mark of the code alone remembers it: for as long as there is
// something to revoke.
func TestCode_replayedLate_withoutRefreshTokens_revokesTheAccessToken(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	code, _ := c.approve(s.request("openid email"), "email")
	first := w.exchange(s, code)
	w.clock.move(9 * time.Minute)
	if info := w.userinfo(first.Access); info.Status != http.StatusOK {
		t.Fatalf("before the replay: %d", info.Status)
	}
	w.post("/oauth/token", s, codeForm(code, s)).refused(t, 400, "invalid_grant")
	w.userinfo(first.Access).refused(t, 401, "invalid_token")
}

// Too short a verifier can be guessed from the challenge that went through the browser (RFC 7636, 4.1).
func TestCode_verifierOfAnotherLength_isRefused(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	for length, good := range map[int]bool{1: false, 42: false, 43: true, 128: true, 129: false} {
		text := strings.Repeat("v", length)
		sum := sha256.Sum256([]byte(text))
		code, _ := c.approve(s.request("openid", "code_challenge", base64.RawURLEncoding.EncodeToString(sum[:])))
		form := codeForm(code, s)
		form.Set("code_verifier", text)
		if got := w.post("/oauth/token", s, form); (got.Status == http.StatusOK) != good {
			t.Errorf("%d characters: %d", length, got.Status)
		}
	}
}

// An excuse that the operator takes back is over for codes that are on their way, too.
func TestCode_withoutAChallenge_isRefusedOnceTheExcuseIsTakenBack(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(func(v *identity.Vendor) { v.Protocol.PKCE = identity.PKCEOptional }), w.customer()
	code, _ := c.approve(s.request("openid", "code_challenge", "", "code_challenge_method", ""))
	key, form := "vendor/"+string(s.ID), codeForm(code, s)
	form.Del("code_verifier")
	w.must(w.store.Update(t.Context(), func(tx store.Tx) error {
		raw, err := tx.Get(key)
		if err != nil {
			return err
		}
		return tx.Put(key, []byte(strings.Replace(string(raw), `"pkce":"optional"`, `"pkce":""`, 1)), time.Time{})
	}))
	w.post("/oauth/token", s, form).refused(t, 400, "invalid_grant")
}

func TestCode_expires(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	code, _ := c.approve(s.request("openid"))
	w.clock.move(61 * time.Second)
	w.post("/oauth/token", s, codeForm(code, s)).refused(t, 400, "invalid_grant")
}

func TestCode_replayed_revokesEverythingThatCameFromIt(t *testing.T) {
	for name, wait := range map[string]time.Duration{"at once": 0, "after the code has expired": 2 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s, c := w.vendor(), w.customer()
			code, _ := c.approve(s.request("openid email offline_access"), "email")
			first := w.exchange(s, code)
			next := w.post("/oauth/token", s, refreshForm(first.Refresh))
			w.clock.move(wait)
			w.post("/oauth/token", s, codeForm(code, s)).refused(t, 400, "invalid_grant")

			for _, access := range []string{first.Access, next.Access} {
				info := w.userinfo(access)
				info.refused(t, 401, "invalid_token")
				if strings.Contains(info.Body, theEmail) || w.introspect(s, access) {
					t.Error("a revoked access token still opens something")
				}
			}
			if w.introspect(s, next.Refresh) {
				t.Error("the refresh token is still active")
			}
			w.post("/oauth/token", s, refreshForm(next.Refresh)).refused(t, 400, "invalid_grant")
		})
	}
}

func TestCode_hundredRacers_oneWins_andTheReplayEndsIt(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	code, _ := c.approve(s.request("openid email offline_access"), "email")
	var wins sync.Map
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			if a := w.post("/oauth/token", s, codeForm(code, s)); a.Status == http.StatusOK {
				wins.Store(i, a)
			} else if a.Error != "invalid_grant" {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
	}
	wg.Wait()
	n := 0
	wins.Range(func(_, won any) bool {
		n++
		a, _ := won.(answer)
		w.userinfo(a.Access).refused(t, 401, "invalid_token")
		w.post("/oauth/token", s, refreshForm(a.Refresh)).refused(t, 400, "invalid_grant")
		return true
	})
	if n != 1 {
		t.Errorf("%d of 100 redeemed one code", n)
	}
}

func TestCode_withdrawnGrant_opensNothing(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	code, grant := c.approve(s.request("openid email"), "email")
	_, err := w.consent.Withdraw(t.Context(), c.session.Account, grant)
	w.must(err)
	w.post("/oauth/token", s, codeForm(code, s)).refused(t, 400, "invalid_grant")
}

func TestIDToken_isSignedAsTheVendorRegistered(t *testing.T) {
	for registered, want := range map[string]string{"": "RS256", "RS256": "RS256", "ES256": "ES256", "EdDSA": "EdDSA", "PS256": "PS256"} {
		w := newWorld(t)
		s, c := w.vendor(func(v *identity.Vendor) { v.SigningAlg = registered }), w.customer()
		code, _ := c.approve(s.request("openid"))
		verifyIDToken(t, w, w.exchange(s, code), want)
	}
}
