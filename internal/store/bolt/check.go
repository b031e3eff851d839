package bolt

import (
	"errors"
	"fmt"
	"os"
	"time"

	"go.etcd.io/bbolt"
)

// Check reads a database file through and says whether it is whole, without changing it: for a
// backup that came from elsewhere. A file that is shorter than it says is found before its missing
// pages are touched.
func Check(path string) (err error) {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("check database: %w", err)
	}
	db, err := bbolt.Open(path, fileMode, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return fmt.Errorf("check database: %w: %w", ErrFormat, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return db.View(func(tx *bbolt.Tx) error {
		if tx.Size() > info.Size() {
			return fmt.Errorf("check database: %d bytes of %d: %w", info.Size(), tx.Size(), ErrFormat)
		}
		for err := range tx.Check() {
			return fmt.Errorf("check database: %w: %w", ErrFormat, err)
		}
		return nil
	})
}
