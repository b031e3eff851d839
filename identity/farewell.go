package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

// How long a vendor that cannot be reached is tried, and how long one that was taken to be delivered
// is left to whoever took it.
const (
	farewellKept  = 3 * 24 * time.Hour
	farewellTaken = 2 * time.Minute
)

// Farewell is the end of a session that a vendor is still to be told.
type Farewell struct {
	Client  id.Client
	Account id.Account
	Persona id.Persona // with the account, whom the vendor knows
	Session string     // sid
	Since   time.Time
	Due     time.Time // when it is to be tried
	Tries   int

	key string // where it lies
}

type farewellRecord struct {
	V       int        `json:"v"`
	Client  id.Client  `json:"client"`
	Account id.Account `json:"account"`
	Persona id.Persona `json:"persona"`
	Session string     `json:"sid"`
	Since   int64      `json:"since"` // in milliseconds
	Tries   int        `json:"tries,omitempty"`
}

func (r farewellRecord) format() int { return r.V }

// Farewells lie in the order in which they are due.
const farewellPrefix = "farewell/"

func farewellKey(due time.Time, name string) string {
	return fmt.Sprintf("%s%016x-%s", farewellPrefix, uint64(max(due.UnixMilli(), 0)), name)
}

// name is what is left of a farewell's key when it moves.
func (f Farewell) name() string {
	if f.key == "" {
		return string(id.New[id.Event]())
	}
	return f.key[len(farewellPrefix)+len("0123456789abcdef-"):]
}

func putFarewell(tx store.Tx, f Farewell) error {
	rec := farewellRecord{
		V: version, Client: f.Client, Account: f.Account, Persona: f.Persona, Session: f.Session, Since: f.Since.UnixMilli(), Tries: f.Tries,
	}
	return tx.Put(farewellKey(f.Due, f.name()), encode(rec), f.Since.Add(farewellKept))
}

// moveFarewell puts a farewell where it is due now; one that somebody else moved or settled stays gone.
func moveFarewell(tx store.Tx, f Farewell) (key string, err error) {
	_, err = tx.Get(f.key)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if err := tx.Delete(f.key); err != nil {
		return "", err
	}
	return farewellKey(f.Due, f.name()), putFarewell(tx, f)
}

// TakeFarewells takes what is due for delivery, at most limit. What is not settled comes again after a
// while, on whatever node: so nothing is lost with a process that dies.
func (a *Accounts) TakeFarewells(ctx context.Context, limit int) (taken []Farewell, err error) {
	now := a.now()
	var due []Farewell
	err = a.store.View(ctx, func(r store.Reader) error {
		due, err = dueFarewells(r, now, limit)
		return err
	})
	if err != nil || len(due) == 0 {
		return nil, err
	}
	err = a.store.Update(ctx, func(tx store.Tx) error {
		taken = nil
		for _, f := range due {
			f.Due = now.Add(farewellTaken)
			key, err := moveFarewell(tx, f)
			if err != nil {
				return err
			}
			if key != "" {
				f.key = key
				taken = append(taken, f)
			}
		}
		return nil
	})
	return taken, err
}

// SettleFarewells forgets what was delivered, and keeps the rest for when it is due.
func (a *Accounts) SettleFarewells(ctx context.Context, done, again []Farewell) error {
	return a.store.Update(ctx, func(tx store.Tx) error {
		for _, f := range done {
			if err := tx.Delete(f.key); err != nil {
				return err
			}
		}
		for _, f := range again {
			if _, err := moveFarewell(tx, f); err != nil {
				return err
			}
		}
		return nil
	})
}

func dueFarewells(r store.Reader, now time.Time, limit int) ([]Farewell, error) {
	items, err := r.Scan(farewellPrefix, "", limit)
	if err != nil {
		return nil, fmt.Errorf("list farewells: %w", err)
	}
	end := farewellKey(now.Add(time.Millisecond), "")
	var due []Farewell
	for _, it := range items {
		if it.Key >= end {
			break
		}
		rec, err := decode[farewellRecord](it.Value)
		if err != nil {
			return nil, err
		}
		due = append(due, Farewell{
			Client: rec.Client, Account: rec.Account, Persona: rec.Persona, Session: rec.Session,
			Since: time.UnixMilli(rec.Since).UTC(), Tries: rec.Tries, key: it.Key,
		})
	}
	return due, nil
}
