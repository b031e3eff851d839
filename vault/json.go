package vault

import (
	"encoding/json"
	"maps"
)

// members names the JSON members of a value that this program knows, each with where it goes.
type members map[string]any

// decode reads an object into the members, with exact names, and returns the members it did not
// know. (encoding/json alone would drop those, and take "Format" for "format".)
func (m members) decode(data []byte) (map[string]json.RawMessage, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	for name, target := range m {
		raw, ok := all[name]
		if !ok {
			continue
		}
		if err := json.Unmarshal(raw, target); err != nil {
			return nil, err
		}
		delete(all, name)
	}
	if len(all) == 0 {
		all = nil // the usual case: equal to never having been read
	}
	return all, nil
}

// encode writes the members and the unknown ones as one object, sorted by name.
func (m members) encode(extra map[string]json.RawMessage) ([]byte, error) {
	all := make(map[string]any, len(m)+len(extra))
	for name, raw := range extra {
		all[name] = raw
	}
	maps.Copy(all, m)
	return json.Marshal(all)
}

func (d *Document) members() members {
	return members{
		"format": &d.Format, "revision": &d.Revision, "personas": &d.Personas, "left_out": &d.LeftOut, "behind": &d.Behind,
		"taken_back": &d.TakenBack,
	}
}

func (p *Persona) members() members {
	return members{
		"id": &p.ID, "name": &p.Name, "created": &p.Created, "attributes": &p.Attributes,
		"inherits": &p.Inherits, "always": &p.Rules.Always, "never": &p.Rules.Never,
		"terms": &p.Terms,
	}
}

// without drops members that say nothing: they are written only where there is something to say.
func (m members) without(empty map[string]bool) members {
	for name, is := range empty {
		if is {
			delete(m, name)
		}
	}
	return m
}

func (a *Attribute) members() members {
	return members{"value": &a.Value, "source": &a.Source, "updated": &a.Updated, "verified": &a.Verified}
}

// MarshalJSON writes the document with the members it was read with.
func (d Document) MarshalJSON() ([]byte, error) {
	empty := map[string]bool{"left_out": len(d.LeftOut) == 0, "behind": len(d.Behind) == 0, "taken_back": len(d.TakenBack) == 0}
	return d.members().without(empty).encode(d.Extra)
}

// UnmarshalJSON reads a document and keeps members it does not know.
func (d *Document) UnmarshalJSON(data []byte) (err error) {
	d.Extra, err = d.members().decode(data)
	return err
}

// MarshalJSON writes the persona with the members it was read with.
func (p Persona) MarshalJSON() ([]byte, error) {
	empty := map[string]bool{
		"inherits": len(p.Inherits) == 0, "always": len(p.Rules.Always) == 0, "never": len(p.Rules.Never) == 0,
		"terms": p.Terms == nil, // an empty list says something: none
	}
	return p.members().without(empty).encode(p.Extra)
}

// UnmarshalJSON reads a persona and keeps members it does not know.
func (p *Persona) UnmarshalJSON(data []byte) (err error) {
	p.Extra, err = p.members().decode(data)
	return err
}

// MarshalJSON writes the attribute with the members it was read with.
func (a Attribute) MarshalJSON() ([]byte, error) { return a.members().encode(a.Extra) }

// UnmarshalJSON reads an attribute and keeps members it does not know.
func (a *Attribute) UnmarshalJSON(data []byte) (err error) {
	a.Extra, err = a.members().decode(data)
	return err
}
