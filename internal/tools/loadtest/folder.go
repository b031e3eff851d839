package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store/bolt"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

// What every customer's vault says.
const (
	theEmail   = "ada@example.org"
	theAddress = `{"street_address":"Unter den Linden 1","locality":"Berlin","postal_code":"10117","country":"DE"}`
)

// The vendors of a folder: the first signs with ES256, the second with RS256, others follow, and
// with the last one nobody has a grant yet.
const (
	vendorES256 = 0
	vendorRS256 = 1
)

const (
	returnAddress = "https://shop.example/return"
	askedScope    = "openid email address offline_access"
)

var approved = []string{"address", "email", "email_verified"}

// vendor is a relying party and its secret.
type vendor struct {
	identity.Vendor
	secret string
}

// customer is an account that is signed in, and the keys of its grants: one for each vendor but the
// last.
type customer struct {
	login   string
	auth    []byte
	account id.Account
	persona id.Persona
	cookie  string
	grants  []grant
}

type grant struct {
	id  id.Grant
	key vault.GrantKey
}

// folder is a data folder that was filled.
type folder struct {
	dir       string
	vendors   []vendor
	customers []customer
}

// registry is an opened data folder with the domain on top, as internal/app opens it.
type registry struct {
	ago      atomic.Int64 // how long ago accounts sign up, in nanoseconds
	store    *bolt.Store
	accounts *identity.Accounts
	vendors  *identity.Vendors
	consent  *consent.Engine
}

func openRegistry(ctx context.Context, dir string) (*registry, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	master, err := identity.ReadMaster(filepath.Join(dir, "master.key"))
	if err != nil {
		return nil, err
	}
	st, err := bolt.Open(filepath.Join(dir, "meins.db"), bolt.Options{Now: time.Now})
	if err != nil {
		return nil, err
	}
	keys, err := identity.OpenKeyring(ctx, st, master, time.Now)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	const unlimited = 1 << 30
	r := &registry{
		store:   st,
		vendors: identity.NewVendors(st, keys, time.Now),
		consent: consent.New(consent.Options{Store: st, Now: time.Now}),
	}
	r.accounts = identity.NewAccounts(identity.AccountOptions{
		Store: st, Keys: keys, Now: r.then, Limits: identity.Limits{SignUpBurst: unlimited},
	})
	return r, nil
}

// then is when accounts sign up.
func (r *registry) then() time.Time { return time.Now().Add(-time.Duration(r.ago.Load())) }

func (r *registry) close(ctx context.Context) error {
	return errors.Join(r.consent.Close(ctx), r.store.Close())
}

// fill makes a folder: accounts customers, each with so many grants, under each of which was read.
func fill(ctx context.Context, dir string, accounts, grants int) (f *folder, err error) {
	r, err := openRegistry(ctx, dir)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, err)
	}
	defer func() { err = errors.Join(err, r.close(ctx)) }()
	f = &folder{dir: dir, customers: make([]customer, accounts)}
	for i := range grants + 1 {
		v, err := r.addVendor(ctx, i)
		if err != nil {
			return nil, fmt.Errorf("add vendor: %w", err)
		}
		f.vendors = append(f.vendors, v)
	}
	m, err := newMaker(r, f.vendors[:grants])
	if err != nil {
		return nil, err
	}
	return f, together(fillers, accounts, func(i int) (err error) {
		r.ago.Store(int64(signedUp) / int64(accounts) * int64(accounts-i))
		f.customers[i], err = m.customer(ctx, i)
		return err
	})
}

// signedUp is the time over which customers signed up, up to now: their sessions, which last a week, began
// as if they had come one by one.
const signedUp = 6 * 24 * time.Hour

// fillers is how many make customers at once, so that they share commits.
const fillers = 1024

// together runs n tasks, so many at once, and gives the first error of each runner.
func together(runners, n int, task func(i int) error) error {
	errs := make([]error, runners)
	var all sync.WaitGroup
	for r := range runners {
		all.Go(func() {
			for i := r; i < n && errs[r] == nil; i += runners {
				errs[r] = task(i)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (r *registry) addVendor(ctx context.Context, i int) (vendor, error) {
	algorithm := "ES256"
	if i == vendorRS256 {
		algorithm = "RS256"
	}
	v, secret, err := r.vendors.Add(ctx, identity.Vendor{
		Name: fmt.Sprintf("Flowers %d", i), Domain: "shop.example", DomainVerified: true,
		Contact: "help@shop.example", PolicyURI: "https://shop.example/policy", TermsURI: "https://shop.example/terms",
		RedirectURIs: []string{returnAddress}, AuthMethod: identity.MethodBasic, SigningAlg: algorithm,
		Purposes:   map[string]string{"email": "to send the receipt", "address": "to deliver"},
		GrantTypes: []string{identity.GrantCode, identity.GrantRefresh, identity.GrantClient},
	})
	return vendor{v, secret}, err
}

// maker makes customers. One passphrase serves them all: stretching it takes its time, on the
// customer's side, and is not what is measured.
type maker struct {
	*registry
	clients          []id.Client
	asks             []consent.Ask
	secret, recovery vault.Secret
}

func newMaker(r *registry, vendors []vendor) (*maker, error) {
	m := &maker{registry: r, recovery: vault.FromRecovery(vault.NewRecoveryCode())}
	var err error
	if m.secret, err = vault.FromPassphrase("correct horse battery staple", seal.NewStretch()); err != nil {
		return nil, err
	}
	runtime.GC() // stretching took 64 MiB
	for _, v := range vendors {
		ask, err := consent.NewAsk(consent.Request{Party: partyOf(v), Purposes: v.Purposes, Scopes: []string{"openid", "email", "address", "offline_access"}})
		if err != nil {
			return nil, err
		}
		m.clients, m.asks = append(m.clients, v.ID), append(m.asks, ask)
	}
	return m, nil
}

// partyOf shows a vendor to consent as the provider does.
func partyOf(v vendor) consent.Party {
	return consent.Party{
		Client: v.ID, Name: v.Name, Domain: v.Domain, Verified: v.DomainVerified, Contact: v.Contact,
		PolicyURI: v.PolicyURI, TermsURI: v.TermsURI, Logo: v.LogoHash, Sector: v.Sector(),
	}
}

// customer signs up and approves what each vendor asks, and each vendor reads it once.
func (m *maker) customer(ctx context.Context, i int) (customer, error) {
	c := customer{
		login: fmt.Sprintf("ada-%d@example.org", i), auth: m.secret.Auth(),
		account: id.New[id.Account](), persona: id.New[id.Persona](),
	}
	key := vault.NewKey()
	passphrase, err := vault.SealSlot(m.secret, key, c.account, id.New[id.Slot](), vault.SlotPassphrase)
	if err != nil {
		return c, err
	}
	recovery, err := vault.SealSlot(m.recovery, key, c.account, id.New[id.Slot](), vault.SlotRecovery)
	if err != nil {
		return c, err
	}
	opened, err := m.accounts.SignUp(ctx, identity.NewAccount{
		Login: c.login, Account: c.account,
		Slots: []identity.NewSlot{{Slot: passphrase, Auth: c.auth}, {Slot: recovery, Auth: m.recovery.Auth()}},
	}, identity.Source{Addr: netip.IPv4Unspecified()})
	if err != nil {
		return c, fmt.Errorf("sign up: %w", err)
	}
	c.cookie = opened.Token
	for at, ask := range m.asks {
		g, capsule, wrapped, err := newGrant(c, m.clients[at], key)
		if err != nil {
			return c, err
		}
		if _, err := m.consent.Approve(ctx, consent.Approval{
			Account: c.account, Persona: c.persona, Grant: g.id, Ask: ask, Digest: ask.Digest(),
			Choices: ask.Choose(approved...), Capsule: capsule, Wrapped: wrapped, Locale: "en",
		}); err != nil {
			return c, fmt.Errorf("approve: %w", err)
		}
		if err := m.read(ctx, consent.Reading{Grant: g.id, Client: m.clients[at], Claims: approved, Kind: consent.KindUserInfo}); err != nil {
			return c, fmt.Errorf("read: %w", err)
		}
		c.grants = append(c.grants, g)
	}
	return c, nil
}

// read reads once. So many who write at once fill commits that take a second each: when the record of reads
// falls behind, the engine refuses, and a vendor comes again.
func (m *maker) read(ctx context.Context, r consent.Reading) error {
	for {
		_, err := m.consent.Permit(ctx, r)
		if !errors.Is(err, consent.ErrLogUnavailable) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// newGrant draws a grant and seals the customer's values for it, as the agent does.
func newGrant(c customer, client id.Client, key vault.Key) (g grant, capsule, wrapped []byte, err error) {
	g = grant{id.New[id.Grant](), vault.NewGrantKey()}
	capsule, err = vault.SealCapsule(g.key, c.account, g.id, 1, vault.Claims{
		"address": json.RawMessage(theAddress), "email": json.RawMessage(`"` + theEmail + `"`), "email_verified": json.RawMessage("false"),
	})
	terms := vault.Approved{Client: client, Persona: c.persona, Claims: approved, Continuous: true}
	return g, capsule, vault.WrapGrantKey(key, c.account, g.id, terms, g.key), err
}
