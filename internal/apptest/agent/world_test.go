package agent_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/consent/release"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/identitytest"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store/bolt"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/agent"
	"github.com/meins-id/meins/vault/seal"
)

const (
	issuer     = "https://id.example"
	redirect   = "https://shop.example/cb"
	login      = "ada@example.org"
	passphrase = "blaue Kornblumen im Juni 1843"
)

// world is a provider with everything real but the sockets: store, accounts, consent, protocol.
type world struct {
	t        *testing.T
	accounts *identity.Accounts
	vendors  *identity.Vendors
	engine   *consent.Engine
	provider *provider.Provider
	vendor   identity.Vendor

	mu    sync.Mutex
	clock time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, clock: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)}
	store, err := bolt.Open(filepath.Join(t.TempDir(), "meins.db"), bolt.Options{Now: w.now})
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	keys, _ := identitytest.OpenKeyring(t, store, w.now)
	// The least that agents accept, so that tests do not wait.
	quick := seal.Stretch{Memory: 19 * 1024, Time: 2, Threads: 1, Salt: make([]byte, seal.SaltSize)}
	w.accounts = identity.NewAccounts(identity.AccountOptions{Store: store, Keys: keys, Now: w.now, Stretch: quick})
	w.vendors = identity.NewVendors(store, keys, w.now)
	w.engine = consent.New(consent.Options{Store: store, Now: w.now, ReadLog: consent.Strict})
	t.Cleanup(func() { must(t, w.engine.Close(context.Background())) })
	w.provider, err = provider.New(provider.Options{
		Issuer: issuer, Accounts: w.accounts, Vendors: w.vendors, Keys: keys, Consent: w.engine, Store: store,
		Now: w.now, Log: slog.New(slog.DiscardHandler),
		Session:      func(*http.Request) (identity.Session, error) { return identity.Session{}, identity.ErrNoSession },
		ClearSession: func(http.ResponseWriter) {},
		ErrorPage:    func(w http.ResponseWriter, _ *http.Request, status int, code string) { http.Error(w, code, status) },
	})
	must(t, err)
	w.vendor, _, err = w.vendors.Add(t.Context(), identity.Vendor{
		ID: id.New[id.Client](), Name: "Kornblume", Domain: "shop.example", Public: true, AuthMethod: identity.MethodNone, Contact: "hello@shop.example",
		RedirectURIs: []string{redirect}, PolicyURI: "https://shop.example/privacy", GrantTypes: []string{identity.GrantCode},
		Purposes: map[string]string{"email": "to confirm your order", "address": "to deliver"},
	})
	must(t, err)
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

// flow is what the vendor's "sign in" leads to: the sealed request.
func (w *world) flow(query ...string) string {
	w.t.Helper()
	challenge := sha256.Sum256([]byte("verifier-verifier-verifier-verifier-verifier"))
	q := url.Values{
		"client_id": {string(w.vendor.ID)}, "redirect_uri": {redirect}, "response_type": {"code"}, "state": {"s"}, "nonce": {"n"},
		"scope": {"openid email address"}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])},
	}
	for i := 0; i < len(query); i += 2 {
		q.Set(query[i], query[i+1])
	}
	answer := httptest.NewRecorder()
	w.provider.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(w.t.Context(), "GET", issuer+"/oauth/authorize?"+q.Encode(), nil))
	location, err := url.Parse(answer.Header().Get("Location"))
	must(w.t, err)
	flow := location.Query().Get("flow")
	if flow == "" {
		w.t.Fatalf("no flow: %d %s %s", answer.Code, location, answer.Body)
	}
	return flow
}

// reads is what the vendor gets to see with the key that the approval carried.
func (w *world) reads(grant id.Grant, key []byte, claims ...string) (vault.Claims, error) {
	w.t.Helper()
	permit, err := w.engine.Permit(w.t.Context(), consent.Reading{Grant: grant, Client: w.vendor.ID, Claims: claims, Kind: consent.KindUserInfo})
	if err != nil {
		return nil, err
	}
	k, err := vault.GrantKeyFrom(key)
	must(w.t, err)
	return release.Release(w.t.Context(), permit, k)
}

// device is one browser or program of the customer: its cookie and what its agent keeps.
type device struct {
	*agent.Agent
	*wire
	kept *keeper
}

type keeper struct {
	mu   sync.Mutex
	kept agent.Kept
}

func (k *keeper) Load(context.Context) (agent.Kept, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.kept, nil
}

func (k *keeper) Save(_ context.Context, kept agent.Kept) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept = kept
	return nil
}

func (w *world) device() *device {
	w.t.Helper()
	d := &device{wire: &wire{world: w}, kept: &keeper{}}
	d.reload()
	return d
}

// reload is another page of the same browser: a new agent, the same cookie and the same kept text.
func (d *device) reload() {
	d.world.t.Helper()
	a, err := agent.New(agent.Options{Transport: d.wire, Keeper: d.kept, Now: d.world.now})
	must(d.world.t, err)
	d.Agent = a
}

// signedUp is a customer with an open vault.
func (w *world) signedUp() (*device, string) {
	w.t.Helper()
	d := w.device()
	prepared, err := d.PrepareSignUp(w.t.Context(), login, passphrase)
	must(w.t, err)
	_, err = d.ConfirmSignUp(w.t.Context(), prepared.RecoveryCode)
	must(w.t, err)
	return d, prepared.RecoveryCode
}

func (d *device) set(values ...string) agent.Saved {
	d.world.t.Helper()
	in := map[string]json.RawMessage{}
	for i := 0; i < len(values); i += 2 {
		in[values[i]] = json.RawMessage(values[i+1])
	}
	saved, err := d.Set(d.world.t.Context(), in)
	must(d.world.t, err)
	return saved
}

// approve goes the whole way of a consent screen.
func (d *device) approve(flow string, claims ...string) string {
	d.world.t.Helper()
	p, err := d.Ask(d.world.t.Context(), flow)
	must(d.world.t, err)
	to, err := d.Approve(d.world.t.Context(), agent.Decision{Flow: flow, Digest: p.Digest, Claims: claims, Locale: "en"})
	must(d.world.t, err)
	if !strings.HasPrefix(to, redirect+"?") || !strings.Contains(to, "code=") {
		d.world.t.Fatalf("approved, and sent to %s", to)
	}
	return to
}
