package conformance_test

import (
	"crypto/rand"
	"encoding/base64"
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// leaver is the client of the logout plans, as the operator adds it.
type leaver struct {
	*rp
	goodbye string // where it wants the person back
}

func newLeaver(t *testing.T, o *op, flags ...string) leaver {
	t.Helper()
	redirect, goodbye := o.suite.URL+base+"/callback", o.suite.URL+base+"/post_logout_redirect"
	for i, flag := range flags {
		flags[i] = strings.ReplaceAll(flag, "SUITE", o.suite.URL+base)
	}
	v := o.AddVendor(t, redirect, append(flags, "--post-logout-redirect-uri", goodbye, "--pkce", "optional")...)
	return leaver{&rp{op: o, id: v.ClientID, secret: v.ClientSecret, method: "client_secret_basic", redirect: redirect}, goodbye}
}

// leave logs in, and asks to log out; the pairs change the request as in rp.request. It gives where that
// leads.
func (c leaver) leave(t *testing.T, l login, pairs ...string) (to string, state string) {
	t.Helper()
	state = strings.Repeat(rand.Text(), 5)[:128]
	q := url.Values{"id_token_hint": {l.id}, "post_logout_redirect_uri": {c.goodbye}, "state": {state}}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		}
	}
	a := c.person.Send(t, c.Request(t, http.MethodGet, "/oauth/end_session?"+q.Encode(), nil, ""))
	if a.Status/100 != 3 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	return a.Header.Get("Location"), state
}

// left checks the way back: the state, and nothing beside it.
func (c leaver) left(t *testing.T, to, state string) {
	t.Helper()
	if to != c.goodbye+"?"+(url.Values{"state": {state}}).Encode() {
		t.Errorf("led to %s", to)
	}
	c.silently(t)
}

// asked wants the person to be asked, and nobody to be sent back; then the person says yes.
func (c leaver) asked(t *testing.T, to string) {
	t.Helper()
	if to != "/signout" {
		t.Errorf("led to %s", to)
	}
	a := c.person.Send(t, c.Request(t, http.MethodGet, to, nil, ""))
	if a.Status != http.StatusOK || !strings.Contains(string(a.Body), `data-page="signout"`) && !strings.Contains(string(a.Body), "<form") {
		t.Errorf("no question: %d", a.Status)
	}
	if err := c.person.Do(t.Context(), http.MethodGet, "/session", nil, nil); err != nil {
		t.Errorf("the session is over already: %v", err)
	}
	if err := c.person.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.silently(t)
}

// gone wants the person to be told, and not to be sent back.
func (c leaver) gone(t *testing.T, to string) {
	t.Helper()
	a := c.person.Send(t, c.Request(t, http.MethodGet, to, nil, ""))
	if to != "/signed-out" || a.Status != http.StatusOK {
		t.Errorf("led to %s: %d", to, a.Status)
	}
	c.silently(t)
}

func unsigned(token string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + strings.Split(token, ".")[1] + "."
}

// The plan RP-initiated logout.
func TestLogout(t *testing.T) {
	t.Parallel()
	o := newOP(t)
	c := newLeaver(t, o)
	for _, m := range []struct {
		name string
		run  func(*testing.T, login)
	}{
		{"oidcc-rp-initiated-logout", func(t *testing.T, l login) {
			to, state := c.leave(t, l)
			c.left(t, to, state)
		}},
		{"oidcc-rp-initiated-logout-bad-post-logout-redirect-uri", func(t *testing.T, l login) {
			to, _ := c.leave(t, l, "post_logout_redirect_uri", c.goodbye+rand.Text())
			c.asked(t, to)
		}},
		{"oidcc-rp-initiated-logout-modified-id-token-hint", func(t *testing.T, l login) {
			to, _ := c.leave(t, l, "id_token_hint", unsigned(l.id))
			c.asked(t, to)
		}},
		{"oidcc-rp-initiated-logout-no-id-token-hint", func(t *testing.T, l login) {
			to, _ := c.leave(t, l, "id_token_hint", "")
			c.asked(t, to)
		}},
		{"oidcc-rp-initiated-logout-no-params", func(t *testing.T, l login) {
			to, _ := c.leave(t, l, "id_token_hint", "", "post_logout_redirect_uri", "", "state", "")
			c.asked(t, to)
		}},
		{"oidcc-rp-initiated-logout-no-post-logout-redirect-uri", func(t *testing.T, l login) {
			to, _ := c.leave(t, l, "post_logout_redirect_uri", "")
			c.gone(t, to)
		}},
		{"oidcc-rp-initiated-logout-no-state", func(t *testing.T, l login) {
			if to, _ := c.leave(t, l, "state", ""); to != c.goodbye {
				t.Errorf("led to %s", to)
			}
			c.silently(t)
		}},
		{"oidcc-rp-initiated-logout-only-state", func(t *testing.T, l login) {
			to, _ := c.leave(t, l, "id_token_hint", "", "post_logout_redirect_uri", "")
			c.asked(t, to)
		}},
		{"oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri", func(t *testing.T, l login) {
			to, _ := c.leave(t, l, "post_logout_redirect_uri", c.goodbye+"?foo=bar")
			c.asked(t, to)
		}},
		{"oidcc-rp-initiated-logout-bad-id-token-hint", func(t *testing.T, l login) {
			to, _ := c.leave(t, l, "id_token_hint", newKeys(t, "").signs(t, l.claims))
			c.asked(t, to)
		}},
	} {
		t.Run(m.name, func(t *testing.T) { m.run(t, c.login(t)) })
	}
}

// The plan back-channel logout.
func TestBackChannelLogout(t *testing.T) {
	t.Parallel()
	c := newLeaver(t, newOP(t), "--backchannel-logout-uri", "SUITE/backchannel_logout")
	t.Run("oidcc-backchannel-rp-initiated-logout", func(t *testing.T) {
		l := c.login(t)
		to, state := c.leave(t, l)
		heard := <-c.suite.heard
		if names := slices.Collect(maps.Keys(heard)); !slices.Equal(names, []string{"logout_token"}) {
			t.Errorf("heard %v", names)
		}
		claims := c.opened(t, heard.Get("logout_token"))
		events, _ := claims["events"].(map[string]any)
		event, ok := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any)
		issued, _ := claims["iat"].(float64)
		if claims["iss"] != c.Issuer || claims["aud"] != c.id || claims["jti"] == nil || len(events) != 1 || !ok || len(event) != 0 || issued > float64(time.Now().Unix()+300) {
			t.Errorf("logout token %v", claims)
		}
		if claims["sub"] != l.claims["sub"] || claims["sid"] == nil || claims["sid"] != l.claims["sid"] || claims["nonce"] != nil {
			t.Errorf("logout token %v of the login %v", claims, l.claims)
		}
		c.left(t, to, state)
	})
}

var (
	frame   = regexp.MustCompile(`<iframe [^>]*src="([^"]*)"`)
	onwards = regexp.MustCompile(`^[0-9]+;url=(.*)$`)
)

// The plan front-channel logout.
func TestFrontChannelLogout(t *testing.T) {
	t.Parallel()
	c := newLeaver(t, newOP(t), "--frontchannel-logout-uri", "SUITE/frontchannel_logout")
	t.Run("oidcc-frontchannel-rp-initiated-logout", func(t *testing.T) {
		l := c.login(t)
		to, state := c.leave(t, l)
		a := c.person.Send(t, c.Request(t, http.MethodGet, to, nil, ""))
		frames := frame.FindAllStringSubmatch(string(a.Body), -1)
		next := onwards.FindStringSubmatch(a.Header.Get("Refresh"))
		if a.Status != http.StatusOK || len(frames) != 1 || next == nil {
			t.Fatalf("%d, %d frames, Refresh %q", a.Status, len(frames), a.Header.Get("Refresh"))
		}
		u, err := url.Parse(html.UnescapeString(frames[0][1]))
		if err != nil {
			t.Fatal(err)
		}
		sid, _ := l.claims["sid"].(string)
		if address, _, _ := strings.Cut(u.String(), "?"); address != c.suite.URL+base+"/frontchannel_logout" || u.RawQuery != (url.Values{"iss": {c.Issuer}, "sid": {sid}}).Encode() {
			t.Errorf("the frame shows %s", u)
		}
		if !strings.Contains(a.Header.Get("Content-Security-Policy"), "frame-src "+c.suite.URL+base+"/frontchannel_logout") {
			t.Errorf("the page may not show it: %s", a.Header.Get("Content-Security-Policy"))
		}
		c.left(t, next[1], state)
	})
}
