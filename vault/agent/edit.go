package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// saveTries is how often a change is tried again on top of somebody else's.
const saveTries = 5

// Attributes are values of one persona.
type Attributes struct {
	Attributes vault.Claims `json:"attributes"`
	Revision   uint64       `json:"revision"`
	Persona    id.Persona   `json:"persona"`
	Inherited  []string     `json:"inherited,omitempty"` // those that are the base persona's
	LeftOut    []string     `json:"left_out,omitempty"`  // of ReadBy: those that are not what the vault says now
}

// String hides the values.
func (Attributes) String() string { return redacted }

// GoString hides the values.
func (Attributes) GoString() string { return redacted }

// Saved is what a change of the vault led to.
type Saved struct {
	Revision uint64   `json:"revision"`
	Updated  []string `json:"updated"`            // vendors that will see the change at their next read
	Missed   []string `json:"missed,omitempty"`   // vendors whose copy could not be sealed anew
	LeftOut  []string `json:"left_out,omitempty"` // vendors that keep what they have
}

// Edit is a change of one persona.
type Edit struct {
	Persona  id.Persona                 `json:"persona,omitempty"` // the base when empty
	Values   map[string]json.RawMessage `json:"values,omitempty"`  // null removes one
	Inherit  []string                   `json:"inherit,omitempty"` // to be the base's from now on
	LeaveOut []id.Grant                 `json:"leave_out,omitempty"`
	Include  []id.Grant                 `json:"include,omitempty"` // to get what they were left out of before
}

// String hides the values.
func (Edit) String() string { return redacted }

// GoString hides the values.
func (Edit) GoString() string { return redacted }

// Get reads attributes of the base persona: those of these names, also derived ones, or without
// names all that are set.
func (a *Agent) Get(ctx context.Context, names ...string) (Attributes, error) {
	return a.Read(ctx, "", names...)
}

// Read is Get for any persona; the base when empty.
func (a *Agent) Read(ctx context.Context, persona id.Persona, names ...string) (Attributes, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d, err := a.load(ctx)
	if err != nil {
		return Attributes{}, err
	}
	p, err := named(&d, persona)
	if err != nil {
		return Attributes{}, err
	}
	got := Attributes{Revision: d.Revision, Persona: p.ID}
	if len(names) > 0 {
		got.Attributes = vault.ClaimsFor(d, p.ID, names, a.now())
	} else if got.Attributes, err = d.Values(p.ID); err != nil {
		return Attributes{}, err
	}
	for _, name := range p.Inherits {
		if _, there := got.Attributes[name]; there {
			got.Inherited = append(got.Inherited, name)
		}
	}
	return got, nil
}

// ReadBy reads what the vendor of a grant has of these claims: what it was left out of is as it was then.
func (a *Agent) ReadBy(ctx context.Context, grant id.Grant, persona id.Persona, names ...string) (Attributes, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d, err := a.load(ctx)
	if err != nil {
		return Attributes{}, err
	}
	p, err := named(&d, persona)
	if err != nil {
		return Attributes{}, err
	}
	return Attributes{
		Attributes: d.ClaimsForGrant(grant, p.ID, names, a.now()), Revision: d.Revision, Persona: p.ID,
		LeftOut: sortedNames(d.LeftOut[grant]),
	}, nil
}

// named is a persona of the document; the base when empty.
func named(d *vault.Document, persona id.Persona) (*vault.Persona, error) {
	if persona == "" {
		return d.Base()
	}
	return d.Persona(persona)
}

// Set changes attributes of the base persona; null removes one. Capsules of continuous grants that
// hold a changed value are sealed anew in the same save. Every value is checked before anything is
// saved.
func (a *Agent) Set(ctx context.Context, values map[string]json.RawMessage) (Saved, error) {
	return a.Edit(ctx, Edit{Values: values})
}

// Edit is Set for any persona, and for some of its vendors only: those of a grant that is left out
// keep what they have of the claims that change here, until they are included again.
func (a *Agent) Edit(ctx context.Context, e Edit) (Saved, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.change(ctx, e, func(d *vault.Document) error { return a.apply(d, e) })
}

func (a *Agent) apply(d *vault.Document, e Edit) error {
	p, err := named(d, e.Persona)
	if err != nil {
		return err
	}
	now := a.now()
	for name, value := range e.Values {
		if value == nil || bytes.Equal(value, []byte("null")) {
			err = d.Remove(p.ID, name)
		} else {
			err = d.Set(p.ID, name, value, now)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, name := range e.Inherit {
		if err := d.Inherit(p.ID, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// change loads, changes and saves. When somebody else saved in between it does so again on top of
// their state, a bounded number of times. What does not fit into one save follows in further ones.
func (a *Agent) change(ctx context.Context, e Edit, edit func(*vault.Document) error) (Saved, error) {
	var saved Saved
	for range saveTries {
		var behind bool
		next, behind, err := a.try(ctx, e, edit)
		if overtaken(err) {
			continue
		}
		if err != nil {
			return saved, err
		}
		saved = saved.and(next)
		if !behind {
			return saved, nil
		}
		return a.catchUp(ctx, saved)
	}
	return Saved{}, ErrBusy
}

// maxSaves bounds how many saves a change takes: each brings some hundred capsules.
const maxSaves = 100

// catchUp seals the capsules that did not fit into the save of a change. Should it be cut off, the
// document says who is behind, and the next change goes on.
func (a *Agent) catchUp(ctx context.Context, saved Saved) (Saved, error) {
	nothing := func(*vault.Document) error { return nil }
	for range maxSaves {
		next, behind, err := a.try(ctx, Edit{}, nothing)
		if overtaken(err) {
			continue
		}
		if err != nil {
			return saved, err
		}
		saved = saved.and(next)
		if !behind {
			return saved, nil
		}
	}
	return saved, ErrBusy
}

// and puts what two saves led to together.
func (s Saved) and(next Saved) Saved {
	next.Updated = append(slices.Clone(s.Updated), next.Updated...)
	next.Missed = append(slices.Clone(s.Missed), next.Missed...)
	next.LeftOut = append(slices.Clone(s.LeftOut), next.LeftOut...)
	if next.Updated == nil {
		next.Updated = []string{}
	}
	return next
}

// overtaken says that the state which a save was made for is gone: another revision was saved, or a
// grant ended whose capsule came along.
func overtaken(err error) bool {
	var p *Problem
	return errors.As(err, &p) && (p.Status == statusStale || strings.HasPrefix(p.Code, "grant-"))
}

// try makes one save; behind says that grants are left for the next.
func (a *Agent) try(ctx context.Context, e Edit, edit func(*vault.Document) error) (s Saved, behind bool, err error) {
	before, err := a.load(ctx)
	if err != nil {
		return Saved{}, false, err
	}
	after := before.Clone()
	if err := edit(&after); err != nil {
		return Saved{}, false, err
	}
	if len(before.Behind) == 0 && len(e.Include) == 0 && same(before, after) {
		return Saved{Revision: before.Revision}, false, nil
	}
	capsules, result, err := a.reseal(ctx, before, &after, e)
	if err != nil {
		return Saved{}, false, err
	}
	if err := a.save(ctx, &after, capsules); err != nil {
		return Saved{}, false, err
	}
	result.Revision = after.Revision
	return result, len(after.Behind) > 0, nil
}

// same says that two states of the vault say the same.
func same(a, b vault.Document) bool {
	one, first := json.Marshal(a)
	other, second := json.Marshal(b)
	return first == nil && second == nil && bytes.Equal(one, other)
}
