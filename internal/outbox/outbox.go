package outbox

import (
	"errors"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

// Kind says what happened.
type Kind string

// The kinds. Those of the first block are about one grant.
const (
	GrantGiven       Kind = "grant-given"
	GrantAmended     Kind = "grant-amended"
	GrantWithdrawn   Kind = "grant-withdrawn"
	GrantExpired     Kind = "grant-expired"
	ClaimsChanged    Kind = "claims-changed"
	ErasureRequested Kind = "erasure-requested"

	SessionRevoked Kind = "session-revoked"
	AccountPurged  Kind = "account-purged"

	Verification  Kind = "verification"
	StreamUpdated Kind = "stream-updated"
)

// How long an event waits for a vendor that does not take it, and how long the customer sees that it
// was told.
const (
	keepPending = 90 * 24 * time.Hour
	keepTold    = 365 * 24 * time.Hour
)

// Event is one thing that a vendor is told. It holds names of claims and never a value.
type Event struct {
	ID      id.Event   `json:"id"`
	Kind    Kind       `json:"kind"`
	Time    time.Time  `json:"time"`
	Account id.Account `json:"account,omitempty"` // none for what is about the stream itself
	Persona id.Persona `json:"persona,omitempty"`
	Grant   id.Grant   `json:"grant,omitempty"`
	Claims  []string   `json:"claims,omitempty"` // that the event is about, by name
	Detail  string     `json:"detail,omitempty"` // why, or the state that a verification repeats
	Ends    time.Time  `json:"ends,omitzero"`

	Place uint64 `json:"-"` // in the order of the vendor's events; set by Put
}

// Told is what became of an event, for the customer.
type Told struct {
	Event        id.Event
	Kind         Kind
	Time         time.Time
	Claims       []string
	Acknowledged time.Time // zero while the vendor has not taken note
	Refused      string    // the code with which the vendor refused to take note; it is not told again
}

// Open lets a vendor listen to these kinds, from now on. To open again changes the kinds, and
// nothing about what lies here already. What is about the stream itself is always heard.
func Open(tx store.Tx, client id.Client, kinds []Kind) error {
	last, err := lastOf(tx, client)
	if err != nil {
		return err
	}
	if !last.Open {
		last.Open, last.First = true, last.Last+1
	}
	last.Kinds = kinds
	return tx.Put(lastKey(client), encode(last), time.Time{})
}

// Shut stops that, and drops what the vendor was not told yet. It deletes some of it at each call
// and says whether all is gone; what is left is not told, whatever comes later.
func Shut(tx store.Tx, client id.Client) (done bool, err error) {
	last, err := lastOf(tx, client)
	if err != nil {
		return false, err
	}
	if last.Open {
		last.Open = false
		if err := tx.Put(lastKey(client), encode(last), time.Time{}); err != nil {
			return false, err
		}
	}
	items, err := tx.Scan(pendingPrefix(client), "", shutAtOnce)
	if err != nil {
		return false, err
	}
	for _, item := range items {
		if err := tx.Delete(item.Key); err != nil {
			return false, err
		}
	}
	return len(items) < shutAtOnce, nil
}

// shutAtOnce bounds one transaction.
const shutAtOnce = 500

// Hears says whether a vendor listens to a kind of event now.
func Hears(r store.Reader, client id.Client, k Kind) (bool, error) {
	last, err := lastOf(r, client)
	return err == nil && last.hears(k), err
}

// Put adds an event to what the vendor is told, when it listens to the kind. Call it in the
// transaction of the change. An event without an ID or time gets none: whoever writes it has both.
func Put(tx store.Tx, client id.Client, e Event) error {
	last, err := lastOf(tx, client)
	if err != nil || !last.hears(e.Kind) {
		return err
	}
	last.Last++
	if err := tx.Put(lastKey(client), encode(last), time.Time{}); err != nil {
		return err
	}
	if err := putTold(tx, e, toldRecord{}); err != nil {
		return err
	}
	return tx.Put(pendingKey(client, last.Last), encode(eventRecord{V: format, Event: e}), e.Time.Add(keepPending))
}

// Pending lists what the vendor is still to be told, in order, from after a place on, at most limit.
func Pending(r store.Reader, client id.Client, after uint64, limit int) ([]Event, error) {
	last, err := lastOf(r, client)
	if err != nil || !last.Open {
		return nil, err
	}
	items, err := r.Scan(pendingPrefix(client), pendingKey(client, max(after+1, last.First)), limit)
	if err != nil {
		return nil, err
	}
	events := make([]Event, 0, len(items))
	for _, item := range items {
		e, err := eventOf(item)
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}

// Answer is what a vendor said to an event.
type Answer struct {
	Place   uint64
	Refused string // a code of RFC 8935, 2.4; empty when it took note
}

// Settle takes an event off what the vendor is told, because it answered. An event that is not there
// any more is no mistake: answers come twice.
func Settle(tx store.Tx, client id.Client, a Answer, now time.Time) error {
	key := pendingKey(client, a.Place)
	raw, err := tx.Get(key)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	e, err := eventOf(store.Item{Key: key, Value: raw})
	if err != nil {
		return err
	}
	if err := settleTold(tx, e, a, now); err != nil {
		return err
	}
	return tx.Delete(key)
}

// Listening lists the vendors that listen.
func Listening(r store.Reader) ([]id.Client, error) {
	var clients []id.Client
	for from := ""; ; {
		items, err := r.Scan(lastPrefix, from, listeningAtOnce)
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			last, err := decode[lastRecord](item.Value)
			if err != nil {
				return nil, err
			}
			if last.Open {
				clients = append(clients, id.Client(item.Key[len(lastPrefix):]))
			}
		}
		if len(items) < listeningAtOnce {
			return clients, nil
		}
		from = items[len(items)-1].Key + "\x00"
	}
}

// listeningAtOnce is how many records one scan reads.
const listeningAtOnce = 500

// ToldUnder lists what was told under a grant, the newest first, at most limit, from after the place before
// ("" is the start), and gives the next place ("" at the end). Places are opaque to callers.
func ToldUnder(r store.Reader, grant id.Grant, before string, limit int) ([]Told, string, error) {
	prefix, from := toldPrefix(grant), ""
	if before != "" {
		from = prefix + before + "\x00"
	}
	items, err := r.Scan(prefix, from, limit+1)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(items) > limit {
		items = items[:limit]
		next = items[limit-1].Key[len(prefix):]
	}
	told := make([]Told, 0, len(items))
	for _, item := range items {
		one, err := toldOf(item.Value)
		if err != nil {
			return nil, "", err
		}
		told = append(told, one)
	}
	return told, next, nil
}

// ToldOne finds what became of one event under a grant, by when it was put; there may be none.
func ToldOne(r store.Reader, grant id.Grant, event id.Event, at time.Time) (told Told, found bool, err error) {
	raw, err := r.Get(toldKey(Event{ID: event, Grant: grant, Time: at}))
	if errors.Is(err, store.ErrNotFound) {
		return Told{}, false, nil
	}
	if err != nil {
		return Told{}, false, err
	}
	told, err = toldOf(raw)
	return told, err == nil, err
}

func toldOf(raw []byte) (Told, error) {
	rec, err := decode[toldRecord](raw)
	if err != nil {
		return Told{}, err
	}
	return Told{Event: rec.Event, Kind: rec.Kind, Time: rec.Time, Claims: rec.Claims, Acknowledged: rec.Acknowledged, Refused: rec.Refused}, nil
}

// Forget drops what the customer could see of a grant.
func Forget(tx store.Tx, grant id.Grant) error {
	items, err := tx.Scan(toldPrefix(grant), "", 0)
	if err != nil {
		return err
	}
	for _, item := range items {
		if err := tx.Delete(item.Key); err != nil {
			return err
		}
	}
	return nil
}

// putTold notes for the customer where an event about a grant stands. An account that is purged
// keeps no such note.
func putTold(tx store.Tx, e Event, rec toldRecord) error {
	if e.Grant == "" || e.Kind == AccountPurged {
		return nil
	}
	rec.V, rec.Event, rec.Kind, rec.Time, rec.Claims = format, e.ID, e.Kind, e.Time, e.Claims
	return tx.Put(toldKey(e), encode(rec), e.Time.Add(keepTold))
}

// settleTold notes the answer, unless the note was forgotten meanwhile.
func settleTold(tx store.Tx, e Event, a Answer, now time.Time) error {
	_, err := tx.Get(toldKey(e))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return err
	case a.Refused != "":
		return putTold(tx, e, toldRecord{Refused: a.Refused})
	}
	return putTold(tx, e, toldRecord{Acknowledged: now})
}
