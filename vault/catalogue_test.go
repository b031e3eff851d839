package vault_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/meins-id/meins/vault"
)

// dpvTerms are terms of the extension "pd" of the Data Privacy Vocabulary 2, as its pd.csv lists them.
var dpvTerms = strings.Fields(`AgeExact AgeRange BirthDate Contact Country CurrentEmployment Disability EmailAddress
	EmailAddressWork FinancialAccountNumber Gender Health IndividualProfile Interest Job Language Locality Location Name
	Nationality PhysicalAddress PhysicalCharacteristic Picture PlaceOfBirth PostalCode Profile Tax TelephoneNumber Username`)

func TestCatalogue_everyEntry_isComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range vault.Catalogue() {
		if seen[e.Name] || vault.CheckName(e.Name) != nil || e.Own {
			t.Errorf("%s is there twice, or is no name", e.Name)
		}
		seen[e.Name] = true
		term, ok := strings.CutPrefix(e.Category, "https://w3id.org/dpv/pd#")
		if !ok || !slices.Contains(dpvTerms, term) {
			t.Errorf("%s is of the category %q", e.Name, e.Category)
		}
		if !slices.Contains([]vault.Sensitivity{vault.Ordinary, vault.Sensitive, vault.Special}, e.Sensitivity) {
			t.Errorf("nobody judged how sensitive %s is", e.Name)
		}
		if e.Stored && e.Max == 0 || (e.Type == vault.TypeList) != (e.Item != "") || (e.Item == vault.TypeChoice) != (len(e.Options) > 0) {
			t.Errorf("%s does not say what it looks like", e.Name)
		}
		for _, from := range e.From {
			if source, err := vault.Lookup(from); err != nil || !source.Stored || source.Own {
				t.Errorf("%s follows from %s, which is nothing that is stored", e.Name, from)
			}
		}
	}
}

func TestOwnAct_specialCategoriesPortraitsAndTheUnjudged(t *testing.T) {
	for name, want := range map[string]bool{
		"dietary_needs": true, "accessibility_needs": true, "picture": true, "email": false, "iban": false, "loyalty_card": false,
	} {
		if e, err := vault.Lookup(name); err != nil || e.OwnAct() != want {
			t.Errorf("%s: %v, %v", name, e.OwnAct(), err)
		}
	}
	if !(vault.Entry{}).OwnAct() {
		t.Error("what nobody knows is released with the rest")
	}
}

func TestLookup_anyAge_isDerived_andNothingThatOnlyLooksLikeOne(t *testing.T) {
	d, p := documentWith(t, "birthdate", "1960-03-01")
	expect(t, vault.ClaimsFor(d, p, []string{"age_over_65", "age_over_66", "age_over_67", "age_over_1", "age_over_120"}, today),
		map[string]string{"age_over_65": "true", "age_over_66": "true", "age_over_67": "false", "age_over_1": "true", "age_over_120": "false"})
	for _, name := range []string{"age_over_0", "age_over_018", "age_over_121", "age_over_", "age_over_x", "age_over_1_verified", "iban_verified"} {
		if _, err := vault.Lookup(name); !errors.Is(err, vault.ErrReserved) {
			t.Errorf("%s: %v", name, err)
		}
		if err := d.Set(p, name, json.RawMessage(`"true"`), today); err == nil {
			t.Errorf("the customer set %s", name)
		}
	}
	if e, err := vault.Lookup("loyalty_card"); err != nil || !e.Own || !e.Stored {
		t.Errorf("a name of one's own: %+v, %v", e, err)
	}
}

func TestClaimsFor_initials(t *testing.T) {
	for _, c := range []struct {
		pairs []string
		want  string
	}{
		{[]string{"given_name", "Anna-Lena", "family_name", "von Öttingen"}, `"ALVÖ"`},
		{[]string{"given_name", "ada", "middle_name", "King"}, `"AK"`},
		{[]string{"name", "Ada Lovelace"}, `"AL"`},
		{[]string{"name", "Ada Lovelace", "given_name", "Augusta"}, `"A"`},
		{[]string{"name", "'t Hooft 2"}, `"TH"`},
	} {
		d, p := documentWith(t, c.pairs...)
		expect(t, vault.ClaimsFor(d, p, []string{"initials"}, today), map[string]string{"initials": c.want})
	}
	d, p := documentWith(t, "name", "42")
	expect(t, vault.ClaimsFor(d, p, []string{"initials"}, today), nil)
}

func TestClaimsFor_billsAndParcels_goToTheMainAddressUntilThereIsAnother(t *testing.T) {
	d, p := documentWith(t)
	names := []string{"address_billing", "address_delivery", "address_work"}
	home, office := `{"locality":"Bonn"}`, `{"locality":"Köln"}`
	for name, address := range map[string]string{"address": home, "address_delivery": office} {
		if err := d.Set(p, name, json.RawMessage(address), today); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, vault.ClaimsFor(d, p, names, today), map[string]string{"address_billing": home, "address_delivery": office})
}

func TestSet_keepsTheOneSpelling(t *testing.T) {
	for _, c := range [][3]string{
		{"iban", `"de02 1203 0000 0000 2020 51"`, `"DE02120300000000202051"`},
		{"vat_id", `" de 136 695 976"`, `"DE136695976"`},
		{"nationalities", `["de","FRA","DEU"]`, `["DEU","FRA"]`},
		{"place_of_birth", `{"locality":"Bonn","country":"deu"}`, `{"country":"DE","locality":"Bonn"}`},
		{"languages", `["de", "en-GB", "de"]`, `["de","en-GB"]`},
	} {
		d, p := documentWith(t)
		if err := d.Set(p, c[0], json.RawMessage(c[1]), today); err != nil {
			t.Errorf("%s: %v", c[0], err)
			continue
		}
		if a, _ := d.Get(p, c[0]); string(a.Value) != c[2] {
			t.Errorf("%s is stored as %s", c[0], a.Value)
		}
	}
}

func TestValidate_whatGoesBeyondTheStandardClaims(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        error
	}{
		{"iban", `"GB82 WEST 1234 5698 7654 32"`, nil},
		{"iban", `"NO9386011117947"`, nil},
		{"iban", `"DE02120300000000202052"`, vault.ErrIBAN},
		{"iban", `"DE0212030000000020205"`, vault.ErrIBAN},
		{"iban", `"DEX2120300000000202051"`, vault.ErrIBAN},
		{"iban", `"ZZ02120300000000202051"`, vault.ErrIBAN},
		{"iban", `"DE"`, vault.ErrIBAN},
		{"iban", `"DE021203000000002020\u00e951"`, vault.ErrIBAN},

		{"vat_id", `"DE136695976"`, nil},
		{"vat_id", `"DE136695977"`, vault.ErrVAT},
		{"vat_id", `"ATU12345678"`, nil},
		{"vat_id", `"AT123456789"`, vault.ErrVAT},
		{"vat_id", `"BE0411905847"`, nil},
		{"vat_id", `"BE0411905848"`, vault.ErrVAT},
		{"vat_id", `"HR33392005961"`, nil},
		{"vat_id", `"LU26375245"`, nil},
		{"vat_id", `"CHE-123.456.788 MWST"`, nil},
		{"vat_id", `"IE6388047V"`, nil},
		{"vat_id", `"AU51824753556"`, nil},
		{"vat_id", `"ZZ51824753556"`, vault.ErrVAT},
		{"vat_id", `"136695976"`, vault.ErrVAT},
		{"vat_id", `"DE"`, vault.ErrVAT},

		{"nationalities", `["XKX"]`, vault.ErrCountry},
		{"nationalities", `["RKS"]`, nil},
		{"nationalities", `[]`, vault.ErrValueEmpty},
		{"nationalities", `"DE"`, vault.ErrValueType},
		{"nationalities", `null`, vault.ErrValueType},
		{"nationalities", `[null]`, vault.ErrValueType},
		{"interests", `["` + strings.Repeat(`x","`, 20) + `y"]`, vault.ErrTooMany},
		{"interests", `["gardens","\u202e"]`, vault.ErrValueCharacter},
		{"interests", `[["nested"]]`, vault.ErrValueType},
		{"languages", `["deutsch und englisch"]`, vault.ErrLocale},
		{"preferred_channels", `["post","email"]`, nil},
		{"preferred_channels", `["pigeon"]`, vault.ErrChoice},

		{"contact_hours", `["Mo-Fr 09:00-17:00","Sa,Su 10:00-12:00,14:00-24:00"]`, nil},
		{"contact_hours", `["Mo-Fr"]`, vault.ErrHours},
		{"contact_hours", `["Mo-Fr 09:00"]`, vault.ErrHours},
		{"contact_hours", `["Xx 09:00-10:00"]`, vault.ErrHours},
		{"contact_hours", `["Mo 25:00-26:00"]`, vault.ErrHours},
		{"contact_hours", `["Mo 09:60-10:00"]`, vault.ErrHours},
		{"contact_hours", `["Mo- 09:00-10:00"]`, vault.ErrHours},

		{"place_of_birth", `{"street_address":"x"}`, vault.ErrPlaceMember},
		{"place_of_birth", `{"country":"Germany"}`, vault.ErrCountry},
		{"place_of_birth", `{}`, vault.ErrValueEmpty},
		{"address_work", `{"planet":"x"}`, vault.ErrAddressMember},
		{"initials", `"AL"`, vault.ErrDerived},
		{"age_over_67", `true`, vault.ErrDerived},
		{"verified_claims", `"x"`, vault.ErrReserved},
	} {
		if err := vault.Validate(c.name, json.RawMessage(c.value), today); !errors.Is(err, c.want) {
			t.Errorf("%s = %s: %v, want %v", c.name, c.value, err, c.want)
		}
	}
}
