package agent

import (
	"context"
	"errors"
	"strconv"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// Revisions lists the states of the vault that can be restored, the current one among them.
func (a *Agent) Revisions(ctx context.Context) ([]VaultRevision, error) {
	var answer VaultRevisionList
	err := a.transport.Do(ctx, "GET", "/vault/revisions", nil, &answer)
	return answer.Revisions, err
}

// Restore makes an older state of the vault the newest one. What vendors hold follows it.
func (a *Agent) Restore(ctx context.Context, revision uint64) (Saved, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, err := a.unlocked(ctx)
	if err != nil {
		return Saved{}, err
	}
	var answer Vault
	path := "/vault/revisions/" + strconv.FormatUint(revision, 10)
	if err := a.transport.Do(ctx, "GET", path, nil, &answer); err != nil {
		return Saved{}, err
	}
	old, err := vault.OpenDocument(a.key, id.Account(s.Account), revision, answer.Document)
	if err != nil {
		return Saved{}, err
	}
	return a.change(ctx, Edit{}, func(d *vault.Document) error {
		return restore(d, old)
	})
}

// restore takes the values of an older state. What vendors were left out of, what was taken back, and who is
// behind, is of now; and personas that are newer stay, for their vendors know them.
func restore(d *vault.Document, old vault.Document) error {
	if err := whole(old); err != nil {
		return err
	}
	now := *d
	*d = old.Clone()
	d.Revision, d.LeftOut, d.Behind, d.TakenBack = now.Revision, now.LeftOut, now.Behind, now.TakenBack
	for _, p := range now.Personas {
		if _, err := d.Persona(p.ID); err != nil {
			d.Personas = append(d.Personas, p)
		}
	}
	return nil
}

// AcceptRollback takes the older state that the server shows as the one to go on with, after the
// customer was warned. An operator who restored a backup causes this too.
func (a *Agent) AcceptRollback(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, err := a.unlocked(ctx); err != nil {
		return err
	}
	var answer Vault
	if err := a.transport.Do(ctx, "GET", "/vault", nil, &answer); err != nil {
		return err
	}
	kept, err := a.keeper.Load(ctx)
	if err != nil {
		return err
	}
	kept.Highest = answer.Revision
	return a.keeper.Save(ctx, kept)
}

// load opens the current document. An account without one gets its first revision.
func (a *Agent) load(ctx context.Context) (vault.Document, error) {
	if _, err := a.unlocked(ctx); err != nil {
		return vault.Document{}, err
	}
	var answer Vault
	if err := a.transport.Do(ctx, "GET", "/vault", nil, &answer); err != nil {
		return vault.Document{}, err
	}
	return a.open(ctx, answer)
}

func (a *Agent) open(ctx context.Context, sealed Vault) (vault.Document, error) {
	if err := a.seen(ctx, sealed.Revision); err != nil {
		return vault.Document{}, err
	}
	if sealed.Revision == 0 {
		return a.begin(ctx)
	}
	d, err := vault.OpenDocument(a.key, id.Account(a.session.Account), sealed.Revision, sealed.Document)
	if err != nil {
		return vault.Document{}, err
	}
	return d, whole(d)
}

// begin saves the first revision, unless somebody else just did.
func (a *Agent) begin(ctx context.Context) (vault.Document, error) {
	d := vault.NewDocument(a.now())
	err := a.save(ctx, &d, nil)
	if !overtaken(err) {
		return d, err
	}
	var theirs Vault
	if err := a.transport.Do(ctx, "GET", "/vault", nil, &theirs); err != nil {
		return vault.Document{}, err
	}
	if theirs.Revision == 0 {
		return vault.Document{}, ErrAnswer
	}
	return a.open(ctx, theirs)
}

// seen remembers the highest revision, and refuses to take an older one for the current.
func (a *Agent) seen(ctx context.Context, revision uint64) error {
	kept, err := a.keeper.Load(ctx)
	switch {
	case err != nil:
		return err
	case revision < kept.Highest:
		return ErrRolledBack
	case revision == kept.Highest:
		return nil
	}
	kept.Highest = revision
	return a.keeper.Save(ctx, kept)
}

// save seals the document as the next revision and stores it with the capsules.
func (a *Agent) save(ctx context.Context, d *vault.Document, capsules []ResealedCapsule) error {
	next := d.Revision + 1
	document, err := vault.SealDocument(a.key, id.Account(a.session.Account), next, *d)
	if err != nil {
		return err
	}
	var answer VaultSaved
	in := VaultSave{Revision: next, Document: document, Capsules: capsules}
	if err := a.transport.Do(ctx, "PUT", "/vault", in, &answer); err != nil {
		return err
	}
	d.Revision = next
	return a.seen(ctx, next)
}

// errNoPersonas says that a document has nobody in it.
var errNoPersonas = errors.New("a vault without personas")

// whole refuses a document that the rest of the agent could not work with.
func whole(d vault.Document) error {
	if len(d.Personas) == 0 {
		return vault.ErrSealed.Because(errNoPersonas)
	}
	return nil
}
