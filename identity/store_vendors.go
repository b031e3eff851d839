package identity

import (
	"context"
	"errors"
	"fmt"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

const vendorPrefix = "vendor/"

func vendorKey(c id.Client) string { return vendorPrefix + string(c) }
func logoKey(c id.Client) string   { return "vendor-logo/" + string(c) }

// createVendor stores a vendor and its picture, unless the client exists.
func (s *Vendors) createVendor(ctx context.Context, v Vendor) error {
	return s.store.Update(ctx, func(tx store.Tx) error {
		_, err := tx.Get(vendorKey(v.ID))
		if err == nil {
			return ErrVendorExists
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return putVendor(tx, v)
	})
}

// putVendor stores a vendor and its picture, for as long as it may stay.
func putVendor(tx store.Tx, v Vendor) error {
	rec := v.record()
	if len(v.Logo) > 0 {
		logo := encode(logoRecord{V: version, Type: v.LogoType, Data: v.Logo})
		if err := tx.Put(logoKey(v.ID), logo, rec.expires()); err != nil {
			return err
		}
	}
	return tx.Put(vendorKey(v.ID), encode(rec), rec.expires())
}

// readVendor reads a vendor's record as it lies there; ErrNoVendor when there is none.
func (s *Vendors) readVendor(ctx context.Context, c id.Client) (raw []byte, err error) {
	err = s.store.View(ctx, func(r store.Reader) error {
		raw, err = getVendor(r, c)
		return err
	})
	return raw, err
}

// readVendors reads every vendor's record.
func (s *Vendors) readVendors(ctx context.Context) (raws [][]byte, err error) {
	err = s.store.View(ctx, func(r store.Reader) error {
		raws = nil
		for from := ""; ; {
			items, err := r.Scan(vendorPrefix, from, scanPage)
			if err != nil {
				return fmt.Errorf("list vendors: %w", err)
			}
			for _, it := range items {
				raws = append(raws, it.Value)
			}
			if len(items) < scanPage {
				return nil
			}
			from = items[len(items)-1].Key + "\x00"
		}
	})
	return raws, err
}

// decodeVendor reads the picture that a record names, and makes a Vendor of both.
func (s *Vendors) decodeVendor(ctx context.Context, raw []byte) (Vendor, error) {
	rec, err := decode[vendorRecord](raw)
	if err != nil || rec.Logo == "" {
		return rec.vendor(logoRecord{}), err
	}
	var logo logoRecord
	err = s.store.View(ctx, func(r store.Reader) error {
		b, err := r.Get(logoKey(rec.ID))
		if errors.Is(err, store.ErrNotFound) {
			return ErrNoVendor // removed since its record was read
		}
		if err != nil {
			return fmt.Errorf("read logo: %w", err)
		}
		logo, err = decode[logoRecord](b)
		return err
	})
	return rec.vendor(logo), err
}

// changeVendor stores what change makes of a vendor's record.
func (s *Vendors) changeVendor(ctx context.Context, c id.Client, change func(*vendorRecord) error) error {
	return s.store.Update(ctx, func(tx store.Tx) error {
		rec, err := getVendorRecord(tx, c)
		if err != nil {
			return err
		}
		if err := change(&rec); err != nil {
			return err
		}
		return tx.Put(vendorKey(c), encode(rec), rec.expires())
	})
}

// deleteVendor deletes a vendor and its picture; ErrNoVendor when there is none.
func (s *Vendors) deleteVendor(ctx context.Context, c id.Client) error {
	return s.store.Update(ctx, func(tx store.Tx) error {
		if _, err := getVendor(tx, c); err != nil {
			return err
		}
		if err := tx.Delete(logoKey(c)); err != nil {
			return err
		}
		return tx.Delete(vendorKey(c))
	})
}

func getVendorRecord(r store.Reader, c id.Client) (vendorRecord, error) {
	raw, err := getVendor(r, c)
	if err != nil {
		return vendorRecord{}, err
	}
	return decode[vendorRecord](raw)
}

func getVendor(r store.Reader, c id.Client) ([]byte, error) {
	raw, err := r.Get(vendorKey(c))
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNoVendor
	}
	if err != nil {
		return nil, fmt.Errorf("read vendor: %w", err)
	}
	return raw, nil
}
