package consent

import (
	"context"
	"errors"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

// This file and its sisters store_*.go are the only ones that know a key. What a grant is made of:
//
//	consent/grant/<grant>/terms        what never changes
//	consent/grant/<grant>/state        where it stands; kept when all else is forgotten, so that
//	                                   neither its identifier nor its tokens come to life again
//	consent/grant/<grant>/capsule      the sealed values; expires with the grant
//	consent/grant/<grant>/erasure      what the vendor was asked to delete, and its answer
//	consent/reads/<grant>              how often and when last; apart from the grant, so that a second of
//	                                   reads does not move the pages that the next second's look at
//	consent/reads/<grant>/<place>      what was read
//	consent/account/<account>/<grant>  the grants of an account
//	consent/client/<client>/<grant>    the grants for a vendor
//	consent/force/<account>/<client>   the one in force; expires with it
//	consent/ends/<moment>/<grant>      when it ends, for Expire
//	consent/receipts/<account>/<place> decisions, each with the hash of the one before
//	consent/chain/<account>            the newest of them
//	consent/refused/<account>/<client>/<digest>  when this ask was refused; expires
//	consent/reminder/<account>         how often it is reminded, and when it was last
//	consent/forgotten/<account>        the account is being deleted, or was a short time ago
//
// and of a vault, in store_vaults.go:
//
//	consent/document/<account>         which revisions are kept
//	consent/document/<account>/<n>     one of them
//
// What a read needs of a grant lies together: it is found on one page of the store, or two.
func grantKey(g id.Grant, part string) string { return "consent/grant/" + string(g) + "/" + part }

func termsKey(g id.Grant) string   { return grantKey(g, "terms") }
func stateKey(g id.Grant) string   { return grantKey(g, "state") }
func capsuleKey(g id.Grant) string { return grantKey(g, "capsule") }

func accountPrefix(a id.Account) string { return "consent/account/" + string(a) + "/" }
func clientPrefix(c id.Client) string   { return "consent/client/" + string(c) + "/" }
func forgottenKey(a id.Account) string  { return "consent/forgotten/" + string(a) }

func forceKey(a id.Account, c id.Client) string {
	return "consent/force/" + string(a) + "/" + string(c)
}

func chainKey(a id.Account) string      { return "consent/chain/" + string(a) }
func refusedPrefix(a id.Account) string { return "consent/refused/" + string(a) + "/" }

func refusedKey(a id.Account, c id.Client, digest string) string {
	return refusedPrefix(a) + string(c) + "/" + digest
}

// present is the value of a record whose key says it all.
var present = []byte("1")

// stepSize is how many records of a long list one transaction deals with.
const stepSize = 100

// database turns transactions into the steps of consent.
type database struct {
	store.Store
	cache *cache
}

// occasion is what a change is recorded with; drawn once, so that trying again records the same.
type occasion struct {
	event   Event
	receipt id.Receipt
	now     time.Time
}

// saveGrant brings a grant into force, and ends the one before it. What is for one visit stands beside
// that one: it is not in force at any other.
func (db *database) saveGrant(ctx context.Context, g Grant, capsule []byte, n Notice, now time.Time) (Grant, error) {
	given := occasion{EventGiven, id.New[id.Receipt](), now}
	replaced := occasion{EventReplaced, id.New[id.Receipt](), now}
	var saved Grant
	err := db.Update(ctx, func(tx store.Tx) error {
		saved = g
		if err := notForgotten(tx, g.Account); err != nil {
			return err
		}
		found, err := tx.GetMany(stateKey(g.ID), forceKey(g.Account, g.Party.Client))
		if err != nil {
			return err
		}
		if found[0] != nil {
			return ErrGrantExists
		}
		if found[1] != nil && !g.Ephemeral {
			old, err := db.replaceGrant(tx, id.Grant(found[1]), replaced)
			if err != nil {
				return err
			}
			saved.EachTime = saved.EachTime || old.EachTime
		}
		if err := putGrant(tx, saved, capsule); err != nil {
			return err
		}
		receipt := saved.receipt(given.event, now)
		receipt.ID, receipt.Notice = given.receipt, n
		return record(tx, g.Account, receipt)
	})
	return saved, err
}

// replaceGrant ends the grant that a new one takes the place of.
func (db *database) replaceGrant(tx store.Tx, grant id.Grant, how occasion) (Grant, error) {
	old, err := db.lifeOf(tx, grant)
	if errors.Is(err, ErrNoGrant) {
		return Grant{}, nil // nothing can be released under what is not there
	}
	if err != nil {
		return Grant{}, err
	}
	return endGrant(tx, old, Withdrawn, how)
}

// putGrant writes all that makes a grant.
func putGrant(tx store.Tx, g Grant, capsule []byte) error {
	puts := []put{
		{termsKey(g.ID), encodeTerms(g), time.Time{}},
		{stateKey(g.ID), encodeState(g), time.Time{}},
		{capsuleKey(g.ID), encodeCapsule(g.Revision, capsule), g.Ends},
		{accountPrefix(g.Account) + string(g.ID), present, time.Time{}},
		{clientPrefix(g.Party.Client) + string(g.ID), present, time.Time{}},
		{endsKey(g.Ends, g.ID), present, time.Time{}},
	}
	if !g.Ephemeral {
		puts = append(puts, put{forceKey(g.Account, g.Party.Client), []byte(g.ID), g.Ends})
	}
	if err := putAll(tx, puts); err != nil {
		return err
	}
	return tx.Delete(refusedKey(g.Account, g.Party.Client, g.Digest))
}

// put is one record to be written.
type put struct {
	key     string
	value   []byte
	expires time.Time
}

func putAll(tx store.Tx, puts []put) error {
	for _, p := range puts {
		if err := tx.Put(p.key, p.value, p.expires); err != nil {
			return err
		}
	}
	return nil
}

// endGrant is the only way out of Given, and there is none back. The capsule goes in the same step.
// A grant that has ended already stays as it is.
func endGrant(tx store.Tx, g Grant, state State, how occasion) (Grant, error) {
	if g.State != Given {
		return g, nil
	}
	g.State, g.Since, g.Reason, g.Revision = state, stamp(how.now), "", 0
	if how.event == EventReplaced || how.event == EventUsed {
		g.Reason = string(how.event)
	}
	if err := putState(tx, g, how); err != nil {
		return Grant{}, err
	}
	return g, dropSealed(tx, g)
}

// putState writes where a grant stands now, and the receipt that says why.
func putState(tx store.Tx, g Grant, how occasion) error {
	if err := tx.Put(stateKey(g.ID), encodeState(g), time.Time{}); err != nil {
		return err
	}
	receipt := g.receipt(how.event, how.now)
	receipt.ID = how.receipt
	return record(tx, g.Account, receipt)
}

// changeGrant takes a step in the life of a grant of the account that is in force.
func (db *database) changeGrant(ctx context.Context, account id.Account, grant id.Grant, how occasion, step func(store.Tx, *Grant) (bool, error)) (Grant, error) {
	var g Grant
	err := db.Update(ctx, func(tx store.Tx) error {
		found, err := db.load(tx, account, grant)
		if err != nil {
			return err
		}
		if reason := over(&found, how.now); reason != ReasonNone {
			return reason.fault()
		}
		g = found
		changed, err := step(tx, &g)
		if err != nil || !changed {
			return err
		}
		return putState(tx, g, how)
	})
	if err != nil {
		return Grant{}, err
	}
	return g, nil
}

// keepUntil lets the records that expire with a grant expire at its new end.
func keepUntil(tx store.Tx, g Grant) error {
	found, err := tx.GetMany(capsuleKey(g.ID), forceKey(g.Account, g.Party.Client))
	if err != nil {
		return err
	}
	if found[0] == nil {
		return ErrExpired
	}
	if id.Grant(found[1]) == g.ID {
		if err := tx.Put(forceKey(g.Account, g.Party.Client), found[1], g.Ends); err != nil {
			return err
		}
	}
	if err := tx.Put(endsKey(g.Ends, g.ID), present, time.Time{}); err != nil {
		return err
	}
	return tx.Put(capsuleKey(g.ID), found[0], g.Ends)
}

// dropSealed deletes the capsule, and the note that the grant is in force, if it is this one.
func dropSealed(tx store.Tx, g Grant) error {
	if err := tx.Delete(capsuleKey(g.ID)); err != nil {
		return err
	}
	key := forceKey(g.Account, g.Party.Client)
	inForce, err := tx.Get(key)
	if errors.Is(err, store.ErrNotFound) || err == nil && id.Grant(inForce) != g.ID {
		return nil
	}
	if err != nil {
		return err
	}
	return tx.Delete(key)
}

// withdrawGrant ends a grant of the account.
func (db *database) withdrawGrant(ctx context.Context, account id.Account, grant id.Grant, now time.Time) (Grant, error) {
	receipt := id.New[id.Receipt]()
	var g Grant
	err := db.Update(ctx, func(tx store.Tx) error {
		found, err := db.load(tx, account, grant)
		if err != nil {
			return err
		}
		g, err = endGrant(tx, found, Withdrawn, occasion{EventWithdrawn, receipt, now})
		return err
	})
	if err != nil {
		return Grant{}, err
	}
	return g.at(now), nil
}

// revokeGrants ends the grants for a vendor, some in each step.
func (db *database) revokeGrants(ctx context.Context, client id.Client, now time.Time) error {
	return db.inSteps(ctx, clientPrefix(client), func(tx store.Tx, grant id.Grant) error {
		g, err := db.lifeOf(tx, grant)
		if errors.Is(err, ErrNoGrant) {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = endGrant(tx, g, Revoked, occasion{EventRevoked, id.New[id.Receipt](), now})
		return err
	})
}

// inSteps does something with each grant in an index, some in each transaction.
func (db *database) inSteps(ctx context.Context, prefix string, do func(store.Tx, id.Grant) error) error {
	for from := ""; ; {
		var items []store.Item
		err := db.Update(ctx, func(tx store.Tx) (err error) {
			if items, err = tx.Scan(prefix, from, stepSize); err != nil {
				return err
			}
			for _, item := range items {
				if err := do(tx, id.Grant(item.Key[len(prefix):])); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(items) < stepSize {
			return err
		}
		from = after(items[len(items)-1].Key)
	}
}

// after is the least key that is greater.
func after(key string) string { return key + "\x00" }

// notForgotten refuses to write for an account that was deleted.
func notForgotten(tx store.Tx, account id.Account) error {
	_, err := tx.Get(forgottenKey(account))
	switch {
	case err == nil:
		return ErrForgotten
	case errors.Is(err, store.ErrNotFound):
		return nil
	}
	return err
}
