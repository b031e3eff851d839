package consent

import (
	"context"
	"fmt"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// keptRevisions is how many revisions of a document are kept: the current one, and ten before it.
const keptRevisions = 11

// Sealed is the customer's document as the server has it: unreadable.
type Sealed struct {
	Revision uint64 // 0 when nothing was saved yet
	Document []byte // nil in a list of revisions
	Saved    time.Time
}

// Save is a new revision of the document, with the capsules that hold values it changes.
type Save struct {
	Revision uint64 // one more than the current
	Document []byte
	Capsules []Resealed
}

// Resealed is the next capsule of a grant in force.
type Resealed struct {
	Grant    id.Grant
	Revision uint64 // one more than the current
	Capsule  []byte
	Changed  []string // claims whose values are new, by name; nil when the agent does not say: any may be
}

// Vault gives the current document; its revision is 0 when there is none yet.
func (e *Engine) Vault(ctx context.Context, account id.Account) (Sealed, error) {
	s, err := e.db.currentDocument(ctx, account)
	if err != nil {
		return Sealed{}, fmt.Errorf("vault: %w", err)
	}
	return s, nil
}

// Revision gives the current document or one of the ten before it.
func (e *Engine) Revision(ctx context.Context, account id.Account, revision uint64) (Sealed, error) {
	s, err := e.db.documentAt(ctx, account, revision)
	if err != nil {
		return Sealed{}, fmt.Errorf("vault revision: %w", err)
	}
	return s, nil
}

// Revisions lists the revisions that are kept, the newest first, without the documents.
func (e *Engine) Revisions(ctx context.Context, account id.Account) ([]Sealed, error) {
	kept, err := e.db.revisionsOf(ctx, account)
	if err != nil {
		return nil, fmt.Errorf("vault revisions: %w", err)
	}
	return kept, nil
}

// SaveVault stores a document and the capsules that follow it, all or none. ErrStaleRevision says
// that the document, or the capsule of a grant, is not the next one any more.
func (e *Engine) SaveVault(ctx context.Context, account id.Account, s Save) error {
	if err := s.check(account); err != nil {
		return fmt.Errorf("save vault: %w", err)
	}
	if err := e.db.saveDocument(ctx, account, s, e.now()); err != nil {
		return fmt.Errorf("save vault: %w", err)
	}
	return nil
}

func (s Save) check(account id.Account) error {
	if _, err := id.Parse[id.Account](string(account)); err != nil {
		return ErrForgotten
	}
	switch {
	case len(s.Document) == 0:
		return ErrDocument
	case len(s.Document) > vault.MaxDocument:
		return vault.ErrTooLarge
	}
	for _, c := range s.Capsules {
		if len(c.Capsule) == 0 {
			return ErrCapsule
		}
		if len(c.Capsule) > vault.MaxCapsule {
			return vault.ErrTooLarge
		}
	}
	return nil
}
