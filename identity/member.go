package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/outbox"
	"github.com/meins-id/meins/internal/store"
)

// Member is a vendor that a session signed the customer in to, as which persona, and what the vendor
// calls the session. What it calls the customer is not written down: who steals the store shall not
// find the customer at a vendor.
type Member struct {
	Client  id.Client  `json:"client"`
	Persona id.Persona `json:"persona"`
	Session string     `json:"sid"`
}

// memberRecord lies under its session and ends with it.
type memberRecord struct {
	V int `json:"v"`
	Member
}

func (r memberRecord) format() int { return r.V }

func membersKey(s id.Session) string { return "session-vendor/" + string(s) + "/" }

// JoinSession notes in somebody's transaction that a session signed in to a vendor, so that the vendor
// hears when it ends: one that has registered an address for it (called), or that listens to events.
// ErrNoSession says that it has ended: nobody would tell the vendor any more.
func (a *Accounts) JoinSession(tx store.Tx, s id.Session, m Member, called bool) error {
	if !called {
		listens, err := outbox.Hears(tx, m.Client, outbox.SessionRevoked)
		if err != nil {
			return err
		}
		if !listens {
			return stillThere(tx, s)
		}
	}
	ses, err := a.getSession(tx, s)
	if err != nil {
		return err
	}
	key, fresh := membersKey(s)+string(m.Client), encode(memberRecord{V: version, Member: m})
	found, err := tx.GetMany(key)
	if err != nil {
		return fmt.Errorf("read member: %w", err)
	}
	if string(found[0]) == string(fresh) {
		return nil // the usual case: the vendor asks again while the session lasts
	}
	return tx.Put(key, fresh, fromUnix(ses.Expires))
}

// stillThere is ErrNoSession when a session has ended.
func stillThere(r store.Reader, s id.Session) error {
	_, err := r.Get(sessionKey(s))
	if errors.Is(err, store.ErrNotFound) {
		return ErrNoSession
	}
	return err
}

// Members lists the vendors that a session signed in to.
func (a *Accounts) Members(ctx context.Context, s id.Session) (list []Member, err error) {
	err = a.store.View(ctx, func(r store.Reader) error {
		list = nil
		return eachMember(r, s, func(_ string, m Member) error {
			list = append(list, m)
			return nil
		})
	})
	return list, err
}

func eachMember(r store.Reader, s id.Session, fn func(key string, m Member) error) error {
	for from := ""; ; {
		items, err := r.Scan(membersKey(s), from, scanPage)
		if err != nil {
			return fmt.Errorf("list members: %w", err)
		}
		for _, it := range items {
			rec, err := decode[memberRecord](it.Value)
			if err != nil {
				return err
			}
			if err := fn(it.Key, rec.Member); err != nil {
				return err
			}
		}
		if len(items) < scanPage {
			return nil
		}
		from = items[len(items)-1].Key + "\x00"
	}
}

// dismiss queues, in the commit that ends a session, what its vendors are told: a logout token where
// they registered an address for it, and an event where they listen.
func (r records) dismiss(tx store.Tx, a id.Account, s id.Session) error {
	now := r.keys.now().UTC().Truncate(time.Millisecond)
	return eachMember(tx, s, func(key string, m Member) error {
		if err := tx.Delete(key); err != nil {
			return err
		}
		told := outbox.Event{ID: id.New[id.Event](), Kind: outbox.SessionRevoked, Time: now, Account: a, Persona: m.Persona}
		if err := outbox.Put(tx, m.Client, told); err != nil {
			return err
		}
		raw, err := getVendor(tx, m.Client)
		if errors.Is(err, ErrNoVendor) {
			return nil // removed since
		}
		if err != nil {
			return err
		}
		v, err := decode[vendorRecord](raw)
		if err != nil || v.protocol().BackLogout == "" {
			return err
		}
		return putFarewell(tx, Farewell{Client: m.Client, Account: a, Persona: m.Persona, Session: m.Session, Since: now, Due: now})
	})
}
