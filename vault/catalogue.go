package vault

// Type says what a value looks like. It is what pages choose an input field by.
type Type string

// The types of values.
const (
	TypeString  Type = "string"
	TypeBool    Type = "bool"
	TypeNumber  Type = "number"
	TypeDate    Type = "date"    // YYYY-MM-DD
	TypeEmail   Type = "email"   // local@domain
	TypePhone   Type = "phone"   // E.164 preferred
	TypeURL     Type = "url"     // https:// or http://
	TypeLocale  Type = "locale"  // BCP 47
	TypeZone    Type = "zone"    // Europe/Berlin
	TypeAddress Type = "address" // an object, OpenID Connect Core 5.1.1
	TypePlace   Type = "place"   // an object: country, region, locality (OpenID Connect for Identity Assurance)
	TypeCountry Type = "country" // the three letters of ICAO Doc 9303 and ISO 3166-1, such as DEU
	TypeIBAN    Type = "iban"    // ISO 13616, without spaces
	TypeVAT     Type = "vat"     // with the country's prefix, without spaces
	TypeChoice  Type = "choice"  // one of Options
	TypeHours   Type = "hours"   // days and times, such as Mo-Fr 09:00-17:00
	TypeList    Type = "list"    // several of what Item says
)

// Sensitivity says how much harm a value can do in wrong hands. What nobody has judged is "" and
// is treated like the special ones.
type Sensitivity string

// The sensitivities.
const (
	Ordinary  Sensitivity = "ordinary"
	Sensitive Sensitivity = "sensitive" // lends itself to fraud, or to unequal treatment
	Special   Sensitivity = "special"   // of a category that GDPR Art. 9 protects, or telling of one
)

// Entry is what is known about one name.
type Entry struct {
	Name    string
	Type    Type
	Item    Type     // of the members of a list
	Options []string // of a choice, or of the members of a list of choices
	Scope   string   // the OpenID Connect scope that asks for it; empty when only its name does
	Max     int      // characters of a text, of each member of an object, or of each in a list
	From    []string // the attributes that the claim follows from, when it is not stored
	// Stored says that the customer may set it. A claim that is stored and has From follows from
	// those only while nothing is set.
	Stored      bool
	Own         bool        // a name of the customer's making, outside the catalogue
	Category    string      // of personal data: a term of the Data Privacy Vocabulary's extension "pd"
	Sensitivity Sensitivity // "" like Special
	derive      derivation
}

// OwnAct says that releasing it takes an act of its own, apart from approving the rest: special
// categories, and portraits.
func (e Entry) OwnAct() bool {
	return e.Sensitivity != Ordinary && e.Sensitivity != Sensitive || e.Name == "picture"
}

// pd is the namespace of the categories of personal data (https://w3id.org/dpv/pd).
const pd = "https://w3id.org/dpv/pd#"

// The attributes that others follow from.
var (
	fromBirth   = []string{"birthdate"}
	fromAddress = []string{"address"}
	fromNames   = []string{"given_name", "middle_name", "family_name"}
)

// channels are the ways to reach somebody.
var channels = []string{"email", "phone", "sms", "messenger", "post", "app", "in_person"}

// catalogue is everything that has a name of its own here: the standard claims of OpenID Connect
// Core 5.1 in its order; what can be released instead of a whole birth date, name or address; then
// what OpenID Connect for Identity Assurance names, and what vendors ask beyond it. Names that are
// not here are any age_over_N, or the customer's own texts: see Lookup.
var catalogue = []Entry{
	{Name: "name", Type: TypeString, Scope: "profile", Max: 200, Stored: true, From: fromNames, derive: fullName, Category: pd + "Name", Sensitivity: Ordinary},
	{Name: "given_name", Type: TypeString, Scope: "profile", Max: 100, Stored: true, Category: pd + "Name", Sensitivity: Ordinary},
	{Name: "family_name", Type: TypeString, Scope: "profile", Max: 100, Stored: true, Category: pd + "Name", Sensitivity: Ordinary},
	{Name: "middle_name", Type: TypeString, Scope: "profile", Max: 100, Stored: true, Category: pd + "Name", Sensitivity: Ordinary},
	{Name: "nickname", Type: TypeString, Scope: "profile", Max: 100, Stored: true, Category: pd + "Name", Sensitivity: Ordinary},
	{Name: "preferred_username", Type: TypeString, Scope: "profile", Max: 100, Stored: true, Category: pd + "Username", Sensitivity: Ordinary},
	{Name: "profile", Type: TypeURL, Scope: "profile", Max: 2000, Stored: true, Category: pd + "IndividualProfile", Sensitivity: Ordinary},
	{Name: "picture", Type: TypeURL, Scope: "profile", Max: 2000, Stored: true, Category: pd + "Picture", Sensitivity: Sensitive},
	{Name: "website", Type: TypeURL, Scope: "profile", Max: 2000, Stored: true, Category: pd + "Contact", Sensitivity: Ordinary},
	{Name: "email", Type: TypeEmail, Scope: "email", Max: 254, Stored: true, Category: pd + "EmailAddress", Sensitivity: Ordinary},
	{Name: "email_verified", Type: TypeBool, Scope: "email", From: []string{"email"}, derive: verified("email"), Category: pd + "EmailAddress", Sensitivity: Ordinary},
	{Name: "gender", Type: TypeString, Scope: "profile", Max: 100, Stored: true, Category: pd + "Gender", Sensitivity: Sensitive},
	{Name: "birthdate", Type: TypeDate, Scope: "profile", Max: 10, Stored: true, Category: pd + "BirthDate", Sensitivity: Sensitive},
	{Name: "zoneinfo", Type: TypeZone, Scope: "profile", Max: 64, Stored: true, Category: pd + "Location", Sensitivity: Ordinary},
	{Name: "locale", Type: TypeLocale, Scope: "profile", Max: 35, Stored: true, Category: pd + "Language", Sensitivity: Ordinary},
	{Name: "phone_number", Type: TypePhone, Scope: "phone", Max: 32, Stored: true, Category: pd + "TelephoneNumber", Sensitivity: Ordinary},
	{Name: "phone_number_verified", Type: TypeBool, Scope: "phone", From: []string{"phone_number"}, derive: verified("phone_number"), Category: pd + "TelephoneNumber", Sensitivity: Ordinary},
	{Name: "address", Type: TypeAddress, Scope: "address", Max: 500, Stored: true, Category: pd + "PhysicalAddress", Sensitivity: Ordinary},
	{Name: "updated_at", Type: TypeNumber, Scope: "profile", Category: pd + "Profile", Sensitivity: Ordinary}, // follows from what else is released, see ClaimsFor

	{Name: "age_over_16", Type: TypeBool, From: fromBirth, derive: ageOver(16), Category: pd + "AgeRange", Sensitivity: Ordinary},
	{Name: "age_over_18", Type: TypeBool, From: fromBirth, derive: ageOver(18), Category: pd + "AgeRange", Sensitivity: Ordinary},
	{Name: "age_over_21", Type: TypeBool, From: fromBirth, derive: ageOver(21), Category: pd + "AgeRange", Sensitivity: Ordinary},
	{Name: "birth_year", Type: TypeNumber, From: fromBirth, derive: birthYear, Category: pd + "AgeExact", Sensitivity: Ordinary},
	{Name: "locality", Type: TypeString, From: fromAddress, derive: addressMember("locality"), Category: pd + "Locality", Sensitivity: Ordinary},
	{Name: "country", Type: TypeString, From: fromAddress, derive: addressMember("country"), Category: pd + "Country", Sensitivity: Ordinary},
	{Name: "postal_code", Type: TypeString, From: fromAddress, derive: addressMember("postal_code"), Category: pd + "PostalCode", Sensitivity: Ordinary},
	{Name: "initials", Type: TypeString, From: []string{"given_name", "middle_name", "family_name", "name"}, derive: initials, Category: pd + "Name", Sensitivity: Ordinary},

	// OpenID Connect for Identity Assurance 1.0, claims registration.
	{Name: "salutation", Type: TypeString, Max: 50, Stored: true, Category: pd + "Name", Sensitivity: Ordinary},
	{Name: "title", Type: TypeString, Max: 100, Stored: true, Category: pd + "Name", Sensitivity: Ordinary},
	{Name: "also_known_as", Type: TypeString, Max: 200, Stored: true, Category: pd + "Name", Sensitivity: Ordinary},
	{Name: "birth_family_name", Type: TypeString, Max: 100, Stored: true, Category: pd + "Name", Sensitivity: Ordinary},
	{Name: "place_of_birth", Type: TypePlace, Max: 200, Stored: true, Category: pd + "PlaceOfBirth", Sensitivity: Sensitive},
	{Name: "nationalities", Type: TypeList, Item: TypeCountry, Max: 3, Stored: true, Category: pd + "Nationality", Sensitivity: Sensitive},

	// Further ways to reach the customer, by the role that they play. "address", "email" and
	// "phone_number" are the main ones. Bills and parcels go to the main address while nothing is set.
	{Name: "address_work", Type: TypeAddress, Max: 500, Stored: true, Category: pd + "PhysicalAddress", Sensitivity: Ordinary},
	{Name: "address_billing", Type: TypeAddress, Max: 500, Stored: true, From: fromAddress, derive: same("address"), Category: pd + "PhysicalAddress", Sensitivity: Ordinary},
	{Name: "address_delivery", Type: TypeAddress, Max: 500, Stored: true, From: fromAddress, derive: same("address"), Category: pd + "PhysicalAddress", Sensitivity: Ordinary},
	{Name: "email_work", Type: TypeEmail, Max: 254, Stored: true, Category: pd + "EmailAddressWork", Sensitivity: Ordinary},
	{Name: "phone_number_work", Type: TypePhone, Max: 32, Stored: true, Category: pd + "TelephoneNumber", Sensitivity: Ordinary},
	{Name: "preferred_channels", Type: TypeList, Item: TypeChoice, Options: channels, Max: 20, Stored: true, Category: pd + "Contact", Sensitivity: Ordinary},
	{Name: "contact_hours", Type: TypeList, Item: TypeHours, Max: 60, Stored: true, Category: pd + "Contact", Sensitivity: Ordinary},

	{Name: "organization", Type: TypeString, Max: 200, Stored: true, Category: pd + "CurrentEmployment", Sensitivity: Ordinary},
	{Name: "department", Type: TypeString, Max: 200, Stored: true, Category: pd + "CurrentEmployment", Sensitivity: Ordinary},
	{Name: "job_title", Type: TypeString, Max: 200, Stored: true, Category: pd + "Job", Sensitivity: Ordinary},
	{Name: "vat_id", Type: TypeVAT, Max: 20, Stored: true, Category: pd + "Tax", Sensitivity: Ordinary},
	{Name: "iban", Type: TypeIBAN, Max: 42, Stored: true, Category: pd + "FinancialAccountNumber", Sensitivity: Sensitive},

	{Name: "languages", Type: TypeList, Item: TypeLocale, Max: 35, Stored: true, Category: pd + "Language", Sensitivity: Ordinary},
	{Name: "interests", Type: TypeList, Item: TypeString, Max: 100, Stored: true, Category: pd + "Interest", Sensitivity: Ordinary},
	{Name: "clothing_size", Type: TypeString, Max: 50, Stored: true, Category: pd + "PhysicalCharacteristic", Sensitivity: Ordinary},
	{Name: "shoe_size", Type: TypeString, Max: 50, Stored: true, Category: pd + "PhysicalCharacteristic", Sensitivity: Ordinary},
	{Name: "dietary_needs", Type: TypeList, Item: TypeString, Max: 100, Stored: true, Category: pd + "Health", Sensitivity: Special},
	{Name: "accessibility_needs", Type: TypeList, Item: TypeString, Max: 100, Stored: true, Category: pd + "Disability", Sensitivity: Special},
}
