package bolt

import (
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// Check reads a database file through and says whether it is whole, without changing it: for a
// backup that came from elsewhere. A file that is shorter than it says is found before its missing
// pages are touched. bbolt's own check would die of a page that makes no sense.
func Check(path string) error {
	if err := check(path); err != nil {
		return fmt.Errorf("check database: %w", err)
	}
	return nil
}

func check(path string) (err error) {
	if err := refuseShort(path); err != nil {
		return err
	}
	db, err := bbolt.Open(path, fileMode, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return explain(err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return guarded(func() error {
		if err := wholeLength(db); err != nil {
			return err
		}
		return db.View(func(tx *bbolt.Tx) error {
			return tx.ForEach(func(_ []byte, b *bbolt.Bucket) error { return readThrough(b) })
		})
	})
}
