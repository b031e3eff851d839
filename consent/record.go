package consent

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/meins-id/meins/internal/id"
)

// recordFormat is the version that every record begins with. A record of another version is
// unreadable, and refuses.
const recordFormat = 1

var errRecord = errors.New("a record of an unknown format")

// versioned is what all JSON records begin with.
type versioned struct {
	V int `json:"v"`
}

func (v versioned) version() int { return v.V }

// termsRecord holds what never changes about a grant.
type termsRecord struct {
	versioned
	Grant      id.Grant   `json:"grant"`
	Account    id.Account `json:"account"`
	Persona    id.Persona `json:"persona"`
	Party      Party      `json:"party"`
	Claims     []Claim    `json:"claims"`
	Declined   []string   `json:"declined,omitempty"`
	Without    []Choice   `json:"without,omitempty"`
	Offline    bool       `json:"offline,omitempty"`
	Continuous bool       `json:"continuous,omitempty"`
	Once       bool       `json:"once,omitempty"`
	Detailed   bool       `json:"detailed,omitempty"`
	Retention  string     `json:"retention,omitempty"`
	Recipients []string   `json:"recipients,omitempty"`
	Terms      Agreement  `json:"terms,omitzero"`
	Ephemeral  bool       `json:"ephemeral,omitempty"`
	Digest     string     `json:"digest"`
	Locale     string     `json:"locale"`
	Notice     string     `json:"notice"`
	Given      time.Time  `json:"given"`
	Ends       time.Time  `json:"ends"`
	Wrapped    []byte     `json:"wrapped"`
	Mode       string     `json:"mode"`
	GPC        bool       `json:"gpc,omitempty"`
}

func encodeTerms(g Grant) []byte {
	return encode(termsRecord{
		versioned: versioned{recordFormat},
		Grant:     g.ID, Account: g.Account, Persona: g.Persona, Party: g.Party,
		Claims: g.Claims, Declined: g.Declined, Without: g.Without, Offline: g.Offline, Continuous: g.Continuous,
		Once: g.Once, Detailed: g.Detailed, Retention: g.Retention, Recipients: g.Recipients, Terms: g.Terms,
		Ephemeral: g.Ephemeral, Notice: g.Notice,
		Digest: g.Digest, Locale: g.Locale, Given: g.Given, Ends: g.Ends, Wrapped: g.Wrapped, Mode: g.Mode, GPC: g.GPC,
	})
}

// decodeTerms gives the terms as a grant that has no state, and so refuses. A record that was moved
// here from another grant is unreadable.
func decodeTerms(grant id.Grant, raw []byte) (*Grant, error) {
	t, err := decode[termsRecord](raw)
	if err == nil && t.Grant != grant {
		err = errRecord
	}
	if err != nil {
		return nil, fmt.Errorf("terms of a grant: %w", err)
	}
	return &Grant{
		ID: t.Grant, Account: t.Account, Persona: t.Persona, Party: t.Party,
		Claims: t.Claims, Declined: t.Declined, Without: t.Without, Offline: t.Offline, Continuous: t.Continuous,
		Once: t.Once, Detailed: t.Detailed, Retention: t.Retention, Recipients: t.Recipients, Terms: t.Terms,
		Ephemeral: t.Ephemeral, Notice: t.Notice,
		Digest: t.Digest, Locale: t.Locale, Given: t.Given, Ends: t.Ends, Wrapped: t.Wrapped, Mode: t.Mode, GPC: t.GPC,
	}, nil
}

// stateRecord says where a grant stands. What is past its end still says given: standing knows.
type stateRecord struct {
	versioned
	State    string    `json:"state"`
	Since    time.Time `json:"since"`
	Reason   string    `json:"reason,omitempty"`
	Ends     time.Time `json:"ends,omitzero"` // where it was renewed
	Taken    []Choice  `json:"taken,omitempty"`
	Paused   bool      `json:"paused,omitempty"`
	EachTime bool      `json:"each_time,omitempty"`
}

func encodeState(g Grant) []byte {
	return encode(stateRecord{
		versioned{recordFormat}, g.State.String(), stamp(g.Since), g.Reason, g.Renewed, g.Taken, g.Paused, g.EachTime,
	})
}

// usageRecord counts reads, from the first one on.
type usageRecord struct {
	versioned
	Reads uint64    `json:"reads"`
	Last  time.Time `json:"last,omitzero"`
	Sheet uint32    `json:"sheet,omitempty"` // the newest one
}

// decodeUsage reads a record; none is a grant under which nothing was read.
func decodeUsage(raw []byte) (usageRecord, error) {
	if raw == nil {
		return usageRecord{versioned: versioned{recordFormat}}, nil
	}
	u, err := decode[usageRecord](raw)
	if err != nil {
		return usageRecord{}, fmt.Errorf("usage of a grant: %w", err)
	}
	return u, nil
}

// count adds a line of reads.
func (u *usageRecord) count(t tally) {
	u.Reads += t.count
	if at := stamp(t.at); at.After(u.Last) {
		u.Last = at
	}
}

// receiptRecord is a Receipt.
type receiptRecord struct {
	versioned
	Receipt
}

func encodeReceipt(r Receipt) []byte { return encode(receiptRecord{versioned{recordFormat}, r}) }

// decodeReceipt also gives the bytes, which is what the chain is made of.
func decodeReceipt(raw []byte) (Receipt, error) {
	r, err := decode[receiptRecord](raw)
	r.Raw, r.Hash = raw, hashOf(raw)
	return r.Receipt, err
}

// chainRecord is the Head of an account's receipts.
type chainRecord struct {
	versioned
	Head
}

func encodeChain(h Head) []byte { return encode(chainRecord{versioned{recordFormat}, h}) }

// refusalRecord says when the customer refused an ask.
type refusalRecord struct {
	versioned
	Time time.Time `json:"time"`
}

func encodeRefusal(at time.Time) []byte {
	return encode(refusalRecord{versioned{recordFormat}, stamp(at)})
}

// headRecord lists the kept revisions of a document, the current one last.
type headRecord struct {
	versioned
	Kept []keptRevision `json:"kept"`
}

type keptRevision struct {
	Revision uint64    `json:"revision"`
	Saved    time.Time `json:"saved"`
}

func encodeHead(kept []keptRevision) []byte { return encode(headRecord{versioned{recordFormat}, kept}) }

// current is the last revision; the zero one when there is none.
func (h headRecord) current() keptRevision {
	if len(h.Kept) == 0 {
		return keptRevision{}
	}
	return h.Kept[len(h.Kept)-1]
}

// capsuleHead is what comes before the sealed bytes of a capsule: the format and the revision.
const capsuleHead = 1 + 8

func encodeCapsule(revision uint64, sealed []byte) []byte {
	raw := make([]byte, 1, capsuleHead+len(sealed))
	raw[0] = recordFormat
	raw = binary.BigEndian.AppendUint64(raw, revision)
	return append(raw, sealed...)
}

// decodeCapsule gives the revision and the sealed bytes, which share raw.
func decodeCapsule(raw []byte) (uint64, []byte, error) {
	if len(raw) <= capsuleHead || raw[0] != recordFormat {
		return 0, nil, fmt.Errorf("capsule: %w", errRecord)
	}
	return binary.BigEndian.Uint64(raw[1:]), raw[capsuleHead:], nil
}

// encode writes a record. It fails only for types that cannot be JSON, and none here is such.
func encode(record any) []byte {
	raw, err := json.Marshal(record)
	if err != nil {
		panic("consent: " + err.Error())
	}
	return raw
}

// decode reads a record of this version, and no other.
func decode[R interface{ version() int }](raw []byte) (R, error) {
	var record, none R
	if err := json.Unmarshal(raw, &record); err != nil {
		return none, errRecord // its text could quote the record
	}
	if record.version() != recordFormat {
		return none, errRecord
	}
	return record, nil
}
