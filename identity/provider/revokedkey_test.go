package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// revokeKeys withdraws every current key of a use.
func (w *world) revokeKeys(use string) []string {
	w.t.Helper()
	all, err := w.keys.List(w.t.Context())
	w.must(err)
	var gone []string
	for _, k := range all {
		if k.Use == use && k.State == "current" {
			w.must(w.keys.Revoke(w.t.Context(), k.ID))
			gone = append(gone, k.ID)
		}
	}
	return gone
}

func TestRevokedTokenKey_nothingThatItSealedIsBelieved(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	code, _ := c.approve(s.request("openid email offline_access"), "email")
	tokens := w.exchange(s, code)
	other := w.vendor()
	unused, _ := c.approve(other.request("openid email"), "email")
	w.revokeKeys("token")
	if info := w.userinfo(tokens.Access); info.Status != http.StatusUnauthorized || strings.Contains(info.Body, theEmail) {
		t.Errorf("userinfo: %d %s", info.Status, info.Body)
	}
	w.post("/oauth/token", s, refreshForm(tokens.Refresh)).refused(t, http.StatusBadRequest, "invalid_grant")
	w.post("/oauth/token", other, codeForm(unused, other)).refused(t, http.StatusBadRequest, "invalid_grant")
	if w.introspect(s, tokens.Access) || w.introspect(s, tokens.Refresh) {
		t.Error("a token of a withdrawn key is active")
	}
	again, _ := c.approve(s.request("openid email", "prompt", "consent"), "email")
	if info := w.userinfo(w.exchange(s, again).Access); info.Status != http.StatusOK || !strings.Contains(info.Body, theEmail) {
		t.Errorf("the new key does not serve: %d", info.Status)
	}
}

func TestRevokedSigningKey_isPublishedNoMore_andItsTokensProveNothing(t *testing.T) {
	w := newWorld(t)
	s := w.vendor()
	c := w.customer()
	hint := c.signIn(s)
	gone := w.revokeKeys("sig")
	rec := w.get("/oauth/keys", "")
	for _, kid := range gone {
		if len(gone) != 3 || strings.Contains(rec.Body.String(), kid) {
			t.Errorf("%s is still published", kid)
		}
	}
	wantRefusal(t, w.authorize(s.request("openid", "id_token_hint", hint), c.cookie), "invalid_request")
	if to, _ := w.leave(c.cookie, url.Values{"id_token_hint": {hint}}); to != "/signout" || !c.signedIn() {
		t.Errorf("signed out by a token of a withdrawn key, led to %s", to)
	}
}

func TestRevokedFlowKey_requestsThatItSealedAreOver(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	flow := w.flow(s.request("openid"))
	w.revokeKeys("flow")
	if _, err := w.p.Next(t.Context(), flow, &c.session); err == nil {
		t.Error("a request that a withdrawn key sealed is believed")
	}
}
