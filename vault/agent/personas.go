package agent

import (
	"context"
	"slices"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// PersonaName is a persona to choose.
type PersonaName struct {
	ID   id.Persona `json:"id"`
	Name string     `json:"name"`
}

// PersonaInfo is a persona without its values.
type PersonaInfo struct {
	PersonaName
	Base     bool        `json:"base"` // the others may inherit from it, and it cannot be removed
	Created  time.Time   `json:"created"`
	Own      []string    `json:"own"`                // attributes with a value of its own
	Inherits []string    `json:"inherits,omitempty"` // attributes that are the base's
	Rules    vault.Rules `json:"rules"`
	Terms    []string    `json:"terms"`        // that it proffers
	Chosen   bool        `json:"terms_chosen"` // its own; else those of the base, or the program's
	Vendors  []string    `json:"vendors"`      // that know it by a consent in force
}

// PersonaList is what the customer's personas are, the base first.
type PersonaList struct {
	Personas []PersonaInfo `json:"personas"`
}

func personaNames(d vault.Document) []PersonaName {
	names := make([]PersonaName, len(d.Personas))
	for i, p := range d.Personas {
		names[i] = PersonaName{p.ID, p.Name}
	}
	return names
}

// Personas lists the customer's personas.
func (a *Agent) Personas(ctx context.Context) (PersonaList, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d, err := a.load(ctx)
	if err != nil {
		return PersonaList{}, err
	}
	var grants GrantList
	if err := a.transport.Do(ctx, "GET", "/grants", nil, &grants); err != nil {
		return PersonaList{}, err
	}
	list := PersonaList{Personas: make([]PersonaInfo, len(d.Personas))}
	for i, p := range d.Personas {
		info := PersonaInfo{
			PersonaName: PersonaName{p.ID, p.Name}, Base: i == 0, Created: p.Created,
			Own: []string{}, Inherits: p.Inherits, Rules: p.Rules, Vendors: []string{},
		}
		if info.Terms, err = d.Proffered(p.ID); err != nil {
			return PersonaList{}, err
		}
		info.Chosen = p.Terms != nil
		for name := range p.Attributes {
			info.Own = append(info.Own, name)
		}
		slices.Sort(info.Own)
		for _, g := range grants.Grants {
			if id.Persona(g.Persona) == p.ID && inForce(g, a.now()) {
				info.Vendors = append(info.Vendors, g.Vendor.Name)
			}
		}
		list.Personas[i] = info
	}
	return list, nil
}

// AddPersona makes a persona that inherits these attributes from the base, and nothing else.
func (a *Agent) AddPersona(ctx context.Context, name string, inherits []string) (PersonaName, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var added PersonaName
	_, err := a.change(ctx, Edit{}, func(d *vault.Document) error {
		persona, err := d.AddPersona(name, inherits, a.now())
		if err != nil {
			return err
		}
		added = PersonaName{persona, d.Personas[len(d.Personas)-1].Name}
		return nil
	})
	if err != nil {
		return PersonaName{}, err
	}
	return added, nil
}

// RenamePersona gives a persona another name, which no vendor ever sees.
func (a *Agent) RenamePersona(ctx context.Context, persona id.Persona, name string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, err := a.change(ctx, Edit{}, func(d *vault.Document) error { return d.RenamePersona(persona, name) })
	return err
}

// SetRules replaces the standing decisions of a persona; the base when empty.
func (a *Agent) SetRules(ctx context.Context, persona id.Persona, rules vault.Rules) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, err := a.change(ctx, Edit{}, func(d *vault.Document) error {
		p, err := named(d, persona)
		if err != nil {
			return err
		}
		return d.SetRules(p.ID, rules)
	})
	return err
}

// SetTerms replaces the terms that a persona proffers; the base's when no persona is named. Nil goes back to
// those of the base.
func (a *Agent) SetTerms(ctx context.Context, persona id.Persona, terms []string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, err := a.change(ctx, Edit{}, func(d *vault.Document) error {
		p, err := named(d, persona)
		if err != nil {
			return err
		}
		return d.SetTerms(p.ID, terms)
	})
	return err
}

// RemovePersona deletes a persona with its values. Its consents in force are withdrawn first, when
// the customer says so; otherwise they keep it.
func (a *Agent) RemovePersona(ctx context.Context, persona id.Persona, withdraw bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	d, err := a.load(ctx)
	if err != nil {
		return err
	}
	if err := d.RemovePersona(persona); err != nil {
		return err // before anything is withdrawn in vain
	}
	var grants GrantList
	if err := a.transport.Do(ctx, "GET", "/grants", nil, &grants); err != nil {
		return err
	}
	for _, g := range grants.Grants {
		if id.Persona(g.Persona) != persona || !inForce(g, a.now()) {
			continue
		}
		if !withdraw {
			return ErrPersonaInUse
		}
		if err := a.transport.Do(ctx, "POST", "/grants/"+g.ID+"/withdraw", nil, &Grant{}); err != nil {
			return err
		}
	}
	_, err = a.change(ctx, Edit{}, func(d *vault.Document) error { return d.RemovePersona(persona) })
	return err
}

// inForce says that the vendor may read.
func inForce(g Grant, now time.Time) bool { return g.State == GrantStateGiven && now.Before(g.Ends) }

// knownAs is the persona by which a vendor knows the customer; empty when there is none.
func knownAs(grants []Grant, client string, now time.Time) id.Persona {
	for _, g := range grants {
		if g.Vendor.Client == client && inForce(g, now) && !g.Ephemeral {
			return id.Persona(g.Persona)
		}
	}
	return ""
}

// disclosed is what vendors have, or had: what ended was read all the same.
func disclosed(grants []Grant) []vault.Disclosed {
	var all []vault.Disclosed
	for _, g := range grants {
		all = append(all, vault.Disclosed{Persona: id.Persona(g.Persona), Vendor: g.Vendor.Name, Claims: claimNames(g.Claims)})
	}
	return all
}

// both are the names that are in two lists.
func both(one, other []string) []string {
	var names []string
	for _, name := range one {
		if slices.Contains(other, name) {
			names = append(names, name)
		}
	}
	return names
}
