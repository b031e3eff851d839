package consent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/outbox"
	"github.com/meins-id/meins/internal/shown"
	"github.com/meins-id/meins/internal/store"
)

// Outcome is what a vendor answered to a request for deletion.
type Outcome string

// The outcomes. The zero Outcome is that there is no answer.
const (
	Fulfilled Outcome = "fulfilled" // it says that it deleted what it had
	Denied    Outcome = "denied"    // it says why not
	Received  Outcome = "received"  // no answer yet: it says that it works on it
)

// Answer is what a vendor says to a request for deletion.
type Answer struct {
	Outcome Outcome
	Words   string // why it denies; needed then, and shown to the customer
}

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
	Acknowledged time.Time // zero while it has not taken note, by event or in words
	Answered     time.Time
	Outcome      Outcome
	Words        string // the vendor's reason
	ByVendor     bool   // it answered itself; else the customer noted what it had answered elsewhere
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

// ErasureCondition may refuse an answer because of where the request stands now. It runs in the
// transaction of the answer, perhaps more than once.
type ErasureCondition func(now Erasure) error

// AnswerErasure notes what the vendor answered elsewhere, such as by mail. An answer may be corrected, but
// for one that the vendor gave itself; without a request there is none.
func (e *Engine) AnswerErasure(ctx context.Context, account id.Account, grant id.Grant, answer Outcome, only ...ErasureCondition) (Erasure, error) {
	if answer != Fulfilled && answer != Denied {
		return Erasure{}, fmt.Errorf("answer: %w", ErrOutcome)
	}
	find := func(tx store.Tx) (Grant, error) { return e.db.load(tx, account, grant) }
	return e.answered(ctx, find, erasureAnswer{Answer: Answer{Outcome: answer}, only: only})
}

// VendorAnswers notes what the vendor of a grant says to a request for deletion. It may correct what it
// said; saying that it received the request takes no answer back.
func (e *Engine) VendorAnswers(ctx context.Context, client id.Client, grant id.Grant, a Answer, only ...ErasureCondition) (Erasure, error) {
	switch {
	case a.Outcome != Fulfilled && a.Outcome != Denied && a.Outcome != Received:
		return Erasure{}, fmt.Errorf("answer of a vendor: %w", ErrOutcome)
	case a.Words != "" && !shown.Paragraphs(a.Words, minWords, maxWords), a.Outcome == Denied && a.Words == "":
		return Erasure{}, fmt.Errorf("answer of a vendor: %w", ErrWords)
	}
	find := func(tx store.Tx) (Grant, error) { return e.db.vendorsGrant(tx, client, grant) }
	return e.answered(ctx, find, erasureAnswer{Answer: a, vendor: true, only: only})
}

// Bounds of a vendor's reason, in characters.
const (
	minWords = 3
	maxWords = 500
)

type erasureAnswer struct {
	Answer
	vendor bool // says it itself
	only   []ErasureCondition
}

// over lays the answer over what is known; same says that it changes nothing.
func (a erasureAnswer) over(asked erasureRecord, now time.Time) (next erasureRecord, same bool, err error) {
	switch {
	case asked.Receipt == "":
		return asked, false, ErrNoErasure
	case asked.ByVendor && !a.vendor:
		if asked.Outcome == a.Outcome { // to say again what is known is never wrong
			return asked, true, nil
		}
		return asked, false, ErrVendorAnswered
	case a.Outcome == Received:
		same = !asked.Received.IsZero() || !asked.open()
		asked.Received = moment(now)
		return asked, same, nil
	}
	same = asked.Outcome == a.Outcome && asked.Words == a.Words && asked.ByVendor == a.vendor
	asked.Answered, asked.Outcome, asked.Words, asked.ByVendor = moment(now), a.Outcome, a.Words, a.vendor
	return asked, same, nil
}

// answered notes an answer, with a receipt where it settles something.
func (e *Engine) answered(ctx context.Context, find func(store.Tx) (Grant, error), a erasureAnswer) (now Erasure, err error) {
	at, receipt := e.now(), id.New[id.Receipt]()
	err = e.db.Update(ctx, func(tx store.Tx) error {
		g, err := find(tx)
		if err != nil {
			return err
		}
		asked, err := erasureOf(tx, g.ID)
		if err != nil {
			return err
		}
		if now, err = shownErasure(tx, g.ID, asked); err != nil {
			return err
		}
		for _, condition := range a.only {
			if err := condition(now); err != nil {
				return err
			}
		}
		next, same, err := a.over(asked, at)
		if same || err != nil {
			return err
		}
		if err := tx.Put(erasureKey(g.ID), encode(next), time.Time{}); err != nil {
			return err
		}
		if now, err = shownErasure(tx, g.ID, next); err != nil || a.Outcome == Received {
			return err
		}
		r := g.at(at).receipt(EventErasureAnswered, at)
		r.ID, r.Reason = receipt, string(a.Outcome)
		return record(tx, g.Account, r)
	})
	if err != nil {
		return Erasure{}, fmt.Errorf("answer to a request for deletion: %w", err)
	}
	return now, nil
}

// Erasure says what became of the newest request for deletion; the zero Erasure when there is none.
func (e *Engine) Erasure(ctx context.Context, account id.Account, grant id.Grant) (Erasure, error) {
	return e.erasure(ctx, grant, func(r store.Reader) (Grant, error) { return e.db.load(r, account, grant) })
}

// ErasureFrom says the same to the vendor of the grant.
func (e *Engine) ErasureFrom(ctx context.Context, client id.Client, grant id.Grant) (Erasure, error) {
	return e.erasure(ctx, grant, func(r store.Reader) (Grant, error) { return e.db.vendorsGrant(r, client, grant) })
}

func (e *Engine) erasure(ctx context.Context, grant id.Grant, find func(store.Reader) (Grant, error)) (found Erasure, err error) {
	err = e.db.View(ctx, func(r store.Reader) error {
		if _, err := find(r); err != nil {
			return err
		}
		asked, err := erasureOf(r, grant)
		if err != nil {
			return err
		}
		found, err = shownErasure(r, grant, asked)
		return err
	})
	if err != nil {
		return Erasure{}, fmt.Errorf("request for deletion: %w", err)
	}
	return found, nil
}

// shownErasure is a record with what became of its event.
func shownErasure(r store.Reader, grant id.Grant, asked erasureRecord) (Erasure, error) {
	if asked.Receipt == "" {
		return Erasure{}, nil
	}
	found := Erasure{
		ID: asked.Receipt, Requested: asked.Requested, Due: asked.Due, Claims: asked.Claims, Acknowledged: asked.Received,
		Answered: asked.Answered, Outcome: asked.Outcome, Words: asked.Words, ByVendor: asked.ByVendor,
	}
	told, known, err := outbox.ToldOne(r, grant, id.Event(asked.Receipt), asked.Requested)
	if found.Told = known; found.Acknowledged.IsZero() || !told.Acknowledged.IsZero() && told.Acknowledged.Before(found.Acknowledged) {
		found.Acknowledged = told.Acknowledged
	}
	return found, err
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

func erasureKey(g id.Grant) string { return grantKey(g, "erasure") }

// erasureRecord is the newest request for deletion under a grant. What went before is in the receipts.
type erasureRecord struct {
	versioned
	Receipt   id.Receipt `json:"receipt"`
	Requested time.Time  `json:"requested"`
	Due       time.Time  `json:"due"`
	Claims    []string   `json:"claims"`
	Answered  time.Time  `json:"answered,omitzero"`
	Outcome   Outcome    `json:"outcome,omitempty"`
	Received  time.Time  `json:"received,omitzero"` // when the vendor said that it works on it
	Words     string     `json:"words,omitempty"`
	ByVendor  bool       `json:"by_vendor,omitempty"`
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
