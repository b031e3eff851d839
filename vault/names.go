package vault

import (
	"slices"
	"strconv"
	"strings"
)

// maxName and maxOwn are the longest name, and the longest value under a customer's own name;
// maxAge the highest age that can be asked for.
const (
	maxName = 64
	maxOwn  = 1000
	maxAge  = 120
)

// Parts of names that say what a claim is: a value of the customer under such a name would pass for
// something that follows from others, or that somebody checked.
const (
	agePrefix      = "age_over_"
	verifiedSuffix = "_verified"
)

// Catalogue lists the known names in a fixed order, of age_over_N the usual ones.
func Catalogue() []Entry { return slices.Clone(catalogue) }

// Lookup gives what is known about a name: of the catalogue, of age_over_1 to age_over_120, or of a
// name that the customer made up, which is valid and holds a text.
func Lookup(name string) (Entry, error) {
	for i := range catalogue {
		if catalogue[i].Name == name {
			return catalogue[i], nil
		}
	}
	if err := CheckName(name); err != nil {
		return Entry{}, err
	}
	if years, ok := AgeOver(name); ok {
		return Entry{Name: name, Type: TypeBool, From: fromBirth, derive: ageOver(years), Category: pd + "AgeRange", Sensitivity: Ordinary}, nil
	}
	if strings.HasPrefix(name, agePrefix) || strings.HasSuffix(name, verifiedSuffix) {
		return Entry{}, ErrReserved
	}
	return Entry{Name: name, Type: TypeString, Max: maxOwn, Stored: true, Own: true, Category: pd + "Profile", Sensitivity: Sensitive}, nil
}

// AgeOver reads the number of years out of age_over_N.
func AgeOver(name string) (years int, ok bool) {
	digits, ok := strings.CutPrefix(name, agePrefix)
	if !ok || digits == "" || len(digits) > 3 || digits[0] == '0' {
		return 0, false
	}
	for i := range len(digits) {
		if !isDigit(digits[i]) {
			return 0, false
		}
	}
	years, err := strconv.Atoi(digits)
	return years, err == nil && years <= maxAge
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

// isReserved knows the members of UserInfo responses, tokens and introspection in which the provider
// speaks, and those that vendors commonly take for permissions. A value of the customer under such a
// name would let the customer speak in the provider's place.
func isReserved(name string) bool {
	switch name {
	case "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "acr", "amr", "azp", "auth_time",
		"at_hash", "c_hash", "s_hash", "sid", "sub_jwk", "cnf", "act", "may_act", "scope", "client_id",
		"active", "username", "token_type", "events", "txn", "toe", "roles", "groups", "entitlements",
		"role", "permissions", "admin", "is_admin", "verified_claims", "authorization_details", "grant_id",
		"error", "error_description":
		return true
	}
	return false
}
