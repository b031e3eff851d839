package consent

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/vault"
)

// Narrowing takes some of a grant back and leaves the rest.
type Narrowing struct {
	Claims   []string // whole
	Purposes []string // by their names, of every claim that is given for them
	// Capsule is the grant's next one, without the values that were taken back; nil when the agent
	// cannot seal it now. What was taken back does not leave in any case.
	Capsule *Resealed
}

// Narrow takes claims or purposes back, for good and at once. Taking back again changes nothing; what
// was never asked is ErrChange.
func (e *Engine) Narrow(ctx context.Context, account id.Account, grant id.Grant, n Narrowing) (Grant, error) {
	if err := n.check(grant); err != nil {
		return Grant{}, fmt.Errorf("narrow grant: %w", err)
	}
	now := e.now()
	return e.change(ctx, account, grant, EventNarrowed, func(tx store.Tx, g *Grant) (bool, error) {
		back, err := g.back(n)
		if err != nil || len(back) == 0 {
			return false, err
		}
		if n.Capsule != nil {
			if _, err := e.db.reseal(tx, account, *n.Capsule, now); err != nil {
				return false, err
			}
			g.Revision = n.Capsule.Revision
		}
		had := len(g.Claims)
		g.take(back)
		if g.EndToEnd() && n.Capsule == nil && len(g.Claims) < had {
			return false, ErrMessage
		}
		return true, nil
	})
}

func (n Narrowing) check(grant id.Grant) error {
	switch {
	case len(n.Claims)+len(n.Purposes) == 0:
		return ErrChange
	case n.Capsule == nil:
		return nil
	case n.Capsule.Grant != grant || len(n.Capsule.Capsule) == 0:
		return ErrCapsule
	case len(n.Capsule.Capsule) > vault.MaxCapsule:
		return vault.ErrTooLarge
	}
	return nil
}

// back says what a narrowing takes back of what is still given.
func (g Grant) back(n Narrowing) ([]Choice, error) {
	var back []Choice
	for _, name := range n.Claims {
		_, given := find(g.Claims, name)
		switch {
		case given && !slices.ContainsFunc(back, func(o Choice) bool { return o.Claim == name }):
			back = append(back, Choice{Claim: name})
		case !given && !slices.Contains(g.Declined, name):
			return nil, ErrChange
		}
	}
	for _, purpose := range n.Purposes {
		if !g.knows(purpose) {
			return nil, ErrChange
		}
	}
	for _, c := range g.Claims {
		var some []string
		for _, p := range c.Purposes {
			if slices.Contains(n.Purposes, p.ID) {
				some = append(some, p.ID)
			}
		}
		if len(some) > 0 && !slices.Contains(n.Claims, c.Name) {
			back = append(back, Choice{c.Name, some})
		}
	}
	return back, nil
}

// knows says that a purpose was asked and decided on.
func (g Grant) knows(purpose string) bool {
	of := func(o Choice) bool { return slices.Contains(o.Purposes, purpose) }
	return slices.ContainsFunc(g.Without, of) || slices.ContainsFunc(g.Taken, of) ||
		slices.ContainsFunc(g.Claims, func(c Claim) bool { return slices.Contains(purposeIDs(c.Purposes), purpose) })
}

// Pause lets nothing out until Resume. Capsules follow the vault meanwhile.
func (e *Engine) Pause(ctx context.Context, account id.Account, grant id.Grant) (Grant, error) {
	return e.change(ctx, account, grant, EventPaused, func(_ store.Tx, g *Grant) (bool, error) {
		was := g.Paused
		g.Paused = true
		return !was, nil
	})
}

// Resume ends a pause.
func (e *Engine) Resume(ctx context.Context, account id.Account, grant id.Grant) (Grant, error) {
	return e.change(ctx, account, grant, EventResumed, func(_ store.Tx, g *Grant) (bool, error) {
		was := g.Paused
		g.Paused = false
		return was, nil
	})
}

// AskEachTime makes each login at the vendor a question, or no longer. A grant that takes the place of
// this one inherits it.
func (e *Engine) AskEachTime(ctx context.Context, account id.Account, grant id.Grant, ask bool) (Grant, error) {
	return e.change(ctx, account, grant, EventEachTime, func(_ store.Tx, g *Grant) (bool, error) {
		was := g.EachTime
		g.EachTime = ask
		return was != ask, nil
	})
}

// Renew gives a grant in force another end, within twelve months. What is for one visit has no other.
func (e *Engine) Renew(ctx context.Context, account id.Account, grant id.Grant, ends time.Time) (Grant, error) {
	now, ends := e.now(), stamp(ends)
	return e.change(ctx, account, grant, EventRenewed, func(tx store.Tx, g *Grant) (bool, error) {
		if g.Ephemeral || !now.Before(ends) || ends.After(stamp(now).Add(MaxEnds)) {
			return false, ErrEnd
		}
		same := ends.Equal(g.Ends)
		g.Renewed, g.Ends = ends, ends
		return !same, keepUntil(tx, *g)
	})
}

// change is one step in the life of a grant in force. The step says whether there is a change at all;
// without one nothing is written, and there is no receipt.
func (e *Engine) change(ctx context.Context, account id.Account, grant id.Grant, event Event, step func(store.Tx, *Grant) (bool, error)) (Grant, error) {
	g, err := e.db.changeGrant(ctx, account, grant, occasion{event, id.New[id.Receipt](), e.now()}, step)
	if err != nil {
		return Grant{}, fmt.Errorf("%s: %w", event, err)
	}
	return g, nil
}

// Refused says when the customer refused this very ask, which is not put again for six months unless the
// customer wants to see it; the zero time means that it may be put.
func (e *Engine) Refused(ctx context.Context, account id.Account, ask Ask) (time.Time, error) {
	at, err := e.db.refusedAt(ctx, refusedKey(account, ask.Party.Client, ask.Digest()))
	if err != nil {
		return time.Time{}, fmt.Errorf("look for a refusal: %w", err)
	}
	return at, nil
}
