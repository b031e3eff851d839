package consent

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/meins-id/meins/internal/shown"
	"github.com/meins-id/meins/vault"
)

// DetailsType is the type of authorization details (RFC 9396) by which a vendor says in full what it
// asks; docs/vendors.md describes its members.
const DetailsType = "https://meins.id/consent"

// Bounds of authorization details.
const (
	maxDetails    = 64 << 10 // bytes
	maxEntries    = 8        // and so, about as many purposes for one claim
	maxRecipients = 20
	maxTerms      = 10
)

// Details is what all entries of authorization details ask together: they are one ask.
type Details struct {
	Claims     []Claim // in the order of the request; a claim stands once for each entry that names it
	Retention  string
	Once       bool
	Ends       time.Duration // 0 when nothing is said
	Recipients []string
	Terms      []string // by their full names; none when nothing is said
}

// ParseDetails reads the authorization details of a request. Unlike with scopes and claims, the
// standard wants everything refused that is not known (RFC 9396, 5): types, members, values, claims.
func ParseDetails(raw []byte) (*Details, error) {
	if len(raw) > maxDetails || !utf8.Valid(raw) {
		return nil, ErrDetails
	}
	var entries []json.RawMessage
	if err := json.Unmarshal(raw, &entries); err != nil || len(entries) == 0 || len(entries) > maxEntries {
		return nil, ErrDetails // the cause could quote the vendor's text
	}
	d := &Details{}
	for i, entry := range entries {
		e, err := parseEntry(entry)
		if err != nil {
			return nil, err
		}
		if err := d.add(e, i == 0); err != nil {
			return nil, err
		}
	}
	if len(d.Recipients) > maxRecipients || len(d.Terms) > maxTerms {
		return nil, ErrDetails
	}
	if d.Terms, _ = vault.TermsNames(d.Terms); len(d.Terms) == 0 { // each of them was looked up
		d.Terms = nil
	}
	return d, nil
}

// entry is one element of authorization details.
type entry struct {
	kind, usage string
	claims      []Claim
	purpose     Purpose
	retention   string
	ends        time.Duration
	recipients  []string
	terms       []string
}

// add joins an entry. What concerns the whole consent must be the same wherever it is said.
func (d *Details) add(e entry, first bool) error {
	once := e.usage == "once"
	if !first && (d.Once != once || d.Retention != e.retention || d.Ends != e.ends) {
		return ErrDetails
	}
	d.Once, d.Retention, d.Ends = once, e.retention, e.ends
	for _, c := range e.claims {
		c.Purposes = []Purpose{e.purpose}
		d.Claims = append(d.Claims, c)
	}
	d.Recipients = union(d.Recipients, e.recipients)
	d.Terms = union(d.Terms, e.terms)
	return nil
}

// union adds what is not there yet, in order.
func union(list, more []string) []string {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	slices.Sort(list)
	return list
}

func parseEntry(raw json.RawMessage) (entry, error) {
	var e entry
	read := map[string]func(json.RawMessage) error{
		"type":       text(&e.kind),
		"usage":      text(&e.usage),
		"claims":     func(raw json.RawMessage) error { return e.readClaims(raw) },
		"purpose":    func(raw json.RawMessage) (err error) { e.purpose, err = parsePurpose(raw); return err },
		"retention":  func(raw json.RawMessage) error { return e.readRetention(raw) },
		"ends":       func(raw json.RawMessage) error { return e.readEnds(raw) },
		"recipients": func(raw json.RawMessage) error { return e.readRecipients(raw) },
		"terms":      func(raw json.RawMessage) error { return e.readTerms(raw) },
	}
	err := object(raw, func(name string, value json.RawMessage) error {
		if read[name] == nil {
			return ErrDetails
		}
		return read[name](value)
	})
	switch {
	case err != nil:
		return entry{}, err
	case e.kind != DetailsType, !slices.Contains([]string{"", "once", "continuous"}, e.usage),
		len(e.claims) == 0, e.purpose.ID == "":
		return entry{}, ErrDetails
	}
	return e, nil
}

// readClaims reads the claims of an entry: names, or objects that say whether one is required.
func (e *entry) readClaims(raw json.RawMessage) error {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil || len(list) > maxAsked {
		return ErrDetails
	}
	for _, one := range list {
		c := Claim{UserInfo: true}
		err := object(one, func(name string, value json.RawMessage) error {
			switch name {
			case "name":
				return text(&c.Name)(value)
			case "required":
				return exact(value, &c.Required)
			}
			return ErrDetails
		})
		if err != nil {
			return err
		}
		if e, ok := askable(c.Name); !ok || e.Own { // what nobody defined has no place in a defined type
			return ErrDetails
		}
		if _, twice := find(e.claims, c.Name); twice {
			return ErrDetails
		}
		e.claims = append(e.claims, c)
	}
	return nil
}

// parsePurpose reads {"iri": ..., "text": ..., "text#de": ...}.
func parsePurpose(raw json.RawMessage) (Purpose, error) {
	var iri, said string
	var local map[string]string
	err := object(raw, func(name string, value json.RawMessage) error {
		tag, translated := strings.CutPrefix(name, "text#")
		switch {
		case translated:
			local = with(local, tag, "")
			var s string
			err := text(&s)(value)
			local[tag] = s
			return err
		case name == "iri":
			return text(&iri)(value)
		case name == "text":
			return text(&said)(value)
		}
		return ErrDetails
	})
	if err != nil {
		return Purpose{}, err
	}
	p := NewPurpose(iri, said, local)
	return p, p.check()
}

func (e *entry) readRetention(raw json.RawMessage) error {
	if err := text(&e.retention)(raw); err != nil {
		return err
	}
	_, err := ParseDuration(e.retention)
	return err
}

func (e *entry) readEnds(raw json.RawMessage) (err error) {
	var s string
	if err := text(&s)(raw); err != nil {
		return err
	}
	e.ends, err = ParseDuration(s)
	return err
}

func (e *entry) readRecipients(raw json.RawMessage) error {
	if exact(raw, &e.recipients) != nil || len(e.recipients) > maxRecipients {
		return ErrDetails
	}
	for _, name := range e.recipients {
		if !shown.Line(name, 1, maxPurpose) || isGeneric(name) {
			return ErrRecipients
		}
	}
	return nil
}

func (e *entry) readTerms(raw json.RawMessage) error {
	if exact(raw, &e.terms) != nil || len(e.terms) > maxTerms {
		return ErrDetails
	}
	names, err := vault.TermsNames(e.terms)
	if err != nil {
		return ErrDetails
	}
	e.terms = names
	return nil
}

// text reads a text that is not empty.
func text(to *string) func(json.RawMessage) error {
	return func(raw json.RawMessage) error {
		if exact(raw, to) != nil || *to == "" {
			return ErrDetails
		}
		return nil
	}
}

// exact reads a value that is there: null is none.
func exact(raw json.RawMessage, to any) error {
	if bytes.Equal(raw, []byte("null")) || json.Unmarshal(raw, to) != nil {
		return ErrDetails
	}
	return nil
}

// object walks the members of an object. encoding/json would take a member in another case for the
// same one, and the last of two for both.
func object(raw json.RawMessage, member func(name string, value json.RawMessage) error) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return ErrDetails
	}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		name, isName := t.(string)
		var value json.RawMessage
		if err != nil || !isName || seen[name] || d.Decode(&value) != nil {
			return ErrDetails
		}
		seen[name] = true
		if err := member(name, value); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return ErrDetails
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return ErrDetails
	}
	return nil
}
