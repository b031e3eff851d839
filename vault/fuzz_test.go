package vault_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

func FuzzParseRecoveryCode(f *testing.F) {
	f.Add("")
	f.Add(vault.NewRecoveryCode().Text())
	f.Add("0000-0000-0000-0000-0000-0000-0000")
	f.Add("oooo oooo oooo oooo oooo oooo oooo")
	f.Add("ILIL-ILIL–ILIL—ILIL ILIL ilil ilil")
	f.Fuzz(func(t *testing.T, typed string) {
		code, err := vault.ParseRecoveryCode(typed)
		if err != nil {
			if code.Text() != "" {
				t.Error("a code came with the error")
			}
			return
		}
		if again, err := vault.ParseRecoveryCode(code.Text()); err != nil || !again.Equal(code) {
			t.Errorf("%q reads as %q, which reads as something else", typed, code.Text())
		}
	})
}

func FuzzValidate(f *testing.F) {
	for _, c := range [][2]string{
		{"email", `"ada@example.org"`},
		{"birthdate", `"1990-05-17"`},
		{"address", `{"locality":"K\u00f6ln"}`},
		{"website", `"https://example.org"`},
		{"locale", `"de-DE"`},
		{"zoneinfo", `"Europe/Berlin"`},
		{"phone_number", `"+49 30 1234"`},
		{"own", `"x"`},
		{"sub", `"x"`},
		{"age_over_18", `true`},
		{"age_over_67", `true`},
		{"iban", `"DE02 1203 0000 0000 2020 51"`},
		{"vat_id", `"DE136695976"`},
		{"nationalities", `["DE","fra"]`},
		{"place_of_birth", `{"country":"DEU"}`},
		{"contact_hours", `["Mo-Fr 09:00-17:00"]`},
		{"preferred_channels", `["email"]`},
	} {
		f.Add(c[0], []byte(c[1]))
	}
	f.Fuzz(func(t *testing.T, name string, value []byte) {
		d := vault.NewDocument(today)
		p := d.Personas[0].ID
		invalid := vault.Validate(name, value, today)
		if err := d.Set(p, name, value, today); (err == nil) != (invalid == nil) {
			t.Fatalf("Set says %v, Validate says %v", err, invalid)
		}
		a, ok := d.Get(p, name)
		if ok != (invalid == nil) {
			t.Fatalf("stored: %v, valid: %v", ok, invalid)
		}
		if !ok {
			return
		}
		if err := vault.Validate(name, a.Value, today); err != nil {
			t.Errorf("the stored spelling is invalid: %v", err)
		}
		claims := vault.ClaimsFor(d, p, []string{name}, today)
		if !bytes.Equal(claims[name], a.Value) {
			t.Error("what was set is not what is released")
		}
		if _, err := vault.SealCapsule(vault.NewGrantKey(), alice, shop, 1, claims); err != nil {
			t.Error(err)
		}
	})
}

// FuzzOpenPlaintext is the customer's own agent gone mad: it holds the key, so that anything may
// stand inside a document or a capsule. What opens must seal again, and say nothing for the provider.
func FuzzOpenPlaintext(f *testing.F) {
	f.Add([]byte(`{"format":1,"revision":1,"personas":[{"id":"p","name":"x","attributes":{"email":{"value":"a@b.example"}}}]}`))
	f.Add([]byte(`{"format":1,"revision":1,"personas":[{"created":"2026-01-01T00:00:00+14:00"}],"new":[1,{}]}`))
	f.Add([]byte(`{"email":"a@b.example","own":[{}]}`))
	f.Add([]byte(`{"sub":"x"}`))
	f.Add([]byte(`null`))
	k, g := vault.NewKey(), vault.NewGrantKey()
	f.Fuzz(func(t *testing.T, plaintext []byte) {
		if len(plaintext) > 400 {
			return
		}
		document := resealed(t, k.Bytes(), seal.Context{Purpose: "document", Account: string(alice), Object: "document", Revision: 1}, plaintext, 4096)
		if d, err := vault.OpenDocument(k, alice, 1, document); err == nil {
			if _, err := vault.SealDocument(k, alice, 2, d); err != nil {
				t.Errorf("a document that opened does not seal: %v", err)
			}
		}
		capsule := resealed(t, g.Bytes(), seal.Context{Purpose: "capsule", Account: string(alice), Object: string(shop), Revision: 1}, plaintext, 512)
		claims, err := vault.OpenCapsule(g, alice, shop, 1, capsule)
		if err != nil {
			return
		}
		for name, value := range claims {
			if vault.CheckName(name) != nil || !json.Valid(value) {
				t.Errorf("%q came out", name)
			}
		}
	})
}

func resealed(t *testing.T, key []byte, c seal.Context, plaintext []byte, size int) []byte {
	t.Helper()
	k, err := seal.KeyFrom(key)
	if err != nil {
		t.Fatal(err)
	}
	return seal.Seal(k, c, padded(string(plaintext), size))
}

// FuzzOpen feeds whatever the server may send: nothing opens that was not sealed under the key.
func FuzzOpen(f *testing.F) {
	k, g := vault.NewKey(), vault.NewGrantKey()
	other := vault.NewKey()
	secret := vault.FromRecovery(vault.NewRecoveryCode())
	share := bytes.Repeat([]byte{3}, 32)
	wrapped, err := vault.WrapForSession(other, bytes.Repeat([]byte{4}, 32), alice, session)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{}, uint64(0))
	f.Add(wrapped, uint64(1))
	f.Add(vault.WrapGrantKey(other, alice, shop, terms, g), uint64(1))
	f.Fuzz(func(t *testing.T, box []byte, revision uint64) {
		if _, err := vault.OpenDocument(k, alice, revision, box); err == nil {
			t.Error("a document opened")
		}
		if _, err := vault.OpenCapsule(g, alice, shop, revision, box); err == nil {
			t.Error("a capsule opened")
		}
		if _, err := vault.UnwrapGrantKey(k, alice, shop, terms, box); err == nil {
			t.Error("a grant key opened")
		}
		if _, err := vault.OpenSession(share, alice, session, box); err == nil {
			t.Error("a session opened")
		}
		if _, err := vault.OpenSlot(secret, vault.Slot{ID: slotOne, Kind: vault.SlotRecovery, Sealed: box}, alice); err == nil {
			t.Error("a slot opened")
		}
	})
}
