package consent

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/meins-id/meins/internal/id"
)

// Event says what was decided.
type Event string

// The events. Each changes the state of one grant, but for EventRefused, which makes none, and those of
// deletion, which are about what the vendor has already.
const (
	EventGiven     Event = "given"
	EventRefused   Event = "refused"
	EventNarrowed  Event = "narrowed" // claims or purposes were taken back, the rest stays
	EventPaused    Event = "paused"
	EventResumed   Event = "resumed"
	EventRenewed   Event = "renewed"
	EventEachTime  Event = "each-time" // the customer wants to be asked at each login, or no longer
	EventUsed      Event = "used"      // what could be read once was read
	EventWithdrawn Event = "withdrawn"
	EventReplaced  Event = "replaced" // by a new grant for the same vendor
	EventRevoked   Event = "revoked"  // the vendor was removed
	EventExpired   Event = "expired"  // by the clock

	EventErasure         Event = "erasure-requested" // the customer asked the vendor to delete what it received
	EventErasureAnswered Event = "erasure-answered"
)

// Notice is the text that a customer was shown before deciding. The text itself is in the receipt of
// the decision; later ones of the same grant name it by its hash.
type Notice struct {
	Language string `json:"language"`
	Hash     string `json:"hash"`
	Text     string `json:"text,omitempty"`
}

// Receipt is the record of one decision, with what ISO/IEC TS 27560 wants to be told: who, what, what
// for, until when, by which text. It describes the grant as it stands after the decision, holds names
// of claims and never a value, and names the receipt before it.
type Receipt struct {
	ID         id.Receipt `json:"id"`
	Seq        uint64     `json:"seq"`            // of the account's receipts, from 1 on
	Prev       string     `json:"prev,omitempty"` // hash of the receipt before it; none for the first
	Event      Event      `json:"event"`
	State      string     `json:"state"` // as State.String has it
	Reason     string     `json:"reason,omitempty"`
	Time       time.Time  `json:"time"`
	Grant      id.Grant   `json:"grant,omitempty"` // none for a refusal
	Persona    id.Persona `json:"persona,omitempty"`
	Party      Party      `json:"party"`
	Claims     []Claim    `json:"claims"`             // given; of a refusal, asked
	Declined   []string   `json:"declined,omitempty"` // asked and not given, or taken back
	Without    []Choice   `json:"without,omitempty"`  // purposes for which given claims are not
	Taken      []Choice   `json:"taken,omitempty"`    // taken back so far
	Offline    bool       `json:"offline,omitempty"`
	Continuous bool       `json:"continuous,omitempty"`
	Once       bool       `json:"once,omitempty"`
	Ephemeral  bool       `json:"ephemeral,omitempty"`
	Paused     bool       `json:"paused,omitempty"`
	EachTime   bool       `json:"each_time,omitempty"`
	Given      time.Time  `json:"given,omitzero"`
	Ends       time.Time  `json:"ends,omitzero"`
	Due        time.Time  `json:"due,omitzero"`  // when an answer to a request for deletion is due
	GPC        bool       `json:"gpc,omitempty"` // the browser said Sec-GPC when it was decided
	Retention  string     `json:"retention,omitempty"`
	Recipients []string   `json:"recipients,omitempty"`
	Terms      Agreement  `json:"terms,omitzero"`
	Mode       string     `json:"mode,omitempty"`
	Digest     string     `json:"digest"`
	Notice     Notice     `json:"notice"`

	Hash string `json:"-"` // of Raw; the next receipt and the Head name it
	Raw  []byte `json:"-"` // as stored
}

// receipt makes the record of what happened to the grant.
func (g Grant) receipt(event Event, now time.Time) Receipt {
	return Receipt{
		ID: id.New[id.Receipt](), Event: event, State: g.State.String(), Reason: g.Reason, Time: moment(now),
		Grant: g.ID, Persona: g.Persona, Party: g.Party, Claims: g.Claims, Declined: g.Declined, Without: g.Without, Taken: g.Taken,
		Offline: g.Offline, Continuous: g.Continuous, Once: g.Once, Ephemeral: g.Ephemeral, Paused: g.Paused, EachTime: g.EachTime,
		Given: g.Given, Ends: g.Ends, Retention: g.Retention, Recipients: g.Recipients, Terms: g.Terms,
		Mode: g.Mode, GPC: g.GPC, Digest: g.Digest, Notice: Notice{Language: g.Locale, Hash: g.Notice},
	}
}

// Head is the newest receipt of an account, by which all before it are fixed: who remembers one notices
// when a receipt is altered or left out. The zero Head is that of an account without receipts.
type Head struct {
	Seq  uint64    `json:"seq"`
	Hash string    `json:"hash"`
	Time time.Time `json:"time"`
}

// Follow checks that the receipts, the newest first and as stored, are those that lead back from this
// head, without a gap. It gives the head of what comes before them: the zero Seq when that is nothing.
func (h Head) Follow(receipts ...[]byte) (Head, error) {
	for _, raw := range receipts {
		r, err := decodeReceipt(raw)
		if err != nil || r.Seq != h.Seq || r.Hash != h.Hash || (r.Seq == 1) != (r.Prev == "") {
			return Head{}, ErrChain
		}
		h = Head{Seq: r.Seq - 1, Hash: r.Prev}
	}
	return h, nil
}

// hashOf is the name of some bytes: SHA-256 in base64url.
func hashOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
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

// Receipt finds the account's receipt of this number; ErrNoReceipt when there is none.
func (e *Engine) Receipt(ctx context.Context, account id.Account, seq uint64) (Receipt, error) {
	r, err := e.db.receiptAt(ctx, account, seq)
	if err != nil {
		return Receipt{}, fmt.Errorf("receipt: %w", err)
	}
	return r, nil
}

// ReceiptHead gives the head of the account's receipts.
func (e *Engine) ReceiptHead(ctx context.Context, account id.Account) (Head, error) {
	h, err := e.db.receiptHead(ctx, account)
	if err != nil {
		return Head{}, fmt.Errorf("head of the receipts: %w", err)
	}
	return h, nil
}

// stamp is the precision of the times of a grant's life.
func stamp(now time.Time) time.Time { return now.UTC().Truncate(time.Second) }

// moment is the precision of the times of single events.
func moment(now time.Time) time.Time { return now.UTC().Truncate(time.Millisecond) }
