package consent_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/internal/store/bolt"
	"github.com/meins-id/meins/vault"
)

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// room is an engine on a store of its own, with a clock.
type room struct {
	*consent.Engine
	store store.Store
	clock *clock
}

func openStore(tb testing.TB, now func() time.Time) store.Store {
	tb.Helper()
	s, err := bolt.Open(filepath.Join(tb.TempDir(), "meins.db"), bolt.Options{Now: now})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func newRoom(tb testing.TB, mode consent.ReadLog) *room {
	tb.Helper()
	c := newClock()
	return roomOn(tb, openStore(tb, c.Now), c, mode)
}

func roomOn(tb testing.TB, s store.Store, c *clock, mode consent.ReadLog) *room {
	tb.Helper()
	e := consent.New(consent.Options{Store: s, Now: c.Now, ReadLog: mode, Log: slog.New(slog.DiscardHandler)})
	tb.Cleanup(func() { _ = e.Close(context.Background()) }) // tests of a broken store leave reads behind
	return &room{Engine: e, store: s, clock: c}
}

// shop is a vendor that asks for an e-mail address, and would like more.
func shop() consent.Ask {
	return askOf(id.New[id.Client](), "address", "email!", "name")
}

// askOf makes an ask of a vendor; a name with an exclamation mark is required.
func askOf(client id.Client, names ...string) consent.Ask {
	requests := map[string]*consent.ClaimRequest{}
	for _, name := range names {
		required := name[len(name)-1] == '!'
		if required {
			name = name[:len(name)-1]
		}
		requests[name] = &consent.ClaimRequest{Essential: required}
	}
	ask, err := consent.NewAsk(consent.Request{
		Party:    consent.Party{Client: client, Name: "Flowers", Domain: "flowers.example", Verified: true, Sector: "flowers.example"},
		Purposes: map[string]string{"email": "to confirm your order", "address": "to deliver"},
		Scopes:   []string{"openid", "offline_access"},
		Claims:   &consent.ClaimsParameter{UserInfo: requests},
	})
	if err != nil {
		panic(err)
	}
	return ask
}

// customer is an account and what its agent would do.
type customer struct {
	account id.Account
	persona id.Persona
	vault   vault.Key
}

func newCustomer() customer {
	return customer{id.New[id.Account](), id.New[id.Persona](), vault.NewKey()}
}

// values are what the customer's vault says, with a marker in each.
func values(names ...string) vault.Claims {
	c := vault.Claims{}
	for _, name := range names {
		c[name] = json.RawMessage(`"` + marker + name + `"`)
	}
	return c
}

// marker is in every value: where it is found, a value was found.
const marker = "MARKER-7f3a-"

// sealed seals values for a grant.
func (c customer) sealed(tb testing.TB, key vault.GrantKey, grant id.Grant, revision uint64, names ...string) []byte {
	tb.Helper()
	box, err := vault.SealCapsule(key, c.account, grant, revision, values(names...))
	if err != nil {
		tb.Fatal(err)
	}
	return box
}

// approval is what the customer's agent sends to approve these claims.
func (c customer) approval(tb testing.TB, ask consent.Ask, names ...string) (consent.Approval, vault.GrantKey) {
	tb.Helper()
	key, grant := vault.NewGrantKey(), id.New[id.Grant]()
	terms := vault.Approved{
		Client: ask.Party.Client, Persona: c.persona, Claims: names, Continuous: ask.Continuous, Recipient: ask.Party.Encryption.Thumbprint,
	}
	return consent.Approval{
		Account: c.account, Persona: c.persona, Grant: grant, Ask: ask, Digest: ask.Digest(), Choices: ask.Choose(names...),
		Capsule: c.sealed(tb, key, grant, 1, names...),
		Wrapped: vault.WrapGrantKey(c.vault, c.account, grant, terms, key),
		Locale:  "de",
	}, key
}

// approve approves these claims.
func (r *room) approve(tb testing.TB, c customer, ask consent.Ask, names ...string) (consent.Grant, vault.GrantKey) {
	tb.Helper()
	a, key := c.approval(tb, ask, names...)
	g, err := r.Approve(context.Background(), a)
	if err != nil {
		tb.Fatal(err)
	}
	return g, key
}

// reading is what a token of the grant with these claims asks for.
func reading(g consent.Grant, names ...string) consent.Reading {
	return consent.Reading{Grant: g.ID, Client: g.Party.Client, Claims: names, Kind: consent.KindUserInfo}
}
