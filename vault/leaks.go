package vault

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/meins-id/meins/internal/id"
)

// Disclosed says what a vendor has, or had, of a persona: by name.
type Disclosed struct {
	Persona id.Persona
	Vendor  string
	Claims  []string
}

// Leak is a value that would give away that two personas are the same person. It holds no value.
type Leak struct {
	Claim   string     `json:"claim"`   // that would be released
	Persona id.Persona `json:"persona"` // the other one with the same value
	Name    string     `json:"name"`    // of that persona
	// Vendors have the value from the other persona: they and the new one could find out together.
	// Without vendors the personas share it, and nobody knows it yet.
	Vendors []string `json:"vendors"`
}

// identifying are the claims that lead to one person, each with what it is: two claims of one kind
// can hold the same value. A name leads to one only together with a birth date.
var identifying = [...]struct{ claim, kind string }{
	{"address", kindAddress},
	{"address_billing", kindAddress},
	{"address_delivery", kindAddress},
	{"address_work", kindAddress},
	{"email", "email"},
	{"email_work", "email"},
	{"iban", "iban"},
	{"phone_number", kindPhone},
	{"phone_number_work", kindPhone},
	{"vat_id", "vat"},
}

// Kinds that are compared in a way of their own.
const (
	kindAddress = "address"
	kindPhone   = "phone"
)

// nameAndBirth is the kind of a name with a birth date.
const nameAndBirth = "name and birth"

// mark is an identifying value in a form that can be compared.
type mark struct{ kind, value, claim string }

// Leaks says what would link a persona to others if these claims were released: the same e-mail
// address, telephone number, account, postal address, or name with birth date. It compares the
// values of now; what a vendor was told before the customer changed it, nobody knows any more.
func Leaks(d Document, persona id.Persona, names []string, disclosed []Disclosed, now time.Time) []Leak {
	leaks := []Leak{}
	released := marks(ClaimsFor(d, persona, names, now))
	for i := range d.Personas {
		other := &d.Personas[i]
		if other.ID == persona {
			continue
		}
		shared := marks(ClaimsFor(d, other.ID, identifyingNames(), now))
		known := map[string][]mark{}
		for _, dis := range disclosed {
			if dis.Persona == other.ID {
				known[dis.Vendor] = append(known[dis.Vendor], marks(ClaimsFor(d, other.ID, dis.Claims, now))...)
			}
		}
		for _, m := range released {
			if !m.in(shared) {
				continue
			}
			leaks = append(leaks, Leak{Claim: m.claim, Persona: other.ID, Name: other.Name, Vendors: m.knownTo(known)})
		}
	}
	return leaks
}

func (m mark) in(list []mark) bool {
	return slices.ContainsFunc(list, func(o mark) bool { return o.kind == m.kind && o.value == m.value })
}

func (m mark) knownTo(known map[string][]mark) []string {
	vendors := []string{}
	for vendor, list := range known {
		if m.in(list) {
			vendors = append(vendors, vendor)
		}
	}
	slices.Sort(vendors)
	return vendors
}

// identifyingNames are all claims that can identify.
func identifyingNames() []string {
	names := []string{"name", "given_name", "family_name", "birthdate"}
	for _, i := range identifying {
		names = append(names, i.claim)
	}
	return names
}

// marks finds what identifies among claims.
func marks(claims Claims) []mark {
	var found []mark
	for _, i := range identifying {
		if value := alike(i.kind, claims[i.claim]); value != "" {
			found = append(found, mark{i.kind, value, i.claim})
		}
	}
	name, born := fold(claims.text("name")), claims.text("birthdate")
	if name == "" {
		name = fold(claims.text("given_name") + " " + claims.text("family_name"))
	}
	if name != "" && born != "" {
		found = append(found, mark{nameAndBirth, name + "\n" + born, "birthdate"})
	}
	return found
}

// text is a claim that is a JSON string; empty when it is not.
func (c Claims) text(name string) string {
	var s string
	if json.Unmarshal(c[name], &s) != nil {
		return ""
	}
	return s
}

// alike is a value without what people write differently and mean alike.
func alike(kind string, value json.RawMessage) string {
	if kind == kindAddress {
		var parts map[string]string
		if json.Unmarshal(value, &parts) != nil {
			return ""
		}
		street := fold(parts["street_address"])
		if street == "" {
			street = fold(parts["formatted"])
		}
		if street == "" {
			return "" // a town or a country is home to many
		}
		return street + "\n" + fold(parts["postal_code"]) + "\n" + fold(parts["locality"])
	}
	var s string
	if json.Unmarshal(value, &s) != nil {
		return ""
	}
	if kind != kindPhone {
		return fold(s)
	}
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
	return strings.TrimLeft(digits, "0") // 0049 and +49 call the same
}

// fold makes capitals small and white space one space.
func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }
