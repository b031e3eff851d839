package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// saveTries is how often a change is tried again on top of somebody else's.
const saveTries = 5

// Attributes are values of the vault.
type Attributes struct {
	Attributes vault.Claims `json:"attributes"`
	Revision   uint64       `json:"revision"`
}

// String hides the values.
func (Attributes) String() string { return redacted }

// GoString hides the values.
func (Attributes) GoString() string { return redacted }

// LogValue hides the values.
func (Attributes) LogValue() slog.Value { return hidden }

// Saved is what a change of the vault led to.
type Saved struct {
	Revision uint64   `json:"revision"`
	Updated  []string `json:"updated"`          // vendors that will see the change at their next read
	Missed   []string `json:"missed,omitempty"` // vendors whose copy could not be sealed anew
}

// Get reads attributes: those of these names, also derived ones, or without names all that are set.
func (a *Agent) Get(ctx context.Context, names ...string) (Attributes, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d, err := a.load(ctx)
	if err != nil {
		return Attributes{}, err
	}
	if len(names) > 0 {
		return Attributes{vault.ClaimsFor(d, persona(d), names, a.now()), d.Revision}, nil
	}
	values := vault.Claims{}
	for name, attribute := range d.Personas[0].Attributes {
		values[name] = attribute.Value
	}
	return Attributes{values, d.Revision}, nil
}

// Set changes attributes; null removes one. Capsules of continuous grants that hold a changed value
// are sealed anew in the same save. Every value is checked before anything is saved.
func (a *Agent) Set(ctx context.Context, values map[string]json.RawMessage) (Saved, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.change(ctx, func(d *vault.Document) error { return a.apply(d, values) })
}

func (a *Agent) apply(d *vault.Document, values map[string]json.RawMessage) error {
	now := a.now()
	for name, value := range values {
		var err error
		if value == nil || bytes.Equal(value, []byte("null")) {
			err = d.Remove(persona(*d), name)
		} else {
			err = d.Set(persona(*d), name, value, now)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

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
	return a.change(ctx, func(d *vault.Document) error {
		revision := d.Revision
		*d = old.Clone()
		d.Revision = revision
		return whole(*d)
	})
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

// change loads, changes and saves. When somebody else saved in between it does so again on top of
// their state, a bounded number of times.
func (a *Agent) change(ctx context.Context, edit func(*vault.Document) error) (Saved, error) {
	for range saveTries {
		saved, err := a.try(ctx, edit)
		if !overtaken(err) {
			return saved, err
		}
	}
	return Saved{}, ErrBusy
}

// overtaken says that the state which a save was made for is gone: another revision was saved, or a
// grant ended whose capsule came along.
func overtaken(err error) bool {
	var p *Problem
	return errors.As(err, &p) && (p.Status == statusStale || strings.HasPrefix(p.Code, "grant-"))
}

func (a *Agent) try(ctx context.Context, edit func(*vault.Document) error) (Saved, error) {
	before, err := a.load(ctx)
	if err != nil {
		return Saved{}, err
	}
	after := before.Clone()
	if err := edit(&after); err != nil {
		return Saved{}, err
	}
	names := changed(before, after)
	if len(names) == 0 {
		return Saved{Revision: before.Revision, Updated: []string{}}, nil
	}
	capsules, result, err := a.reseal(ctx, after, names)
	if err != nil {
		return Saved{}, err
	}
	if err := a.save(ctx, &after, capsules); err != nil {
		return Saved{}, err
	}
	result.Revision = after.Revision
	return result, nil
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

// persona is the one that the agent acts for: the first.
func persona(d vault.Document) id.Persona { return d.Personas[0].ID }

// changed lists the attributes that differ, of any persona.
func changed(before, after vault.Document) []string {
	var names []string
	for _, p := range after.Personas {
		old, err := before.Persona(p.ID)
		if err != nil {
			old = &vault.Persona{}
		}
		for name, attribute := range p.Attributes {
			if was, ok := old.Attributes[name]; !ok || !bytes.Equal(was.Value, attribute.Value) {
				names = append(names, name)
			}
		}
		for name := range old.Attributes {
			if _, ok := p.Attributes[name]; !ok {
				names = append(names, name)
			}
		}
	}
	return names
}
