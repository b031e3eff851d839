package crash_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/outbox"
	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/internal/store/bolt"
	"github.com/meins-id/meins/vault"
)

// crashFile makes this test binary the child that is killed. Its name does not begin with MEINS_,
// which the program would take for a setting.
const crashFile = "APPTEST_CRASH_FILE"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashFile); path != "" {
		fmt.Fprintln(os.Stderr, child(path)) // it returns only if something is wrong
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// Who takes part.
var (
	accounts = named[id.Account]("account", 4)
	clients  = named[id.Client]("client", 3)
	persona  = named[id.Persona]("persona", 1)[0]
	told     = []outbox.Kind{
		outbox.GrantGiven, outbox.GrantAmended, outbox.GrantWithdrawn, outbox.GrantExpired, outbox.ClaimsChanged, outbox.AccountPurged,
	}
)

// named draws identifiers that are the same in each process.
func named[T ~string](what string, n int) []T {
	const letters = "abcdefghijklmnopqrstuvwxyz234567"
	all := make([]T, n)
	for i := range all {
		sum := sha256.Sum256(fmt.Append(nil, what, i))
		var b strings.Builder
		for _, c := range sum[:26] {
			b.WriteByte(letters[c%32])
		}
		all[i] = T(b.String())
	}
	return all
}

// keyOf is the grant's key; that it follows from its name lets the parent open what the child sealed.
func keyOf(g id.Grant) vault.GrantKey {
	sum := sha256.Sum256([]byte(g))
	key, err := vault.GrantKeyFrom(sum[:])
	if err != nil {
		panic(err)
	}
	return key
}

func ask(client id.Client) consent.Ask {
	a, err := consent.NewAsk(consent.Request{
		Party:  consent.Party{Client: client, Name: "Flowers", Sector: "flowers.example"},
		Scopes: []string{"openid", "offline_access"},
		Claims: &consent.ClaimsParameter{UserInfo: map[string]*consent.ClaimRequest{"email": {Essential: true}, "name": nil}},
	})
	if err != nil {
		panic(err)
	}
	return a
}

// child does what customers, agents and a courier do, until it is killed; it prints each change once
// it was acknowledged.
func child(path string) error {
	db, err := bolt.Open(path, bolt.Options{Now: time.Now})
	if err != nil {
		return err
	}
	for _, c := range clients {
		if err := db.Update(context.Background(), func(tx store.Tx) error { return outbox.Open(tx, c, told) }); err != nil {
			return err
		}
	}
	e := consent.New(consent.Options{Store: db, Now: time.Now})
	broken := make(chan error)
	for _, a := range accounts {
		go func() { broken <- customer{e, a, os.Stdout}.live(context.Background()) }()
	}
	go func() { broken <- deliver(db) }()
	return <-broken
}

// customer is one account, whose changes come one after the other.
type customer struct {
	*consent.Engine
	account id.Account
	says    io.Writer
}

func (c customer) live(ctx context.Context) error {
	for {
		var err error
		switch n := rand.IntN(10); {
		case n < 4:
			err = c.approve(ctx, clients[rand.IntN(len(clients))])
		case n < 8:
			err = c.edit(ctx)
		case n < 9:
			err = c.narrow(ctx)
		default:
			err = c.withdraw(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// values are what the vault says at a revision.
func values(revision uint64) vault.Claims {
	return vault.Claims{"email": json.RawMessage(strconv.Quote(fmt.Sprint("rev-", revision))), "name": json.RawMessage(`"Ada"`)}
}

func (c customer) approve(ctx context.Context, client id.Client) error {
	now, err := c.Vault(ctx, c.account)
	if err != nil {
		return err
	}
	grant, a := id.New[id.Grant](), ask(client)
	capsule, err := vault.SealCapsule(keyOf(grant), c.account, grant, 1, values(now.Revision))
	if err != nil {
		return err
	}
	_, err = c.Approve(ctx, consent.Approval{
		Account: c.account, Persona: persona, Grant: grant, Ask: a, Digest: a.Digest(), Choices: a.Choose("email", "name"),
		Capsule: capsule, Wrapped: []byte("wrapped"), Locale: "en",
	})
	return c.said(err, "approve", string(grant))
}

// edit saves the next revision, and seals what every vendor may read anew.
func (c customer) edit(ctx context.Context) error {
	now, err := c.Vault(ctx, c.account)
	if err != nil {
		return err
	}
	save := consent.Save{Revision: now.Revision + 1, Document: fmt.Append(nil, now.Revision+1)}
	grants, err := c.Grants(ctx, c.account)
	if err != nil {
		return err
	}
	for _, g := range grants {
		if g.State != consent.Given {
			continue
		}
		capsule, err := vault.SealCapsule(keyOf(g.ID), c.account, g.ID, g.Revision+1, values(save.Revision))
		if err != nil {
			return err
		}
		save.Capsules = append(save.Capsules, consent.Resealed{Grant: g.ID, Revision: g.Revision + 1, Capsule: capsule, Changed: []string{"email"}})
	}
	return c.said(c.SaveVault(ctx, c.account, save), "edit", fmt.Sprint(c.account, " ", save.Revision))
}

// some is a grant of the account that is in force, or none.
func (c customer) some(ctx context.Context) (consent.Grant, error) {
	g, err := c.InForce(ctx, c.account, clients[rand.IntN(len(clients))])
	if errors.Is(err, consent.ErrNoGrant) {
		return consent.Grant{}, nil
	}
	return g, err
}

func (c customer) narrow(ctx context.Context) error {
	g, err := c.some(ctx)
	if err != nil || len(g.Claims) < 2 {
		return err
	}
	_, err = c.Narrow(ctx, c.account, g.ID, consent.Narrowing{Claims: []string{"name"}})
	return c.said(err, "narrow", string(g.ID))
}

func (c customer) withdraw(ctx context.Context) error {
	g, err := c.some(ctx)
	if err != nil || g.ID == "" {
		return err
	}
	_, err = c.Withdraw(ctx, c.account, g.ID)
	return c.said(err, "withdraw", string(g.ID))
}

// said prints what was acknowledged.
func (c customer) said(err error, what, which string) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	_, err = fmt.Fprintln(c.says, what, which)
	return err
}

// deliver tells vendors what waits for them, and lets them take note.
func deliver(db store.Store) error {
	ctx := context.Background()
	for {
		for _, c := range clients {
			var events []outbox.Event
			err := db.View(ctx, func(r store.Reader) (err error) {
				events, err = outbox.Pending(r, c, 0, 5)
				return err
			})
			if err != nil {
				return err
			}
			err = db.Update(ctx, func(tx store.Tx) error {
				for _, e := range events {
					if err := outbox.Settle(tx, c, outbox.Answer{Place: e.Place}, time.Now()); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			for _, e := range events {
				if _, err := fmt.Println("told", e.ID); err != nil {
					return err
				}
			}
		}
	}
}
