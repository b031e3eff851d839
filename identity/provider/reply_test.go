package provider_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/meins-id/meins/identity"
)

// answered takes a request to where the customer's yes leads.
func (c *customer) answered(q url.Values, claims ...string) string {
	c.w.t.Helper()
	flow := c.w.flow(q)
	address, err := c.w.p.Approve(c.w.t.Context(), c.session, flow, c.approval(flow, claims...))
	c.w.must(err)
	return address
}

var (
	formAction = regexp.MustCompile(`<form method="post" action="([^"]*)">`)
	formField  = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// posted opens the page that posts an answer and gives what it posts, and where to.
func (w *world) posted(address string) (string, url.Values, http.Header) {
	w.t.Helper()
	rec := w.get(strings.TrimPrefix(address, issuer), "")
	action := formAction.FindStringSubmatch(rec.Body.String())
	if rec.Code != http.StatusOK || action == nil {
		w.t.Fatalf("no form: %d %s", rec.Code, rec.Body)
	}
	values := url.Values{}
	for _, m := range formField.FindAllStringSubmatch(rec.Body.String(), -1) {
		values.Add(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	return html.UnescapeString(action[1]), values, rec.Header()
}

// received gives the parameters of an answer, whichever way it travels.
func (w *world) received(address string) url.Values {
	w.t.Helper()
	if strings.HasPrefix(address, issuer+"/oauth/response?") {
		to, values, _ := w.posted(address)
		if to != shopReturn {
			w.t.Errorf("posts to %s", to)
		}
		return values
	}
	u, err := url.Parse(address)
	w.must(err)
	if u.Fragment != "" {
		if u.Query().Has("code") || u.Query().Has("response") {
			w.t.Error("the query holds the answer too")
		}
		values, err := url.ParseQuery(u.EscapedFragment())
		w.must(err)
		return values
	}
	return u.Query()
}

// signedAnswer checks a JARM response as a vendor does, and gives what it says.
func (w *world) signedAnswer(s shop, text, algorithm string) map[string]any {
	w.t.Helper()
	parsed, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(algorithm)})
	w.must(err)
	claims := map[string]any{}
	for _, key := range w.keys.PublicKeys() {
		if key.KeyID == parsed.Headers[0].KeyID {
			w.must(parsed.Claims(key.Key, &claims))
		}
	}
	exp, _ := claims["exp"].(float64)
	if left := int64(exp) - w.clock.now().Unix(); claims["iss"] != issuer || claims["aud"] != string(s.ID) || left <= 0 || left > 600 {
		w.t.Errorf("a signed answer that does not hold: %v", claims)
	}
	return claims
}

func TestResponse_everyMode_takesTheCodeToTheVendor(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(func(v *identity.Vendor) { v.Protocol.ResponseAlg = "ES256" }), w.customer()
	for _, mode := range []string{"", "query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt"} {
		t.Run(mode, func(t *testing.T) {
			got := w.received(c.answered(s.request("openid", "response_mode", mode)))
			code, state, iss := got.Get("code"), got.Get("state"), got.Get("iss")
			if strings.HasSuffix(mode, "jwt") {
				if got.Has("code") || got.Has("state") {
					t.Error("the code travels unsigned as well")
				}
				said := w.signedAnswer(s, got.Get("response"), "ES256")
				code, _ = said["code"].(string)
				state, _ = said["state"].(string)
				iss, _ = said["iss"].(string)
			}
			if state != "st-ate" || iss != issuer {
				t.Errorf("state %q, iss %q", state, iss)
			}
			w.exchange(s, code)
		})
	}
}

func TestResponse_mistakesTravelTheSameWay(t *testing.T) {
	w := newWorld(t)
	s := w.vendor()
	for _, mode := range []string{"fragment", "form_post", "jwt", "fragment.jwt", "form_post.jwt"} {
		for name, q := range map[string]url.Values{
			"no response type": s.request("openid", "response_mode", mode, "response_type", ""),
			"nobody is there":  s.request("openid", "response_mode", mode, "prompt", "none"),
		} {
			got := w.received(w.authorize(q, "").String())
			code := got.Get("error")
			if strings.HasSuffix(mode, "jwt") {
				code, _ = w.signedAnswer(s, got.Get("response"), "RS256")["error"].(string)
			}
			if want := map[bool]string{true: "invalid_request", false: "login_required"}[name == "no response type"]; code != want {
				t.Errorf("%s, %s: %q", mode, name, code)
			}
		}
	}
}

func TestFormPost_pageIsSafe_andSoonOver(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	state := `"><script>alert(1)</script>`
	address := c.answered(s.request("openid", "response_mode", "form_post", "state", state))
	if strings.Contains(address, "script") {
		t.Error("the state stands in the address")
	}
	to, values, h := w.posted(address)
	if to != shopReturn || values.Get("state") != state || values.Get("code") == "" {
		t.Errorf("posts %v to %s", values, to)
	}
	policy := h.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy: %s", policy)
	}
	if h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "strict-origin" {
		t.Errorf("headers: %v", h)
	}
	if script := w.get("/oauth/response.js", ""); script.Code != http.StatusOK || !strings.Contains(script.Body.String(), "submit()") {
		t.Errorf("script: %d", script.Code)
	}
	path := strings.TrimPrefix(address, issuer)
	for name, other := range map[string]string{"changed": path[:len(path)-3] + "AAA", "a flow": "/oauth/response?r=" + w.flow(s.request("openid")), "none": "/oauth/response"} {
		if rec := w.get(other, ""); rec.Code != http.StatusBadRequest || strings.Contains(rec.Body.String(), "<form") {
			t.Errorf("%s: %d", name, rec.Code)
		}
	}
	w.clock.move(10 * time.Minute)
	if rec := w.get(path, ""); rec.Code != http.StatusBadRequest || strings.Contains(rec.Body.String(), "<form") {
		t.Errorf("old: %d", rec.Code)
	}
}

func TestFormPost_toAnAppsPrivateScheme_isRefused(t *testing.T) {
	w := newWorld(t)
	app := w.vendor(public, func(v *identity.Vendor) {
		v.RedirectURIs, v.PostLogoutRedirectURIs = []string{"com.example.app:/back"}, nil
	})
	u := w.authorize(app.request("openid", "response_mode", "form_post"), "")
	if u.Scheme != "com.example.app" || u.Query().Get("error") != "invalid_request" {
		t.Errorf("led to %s", u)
	}
}

func TestPKCE_onlyWhomTheOperatorExcused_mayLeaveItOut(t *testing.T) {
	w := newWorld(t)
	c := w.customer()
	without := []string{"code_challenge", "", "code_challenge_method", ""}
	byNonce := w.vendor(func(v *identity.Vendor) { v.Protocol.PKCE = identity.PKCEOrNonce })
	wantRefusal(t, w.authorize(byNonce.request("openid", append(without, "nonce", "")...), ""), "invalid_request")
	optional := w.vendor(func(v *identity.Vendor) { v.Protocol.PKCE = identity.PKCEOptional })
	for _, s := range []shop{byNonce, optional} {
		code, _ := c.approve(s.request("openid", without...))
		// A verifier without a challenge: the challenge was taken out on the way.
		w.post("/oauth/token", s, codeForm(code, s)).refused(t, 400, "invalid_grant")
		form := codeForm(code, s)
		form.Del("code_verifier")
		if a := w.post("/oauth/token", s, form); a.Status != http.StatusOK {
			t.Errorf("%d %s", a.Status, a.Body)
		}
		// Who sends a challenge is held to it.
		code, _ = c.approve(s.request("openid"))
		w.post("/oauth/token", s, func() url.Values { f := codeForm(code, s); f.Del("code_verifier"); return f }()).refused(t, 400, "invalid_grant")
		wantRefusal(t, w.authorize(s.request("openid", "code_challenge_method", "plain"), ""), "invalid_request")
		wantRefusal(t, w.authorize(s.request("openid", "code_challenge", ""), ""), "invalid_request")
	}
	if _, _, err := w.vendors.Add(t.Context(), identity.Vendor{
		Name: "App", RedirectURIs: []string{"https://app.example/"}, Public: true, Protocol: identity.Protocol{PKCE: identity.PKCEOptional},
	}); err == nil {
		t.Error("a public vendor was excused from PKCE")
	}
}

func TestMaxAge_ofTheVendor_countsWhereTheRequestHasNone(t *testing.T) {
	w := newWorld(t)
	minute := int64(60)
	s, c := w.vendor(func(v *identity.Vendor) { v.Protocol.DefaultMaxAge = &minute }), w.customer()
	w.clock.move(2 * time.Minute)
	wantRefusal(t, w.authorize(s.request("openid", "prompt", "none"), c.cookie), "login_required")
	wantRefusal(t, w.authorize(s.request("openid", "prompt", "none", "max_age", "600"), c.cookie), "consent_required")
}

func TestSubject_anyOfTheValues_mayAnswer(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	code, _ := c.approve(s.request("openid"))
	subject, _ := claimsOf(t, w.exchange(s, code).ID)["sub"].(string)
	q := s.request("openid", "claims", `{"id_token":{"sub":{"values":["somebody","`+subject+`"]}}}`, "prompt", "none")
	if u := w.authorize(q, c.cookie); u.Path != "/continue" {
		t.Errorf("led to %s", u)
	}
	q = s.request("openid", "claims", `{"id_token":{"sub":{"values":["somebody","another"]}}}`, "prompt", "none")
	wantRefusal(t, w.authorize(q, c.cookie), "login_required")
	q = s.request("openid", "claims", `{"id_token":{"sub":{"values":["somebody"]}},"userinfo":{"sub":{"value":"another"}}}`)
	wantRefusal(t, w.authorize(q, c.cookie), "login_required")
}

// A browser keeps its cookie back from another site's form, and sends it with the next step.
func TestPromptNone_byPost_isDecidedOneStepLater(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	c.approve(s.request("openid"))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/oauth/authorize", strings.NewReader(s.request("openid", "prompt", "none").Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	u, err := url.Parse(w.do(r).Header().Get("Location"))
	w.must(err)
	if u.Path != "/continue" {
		t.Fatalf("led to %s", u)
	}
	n, err := w.p.Next(t.Context(), u.Query().Get("flow"), &c.session)
	w.must(err)
	if n.Step.String() != "resume" || !n.PromptNone {
		t.Errorf("step %s", n.Step)
	}
	n, err = w.p.Next(t.Context(), u.Query().Get("flow"), nil)
	w.must(err)
	back, err := url.Parse(n.Redirect)
	w.must(err)
	wantRefusal(t, back, "login_required")
}

func TestInitiate_leadsToTheRegisteredAddress_andNowhereElse(t *testing.T) {
	w := newWorld(t)
	s := w.vendor(func(v *identity.Vendor) { v.Protocol.InitiateLogin = "https://shop.example/login?via=meins" })
	rec := w.get("/oauth/initiate?client_id="+string(s.ID)+"&target_link_uri=https://evil.test/", "")
	if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "https://shop.example/login?via=meins&iss="+url.QueryEscape(issuer) {
		t.Errorf("%d %s", rec.Code, rec.Header().Get("Location"))
	}
	for name, query := range map[string]string{"no address": "?client_id=" + string(w.vendor().ID), "unknown": "?client_id=x", "nobody": "", "two": "?client_id=a&client_id=b"} {
		if rec := w.get("/oauth/initiate"+query, ""); rec.Code < 400 || rec.Code >= 500 || rec.Header().Get("Location") != "" {
			t.Errorf("%s: %d", name, rec.Code)
		}
	}
}
