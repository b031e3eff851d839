package conformance_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/apptest"
	"github.com/meins-id/meins/vault/agent"
)

// module is one module of the suite: its name there, and what it does.
type module struct {
	name string
	run  func(*testing.T, *rp)
}

// goes runs modules in the order of the plan, by the clients that each gets.
func goes(t *testing.T, modules []module, client func(*testing.T) *rp) {
	t.Helper()
	for _, m := range modules {
		t.Run(m.name, func(t *testing.T) { m.run(t, client(t)) })
	}
}

// basic are the modules of the plans Basic and Form Post Basic that a client of the operator's runs. The
// plans' modules about unsigned objects are skipped by the suite: see TestUnsignedRequests.
var basic = []module{
	{"oidcc-server", func(t *testing.T, c *rp) { c.login(t) }},
	{"oidcc-response-type-missing", responseTypeMissing},
	{"oidcc-userinfo-get", func(t *testing.T, c *rp) { c.login(t) }},
	{"oidcc-userinfo-post-header", userInfoPostHeader},
	{"oidcc-userinfo-post-body", userInfoPostBody},
	{"oidcc-ensure-request-without-nonce-succeeds-for-code-flow", func(t *testing.T, c *rp) { c.login(t, "nonce", "") }},
	{"oidcc-scope-profile", scope("openid profile", claimsOf["profile"])},
	{"oidcc-scope-email", scope("openid email", claimsOf["email"])},
	{"oidcc-scope-address", scope("openid address", claimsOf["address"])},
	{"oidcc-scope-phone", scope("openid phone", claimsOf["phone"])},
	{"oidcc-scope-all", scope("openid email phone address profile", claimsOf["email"], claimsOf["phone"], claimsOf["address"], claimsOf["profile"])},
	{"oidcc-ensure-other-scope-order-succeeds", scope("email openid", claimsOf["email"])},
	{"oidcc-display-page", with("display", "page")},
	{"oidcc-display-popup", with("display", "popup")},
	{"oidcc-prompt-login", promptLogin},
	{"oidcc-prompt-none-not-logged-in", promptNoneNotLoggedIn},
	{"oidcc-prompt-none-logged-in", promptNoneLoggedIn},
	{"oidcc-max-age-1", maxAge1},
	{"oidcc-max-age-10000", maxAge10000},
	{"oidcc-ensure-request-with-unknown-parameter-succeeds", with("extra", "foobar")},
	{"oidcc-id-token-hint", idTokenHint},
	{"oidcc-login-hint", with("login_hint", "buffy@meins.example")},
	{"oidcc-ui-locales", with("ui_locales", "se")},
	{"oidcc-claims-locales", with("claims_locales", "se")},
	{"oidcc-ensure-request-with-acr-values-succeeds", acrValues},
	{"oidcc-codereuse", codeReuse},
	{"oidcc-codereuse-30seconds", codeReuse}, // without its pause: the code is as used as after it
	{"oidcc-ensure-registered-redirect-uri", registeredRedirect},
	{"oidcc-ensure-post-request-succeeds", postRequest},
	{"oidcc-server-client-secret-post", func(t *testing.T, c *rp) { c.post.login(t) }},
	{"oidcc-claims-essential", claimsEssential},
	{"oidcc-refresh-token", refreshToken},
	{"oidcc-ensure-request-with-valid-pkce-succeeds", validPKCE},
}

func TestBasic(t *testing.T) {
	t.Parallel()
	o := newOP(t)
	c := o.clients(t)
	goes(t, basic, func(*testing.T) *rp { return c })
}

// The same modules with clients that register themselves, a new one for each: both plans take either.
func TestFormPostBasic(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "client_secret_basic")
	goes(t, basic, func(t *testing.T) *rp {
		register := func(method string) *rp {
			more := map[string]any{"grant_types": []string{"authorization_code", "refresh_token"}, "token_endpoint_auth_method": method}
			c := r.registers(t, newKeys(t, ""), more)
			c.method, c.mode = method, "form_post"
			return c
		}
		c := register("client_secret_basic")
		switch path.Base(t.Name()) {
		case "oidcc-refresh-token":
			c.second = register("client_secret_basic")
		case "oidcc-server-client-secret-post":
			c.post = register("client_secret_post")
		}
		return c
	})
}

// clients are those that the operator adds for the plans with static clients.
func (o *op) clients(t *testing.T) *rp {
	t.Helper()
	add := func(method string) *rp {
		redirect := "https://www.certification.openid.net" + base + "/callback"
		v := o.AddVendor(t, redirect, "--pkce", "optional")
		return &rp{op: o, id: v.ClientID, secret: v.ClientSecret, method: method, redirect: redirect}
	}
	c := add("client_secret_basic")
	c.second, c.post = add("client_secret_basic"), add("client_secret_post")
	return c
}

func with(pairs ...string) func(*testing.T, *rp) {
	return func(t *testing.T, c *rp) { c.login(t, pairs...) }
}

// claimsOf are the claims that a scope asks for (Core 5.4).
var claimsOf = map[string][]string{
	"profile": {
		"name", "given_name", "family_name", "middle_name", "nickname", "profile", "picture", "website", "gender", "birthdate", "zoneinfo",
		"locale", "updated_at", "preferred_username",
	},
	"email":   {"email", "email_verified"},
	"address": {"address"},
	"phone":   {"phone_number", "phone_number_verified"},
}

// scope wants every claim of the scopes, and none of another.
func scope(scopes string, wanted ...[]string) func(*testing.T, *rp) {
	return func(t *testing.T, c *rp) {
		got := c.login(t, "scope", scopes).userinfo
		all := append(slices.Concat(wanted...), "sub")
		for _, name := range all {
			if got[name] == nil {
				t.Errorf("UserInfo has no %s", name)
			}
		}
		for name := range got {
			if !slices.Contains(all, name) {
				t.Errorf("UserInfo has %s, which was not asked for", name)
			}
		}
	}
}

func responseTypeMissing(t *testing.T, c *rp) {
	q := c.request("response_type", "")
	c.refused(t, q, c.opens(t, c.authorize(t, q)), "unsupported_response_type", "invalid_request")
}

func userInfoPostHeader(t *testing.T, c *rp) {
	l := c.login(t)
	if got := c.wantUserInfo(t, c.bearer(t, http.MethodPost, l.access)); got["sub"] != l.claims["sub"] {
		t.Errorf("about %v", got["sub"])
	}
}

func userInfoPostBody(t *testing.T, c *rp) {
	l := c.login(t)
	form := strings.NewReader(url.Values{"access_token": {l.access}}.Encode())
	if got := c.wantUserInfo(t, c.Request(t, http.MethodPost, "/oauth/userinfo", form, apptest.Form)); got["sub"] != l.claims["sub"] {
		t.Errorf("about %v", got["sub"])
	}
}

// until waits for a second of the clock: logins are dated in seconds.
func until(second int64) {
	for time.Now().Unix() < second {
		time.Sleep(20 * time.Millisecond)
	}
}

func promptLogin(t *testing.T, c *rp) {
	first := c.login(t)
	until(first.authTime() + 1)
	c.walked()
	second := c.login(t, "prompt", "login")
	if steps := c.walked(); !slices.Contains(steps, agent.FlowStepSignIn) {
		t.Errorf("went through %v", steps)
	}
	if second.authTime() <= first.authTime() || second.claims["sub"] != first.claims["sub"] {
		t.Errorf("logins at %d and %d", first.authTime(), second.authTime())
	}
}

func promptNoneNotLoggedIn(t *testing.T, c *rp) {
	if err := c.person.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.silently(t)
	c.signsIn(t)
}

// silently wants an answer without a page, which can only be that one is needed.
func (c *rp) silently(t *testing.T) {
	t.Helper()
	q := c.request("prompt", "none", "state", strings.Repeat(rand.Text(), 5)[:128])
	c.walked()
	c.refused(t, q, c.opens(t, c.authorize(t, q)), "login_required", "interaction_required", "account_selection_required", "consent_required")
	if steps := c.walked(); slices.ContainsFunc(steps, isPage) {
		t.Errorf("went through %v", steps)
	}
}

// isPage says whether the person has something to do.
func isPage(s agent.FlowStep) bool { return s == agent.FlowStepSignIn || s == agent.FlowStepReview }

// twice logs in again, without anything to do for the person, and wants the same login.
func (c *rp) twice(t *testing.T, first login, pairs ...string) {
	t.Helper()
	c.walked()
	second := c.login(t, pairs...)
	if steps := c.walked(); slices.ContainsFunc(steps, isPage) {
		t.Errorf("went through %v", steps)
	}
	if second.authTime() == 0 || second.authTime() != first.authTime() || second.claims["sub"] != first.claims["sub"] {
		t.Errorf("logins at %d and %d, of %v and %v", first.authTime(), second.authTime(), first.claims["sub"], second.claims["sub"])
	}
}

func promptNoneLoggedIn(t *testing.T, c *rp) { c.twice(t, c.login(t), "prompt", "none") }

func maxAge10000(t *testing.T, c *rp) { c.twice(t, c.login(t, "max_age", "15000"), "max_age", "10000") }

func idTokenHint(t *testing.T, c *rp) {
	first := c.login(t)
	c.twice(t, first, "prompt", "none", "id_token_hint", first.id)
}

func maxAge1(t *testing.T, c *rp) {
	first := c.login(t)
	until(first.authTime() + 3)
	c.walked()
	second := c.login(t, "max_age", "1")
	if steps := c.walked(); !slices.Contains(steps, agent.FlowStepSignIn) {
		t.Errorf("went through %v", steps)
	}
	if second.authTime() <= first.authTime() || second.authTime() < time.Now().Unix()-300 {
		t.Errorf("logins at %d and %d", first.authTime(), second.authTime())
	}
}

func acrValues(t *testing.T, c *rp) {
	offered := c.metadata(t).list("acr_values_supported")
	l := c.login(t, "acr_values", strings.Join(offered, " "))
	if acr, _ := l.claims["acr"].(string); !slices.Contains(offered, acr) {
		t.Errorf("acr %q of %v", acr, offered)
	}
}

// notGranted checks a refusal of the token endpoint (RFC 6749, 5.2).
func notGranted(t *testing.T, a apptest.Answer) {
	t.Helper()
	a.Refused(t, http.StatusBadRequest, "invalid_grant")
	wantJSON(t, a)
	if strings.ContainsAny(a.Text("error_description"), "\r\n\t") {
		t.Errorf("error_description %q", a.Text("error_description"))
	}
}

func codeReuse(t *testing.T, c *rp) {
	l := c.login(t)
	notGranted(t, c.Send(t, c.proves(t, c.codeForm(l.code))))
	if a := c.Send(t, c.bearer(t, http.MethodGet, l.access)); a.Status/100 != 4 {
		t.Errorf("the first access token still serves: %d", a.Status)
	}
}

// shown wants a page that tells the person what is wrong, and that leads nowhere.
func (c *rp) shown(t *testing.T, q url.Values) {
	t.Helper()
	a := c.person.Send(t, c.authorize(t, q))
	if a.Status != http.StatusBadRequest || a.Header.Get("Location") != "" || a.Header.Get("Refresh") != "" || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		t.Errorf("answered %d %v", a.Status, a.Header)
	}
}

func registeredRedirect(t *testing.T, c *rp) {
	c.shown(t, c.request("redirect_uri", c.redirect+rand.Text()))
}

func postRequest(t *testing.T, c *rp) {
	q := c.request()
	l := c.accepted(t, q, c.opens(t, c.Request(t, http.MethodPost, "/oauth/authorize", strings.NewReader(q.Encode()), apptest.Form)))
	c.redeem(t, &l)
	c.wantIDToken(t, l)
}

func claimsEssential(t *testing.T, c *rp) {
	l := c.login(t, "claims", `{"userinfo":{"name":{"essential":true}}}`)
	if l.userinfo["name"] != theWhole["name"] || l.claims["name"] != nil {
		t.Errorf("name %v, and in the ID token %v", l.userinfo["name"], l.claims["name"])
	}
}

// refreshes uses the refresh token, and compares the ID tokens (Core 12.2).
func (c *rp) refreshes(t *testing.T, first login, pairs ...string) login {
	t.Helper()
	if len(first.refresh)*8 < 128 || !slices.Contains(c.metadata(t).list("grant_types_supported"), "refresh_token") {
		t.Fatalf("refresh token of %d bytes", len(first.refresh))
	}
	until(int64(first.claims["iat"].(float64)) + 1)
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.refresh}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	next := login{sent: first.sent}
	c.wantTokens(t, &next, c.Send(t, c.proves(t, form)))
	for _, name := range []string{"iss", "sub", "aud", "auth_time", "azp"} {
		if next.claims[name] != first.claims[name] {
			t.Errorf("%s was %v, and is %v", name, first.claims[name], next.claims[name])
		}
	}
	if next.claims["iat"] == first.claims["iat"] || next.access == first.access {
		t.Error("the new tokens are the old ones")
	}
	c.wantUserInfo(t, c.bearer(t, http.MethodGet, next.access))
	return next
}

func refreshToken(t *testing.T, c *rp) {
	offline := []string{"scope", "openid offline_access", "prompt", "consent"}
	c.refreshes(t, c.login(t, offline...), "scope", "openid offline_access")
	other := c.second.login(t, append(offline, "nonce", rand.Text()+rand.Text()[:17])...)
	other = c.second.refreshes(t, other)
	notGranted(t, c.Send(t, c.proves(t, url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {other.refresh}, "scope": {"openid offline_access"},
	})))
}

func validPKCE(t *testing.T, c *rp) {
	verifier := rand.Text() + rand.Text()
	challenge := sha256.Sum256([]byte(verifier))
	l := c.begin(t, "code_challenge", base64.RawURLEncoding.EncodeToString(challenge[:]), "code_challenge_method", "S256")
	c.redeem(t, &l, "code_verifier", verifier)
	c.wantIDToken(t, l)
}
