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
)

// Entry is what is known about one name.
type Entry struct {
	Name  string
	Type  Type
	Scope string   // the OpenID Connect scope that asks for it; empty when only its name does
	Max   int      // characters of a text, or of each member of an address
	From  []string // the attributes that the claim follows from, when it is not stored
	// Stored says that the customer may set it. A claim that is stored and has From follows from
	// those only while nothing is set.
	Stored bool
	derive derivation
}

// catalogue holds the standard claims of OpenID Connect Core 5.1 in its order, then what can be
// released instead of a whole birth date or address. Names that are not here are the customer's
// own: texts, see Lookup.
var catalogue = []Entry{
	{Name: "name", Type: TypeString, Scope: "profile", Max: 200, Stored: true, From: []string{"given_name", "middle_name", "family_name"}, derive: fullName},
	{Name: "given_name", Type: TypeString, Scope: "profile", Max: 100, Stored: true},
	{Name: "family_name", Type: TypeString, Scope: "profile", Max: 100, Stored: true},
	{Name: "middle_name", Type: TypeString, Scope: "profile", Max: 100, Stored: true},
	{Name: "nickname", Type: TypeString, Scope: "profile", Max: 100, Stored: true},
	{Name: "preferred_username", Type: TypeString, Scope: "profile", Max: 100, Stored: true},
	{Name: "profile", Type: TypeURL, Scope: "profile", Max: 2000, Stored: true},
	{Name: "picture", Type: TypeURL, Scope: "profile", Max: 2000, Stored: true},
	{Name: "website", Type: TypeURL, Scope: "profile", Max: 2000, Stored: true},
	{Name: "email", Type: TypeEmail, Scope: "email", Max: 254, Stored: true},
	{Name: "email_verified", Type: TypeBool, Scope: "email", From: []string{"email"}, derive: verified("email")},
	{Name: "gender", Type: TypeString, Scope: "profile", Max: 100, Stored: true},
	{Name: "birthdate", Type: TypeDate, Scope: "profile", Max: 10, Stored: true},
	{Name: "zoneinfo", Type: TypeZone, Scope: "profile", Max: 64, Stored: true},
	{Name: "locale", Type: TypeLocale, Scope: "profile", Max: 35, Stored: true},
	{Name: "phone_number", Type: TypePhone, Scope: "phone", Max: 32, Stored: true},
	{Name: "phone_number_verified", Type: TypeBool, Scope: "phone", From: []string{"phone_number"}, derive: verified("phone_number")},
	{Name: "address", Type: TypeAddress, Scope: "address", Max: 500, Stored: true},
	{Name: "updated_at", Type: TypeNumber, Scope: "profile"}, // follows from what else is released, see ClaimsFor

	{Name: "age_over_16", Type: TypeBool, From: []string{"birthdate"}, derive: ageOver(16)},
	{Name: "age_over_18", Type: TypeBool, From: []string{"birthdate"}, derive: ageOver(18)},
	{Name: "age_over_21", Type: TypeBool, From: []string{"birthdate"}, derive: ageOver(21)},
	{Name: "birth_year", Type: TypeNumber, From: []string{"birthdate"}, derive: birthYear},
	{Name: "locality", Type: TypeString, From: []string{"address"}, derive: addressMember("locality")},
	{Name: "country", Type: TypeString, From: []string{"address"}, derive: addressMember("country")},
	{Name: "postal_code", Type: TypeString, From: []string{"address"}, derive: addressMember("postal_code")},
}

// isReserved knows the members of UserInfo responses, tokens and introspection in which the provider
// speaks, and those that vendors commonly take for permissions. A value of the customer under such a
// name would let the customer speak in the provider's place.
func isReserved(name string) bool {
	switch name {
	case "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "acr", "amr", "azp", "auth_time",
		"at_hash", "c_hash", "s_hash", "sid", "sub_jwk", "cnf", "act", "may_act", "scope", "client_id",
		"active", "username", "token_type", "events", "txn", "toe", "roles", "groups", "entitlements",
		"error", "error_description":
		return true
	}
	return false
}

// maxName and maxOwn are the longest name, and the longest value under a customer's own name.
const (
	maxName = 64
	maxOwn  = 1000
)

// Catalogue lists the known names in a fixed order.
func Catalogue() []Entry { return append([]Entry(nil), catalogue...) }

// Lookup gives what is known about a name. A valid name outside the catalogue is the customer's own,
// and holds a text.
func Lookup(name string) (Entry, error) {
	for _, e := range catalogue {
		if e.Name == name {
			return e, nil
		}
	}
	if err := CheckName(name); err != nil {
		return Entry{}, err
	}
	return Entry{Name: name, Type: TypeString, Max: maxOwn, Stored: true}, nil
}

// ScopeNames lists the claims that a scope asks for; none for a scope that asks for no claims.
func ScopeNames(scope string) []string {
	var names []string
	for _, e := range catalogue {
		if scope != "" && e.Scope == scope {
			names = append(names, e.Name)
		}
	}
	return names
}

// CheckName says whether a name can be that of a claim: of the right form, and not the protocol's.
func CheckName(name string) error {
	if name == "" || len(name) > maxName || !isLower(name[0]) {
		return ErrName
	}
	for i := range len(name) {
		if c := name[i]; !isLower(c) && !isDigit(c) && c != '_' {
			return ErrName
		}
	}
	if isReserved(name) {
		return ErrReserved
	}
	return nil
}
