package provider_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

// page is the page of a return visit that brings its ending.
type page struct {
	before, after string
	carrier       seal.Key
}

// returns opens the vendor's request as a browser that comes back.
func (c *customer) returns(q url.Values) page {
	c.w.t.Helper()
	got := strings.Fields(c.visits(q).Body.String())
	if len(got) != 7 {
		c.w.t.Fatalf("the page has no ending: %s", got)
	}
	raw, err := base64.StdEncoding.DecodeString(got[6])
	c.w.must(err)
	carrier, err := seal.KeyFrom(raw)
	c.w.must(err)
	return page{got[4], got[5], carrier}
}

// sealed is what the page's script puts into the code.
func (p page) sealed(grant id.Grant, key vault.GrantKey) string {
	return base64.RawURLEncoding.EncodeToString(seal.Seal(p.carrier, seal.Context{Purpose: "code-key", Object: string(grant)}, key.Bytes()))
}

// code is the code in the address that the page goes to.
func (p page) code(t *testing.T, part string) string {
	t.Helper()
	return parameter(t, p.before+part+p.after, "code")
}

func TestReturnVisit_pageCompletesTheCode_andTheVendorReadsWhatWasApproved(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	q := s.request("openid email offline_access", "state", "a state & more?", "nonce", "n")
	_, grant := c.approve(q, "email")
	for _, mode := range []string{"", "query", "fragment"} {
		if q.Del("response_mode"); mode != "" {
			q.Set("response_mode", mode)
		}
		visit := c.returns(q)
		part := visit.sealed(grant, c.grants[grant])
		to, err := url.Parse(visit.before + part + visit.after)
		w.must(err)
		answer := to.Query()
		if mode == "fragment" {
			answer, err = url.ParseQuery(to.EscapedFragment())
			w.must(err)
		}
		if answer.Get("state") != "a state & more?" || answer.Get("iss") != issuer || len(answer["code"]) != 1 {
			t.Fatalf("%s: the vendor gets %s", mode, to)
		}
		got := w.exchange(s, answer.Get("code"))
		if info := w.userinfo(got.Access); info.Status != http.StatusOK || !strings.Contains(info.Body, theEmail) {
			t.Errorf("%s: %d %s", mode, info.Status, info.Body)
		}
		if claimsOf(t, got.ID)["nonce"] != "n" || got.Refresh == "" {
			t.Errorf("%s: the tokens are not those of the request", mode)
		}
		// It is a code like any other: once.
		w.post("/oauth/token", s, codeForm(answer.Get("code"), s)).refused(t, 400, "invalid_grant")
		w.userinfo(got.Access).refused(t, 401, "invalid_token")
	}
}

func TestReturnVisit_codeThatThePageDidNotComplete_isNone(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	q := s.request("openid email")
	whole, grant := c.approve(q, "email")
	visit, another := c.returns(q), c.returns(q)
	part := visit.sealed(grant, c.grants[grant])
	alone := strings.TrimSuffix(visit.code(t, ""), ".")
	for name, code := range map[string]string{
		"alone":                             alone,
		"with an empty part":                alone + ".",
		"with the part of another visit":    alone + "." + another.sealed(grant, c.grants[grant]),
		"with the part of another grant":    alone + "." + visit.sealed(id.New[id.Grant](), c.grants[grant]),
		"with the key in the clear":         alone + "." + base64.RawURLEncoding.EncodeToString(c.grants[grant].Bytes()),
		"with the key that came in the way": alone + "." + base64.RawURLEncoding.EncodeToString(visit.carrier.Bytes()),
		"with a part that is cut":           alone + "." + part[:len(part)-1],
		"with a part that is longer":        alone + "." + part + "A",
		"with two parts":                    alone + "." + part + "." + part,
		"with a line break":                 alone + "." + part + "\n",
		"with padding":                      alone + "." + part + "==",
		"a whole one with a part":           whole + "." + part,
	} {
		w.post("/oauth/token", s, codeForm(code, s)).refused(t, 400, "invalid_grant")
		if w.introspect(s, code) {
			t.Errorf("%s: it is a token", name)
		}
	}
	// Neither did any of that use the visit's code up, nor the customer's first one.
	w.exchange(s, visit.code(t, part))
	w.exchange(s, whole)
}

func TestReturnVisit_withdrawnMeanwhile_opensNothing(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	q := s.request("openid email")
	_, grant := c.approve(q, "email")
	visit := c.returns(q)
	_, err := w.consent.Withdraw(t.Context(), c.session.Account, grant)
	w.must(err)
	code := visit.code(t, visit.sealed(grant, c.grants[grant]))
	w.post("/oauth/token", s, codeForm(code, s)).refused(t, 400, "invalid_grant")
}

func TestReturnVisit_signedOutMeanwhile_opensNothing(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	q := s.request("openid email")
	_, grant := c.approve(q, "email")
	visit := c.returns(q)
	w.must(w.accounts.Logout(t.Context(), c.session.ID))
	code := visit.code(t, visit.sealed(grant, c.grants[grant]))
	w.post("/oauth/token", s, codeForm(code, s)).refused(t, 400, "invalid_grant")
}

func TestReturnVisit_thatIsAnsweredOtherwise_hasNoEnding(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	c.approve(s.request("openid email"), "email")
	for name, q := range map[string]url.Values{
		"in a form":          s.request("openid email", "response_mode", "form_post"),
		"signed":             s.request("openid email", "response_mode", "query.jwt"),
		"signed in a form":   s.request("openid email", "response_mode", "form_post.jwt"),
		"signed, a fragment": s.request("openid email", "response_mode", "fragment.jwt"),
		"pushed":             s.named(w.push(s, s.request("openid email"))),
	} {
		if got := strings.Fields(c.visits(q).Body.String()); len(got) != 4 || got[0] != "resume" || got[1] == "-" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestReturnVisit_tellsTheSessionsState_andTheBrowserThatLacksIt(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	c.approve(s.request("openid email"), "email")
	own := w.accounts.BrowserState(c.session.ID)
	for _, kept := range []string{"", "x", strings.Repeat("A", 22), own} {
		q := s.request("openid email")
		rec := c.visits(q, func(r *http.Request) { r.AddCookie(&http.Cookie{Name: stateCookie, Value: kept}) })
		got := strings.Fields(rec.Body.String())
		state := parameter(t, got[4]+"part"+got[5], "session_state")
		if said := frameSays(t, string(s.ID), "https://shop.example", own, state); said != "unchanged" {
			t.Errorf("keeping %q: %s", kept, said)
		}
		if told := rec.Header().Get("Restated"); (told == own) != (kept != own) {
			t.Errorf("keeping %q, the browser is given %q", kept, told)
		}
	}
}
