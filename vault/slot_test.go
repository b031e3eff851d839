package vault_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

const (
	alice   = id.Account("aliceaaaaaaaaaaaaaaaaaaaaa")
	mallory = id.Account("malloryaaaaaaaaaaaaaaaaaaa")
	slotOne = id.Slot("oneaaaaaaaaaaaaaaaaaaaaaaa")
)

// secrets gives one secret of each kind.
func secrets(t *testing.T) map[vault.SlotKind]vault.Secret {
	t.Helper()
	pass, err := vault.FromPassphrase("correct horse battery staple", weakest())
	if err != nil {
		t.Fatal(err)
	}
	return map[vault.SlotKind]vault.Secret{
		vault.SlotPassphrase: pass,
		vault.SlotRecovery:   vault.FromRecovery(vault.NewRecoveryCode()),
		vault.SlotPasskey:    vault.FromPRF(bytes.Repeat([]byte{9}, 32)),
	}
}

func TestSlot_everyKind_opensWithItsOwnSecretOnly(t *testing.T) {
	all := secrets(t)
	key := vault.NewKey()
	for kind, secret := range all {
		slot := roundTrip(t, mustSlot(t, secret, key))
		if got, err := vault.OpenSlot(secret, slot, alice); err != nil || !got.Equal(key) {
			t.Errorf("%s: %v", kind, err)
		}
		for other, wrong := range all {
			if other != kind {
				refusesSlot(t, wrong, slot, alice)
			}
		}
		refusesSlot(t, vault.Secret{}, slot, alice)
	}
}

func TestSlot_ofAnotherAccountIdentifierOrKind_isRefused(t *testing.T) {
	for _, secret := range secrets(t) {
		slot := mustSlot(t, secret, vault.NewKey())
		refusesSlot(t, secret, slot, mallory)
		renamed := slot
		renamed.ID = "twoaaaaaaaaaaaaaaaaaaaaaaa"
		refusesSlot(t, secret, renamed, alice)
		for _, kind := range []vault.SlotKind{"", vault.SlotPassphrase, vault.SlotRecovery, vault.SlotPasskey} {
			if kind != slot.Kind {
				passedOff := slot
				passedOff.Kind = kind
				refusesSlot(t, secret, passedOff, alice)
			}
		}
	}
}

func TestSlot_anyByteChanged_isRefused(t *testing.T) {
	secret := vault.FromRecovery(vault.NewRecoveryCode())
	slot := mustSlot(t, secret, vault.NewKey())
	for i := range slot.Sealed {
		bad := slot
		bad.Sealed = bytes.Clone(slot.Sealed)
		bad.Sealed[i] ^= 1
		refusesSlot(t, secret, bad, alice)
		bad.Sealed = slot.Sealed[:i]
		refusesSlot(t, secret, bad, alice)
	}
}

func TestSealSlot_anotherKindOrNoKey_isRefused(t *testing.T) {
	secret := vault.FromRecovery(vault.NewRecoveryCode())
	for what, seal := range map[string]func() (vault.Slot, error){
		"another kind": func() (vault.Slot, error) {
			return vault.SealSlot(secret, vault.NewKey(), alice, slotOne, vault.SlotPassphrase)
		},
		"no secret": func() (vault.Slot, error) {
			return vault.SealSlot(vault.Secret{}, vault.NewKey(), alice, slotOne, "")
		},
		"no key": func() (vault.Slot, error) {
			return vault.SealSlot(secret, vault.Key{}, alice, slotOne, vault.SlotRecovery)
		},
		"short PRF": func() (vault.Slot, error) {
			return vault.SealSlot(vault.FromPRF(make([]byte, 31)), vault.NewKey(), alice, slotOne, vault.SlotPasskey)
		},
	} {
		if slot, err := seal(); err == nil || slot.Sealed != nil {
			t.Errorf("%s: sealed", what)
		}
	}
}

func TestSecret_auth_isStableAndTellsNothingOfTheRest(t *testing.T) {
	stretch := weakest()
	one, err := vault.FromPassphrase("correct horse", stretch)
	if err != nil {
		t.Fatal(err)
	}
	two, err := vault.FromPassphrase("correct horse", stretch)
	if err != nil {
		t.Fatal(err)
	}
	if len(one.Auth()) != 32 || !bytes.Equal(one.Auth(), two.Auth()) {
		t.Error("the same passphrase proves itself differently")
	}
	other, err := vault.FromPassphrase("correct horsf", stretch)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(one.Auth(), other.Auth()) {
		t.Error("two passphrases prove the same")
	}
	if vault.FromPRF(bytes.Repeat([]byte{1}, 32)).Auth() != nil {
		t.Error("a passkey proves itself by a secret")
	}
	// What the server learns must not open the slot, in whatever way it is used as a secret.
	slot := mustSlot(t, one, vault.NewKey())
	slot.Kind = vault.SlotPasskey
	refusesSlot(t, vault.FromPRF(one.Auth()), slot, alice)
}

func TestFromPassphrase_weakParametersFromTheServer_areRefused(t *testing.T) {
	weak := weakest()
	weak.Memory = 1024
	if secret, err := vault.FromPassphrase("correct horse", weak); !errors.Is(err, seal.ErrStretch) || secret.Auth() != nil {
		t.Errorf("stretched with %+v: %v", weak, err)
	}
}

func mustSlot(t *testing.T, secret vault.Secret, key vault.Key) vault.Slot {
	t.Helper()
	slot, err := vault.SealSlot(secret, key, alice, slotOne, secret.Kind())
	if err != nil {
		t.Fatal(err)
	}
	if (slot.Stretch != nil) != (slot.Kind == vault.SlotPassphrase) {
		t.Fatalf("%s: stretch %v", slot.Kind, slot.Stretch)
	}
	return slot
}

// roundTrip sends the slot through JSON, as the server keeps it.
func roundTrip(t *testing.T, slot vault.Slot) vault.Slot {
	t.Helper()
	raw, err := json.Marshal(slot)
	if err != nil {
		t.Fatal(err)
	}
	var back vault.Slot
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	return back
}

func refusesSlot(t *testing.T, secret vault.Secret, slot vault.Slot, account id.Account) {
	t.Helper()
	if key, err := vault.OpenSlot(secret, slot, account); !errors.Is(err, vault.ErrWrongSecret) || !key.IsZero() {
		t.Errorf("slot %s of %s with a secret of kind %q: %v", slot.Kind, account, secret.Kind(), err)
	}
}
