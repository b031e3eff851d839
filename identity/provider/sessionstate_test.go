package provider_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"net/http"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/vault"
)

// stateCookie is the browser's state as the frame reads it.
const stateCookie = "meins_state"

// frameSays works a session state out as the frame does: with the client and the origin of who asks, and what
// the browser keeps.
func frameSays(t *testing.T, client, origin, browser, sessionState string) string {
	t.Helper()
	hash, salt, ok := strings.Cut(sessionState, ".")
	if !ok || len(hash) != 43 || len(salt) != 22 || strings.Contains(sessionState, " ") {
		t.Fatalf("a session state that the frame does not take: %q", sessionState)
	}
	sum := sha256.Sum256([]byte(client + " " + origin + " " + browser + " " + salt))
	if browser != "" && hash == base64.RawURLEncoding.EncodeToString(sum[:]) {
		return "unchanged"
	}
	return "changed"
}

func TestSessionState_isWhatTheFrameWorksOut_inEveryMode(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(func(v *identity.Vendor) { v.Protocol.ResponseAlg = "ES256" }), w.customer()
	client, browser := string(s.ID), w.accounts.BrowserState(c.session.ID)
	seen := map[string]bool{}
	for _, mode := range []string{"", "query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt"} {
		for name, address := range map[string]string{
			"yes":         c.answered(s.request("openid", "response_mode", mode)),
			"a silent no": w.authorize(s.request("openid email", "response_mode", mode, "prompt", "none"), c.cookie).String(),
		} {
			got := w.received(address)
			state := got.Get("session_state")
			if strings.HasSuffix(mode, "jwt") {
				if state != "" {
					t.Errorf("%s: the state travels unsigned as well", mode)
				}
				state, _ = w.signedAnswer(s, got.Get("response"), "ES256")["session_state"].(string)
			}
			if seen[state] {
				t.Errorf("%s, %s: the same state twice", mode, name)
			}
			if seen[state] = true; name != "yes" {
				fitsNothing(t, state)
				continue
			}
			if said := frameSays(t, client, "https://shop.example", browser, state); said != "unchanged" {
				t.Errorf("%s, %s: %s", mode, name, said)
			}
			for what, other := range map[string]string{
				"another client":  frameSays(t, client+"x", "https://shop.example", browser, state),
				"another site":    frameSays(t, client, "https://evil.example", browser, state),
				"another port":    frameSays(t, client, "https://shop.example:444", browser, state),
				"another session": frameSays(t, client, "https://shop.example", w.accounts.BrowserState("other"), state),
				"nobody":          frameSays(t, client, "https://shop.example", "", state),
			} {
				if other != "changed" {
					t.Errorf("%s, %s: %s hears %s", mode, name, what, other)
				}
			}
		}
	}
}

// fitsNothing wants a state for which the frame has no answer but "error".
func fitsNothing(t *testing.T, state string) {
	t.Helper()
	if raw, err := base64.RawURLEncoding.DecodeString(state); err != nil || len(raw) != 16 {
		t.Errorf("the state of a refusal is %q", state)
	}
}

func TestSessionState_changesWithTheLogin_andSaysNothingOfIt(t *testing.T) {
	w := newWorld(t)
	c, other := w.customer(), w.customer()
	first := w.accounts.BrowserState(c.session.ID)
	if first != w.accounts.BrowserState(c.session.ID) {
		t.Error("the state changes by itself")
	}
	id := string(c.session.ID)
	again, err := w.accounts.Login(t.Context(), string(c.session.Account)+"@example.org", vault.SlotPassphrase, c.auth, identity.Source{})
	w.must(err)
	states := map[string]bool{first: true, w.accounts.BrowserState(again.Session.ID): true, w.accounts.BrowserState(other.session.ID): true}
	if len(states) != 3 {
		t.Errorf("two logins have one state: %v", states)
	}
	raw, err := base64.RawURLEncoding.DecodeString(first)
	w.must(err)
	for what, secret := range map[string]string{"session": id, "account": string(c.session.Account), "cookie": c.cookie} {
		if len(raw) != 16 || strings.Contains(first, secret) || strings.Contains(string(raw), secret) {
			t.Errorf("%s stands in the state %s", what, first)
		}
	}
	plain := sha256.Sum256([]byte(id))
	if string(plain[:16]) == string(raw) {
		t.Error("whoever knows the session's identifier can work its state out")
	}
}

// Whom the customer gives nothing, hears a state with which it cannot watch who comes and goes.
func TestSessionState_ofARefusal_fitsNothing(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	browser := w.accounts.BrowserState(c.session.ID)
	denied := w.flow(s.request("openid email"))
	ask, err := w.p.Next(t.Context(), denied, &c.session)
	w.must(err)
	no, err := w.p.Deny(t.Context(), c.session, denied, consent.Refusal{Digest: ask.Digest})
	w.must(err)
	failed := w.authorize(s.request("openid", "prompt", "none"), "")
	for name, address := range map[string]string{
		"a no": no, "nobody is there": failed.String(), "a mistake": w.authorize(s.request("openid", "response_type", "token"), c.cookie).String(),
		"no consent": w.authorize(s.request("openid", "prompt", "none"), c.cookie).String(),
		"not now":    w.authorize(s.request("openid", "prompt", "none", "max_age", "0"), c.cookie).String(),
		"too late":   w.authorize(url.Values{"client_id": {string(s.ID)}, "request_uri": {late(w, s)}}, c.cookie).String(),
	} {
		if parameter(t, address, "error") == "" || strings.Contains(address, browser) {
			t.Errorf("%s: %s", name, address)
		}
		fitsNothing(t, parameter(t, address, "session_state"))
	}
}

// late is a pushed request that has expired.
func late(w *world, s shop) string {
	uri := w.push(s, s.request("openid"))
	w.clock.move(2 * time.Minute)
	return uri
}

func TestSessionState_isForTheOriginOfTheAddress(t *testing.T) {
	w := newWorld(t)
	c := w.customer()
	browser := w.accounts.BrowserState(c.session.ID)
	for address, origin := range map[string]string{
		"https://shop.example:443/back": "https://shop.example", "https://shop.example:8443/back": "https://shop.example:8443",
		"https://shop.example": "https://shop.example", "https://shop.example?a=b": "https://shop.example",
		"http://127.0.0.1:80/back": "http://127.0.0.1", "http://127.0.0.1:8080/back": "http://127.0.0.1:8080", "http://[::1]:8080/": "http://[::1]:8080",
	} {
		s := w.vendor(func(v *identity.Vendor) { v.RedirectURIs = []string{address} })
		got := c.answered(s.request("openid", "redirect_uri", address))
		if said := frameSays(t, string(s.ID), origin, browser, parameter(t, got, "session_state")); said != "unchanged" {
			t.Errorf("%s: %s", address, said)
		}
	}
	s := w.vendor(public, func(v *identity.Vendor) { v.RedirectURIs = []string{"com.example.shop:/back"} })
	if got := c.answered(s.request("openid", "redirect_uri", "com.example.shop:/back")); strings.Contains(got, "session_state") {
		t.Errorf("an app that can embed no frame got a state: %s", got)
	}
}

var frameScript = regexp.MustCompile(`<script src="(/oauth/check_session\.js)\?v=[\w-]+" integrity="sha384-([^"]+)" data-cookie="meins_state"></script>`)

func TestFrame_isTheSameForEverybody_andMayBeFramed(t *testing.T) {
	w := newWorld(t)
	c := w.customer()
	rec := w.get("/oauth/check_session", c.cookie)
	anybody := w.get("/oauth/check_session?client_id=x", "")
	if rec.Code != http.StatusOK || rec.Body.String() != anybody.Body.String() {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	h := rec.Header()
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src " + issuer + "/oauth/check_session.js; base-uri 'none'; form-action 'none'; sandbox allow-scripts allow-same-origin",
		"Content-Type":            "text/html; charset=utf-8", "Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff",
		"Referrer-Policy": "no-referrer", "X-Frame-Options": "", "Set-Cookie": "", "Access-Control-Allow-Origin": "",
	} {
		if h.Get(name) != want {
			t.Errorf("%s is %q", name, h.Get(name))
		}
	}
	found := frameScript.FindStringSubmatch(rec.Body.String())
	if found == nil || strings.Count(rec.Body.String(), "<script") != 1 {
		t.Fatalf("not one script: %s", rec.Body)
	}
	script := w.get(found[1], "")
	sum := sha512.Sum384(script.Body.Bytes())
	if script.Code != http.StatusOK || base64.StdEncoding.EncodeToString(sum[:]) != found[2] || script.Header().Get("Set-Cookie") != "" {
		t.Errorf("the script is not the one that the page names: %d", script.Code)
	}
}

func TestFrame_script_inBrowsersThatDiffer(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("Node.js is needed here; make test installs it")
	}
	if out, err := exec.CommandContext(t.Context(), node, "--test", "check_session_test.mjs").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
