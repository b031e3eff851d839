package consent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

// lifeOf reads the terms and the state of a grant; ErrNoGrant when one of them is missing. What the
// result points to is shared with the cache.
func (db *database) lifeOf(r store.Reader, grant id.Grant) (Grant, error) {
	k := db.cache.get(grant)
	keys := append(make([]string, 0, 2), stateKey(grant))
	if k == nil {
		keys = append(keys, termsKey(grant))
	}
	found, err := r.GetMany(keys...)
	if err != nil {
		return Grant{}, err
	}
	g, err := db.join(grant, k, found)
	if err != nil {
		return Grant{}, err
	}
	return *g, nil
}

// box is a sealed capsule and its revision; without bytes where there is none.
type box struct {
	revision uint64
	sealed   []byte
}

// sealedGrant is lifeOf with the capsule: what a read needs, in one round trip. The grant itself is the
// cache's: nobody writes to it.
func (db *database) sealedGrant(r store.Reader, grant id.Grant) (*Grant, box, error) {
	k := db.cache.get(grant)
	keys := append(make([]string, 0, 3), capsuleKey(grant), stateKey(grant))
	if k == nil {
		keys = append(keys, termsKey(grant))
	}
	found, err := r.GetMany(keys...)
	if err != nil {
		return nil, box{}, err
	}
	g, err := db.join(grant, k, found[1:])
	if err != nil || found[0] == nil {
		return g, box{}, err
	}
	var b box
	b.revision, b.sealed, err = decodeCapsule(found[0])
	return g, b, err
}

// join puts the state that was found behind the terms, which come after it unless they are known. What it
// gives is the cache's.
func (db *database) join(grant id.Grant, k *known, found [][]byte) (*Grant, error) {
	state := found[0]
	switch {
	case state == nil:
		return nil, ErrNoGrant
	case k != nil && k.state == string(state):
		return &k.grant, nil
	case k == nil && found[1] == nil:
		return nil, ErrNoGrant
	case k == nil:
		terms, err := decodeTerms(grant, found[1])
		if err != nil {
			return nil, err
		}
		k = &known{terms: *terms}
	}
	next := &known{k.terms, k.terms, string(state)}
	if err := next.grant.stand(state); err != nil {
		return nil, err
	}
	db.cache.put(next)
	return &next.grant, nil
}

// stand fills in where the grant stands; nowhere, when that cannot be read.
func (g *Grant) stand(raw []byte) error {
	s, err := decode[stateRecord](raw)
	g.State, g.Since, g.Reason = stateOf(s.State), s.Since, s.Reason
	if err != nil {
		return fmt.Errorf("state of a grant: %w", err)
	}
	g.Paused, g.EachTime, g.Renewed = s.Paused, s.EachTime, s.Ends
	if !g.Renewed.IsZero() {
		g.Ends = g.Renewed
	}
	g.take(s.Taken)
	return nil
}

// at is the grant as it stands at a moment.
func (g Grant) at(now time.Time) Grant {
	if s := standing(g.State, g.Ends, now); s != g.State {
		g.State, g.Since = s, g.Ends
	}
	if g.State != Given {
		g.Revision = 0
	}
	return g
}

// load reads everything about a grant of the account, into memory of its own.
func (db *database) load(r store.Reader, account id.Account, grant id.Grant) (Grant, error) {
	grants, err := db.loadAll(r, account, []id.Grant{grant})
	if err != nil {
		return Grant{}, err
	}
	if len(grants) == 0 {
		return Grant{}, ErrNoGrant
	}
	return grants[0], nil
}

// look is load for who only looks: what the result points to is shared with the cache.
func (db *database) look(r store.Reader, account id.Account, grant id.Grant) (Grant, error) {
	k := db.cache.get(grant)
	found, err := r.GetMany(termsKey(grant), stateKey(grant), usageKey(grant), capsuleKey(grant))
	if err != nil {
		return Grant{}, err
	}
	if found[0] == nil {
		return Grant{}, ErrNoGrant // forgotten, whatever the cache still knows
	}
	shared, err := db.join(grant, k, [][]byte{found[1], found[0]})
	if err != nil {
		return Grant{}, err
	}
	g := *shared
	if g.Account != account {
		return Grant{}, ErrNoGrant
	}
	return g, g.count(found[2], found[3])
}

// loadAll is load for many, in one round trip; it leaves out what is not the account's.
func (db *database) loadAll(r store.Reader, account id.Account, ids []id.Grant) ([]Grant, error) {
	keys := make([]string, 0, 4*len(ids))
	for _, grant := range ids {
		keys = append(keys, termsKey(grant), stateKey(grant), usageKey(grant), capsuleKey(grant))
	}
	found, err := r.GetMany(keys...)
	if err != nil {
		return nil, err
	}
	grants := make([]Grant, 0, len(ids))
	for i, grant := range ids {
		raw := found[4*i : 4*i+4]
		if raw[0] == nil || raw[1] == nil {
			continue
		}
		g, err := assemble(grant, raw)
		if err != nil {
			return nil, err
		}
		if g.Account == account {
			grants = append(grants, g)
		}
	}
	return grants, nil
}

// assemble makes a grant of its terms, state, usage and capsule; the last two may be missing.
func assemble(grant id.Grant, raw [][]byte) (Grant, error) {
	g, err := decodeTerms(grant, raw[0])
	if err != nil {
		return Grant{}, err
	}
	if err := g.stand(raw[1]); err != nil {
		return Grant{}, err
	}
	if err := g.count(raw[2], raw[3]); err != nil {
		return Grant{}, err
	}
	return *g, nil
}

// count fills in what was read, and the capsule's revision; each may be missing.
func (g *Grant) count(usage, capsule []byte) error {
	u, err := decodeUsage(usage)
	if err != nil {
		return err
	}
	g.Reads, g.LastRead = u.Reads, u.Last
	if capsule == nil {
		return nil
	}
	g.Revision, _, err = decodeCapsule(capsule)
	return err
}

// grantOf reads one grant of the account; what the result points to is shared.
func (db *database) grantOf(ctx context.Context, account id.Account, grant id.Grant, now time.Time) (g Grant, err error) {
	err = db.View(ctx, func(r store.Reader) (err error) {
		g, err = db.look(r, account, grant)
		return err
	})
	return g.at(now), err
}

// grantInForce reads the one that is in force between the account and the vendor; what the result
// points to is shared.
func (db *database) grantInForce(ctx context.Context, account id.Account, client id.Client, now time.Time) (g Grant, err error) {
	err = db.View(ctx, func(r store.Reader) error {
		grant, err := r.Get(forceKey(account, client))
		if errors.Is(err, store.ErrNotFound) {
			return ErrNoGrant
		}
		if err != nil {
			return err
		}
		g, err = db.look(r, account, id.Grant(grant))
		return err
	})
	if err != nil {
		return Grant{}, err
	}
	if g = g.at(now); g.State != Given || g.Party.Client != client {
		return Grant{}, ErrNoGrant
	}
	return g, nil
}

// grantsOf reads all grants of the account, the newest first.
func (db *database) grantsOf(ctx context.Context, account id.Account, now time.Time) ([]Grant, error) {
	var grants []Grant
	err := db.View(ctx, func(r store.Reader) error {
		grants = nil
		return eachGrant(r, accountPrefix(account), func(ids []id.Grant) error {
			some, err := db.loadAll(r, account, ids)
			grants = append(grants, some...)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	for i := range grants {
		grants[i] = grants[i].at(now)
	}
	slices.SortStableFunc(grants, func(a, b Grant) int { return b.Given.Compare(a.Given) })
	return grants, nil
}

// eachGrant reads an index from end to end, some grants at a time.
func eachGrant(r store.Reader, prefix string, do func([]id.Grant) error) error {
	for from := ""; ; {
		items, err := r.Scan(prefix, from, stepSize)
		if err != nil {
			return err
		}
		ids := make([]id.Grant, len(items))
		for i, item := range items {
			ids[i] = id.Grant(item.Key[len(prefix):])
		}
		if err := do(ids); err != nil || len(items) < stepSize {
			return err
		}
		from = after(items[len(items)-1].Key)
	}
}
