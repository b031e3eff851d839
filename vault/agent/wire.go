package agent

import (
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

// The generated types carry plain texts; these turn them into the vault's own and back.

func (s Stretch) seal() seal.Stretch {
	return seal.Stretch{Memory: s.M, Time: s.T, Threads: s.P, Salt: s.Salt}
}

func (s Slot) vault() vault.Slot {
	slot := vault.Slot{ID: id.Slot(s.ID), Kind: vault.SlotKind(s.Kind), Sealed: s.Sealed}
	if s.Stretch != nil {
		stretch := s.Stretch.seal()
		slot.Stretch = &stretch
	}
	return slot
}

func wireSlot(s vault.Slot) Slot {
	slot := Slot{ID: string(s.ID), Kind: SlotKind(s.Kind), Sealed: s.Sealed}
	if s.Stretch != nil {
		slot.Stretch = &Stretch{M: s.Stretch.Memory, T: s.Stretch.Time, P: s.Stretch.Threads, Salt: s.Stretch.Salt}
	}
	return slot
}

// sealed is a new slot with the proof of its secret, as the server wants them.
func sealed(secret vault.Secret, key vault.Key, account id.Account) (NewSlot, error) {
	slot, err := vault.SealSlot(secret, key, account, id.New[id.Slot](), secret.Kind())
	if err != nil {
		return NewSlot{}, err
	}
	return NewSlot{Slot: wireSlot(slot), Auth: secret.Auth()}, nil
}
