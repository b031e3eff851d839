package provider_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// granted is a world in which a vendor holds an access token for the customer's e-mail address.
func granted(t *testing.T) (*world, shop, *customer, string) {
	t.Helper()
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	code, _ := c.approve(s.request("openid email"), "email", "email_verified")
	return w, s, c, w.exchange(s, code).Access
}

func TestUserInfo_subIsThatOfTheIDToken(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	code, _ := c.approve(s.request("openid email address"), "email", "email_verified", "address")
	a := w.exchange(s, code)
	info := w.userinfo(a.Access)
	var body map[string]any
	w.must(json.Unmarshal([]byte(info.Body), &body))
	if body["sub"] != claimsOf(t, a.ID)["sub"] || body["email"] != theEmail || body["email_verified"] != false || len(body) != 4 {
		t.Errorf("%v", body)
	}
	if address, _ := body["address"].(map[string]any); address["locality"] != "Ulm" {
		t.Errorf("address: %v", body["address"])
	}
	if info.Header.Get("Cache-Control") != "no-store" || info.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%v", info.Header)
	}
}

func TestUserInfo_tokenInHeaderOrForm_neverInTheAddress(t *testing.T) {
	w, _, _, access := granted(t)
	ask := func(method, query, header, body string) answer {
		r := httptest.NewRequestWithContext(t.Context(), method, "/oauth/userinfo"+query, strings.NewReader(body))
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		if body != "" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return read(w.do(r))
	}
	form := url.Values{"access_token": {access}}.Encode()
	for name, a := range map[string]answer{
		"header, GET":  ask(http.MethodGet, "", "Bearer "+access, ""),
		"header, POST": ask(http.MethodPost, "", "bearer "+access, ""),
		"form":         ask(http.MethodPost, "", "", form),
	} {
		if a.Status != http.StatusOK || !strings.Contains(a.Body, theEmail) {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	ask(http.MethodGet, "?"+form, "", "").refused(t, 400, "invalid_request")
	ask(http.MethodGet, "?"+form, "Bearer "+access, "").refused(t, 400, "invalid_request")
	ask(http.MethodPost, "", "Bearer "+access, form).refused(t, 400, "invalid_request")
	ask(http.MethodPost, "", "", form+"&"+form).refused(t, 400, "invalid_request")
	ask(http.MethodGet, "", "", form).refused(t, 401, "invalid_token")
	ask(http.MethodGet, "", "DPoP "+access, "").refused(t, 401, "invalid_token")
	ask(http.MethodGet, "", "Bearer", "").refused(t, 401, "invalid_token")
	ask(http.MethodPut, "", "Bearer "+access, "").refused(t, 405, "invalid_request")
	if a := ask(http.MethodGet, "", "", ""); a.Status != 401 || a.Header.Get("WWW-Authenticate") != `Bearer realm="meins"` {
		t.Errorf("without a token: %d %v", a.Status, a.Header)
	}
}

func TestUserInfo_expiredForgedOrForeign_opensNothing(t *testing.T) {
	w, s, _, access := granted(t)
	other := newWorld(t)
	for name, token := range map[string]string{
		"cut": access[:len(access)-1], "longer": access + "A", "line break": access + "\n", "an id": "aaaaaaaa.AAAA", "huge": strings.Repeat("a", 1<<20),
		"JWT": none(t, map[string]any{"iss": issuer, "sub": "x", "client_id": s.ID}), "blank": " ", "dot": ".",
	} {
		info := w.userinfo(token)
		info.refused(t, 401, "invalid_token")
		if !strings.Contains(info.Header.Get("WWW-Authenticate"), `Bearer realm="meins", error="invalid_token"`) {
			t.Errorf("%s: challenge %q", name, info.Header.Get("WWW-Authenticate"))
		}
	}
	other.userinfo(access).refused(t, 401, "invalid_token")
	w.clock.move(10 * time.Minute)
	w.userinfo(access).refused(t, 401, "invalid_token")
}

func TestUserInfo_endsWithTheGrant(t *testing.T) {
	w, s, c, access := granted(t)
	grants, err := w.consent.Grants(t.Context(), c.session.Account)
	w.must(err)
	_, err = w.consent.Withdraw(t.Context(), c.session.Account, grants[0].ID)
	w.must(err)
	info := w.userinfo(access)
	info.refused(t, 401, "invalid_token")
	if strings.Contains(info.Body, theEmail) || w.introspect(s, access) {
		t.Error("a withdrawn grant still serves")
	}
}

func TestUserInfo_readIsRecordedByName(t *testing.T) {
	w, _, c, access := granted(t)
	w.userinfo(access)
	grants, err := w.consent.Grants(t.Context(), c.session.Account)
	w.must(err)
	w.must(w.consent.Close(t.Context())) // what is gathered is written
	reads, _, err := w.consent.Reads(t.Context(), c.session.Account, grants[0].ID, "", 10)
	w.must(err)
	if len(reads) != 1 || len(reads[0].Claims) != 2 {
		t.Fatalf("%d reads", len(reads))
	}
}

func TestUserInfo_wrongGrantKey_isNoServerError(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	flow := w.flow(s.request("openid email"))
	a, b := c.approval(flow, "email"), c.approval(flow, "email")
	a.Key = b.Key
	address, err := w.p.Approve(t.Context(), c.session, flow, a)
	w.must(err)
	access := w.exchange(s, parameter(t, address, "code")).Access
	w.userinfo(access).refused(t, 401, "invalid_token")
}

func TestCode_capsuleThatDoesNotOpen_isNoServerError(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	flow := w.flow(s.request("openid", "claims", `{"id_token":{"email":null}}`))
	a, b := c.approval(flow, "email"), c.approval(flow, "email")
	a.Key = b.Key
	address, err := w.p.Approve(t.Context(), c.session, flow, a)
	w.must(err)
	w.post("/oauth/token", s, codeForm(parameter(t, address, "code"), s)).refused(t, 400, "invalid_grant")
}

func TestIntrospect_onlyTheOwnVendorLearnsAnything(t *testing.T) {
	w, s, _, access := granted(t)
	if !w.introspect(s, access) {
		t.Error("the owner learns nothing")
	}
	if w.introspect(w.vendor(), access) {
		t.Error("another vendor learns that the token is active")
	}
	if w.introspect(s, "rubbish") || w.introspect(s, access+"A") {
		t.Error("rubbish is active")
	}
	a := w.post("/oauth/introspect", s, url.Values{"token": {access}, "token_type_hint": {"refresh_token"}})
	var body map[string]any
	w.must(json.Unmarshal([]byte(a.Body), &body))
	for name, want := range map[string]any{
		"active": true, "client_id": string(s.ID), "iss": issuer, "token_type": "Bearer", "scope": "openid email",
		"iat": float64(w.clock.now().Unix()), "exp": float64(w.clock.now().Add(10 * time.Minute).Unix()),
	} {
		if body[name] != want {
			t.Errorf("%s = %v, want %v", name, body[name], want)
		}
	}
	if strings.Contains(a.Body, theEmail) || body["sub"] == "" {
		t.Errorf("%s", a.Body)
	}
	w.post("/oauth/introspect", s, url.Values{}).refused(t, 400, "invalid_request")
	w.clock.move(10 * time.Minute)
	if w.introspect(s, access) {
		t.Error("an expired token is active")
	}
}

func TestRevoke_accessTokenAlone_refreshTokenWithItsFamily(t *testing.T) {
	w, s, _, a := offline(t)
	next := w.post("/oauth/token", s, refreshForm(a.Refresh))
	revoke := func(s shop, token string) answer { return w.post("/oauth/revoke", s, url.Values{"token": {token}}) }

	revoke(w.vendor(), next.Access).refused(t, 400, "invalid_grant")
	if !w.introspect(s, next.Access) {
		t.Error("another vendor revoked the token")
	}
	if r := revoke(s, a.Access); r.Status != http.StatusOK {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	w.userinfo(a.Access).refused(t, 401, "invalid_token")
	if !w.introspect(s, next.Access) || !w.introspect(s, next.Refresh) || w.introspect(s, a.Refresh) {
		t.Error("revoking one access token reached further, or a used refresh token is active")
	}
	if r := revoke(s, next.Refresh); r.Status != http.StatusOK {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	w.userinfo(next.Access).refused(t, 401, "invalid_token")
	w.post("/oauth/token", s, refreshForm(next.Refresh)).refused(t, 400, "invalid_grant")
	for _, token := range []string{"rubbish", next.Refresh} {
		if r := revoke(s, token); r.Status != http.StatusOK {
			t.Errorf("revoking what is over: %d %s", r.Status, r.Body)
		}
	}
	revoke(s, "").refused(t, 400, "invalid_request")
}
