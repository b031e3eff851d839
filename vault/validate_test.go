package vault_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/meins-id/meins/vault"
)

func TestValidate_texts(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"given_name", "Ada", nil},
		{"given_name", "علی\u200cرضا", nil},
		{"given_name", strings.Repeat("ä", 100), nil},
		{"given_name", strings.Repeat("ä", 101), vault.ErrValueTooLong},
		{"given_name", "", vault.ErrValueEmpty},
		{"given_name", " \u00a0", vault.ErrValueEmpty},
		{"given_name", "A\nda", vault.ErrValueCharacter},
		{"given_name", "A\x00da", vault.ErrValueCharacter},
		{"given_name", "A\u202eda", vault.ErrValueCharacter},
		{"given_name", "A\u2066da", vault.ErrValueCharacter},
		{"given_name", "A\ufffdda", vault.ErrValueCharacter},

		{"email", "ada@example.org", nil},
		{"email", "a.d+a@sub.example.co.uk", nil},
		{"email", "jörg@müller.example", nil},
		{"email", "ada", vault.ErrEmail},
		{"email", "ada@localhost", vault.ErrEmail},
		{"email", "@example.org", vault.ErrEmail},
		{"email", "ada@@example.org", vault.ErrEmail},
		{"email", "a@b@example.org", vault.ErrEmail},
		{"email", "ada @example.org", vault.ErrEmail},
		{"email", "ada@example..org", vault.ErrEmail},
		{"email", "ada@-example.org", vault.ErrEmail},
		{"email", "ada@example.org.", vault.ErrEmail},
		{"email", ".ada@example.org", vault.ErrEmail},
		{"email", "a..da@example.org", vault.ErrEmail},
		{"email", "Ada <ada@example.org>", vault.ErrEmail},
		{"email", strings.Repeat("a", 65) + "@example.org", vault.ErrEmail},

		{"birthdate", "1990-05-17", nil},
		{"birthdate", "2024-02-29", nil},
		{"birthdate", "2026-03-01", nil},
		{"birthdate", "2026-03-02", vault.ErrDateFuture},
		{"birthdate", "2023-02-29", vault.ErrDate},
		{"birthdate", "1899-12-31", vault.ErrDate},
		{"birthdate", "17.5.1990", vault.ErrDate},
		{"birthdate", "0000-05-17", vault.ErrDate},
		{"birthdate", "1990-5-17", vault.ErrDate},
		{"birthdate", "1990", vault.ErrDate},

		{"phone_number", "+49 (30) 123-456", nil},
		{"phone_number", "030/123456", nil},
		{"phone_number", "1234", vault.ErrPhone},
		{"phone_number", "1234567890123456", vault.ErrPhone},
		{"phone_number", "030+123456", vault.ErrPhone},
		{"phone_number", "call me", vault.ErrPhone},

		{"website", "https://example.org/a?b=c#d", nil},
		{"website", "http://localhost:8080", nil},
		{"website", "https://müller.example/", vault.ErrURL},
		{"website", "javascript:alert(1)", vault.ErrURL},
		{"website", "HTTPS://example.org", vault.ErrURL},
		{"website", "//example.org", vault.ErrURL},
		{"website", "https://", vault.ErrURL},
		{"website", "https:///path", vault.ErrURL},
		{"website", "https://user@example.org", vault.ErrURL},
		{"website", "https://example.org:x", vault.ErrURL},
		{"website", "https://example.org/\"onload=", vault.ErrURL},
		{"website", "https://example.org/a b", vault.ErrURL},
		{"website", "https://example.org\\@evil.example", vault.ErrURL},

		{"locale", "de", nil},
		{"locale", "en-GB", nil},
		{"locale", "zh_Hant-TW", nil},
		{"locale", "german", vault.ErrLocale},
		{"locale", "de-", vault.ErrLocale},
		{"locale", "-de", vault.ErrLocale},
		{"locale", "d3", vault.ErrLocale},
		{"locale", "en GB", vault.ErrLocale},

		{"zoneinfo", "Europe/Berlin", nil},
		{"zoneinfo", "America/Argentina/Buenos_Aires", nil},
		{"zoneinfo", "Etc/GMT+3", nil},
		{"zoneinfo", "Europe//Berlin", vault.ErrZone},
		{"zoneinfo", "../etc/passwd", vault.ErrZone},

		{"loyalty_card", "38", nil},
		{"loyalty_card", strings.Repeat("x", 1001), vault.ErrValueTooLong},
		{"Shoe", "38", vault.ErrName},
		{"1shoe", "38", vault.ErrName},
		{"shoe-size", "38", vault.ErrName},
		{"", "38", vault.ErrName},
		{"a" + strings.Repeat("b", 63), "x", nil},
		{"a" + strings.Repeat("b", 64), "x", vault.ErrName},
		{"sub", "somebody", vault.ErrReserved},
		{"iss", "https://evil.example", vault.ErrReserved},
		{"age_over_18", "true", vault.ErrDerived},
		{"email_verified", "true", vault.ErrDerived},
		{"updated_at", "1", vault.ErrDerived},
	} {
		if err := vault.Validate(c.name, quote(t, c.text), today); !errors.Is(err, c.want) {
			t.Errorf("%s = %q: %v, want %v", c.name, c.text, err, c.want)
		}
	}
}

func TestValidate_otherJSON(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        error
	}{
		{"given_name", `null`, vault.ErrValueType},
		{"given_name", `5`, vault.ErrValueType},
		{"given_name", `["Ada"]`, vault.ErrValueType},
		{"given_name", `"Ada`, vault.ErrValueType},
		{"given_name", ``, vault.ErrValueType},
		{"given_name", "\"A\xffda\"", vault.ErrValueCharacter},
		{"given_name", `"A\ud800da"`, vault.ErrValueCharacter},
		{"loyalty_card", `38`, vault.ErrValueType},
		{"note", `"` + strings.Repeat(`\n`, 9000) + `"`, vault.ErrValueTooLong},

		{"address", `{"street_address":"Am Markt 1\nHinterhaus","locality":"Köln","postal_code":"50667","region":"NW","country":"DE"}`, nil},
		{"address", `{"formatted":"Am Markt 1\r\nKöln"}`, nil},
		{"address", `{"locality":"Köln\nDeutz"}`, vault.ErrValueCharacter},
		{"address", `{}`, vault.ErrValueEmpty},
		{"address", `null`, vault.ErrValueType},
		{"address", `"Köln"`, vault.ErrValueType},
		{"address", `{"city":"Köln"}`, vault.ErrAddressMember},
		{"address", `{"Locality":"Köln"}`, vault.ErrAddressMember},
		{"address", `{"locality":{"name":"Köln"}}`, vault.ErrValueType},
		{"address", `{"locality":null}`, vault.ErrValueType},
		{"address", `{"locality":""}`, vault.ErrValueEmpty},
		{"address", `{"locality":"` + strings.Repeat("x", 501) + `"}`, vault.ErrValueTooLong},
	} {
		if err := vault.Validate(c.name, json.RawMessage(c.value), today); !errors.Is(err, c.want) {
			t.Errorf("%s = %s: %v, want %v", c.name, c.value, err, c.want)
		}
	}
}

func TestSet_storesOneSpelling(t *testing.T) {
	d, p := documentWith(t)
	if err := d.Set(p, "address", json.RawMessage(` {"locality":"A", "country":"DE","locality":"\u004bln" }`), today); err != nil {
		t.Fatal(err)
	}
	if a, _ := d.Get(p, "address"); string(a.Value) != `{"country":"DE","locality":"Kln"}` {
		t.Errorf("%s", a.Value)
	}
}

func TestCatalogue_holdsTogether(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range vault.Catalogue() {
		if seen[e.Name] {
			t.Errorf("%s comes twice", e.Name)
		}
		seen[e.Name] = true
		if err := vault.CheckName(e.Name); err != nil {
			t.Errorf("%s: %v", e.Name, err)
		}
		if e.Stored && e.Max == 0 {
			t.Errorf("%s has no greatest length", e.Name)
		}
		for _, from := range e.From {
			if source, err := vault.Lookup(from); err != nil || !source.Stored {
				t.Errorf("%s follows from %s, which cannot be set", e.Name, from)
			}
		}
	}
	for scope, want := range map[string][]string{
		"email":   {"email", "email_verified"},
		"phone":   {"phone_number", "phone_number_verified"},
		"address": {"address"},
		"openid":  nil,
		"":        nil,
		"profile": {
			"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile",
			"picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
		},
	} {
		if got := vault.ScopeNames(scope); !slices.Equal(got, want) {
			t.Errorf("scope %q asks for %v", scope, got)
		}
	}
	if e, err := vault.Lookup("loyalty_card"); err != nil || e.Type != vault.TypeString || !e.Stored {
		t.Errorf("a name of one's own: %+v, %v", e, err)
	}
}

func TestValidate_valueThatIsTooLong_isToldHowLongItMayBe(t *testing.T) {
	for name, most := range map[string]string{"given_name": "at most 100 characters", "loyalty_card": "at most 1000 characters"} {
		err := vault.Validate(name, quote(t, strings.Repeat("x", 1001)), today)
		if !errors.Is(err, vault.ErrValueTooLong) || !strings.Contains(err.Error(), most) || strings.Contains(err.Error(), "xx") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
