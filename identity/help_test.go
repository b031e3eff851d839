package identity_test

import (
	"crypto/rand"
	"errors"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/identitytest"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store/bolt"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is one server's identity room on a real store.
type world struct {
	clock    *clock
	path     string
	store    *bolt.Store
	master   seal.Key
	keys     *identity.Keyring
	accounts *identity.Accounts
	vendors  *identity.Vendors
}

func newWorld(t testing.TB, limits ...identity.Limits) *world {
	t.Helper()
	w := &world{
		clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
		path:  filepath.Join(t.TempDir(), "meins.db"),
	}
	var err error
	w.store, err = bolt.Open(w.path, bolt.Options{Now: w.clock.Now})
	must(t, err)
	t.Cleanup(func() { _ = w.store.Close() })
	w.keys, w.master = identitytest.OpenKeyring(t, w.store, w.clock.Now)
	o := identity.AccountOptions{Store: w.store, Keys: w.keys, Now: w.clock.Now}
	if len(limits) > 0 {
		o.Limits = limits[0]
	}
	w.accounts = identity.NewAccounts(o)
	w.vendors = identity.NewVendors(w.store, w.keys, w.clock.Now)
	return w
}

// person is a customer with what only the customer's agent knows.
type person struct {
	login      string
	account    id.Account
	passphrase []byte // the proofs, not the secrets
	recovery   []byte
	slots      []identity.NewSlot
}

func newPerson(login string) person {
	p := person{login: login, account: id.New[id.Account]()}
	first, second := newSlot(vault.SlotPassphrase), newSlot(vault.SlotRecovery)
	p.passphrase, p.recovery, p.slots = first.Auth, second.Auth, []identity.NewSlot{first, second}
	return p
}

func (p person) signUp() identity.NewAccount {
	return identity.NewAccount{Login: p.login, Account: p.account, Slots: p.slots}
}

// newSlot is a slot of the right form: the server cannot tell whether it opens anything.
func newSlot(kind vault.SlotKind) identity.NewSlot {
	s := vault.Slot{ID: id.New[id.Slot](), Kind: kind, Sealed: random(seal.CommittingOverhead + seal.KeySize)}
	if kind == vault.SlotPassphrase {
		stretch := seal.NewStretch()
		s.Stretch = &stretch
	}
	return identity.NewSlot{Slot: s, Auth: random(32)}
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// join signs a new person up.
func (w *world) join(t testing.TB, login string) (person, identity.Opened) {
	t.Helper()
	p := newPerson(login)
	opened, err := w.accounts.SignUp(t.Context(), p.signUp(), home)
	must(t, err)
	return p, opened
}

// login logs in by passphrase from home.
func (w *world) login(t testing.TB, p person) identity.Opened {
	t.Helper()
	opened, err := w.accounts.Login(t.Context(), p.login, vault.SlotPassphrase, p.passphrase, home)
	must(t, err)
	return opened
}

// recover logs in by recovery code from home.
func (w *world) recover(t testing.TB, p person) identity.Opened {
	t.Helper()
	opened, err := w.accounts.Login(t.Context(), p.login, vault.SlotRecovery, p.recovery, home)
	must(t, err)
	return opened
}

// gone asserts that a session's token is worth nothing any more.
func (w *world) gone(t testing.TB, o identity.Opened) {
	t.Helper()
	_, err := w.accounts.Session(t.Context(), o.Token)
	is(t, err, identity.ErrNoSession)
}

// alive asserts that a session's token still works, and gives the session.
func (w *world) alive(t testing.TB, o identity.Opened) identity.Session {
	t.Helper()
	s, err := w.accounts.Session(t.Context(), o.Token)
	must(t, err)
	return s
}

var home = identity.Source{Addr: netip.MustParseAddr("203.0.113.7"), UserAgent: "Firefox"}

func from(addr string) identity.Source { return identity.Source{Addr: netip.MustParseAddr(addr)} }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}
