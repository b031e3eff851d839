package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/meins-id/meins/internal/store"
)

// createRing stores the first key ring, or returns the one that another node stored first.
func (k *Keyring) createRing(ctx context.Context, fresh ringRecord) (rec ringRecord, err error) {
	err = k.store.Update(ctx, func(tx store.Tx) error {
		rec, err = k.getRing(tx)
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		rec = fresh
		return k.putRing(tx, rec)
	})
	return rec, err
}

// readRing reads the key ring; store.ErrNotFound before the first start.
func (k *Keyring) readRing(ctx context.Context) (rec ringRecord, err error) {
	err = k.store.View(ctx, func(r store.Reader) error {
		rec, err = k.getRing(r)
		return err
	})
	return rec, err
}

// changeRing stores what change makes of the ring that is stored now, and puts it to use.
func (k *Keyring) changeRing(ctx context.Context, change func(ringRecord) (ringRecord, error)) error {
	var rec ringRecord
	err := k.store.Update(ctx, func(tx store.Tx) error {
		old, err := k.getRing(tx)
		if err != nil {
			return err
		}
		if rec, err = change(old); err != nil || rec.Revision == old.Revision {
			return err
		}
		return k.putRing(tx, rec)
	})
	if err != nil {
		return err
	}
	return k.install(rec)
}

func (k *Keyring) getRing(r store.Reader) (ringRecord, error) {
	raw, err := r.Get(ringKeyName)
	if err != nil {
		return ringRecord{}, fmt.Errorf("read key ring: %w", err)
	}
	plaintext, err := k.master.Open(ringContext, raw)
	if err != nil {
		return ringRecord{}, fmt.Errorf("%w: %w", ErrMaster, err)
	}
	return decode[ringRecord](plaintext)
}

func (k *Keyring) putRing(tx store.Tx, rec ringRecord) error {
	return tx.Put(ringKeyName, k.master.Seal(ringContext, encode(rec)), time.Time{})
}
