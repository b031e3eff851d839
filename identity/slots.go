package identity

import (
	"context"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

// maxSealedSlot is more than a sealed vault key ever takes.
const maxSealedSlot = 512

// Slots are the account's key slots.
func (a *Accounts) Slots(ctx context.Context, account id.Account) ([]vault.Slot, error) {
	rec, err := a.readAccount(ctx, account)
	if err != nil {
		return nil, err
	}
	slots := make([]vault.Slot, 0, len(rec.Slots))
	for _, s := range rec.Slots {
		slots = append(slots, s.Slot)
	}
	return slots, nil
}

// ChangePassphrase replaces the passphrase slot, and ends every other session and the tokens of the
// customer's programs: who changes a passphrase may have lost it to somebody who made one. It takes the
// present passphrase, so that a stolen session is not enough.
func (a *Accounts) ChangePassphrase(ctx context.Context, s Session, currentAuth []byte, fresh NewSlot) error {
	return a.replace(ctx, s, currentAuth, fresh, vault.SlotPassphrase, ends{sessions: everyOne, programs: !fresh.KeepPrograms})
}

// ReplaceRecovery replaces the recovery slot; it takes the present passphrase too. Sessions that the
// old code opened and that have not been renewed end: they could still replace everything.
func (a *Accounts) ReplaceRecovery(ctx context.Context, s Session, currentAuth []byte, fresh NewSlot) error {
	return a.replace(ctx, s, currentAuth, fresh, vault.SlotRecovery, ends{sessions: mustRenew})
}

func (a *Accounts) replace(ctx context.Context, s Session, currentAuth []byte, fresh NewSlot, kind vault.SlotKind, end ends) error {
	if s.MustRenew {
		return ErrMustRenew
	}
	slot, err := a.newSlot(s.Account, fresh, kind)
	if err != nil {
		return err
	}
	return a.proven(s, func() error {
		_, err := a.changeSession(ctx, s.ID, end, func(acc *accountRecord, ses *sessionRecord) error {
			if ses.MustRenew {
				return ErrMustRenew
			}
			if err := a.mustKnow(*acc, currentAuth); err != nil {
				return err
			}
			return a.put(acc, slot, fresh.Auth)
		})
		return err
	})
}

// Renew replaces passphrase and recovery code at once after a login by recovery code, and ends
// every other session and the tokens of the customer's programs. The session is an ordinary one from then on.
func (a *Accounts) Renew(ctx context.Context, s Session, passphrase, recovery NewSlot) (Session, error) {
	first, err := a.newSlot(s.Account, passphrase, vault.SlotPassphrase)
	if err != nil {
		return Session{}, err
	}
	second, err := a.newSlot(s.Account, recovery, vault.SlotRecovery)
	if err != nil {
		return Session{}, err
	}
	if first.Slot.ID == second.Slot.ID {
		return Session{}, ErrSlots
	}
	rec, err := a.changeSession(ctx, s.ID, ends{sessions: everyOne, programs: true}, func(acc *accountRecord, ses *sessionRecord) error {
		if !ses.MustRenew {
			return ErrNothingToRenew
		}
		if err := a.put(acc, first, passphrase.Auth); err != nil {
			return err
		}
		ses.MustRenew = false
		return a.put(acc, second, recovery.Auth)
	})
	if err != nil {
		return Session{}, err
	}
	return rec.session(), nil
}

// mustKnow is ErrWrongSecret unless auth proves the present passphrase.
func (a *Accounts) mustKnow(acc accountRecord, auth []byte) error {
	if _, ok := a.proves(acc, vault.SlotPassphrase, auth); !ok {
		return ErrWrongSecret
	}
	return nil
}

// put replaces the slot of the same kind. A recovery code must be a new one. Of a passphrase nobody
// here can tell: its salt is new, and so is its proof.
func (a *Accounts) put(acc *accountRecord, fresh slotRecord, auth []byte) error {
	if _, same := a.proves(*acc, fresh.Slot.Kind, auth); same {
		return ErrSameSecret
	}
	slots := make([]slotRecord, 0, len(acc.Slots)+1)
	for _, s := range acc.Slots {
		if s.Slot.Kind == fresh.Slot.Kind {
			continue
		}
		if s.Slot.ID == fresh.Slot.ID {
			return ErrSlots
		}
		slots = append(slots, s)
	}
	acc.Slots = append(slots, fresh)
	return nil
}

// newSlot checks a slot that the agent made, and keeps a keyed hash of its proof.
func (a *Accounts) newSlot(account id.Account, n NewSlot, kind vault.SlotKind) (slotRecord, error) {
	if _, err := id.Parse[id.Slot](string(n.Slot.ID)); err != nil {
		return slotRecord{}, ErrSlots.Because(err)
	}
	if _, err := seal.KeyFrom(n.Auth); err != nil {
		return slotRecord{}, ErrSlots.Because(err)
	}
	sealed := len(n.Slot.Sealed)
	if n.Slot.Kind != kind || sealed < seal.CommittingOverhead || sealed > maxSealedSlot {
		return slotRecord{}, ErrSlots
	}
	if err := a.mayStretch(n.Slot); err != nil {
		return slotRecord{}, err
	}
	return slotRecord{Slot: n.Slot, Check: a.check(account, n.Slot.ID, n.Auth)}, nil
}

// mayStretch holds a passphrase slot to the server's parameters, and others to none.
func (a *Accounts) mayStretch(s vault.Slot) error {
	if s.Kind != vault.SlotPassphrase {
		if s.Stretch != nil {
			return ErrSlots
		}
		return nil
	}
	if s.Stretch == nil || s.Stretch.Validate() != nil {
		return ErrWeakStretch
	}
	if s.Stretch.Memory != a.stretch.Memory || s.Stretch.Time != a.stretch.Time || s.Stretch.Threads != a.stretch.Threads {
		return ErrWeakStretch
	}
	return nil
}

// slot is the account's slot of one kind, or an empty one.
func (r accountRecord) slot(kind vault.SlotKind) slotRecord {
	for _, s := range r.Slots {
		if s.Slot.Kind == kind {
			return s
		}
	}
	return slotRecord{}
}
