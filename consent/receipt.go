package consent

import (
	"context"
	"fmt"
	"time"

	"github.com/meins-id/meins/internal/id"
)

// Event says what was decided.
type Event string

// The events.
const (
	EventGiven     Event = "given"
	EventRefused   Event = "refused"
	EventWithdrawn Event = "withdrawn"
	EventReplaced  Event = "replaced" // by a new grant for the same vendor
	EventRevoked   Event = "revoked"  // the vendor was removed
)

// Receipt is the record of one decision: who, what, why, when, and what exactly was reviewed. It
// holds names of claims and never a value.
type Receipt struct {
	ID       id.Receipt `json:"id"`
	Event    Event      `json:"event"`
	Time     time.Time  `json:"time"`
	Grant    id.Grant   `json:"grant,omitempty"` // none for a refusal
	Party    Party      `json:"party"`
	Claims   []Claim    `json:"claims"`             // approved; of a refusal, asked
	Declined []string   `json:"declined,omitempty"` // asked and not approved
	Without  []Choice   `json:"without,omitempty"`  // purposes for which approved claims are not
	Ends     time.Time  `json:"ends,omitzero"`
	Digest   string     `json:"digest"`
	Locale   string     `json:"locale"`
}

// receipt makes the record of what happens to the grant.
func (g Grant) receipt(event Event, now time.Time) Receipt {
	return Receipt{
		ID: id.New[id.Receipt](), Event: event, Time: moment(now), Grant: g.ID, Party: g.Party,
		Claims: g.Claims, Declined: g.Declined, Without: g.Without, Ends: g.Ends, Digest: g.Digest, Locale: g.Locale,
	}
}

// Receipts lists the account's decisions, the newest first, from after the place before ("" is the
// start), and the next place ("" at the end).
func (e *Engine) Receipts(ctx context.Context, account id.Account, before string, limit int) ([]Receipt, string, error) {
	receipts, next, err := e.db.receiptsOf(ctx, account, before, limit)
	if err != nil {
		return nil, "", fmt.Errorf("list receipts: %w", err)
	}
	return receipts, next, nil
}

// stamp is the precision of the times of a grant's life.
func stamp(now time.Time) time.Time { return now.UTC().Truncate(time.Second) }

// moment is the precision of the times of single events, which are listed in order.
func moment(now time.Time) time.Time { return now.UTC().Truncate(time.Millisecond) }
