package consent

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

// Permit proves that one read was decided and recorded. Only Engine.Permit makes one that permits
// anything; the zero Permit, and every copy of one that was redeemed, permits nothing.
type Permit struct{ proof *proof }

// proof is what copies of a permit share, so that they can be redeemed once between them.
type proof struct {
	claims  []string
	capsule Capsule
	spent   atomic.Bool

	consumes *Grant // that this read is the only one of
}

// Capsule is a still sealed capsule, and what it was sealed for.
type Capsule struct {
	Account  id.Account
	Grant    id.Grant
	Revision uint64
	Sealed   []byte
	EndToEnd bool // inside is a message that only the vendor can read, and no claims
}

// Covers says whether the permit is for this claim.
func (p Permit) Covers(name string) bool {
	return p.proof != nil && slices.Contains(p.proof.claims, name)
}

// Claims lists what the permit is for.
func (p Permit) Claims() []string {
	if p.proof == nil {
		return nil
	}
	return slices.Clone(p.proof.claims)
}

// EndToEnd says whether what the permit is for is a message for the vendor's own key.
func (p Permit) EndToEnd() bool { return p.proof != nil && p.proof.capsule.EndToEnd }

// Redeem gives the sealed capsule, once: the record behind the permit is of one read. Only
// consent/release calls it.
func (p Permit) Redeem() (Capsule, error) {
	if p.proof == nil {
		return Capsule{}, ErrNoPermit
	}
	if p.proof.spent.Swap(true) {
		return Capsule{}, ErrSpent
	}
	return p.proof.capsule, nil
}

// Kind says on which way a claim leaves.
type Kind string

// The ways.
const (
	KindUserInfo Kind = "userinfo"
	KindIDToken  Kind = "id_token"
)

// Reading is a read that a vendor's token asks for.
type Reading struct {
	Grant  id.Grant
	Client id.Client
	Claims []string // no claims is a read too: it says that the grant is in force
	Kind   Kind
	// Unless is the caller's own say on the snapshot that the decision is made on: its error refuses the
	// read, before anything is decided. nil leaves all to the decision. It may be called more than once.
	Unless func(store.Reader) error
}

// Permit decides on a read, records it, and only then gives the proof. The decision is made on one
// snapshot of the store, so that a grant withdrawn before this call gives nothing.
func (e *Engine) Permit(ctx context.Context, r Reading) (Permit, error) {
	if r.Kind != KindUserInfo && r.Kind != KindIDToken {
		return Permit{}, ErrReading
	}
	if e.strict {
		return e.permitStrict(ctx, r)
	}
	var p *proof
	var permitted read
	err := e.db.View(ctx, func(tx store.Reader) (err error) {
		p, permitted, err = e.decide(tx, r, e.now())
		return err
	})
	if err != nil {
		return Permit{}, fmt.Errorf("permit: %w", err)
	}
	if p.consumes != nil {
		return e.permitStrict(ctx, r)
	}
	if err := e.reads.add(permitted); err != nil {
		return Permit{}, fmt.Errorf("permit: %w", err)
	}
	return Permit{p}, nil
}

// permitStrict decides and records in one transaction, which is on disk before the proof is given. What
// can be read once is used up in it, so that of many who read at the same time one gets it.
func (e *Engine) permitStrict(ctx context.Context, r Reading) (Permit, error) {
	if e.reads.isClosed() {
		return Permit{}, fmt.Errorf("permit: %w", ErrLogUnavailable)
	}
	now, line, used := e.now(), id.New[id.Receipt](), id.New[id.Receipt]()
	var p *proof
	var refusal error
	err := e.db.Update(ctx, func(tx store.Tx) error {
		var permitted read
		if p, permitted, refusal = e.decide(tx, r, now); refusal != nil {
			return refusal
		}
		if p.consumes != nil {
			if _, err := endGrant(tx, *p.consumes, Expired, occasion{EventUsed, used, now}); err != nil {
				return err
			}
		}
		return e.db.putReads(tx, []tally{permitted.tally(line)})
	})
	switch {
	case refusal != nil:
		return Permit{}, fmt.Errorf("permit: %w", refusal)
	case err != nil:
		return Permit{}, fmt.Errorf("permit: %w", ErrLogUnavailable.Because(err))
	}
	return Permit{p}, nil
}

// decide makes the proof that a permit will hold once the read is recorded.
func (e *Engine) decide(tx store.Reader, r Reading, now time.Time) (*proof, read, error) {
	if r.Unless != nil {
		if err := r.Unless(tx); err != nil {
			return nil, read{}, err
		}
	}
	g, capsule, err := e.db.sealedGrant(tx, r.Grant)
	if err != nil {
		return nil, read{}, err
	}
	ask := r.ask(g)
	decision := cover(&ask, g, now)
	if decision.Effect != Allow {
		return nil, read{}, decision.Reason.fault()
	}
	if capsule.sealed == nil {
		return nil, read{}, ErrExpired // the capsule goes with the grant's last moment
	}
	if !g.passable(r.Kind, decision.Claims) {
		return nil, read{}, ErrWhole
	}
	permitted := read{grant: g.ID, kind: r.Kind, claims: decision.Claims, at: now, keep: g.Ends.Add(keepReads)}
	p := &proof{claims: decision.Claims, capsule: Capsule{
		Account: g.Account, Grant: g.ID, Revision: capsule.revision, Sealed: capsule.sealed, EndToEnd: g.Mode != ModeDirect,
	}}
	if g.Once && r.Kind == KindUserInfo {
		p.consumes = g
	}
	return p, permitted, nil
}

// ask is what a token stands for: its claims, from the vendor and for the purposes that the customer
// agreed to. Whether the vendor has changed since is asked at each login, not at each read.
func (r *Reading) ask(g *Grant) Ask {
	party := g.Party
	party.Client = r.Client
	claims := make([]Claim, len(r.Claims))
	for i, name := range r.Claims {
		granted, _ := find(g.Claims, name)
		claims[i] = Claim{Name: name, Purposes: granted.Purposes}
	}
	return Ask{Party: party, Claims: claims}
}
