package outbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

// The records:
//
//	outbox/last/<client>             whether the vendor listens, and the place of its newest event
//	outbox/pending/<client>/<place>  an event that it was not told, or did not acknowledge, yet
//	outbox/told/<grant>/<time>-<id>  what the customer sees of it
const lastPrefix = "outbox/last/"

func lastKey(c id.Client) string       { return lastPrefix + string(c) }
func pendingPrefix(c id.Client) string { return "outbox/pending/" + string(c) + "/" }
func toldPrefix(g id.Grant) string     { return "outbox/told/" + string(g) + "/" }

// pendingKey orders events by their place.
func pendingKey(c id.Client, place uint64) string {
	return fmt.Sprintf("%s%016x", pendingPrefix(c), place)
}

// toldKey orders what was told with the newest first.
func toldKey(e Event) string {
	return fmt.Sprintf("%s%016x-%s", toldPrefix(e.Grant), math.MaxInt64-max(e.Time.UnixMilli(), 0), e.ID)
}

// format is what every record begins with; one of another format is unreadable.
const format = 1

var errRecord = errors.New("a record of an unknown format")

// lastRecord outlives the listening, so that places are never given out twice.
type lastRecord struct {
	V     int    `json:"v"`
	Last  uint64 `json:"last"`  // the place of the newest event
	First uint64 `json:"first"` // the place from which on the vendor listens this time
	Open  bool   `json:"open"`
	Kinds []Kind `json:"kinds,omitempty"`
}

func (r lastRecord) hears(k Kind) bool {
	return r.Open && (k == Verification || k == StreamUpdated || slices.Contains(r.Kinds, k))
}

// lastOf reads it; a vendor that never listened has an empty one.
func lastOf(r store.Reader, client id.Client) (lastRecord, error) {
	raw, err := r.Get(lastKey(client))
	if errors.Is(err, store.ErrNotFound) {
		return lastRecord{V: format}, nil
	}
	if err != nil {
		return lastRecord{}, err
	}
	return decode[lastRecord](raw)
}

type eventRecord struct {
	V int `json:"v"`
	Event
}

type toldRecord struct {
	V            int       `json:"v"`
	Event        id.Event  `json:"event"`
	Kind         Kind      `json:"kind"`
	Time         time.Time `json:"time"`
	Claims       []string  `json:"claims,omitempty"`
	Acknowledged time.Time `json:"acknowledged,omitzero"`
	Refused      string    `json:"refused,omitempty"`
}

func (r lastRecord) version() int  { return r.V }
func (r eventRecord) version() int { return r.V }
func (r toldRecord) version() int  { return r.V }

func eventOf(item store.Item) (Event, error) {
	rec, err := decode[eventRecord](item.Value)
	if err != nil {
		return Event{}, err
	}
	if rec.Place, err = strconv.ParseUint(item.Key[strings.LastIndexByte(item.Key, '/')+1:], 16, 64); err != nil {
		return Event{}, errRecord
	}
	return rec.Event, nil
}

// encode writes a record. It fails only for types that cannot be JSON, and none here is such.
func encode(record any) []byte {
	raw, err := json.Marshal(record)
	if err != nil {
		panic("outbox: " + err.Error())
	}
	return raw
}

func decode[R interface{ version() int }](raw []byte) (R, error) {
	var record, none R
	if json.Unmarshal(raw, &record) != nil || record.version() != format {
		return none, errRecord
	}
	return record, nil
}
