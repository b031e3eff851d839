package bolt

import (
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// indexFill packs the pages of the expiry index: its keys arrive roughly in order of time.
const indexFill = 0.9

// batch is one bbolt transaction that serves many of ours, one after another.
type batch struct {
	tx     *bbolt.Tx
	data   *bbolt.Bucket
	expiry *bbolt.Bucket
	now    time.Time
	reader *reader
	spare  overlay // lent to each transaction in turn
	bytes  int     // written so far
	dirty  bool
	swept  int
}

func newBatch(tx *bbolt.Tx, now time.Time) *batch {
	b := &batch{tx: tx, data: tx.Bucket(dataBucket), expiry: tx.Bucket(expiryBucket), now: now}
	b.expiry.FillPercent = indexFill
	b.reader = newReader(b.data.Cursor(), now)
	return b
}

// run gives r its turn. The error is the engine's, never that of r's own function.
func (b *batch) run(r *request) error {
	t := &transaction{batch: b, over: b.spare}
	t.reader = reader{cursor: b.reader.cursor, now: b.reader.now}
	t.seek = t.space[:0]
	r.call(t)
	writes := t.over
	defer func() {
		clear(writes) // the values must not outlive the batch
		b.spare = writes[:0]
	}()
	if !r.succeeded() {
		return nil
	}
	return b.apply(writes)
}

// apply brings a transaction's changes into the batch.
func (b *batch) apply(writes overlay) error {
	for _, w := range writes {
		if err := b.write(w); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	return nil
}

// write makes one change, and keeps the expiry index exact.
func (b *batch) write(w write) error {
	old := b.reader.find(w.key)
	if old == nil && w.raw == nil {
		return nil
	}
	b.dirty = true
	b.bytes += len(w.raw)
	if err := b.reindex(w.key, expiryIn(old), expiryIn(w.raw)); err != nil {
		return err
	}
	if w.raw == nil {
		return b.data.Delete([]byte(w.key))
	}
	return b.data.Put([]byte(w.key), w.raw)
}

func expiryIn(raw []byte) moment {
	if raw == nil {
		return never
	}
	return expiresAt(raw)
}

// reindex moves the entry of key from one moment to another.
func (b *batch) reindex(key string, from, to moment) error {
	if from == to {
		return nil
	}
	if from != never {
		if err := b.expiry.Delete(indexKey(from, key)); err != nil {
			return err
		}
	}
	if to == never {
		return nil
	}
	return b.expiry.Put(indexKey(to, key), nil)
}

// sweep removes at most limit expired records, the oldest first.
func (b *batch) sweep(limit int) (int, error) {
	var gone [][]byte
	c := b.expiry.Cursor()
	for k, _ := c.First(); k != nil && len(gone) < limit; k, _ = c.Next() {
		if !expiresAt(k).passed(b.reader.now) {
			break
		}
		gone = append(gone, k)
	}
	for _, k := range gone {
		if err := b.data.Delete(k[headerBytes:]); err != nil {
			return 0, fmt.Errorf("sweep: %w", err)
		}
		if err := b.expiry.Delete(k); err != nil {
			return 0, fmt.Errorf("sweep: %w", err)
		}
	}
	b.dirty = b.dirty || len(gone) > 0
	b.swept += len(gone)
	return len(gone), nil
}
