package attack_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/apptest"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault/agent"
)

// try is a guess at somebody's passphrase or recovery code.
func (p *person) try(t *testing.T, login string, kind agent.SlotKind, auth []byte) apptest.Answer {
	t.Helper()
	return p.call(t, http.MethodPost, "/session", agent.Login{Login: login, Kind: kind, Auth: auth})
}

// stranger is somebody who knows login names and nothing else.
func (w *world) stranger(t *testing.T) *person {
	t.Helper()
	return &person{Customer: w.Customer(t), w: w}
}

var figures = regexp.MustCompile(`\d+`)

// TestLogin_ofNobody_looksLikeALoginOfSomebody in status, headers, body and parameters, for every kind
// of secret, and also when guessing is slowed down.
func TestLogin_ofNobody_looksLikeALoginOfSomebody(t *testing.T) {
	t.Parallel()
	w := alone(t, "--trusted-proxy", "127.0.0.0/8")
	s := w.stranger(t)
	for _, kind := range []agent.SlotKind{agent.SlotKindPassphrase, agent.SlotKindRecovery, agent.SlotKindPasskey, "made-up", ""} {
		for _, auth := range [][]byte{random(32), {}, nil, random(31), random(1000)} {
			ada := w.person(t, "ada")
			s.from = somewhere() // nobody is slowed down: that would compare two moments, too
			known, unknown := s.try(t, ada.login, kind, auth), s.try(t, "bob"+ada.login[3:], kind, auth)
			alike(t, known, unknown)
			if known.Status < http.StatusBadRequest || known.Header.Get("Set-Cookie") != "" || known.Status == http.StatusTooManyRequests {
				t.Fatalf("a guess is answered with %d %s", known.Status, known.Body)
			}
		}
	}
	ada := w.person(t, "ada")
	nobody := "bob" + ada.login[3:]
	slowed := func(login string) (a apptest.Answer) {
		s.from = somewhere()
		for range 8 { // each that is heard doubles the wait: soon one comes before it is over
			if a = s.try(t, login, agent.SlotKindPassphrase, random(32)); a.Status == http.StatusTooManyRequests {
				return a
			}
		}
		t.Fatalf("guesses are not slowed down: %d %s", a.Status, a.Body)
		return a
	}
	alike(t, slowed(ada.login), slowed(nobody))
	for _, spelling := range []string{strings.ToUpper(ada.login), " " + ada.login + " ", "ａｄａ" + ada.login[3:]} {
		alike(t, s.parameters(t, ada.login), s.parameters(t, spelling))
	}
	first, again, other := s.parameters(t, nobody), s.parameters(t, nobody), s.parameters(t, nobody+"c")
	if string(first.Body) != string(again.Body) || string(first.Body) == string(other.Body) {
		t.Error("the parameters of nobody change, or are the same for everybody")
	}
	var known, unknown struct{ Stretch agent.Stretch }
	s.read(t, http.MethodPost, "/login/parameters", agent.LoginName{Login: ada.login}, &known)
	s.read(t, http.MethodPost, "/login/parameters", agent.LoginName{Login: nobody}, &unknown)
	if known.Stretch.M != unknown.Stretch.M || known.Stretch.T != unknown.Stretch.T || known.Stretch.P != unknown.Stretch.P || len(known.Stretch.Salt) != len(unknown.Stretch.Salt) {
		t.Errorf("somebody's passphrase is stretched with %v, nobody's with %v", known, unknown)
	}
}

func (p *person) parameters(t *testing.T, login string) apptest.Answer {
	t.Helper()
	return p.call(t, http.MethodPost, "/login/parameters", agent.LoginName{Login: login})
}

// alike compares two answers but for the time and figures that pass with it.
func alike(t *testing.T, a, b apptest.Answer) {
	t.Helper()
	shape := func(a apptest.Answer) string {
		h := a.Header.Clone()
		h.Del("Date")
		body := string(a.Body)
		if a.Status == http.StatusTooManyRequests {
			body, h = figures.ReplaceAllString(body, "n"), http.Header{"Retry-After": {fmt.Sprint(h.Get("Retry-After") != "")}}
		}
		return fmt.Sprint(a.Status, h, body)
	}
	if shape(a) != shape(b) {
		t.Errorf("one is answered with %s, the other with %s", shape(a), shape(b))
	}
}

// TestGuessing_isSlowedDown_andNeverLocksTheCustomerOut: neither the guesser's own address nor another
// that it invents serves it; the customer gets in from elsewhere at once, and from there after the
// time that the answer names.
func TestGuessing_isSlowedDown_andNeverLocksTheCustomerOut(t *testing.T) {
	t.Parallel()
	w := alone(t)
	ada, s := w.person(t, "ada"), w.stranger(t)
	guessing := func() (wait int) { // each guess that is heard doubles the wait: soon one comes before it is over
		for i := range 8 {
			in := agent.Login{Login: ada.login, Kind: agent.SlotKindPassphrase, Auth: random(32)}
			r := s.request(t, http.MethodPost, "/session", in)
			invented := fmt.Sprintf("198.51.100.%d", i)
			for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "True-Client-Ip", "Cf-Connecting-Ip", "X-Client-Ip"} {
				r.Header.Set(name, invented)
			}
			r.Header.Set("Forwarded", "for="+invented)
			r.Header.Set("User-Agent", invented)
			if a := s.Send(t, r); a.Status == http.StatusTooManyRequests {
				return named(t, a)
			}
		}
		t.Fatal("guesses are not slowed down")
		return 0
	}
	wait := guessing()
	for wait < 4 { // what comes next must come before it is over, on a busy machine too
		time.Sleep(time.Duration(wait) * time.Second)
		wait = guessing()
	}
	// The right passphrase has to wait as well, so that a slow-down tells a guesser nothing.
	ada.signIn(t).Refused(t, http.StatusTooManyRequests, "slow-down")
	ada.staysSignedIn(t)
	time.Sleep(time.Duration(wait) * time.Second)
	if a := ada.signIn(t); a.Status != http.StatusOK {
		t.Errorf("after the wait the right passphrase is answered with %d %s", a.Status, a.Body)
	}
	// And is free at once afterwards.
	ada.signIn(t).Refused(t, http.StatusOK, "")
}

// named is how long the answer says to wait.
func named(t *testing.T, slowed apptest.Answer) (seconds int) {
	t.Helper()
	slowed.Refused(t, http.StatusTooManyRequests, "slow-down")
	wait, err := strconv.Atoi(slowed.Header.Get("Retry-After"))
	if err != nil || wait < 1 || wait > 300 || slowed.Text("retry_after") != slowed.Header.Get("Retry-After") {
		t.Fatalf("wait %q: %s", slowed.Header.Get("Retry-After"), slowed.Body)
	}
	return wait
}

// TestGuessing_fromManyAddresses_doesNotLockTheCustomerOut, when the addresses are those that a
// proxy tells of; and what a guesser puts before them is not believed.
func TestGuessing_fromManyAddresses_doesNotLockTheCustomerOut(t *testing.T) {
	t.Parallel()
	w := alone(t, "--trusted-proxy", "127.0.0.0/8")
	ada, s := w.person(t, "ada"), w.stranger(t)
	from := func(p *person, auth []byte, hops string) apptest.Answer {
		r := p.request(t, http.MethodPost, "/session", agent.Login{Login: ada.login, Kind: agent.SlotKindPassphrase, Auth: auth})
		r.Header.Set("X-Forwarded-For", hops)
		return p.Send(t, r)
	}
	slow := 0
	for i := range 60 {
		if a := from(s, random(32), fmt.Sprintf("203.0.113.9, 198.51.100.%d", i)); a.Status == http.StatusTooManyRequests {
			slow++
		}
	}
	if slow == 0 {
		t.Error("guesses from many addresses are not slowed down")
	}
	slow = 0
	for i := range 12 {
		if a := from(s, random(32), fmt.Sprintf("192.0.2.%d, 198.51.100.200", i)); a.Status == http.StatusTooManyRequests {
			slow++
		}
	}
	if slow < 6 {
		t.Errorf("an invented start of the chain of proxies serves the guesser: %d of 12 were slowed down", slow)
	}
	// The customer waits her turn, and no guess in between takes it from her.
	deadline := time.Now().Add(20 * time.Second)
	for {
		a := from(ada, ada.auth, "203.0.113.77")
		if a.Status == http.StatusOK {
			break
		}
		a.Refused(t, http.StatusTooManyRequests, "slow-down")
		wait, err := strconv.Atoi(a.Header.Get("Retry-After"))
		if err != nil || time.Now().Add(time.Duration(wait)*time.Second).After(deadline) {
			t.Fatalf("the customer must wait %q seconds", a.Header.Get("Retry-After"))
		}
		from(s, random(32), "198.51.100.7")
		time.Sleep(time.Duration(wait) * time.Second)
	}
}

// TestSession_isNeverTheOneThatSomebodyElseChose: a cookie that was put into the browser before the
// login is not the one after it, and never begins to mean anything.
func TestSession_isNeverTheOneThatSomebodyElseChose(t *testing.T) {
	w := start(t)
	ada, mallory := w.person(t, "ada"), w.person(t, "mallory")
	planted := mallory.Cookie(t).Value
	invented := encoded(random(32))
	for _, value := range []string{planted, invented, ""} {
		r := ada.request(t, http.MethodPost, "/session", agent.Login{Login: ada.login, Kind: agent.SlotKindPassphrase, Auth: ada.auth})
		r.AddCookie(&http.Cookie{Name: "meins_session", Value: value})
		a := w.Send(t, r)
		a.Refused(t, http.StatusOK, "")
		given := a.Header.Get("Set-Cookie")
		if !strings.HasPrefix(given, "meins_session=") || value != "" && strings.Contains(given, value) || !strings.Contains(given, "HttpOnly") || !strings.Contains(given, "SameSite=Lax") || strings.Contains(given, "Domain") {
			t.Errorf("the cookie is %s", given)
		}
	}
	r := w.Request(t, http.MethodGet, "/api/v1/session", nil, "")
	r.AddCookie(&http.Cookie{Name: "meins_session", Value: invented})
	w.Send(t, r).Refused(t, http.StatusUnauthorized, "no-session")
	var who agent.SessionAnswer
	mallory.read(t, http.MethodGet, "/session", nil, &who)
	if who.Session.Account != string(mallory.account) {
		t.Error("the planted session became somebody else's")
	}
}

// TestSession_thatEnded_isOver for whoever kept its cookie: by signing out, everywhere, or by a new
// passphrase.
func TestSession_thatEnded_isOver(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	stolen := w.stranger(t) // has every cookie of the customer's
	steal := func() *http.Cookie { return ada.Cookie(t) }
	refused := func(cookie *http.Cookie) {
		t.Helper()
		for _, path := range []string{"/session", "/vault", "/grants", "/slots", "/sessions"} {
			r := stolen.request(t, http.MethodGet, path, nil)
			r.AddCookie(cookie)
			stolen.Send(t, r).Refused(t, http.StatusUnauthorized, "no-session")
		}
	}
	first := steal()
	ada.call(t, http.MethodDelete, "/session", nil).Refused(t, http.StatusNoContent, "")
	refused(first)
	ada.signIn(t)
	second := steal()
	ada.signIn(t)
	third := steal()
	change := agent.SlotChange{CurrentAuth: ada.auth, Auth: random(32), Slot: newSlot(agent.SlotKindPassphrase, nil).Slot}
	ada.call(t, http.MethodPut, "/slots/passphrase", change).Refused(t, http.StatusNoContent, "")
	refused(second)
	ada.try(t, ada.login, agent.SlotKindPassphrase, ada.auth).Refused(t, http.StatusUnauthorized, "wrong-login")
	ada.call(t, http.MethodDelete, "/sessions", nil).Refused(t, http.StatusNoContent, "")
	refused(third)
}

// TestStolenSession_cannotTakeTheAccount without the passphrase, nor guess it without being slowed down.
func TestStolenSession_cannotTakeTheAccount(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	wrong := random(32)
	fresh := agent.SlotChange{CurrentAuth: wrong, Auth: random(32), Slot: newSlot(agent.SlotKindPassphrase, nil).Slot}
	recovery := fresh
	recovery.Slot = newSlot(agent.SlotKindRecovery, nil).Slot
	ada.call(t, http.MethodPut, "/slots/passphrase", fresh).Refused(t, http.StatusForbidden, "wrong-secret")
	ada.call(t, http.MethodPut, "/slots/recovery", recovery).Refused(t, http.StatusForbidden, "wrong-secret")
	ada.call(t, http.MethodDelete, "/account", agent.CurrentAuth{CurrentAuth: wrong}).Refused(t, http.StatusForbidden, "wrong-secret")
	slowed := false
	for range 8 { // each that is heard doubles the wait: soon one comes before it is over
		a := ada.call(t, http.MethodPost, "/tokens", agent.NewToken{
			CurrentAuth: wrong, Name: "x", Scopes: []agent.TokenScope{agent.TokenScopeReadGrants}, Expires: time.Now().Add(time.Hour),
		})
		if slowed = a.Status == http.StatusTooManyRequests; slowed {
			break
		}
		a.Refused(t, http.StatusForbidden, "wrong-secret")
	}
	if !slowed {
		t.Error("guessing for a token is not slowed down")
	}
	ada.call(t, http.MethodPost, "/slots/renew", agent.Renewal{
		Passphrase: newSlot(agent.SlotKindPassphrase, random(32)), Recovery: newSlot(agent.SlotKindRecovery, random(32)),
	}).Refused(t, http.StatusConflict, "nothing-to-renew")
	slowed = false
	for range 8 {
		a := ada.call(t, http.MethodPost, "/session/reauthenticate", agent.Reauthentication{Kind: agent.SlotKindPassphrase, Auth: random(32)})
		slowed = slowed || a.Status == http.StatusTooManyRequests
	}
	if !slowed {
		t.Error("guessing inside a session is not slowed down")
	}
	if a := w.person(t, "grace").signIn(t); a.Status != http.StatusOK {
		t.Errorf("somebody else waits for it too: %d", a.Status)
	}
}

// TestSignUp_takesNobodysAccount: neither a login name in another spelling nor the identifier of an
// account that exists.
func TestSignUp_takesNobodysAccount(t *testing.T) {
	w := start(t)
	ada, s := w.person(t, "ada"), w.stranger(t)
	s.auth, s.code = random(32), random(32)
	for name, alter := range map[string]func(*agent.NewAccount){
		"the same name":         func(*agent.NewAccount) {},
		"in upper case":         func(n *agent.NewAccount) { n.Login = strings.ToUpper(n.Login) },
		"in wide letters":       func(n *agent.NewAccount) { n.Login = "ａｄａ" + n.Login[3:] },
		"with spaces around":    func(n *agent.NewAccount) { n.Login = "  " + n.Login + "\t" },
		"the same identifier":   func(n *agent.NewAccount) { n.Login, n.Account = "grace", string(ada.account) },
		"an invisible letter":   func(n *agent.NewAccount) { n.Login = "a\u200b" + n.Login[1:] },
		"a turned letter":       func(n *agent.NewAccount) { n.Login = "\u202e" + n.Login },
		"a NUL":                 func(n *agent.NewAccount) { n.Login = n.Login + "\x00" },
		"an identifier of none": func(n *agent.NewAccount) { n.Login, n.Account = "grace", "../../x" },
		"one slot":              func(n *agent.NewAccount) { n.Login, n.Slots = "grace", n.Slots[:1] },
		"the same slot twice":   func(n *agent.NewAccount) { n.Login, n.Slots[1] = "grace", n.Slots[0] },
		"a weak stretch":        func(n *agent.NewAccount) { n.Login, n.Slots[0].Slot.Stretch.M = "grace", 19<<10 },
		"no stretch":            func(n *agent.NewAccount) { n.Login, n.Slots[0].Slot.Stretch = "grace", nil },
		"an empty proof":        func(n *agent.NewAccount) { n.Login, n.Slots[0].Auth = "grace", nil },
		"a proof of noughts":    func(n *agent.NewAccount) { n.Login, n.Slots[0].Auth = "grace", make([]byte, 32) },
	} {
		t.Run(name, func(t *testing.T) {
			s.login, s.account, s.from = ada.login, id.New[id.Account](), somewhere()
			n := s.application()
			alter(&n)
			a := s.call(t, http.MethodPost, "/accounts", n)
			if a.Status != http.StatusBadRequest && a.Status != http.StatusConflict || a.Header.Get("Set-Cookie") != "" {
				t.Errorf("answered with %d %s", a.Status, a.Body)
			}
		})
	}
	ada.signIn(t).Refused(t, http.StatusOK, "")
}
