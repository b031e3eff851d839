package web

import (
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
	"testing"
	"time"

	"github.com/gorilla/mux"

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
	cookieName = "meins_session"
)

var today = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

// site is the pages with everything they stand on, a real store among it.
type site struct {
	t        testing.TB
	now      time.Time
	accounts *identity.Accounts
	vendors  *identity.Vendors
	consent  *consent.Engine
	provider *provider.Provider
	web      *Web
	http     http.Handler
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{t: t, now: today}
	now := func() time.Time { return s.now }
	st, err := bolt.Open(filepath.Join(t.TempDir(), "meins.db"), bolt.Options{Now: now})
	s.must(err)
	keys, _ := identitytest.OpenKeyring(t, st, now)
	log := slog.New(slog.DiscardHandler)
	s.accounts = identity.NewAccounts(identity.AccountOptions{Store: st, Keys: keys, Now: now})
	s.vendors = identity.NewVendors(st, keys, now)
	s.consent = consent.New(consent.Options{Store: st, Now: now})
	t.Cleanup(func() {
		s.must(s.consent.Close(context.Background()))
		s.must(st.Close())
	})
	session := func(r *http.Request) (identity.Session, error) {
		c, err := r.Cookie(cookieName)
		if err != nil {
			return identity.Session{}, identity.ErrNoSession
		}
		return s.accounts.Session(r.Context(), c.Value)
	}
	s.provider, err = provider.New(provider.Options{
		Issuer: issuer, Accounts: s.accounts, Vendors: s.vendors, Keys: keys, Consent: s.consent, Store: st, Now: now, Log: log,
		Session: session, ClearSession: func(http.ResponseWriter) {},
		ErrorPage: func(w http.ResponseWriter, r *http.Request, status int, code string) { s.web.Error(w, r, status, code) },
		Resume: func(w http.ResponseWriter, r *http.Request, flow string, who identity.Session, n provider.Next) {
			s.web.Resume(w, r, flow, who, n)
		},
	})
	s.must(err)
	s.web, err = New(Options{
		Issuer: issuer, Accounts: s.accounts, Vendors: s.vendors, Consent: s.consent, Provider: s.provider, Now: now, Log: log, Session: session,
	})
	s.must(err)
	r := mux.NewRouter()
	s.web.Register(r)
	r.PathPrefix("/oauth/").Handler(s.provider.Handler())
	s.http = r
	return s
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// flowers is a vendor that says why it asks, in both languages.
func (s *site) flowers(change ...func(*identity.Vendor)) identity.Vendor {
	s.t.Helper()
	v := identity.Vendor{
		Name: "Blumen am Markt", Domain: "blumen.example", DomainVerified: true, Contact: "hallo@blumen.example",
		PolicyURI: "https://blumen.example/privacy", TermsURI: "https://blumen.example/terms",
		RedirectURIs: []string{"https://blumen.example/back"}, PostLogoutRedirectURIs: []string{"https://blumen.example/bye"},
		AuthMethod: "client_secret_basic", GrantTypes: []string{"authorization_code", "refresh_token"},
		Purposes: map[string]string{
			"name": "To greet you and to write it on the parcel.", "name#de": "Um Sie zu begrüßen und das Paket zu beschriften.",
			"email": "To tell you when your flowers are on their way.", "email#de": "Um Ihnen zu sagen, wann Ihre Blumen unterwegs sind.",
			"address": "To deliver your flowers.", "address#de": "Um Ihre Blumen zu liefern.",
			"birthdate": "To send you a bouquet on your birthday.", "birthdate#de": "Um Ihnen zum Geburtstag einen Strauß zu schicken.",
		},
		Standing: identity.Standing{Accepts: []string{"SD-BASE"}, Confirmed: vault.KindShop},
		Logo:     []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><circle cx="5" cy="5" r="4" fill="#b0426b"/></svg>`), LogoType: "image/svg+xml",
	}
	for _, c := range change {
		c(&v)
	}
	added, _, err := s.vendors.Add(s.t.Context(), v)
	s.must(err)
	return added
}

// theClaims is what the flower shop asks: the name, and three more if the customer likes.
const theClaims = `{"userinfo":{"name":{"essential":true},"email":null,"address":null,"birthdate":null}}`

// parametersOf are those of a request of the vendor.
func parametersOf(v identity.Vendor) url.Values {
	sum := sha256.Sum256([]byte(strings.Repeat("v", 43)))
	return url.Values{
		"client_id": {string(v.ID)}, "redirect_uri": {v.RedirectURIs[0]}, "response_type": {"code"}, "scope": {"openid offline_access"},
		"state": {"st-ate"}, "code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])},
		"claims": {theClaims},
	}
}

// flow begins a request of the vendor, and gives it as the pages get it.
func (s *site) flow(v identity.Vendor, change ...string) string {
	s.t.Helper()
	q := parametersOf(v)
	for i := 0; i < len(change); i += 2 {
		q.Set(change[i], change[i+1])
	}
	answer := s.get("/oauth/authorize?" + q.Encode())
	location, err := url.Parse(answer.Header.Get("Location"))
	s.must(err)
	flow := location.Query().Get("flow")
	if flow == "" {
		s.t.Fatalf("no flow: %d %s", answer.StatusCode, answer.body)
	}
	return flow
}

// someone is a customer with a session.
type someone struct {
	session identity.Session
	cookie  string
	persona id.Persona
	key     vault.Key
	code    vault.Secret
	login   string
}

// onceSecret stretches one passphrase for all tests: it takes its time.
var onceSecret = sync.OnceValues(func() (vault.Secret, error) {
	return vault.FromPassphrase("correct horse battery staple", seal.NewStretch())
})

func (s *site) someone() someone {
	s.t.Helper()
	account := id.New[id.Account]()
	c := someone{persona: id.New[id.Persona](), key: vault.NewKey(), login: string(account) + "@example.org"}
	secret, err := onceSecret()
	s.must(err)
	pass, err := vault.SealSlot(secret, c.key, account, id.New[id.Slot](), vault.SlotPassphrase)
	s.must(err)
	c.code = vault.FromRecovery(vault.NewRecoveryCode())
	recovery, err := vault.SealSlot(c.code, c.key, account, id.New[id.Slot](), vault.SlotRecovery)
	s.must(err)
	opened, err := s.accounts.SignUp(s.t.Context(), identity.NewAccount{
		Login: c.login, Account: account,
		Slots: []identity.NewSlot{{Slot: pass, Auth: secret.Auth()}, {Slot: recovery, Auth: c.code.Auth()}},
	}, from())
	s.must(err)
	c.session, c.cookie = opened.Session, opened.Token
	return c
}

func from() identity.Source {
	return identity.Source{
		Addr:      netip.MustParseAddr("127.0.0.1"),
		UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
	}
}

// ask is what the pages show for a flow.
func (s *site) ask(flow string, c someone) provider.Next {
	s.t.Helper()
	next, err := s.provider.Next(s.t.Context(), flow, &c.session)
	s.must(err)
	return next
}

// approve gives the vendor these claims.
func (s *site) approve(flow string, c someone, claims ...string) consent.Grant {
	s.t.Helper()
	next := s.ask(flow, c)
	grant, key := id.New[id.Grant](), vault.NewGrantKey()
	values := vault.Claims{}
	for _, name := range claims {
		values[name] = json.RawMessage(`"planted-value"`)
	}
	capsule, err := vault.SealCapsule(key, c.session.Account, grant, 1, values)
	s.must(err)
	terms := vault.Approved{
		Client: next.Ask.Party.Client, Persona: c.persona, Claims: claims, Continuous: next.Ask.Continuous, Recipient: next.Ask.Party.Encryption.Thumbprint,
	}
	g, err := s.consent.Approve(s.t.Context(), consent.Approval{
		Account: c.session.Account, Persona: c.persona, Grant: grant, Ask: next.Ask, Digest: next.Digest, Choices: next.Ask.Choose(claims...),
		Proffered: vault.DefaultTerms(), Agreed: vault.Agree(vault.DefaultTerms(), next.Ask.Terms),
		Capsule: capsule, Wrapped: vault.WrapGrantKey(c.key, c.session.Account, grant, terms, key), Locale: "en",
	})
	s.must(err)
	return g
}

// answer is a response that was read.
type answer struct {
	*http.Response
	body string
}

// get asks for a page; options are names and values of headers.
func (s *site) get(path string, options ...string) answer {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, path, nil)
	for i := 0; i < len(options); i += 2 {
		r.Header.Set(options[i], options[i+1])
	}
	recorder := httptest.NewRecorder()
	s.http.ServeHTTP(recorder, r)
	result := recorder.Result()
	body, err := io.ReadAll(result.Body)
	s.must(err)
	return answer{result, string(body)}
}

// as is get for a customer.
func (s *site) as(c someone, path string, options ...string) answer {
	s.t.Helper()
	return s.get(path, append([]string{"Cookie", cookieName + "=" + c.cookie}, options...)...)
}

// renew signs the customer in again.
func renew(s *site, c someone) someone {
	s.t.Helper()
	secret, err := onceSecret()
	s.must(err)
	opened, err := s.accounts.Login(s.t.Context(), c.login, vault.SlotPassphrase, secret.Auth(), from())
	s.must(err)
	c.session, c.cookie = opened.Session, opened.Token
	return c
}

// catalogue are the names of everything that the vault knows.
func catalogue() []string {
	var names []string
	for _, entry := range vault.Catalogue() {
		names = append(names, entry.Name)
	}
	return names
}
