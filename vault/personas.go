package vault

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/meins-id/meins/internal/id"
)

// maxPersonaName is the longest name of a persona in characters.
const maxPersonaName = 50

// Rules are what a persona has decided once for all vendors: claims that it is glad to share, and
// claims that it never shares. They are about claims by name: who never shares a birth date may
// still share an age.
type Rules struct {
	Always []string `json:"always,omitempty"`
	Never  []string `json:"never,omitempty"`
}

// Base is the persona that the others may inherit values from: the first one.
func (d *Document) Base() (*Persona, error) {
	if len(d.Personas) == 0 {
		return nil, ErrNoPersona
	}
	return &d.Personas[0], nil
}

// isBase says whether others inherit from this persona.
func (d *Document) isBase(persona id.Persona) bool {
	return len(d.Personas) > 0 && d.Personas[0].ID == persona
}

// AddPersona makes a persona without values of its own. What it inherits is named one by one: a value
// that two personas share is one by which vendors recognise that they are the same person.
func (d *Document) AddPersona(name string, inherits []string, now time.Time) (id.Persona, error) {
	if _, err := d.Base(); err != nil {
		return "", err
	}
	p := Persona{ID: id.New[id.Persona](), Created: stamp(now), Attributes: map[string]Attribute{}}
	name, err := d.freeName(name, p.ID)
	if err != nil {
		return "", err
	}
	p.Name = name
	for _, attribute := range inherits {
		if err := p.inherit(attribute); err != nil {
			return "", err
		}
	}
	d.Personas = append(slices.Clip(d.Personas), p)
	return p.ID, nil
}

// RenamePersona gives a persona another name. Vendors never see it.
func (d *Document) RenamePersona(persona id.Persona, name string) error {
	p, err := d.Persona(persona)
	if err != nil {
		return err
	}
	if name, err = d.freeName(name, persona); err != nil {
		return err
	}
	p.Name = name
	return nil
}

// freeName checks a name, and that no other persona has it.
func (d *Document) freeName(name string, persona id.Persona) (string, error) {
	name = strings.TrimSpace(name)
	if err := checkText(name, maxPersonaName, false); err != nil {
		return "", err
	}
	for _, other := range d.Personas {
		if other.ID != persona && strings.EqualFold(other.Name, name) {
			return "", ErrPersonaName
		}
	}
	return name, nil
}

// RemovePersona deletes a persona with its values. That of the base is refused: others follow it.
// Grants of the persona are the caller's to end first.
func (d *Document) RemovePersona(persona id.Persona) error {
	if _, err := d.Persona(persona); err != nil {
		return err
	}
	if d.isBase(persona) {
		return ErrBasePersona
	}
	d.Personas = slices.DeleteFunc(slices.Clone(d.Personas), func(p Persona) bool { return p.ID == persona })
	return nil
}

// SetRules replaces the standing decisions of a persona.
func (d *Document) SetRules(persona id.Persona, r Rules) error {
	p, err := d.Persona(persona)
	if err != nil {
		return err
	}
	for _, list := range []*[]string{&r.Always, &r.Never} {
		for _, name := range *list {
			if _, err := Lookup(name); err != nil {
				return err
			}
		}
		*list = sorted(*list)
	}
	if slices.ContainsFunc(r.Always, func(name string) bool { return slices.Contains(r.Never, name) }) {
		return ErrRules
	}
	p.Rules = r
	return nil
}

// SetTerms replaces the terms that a persona proffers. Empty means none at all; nil those of the base,
// which are DefaultTerms until it has some of its own.
func (d *Document) SetTerms(persona id.Persona, terms []string) error {
	p, err := d.Persona(persona)
	if err != nil {
		return err
	}
	if terms != nil {
		if terms, err = TermsNames(terms); err != nil {
			return err
		}
	}
	p.Terms = terms
	return nil
}

// Proffered are the terms that a persona proffers, the best for the customer first.
func (d *Document) Proffered(persona id.Persona) ([]string, error) {
	p, err := d.Persona(persona)
	switch {
	case err != nil:
		return nil, err
	case p.Terms != nil:
		return slices.Clone(p.Terms), nil
	case d.Personas[0].Terms != nil:
		return slices.Clone(d.Personas[0].Terms), nil
	}
	return DefaultTerms(), nil
}

// Deal is what comes of a persona's terms with a vendor.
type Deal struct {
	Proffered []string `json:"proffered"`        // by the persona
	Agreed    string   `json:"agreed,omitempty"` // empty when the vendor accepts none of them
}

// Deal says what comes of a persona's terms with a vendor that accepts these.
func (d *Document) Deal(persona id.Persona, accepted []string) (Deal, error) {
	proffered, err := d.Proffered(persona)
	if err != nil {
		return Deal{}, err
	}
	return Deal{Proffered: proffered, Agreed: Agree(proffered, accepted)}, nil
}

// Inherit makes an attribute of a persona that of the base; an own value is dropped.
func (d *Document) Inherit(persona id.Persona, name string) error {
	p, err := d.Persona(persona)
	if err != nil {
		return err
	}
	if d.isBase(persona) {
		return ErrBasePersona
	}
	return p.inherit(name)
}

func (p *Persona) inherit(name string) error {
	entry, err := Lookup(name)
	switch {
	case err != nil:
		return err
	case !entry.Stored:
		return ErrDerived
	}
	delete(p.Attributes, name)
	p.Inherits = sorted(append(slices.Clone(p.Inherits), name))
	return nil
}

// disown makes sure that an attribute is not the base's any more.
func (p *Persona) disown(name string) {
	if slices.Contains(p.Inherits, name) {
		p.Inherits = slices.DeleteFunc(slices.Clone(p.Inherits), func(n string) bool { return n == name })
	}
}

// whole is the persona with the values that it inherits among its own.
func (d *Document) whole(persona id.Persona) (*Persona, error) {
	p, err := d.Persona(persona)
	if err != nil || len(p.Inherits) == 0 || d.isBase(persona) {
		return p, err
	}
	base := &d.Personas[0]
	with := *p
	with.Attributes = maps.Clone(p.Attributes)
	if with.Attributes == nil {
		with.Attributes = map[string]Attribute{}
	}
	for _, name := range p.Inherits {
		if _, own := p.Attributes[name]; own {
			continue
		}
		if a, ok := base.Attributes[name]; ok {
			with.Attributes[name] = a
		}
	}
	return &with, nil
}

// Values are all attributes of a persona, also those that it inherits, by name.
func (d *Document) Values(persona id.Persona) (Claims, error) {
	p, err := d.whole(persona)
	if err != nil {
		return nil, err
	}
	values := make(Claims, len(p.Attributes))
	for name, a := range p.Attributes {
		values[name] = a.Value
	}
	return values, nil
}

// LeaveOut makes a grant keep what its vendor has now of some claims, while the vault goes on: null
// stands for a claim that the vendor has no value of.
func (d *Document) LeaveOut(grant id.Grant, names []string, has Claims) {
	if len(names) == 0 {
		return
	}
	left := maps.Clone(d.LeftOut)
	if left == nil {
		left = map[id.Grant]Claims{}
	}
	kept := maps.Clone(left[grant])
	if kept == nil {
		kept = Claims{}
	}
	for _, name := range names {
		kept[name] = json.RawMessage("null")
		if value, ok := has[name]; ok {
			kept[name] = value
		}
	}
	left[grant] = kept
	d.LeftOut = left
}

// TakeBack keeps claims of these names out of a grant for good.
func (d *Document) TakeBack(grant id.Grant, names []string) {
	if len(names) == 0 {
		return
	}
	taken := maps.Clone(d.TakenBack)
	if taken == nil {
		taken = map[id.Grant][]string{}
	}
	taken[grant] = sorted(slices.Concat(taken[grant], names))
	d.TakenBack = taken
}

// StillGiven are those of the names that were not taken back.
func (d *Document) StillGiven(grant id.Grant, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(d.TakenBack[grant], name) })
}

// ClaimsForGrant are the claims of these names as the vendor of a grant is to have them: those of the
// persona, but for what was left out and what was taken back.
func (d *Document) ClaimsForGrant(grant id.Grant, persona id.Persona, names []string, now time.Time) Claims {
	names = d.StillGiven(grant, names)
	claims := ClaimsFor(*d, persona, names, now)
	for name, value := range d.LeftOut[grant] {
		if !slices.Contains(names, name) {
			continue
		}
		delete(claims, name)
		if string(value) != "null" {
			claims[name] = value
		}
	}
	return claims
}

func sorted(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return slices.Compact(names)
}
