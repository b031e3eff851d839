package identity

import (
	"context"
	"net/netip"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

// sessionLifetime is how long a session lasts when nothing else was said.
const sessionLifetime = 7 * 24 * time.Hour

// Source is where an attempt comes from.
type Source struct {
	Addr      netip.Addr
	UserAgent string
}

// NewSlot is a slot that the agent made, and the 32 bytes that prove its secret (vault.Secret.Auth).
// Of the proof only a keyed hash is kept.
type NewSlot struct {
	Slot vault.Slot
	Auth []byte
	// KeepPrograms is of another passphrase: the tokens of the customer's programs outlive the old one.
	KeepPrograms bool
}

// NewAccount is what signing up takes: exactly one passphrase slot and one recovery slot. The agent
// draws the account's identifier, because the slots are sealed for it.
type NewAccount struct {
	Login   string
	Account id.Account
	Slots   []NewSlot
}

// Opened is a session that was just begun. Token is the cookie's value; nobody can ask for it again.
type Opened struct {
	Session Session
	Token   string
	Slot    vault.Slot
}

// AccountOptions says what Accounts works with. Store, Keys and Now are needed.
type AccountOptions struct {
	Store store.Store
	Keys  *Keyring
	Now   func() time.Time
	// SessionLifetime is 7 days when zero.
	SessionLifetime time.Duration
	// Stretch is what every passphrase slot must be stretched with, but for its salt; the zero
	// Stretch stands for seal.NewStretch. One set of parameters for all, because a login that shows
	// other ones than an unknown login does is thereby known to exist.
	Stretch seal.Stretch
	// Limits say how failures slow down; each zero field has its default.
	Limits Limits
}

// Accounts is the register of accounts and their sessions. It serves concurrent callers.
type Accounts struct {
	records
	lifetime time.Duration
	stretch  seal.Stretch
	door     *door
	decoy    decoy
}

// NewAccounts opens the register.
func NewAccounts(o AccountOptions) *Accounts {
	if o.SessionLifetime <= 0 {
		o.SessionLifetime = sessionLifetime
	}
	if o.Stretch.Validate() != nil {
		s := seal.NewStretch()
		o.Stretch.Memory, o.Stretch.Time, o.Stretch.Threads = s.Memory, s.Time, s.Threads
	}
	a := &Accounts{
		records: records{store: o.Store, keys: o.Keys, now: o.Now}, lifetime: o.SessionLifetime,
		stretch: o.Stretch, door: newDoor(o.Limits, o.Now),
	}
	a.decoy = a.newDecoy()
	return a
}

// SignUp makes an account and its first session. It is the only call that tells whether a login
// name is in use, so it is slowed down by address whatever comes of it.
func (a *Accounts) SignUp(ctx context.Context, n NewAccount, from Source) (Opened, error) {
	if err := a.door.signUp(from.Addr); err != nil {
		return Opened{}, err
	}
	hash, err := a.loginHash(n.Login)
	if err != nil {
		return Opened{}, err
	}
	rec, err := a.newRecord(n, hash)
	if err != nil {
		return Opened{}, err
	}
	opened := a.newSession(n.Account, vault.SlotPassphrase, from)
	opened.Slot = rec.slot(vault.SlotPassphrase).Slot
	if err := a.createAccount(ctx, rec, opened.Session.record()); err != nil {
		return Opened{}, err
	}
	return opened, nil
}

// newRecord checks what signing up brought.
func (a *Accounts) newRecord(n NewAccount, login []byte) (accountRecord, error) {
	if _, err := id.Parse[id.Account](string(n.Account)); err != nil {
		return accountRecord{}, ErrSlots.Because(err)
	}
	rec := accountRecord{V: version, Account: n.Account, Login: login, Created: a.now().Unix()}
	for _, kind := range [...]vault.SlotKind{vault.SlotPassphrase, vault.SlotRecovery} {
		for _, s := range n.Slots {
			if s.Slot.Kind != kind {
				continue
			}
			slot, err := a.newSlot(n.Account, s, kind)
			if err != nil {
				return accountRecord{}, err
			}
			rec.Slots = append(rec.Slots, slot)
		}
	}
	if len(n.Slots) != 2 || len(rec.Slots) != 2 || rec.Slots[0].Slot.Kind == rec.Slots[1].Slot.Kind || rec.Slots[0].Slot.ID == rec.Slots[1].Slot.ID {
		return accountRecord{}, ErrSlots
	}
	return rec, nil
}

// Delete removes the account with its slots, every session, and the tokens of its programs. What other rooms
// hold of the account is theirs to forget; until Bury, Gone says so.
func (a *Accounts) Delete(ctx context.Context, s Session, currentAuth []byte) error {
	if s.MustRenew {
		return ErrMustRenew
	}
	return a.proven(s, func() error {
		return a.deleteAccount(ctx, s.ID, func(acc accountRecord, ses sessionRecord) error {
			if ses.MustRenew {
				return ErrMustRenew
			}
			return a.mustKnow(acc, currentAuth)
		})
	})
}
