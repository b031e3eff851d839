package signal

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/outbox"
	"github.com/meins-id/meins/internal/store"
)

// This file is the only one here that knows a key:
//
//	signal/stream/<client>  the vendor's stream
//	signal/lease/<client>   which node pushes the vendor's events; expires with the node
func streamKey(c id.Client) string { return "signal/stream/" + string(c) }
func leaseKey(c id.Client) string  { return "signal/lease/" + string(c) }

// format is what every record begins with; one of another format is unreadable.
const format = 1

var errRecord = errors.New("a stream's record of an unknown format")

// streamRecord is a Stream. The vendor's secret lies in it sealed under the server's master key.
type streamRecord struct {
	V             int       `json:"v"`
	ID            id.Stream `json:"id"`
	Created       time.Time `json:"created"`
	Status        Status    `json:"status"`
	Reason        string    `json:"reason,omitempty"`
	Method        Method    `json:"method"`
	Endpoint      string    `json:"endpoint,omitempty"`
	Authorization []byte    `json:"authorization,omitempty"`
	Requested     []string  `json:"requested"`
	Description   string    `json:"description,omitempty"`
	Verified      time.Time `json:"verified,omitzero"` // when the vendor last asked for a verification
}

// sealedFor names the secret of one vendor's stream.
const sealedFor = "stream-authorization"

func (t *Transmitter) encode(s Stream, verified time.Time) []byte {
	rec := streamRecord{
		V: format, ID: s.ID, Created: s.Created, Status: s.Status, Reason: s.Reason, Method: s.Method,
		Endpoint: s.Endpoint, Requested: s.Requested, Description: s.Description, Verified: verified,
	}
	if s.Authorization != "" {
		rec.Authorization = t.o.Keys.Seal(sealedFor, string(s.Client), []byte(s.Authorization))
	}
	raw, err := json.Marshal(rec)
	if err != nil {
		panic("signal: " + err.Error()) // no such record fails to be JSON
	}
	return raw
}

func (t *Transmitter) decode(client id.Client, raw []byte) (Stream, time.Time, error) {
	var rec streamRecord
	if json.Unmarshal(raw, &rec) != nil || rec.V != format {
		return Stream{}, time.Time{}, errRecord
	}
	s := Stream{
		ID: rec.ID, Client: client, Created: rec.Created, Status: rec.Status, Reason: rec.Reason,
		Config: Config{Method: rec.Method, Endpoint: rec.Endpoint, Requested: rec.Requested, Description: rec.Description},
	}
	if rec.Authorization != nil {
		secret, err := t.o.Keys.Open(sealedFor, string(client), rec.Authorization)
		if err != nil {
			return Stream{}, time.Time{}, err
		}
		s.Authorization = string(secret)
	}
	return s, rec.Verified, nil
}

// load finds the stream of a vendor, of this name if one is given.
func (t *Transmitter) load(r store.Reader, client id.Client, stream id.Stream) (Stream, time.Time, error) {
	raw, err := r.Get(streamKey(client))
	if errors.Is(err, store.ErrNotFound) {
		return Stream{}, time.Time{}, ErrNoStream
	}
	if err != nil {
		return Stream{}, time.Time{}, err
	}
	s, verified, err := t.decode(client, raw)
	if err == nil && stream != "" && s.ID != stream {
		return Stream{}, time.Time{}, ErrNoStream
	}
	return s, verified, err
}

func (t *Transmitter) read(ctx context.Context, client id.Client) (s Stream, err error) {
	err = t.o.Store.View(ctx, func(r store.Reader) error {
		s, _, err = t.load(r, client, "")
		return err
	})
	return s, err
}

func (t *Transmitter) create(ctx context.Context, s Stream) error {
	return t.o.Store.Update(ctx, func(tx store.Tx) error {
		_, err := tx.Get(streamKey(s.Client))
		if err == nil {
			return ErrStreamExists
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return t.save(tx, s, time.Time{})
	})
}

// save stores a stream, and lets its vendor listen, or not, in the same step.
func (t *Transmitter) save(tx store.Tx, s Stream, verified time.Time) error {
	if err := tx.Put(streamKey(s.Client), t.encode(s, verified), time.Time{}); err != nil {
		return err
	}
	if s.Status != Disabled {
		return outbox.Open(tx, s.Client, wanted(s.Requested))
	}
	_, err := outbox.Shut(tx, s.Client) // what it leaves behind is told to nobody, and expires
	return err
}

func (t *Transmitter) change(ctx context.Context, client id.Client, stream id.Stream, change func(*Stream) error) (s Stream, err error) {
	err = t.o.Store.Update(ctx, func(tx store.Tx) error {
		var verified time.Time
		if s, verified, err = t.load(tx, client, stream); err != nil {
			return err
		}
		if err := change(&s); err != nil {
			return err
		}
		return t.save(tx, s, verified)
	})
	return s, err
}

func (t *Transmitter) verify(ctx context.Context, client id.Client, stream id.Stream, e outbox.Event) error {
	return t.o.Store.Update(ctx, func(tx store.Tx) error {
		s, verified, err := t.load(tx, client, stream)
		if err != nil {
			return err
		}
		if s.Status == Disabled {
			return ErrDisabled
		}
		if e.Time.Before(verified.Add(MinVerification)) {
			return ErrTooSoon
		}
		if err := tx.Put(streamKey(client), t.encode(s, e.Time), time.Time{}); err != nil {
			return err
		}
		return outbox.Put(tx, client, e)
	})
}

// remove deletes a stream and what was not told. Without a name any stream of the vendor goes, and
// none is no mistake.
func (t *Transmitter) remove(ctx context.Context, client id.Client, stream id.Stream, only ...Condition) error {
	err := t.o.Store.Update(ctx, func(tx store.Tx) error {
		now, _, err := t.load(tx, client, stream)
		if err != nil {
			return err
		}
		if err := holds(now, only); err != nil {
			return err
		}
		if err := tx.Delete(streamKey(client)); err != nil {
			return err
		}
		_, err = outbox.Shut(tx, client)
		return err
	})
	if stream == "" && errors.Is(err, ErrNoStream) {
		return nil
	}
	return err
}

// waiting reads what a vendor is still to be told, and its stream.
func (t *Transmitter) waiting(ctx context.Context, client id.Client, limit int) (s Stream, events []outbox.Event, err error) {
	err = t.o.Store.View(ctx, func(r store.Reader) error {
		if s, _, err = t.load(r, client, ""); err != nil {
			return err
		}
		events, err = outbox.Pending(r, client, 0, limit)
		return err
	})
	return s, events, err
}

// settle stores what a vendor answered.
func (t *Transmitter) settle(ctx context.Context, client id.Client, answers []outbox.Answer) error {
	if len(answers) == 0 {
		return nil
	}
	now := t.now()
	return t.o.Store.Update(ctx, func(tx store.Tx) error {
		for _, a := range answers {
			if err := outbox.Settle(tx, client, a, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// lease says whether this node may push the vendor's events for a while: two nodes that push the
// same stream would bring it out of order.
func (t *Transmitter) lease(ctx context.Context, client id.Client) (mine bool, err error) {
	err = t.o.Store.Update(ctx, func(tx store.Tx) error {
		holder, err := tx.Get(leaseKey(client))
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if mine = err != nil || string(holder) == t.node; !mine {
			return nil
		}
		return tx.Put(leaseKey(client), []byte(t.node), t.o.Now().Add(leaseTime))
	})
	return mine, err
}
