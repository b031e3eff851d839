package vault

import (
	"errors"

	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault/seal"
)

// Slot is one way to open a vault: the vault key, sealed under a secret. The server keeps it; the
// secret it never sees.
type Slot struct {
	ID      id.Slot       `json:"id"`
	Kind    SlotKind      `json:"kind"`
	Stretch *seal.Stretch `json:"stretch,omitempty"` // of a passphrase only
	Sealed  []byte        `json:"sealed"`
}

// errSecretKind is a mistake in the program: a secret used as what it is not, or no secret at all.
var errSecretKind = errors.New("seal slot: the secret is not of this kind")

// SealSlot seals the vault key under the secret. The kind must be the secret's own.
func SealSlot(secret Secret, key Key, account id.Account, slotID id.Slot, kind SlotKind) (Slot, error) {
	if secret.kind == "" || secret.kind != kind || key.IsZero() {
		return Slot{}, errSecretKind
	}
	sealed := seal.SealCommitting(secret.unlock, slotContext(account, slotID, kind), key.Bytes())
	return Slot{ID: slotID, Kind: kind, Stretch: secret.stretch, Sealed: sealed}, nil
}

// OpenSlot opens the vault key with the secret. A wrong secret, a slot of another account and a
// damaged slot all give ErrWrongSecret: nothing tells them apart.
func OpenSlot(secret Secret, slot Slot, account id.Account) (Key, error) {
	if secret.kind == "" || secret.kind != slot.Kind {
		return Key{}, ErrWrongSecret
	}
	return openKey(secret.unlock, slotContext(account, slot.ID, slot.Kind), slot.Sealed, ErrWrongSecret)
}

// slotContext puts the kind into the purpose: a slot cannot be passed off as one of another kind.
func slotContext(account id.Account, slotID id.Slot, kind SlotKind) seal.Context {
	return seal.Context{Purpose: "slot/" + string(kind), Account: string(account), Object: string(slotID)}
}

// openKey opens a vault key from a committing box; whatever goes wrong is the given fault.
func openKey(k seal.Key, c seal.Context, box []byte, wrong *fault.Error) (Key, error) {
	plaintext, err := seal.OpenCommitting(k, c, box)
	if err != nil {
		return Key{}, wrong.Because(err)
	}
	key, err := seal.KeyFrom(plaintext)
	if err != nil {
		return Key{}, wrong.Because(err)
	}
	return Key{key}, nil
}
