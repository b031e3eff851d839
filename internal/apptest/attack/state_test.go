package attack_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/meins-id/meins/internal/apptest"
)

// stateIn is the browser's state as an answer sets it.
func stateIn(t *testing.T, a apptest.Answer) *http.Cookie {
	t.Helper()
	set := &http.Response{Header: a.Header}
	for _, c := range set.Cookies() {
		if c.Name == "meins_state" {
			return c
		}
	}
	return nil
}

// TestState_ofTheBrowser_provesNothing: scripts of our pages may read it, frames get it, and whoever has it has
// nothing.
func TestState_ofTheBrowser_provesNothing(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	session := ada.Cookie(t).Value
	state := stateIn(t, ada.signIn(t))
	if state == nil || state.HttpOnly || !state.Secure || state.SameSite != http.SameSiteNoneMode || state.Path != "/" || state.Domain != "" || state.Expires.IsZero() {
		t.Fatalf("the state is %v", state)
	}
	if strings.Contains(state.Value, ada.Cookie(t).Value) || strings.Contains(ada.Cookie(t).Value, state.Value) {
		t.Error("the state tells the session's cookie")
	}
	for _, name := range []string{"meins_state", "meins_session", "__Host-meins_state", "__Host-meins_session"} {
		for _, path := range []string{"/session", "/vault", "/grants", "/slots", "/sessions"} {
			r := w.Request(t, http.MethodGet, "/api/v1"+path, nil, "")
			r.AddCookie(&http.Cookie{Name: name, Value: state.Value})
			w.Send(t, r).Refused(t, http.StatusUnauthorized, "no-session")
		}
	}
	if again := stateIn(t, ada.signIn(t)); again == nil || again.Value == state.Value || ada.Cookie(t).Value == session {
		t.Error("a new login has the old state")
	}
	if gone := stateIn(t, ada.call(t, http.MethodDelete, "/session", nil)); gone == nil || gone.MaxAge >= 0 || gone.Value != "" {
		t.Errorf("signed out, and the state is %v", gone)
	}
}

// TestState_thatWasPlanted_isReplaced with the answer that a vendor is told it by.
func TestState_thatWasPlanted_isReplaced(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	own := stateIn(t, ada.signIn(t)).Value
	answer := func(state string) *http.Cookie {
		flow := ada.flow(t, w.vendor, "prompt", "consent")
		r := ada.request(t, http.MethodPost, "/flow/approve", ada.approval(t, flow, "email"))
		r.AddCookie(ada.Cookie(t))
		if state != "" {
			r.AddCookie(&http.Cookie{Name: "meins_state", Value: state})
		}
		a := w.Send(t, r)
		a.Refused(t, http.StatusOK, "")
		if !strings.Contains(a.Text("redirect"), "session_state=") {
			t.Errorf("no state for the vendor: %s", a.Body)
		}
		return stateIn(t, a)
	}
	for _, planted := range []string{"", "x", strings.Repeat("A", 22), own + "x"} {
		if set := answer(planted); set == nil || set.Value != own {
			t.Errorf("planted %q, and the browser has %v", planted, set)
		}
	}
	if set := answer(own); set != nil {
		t.Errorf("the state is set once more: %v", set)
	}
}

// TestOnlyTheFrame_mayBeFramed: of all pages that there are.
func TestOnlyTheFrame_mayBeFramed(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	pages := append(apptest.Endpoints(t), apptest.Endpoint{Path: "/api/docs"}, apptest.Endpoint{Path: "/oauth/goodbye"}, apptest.Endpoint{Path: "/oauth/check_session/"},
		apptest.Endpoint{Path: "/oauth/check_session?look"}, apptest.Endpoint{Path: "/oauth/Check_session"})
	shown, framed := 0, map[string]bool{}
	for _, e := range pages {
		for _, send := range []func(testing.TB, *http.Request) apptest.Answer{w.Send, ada.Send} {
			a := send(t, w.Request(t, http.MethodGet, e.Path, nil, ""))
			if !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") || a.Header.Get("Location") != "" {
				continue
			}
			shown++
			if !strings.Contains(a.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") || a.Header.Get("X-Frame-Options") != "DENY" {
				framed[e.Path] = true
			}
			if a.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s sets a cookie by being looked at", e.Path)
			}
		}
	}
	if shown < 30 || len(framed) != 2 || !framed["/oauth/check_session"] || !framed["/oauth/check_session?look"] {
		t.Errorf("of %d pages these may be framed: %v", shown, framed)
	}
}
