package web

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/vault"
)

// section is a group of names under one heading, in the order in which people think of them.
type section struct {
	key   string
	names []string
}

// sections order everything in the catalogue, on the consent screen and in the vault.
var sections = []section{
	{"name", []string{"name", "salutation", "title", "given_name", "middle_name", "family_name", "birth_family_name", "also_known_as", "nickname", "initials"}},
	{"contact", []string{"email", "email_verified", "phone_number", "phone_number_verified", "preferred_channels", "contact_hours"}},
	{"address", []string{"address", "postal_code", "locality", "country", "address_delivery", "address_billing"}},
	{"birth", []string{"birthdate", "age_over_16", "age_over_18", "age_over_21", "birth_year", "place_of_birth", "nationalities"}},
	{"work", []string{"organization", "department", "job_title", "address_work", "email_work", "phone_number_work", "vat_id"}},
	{"more", []string{
		"gender", "preferred_username", "website", "profile", "picture", "locale", "zoneinfo", "languages", "interests", "clothing_size",
		"shoe_size", "dietary_needs", "accessibility_needs", "iban", "updated_at",
	}},
}

// main are the names that people keep; the others stand back while they have no value.
var mainNames = []string{"name", "given_name", "family_name", "email", "phone_number", "address", "birthdate"}

// isMinor says that a claim without a value goes to the end.
func isMinor(name string) bool {
	if entry, err := vault.Lookup(name); err == nil && !entry.Stored && !strings.HasSuffix(name, "_verified") && name != "updated_at" {
		return false // a smaller answer than the whole birth date or address is worth its place
	}
	return !slices.Contains(mainNames, name)
}

// place is where a name stands: its section, and its number among all.
func place(name string) (sectionKey string, position int) {
	for _, s := range sections {
		for _, n := range s.names {
			if n == name {
				return s.key, position
			}
			position++
		}
	}
	return "more", position
}

// inOrder sorts claims as people think of them.
func inOrder(claims []consent.Claim) []consent.Claim {
	return slices.SortedStableFunc(slices.Values(claims), func(a, b consent.Claim) int {
		_, i := place(a.Name)
		_, j := place(b.Name)
		return i - j
	})
}

// namesInOrder sorts names alike.
func namesInOrder(names []string) []string {
	return slices.SortedStableFunc(slices.Values(names), func(a, b string) int {
		_, i := place(a)
		_, j := place(b)
		return i - j
	})
}

// group puts claims under headings.
func (l *locale) group(claims []claimView) []claimGroup {
	var groups []claimGroup
	for _, s := range sections {
		g := claimGroup{Title: l.T("group." + s.key)}
		for _, c := range claims {
			if key, _ := place(c.Name); key == s.key {
				g.Claims = append(g.Claims, c)
			}
		}
		if len(g.Claims) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

// inputView is a field that a value of the vault is typed into. An address has Parts instead.
type inputView struct {
	Attribute    string // in the vault
	Name, ID     string // of the field
	Label, Hint  string
	Kind         vault.Type
	Options      string // what there is to choose among, where that is so
	Type         string // of the HTML input
	Autocomplete string
	Max          int
	Today        string // the last day that a date may be
	Short, Plain bool   // a narrow field; a text without capitals
	Alone        bool   // its label is said by what stands around it
	Part         bool   // of an address
	Parts        []inputView
}

// autocomplete are the tokens by which browsers fill fields in.
var autocomplete = map[string]string{
	"name": "name", "given_name": "given-name", "family_name": "family-name", "middle_name": "additional-name",
	"nickname": "nickname", "preferred_username": "off", "profile": "off", "picture": "photo", "website": "url",
	"email": "email", "gender": "sex", "birthdate": "bday", "zoneinfo": "off", "locale": "language", "phone_number": "tel",
	"address.street_address": "street-address", "address.postal_code": "postal-code", "address.locality": "address-level2",
	"address.region": "address-level1", "address.country": "country-name",
	"title": "honorific-prefix", "organization": "organization", "job_title": "organization-title", "email_work": "work email", "phone_number_work": "work tel",
}

// completion is the token for a field; browsers keep out of those that they know nothing about.
func completion(field string) string {
	whole, part, _ := strings.Cut(field, ".")
	if to, ok := map[string]string{"address_delivery": "shipping ", "address_billing": "billing "}[whole]; ok {
		return to + autocomplete["address."+part]
	}
	return cmp.Or(autocomplete[field], "off")
}

// kindChoices is a list whose words are chosen among, each with a word in every language.
const kindChoices vault.Type = "choices"

func kindOf(entry vault.Entry) vault.Type {
	if entry.Item == vault.TypeChoice {
		return kindChoices
	}
	return entry.Type
}

// addressParts are the members of an address in the order in which it is written.
var addressParts = []string{"street_address", "postal_code", "locality", "region", "country"}

// placeParts are the members of a place of birth.
var placeParts = []string{"locality", "region", "country"}

// maxLine is how much a line takes that several things are typed into.
const maxLine = 2000

// inputTypes are the kinds of HTML input by type of value.
var inputTypes = map[vault.Type]string{
	vault.TypeDate: "date", vault.TypeEmail: "email", vault.TypePhone: "tel", vault.TypeURL: "url",
}

// input makes the field for an attribute that can be stored.
func (l *locale) input(entry vault.Entry, now time.Time) inputView {
	v := inputView{
		Attribute: entry.Name, Name: "attribute:" + entry.Name, ID: "attribute-" + entry.Name, Label: l.Claim(entry.Name),
		Kind: kindOf(entry), Type: "text", Autocomplete: completion(entry.Name), Max: entry.Max, Today: now.Format(time.DateOnly),
		Options: strings.Join(entry.Options, " "),
	}
	if t, ok := inputTypes[entry.Type]; ok {
		v.Type = t
	}
	if hint := "claim." + entry.Name + ".hint"; l.Has(hint) {
		v.Hint = l.T(hint)
	}
	switch entry.Type {
	case vault.TypeAddress:
		v.Parts = l.parts(entry, addressParts)
	case vault.TypePlace:
		v.Parts = l.parts(entry, placeParts)
	case vault.TypeLocale, vault.TypeCountry:
		v.Short, v.Plain = true, true
	case vault.TypeList:
		v.Max = maxLine // the vault bounds each thing in it
	case vault.TypeZone, vault.TypeURL, vault.TypeEmail, vault.TypeIBAN, vault.TypeVAT:
		v.Plain = true
	case vault.TypeString, vault.TypeBool, vault.TypeNumber, vault.TypeDate, vault.TypePhone, vault.TypeChoice, vault.TypeHours:
	}
	return v
}

// parts are the fields of an address or a place.
func (l *locale) parts(entry vault.Entry, members []string) []inputView {
	var fields []inputView
	for _, part := range members {
		v := inputView{
			Attribute: entry.Name, Name: "attribute:" + entry.Name + "." + part, ID: "attribute-" + entry.Name + "-" + part,
			Label: l.T("address." + part), Kind: vault.TypeString, Type: "text", Autocomplete: completion(entry.Name + "." + part),
			Max: entry.Max, Short: part == "postal_code", Part: true,
		}
		fields = append(fields, v)
	}
	return fields
}

// typing hands out the fields for claims that have no value, each attribute's once.
type typing struct {
	l    *locale
	now  time.Time
	done map[string]bool
}

func newTyping(l *locale, now time.Time) *typing {
	return &typing{l: l, now: now, done: map[string]bool{}}
}

// inputs are the fields that give a claim its value: its own, or of what it follows from.
func (t *typing) inputs(claim string) []inputView {
	entry, err := vault.Lookup(claim)
	if err != nil || entry.Own {
		return nil // a vendor could write anything beside a field of its own naming
	}
	names := entry.From
	if entry.Stored {
		names = []string{claim}
	}
	var fields []inputView
	for _, name := range names {
		from, err := vault.Lookup(name)
		if err != nil || t.done[name] || !from.Stored {
			continue
		}
		t.done[name] = true
		field := t.l.input(from, t.now)
		field.Alone = name == claim && len(field.Parts) == 0
		if claim == "name" {
			field.Hint = "" // the parts that it could be made of are not on this page
		}
		fields = append(fields, field)
	}
	return fields
}
