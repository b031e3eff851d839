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
//	consent/terms/<grant>              what never changes
//	consent/state/<grant>              where it stands; kept when all else is forgotten, so that
//	                                   neither its identifier nor its tokens come to life again
//	consent/capsule/<grant>            the sealed values; expires with the grant
//	consent/usage/<grant>              how often and when last read
//	consent/reads/<grant>/<place>      what was read
//	consent/account/<account>/<grant>  the grants of an account
//	consent/client/<client>/<grant>    the grants for a vendor
//	consent/force/<account>/<client>   the one in force; expires with it
//	consent/receipts/<account>/<place> decisions
//	consent/forgotten/<account>        the account is being deleted, or was a short time ago
//
// and of a vault, in store_vaults.go:
//
//	consent/document/<account>         which revisions are kept
//	consent/document/<account>/<n>     one of them
func termsKey(g id.Grant) string   { return "consent/terms/" + string(g) }
func stateKey(g id.Grant) string   { return "consent/state/" + string(g) }
func capsuleKey(g id.Grant) string { return "consent/capsule/" + string(g) }
func usageKey(g id.Grant) string   { return "consent/usage/" + string(g) }

func accountPrefix(a id.Account) string { return "consent/account/" + string(a) + "/" }
func clientPrefix(c id.Client) string   { return "consent/client/" + string(c) + "/" }
func forgottenKey(a id.Account) string  { return "consent/forgotten/" + string(a) }

func forceKey(a id.Account, c id.Client) string {
	return "consent/force/" + string(a) + "/" + string(c)
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

// saveGrant brings a grant into force, and ends the one before it.
func (db *database) saveGrant(ctx context.Context, g Grant, capsule []byte, now time.Time) error {
	given, replaced := g.receipt(EventGiven, now), id.New[id.Receipt]()
	return db.Update(ctx, func(tx store.Tx) error {
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
		if found[1] != nil {
			if err := db.replaceGrant(tx, id.Grant(found[1]), replaced, now); err != nil {
				return err
			}
		}
		return putGrant(tx, g, capsule, given)
	})
}

// replaceGrant ends the grant that a new one takes the place of.
func (db *database) replaceGrant(tx store.Tx, grant id.Grant, receipt id.Receipt, now time.Time) error {
	old, err := db.lifeOf(tx, grant)
	if errors.Is(err, ErrNoGrant) {
		return nil // nothing can be released under what is not there
	}
	if err != nil {
		return err
	}
	_, err = endGrant(tx, old, ending{Withdrawn, EventReplaced, receipt, now})
	return err
}

// putGrant writes all that makes a grant.
func putGrant(tx store.Tx, g Grant, capsule []byte, given Receipt) error {
	return putAll(tx, []put{
		{termsKey(g.ID), encodeTerms(g), time.Time{}},
		{stateKey(g.ID), encodeState(g.State, g.Since, g.Reason), time.Time{}},
		{capsuleKey(g.ID), encodeCapsule(g.Revision, capsule), g.Ends},
		{usageKey(g.ID), encodeUsage(0, time.Time{}), time.Time{}},
		{accountPrefix(g.Account) + string(g.ID), present, time.Time{}},
		{clientPrefix(g.Party.Client) + string(g.ID), present, time.Time{}},
		{forceKey(g.Account, g.Party.Client), []byte(g.ID), g.Ends},
		putReceipt(g.Account, given),
	})
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

// ending is how a grant ends.
type ending struct {
	state   State
	event   Event
	receipt id.Receipt
	now     time.Time
}

// endGrant is the only way out of Given, and there is none back. The capsule goes in the same step.
// A grant that has ended already stays as it is.
func endGrant(tx store.Tx, g Grant, how ending) (Grant, error) {
	if g.State != Given {
		return g, nil
	}
	g.State, g.Since, g.Reason, g.Revision = how.state, stamp(how.now), "", 0
	if how.event == EventReplaced {
		g.Reason = string(EventReplaced)
	}
	receipt := g.receipt(how.event, how.now)
	receipt.ID = how.receipt
	if err := putAll(tx, []put{
		{stateKey(g.ID), encodeState(g.State, g.Since, g.Reason), time.Time{}},
		putReceipt(g.Account, receipt),
	}); err != nil {
		return Grant{}, err
	}
	return g, dropSealed(tx, g)
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
		g, err = endGrant(tx, found, ending{Withdrawn, EventWithdrawn, receipt, now})
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
		_, err = endGrant(tx, g, ending{Revoked, EventRevoked, id.New[id.Receipt](), now})
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
