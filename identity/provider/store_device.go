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

// How it stands with a device. The zero state gives nothing.
const (
	deviceWaits    = "waiting"
	deviceApproved = "approved"
	deviceDenied   = "denied"
)

// deviceRecord is a device that waits for a customer, under device/<keyed hash of its user code>. Of a
// customer's yes it holds a sealed code that opens nothing, and serves only with the device code.
type deviceRecord struct {
	Version   int       `json:"v"`
	Name      string    `json:"name"` // of this request, which can be answered once
	Client    id.Client `json:"client"`
	Document  string    `json:"document,omitempty"` // the client's address, if that is its name
	Challenge string    `json:"challenge"`          // what is in the device code answers it
	State     string    `json:"state"`
	Code      string    `json:"code,omitempty"`
	Expires   time.Time `json:"expires"`
}

var errNoDevice = errors.New("no device waits with this code")

// deviceKept is how long a record outlives its codes, so that a late device hears why.
const deviceKept = time.Minute

// SaveDevice keeps a new one; errUsed where the user code is another's.
func (r records) SaveDevice(ctx context.Context, key string, rec deviceRecord) error {
	return r.update(ctx, func(tx store.Tx) (finding, failure error) {
		_, err := tx.Get(key)
		if err == nil {
			return errUsed, nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		return nil, putDevice(tx, key, rec)
	})
}

// Device finds one; errNoDevice when there is none.
func (r records) Device(ctx context.Context, key string) (rec deviceRecord, err error) {
	err = r.store.View(ctx, func(rd store.Reader) error {
		rec, err = getDevice(rd, key)
		return err
	})
	return rec, err
}

// SettleDevice notes the customer's answer to one that waits, once.
func (r records) SettleDevice(ctx context.Context, key, name, state, code string) error {
	return r.update(ctx, func(tx store.Tx) (finding, failure error) {
		rec, err := getDevice(tx, key)
		if err != nil {
			return nil, err
		}
		if rec.Name != name || rec.State != deviceWaits || !r.now().Before(rec.Expires) {
			return errNoDevice, nil
		}
		rec.State, rec.Code = state, code
		return nil, putDevice(tx, key, rec)
	})
}

func getDevice(rd store.Reader, key string) (deviceRecord, error) {
	raw, err := rd.Get(key)
	if errors.Is(err, store.ErrNotFound) {
		return deviceRecord{}, errNoDevice
	}
	if err != nil {
		return deviceRecord{}, err
	}
	var rec deviceRecord
	if err := json.Unmarshal(raw, &rec); err != nil {
		return deviceRecord{}, fmt.Errorf("device: %w", err)
	}
	if rec.Version != recordVersion {
		return deviceRecord{}, fmt.Errorf("device: record version %d is not known here", rec.Version)
	}
	return rec, nil
}

func putDevice(tx store.Tx, key string, rec deviceRecord) error {
	raw, err := json.Marshal(rec)
	if err != nil {
		return fmt.Errorf("device: %w", err)
	}
	return tx.Put(key, raw, rec.Expires.Add(deviceKept))
}
