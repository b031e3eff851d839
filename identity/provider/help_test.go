package provider_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/identitytest"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store/bolt"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

const (
	issuer     = "http://127.0.0.1:9999"
	cookieName = "session"
	shopReturn = "https://shop.example/back?from=meins"
	shopBye    = "https://shop.example/bye"
	verifier   = "0123456789-0123456789-0123456789-0123456789"
	theEmail   = "ada.marker@example.org"
	theName    = "Ada Marker"
)

// clock is a time that tests move.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time {
	return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(c.offset.Load()))
}
func (c *clock) move(d time.Duration) { c.offset.Add(int64(d)) }

// world is a provider with everything it stands on, a real store among it.
type world struct {
	t        testing.TB
	clock    *clock
	log      *lockedBuffer
	accounts *identity.Accounts
	vendors  *identity.Vendors
	keys     *identity.Keyring
	consent  *consent.Engine
	store    *bolt.Store
	p        *provider.Provider
	http     http.Handler
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{}, log: &lockedBuffer{}}
	log := slog.New(slog.NewTextHandler(w.log, nil))
	st, err := bolt.Open(filepath.Join(t.TempDir(), "meins.db"), bolt.Options{Now: w.clock.now})
	w.must(err)
	w.store = st
	w.keys, _ = identitytest.OpenKeyring(t, st, w.clock.now)
	w.accounts = identity.NewAccounts(identity.AccountOptions{Store: st, Keys: w.keys, Now: w.clock.now})
	w.vendors = identity.NewVendors(st, w.keys, w.clock.now)
	w.consent = consent.New(consent.Options{Store: st, Now: w.clock.now, Log: log})
	t.Cleanup(func() {
		w.must(w.consent.Close(context.Background()))
		w.must(st.Close())
	})
	w.p, err = w.provider(log)
	w.must(err)
	w.http = w.p.Handler()
	return w
}

// provider makes one on the world's store; every call is another node.
func (w *world) provider(log *slog.Logger, change ...func(*provider.Options)) (*provider.Provider, error) {
	o := provider.Options{
		Issuer: issuer, Accounts: w.accounts, Vendors: w.vendors, Keys: w.keys, Consent: w.consent,
		Store: w.store, Now: w.clock.now, Log: log,
		Session: func(r *http.Request) (identity.Session, error) {
			c, err := r.Cookie(cookieName)
			if err != nil {
				return identity.Session{}, identity.ErrNoSession
			}
			return w.accounts.Session(r.Context(), c.Value)
		},
		ClearSession: func(rw http.ResponseWriter) {
			http.SetCookie(rw, &http.Cookie{Name: cookieName, MaxAge: -1})
		},
		Restate: func(rw http.ResponseWriter, r *http.Request, state string, _ time.Time) {
			if k, err := r.Cookie(stateCookie); err != nil || k.Value != state {
				rw.Header().Set("Restated", state)
			}
		},
		ErrorPage: func(rw http.ResponseWriter, _ *http.Request, status int, code string) {
			rw.WriteHeader(status)
			_, _ = io.WriteString(rw, "page: "+code)
		},
		Resume: func(rw http.ResponseWriter, _ *http.Request, flow string, s identity.Session, n provider.Next) {
			words := []string{"resume", cmp.Or(flow, "-"), string(s.Account), string(n.Grant.ID)}
			if e := n.Ending; !e.IsZero() {
				words = append(words, e.Before, e.After, base64.StdEncoding.EncodeToString(e.Key.Bytes()))
			}
			_, _ = io.WriteString(rw, strings.Join(words, " "))
		},
	}
	for _, c := range change {
		c(&o)
	}
	return provider.New(o)
}

// another is a second node: it answers requests by the same store and keys, and shares nothing else.
func (w *world) another() func(*http.Request) *httptest.ResponseRecorder {
	p, err := w.provider(slog.New(slog.NewTextHandler(w.log, nil)))
	w.must(err)
	h := p.Handler()
	return func(r *http.Request) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// shop is a vendor and how it proves itself.
type shop struct {
	identity.Vendor
	secret string
}

// vendor registers a flower shop; change may make it another.
func (w *world) vendor(change ...func(*identity.Vendor)) shop {
	w.t.Helper()
	v := identity.Vendor{
		Name: "Flowers", Domain: "shop.example", Contact: "help@shop.example",
		PolicyURI: "https://shop.example/policy", TermsURI: "https://shop.example/terms",
		RedirectURIs: []string{shopReturn}, PostLogoutRedirectURIs: []string{shopBye},
		AuthMethod: "client_secret_basic", SigningAlg: "ES256",
		Purposes:   map[string]string{"email": "to send the receipt", "name": "to greet you"},
		GrantTypes: []string{"authorization_code", "refresh_token", "client_credentials"},
	}
	for _, c := range change {
		c(&v)
	}
	added, secret, err := w.vendors.Add(w.t.Context(), v)
	w.must(err)
	return shop{added, secret}
}

func public(v *identity.Vendor) {
	v.Public, v.AuthMethod = true, "none"
	v.GrantTypes = []string{"authorization_code", "refresh_token"}
}

// customer is an account with its agent: it holds keys, seals capsules and answers requests.
type customer struct {
	w       *world
	session identity.Session
	cookie  string
	persona id.Persona
	key     vault.Key
	auth    []byte
	values  vault.Claims
	grants  map[id.Grant]vault.GrantKey
}

// onceSecret stretches one passphrase for all tests: it takes its time.
var onceSecret = sync.OnceValues(func() (vault.Secret, error) {
	return vault.FromPassphrase("correct horse battery staple", seal.NewStretch())
})

func (w *world) customer() *customer {
	w.t.Helper()
	account := id.New[id.Account]()
	c := &customer{
		w: w, persona: id.New[id.Persona](), key: vault.NewKey(), grants: map[id.Grant]vault.GrantKey{},
		values: vault.Claims{
			"email": json.RawMessage(`"` + theEmail + `"`), "email_verified": json.RawMessage(`false`),
			"name": json.RawMessage(`"` + theName + `"`), "address": json.RawMessage(`{"locality":"Ulm"}`),
		},
	}
	secret, err := onceSecret()
	w.must(err)
	pass, err := vault.SealSlot(secret, c.key, account, id.New[id.Slot](), vault.SlotPassphrase)
	w.must(err)
	code := vault.FromRecovery(vault.NewRecoveryCode())
	recovery, err := vault.SealSlot(code, c.key, account, id.New[id.Slot](), vault.SlotRecovery)
	w.must(err)
	c.auth = secret.Auth()
	opened, err := w.accounts.SignUp(w.t.Context(), identity.NewAccount{
		Login: string(account) + "@example.org", Account: account,
		Slots: []identity.NewSlot{{Slot: pass, Auth: c.auth}, {Slot: recovery, Auth: code.Auth()}},
	}, identity.Source{Addr: netip.MustParseAddr("127.0.0.1")})
	w.must(err)
	c.session, c.cookie = opened.Session, opened.Token
	return c
}

// signInAgain proves the passphrase once more.
func (c *customer) signInAgain() {
	c.w.t.Helper()
	s, err := c.w.accounts.Reauthenticate(c.w.t.Context(), c.session, vault.SlotPassphrase, c.auth)
	c.w.must(err)
	c.session = s
}

// request makes the parameters of a good authorization request; change overrides them.
func (s shop) request(scope string, change ...string) url.Values {
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"client_id": {string(s.ID)}, "redirect_uri": {s.RedirectURIs[0]}, "response_type": {"code"}, "scope": {scope},
		"state": {"st-ate"}, "nonce": {"no-nce"}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])},
	}
	for i := 0; i < len(change); i += 2 {
		q.Set(change[i], change[i+1])
		if change[i+1] == "" {
			q.Del(change[i])
		}
	}
	return q
}

// get asks the provider; cookie may be empty.
func (w *world) get(path, cookie string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, path, nil)
	if cookie != "" {
		r.AddCookie(&http.Cookie{Name: cookieName, Value: cookie})
	}
	return w.do(r)
}

func (w *world) do(r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	w.http.ServeHTTP(rec, r)
	return rec
}

// authorize gives where an authorization request leads.
func (w *world) authorize(q url.Values, cookie string) *url.URL {
	w.t.Helper()
	rec := w.get("/oauth/authorize?"+q.Encode(), cookie)
	if rec.Code != http.StatusSeeOther {
		w.t.Fatalf("authorize: %d %s", rec.Code, rec.Body)
	}
	u, err := url.Parse(rec.Header().Get("Location"))
	w.must(err)
	return u
}

// flow gives the sealed request of a good one.
func (w *world) flow(q url.Values) string {
	w.t.Helper()
	u := w.authorize(q, "")
	if u.Path != "/continue" || u.Query().Get("flow") == "" {
		w.t.Fatalf("authorize led to %s", u)
	}
	return u.Query().Get("flow")
}

// approval answers a flow as an agent does: the approved values, sealed under a new grant key.
func (c *customer) approval(flow string, claims ...string) provider.Approval {
	c.w.t.Helper()
	next, err := c.w.p.Next(c.w.t.Context(), flow, &c.session)
	c.w.must(err)
	grant, key := id.New[id.Grant](), vault.NewGrantKey()
	values := vault.Claims{}
	for _, name := range claims {
		if v, ok := c.values[name]; ok {
			values[name] = v
		}
	}
	capsule, err := vault.SealCapsule(key, c.session.Account, grant, 1, values)
	c.w.must(err)
	if next.Ask.Party.EndToEnd() {
		capsule = c.message(key, grant, next.Ask.Party, values)
	}
	c.grants[grant] = key
	terms := vault.Approved{
		Client: next.Ask.Party.Client, Persona: c.persona, Claims: claims, Continuous: next.Ask.Continuous, Recipient: next.Ask.Party.Encryption.Thumbprint,
	}
	return provider.Approval{
		Digest: next.Digest, Grant: grant, Persona: c.persona, Choices: next.Ask.Choose(claims...), Capsule: capsule,
		Wrapped: vault.WrapGrantKey(c.key, c.session.Account, grant, terms, key), Key: key, Locale: "en",
	}
}

// approve takes a request to the code, approving the claims.
func (c *customer) approve(q url.Values, claims ...string) (code string, grant id.Grant) {
	c.w.t.Helper()
	flow := c.w.flow(q)
	a := c.approval(flow, claims...)
	address, err := c.w.p.Approve(c.w.t.Context(), c.session, flow, a)
	c.w.must(err)
	code = parameter(c.w.t, address, "code")
	if code == "" {
		c.w.t.Fatalf("no code in the answer")
	}
	return code, a.Grant
}

func parameter(t testing.TB, address, name string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get(name)
}

// answer is what the token endpoint said.
type answer struct {
	Status      int
	Access      string `json:"access_token"`
	Refresh     string `json:"refresh_token"`
	ID          string `json:"id_token"`
	Type        string `json:"token_type"`
	Scope       string `json:"scope"`
	ExpiresIn   int    `json:"expires_in"`
	Error       string `json:"error"`
	Description string `json:"error_description"`
	Header      http.Header
	Body        string
}

// post sends a form as a vendor.
func (w *world) post(path string, s shop, form url.Values) answer {
	w.t.Helper()
	form = clone(form)
	if s.AuthMethod != "client_secret_basic" && !form.Has("client_assertion") {
		form.Set("client_id", string(s.ID))
	}
	if s.AuthMethod == "client_secret_post" {
		form.Set("client_secret", s.secret)
	}
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if s.AuthMethod == "client_secret_basic" {
		r.SetBasicAuth(url.QueryEscape(string(s.ID)), url.QueryEscape(s.secret))
	}
	return read(w.do(r))
}

func clone(form url.Values) url.Values {
	out := url.Values{}
	for k, v := range form {
		out[k] = v
	}
	return out
}

func read(rec *httptest.ResponseRecorder) answer {
	a := answer{Status: rec.Code, Header: rec.Header(), Body: rec.Body.String()}
	_ = json.Unmarshal(rec.Body.Bytes(), &a)
	return a
}

func codeForm(code string, s shop) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {s.RedirectURIs[0]}, "code_verifier": {verifier}}
}

func refreshForm(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
}

// exchange redeems a code and wants tokens.
func (w *world) exchange(s shop, code string) answer {
	w.t.Helper()
	a := w.post("/oauth/token", s, codeForm(code, s))
	if a.Status != http.StatusOK || a.Access == "" || a.ID == "" {
		w.t.Fatalf("exchange: %d %s", a.Status, a.Body)
	}
	return a
}

// userinfo asks with an access token.
func (w *world) userinfo(access string) answer {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, "/oauth/userinfo", nil)
	r.Header.Set("Authorization", "Bearer "+access)
	return read(w.do(r))
}

// introspect asks about a token, and says whether it is active.
func (w *world) introspect(s shop, token string) bool {
	w.t.Helper()
	a := w.post("/oauth/introspect", s, url.Values{"token": {token}})
	if a.Status != http.StatusOK {
		w.t.Fatalf("introspect: %d %s", a.Status, a.Body)
	}
	var body struct{ Active bool }
	w.must(json.Unmarshal([]byte(a.Body), &body))
	if !body.Active && strings.TrimSpace(a.Body) != `{"active":false}` {
		w.t.Errorf("an inactive token was described: %s", a.Body)
	}
	return body.Active
}

// claimsOf reads a JWT's payload without checking it.
func claimsOf(t testing.TB, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT")
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// refused wants an OAuth error.
func (a answer) refused(t testing.TB, status int, code string) {
	t.Helper()
	if a.Status != status || a.Error != code {
		t.Errorf("got %d %q (%s), want %d %q", a.Status, a.Error, a.Description, status, code)
	}
	if a.Access+a.Refresh+a.ID != "" {
		t.Error("a refusal carried tokens")
	}
}
