package agent

import (
	"context"
	"errors"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/agent/strength"
	"github.com/meins-id/meins/vault/seal"
)

// leastScore is the weakest passphrase that is taken: whoever stole the database must not find it
// by trying likely ones.
const leastScore = 3

// Prepared is what a new recovery code comes with. The code is shown once; what it belongs to
// happens when it is confirmed.
type Prepared struct {
	RecoveryCode string             `json:"recovery_code"`
	Strength     *strength.Estimate `json:"strength,omitempty"` // of the passphrase, where there is a new one
}

// String hides the code.
func (Prepared) String() string { return redacted }

// GoString hides the code.
func (Prepared) GoString() string { return redacted }

// purpose says what a prepared recovery code is for. The zero purpose confirms nothing.
type purpose int

const (
	forNothing purpose = iota
	forSignUp
	forRenewal
	forRecovery
)

// pending is what waits for the customer to confirm the recovery code.
type pending struct {
	purpose    purpose
	code       vault.RecoveryCode
	login      string
	account    id.Account
	key        vault.Key
	current    []byte // auth of the passphrase that permits it
	passphrase NewSlot
	recovery   NewSlot
}

// Strength judges a passphrase while it is typed. Inputs are what others know about the customer.
func (a *Agent) Strength(passphrase string, inputs []string) strength.Estimate {
	return strength.Of(passphrase, inputs, a.now().Year())
}

// strong refuses a weak passphrase.
func (a *Agent) strong(passphrase, login string) (strength.Estimate, error) {
	e := a.Strength(passphrase, []string{login})
	if e.Score < leastScore {
		return e, ErrWeak
	}
	return e, nil
}

// PrepareSignUp draws the account, the vault key and the recovery code, and seals the key under the
// passphrase and the code. Nothing is sent but the login name, to learn how passphrases are
// stretched here.
func (a *Agent) PrepareSignUp(ctx context.Context, login, passphrase string) (Prepared, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	estimate, err := a.strong(passphrase, login)
	if err != nil {
		return Prepared{}, err
	}
	stretch, err := a.newStretch(ctx)
	if err != nil {
		return Prepared{}, err
	}
	p := pending{purpose: forSignUp, login: login, account: id.New[id.Account](), key: vault.NewKey()}
	if err := p.seal(passphrase, stretch); err != nil {
		return Prepared{}, err
	}
	a.pending = p
	return Prepared{RecoveryCode: p.code.Text(), Strength: &estimate}, nil
}

// seal makes the two slots of the vault key: for the passphrase, and for a fresh recovery code.
func (p *pending) seal(passphrase string, stretch seal.Stretch) error {
	secret, err := vault.FromPassphrase(passphrase, stretch)
	if err != nil {
		return err
	}
	if p.passphrase, err = sealed(secret, p.key, p.account); err != nil {
		return err
	}
	return p.sealRecovery()
}

func (p *pending) sealRecovery() (err error) {
	p.code = vault.NewRecoveryCode()
	p.recovery, err = sealed(vault.FromRecovery(p.code), p.key, p.account)
	return err
}

// newStretch is how a new passphrase is stretched: as this server wants it, which it says for a
// login name that nobody has, and with a salt of our own.
func (a *Agent) newStretch(ctx context.Context) (seal.Stretch, error) {
	stretch, err := a.parameters(ctx, string(id.New[id.Slot]()))
	stretch.Salt = seal.NewStretch().Salt
	return stretch, err
}

// confirmed hands out what was prepared for this purpose, when the customer knows its code. A wrong
// code can be corrected; the right one works once.
func (a *Agent) confirmed(why purpose, recoveryCode string) (pending, error) {
	if a.pending.purpose != why || why == forNothing {
		return pending{}, ErrNothingPrepared
	}
	code, err := vault.ParseRecoveryCode(recoveryCode)
	if err != nil {
		return pending{}, err
	}
	if !code.Equal(a.pending.code) {
		return pending{}, ErrOtherCode
	}
	return a.pending, nil
}

// ConfirmSignUp creates the account, signs in, and saves the first revision of the vault.
func (a *Agent) ConfirmSignUp(ctx context.Context, recoveryCode string) (State, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p, err := a.confirmed(forSignUp, recoveryCode)
	if err != nil {
		return State{}, err
	}
	in := NewAccount{Login: p.login, Account: string(p.account), Slots: []NewSlot{p.passphrase, p.recovery}}
	var answer SessionAnswer
	if err := a.transport.Do(ctx, "POST", "/accounts", in, &answer); err != nil {
		return State{}, err
	}
	if answer.Session.Account != string(p.account) {
		return State{}, ErrAnswer
	}
	a.pending = pending{}
	if err := a.unlockAs(ctx, answer.Session, p.key); err != nil {
		return State{}, err
	}
	a.login = p.login
	if _, err := a.load(ctx); err != nil { // saves the first revision
		return State{}, err
	}
	return a.state(), nil
}

// PrepareRenewal draws a new recovery code to go with a new passphrase, after a login with the old
// code.
func (a *Agent) PrepareRenewal(ctx context.Context, passphrase string) (Prepared, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, err := a.signedIn(ctx)
	if err != nil {
		return Prepared{}, err
	}
	if a.key.IsZero() {
		return Prepared{}, ErrLocked
	}
	estimate, err := a.strong(passphrase, a.login)
	if err != nil {
		return Prepared{}, err
	}
	stretch, err := a.newStretch(ctx)
	if err != nil {
		return Prepared{}, err
	}
	p := pending{purpose: forRenewal, account: id.Account(s.Account), key: a.key}
	if err := p.seal(passphrase, stretch); err != nil {
		return Prepared{}, err
	}
	a.pending = p
	return Prepared{RecoveryCode: p.code.Text(), Strength: &estimate}, nil
}

// ConfirmRenewal replaces the passphrase and the recovery code. Every other session ends.
func (a *Agent) ConfirmRenewal(ctx context.Context, recoveryCode string) (State, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p, err := a.confirmed(forRenewal, recoveryCode)
	if err != nil {
		return State{}, err
	}
	var answer SessionAnswer
	in := Renewal{Passphrase: p.passphrase, Recovery: p.recovery}
	if err := a.transport.Do(ctx, "POST", "/slots/renew", in, &answer); err != nil {
		return State{}, err
	}
	a.pending = pending{}
	if err := a.unlockAs(ctx, answer.Session, p.key); err != nil {
		return State{}, err
	}
	return a.state(), nil
}

// PrepareRecovery draws a new recovery code in place of the one in force.
func (a *Agent) PrepareRecovery(ctx context.Context, passphrase string) (Prepared, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	secret, key, err := a.prove(ctx, passphrase)
	if err != nil {
		return Prepared{}, err
	}
	p := pending{purpose: forRecovery, account: id.Account(a.session.Account), key: key, current: secret.Auth()}
	if err := p.sealRecovery(); err != nil {
		return Prepared{}, err
	}
	a.pending = p
	return Prepared{RecoveryCode: p.code.Text()}, nil
}

// ConfirmRecovery puts the new recovery code into force; the old one opens nothing any more.
func (a *Agent) ConfirmRecovery(ctx context.Context, recoveryCode string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	p, err := a.confirmed(forRecovery, recoveryCode)
	if err != nil {
		return err
	}
	in := SlotChange{CurrentAuth: p.current, Slot: p.recovery.Slot, Auth: p.recovery.Auth}
	if err := a.transport.Do(ctx, "PUT", "/slots/recovery", in, nil); err != nil {
		return err
	}
	a.pending = pending{}
	return nil
}

// Tokens says what becomes of the tokens of the customer's own programs.
type Tokens bool

// They end unless they are kept.
const (
	EndTokens  Tokens = false
	KeepTokens Tokens = true
)

// ChangePassphrase seals the vault key under another passphrase. Every other session ends.
func (a *Agent) ChangePassphrase(ctx context.Context, current, next string, tokens Tokens) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, err := a.strong(next, a.login); err != nil {
		return err
	}
	secret, key, err := a.prove(ctx, current)
	if err != nil {
		return err
	}
	stretch, err := a.newStretch(ctx)
	if err != nil {
		return err
	}
	renewed, err := vault.FromPassphrase(next, stretch)
	if err != nil {
		return err
	}
	s, err := sealed(renewed, key, id.Account(a.session.Account))
	if err != nil {
		return err
	}
	in := PassphraseChange{CurrentAuth: secret.Auth(), Slot: s.Slot, Auth: s.Auth, KeepTokens: bool(tokens)}
	return a.transport.Do(ctx, "PUT", "/slots/passphrase", in, nil)
}

// MakeToken gives a program of the customer's own access to the API, and its token this once.
func (a *Agent) MakeToken(ctx context.Context, passphrase string, in NewToken) (made MadeToken, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	secret, _, err := a.prove(ctx, passphrase)
	if err != nil {
		return MadeToken{}, err
	}
	in.CurrentAuth = secret.Auth()
	err = a.transport.Do(ctx, "POST", "/tokens", in, &made)
	return made, err
}

// DeleteAccount deletes the account with everything in it, for good.
func (a *Agent) DeleteAccount(ctx context.Context, passphrase string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	secret, _, err := a.prove(ctx, passphrase)
	if err != nil {
		return err
	}
	if err := a.transport.Do(ctx, "DELETE", "/account", CurrentAuth{CurrentAuth: secret.Auth()}, nil); err != nil {
		return err
	}
	a.close()
	return a.keeper.Save(ctx, Kept{})
}

// prove opens the vault key with the passphrase, as the proof that a change of secrets needs.
func (a *Agent) prove(ctx context.Context, passphrase string) (vault.Secret, vault.Key, error) {
	s, err := a.signedIn(ctx)
	if err != nil {
		return vault.Secret{}, vault.Key{}, err
	}
	slot, err := a.passphraseSlot(ctx)
	if err != nil {
		return vault.Secret{}, vault.Key{}, err
	}
	secret, err := vault.FromPassphrase(passphrase, *slot.Stretch)
	if err != nil {
		return vault.Secret{}, vault.Key{}, err
	}
	key, err := vault.OpenSlot(secret, slot, id.Account(s.Account))
	return secret, key, err
}

// errNoPassphrase says that the server shows slots without one for a passphrase.
var errNoPassphrase = errors.New("no passphrase slot")

// passphraseSlot is the slot that the passphrase opens. Its parameters are checked before anything
// is stretched with them.
func (a *Agent) passphraseSlot(ctx context.Context) (vault.Slot, error) {
	var answer SlotList
	if err := a.transport.Do(ctx, "GET", "/slots", nil, &answer); err != nil {
		return vault.Slot{}, err
	}
	for _, wire := range answer.Slots {
		slot := wire.vault()
		if slot.Kind == vault.SlotPassphrase && slot.Stretch != nil {
			return slot, slot.Stretch.Validate()
		}
	}
	return vault.Slot{}, ErrAnswer.Because(errNoPassphrase)
}
