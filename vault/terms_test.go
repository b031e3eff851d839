package vault_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/meins-id/meins/vault"
)

func TestRoster_eachIsNamedOnce_andSaysInBothLanguagesWhatItMeans(t *testing.T) {
	seen, labels := map[string]bool{}, map[string]bool{}
	for _, terms := range vault.Roster() {
		if seen[terms.Name()] || len(terms.Name()) > 64 {
			t.Errorf("%s: twice, or too long", terms.Name())
		}
		seen[terms.Name()] = true
		for _, language := range []string{"en", "de-AT"} {
			label, meaning := terms.Label(language), terms.Meaning(language)
			if label == "" || !strings.HasSuffix(meaning, ".") || labels[label] && language == "en" {
				t.Errorf("%s in %s: %q, %q", terms.Name(), language, label, meaning)
			}
			labels[label] = true
		}
		if terms.Label("en") == terms.Label("de") || terms.Meaning("en") == terms.Meaning("de") {
			t.Errorf("%s: not translated", terms.Name())
		}
		if want := "https://w3id.org/dpv/" + terms.Version + "/standards/p7012#" + terms.ID; terms.Address() != want {
			t.Errorf("%s", terms.Address())
		}
		if found, err := vault.LookupTerms(terms.ID); err != nil || found.Version != vault.TermsRoster {
			t.Errorf("%s: %+v, %v", terms.ID, found, err)
		}
	}
	if len(seen) < 10 {
		t.Errorf("%d terms", len(seen))
	}
}

func TestTermsNames_areWholeSortedAndOnce_andUnknownOnesRefuse(t *testing.T) {
	got, err := vault.TermsNames([]string{"SD-BASE-ATP", "SD-BASE:2.2", "SD-BASE", "SD-BASE-DP"})
	if want := []string{"SD-BASE:2.2", "SD-BASE-DP:2.2", "SD-BASE-ATP:2.2"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, name := range []string{"", "sd-base", "SD-BASE:", "SD-BASE:9.9", "SD-BASE:2.2:", "P2B1", " SD-BASE"} {
		if _, err := vault.TermsNames([]string{"SD-BASE", name}); !errors.Is(err, vault.ErrNoTerms) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestAgree_isTheBestForTheCustomer_thatBothName(t *testing.T) {
	mine := []string{"SD-BASE:2.2", "SD-BASE-A:2.2", "SD-BASE-ATP:2.2"}
	for want, theirs := range map[string][]string{
		"SD-BASE-A:2.2":   {"SD-BASE-ATP:2.2", "SD-BASE-A:2.2"},
		"SD-BASE-ATP:2.2": {"SD-BASE-ATP:2.2", "PDC-AI:2.2"},
		"":                {"SD-BASE-DP:2.2", "SD-BASE:2.1", "SD-BASE"},
	} {
		if got := vault.Agree(mine, theirs); got != want {
			t.Errorf("with %v: %q", theirs, got)
		}
	}
	if got := vault.Agree(nil, mine); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}

func TestSetTerms_aPersonaWithoutItsOwn_hasThoseOfTheBase_andNoneIsAChoice(t *testing.T) {
	d := vault.NewDocument(today)
	base := d.Personas[0].ID
	work, err := d.AddPersona("work", nil, today)
	if err != nil {
		t.Fatal(err)
	}
	proffers := func(want ...string) {
		t.Helper()
		raw, err := json.Marshal(d)
		var read vault.Document // what is chosen survives being written
		if err = errors.Join(err, json.Unmarshal(raw, &read)); err != nil {
			t.Fatal(err)
		}
		if got, err := read.Proffered(work); err != nil || !slices.Equal(got, want) {
			t.Errorf("%v, %v, want %v", got, err, want)
		}
	}
	proffers(vault.DefaultTerms()...)
	set := func(persona int, terms []string) {
		t.Helper()
		if err := d.SetTerms(d.Personas[persona].ID, terms); err != nil {
			t.Fatal(err)
		}
	}
	set(0, []string{"SD-BASE-A"})
	proffers("SD-BASE-A:2.2")
	set(1, []string{"SD-BASE-ATP", "SD-BASE"})
	proffers("SD-BASE:2.2", "SD-BASE-ATP:2.2")
	set(1, []string{})
	proffers()
	set(1, nil)
	proffers("SD-BASE-A:2.2")
	if err := d.SetTerms(base, []string{"mine alone"}); !errors.Is(err, vault.ErrNoTerms) {
		t.Errorf("unknown: %v", err)
	}
	proffers("SD-BASE-A:2.2")
}

func TestKinds_nameClaimsOfTheCatalogue_andMarkWhatIsMore(t *testing.T) {
	known := map[string]bool{}
	for _, e := range vault.Catalogue() {
		known[e.Name] = true
	}
	for _, kind := range vault.Kinds() {
		for _, name := range kind.Usual() {
			if !known[name] {
				t.Errorf("%s: %s is no claim", kind, name)
			}
		}
		for _, name := range []string{"name", "email", "age_over_18", "age_over_13"} {
			if !kind.Asks(name) {
				t.Errorf("%s does not ask for %s", kind, name)
			}
		}
		if kind.Asks("favourite_colour") {
			t.Errorf("%s asks for what nobody knows", kind)
		}
	}
	for _, unusual := range []struct {
		kind  vault.Kind
		claim string
	}{
		{vault.KindShop, "birthdate"},
		{vault.KindShop, "nationalities"},
		{vault.KindGame, "address"},
		{vault.KindMedia, "iban"},
		{vault.KindOther, "phone_number"},
		{"", "address"},
		{"invented", "address"},
		{vault.KindBank, "dietary_needs"},
	} {
		if unusual.kind.Asks(unusual.claim) {
			t.Errorf("%s asks for %s", unusual.kind, unusual.claim)
		}
	}
	if !vault.KindShop.Asks("address") || !vault.KindHealth.Asks("birthdate") || vault.Kind("").OrOther() != vault.KindOther {
		t.Error("what is usual is marked")
	}
}
