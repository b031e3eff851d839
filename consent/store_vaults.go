package consent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

func headKey(a id.Account) string { return "consent/document/" + string(a) }

func documentKey(a id.Account, revision uint64) string {
	return fmt.Sprintf("consent/document/%s/%d", a, revision)
}

// head reads which revisions are kept; none for a new account.
func head(r store.Reader, account id.Account) (headRecord, error) {
	raw, err := r.Get(headKey(account))
	if errors.Is(err, store.ErrNotFound) {
		return headRecord{}, nil
	}
	if err != nil {
		return headRecord{}, err
	}
	h, err := decode[headRecord](raw)
	if err != nil {
		return headRecord{}, fmt.Errorf("head of a vault: %w", err)
	}
	return h, nil
}

// saveDocument writes a revision and the capsules that follow it, all or none, and drops the oldest
// revision.
func (db *database) saveDocument(ctx context.Context, account id.Account, s Save, now time.Time) error {
	return db.Update(ctx, func(tx store.Tx) error {
		if err := notForgotten(tx, account); err != nil {
			return err
		}
		h, err := head(tx, account)
		if err != nil {
			return err
		}
		if s.Revision != h.current().Revision+1 {
			return ErrStaleRevision
		}
		for _, c := range s.Capsules {
			g, err := db.reseal(tx, account, c, now)
			if err != nil {
				return err
			}
			if err := tellChanged(tx, g, c, now); err != nil {
				return err
			}
		}
		return putDocument(tx, account, s, h.Kept, now)
	})
}

// putDocument writes the revision, the new list of revisions, and deletes what falls off it.
func putDocument(tx store.Tx, account id.Account, s Save, kept []keptRevision, now time.Time) error {
	kept = append(kept, keptRevision{s.Revision, stamp(now)})
	for len(kept) > keptRevisions {
		if err := tx.Delete(documentKey(account, kept[0].Revision)); err != nil {
			return err
		}
		kept = kept[1:]
	}
	return putAll(tx, []put{
		{documentKey(account, s.Revision), s.Document, time.Time{}},
		{headKey(account), encodeHead(kept), time.Time{}},
	})
}

// reseal puts the next capsule of a grant of the account that is in force.
func (db *database) reseal(tx store.Tx, account id.Account, c Resealed, now time.Time) (Grant, error) {
	g, was, err := db.sealedGrant(tx, c.Grant)
	if err != nil {
		return Grant{}, err
	}
	if g.Account != account {
		return Grant{}, ErrNoGrant
	}
	if refusal := over(g, now); refusal != ReasonNone {
		return Grant{}, refusal.fault()
	}
	if was.sealed == nil {
		return Grant{}, ErrExpired
	}
	if c.Revision != was.revision+1 {
		return Grant{}, ErrStaleRevision
	}
	return *g, tx.Put(capsuleKey(c.Grant), encodeCapsule(c.Revision, c.Capsule), g.Ends)
}

// currentDocument reads the newest revision.
func (db *database) currentDocument(ctx context.Context, account id.Account) (s Sealed, err error) {
	err = db.View(ctx, func(r store.Reader) error {
		h, err := head(r, account)
		if err != nil || len(h.Kept) == 0 {
			s = Sealed{}
			return err
		}
		s, err = document(r, account, h.current())
		return err
	})
	return s, err
}

// documentAt reads a revision that is kept.
func (db *database) documentAt(ctx context.Context, account id.Account, revision uint64) (s Sealed, err error) {
	err = db.View(ctx, func(r store.Reader) error {
		h, err := head(r, account)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(h.Kept, func(k keptRevision) bool { return k.Revision == revision })
		if i < 0 {
			return ErrNoRevision
		}
		s, err = document(r, account, h.Kept[i])
		return err
	})
	return s, err
}

func document(r store.Reader, account id.Account, k keptRevision) (Sealed, error) {
	raw, err := r.Get(documentKey(account, k.Revision))
	if err != nil {
		return Sealed{}, fmt.Errorf("document: %w", err)
	}
	return Sealed{Revision: k.Revision, Document: raw, Saved: k.Saved}, nil
}

// revisionsOf lists the kept revisions, the newest first.
func (db *database) revisionsOf(ctx context.Context, account id.Account) ([]Sealed, error) {
	var h headRecord
	err := db.View(ctx, func(r store.Reader) (err error) {
		h, err = head(r, account)
		return err
	})
	if err != nil {
		return nil, err
	}
	kept := make([]Sealed, 0, len(h.Kept))
	for _, k := range slices.Backward(h.Kept) {
		kept = append(kept, Sealed{Revision: k.Revision, Saved: k.Saved})
	}
	return kept, nil
}

// dropDocuments deletes all revisions.
func dropDocuments(tx store.Tx, account id.Account) error {
	h, err := head(tx, account)
	if err != nil {
		return err
	}
	for _, k := range h.Kept {
		if err := tx.Delete(documentKey(account, k.Revision)); err != nil {
			return err
		}
	}
	return tx.Delete(headKey(account))
}
