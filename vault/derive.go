package vault

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/meins-id/meins/internal/id"
)

// derivation makes a claim out of the attributes of a persona; nil when they do not yield it.
type derivation func(p *Persona, now time.Time) json.RawMessage

// ClaimsFor gives the claims of these names that the persona's attributes yield; a name that yields
// nothing is left out. It decides nothing: the names are those that the customer approved. The day
// that ages are reckoned for is the day of now in now's own zone.
func ClaimsFor(d Document, persona id.Persona, names []string, now time.Time) Claims {
	claims := Claims{}
	p, err := d.whole(persona)
	if err != nil {
		return claims
	}
	var updated time.Time
	for _, name := range names {
		entry, err := Lookup(name)
		if err != nil {
			continue
		}
		if value := p.claim(entry, now); value != nil {
			claims[name] = value
			updated = later(updated, p.updated(entry))
		}
	}
	for _, name := range names {
		if name == claimUpdatedAt && !updated.IsZero() {
			claims[name] = json.RawMessage(strconv.FormatInt(updated.Unix(), 10))
		}
	}
	return claims
}

// claimUpdatedAt follows from what is released with it, so that it tells nothing about the rest.
const claimUpdatedAt = "updated_at"

// claim is the stored value, or else the derived one, or else nil.
func (p *Persona) claim(e Entry, now time.Time) json.RawMessage {
	if a, ok := p.Attributes[e.Name]; ok && e.Stored {
		return a.Value
	}
	if e.derive != nil {
		return e.derive(p, now)
	}
	return nil
}

// updated is when the value of the claim last changed.
func (p *Persona) updated(e Entry) time.Time {
	if a, ok := p.Attributes[e.Name]; ok && e.Stored {
		return a.Updated
	}
	var last time.Time
	for _, from := range e.From {
		last = later(last, p.Attributes[from].Updated)
	}
	return last
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// text reads an attribute that is a JSON string; empty when there is none.
func (p *Persona) text(name string) string {
	var s string
	if json.Unmarshal(p.Attributes[name].Value, &s) != nil {
		return ""
	}
	return s
}

// fullName joins the parts of a name that are there.
func fullName(p *Persona, _ time.Time) json.RawMessage {
	var parts []string
	for _, part := range [...]string{"given_name", "middle_name", "family_name"} {
		if s := p.text(part); s != "" {
			parts = append(parts, s)
		}
	}
	return jsonText(strings.Join(parts, " "))
}

// verified is false unless the attribute says that somebody checked it; nil without the attribute.
func verified(name string) derivation {
	return func(p *Persona, _ time.Time) json.RawMessage {
		a, ok := p.Attributes[name]
		if !ok {
			return nil
		}
		return jsonBool(a.Verified)
	}
}

// ageOver is true from the birthday on; who was born on 29 February has it on 1 March of other years.
func ageOver(years int) derivation {
	return func(p *Persona, now time.Time) json.RawMessage {
		born, err := time.Parse(time.DateOnly, p.text("birthdate"))
		if err != nil {
			return nil
		}
		year, month, day := now.Date()
		age := year - born.Year()
		if month < born.Month() || month == born.Month() && day < born.Day() {
			age--
		}
		return jsonBool(age >= years)
	}
}

// birthYear is the year of the birth date.
func birthYear(p *Persona, _ time.Time) json.RawMessage {
	born, err := time.Parse(time.DateOnly, p.text("birthdate"))
	if err != nil {
		return nil
	}
	return json.RawMessage(strconv.Itoa(born.Year()))
}

// addressMember is one member of the address.
func addressMember(member string) derivation {
	return func(p *Persona, _ time.Time) json.RawMessage {
		var address map[string]string
		if json.Unmarshal(p.Attributes["address"].Value, &address) != nil {
			return nil
		}
		return jsonText(address[member])
	}
}

// same is another attribute as it is.
func same(name string) derivation {
	return func(p *Persona, _ time.Time) json.RawMessage { return p.Attributes[name].Value }
}

// initials are the first letters of the parts of a name, or else of the words of a full name.
func initials(p *Persona, _ time.Time) json.RawMessage {
	words := p.text("given_name") + " " + p.text("middle_name") + " " + p.text("family_name")
	if strings.TrimSpace(words) == "" {
		words = p.text("name")
	}
	var letters strings.Builder
	for _, word := range strings.FieldsFunc(words, func(r rune) bool { return unicode.IsSpace(r) || r == '-' }) {
		if first := strings.IndexFunc(word, unicode.IsLetter); first >= 0 {
			r, _ := utf8.DecodeRuneInString(word[first:])
			letters.WriteRune(unicode.ToUpper(r))
		}
	}
	return jsonText(letters.String())
}

// jsonText is the JSON of a text, nil for the empty one.
func jsonText(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return nil // no string does this
	}
	return raw
}

func jsonBool(b bool) json.RawMessage { return json.RawMessage(strconv.FormatBool(b)) }
