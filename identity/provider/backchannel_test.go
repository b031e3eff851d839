package provider_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/outbox"
	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"

	"github.com/meins-id/meins/internal/id"
)

// ear is where a vendor hears of logouts.
type ear struct {
	t      *testing.T
	server *httptest.Server

	mu     sync.Mutex
	status int
	heard  []string
}

func newEar(t *testing.T) *ear {
	e := &ear{t: t, status: http.StatusOK}
	e.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		defer e.mu.Unlock()
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.URL.RawQuery != "" {
			t.Errorf("%s %s with %s", r.Method, r.URL, r.Header.Get("Content-Type"))
		}
		e.heard = append(e.heard, r.PostFormValue("logout_token"))
		rw.WriteHeader(e.status)
	}))
	t.Cleanup(e.server.Close)
	return e
}

func (e *ear) answer(status int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.status = status
}

// tokens gives what was heard since it was last asked.
func (e *ear) tokens() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	heard := e.heard
	e.heard = nil
	return heard
}

func (e *ear) vendor(v *identity.Vendor) { v.Protocol.BackLogout = e.server.URL + "/logout" }

// tell delivers what is due.
func (w *world) tell() {
	w.t.Helper()
	w.must(w.p.TellOfLogouts(w.t.Context()))
}

// signIn takes the customer to a vendor, and gives the ID token.
func (c *customer) signIn(s shop) string {
	c.w.t.Helper()
	code, _ := c.approve(c.w.shopRequest(s), "email")
	return c.w.exchange(s, code).ID
}

func (w *world) shopRequest(s shop) url.Values { return s.request("openid email") }

func TestBackChannel_tellsEveryVendorOfTheSession(t *testing.T) {
	w := newWorld(t)
	first, second := newEar(t), newEar(t)
	a, b, deaf := w.vendor(first.vendor), w.vendor(second.vendor), w.vendor()
	c, other := w.customer(), w.customer()
	hints := map[*ear]string{first: c.signIn(a), second: c.signIn(b)}
	c.signIn(deaf)
	other.signIn(a)
	if w.tell(); len(first.tokens()) != 0 {
		t.Error("told of a session that goes on")
	}
	w.leave(c.cookie, url.Values{"id_token_hint": {hints[first]}})
	w.tell()
	for e, s := range map[*ear]shop{first: a, second: b} {
		heard := e.tokens()
		if len(heard) != 1 {
			t.Fatalf("%s heard %d times", s.ID, len(heard))
		}
		wantLogoutToken(t, w, s, heard[0], claimsOf(t, hints[e]))
	}
	if w.tell(); len(first.tokens())+len(second.tokens()) != 0 {
		t.Error("told twice")
	}
	if !other.signedIn() {
		t.Error("another's session ended")
	}
}

// wantLogoutToken checks what Back-Channel Logout 1.0, 2.6 has vendors check.
func wantLogoutToken(t *testing.T, w *world, s shop, text string, login map[string]any) {
	t.Helper()
	signed, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.ES256})
	w.must(err)
	if kind := signed.Headers[0].ExtraHeaders[jose.HeaderType]; kind != "logout+jwt" {
		t.Errorf("typ %v", kind)
	}
	var said map[string]any
	for _, key := range w.keys.PublicKeys() {
		if key.KeyID == signed.Headers[0].KeyID {
			w.must(signed.Claims(key.Key, &said))
		}
	}
	now := float64(w.clock.now().Unix())
	if said["iss"] != issuer || said["aud"] != string(s.ID) || said["sub"] != login["sub"] || said["sid"] != login["sid"] || said["sid"] == "" {
		t.Errorf("said %v of the login %v", said, login)
	}
	if said["iat"] != now || said["exp"] != now+120 || said["jti"] == "" || said["jti"] == nil {
		t.Errorf("times and name: %v", said)
	}
	events, _ := said["events"].(map[string]any)
	if about, ok := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any); !ok || len(about) != 0 || len(events) != 1 {
		t.Errorf("events: %v", events)
	}
	if said["nonce"] != nil || len(said) != 8 || strings.Contains(text, theEmail) {
		t.Errorf("says more than it should: %v", said)
	}
}

func TestBackChannel_vendorThatIsDown_hearsLater_fromAnotherProcess(t *testing.T) {
	w := newWorld(t)
	e := newEar(t)
	s, c := w.vendor(e.vendor), w.customer()
	c.signIn(s)
	w.must(w.accounts.Logout(t.Context(), c.session.ID))
	e.answer(http.StatusServiceUnavailable)
	w.tell()
	w.tell() // not due again yet
	if heard := e.tokens(); len(heard) != 1 {
		t.Fatalf("tried %d times", len(heard))
	}
	e.answer(http.StatusNoContent)
	w.clock.move(3 * time.Second)
	next, err := w.provider(slog.New(slog.DiscardHandler))
	w.must(err)
	w.must(next.TellOfLogouts(t.Context()))
	if heard := e.tokens(); len(heard) != 1 || claimsOf(t, heard[0])["iat"] != float64(w.clock.now().Unix()) {
		t.Errorf("heard %d times", len(heard))
	}
	w.clock.move(time.Hour)
	if w.tell(); len(e.tokens()) != 0 {
		t.Error("told again what was taken")
	}
}

// One that takes its time with each of many must not hold up those of others.
func TestBackChannel_vendorThatIsSlow_waitsForTheNextRound(t *testing.T) {
	w := newWorld(t)
	heard := 0
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		heard++
		w.clock.move(3 * time.Second)
	}))
	t.Cleanup(slow.Close)
	s := w.vendor(func(v *identity.Vendor) { v.Protocol.BackLogout = slow.URL })
	for range 5 {
		c := w.customer()
		c.signIn(s)
		w.must(w.accounts.Logout(t.Context(), c.session.ID))
	}
	for round, want := range []int{2, 4, 5, 5} {
		if w.tell(); heard != want {
			t.Fatalf("after round %d it heard of %d, not %d", round+1, heard, want)
		}
	}
}

func TestBackChannel_vendorThatNeverAnswers_isGivenUp(t *testing.T) {
	w := newWorld(t)
	e := newEar(t)
	s, c := w.vendor(e.vendor), w.customer()
	c.signIn(s)
	w.must(w.accounts.Logout(t.Context(), c.session.ID))
	e.answer(http.StatusBadRequest)
	for range 200 {
		w.tell()
		w.clock.move(time.Hour)
	}
	tries := len(e.tokens())
	if w.tell(); tries < 60 || tries > 90 || len(e.tokens()) != 0 {
		t.Errorf("%d tries in three days", tries)
	}
}

func TestBackChannel_everyWayASessionEnds_isTold(t *testing.T) {
	w := newWorld(t)
	e := newEar(t)
	s := w.vendor(e.vendor)
	for name, end := range map[string]func(*customer) error{
		"everywhere":  func(c *customer) error { return w.accounts.LogoutEverywhere(t.Context(), c.session.Account) },
		"the account": func(c *customer) error { return w.accounts.Delete(t.Context(), c.session, c.auth) },
		"a new passphrase, elsewhere": func(c *customer) error {
			opened, err := w.accounts.Login(t.Context(), string(c.session.Account)+"@example.org", vault.SlotPassphrase, c.auth, identity.Source{})
			w.must(err)
			secret, err := vault.FromPassphrase("another horse battery staple", seal.NewStretch())
			w.must(err)
			slot, err := vault.SealSlot(secret, c.key, c.session.Account, id.New[id.Slot](), vault.SlotPassphrase)
			w.must(err)
			return w.accounts.ChangePassphrase(t.Context(), opened.Session, c.auth, identity.NewSlot{Slot: slot, Auth: secret.Auth()})
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := w.customer()
			sid := claimsOf(t, c.signIn(s))["sid"]
			w.must(end(c))
			w.tell()
			if heard := e.tokens(); len(heard) != 1 || claimsOf(t, heard[0])["sid"] != sid || c.signedIn() {
				t.Errorf("heard %d times", len(heard))
			}
		})
	}
}

func TestLogout_isAnEventToVendorsThatListen(t *testing.T) {
	w := newWorld(t)
	s, silent, c := w.vendor(), w.vendor(), w.customer()
	w.must(w.store.Update(t.Context(), func(tx store.Tx) error { return outbox.Open(tx, s.ID, []outbox.Kind{outbox.SessionRevoked}) }))
	c.signIn(s)
	c.signIn(silent)
	w.must(w.accounts.Logout(t.Context(), c.session.ID))
	w.must(w.accounts.Logout(t.Context(), c.session.ID)) // it has ended once
	w.must(w.store.View(t.Context(), func(r store.Reader) error {
		events, err := outbox.Pending(r, s.ID, 0, 10)
		if len(events) != 1 || events[0].Kind != outbox.SessionRevoked || events[0].Account != c.session.Account || events[0].Persona != c.persona {
			t.Errorf("%+v", events)
		}
		if none, _ := outbox.Pending(r, silent.ID, 0, 10); len(none) != 0 {
			t.Errorf("%+v", none)
		}
		return err
	}))
}

func TestCode_ofALoginThatHasEnded_givesNothing(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	code, _ := c.approve(s.request("openid email"), "email")
	w.must(w.accounts.Logout(t.Context(), c.session.ID))
	a := w.post("/oauth/token", s, codeForm(code, s))
	if a.refused(t, http.StatusBadRequest, "invalid_grant"); strings.Contains(a.Body, theEmail) {
		t.Error("a claim is in the refusal")
	}
}

func TestFrontChannel_loadsTheVendorsPages_andNoOthers(t *testing.T) {
	w := newWorld(t)
	s := w.vendor(func(v *identity.Vendor) { v.Protocol.FrontLogout = "https://shop.example/out?x=1" })
	other, c := w.vendor(), w.customer()
	hint := c.signIn(s)
	c.signIn(other)
	to, cleared := w.leave(c.cookie, url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {shopBye}, "state": {"x y"}})
	if !strings.HasPrefix(to, "/oauth/goodbye?g=") || !cleared || c.signedIn() {
		t.Fatalf("led to %s", to)
	}
	rec := w.get(to, "")
	page, policy := rec.Body.String(), rec.Header().Get("Content-Security-Policy")
	sid, _ := claimsOf(t, hint)["sid"].(string)
	frame := `src="https://shop.example/out?x=1&amp;iss=` + url.QueryEscape(issuer) + `&amp;sid=` + sid + `"`
	if rec.Code != http.StatusOK || strings.Count(page, "<iframe") != 1 || !strings.Contains(page, frame) {
		t.Errorf("%d %s", rec.Code, page)
	}
	if !strings.Contains(policy, "default-src 'none'; frame-src https://shop.example/out; ") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy: %s", policy)
	}
	if got := rec.Header().Get("Refresh"); got != "3;url="+shopBye+"?state=x+y" {
		t.Errorf("goes on to %s", got)
	}
	if strings.Contains(page, theEmail) || strings.Contains(page, string(other.ID)) {
		t.Error("the page says more than it needs")
	}
	for _, forged := range []string{"", "?g=", to[len("/oauth/goodbye"):] + "x", "?g=" + w.flow(s.request("openid"))} {
		if rec := w.get("/oauth/goodbye"+forged, ""); rec.Code != http.StatusBadRequest || strings.Contains(rec.Body.String(), "<iframe") {
			t.Errorf("%s: %d", forged, rec.Code)
		}
	}
	w.clock.move(31 * time.Minute)
	if rec := w.get(to, ""); rec.Code != http.StatusBadRequest {
		t.Errorf("serves for ever: %d", rec.Code)
	}
}

func TestFrontChannel_confirmedByTheCustomer_leadsThereToo(t *testing.T) {
	w := newWorld(t)
	s := w.vendor(func(v *identity.Vendor) { v.Protocol.FrontLogout = "https://shop.example/out" })
	c := w.customer()
	if got := w.p.Goodbye(t.Context(), c.session.ID, "/signed-out"); got != "/signed-out" {
		t.Errorf("led to %s although no vendor wants to hear", got)
	}
	c.signIn(s)
	to := w.p.Goodbye(t.Context(), c.session.ID, "/signed-out")
	if rec := w.get(to, ""); rec.Header().Get("Refresh") != "3;url=/signed-out" || !c.signedIn() {
		t.Errorf("goes on to %s", rec.Header().Get("Refresh"))
	}
	w.must(w.vendors.Remove(t.Context(), s.ID))
	rec := w.get(to, "")
	if strings.Contains(rec.Body.String(), "<iframe") || !strings.Contains(rec.Header().Get("Content-Security-Policy"), "frame-src 'none'") {
		t.Errorf("a vendor that is gone is still framed: %s", rec.Body)
	}
}
