package consent

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

func receiptsPrefix(a id.Account) string { return "consent/receipts/" + string(a) + "/" }

// record is the one place where a decision is written down: at the end of the account's chain, in the
// transaction of the change that it is about. Whoever else is to learn of the change is told here.
func record(tx store.Tx, account id.Account, r Receipt) error {
	h, err := chainHead(tx, account)
	if err != nil {
		return err
	}
	r.Seq, r.Prev = h.Seq+1, h.Hash
	if err := tell(tx, account, r); err != nil {
		return err
	}
	raw := encodeReceipt(r)
	return putAll(tx, []put{
		{receiptsPrefix(account) + seqPlace(r.Seq, r.ID), raw, time.Time{}},
		{chainKey(account), encodeChain(Head{Seq: r.Seq, Hash: hashOf(raw), Time: r.Time}), time.Time{}},
	})
}

// seqPlace is where a receipt stands in a list that is read from the newest on. The chain gives the
// order, whatever the clock did.
func seqPlace(seq uint64, entry id.Receipt) string {
	return fmt.Sprintf("%016x-%s", math.MaxInt64-seq, entry)
}

// receiptAt reads one receipt by its number.
func (db *database) receiptAt(ctx context.Context, account id.Account, seq uint64) (found Receipt, err error) {
	if seq == 0 || seq > math.MaxInt64 {
		return Receipt{}, ErrNoReceipt
	}
	place := receiptsPrefix(account) + seqPlace(seq, "")
	err = db.View(ctx, func(r store.Reader) error {
		items, err := r.Scan(place, "", 1)
		if err != nil {
			return err
		}
		if len(items) == 0 {
			return ErrNoReceipt
		}
		found, err = decodeReceipt(items[0].Value)
		return err
	})
	return found, err
}

// chainHead reads the head of an account's receipts; the zero one when there are none.
func chainHead(r store.Reader, account id.Account) (Head, error) {
	raw, err := r.Get(chainKey(account))
	if errors.Is(err, store.ErrNotFound) {
		return Head{}, nil
	}
	if err != nil {
		return Head{}, err
	}
	c, err := decode[chainRecord](raw)
	if err != nil {
		return Head{}, fmt.Errorf("head of the receipts: %w", err)
	}
	return c.Head, nil
}

func (db *database) receiptHead(ctx context.Context, account id.Account) (h Head, err error) {
	err = db.View(ctx, func(r store.Reader) (err error) {
		h, err = chainHead(r, account)
		return err
	})
	return h, err
}

// receiptsOf reads a part of the list of decisions.
func (db *database) receiptsOf(ctx context.Context, account id.Account, before string, limit int) (receipts []Receipt, next string, err error) {
	err = db.View(ctx, func(r store.Reader) (err error) {
		receipts, next, err = page(r, receiptsPrefix(account), before, limit, decodeReceipt)
		return err
	})
	return receipts, next, err
}

// keepRefusal is for how long a refused ask is not put again.
const keepRefusal = 183 * 24 * time.Hour

// saveRefusal writes the receipt of a no, and remembers what it was said to.
func (db *database) saveRefusal(ctx context.Context, account id.Account, r Receipt, now time.Time) error {
	return db.Update(ctx, func(tx store.Tx) error {
		if err := notForgotten(tx, account); err != nil {
			return err
		}
		if err := tx.Put(refusedKey(account, r.Party.Client, r.Digest), encodeRefusal(now), now.Add(keepRefusal)); err != nil {
			return err
		}
		return record(tx, account, r)
	})
}

// refusedAt reads when an ask was refused; the zero time when it was not.
func (db *database) refusedAt(ctx context.Context, key string) (at time.Time, err error) {
	err = db.View(ctx, func(r store.Reader) error {
		raw, err := r.Get(key)
		if errors.Is(err, store.ErrNotFound) {
			at = time.Time{}
			return nil
		}
		if err != nil {
			return err
		}
		refusal, err := decode[refusalRecord](raw)
		at = refusal.Time
		return err
	})
	return at, err
}
