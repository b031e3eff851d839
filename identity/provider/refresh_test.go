package provider_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/identity"
)

func offline(t *testing.T) (*world, shop, *customer, answer) {
	t.Helper()
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	code, _ := c.approve(s.request("openid email profile offline_access"), "email", "name")
	return w, s, c, w.exchange(s, code)
}

func TestRefresh_rotates_andTheNewTokensWork(t *testing.T) {
	w, s, c, first := offline(t)
	w.clock.move(time.Hour)
	next := w.post("/oauth/token", s, refreshForm(first.Refresh))
	if next.Status != http.StatusOK || next.Refresh == first.Refresh || next.Refresh == "" {
		t.Fatalf("refresh: %d %s", next.Status, next.Body)
	}
	if info := w.userinfo(next.Access); !strings.Contains(info.Body, theEmail) {
		t.Errorf("userinfo: %s", info.Body)
	}
	was, is := claimsOf(t, first.ID), claimsOf(t, next.ID)
	if is["sub"] != was["sub"] || is["auth_time"] != float64(c.session.AuthTime.Unix()) || is["nonce"] != nil {
		t.Errorf("id token after refresh: %v", is)
	}
}

func TestRefresh_reused_endsTheFamily(t *testing.T) {
	w, s, _, first := offline(t)
	next := w.post("/oauth/token", s, refreshForm(first.Refresh))
	w.clock.move(10 * time.Second)
	w.post("/oauth/token", s, refreshForm(first.Refresh)).refused(t, 400, "invalid_grant")
	w.post("/oauth/token", s, refreshForm(next.Refresh)).refused(t, 400, "invalid_grant")
	w.userinfo(next.Access).refused(t, 401, "invalid_token")
}

func TestRefresh_afterALostReply_givesTheSameSuccessorAgain(t *testing.T) {
	w, s, _, first := offline(t)
	lost := w.post("/oauth/token", s, refreshForm(first.Refresh))
	w.clock.move(9 * time.Second)
	w.post("/oauth/token", w.vendor(), refreshForm(first.Refresh)).refused(t, 400, "invalid_grant")
	again := w.post("/oauth/token", s, refreshForm(first.Refresh))
	if again.Status != http.StatusOK || !w.introspect(s, lost.Refresh) || !w.introspect(s, again.Refresh) {
		t.Fatalf("%d %s", again.Status, again.Body)
	}
	name := func(token string) string {
		a := w.post("/oauth/introspect", s, url.Values{"token": {token}})
		var said struct{ Jti string }
		w.must(json.Unmarshal([]byte(a.Body), &said))
		return said.Jti
	}
	if name(lost.Refresh) != name(again.Refresh) || name(again.Refresh) == "" {
		t.Error("two successors of one token")
	}
	third := w.post("/oauth/token", s, refreshForm(lost.Refresh))
	if third.Status != http.StatusOK {
		t.Fatalf("%d %s", third.Status, third.Body)
	}
	// The first is now two steps behind: no lost reply explains it.
	w.post("/oauth/token", s, refreshForm(first.Refresh)).refused(t, 400, "invalid_grant")
	w.post("/oauth/token", s, refreshForm(third.Refresh)).refused(t, 400, "invalid_grant")
	w.userinfo(third.Access).refused(t, 401, "invalid_token")
}

// While a clock that was set back catches up, an old token is no more explained by a lost reply than ever.
func TestRefresh_reusedAfterTheClockWasSetBack_endsTheFamily(t *testing.T) {
	w, s, _, first := offline(t)
	w.clock.move(time.Hour)
	next := w.post("/oauth/token", s, refreshForm(first.Refresh))
	w.clock.move(-time.Hour)
	w.post("/oauth/token", s, refreshForm(first.Refresh)).refused(t, 400, "invalid_grant")
	w.post("/oauth/token", s, refreshForm(next.Refresh)).refused(t, 400, "invalid_grant")
}

func TestRefresh_ofAnotherVendor_isRefusedAndHarmless(t *testing.T) {
	w, s, _, first := offline(t)
	w.post("/oauth/token", w.vendor(), refreshForm(first.Refresh)).refused(t, 400, "invalid_grant")
	if a := w.post("/oauth/token", s, refreshForm(first.Refresh)); a.Status != http.StatusOK {
		t.Errorf("the owner was hurt: %s", a.Body)
	}
}

func TestRefresh_narrowedScope_narrowsTheClaims_forOneAccessToken(t *testing.T) {
	w, s, _, first := offline(t)
	form := refreshForm(first.Refresh)
	form.Set("scope", "openid email")
	next := w.post("/oauth/token", s, form)
	info := w.userinfo(next.Access)
	if !strings.Contains(info.Body, theEmail) || strings.Contains(info.Body, theName) || next.Scope != "openid email" {
		t.Errorf("%s: %s", next.Scope, info.Body)
	}
	again := w.post("/oauth/token", s, refreshForm(next.Refresh))
	if info := w.userinfo(again.Access); !strings.Contains(info.Body, theName) {
		t.Errorf("the narrowing stayed: %s", info.Body)
	}
}

func TestRefresh_widerScope_isRefused_andUsesNothingUp(t *testing.T) {
	w, s, _, first := offline(t)
	form := refreshForm(first.Refresh)
	form.Set("scope", "openid address")
	w.post("/oauth/token", s, form).refused(t, 400, "invalid_scope")
	if a := w.post("/oauth/token", s, refreshForm(first.Refresh)); a.Status != http.StatusOK {
		t.Errorf("refresh: %s", a.Body)
	}
}

func TestRefresh_endsAtItsAbsoluteTime_howeverOftenItRotates(t *testing.T) {
	w, s, _, a := offline(t)
	for range 3 {
		w.clock.move(29 * 24 * time.Hour)
		if a = w.post("/oauth/token", s, refreshForm(a.Refresh)); a.Status != http.StatusOK {
			t.Fatalf("refresh: %s", a.Body)
		}
	}
	w.clock.move(4 * 24 * time.Hour)
	w.post("/oauth/token", s, refreshForm(a.Refresh)).refused(t, 400, "invalid_grant")
}

func TestRefresh_withdrawnGrant_isRefused(t *testing.T) {
	w, s, c, a := offline(t)
	grants, err := w.consent.Grants(t.Context(), c.session.Account)
	w.must(err)
	_, err = w.consent.Withdraw(t.Context(), c.session.Account, grants[0].ID)
	w.must(err)
	w.post("/oauth/token", s, refreshForm(a.Refresh)).refused(t, 400, "invalid_grant")
	info := w.userinfo(a.Access)
	info.refused(t, 401, "invalid_token")
	if !strings.Contains(info.Header.Get("WWW-Authenticate"), `error="invalid_token"`) || strings.Contains(info.Body, theEmail) {
		t.Errorf("%v %s", info.Header, info.Body)
	}
	if w.introspect(s, a.Access) || w.introspect(s, a.Refresh) {
		t.Error("tokens of a withdrawn grant are active")
	}
}

func TestRefresh_withoutOfflineAccess_thereIsNone(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	code, _ := c.approve(s.request("openid"))
	if a := w.exchange(s, code); a.Refresh != "" {
		t.Error("a refresh token that nobody asked for")
	}
	noRefresh := w.vendor(func(v *identity.Vendor) { v.GrantTypes = []string{"authorization_code"} })
	code, _ = c.approve(noRefresh.request("openid offline_access"))
	if a := w.exchange(noRefresh, code); a.Refresh != "" || strings.Contains(a.Scope, "offline") {
		t.Error("a refresh token for a vendor that may not use it")
	}
}

func TestRefresh_isNotAnAccessToken_norACode(t *testing.T) {
	w, s, _, a := offline(t)
	w.userinfo(a.Refresh).refused(t, 401, "invalid_token")
	w.post("/oauth/token", s, codeForm(a.Refresh, s)).refused(t, 400, "invalid_grant")
	w.post("/oauth/token", s, refreshForm(a.Access)).refused(t, 400, "invalid_grant")
}
