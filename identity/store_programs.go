package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

// Keys of programs; they expire with the token:
//
//	program/PROGRAM                  programRecord
//	account-program/ACCOUNT/PROGRAM  its place in the account's list
func programKey(p id.Program) string         { return "program/" + string(p) }
func accountProgramsKey(a id.Account) string { return "account-program/" + string(a) + "/" }

// programRecord is what is kept of a token: a keyed hash of its secret, and never the secret.
type programRecord struct {
	V       int        `json:"v"`
	ID      id.Program `json:"id"`
	Account id.Account `json:"account"`
	Name    string     `json:"name"`
	Scopes  []string   `json:"scopes"`
	Hash    []byte     `json:"hash"`
	Created int64      `json:"created"`
	Expires int64      `json:"expires"`
	Used    int64      `json:"used,omitempty"` // at most once an hour
}

func (r programRecord) format() int { return r.V }

func (p Program) record(hash []byte) programRecord {
	return programRecord{
		V: version, ID: p.ID, Account: p.Account, Name: p.Name, Scopes: p.Scopes, Hash: hash,
		Created: p.Created.Unix(), Expires: p.Expires.Unix(),
	}
}

func (r programRecord) program() Program {
	return Program{
		ID: r.ID, Account: r.Account, Name: r.Name, Scopes: r.Scopes, Created: fromUnix(r.Created), Expires: fromUnix(r.Expires),
		Used: fromUnix(r.Used),
	}
}

// saveProgram keeps a token of an account that has not too many, if the session lives and may agrees.
func (r records) saveProgram(ctx context.Context, s id.Session, rec programRecord, may func(accountRecord, sessionRecord) error) error {
	expires := fromUnix(rec.Expires)
	return r.store.Update(ctx, func(tx store.Tx) error {
		ses, acc, err := r.getBoth(tx, s)
		if err != nil {
			return err
		}
		if err := may(acc, ses); err != nil {
			return err
		}
		others, err := tx.Scan(accountProgramsKey(rec.Account), "", maxPrograms)
		if err != nil {
			return err
		}
		if len(others) >= maxPrograms {
			return ErrPrograms
		}
		if err := tx.Put(accountProgramsKey(rec.Account)+string(rec.ID), []byte(`{"v":1}`), expires); err != nil {
			return err
		}
		return tx.Put(programKey(rec.ID), encode(rec), expires)
	})
}

// readProgram reads a token whose account exists; ErrProgramToken when there is none.
func (r records) readProgram(ctx context.Context, name id.Program) (rec programRecord, err error) {
	err = r.store.View(ctx, func(s store.Reader) error {
		raw, err := s.Get(programKey(name))
		if errors.Is(err, store.ErrNotFound) {
			return ErrProgramToken
		}
		if err != nil {
			return err
		}
		if rec, err = decode[programRecord](raw); err != nil {
			return fmt.Errorf("token %s: %w", name, err)
		}
		_, err = s.Get(accountKey(rec.Account))
		if errors.Is(err, store.ErrNotFound) {
			return ErrProgramToken
		}
		return err
	})
	return rec, err
}

func (r records) readPrograms(ctx context.Context, account id.Account) (recs []programRecord, err error) {
	err = r.store.View(ctx, func(s store.Reader) error {
		recs = nil
		prefix := accountProgramsKey(account)
		items, err := s.Scan(prefix, "", maxPrograms)
		if err != nil {
			return err
		}
		keys := make([]string, len(items))
		for i, item := range items {
			keys[i] = programKey(id.Program(item.Key[len(prefix):]))
		}
		found, err := s.GetMany(keys...)
		if err != nil {
			return err
		}
		for _, raw := range found {
			if raw == nil {
				continue
			}
			rec, err := decode[programRecord](raw)
			if err != nil {
				return fmt.Errorf("token: %w", err)
			}
			recs = append(recs, rec)
		}
		return nil
	})
	return recs, err
}

// useProgram notes when a token was used, if it is still there.
func (r records) useProgram(ctx context.Context, name id.Program, now time.Time) error {
	return r.store.Update(ctx, func(tx store.Tx) error {
		raw, err := tx.Get(programKey(name))
		if errors.Is(err, store.ErrNotFound) {
			return ErrProgramToken
		}
		if err != nil {
			return err
		}
		rec, err := decode[programRecord](raw)
		if err != nil {
			return fmt.Errorf("token %s: %w", name, err)
		}
		rec.Used = now.Unix()
		return tx.Put(programKey(name), encode(rec), fromUnix(rec.Expires))
	})
}

// deletePrograms deletes every token of an account.
func (records) deletePrograms(tx store.Tx, account id.Account) error {
	prefix := accountProgramsKey(account)
	items, err := tx.Scan(prefix, "", maxPrograms)
	if err != nil {
		return err
	}
	for _, item := range items {
		if err := errors.Join(tx.Delete(item.Key), tx.Delete(programKey(id.Program(item.Key[len(prefix):])))); err != nil {
			return err
		}
	}
	return nil
}

// dropProgram deletes a token of the account.
func (r records) dropProgram(ctx context.Context, account id.Account, name id.Program) error {
	place := accountProgramsKey(account) + string(name)
	return r.store.Update(ctx, func(tx store.Tx) error {
		_, err := tx.Get(place)
		if errors.Is(err, store.ErrNotFound) {
			return ErrNoProgram
		}
		if err != nil {
			return err
		}
		return errors.Join(tx.Delete(place), tx.Delete(programKey(name)))
	})
}
