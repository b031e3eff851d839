package vault_test

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/meins-id/meins/vault"
)

func TestClaimsFor_givesTheNamedOnes_andNothingElse(t *testing.T) {
	d, p := documentWith(t, "email", "ada@example.org", "given_name", "Ada", "loyalty_card", "38", "birthdate", "1990-05-17")
	claims := vault.ClaimsFor(d, p, []string{"email", "loyalty_card", "phone_number", "sub", "No Name", "age_over_18"}, today)
	expect(t, claims, map[string]string{"email": `"ada@example.org"`, "loyalty_card": `"38"`, "age_over_18": "true"})
}

func TestClaimsFor_anotherPersona_hasItsOwnValuesOnly(t *testing.T) {
	d, private := documentWith(t, "email", "ada@example.org")
	d.Personas = append(d.Personas, vault.Persona{ID: "work", Name: "work"})
	if err := d.Set("work", "nickname", quote(t, "Countess"), today); err != nil {
		t.Fatal(err)
	}
	names := []string{"email", "nickname"}
	expect(t, vault.ClaimsFor(d, "work", names, today), map[string]string{"nickname": `"Countess"`})
	expect(t, vault.ClaimsFor(d, private, names, today), map[string]string{"email": `"ada@example.org"`})
	expect(t, vault.ClaimsFor(d, "nobody", names, today), nil)
	expect(t, vault.ClaimsFor(vault.Document{}, "", names, today), nil)
}

func TestClaimsFor_derivedFromTheAddress(t *testing.T) {
	d, p := documentWith(t)
	address := json.RawMessage(`{"locality":"London","country":"GB","street_address":"12 St James's Square"}`)
	if err := d.Set(p, "address", address, today); err != nil {
		t.Fatal(err)
	}
	claims := vault.ClaimsFor(d, p, []string{"locality", "country", "postal_code"}, today)
	expect(t, claims, map[string]string{"locality": `"London"`, "country": `"GB"`})
}

func TestClaimsFor_name_isWhatIsSet_orElseItsParts(t *testing.T) {
	d, p := documentWith(t, "given_name", "Ada", "family_name", "Lovelace")
	expect(t, vault.ClaimsFor(d, p, []string{"name"}, today), map[string]string{"name": `"Ada Lovelace"`})
	if err := d.Set(p, "name", quote(t, "Countess of Lovelace"), today); err != nil {
		t.Fatal(err)
	}
	expect(t, vault.ClaimsFor(d, p, []string{"name"}, today), map[string]string{"name": `"Countess of Lovelace"`})
	empty, q := documentWith(t)
	expect(t, vault.ClaimsFor(empty, q, []string{"name"}, today), nil)
}

func TestClaimsFor_verified_isFalseUnlessTheAttributeSaysSo(t *testing.T) {
	names := []string{"email_verified", "phone_number_verified"}
	d, p := documentWith(t)
	expect(t, vault.ClaimsFor(d, p, names, today), nil)
	d, p = documentWith(t, "email", "ada@example.org", "phone_number", "+44 20 7946 0000")
	expect(t, vault.ClaimsFor(d, p, names, today), map[string]string{"email_verified": "false", "phone_number_verified": "false"})
	a := d.Personas[0].Attributes["email"]
	a.Verified = true
	d.Personas[0].Attributes["email"] = a
	expect(t, vault.ClaimsFor(d, p, names, today), map[string]string{"email_verified": "true", "phone_number_verified": "false"})
	expect(t, vault.ClaimsFor(d, p, []string{"email"}, today), map[string]string{"email": `"ada@example.org"`})
}

func TestClaimsFor_storedUnderADerivedName_isNotBelieved(t *testing.T) {
	d, p := documentWith(t, "birthdate", "2020-01-01", "email", "ada@example.org")
	for _, name := range []string{"age_over_18", "email_verified", "updated_at"} {
		d.Personas[0].Attributes[name] = vault.Attribute{Value: json.RawMessage("true"), Source: "forged", Updated: today}
	}
	expect(t, vault.ClaimsFor(d, p, []string{"age_over_18", "email_verified", "updated_at"}, today),
		map[string]string{"age_over_18": "false", "email_verified": "false", "updated_at": stampOf(today)})
}

func TestClaimsFor_updatedAt_tellsOnlyOfWhatIsReleased(t *testing.T) {
	d, p := documentWith(t, "email", "ada@example.org", "birthdate", "1990-05-17")
	later := today.Add(48 * time.Hour)
	if err := d.Set(p, "nickname", quote(t, "Ada"), later); err != nil {
		t.Fatal(err)
	}
	expect(t, vault.ClaimsFor(d, p, []string{"updated_at", "birth_year"}, today), map[string]string{"updated_at": stampOf(today), "birth_year": "1990"})
	expect(t, vault.ClaimsFor(d, p, []string{"updated_at", "nickname"}, today), map[string]string{"updated_at": stampOf(later), "nickname": `"Ada"`})
	expect(t, vault.ClaimsFor(d, p, []string{"updated_at"}, today), nil)
}

func TestClaimsFor_age_changesOnTheBirthday(t *testing.T) {
	for _, c := range []struct {
		born, day string
		want      string
	}{
		{"2008-03-01", "2026-02-28", "false"},
		{"2008-03-01", "2026-03-01", "true"},
		{"2008-03-02", "2026-03-01", "false"},
		{"2008-12-31", "2026-12-30", "false"},
		{"2008-12-31", "2026-12-31", "true"},
		{"2008-01-01", "2025-12-31", "false"},
		{"2008-01-01", "2026-01-01", "true"},
		{"2008-02-29", "2026-02-28", "false"},
		{"2008-02-29", "2026-03-01", "true"},
		{"2000-02-29", "2018-02-28", "false"},
		{"2000-02-29", "2018-03-01", "true"},
		{"1900-01-01", "2026-01-01", "true"},
		{"2026-01-01", "2026-01-01", "false"},
	} {
		day, err := time.Parse(time.DateOnly, c.day)
		if err != nil {
			t.Fatal(err)
		}
		d, p := documentWith(t, "birthdate", "1990-01-01")
		if err := d.Set(p, "birthdate", quote(t, c.born), day); err != nil {
			t.Fatal(err)
		}
		got := vault.ClaimsFor(d, p, []string{"age_over_18"}, day)
		if string(got["age_over_18"]) != c.want {
			t.Errorf("born %s, on %s: %s", c.born, c.day, got["age_over_18"])
		}
	}
}

func TestClaimsFor_age_isReckonedInTheZoneOfNow(t *testing.T) {
	d, p := documentWith(t, "birthdate", "2008-03-02")
	midnight := time.Date(2026, 3, 1, 23, 30, 0, 0, time.UTC)
	expect(t, vault.ClaimsFor(d, p, []string{"age_over_18"}, midnight), map[string]string{"age_over_18": "false"})
	berlin := midnight.In(time.FixedZone("CET", 3600))
	expect(t, vault.ClaimsFor(d, p, []string{"age_over_18"}, berlin), map[string]string{"age_over_18": "true"})
}

func TestClaimsFor_anyNames_neverMoreThanAsked_andFitForACapsule(t *testing.T) {
	d, p := documentWith(t, "email", "ada@example.org", "birthdate", "1990-05-17", "given_name", "Ada")
	all := []string{"sub", "iss", "x", "", "nickname"}
	for _, e := range vault.Catalogue() {
		all = append(all, e.Name)
	}
	rapid.Check(t, func(r *rapid.T) {
		names := rapid.SliceOf(rapid.SampledFrom(all)).Draw(r, "names")
		asked := map[string]bool{}
		for _, n := range names {
			asked[n] = true
		}
		claims := vault.ClaimsFor(d, p, names, today)
		for name, value := range claims {
			if !asked[name] || !json.Valid(value) {
				r.Fatalf("%s: %s", name, value)
			}
		}
		if _, err := vault.SealCapsule(vault.NewGrantKey(), alice, shop, 1, claims); err != nil {
			r.Fatal(err)
		}
	})
}

func expect(t *testing.T, got vault.Claims, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if string(got[name]) != value {
			t.Errorf("%s is %s, want %s", name, got[name], value)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s came out, and nobody asked", name)
		}
	}
}

func stampOf(t time.Time) string {
	raw, _ := json.Marshal(t.Unix()) // a number
	return string(raw)
}
