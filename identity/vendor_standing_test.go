package identity_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/vault"
)

func TestStanding_isStoredByFullNames_andMistakesAreAllSaid(t *testing.T) {
	w := newWorld(t)
	v := shop()
	v.Standing = identity.Standing{Accepts: []string{"SD-BASE-A", "SD-BASE"}, Confirmed: vault.KindShop}
	added, _, err := w.vendors.Add(t.Context(), v)
	if err != nil || !slices.Equal(added.Standing.Accepts, []string{"SD-BASE:2.2", "SD-BASE-A:2.2"}) || added.Standing.KnownKind() != vault.KindShop {
		t.Fatalf("%+v, %v", added.Standing, err)
	}
	for name, change := range map[string]identity.StandingChange{
		`accepted terms: unknown "OURS"; there are SD-BASE, `: {Accepts: &[]string{"SD-BASE", "OURS"}},
		`kind: unknown "cartel"; there are shop, `:            {Kind: new(vault.Kind("cartel"))},
	} {
		if _, err := w.vendors.SetStanding(t.Context(), added.ID, change); !errors.Is(err, identity.ErrVendorInvalid) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	now, err := w.vendors.SetStanding(t.Context(), added.ID, identity.StandingChange{Accepts: &[]string{}, Kind: new(vault.Kind(""))})
	if err != nil || len(now.Standing.Accepts) > 0 || now.Standing.KnownKind() != "" {
		t.Errorf("%+v, %v", now.Standing, err)
	}
	other := vault.KindOther
	now, err = w.vendors.SetStanding(t.Context(), added.ID, identity.StandingChange{Kind: &other})
	if err != nil || now.Standing.KnownKind() != "" {
		t.Errorf("other is no kind to rely on: %+v, %v", now.Standing, err)
	}
}

func TestStanding_aKindThatTheVendorSays_isNeverConfirmedByItself(t *testing.T) {
	w := newWorld(t)
	v := shop()
	v.Standing = identity.Standing{Kind: vault.KindBank, Confirmed: vault.KindBank}
	added, c, err := w.vendors.Register(t.Context(), v, "")
	if err != nil || added.Standing.KnownKind() != "" {
		t.Fatalf("%+v, %v", added.Standing, err)
	}
	confirmed := vault.KindShop
	if _, err := w.vendors.SetStanding(t.Context(), added.ID, identity.StandingChange{Kind: &confirmed}); err != nil {
		t.Fatal(err)
	}
	again, c, err := w.vendors.Reregister(t.Context(), added.ID, c.Token, v)
	if err != nil || again.Standing.KnownKind() != vault.KindShop {
		t.Errorf("the same party lost the operator's word: %+v, %v", again.Standing, err)
	}
	v.Name = "Somebody else"
	again, _, err = w.vendors.Reregister(t.Context(), added.ID, c.Token, v)
	if err != nil || again.Standing.KnownKind() != "" {
		t.Errorf("another party kept it: %+v, %v", again.Standing, err)
	}
}

// A customer who reads German is shown the German name in the place of the other.
func TestStanding_anotherNameInOneLanguage_isAnotherParty(t *testing.T) {
	w := newWorld(t)
	called := func(texts map[string]string) identity.Vendor {
		v := shop()
		v.Registration = &identity.Registration{Texts: texts}
		return v
	}
	added, c, err := w.vendors.Register(t.Context(), called(map[string]string{"client_name#de": "Blumen am Markt", "policy_uri#de": "https://shop.example/a"}), "")
	must(t, err)
	confirmed := vault.KindShop
	_, err = w.vendors.SetStanding(t.Context(), added.ID, identity.StandingChange{Kind: &confirmed})
	must(t, err)
	again, c, err := w.vendors.Reregister(t.Context(), added.ID, c.Token, called(map[string]string{"client_name#de": "Blumen am Markt", "policy_uri#de": "https://shop.example/b"}))
	if err != nil || again.Standing.KnownKind() != vault.KindShop {
		t.Errorf("with another address of its policy it lost the operator's word: %+v, %v", again.Standing, err)
	}
	again, _, err = w.vendors.Reregister(t.Context(), added.ID, c.Token, called(map[string]string{"client_name#de": "Deutsche Bank", "policy_uri#de": "https://shop.example/b"}))
	if err != nil || again.Standing.KnownKind() != "" {
		t.Errorf("under another German name it kept the operator's word: %+v, %v", again.Standing, err)
	}
}
