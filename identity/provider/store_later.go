package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

// The keys of requests for later; they expire with the request:
//
//	later/<id>                     the request
//	later-of/<account>/<client>    which of the vendor's waits for this customer
func laterKey(name id.Request) string        { return "later/" + string(name) }
func latersPrefix(account id.Account) string { return "later-of/" + string(account) + "/" }

// laterRecord is an authorization request that waits. Account is empty when it waits for nobody in
// particular.
type laterRecord struct {
	Version int        `json:"v"`
	ID      id.Request `json:"id"`
	Client  id.Client  `json:"client"`
	Account id.Account `json:"account,omitempty"`
	Request request    `json:"request"`
}

// SaveLater keeps a request; ErrLaterWaits when another of the same vendor waits for the customer.
func (r records) SaveLater(ctx context.Context, rec laterRecord) error {
	raw, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	return r.update(ctx, func(tx store.Tx) (finding, failure error) {
		if rec.Account != "" {
			waits, err := r.otherWaits(tx, rec)
			if waits || err != nil {
				return ErrLaterWaits, err
			}
			if err := tx.Put(latersPrefix(rec.Account)+string(rec.Client), []byte(rec.ID), rec.Request.Until); err != nil {
				return nil, err
			}
		}
		return nil, tx.Put(laterKey(rec.ID), raw, rec.Request.Until)
	})
}

// otherWaits says whether one of the vendor's waits that has not been answered.
func (r records) otherWaits(rd store.Reader, rec laterRecord) (bool, error) {
	name, err := rd.Get(latersPrefix(rec.Account) + string(rec.Client))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	found, err := rd.GetMany(laterKey(id.Request(name)), oncePushed+string(name))
	if err != nil {
		return false, err
	}
	return found[0] != nil && found[1] == nil, nil
}

// Later reads a request; ErrNoLater when there is none, or none any more.
func (r records) Later(ctx context.Context, name id.Request) (rec laterRecord, err error) {
	err = r.store.View(ctx, func(rd store.Reader) (err error) {
		rec, err = r.later(rd, name)
		return err
	})
	return rec, err
}

func (r records) later(rd store.Reader, name id.Request) (laterRecord, error) {
	raw, err := rd.Get(laterKey(name))
	if errors.Is(err, store.ErrNotFound) {
		return laterRecord{}, ErrNoLater
	}
	if err != nil {
		return laterRecord{}, err
	}
	var rec laterRecord
	if err := json.Unmarshal(raw, &rec); err != nil || rec.Version != recordVersion {
		return laterRecord{}, fmt.Errorf("request for later %s: not a record of this version", name)
	}
	if !r.now().Before(rec.Request.Until) {
		return laterRecord{}, ErrNoLater
	}
	return rec, nil
}

// DropLater deletes a request. That nobody waits for it any more is found when it is looked for.
func (r records) DropLater(ctx context.Context, name id.Request) error {
	return r.store.Update(ctx, func(tx store.Tx) error { return tx.Delete(laterKey(name)) })
}

// LatersOf reads what waits for an account, at most one from each vendor.
func (r records) LatersOf(ctx context.Context, account id.Account) (all []laterRecord, err error) {
	err = r.store.View(ctx, func(rd store.Reader) error {
		all = nil
		items, err := rd.Scan(latersPrefix(account), "", maxWaiting)
		if err != nil {
			return err
		}
		for _, item := range items {
			rec, err := r.later(rd, id.Request(item.Value))
			if errors.Is(err, ErrNoLater) {
				continue
			}
			if err != nil {
				return err
			}
			all = append(all, rec)
		}
		return nil
	})
	return all, err
}

// maxWaiting bounds what one customer is shown, and what one step deletes.
const maxWaiting = 200

// ForgetLaters deletes what waits for an account.
func (r records) ForgetLaters(ctx context.Context, account id.Account) error {
	for {
		n := 0
		err := r.store.Update(ctx, func(tx store.Tx) error {
			items, err := tx.Scan(latersPrefix(account), "", maxWaiting)
			if err != nil {
				return err
			}
			n = len(items)
			for _, item := range items {
				if err := errors.Join(tx.Delete(item.Key), tx.Delete(laterKey(id.Request(item.Value)))); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || n < maxWaiting {
			return err
		}
	}
}

// lastUse is until when it is to be known that a pushed request was answered.
func (q request) lastUse() time.Time {
	if until := q.Until.Add(flowLifetime); until.After(q.Issued.Add(flowLifetime + pushedLifetime)) {
		return until
	}
	return q.Issued.Add(flowLifetime + pushedLifetime)
}
