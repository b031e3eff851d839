package consent

import (
	"context"
	"errors"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

func reminderKey(a id.Account) string { return "consent/reminder/" + string(a) }

func (db *database) reminderOf(ctx context.Context, account id.Account) (rec reminderRecord, err error) {
	err = db.View(ctx, func(r store.Reader) (err error) {
		rec, err = getReminder(r, account)
		return err
	})
	return rec, err
}

func getReminder(r store.Reader, account id.Account) (reminderRecord, error) {
	raw, err := r.Get(reminderKey(account))
	if errors.Is(err, store.ErrNotFound) {
		return reminderRecord{}, nil
	}
	if err != nil {
		return reminderRecord{}, err
	}
	return decode[reminderRecord](raw)
}

func (db *database) changeReminder(ctx context.Context, account id.Account, change func(*reminderRecord)) error {
	return db.Update(ctx, func(tx store.Tx) error {
		if err := notForgotten(tx, account); err != nil {
			return err
		}
		rec, err := getReminder(tx, account)
		if err != nil {
			return err
		}
		change(&rec)
		rec.versioned = versioned{recordFormat}
		return tx.Put(reminderKey(account), encode(rec), time.Time{})
	})
}
