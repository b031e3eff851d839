package vault_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// drawn is something that may have been approved. The names are short, so that texts which run into each other
// would show.
func drawn(r *rapid.T, what string) vault.Approved {
	name := rapid.StringMatching(`[a-c]{1,3}`)
	return vault.Approved{
		Client:     id.Client(name.Draw(r, what+" client")),
		Persona:    id.Persona(name.Draw(r, what+" persona")),
		Claims:     rapid.SliceOfN(name, 0, 4).Draw(r, what+" claims"),
		Continuous: rapid.Bool().Draw(r, what+" continuous"),
		Recipient:  rapid.SampledFrom([]string{"", "a", "b", "ab"}).Draw(r, what+" recipient"),
	}
}

// meaning is what is approved, whatever the order and however often a claim is named.
func meaning(a vault.Approved) string {
	a.Claims = slices.Compact(slices.Sorted(slices.Values(a.Claims)))
	return fmt.Sprintf("%q %q %q %t %q", a.Client, a.Persona, a.Claims, a.Continuous, a.Recipient)
}

func TestGrantKey_opensForWhatWasApproved_andForNothingElse(t *testing.T) {
	k, g := vault.NewKey(), vault.NewGrantKey()
	rapid.Check(t, func(r *rapid.T) {
		given, said := drawn(r, "given"), drawn(r, "said")
		// Most of what is drawn differs in much: also take what differs in one thing, or in none.
		one := given
		switch rapid.IntRange(0, 6).Draw(r, "what is said otherwise") {
		case 0:
			one.Client = said.Client
		case 1:
			one.Persona = said.Persona
		case 2:
			one.Claims = said.Claims
		case 3:
			one.Continuous = said.Continuous
		case 4:
			one.Recipient = said.Recipient
		case 5:
			one.Claims = rapid.Permutation(append(slices.Clone(given.Claims), given.Claims...)).Draw(r, "order")
		}
		wrapped := vault.WrapGrantKey(k, alice, shop, given, g)
		for _, s := range []vault.Approved{said, one} {
			got, err := vault.UnwrapGrantKey(k, alice, shop, s, wrapped)
			if meaning(s) == meaning(given) {
				if err != nil || !got.Equal(g) {
					r.Fatalf("%v does not open: %v", s, err)
				}
			} else if !errors.Is(err, vault.ErrSealed) || !got.IsZero() {
				r.Fatalf("%v opens what was wrapped for %v: %v", s, given, err)
			}
		}
	})
}

// Whoever shows the customer's program another key of the vendor's, or none, is not followed.
func TestGrantKey_ofAnEndToEndGrant_opensForThePinnedKeyOnly(t *testing.T) {
	k, g := vault.NewKey(), vault.NewGrantKey()
	const one, other = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbW"
	pinned := terms
	pinned.Recipient = one
	wrapped := vault.WrapGrantKey(k, alice, shop, pinned, g)
	if got, err := vault.UnwrapGrantKey(k, alice, shop, pinned, wrapped); err != nil || !got.Equal(g) {
		t.Fatal(err)
	}
	for _, shown := range []string{other, "", one + "/"} {
		said := pinned
		said.Recipient = shown
		if got, err := vault.UnwrapGrantKey(k, alice, shop, said, wrapped); !errors.Is(err, vault.ErrSealed) || !got.IsZero() {
			t.Errorf("%q: %v", shown, err)
		}
	}
	if _, err := vault.UnwrapGrantKey(k, alice, shop, pinned, vault.WrapGrantKey(k, alice, shop, terms, g)); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("a direct grant: %v", err)
	}
}

func TestApproved_thatNamesNobody_wrapsAndOpensNothing(t *testing.T) {
	k, g := vault.NewKey(), vault.NewGrantKey()
	wrapped := vault.WrapGrantKey(k, alice, shop, terms, g)
	for _, nobody := range []vault.Approved{
		{}, {Client: terms.Client, Claims: terms.Claims}, {Persona: terms.Persona, Claims: terms.Claims, Continuous: true},
	} {
		if nobody.Digest() != "" {
			t.Errorf("%v has a digest", nobody)
		}
		if got, err := vault.UnwrapGrantKey(k, alice, shop, nobody, wrapped); !errors.Is(err, vault.ErrSealed) || !got.IsZero() {
			t.Errorf("%v opens: %v", nobody, err)
		}
		if !panics(func() { vault.WrapGrantKey(k, alice, shop, nobody, g) }) {
			t.Errorf("%v was wrapped", nobody)
		}
	}
	if !panics(func() { vault.WrapGrantKey(k, alice, shop, terms, vault.GrantKey{}) }) {
		t.Error("a zero key was wrapped")
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}
