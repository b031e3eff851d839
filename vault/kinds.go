package vault

import "slices"

// Kind is the kind of business that a vendor is in. The empty Kind is that of a vendor whose kind nobody
// confirmed; it counts as KindOther.
type Kind string

// The kinds.
const (
	KindShop      Kind = "shop"
	KindDelivery  Kind = "delivery"
	KindHealth    Kind = "health"
	KindBank      Kind = "bank" // and insurance
	KindMedia     Kind = "media"
	KindOffice    Kind = "public-office"
	KindClub      Kind = "club"
	KindEmployer  Kind = "employer"
	KindGame      Kind = "game"
	KindTravel    Kind = "travel"
	KindEducation Kind = "education"
	KindOther     Kind = "other"
)

// common is what vendors of every kind ask for: how to call a customer, where to write to them, and in
// which language.
var common = []string{
	"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "initials", "salutation", "title",
	"email", "email_verified", "locale", "languages", "zoneinfo", "updated_at", "country", "preferred_channels", "contact_hours",
}

// What several kinds ask for.
var (
	where = []string{"address", "postal_code", "locality"}
	post  = []string{"address_billing", "address_delivery", "phone_number", "phone_number_verified"}
	birth = []string{"birthdate", "birth_year", "gender", "birth_family_name", "place_of_birth", "nationalities"}
	phone = []string{"phone_number", "phone_number_verified"}
	firm  = []string{"organization", "department", "job_title", "vat_id", "email_work", "phone_number_work", "address_work"}
)

// usual is what vendors of a kind usually ask for beside common. It is this project's judgement of what a
// business of the kind needs for its ordinary work, not a law: what is not here may be asked for, and is
// marked. Whether somebody is old enough (age_over_N) is asked by any kind: it is the way to tell no more.
var usual = map[Kind][]string{
	KindShop:      slices.Concat(where, post, []string{"organization", "vat_id", "clothing_size", "shoe_size"}),
	KindDelivery:  slices.Concat(where, post, []string{"organization", "address_work"}),
	KindHealth:    slices.Concat(where, phone, birth, []string{"dietary_needs", "accessibility_needs"}),
	KindBank:      slices.Concat(where, phone, birth, []string{"iban", "vat_id", "job_title", "organization", "address_billing"}),
	KindMedia:     {"postal_code", "locality", "address_billing", "interests", "picture"},
	KindOffice:    slices.Concat(where, phone, birth, []string{"also_known_as", "accessibility_needs", "vat_id"}),
	KindClub:      slices.Concat(where, phone, []string{"birthdate", "birth_year", "iban", "interests", "picture"}),
	KindEmployer:  slices.Concat(where, phone, birth, firm, []string{"iban", "picture", "profile", "website"}),
	KindGame:      {"picture", "profile"},
	KindTravel:    slices.Concat(where, phone, birth, []string{"address_billing", "dietary_needs", "accessibility_needs", "organization", "vat_id"}),
	KindEducation: slices.Concat(where, phone, []string{"birthdate", "birth_year", "interests", "accessibility_needs", "organization", "department", "picture"}),
	KindOther:     nil,
}

// Kinds lists all kinds, KindOther last.
func Kinds() []Kind {
	return []Kind{
		KindShop, KindDelivery, KindHealth, KindBank, KindMedia, KindOffice, KindClub, KindEmployer, KindGame, KindTravel, KindEducation, KindOther,
	}
}

// Usual lists what vendors of the kind usually ask for.
func (k Kind) Usual() []string { return slices.Concat(common, usual[k.OrOther()]) }

// Known says whether it is one of the kinds.
func (k Kind) Known() bool { return slices.Contains(Kinds(), k) }

// OrOther is the kind, or KindOther for one that nobody confirmed.
func (k Kind) OrOther() Kind {
	if k.Known() {
		return k
	}
	return KindOther
}

// Asks says whether vendors of the kind usually ask for a claim. A claim of the customer's own making is
// nothing that anybody usually asks for.
func (k Kind) Asks(claim string) bool {
	if _, age := AgeOver(claim); age {
		return true
	}
	return slices.Contains(common, claim) || slices.Contains(usual[k.OrOther()], claim)
}
