package reference

import (
	"fmt"
	"strings"
)

// kind is what a value is, in words, with the name of the object that it is or holds.
type kind struct {
	Words string // "list of", "text, at most 300 characters"
	Name  string // of an object that the page describes; empty for plain values
}

// kindOf describes a schema in words.
func (d document) kindOf(schema object) kind {
	name, s := named(schema), d.resolve(schema)
	if all := s.list("oneOf"); len(all) > 0 {
		return d.eitherOf(all)
	}
	switch s.text("type") {
	case "array":
		items := d.kindOf(s.object("items"))
		return kind{strings.TrimSpace("list of " + items.Words), items.Name}
	case "object":
		if name != "" && s.object("properties") != nil {
			return kind{Name: name}
		}
		return kind{Words: "object"}
	case "boolean":
		return kind{Words: "true or false"}
	case "integer":
		return kind{Words: "number" + between(s, "minimum", "maximum", "")}
	}
	return kind{Words: words(s)}
}

// eitherOf describes alternatives; they are of one name or of none.
func (d document) eitherOf(all []any) kind {
	var said []string
	var name string
	for _, one := range all {
		schema, _ := one.(object) // an alternative is a schema
		k := d.kindOf(schema)
		if k.Words == "" {
			k.Words = "one"
		}
		said, name = append(said, k.Words), k.Name
	}
	return kind{strings.Join(said, ", or "), name}
}

// words describes a text.
func words(s object) string {
	if choices := s.texts("enum"); len(choices) > 0 {
		return "one of " + strings.Join(choices, ", ")
	}
	switch s.text("format") {
	case "byte":
		return "bytes (base64)"
	case "date-time":
		return "time"
	}
	return "text" + between(s, "minLength", "maxLength", " characters")
}

// between says how small and how large.
func between(s object, least, most, unit string) string {
	low, high := s.at(least), s.at(most)
	switch {
	case low != nil && high != nil && low == high:
		return fmt.Sprintf(", %v%s", low, unit)
	case low != nil && high != nil && low != 0:
		return fmt.Sprintf(", %v to %v%s", low, high, unit)
	case high != nil:
		return fmt.Sprintf(", at most %v%s", high, unit)
	case low != nil && low != 0:
		return fmt.Sprintf(", at least %v%s", low, unit)
	}
	return ""
}

// field is one member of an object.
type field struct {
	Name   string
	Kind   kind
	Needed bool
	Text   []prose
}

// fieldsOf lists the members of an object.
func (d document) fieldsOf(schema object) []field {
	s := d.resolve(schema)
	needed := s.texts("required")
	var all []field
	for _, p := range s.object("properties") {
		inner, _ := p.value.(object) // a property is a schema
		f := field{Name: p.name, Kind: d.kindOf(inner), Text: d.about(inner)}
		for _, name := range needed {
			f.Needed = f.Needed || name == p.name
		}
		all = append(all, f)
	}
	return all
}

// about is what a schema, or a plain one that it refers to, says of itself.
func (d document) about(schema object) []prose {
	if schema.text("description") != "" {
		return paragraphs(schema.text("description"))
	}
	s := d.resolve(schema)
	if s.text("type") == "object" {
		return nil // it has a place of its own
	}
	return paragraphs(s.text("description"))
}

// prose is a paragraph: plain text and code by turns.
type prose []span

type span struct {
	Text string
	Code bool
}

// paragraphs reads text in which an empty line parts paragraphs and backquotes hold code.
func paragraphs(text string) []prose {
	var all []prose
	for _, p := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if p == "" {
			continue
		}
		var one prose
		for i, part := range strings.Split(strings.Join(strings.Fields(p), " "), "`") {
			if part != "" {
				one = append(one, span{part, i%2 == 1})
			}
		}
		all = append(all, one)
	}
	return all
}
