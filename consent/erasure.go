package consent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/outbox"
	"github.com/meins-id/meins/internal/store"
)

// Outcome is what a vendor answered to a request for deletion.
type Outcome string

// The outcomes. The zero Outcome is that there is no answer.
const (
	Fulfilled Outcome = "fulfilled" // it says that it deleted what it had
	Denied    Outcome = "denied"    // it says why not, to the customer
)

// ErasureState is where a request for deletion stands.
type ErasureState string

// The states of a request for deletion.
const (
	ErasureAsked        ErasureState = "requested"
	ErasureAcknowledged ErasureState = "acknowledged" // the vendor took note of the event
	ErasureOverdue      ErasureState = "overdue"      // a month went by without an answer
	ErasureFulfilled    ErasureState = "fulfilled"
	ErasureDenied       ErasureState = "denied"
)

// Erasure is a customer's request that a vendor deletes what it received, and what became of it. The
// zero Erasure is none.
type Erasure struct {
	ID           id.Receipt // of the request, and of the event that tells the vendor
	Requested    time.Time
	Due          time.Time // a month later: GDPR Article 12(3)
	Claims       []string  // that the vendor could read, by name
	Told         bool      // the vendor listens to events, and was told by one
	Acknowledged time.Time // zero while it has not taken note
	Answered     time.Time
	Outcome      Outcome
}

// State is where the request stands at a moment.
func (e Erasure) State(now time.Time) ErasureState {
	switch {
	case e.Outcome == Fulfilled:
		return ErasureFulfilled
	case e.Outcome == Denied:
		return ErasureDenied
	case !now.Before(e.Due):
		return ErasureOverdue
	case !e.Acknowledged.IsZero():
		return ErasureAcknowledged
	}
	return ErasureAsked
}

// erasureDue is when an answer is due: within one month.
func erasureDue(asked time.Time) time.Time { return stamp(asked).AddDate(0, 1, 0) }

// AskErasure asks the vendor of a grant, in force or not, to delete what it received. Asking again
// while there is no answer changes nothing.
func (e *Engine) AskErasure(ctx context.Context, account id.Account, grant id.Grant) (Erasure, error) {
	now, receipt := e.now(), id.New[id.Receipt]()
	err := e.db.Update(ctx, func(tx store.Tx) error {
		g, err := e.db.load(tx, account, grant)
		if err != nil {
			return err
		}
		last, err := erasureOf(tx, grant)
		if err != nil || last.open() {
			return err
		}
		due := erasureDue(now)
		r := g.at(now).receipt(EventErasure, now)
		r.ID, r.Due = receipt, due
		asked := erasureRecord{versioned: versioned{recordFormat}, Receipt: receipt, Requested: moment(now), Due: due, Claims: received(g)}
		if err := tx.Put(erasureKey(grant), encode(asked), time.Time{}); err != nil {
			return err
		}
		return record(tx, account, r)
	})
	if err != nil {
		return Erasure{}, fmt.Errorf("ask for deletion: %w", err)
	}
	return e.Erasure(ctx, account, grant)
}

// AnswerErasure notes what the vendor answered. An answer may be corrected; without a request there is
// none.
func (e *Engine) AnswerErasure(ctx context.Context, account id.Account, grant id.Grant, answer Outcome) (Erasure, error) {
	if answer != Fulfilled && answer != Denied {
		return Erasure{}, fmt.Errorf("answer: %w", ErrOutcome)
	}
	now, receipt := e.now(), id.New[id.Receipt]()
	err := e.db.Update(ctx, func(tx store.Tx) error {
		g, err := e.db.load(tx, account, grant)
		if err != nil {
			return err
		}
		asked, err := erasureOf(tx, grant)
		switch {
		case err != nil:
			return err
		case asked.Receipt == "":
			return ErrNoErasure
		case asked.Outcome == answer:
			return nil
		}
		asked.Answered, asked.Outcome = moment(now), answer
		if err := tx.Put(erasureKey(grant), encode(asked), time.Time{}); err != nil {
			return err
		}
		r := g.at(now).receipt(EventErasureAnswered, now)
		r.ID, r.Reason = receipt, string(answer)
		return record(tx, account, r)
	})
	if err != nil {
		return Erasure{}, fmt.Errorf("answer to a request for deletion: %w", err)
	}
	return e.Erasure(ctx, account, grant)
}

// Erasure says what became of the newest request for deletion; the zero Erasure when there is none.
func (e *Engine) Erasure(ctx context.Context, account id.Account, grant id.Grant) (found Erasure, err error) {
	err = e.db.View(ctx, func(r store.Reader) error {
		found = Erasure{}
		if _, err := e.db.load(r, account, grant); err != nil {
			return err
		}
		asked, err := erasureOf(r, grant)
		if err != nil || asked.Receipt == "" {
			return err
		}
		found = Erasure{
			ID: asked.Receipt, Requested: asked.Requested, Due: asked.Due, Claims: asked.Claims,
			Answered: asked.Answered, Outcome: asked.Outcome,
		}
		events, err := outbox.ToldUnder(r, grant, 0)
		for _, one := range events {
			if one.Event == id.Event(asked.Receipt) {
				found.Told, found.Acknowledged = true, one.Acknowledged
			}
		}
		return err
	})
	if err != nil {
		return Erasure{}, fmt.Errorf("request for deletion: %w", err)
	}
	return found, nil
}

// received are the claims that the vendor could read at some time, what was taken back among them.
func received(g Grant) []string {
	names := Names(g.Claims)
	for _, back := range g.Taken {
		if !slices.Contains(names, back.Claim) {
			names = append(names, back.Claim)
		}
	}
	slices.Sort(names)
	return names
}

func erasureKey(g id.Grant) string { return "consent/erasure/" + string(g) }

// erasureRecord is the newest request for deletion under a grant. What went before is in the receipts.
type erasureRecord struct {
	versioned
	Receipt   id.Receipt `json:"receipt"`
	Requested time.Time  `json:"requested"`
	Due       time.Time  `json:"due"`
	Claims    []string   `json:"claims"`
	Answered  time.Time  `json:"answered,omitzero"`
	Outcome   Outcome    `json:"outcome,omitempty"`
}

// open says that an answer is still awaited.
func (r erasureRecord) open() bool { return r.Receipt != "" && r.Outcome == "" }

// erasureOf reads the newest request for deletion; the zero one when there is none.
func erasureOf(r store.Reader, grant id.Grant) (erasureRecord, error) {
	raw, err := r.Get(erasureKey(grant))
	if errors.Is(err, store.ErrNotFound) {
		return erasureRecord{}, nil
	}
	if err != nil {
		return erasureRecord{}, err
	}
	asked, err := decode[erasureRecord](raw)
	if err != nil {
		return erasureRecord{}, fmt.Errorf("request for deletion: %w", err)
	}
	return asked, nil
}
