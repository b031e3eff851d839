package agent

import (
	"context"
	"errors"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

// State is what a page needs to know first.
type State struct {
	SignedIn  bool       `json:"signed_in"`
	Unlocked  bool       `json:"unlocked"`
	MustRenew bool       `json:"must_renew"`
	Account   id.Account `json:"account,omitempty"`
}

// State asks the server who is signed in, and opens the vault with what was kept when it can.
func (a *Agent) State(ctx context.Context) (State, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.askSession(ctx)
	switch {
	case errors.Is(err, ErrSignedOut):
		return State{}, nil
	case err != nil:
		return State{}, err
	}
	return a.state(), nil
}

func (a *Agent) state() State {
	return State{
		SignedIn:  true,
		Unlocked:  !a.key.IsZero(),
		MustRenew: a.session.MustRenew,
		Account:   id.Account(a.session.Account),
	}
}

// askSession learns from the server which session this is.
func (a *Agent) askSession(ctx context.Context) error {
	var answer SessionAnswer
	err := a.transport.Do(ctx, "GET", "/session", nil, &answer)
	if refused(err, statusUnauthenticated) {
		a.close()
		return errors.Join(ErrSignedOut, a.forgetSession(ctx))
	}
	if err != nil {
		return err
	}
	return a.enter(ctx, answer.Session)
}

// enter takes a session over, and opens the vault key that was kept for it. A kept key that does
// not open is no error: the vault is locked, that is all.
func (a *Agent) enter(ctx context.Context, s Session) error {
	if a.session != nil && a.session.ID == s.ID {
		a.session = &s // the same one, proved again: the key stays
		return nil
	}
	kept, err := a.keeper.Load(ctx)
	if err != nil {
		return err
	}
	a.session, a.key = &s, vault.Key{}
	if string(kept.Session) != s.ID || string(kept.Account) != s.Account {
		return nil
	}
	key, err := vault.OpenSession(s.Share, kept.Account, kept.Session, kept.Wrapped)
	if err == nil {
		a.key = key
	}
	return nil
}

// unlockAs keeps the vault key for the session: in memory as it is, and by the Keeper under the
// session's share.
func (a *Agent) unlockAs(ctx context.Context, s Session, key vault.Key) error {
	account, session := id.Account(s.Account), id.Session(s.ID)
	wrapped, err := vault.WrapForSession(key, s.Share, account, session)
	if err != nil {
		return ErrAnswer.Because(err)
	}
	kept, err := a.keeper.Load(ctx)
	if err != nil {
		return err
	}
	if kept.Account != account {
		kept = Kept{} // of somebody else
	}
	kept.Account, kept.Session, kept.Wrapped = account, session, wrapped
	if err := a.keeper.Save(ctx, kept); err != nil {
		return err
	}
	a.session, a.key = &s, key
	return nil
}

// forgetSession drops the kept key. What revision was seen stays, for the next login.
func (a *Agent) forgetSession(ctx context.Context) error {
	kept, err := a.keeper.Load(ctx)
	if err != nil {
		return err
	}
	if kept.Session == "" && kept.Wrapped == nil {
		return nil
	}
	kept.Session, kept.Wrapped = "", nil
	return a.keeper.Save(ctx, kept)
}

// signedIn is the session, or why there is none.
func (a *Agent) signedIn(ctx context.Context) (Session, error) {
	if a.session == nil {
		if err := a.askSession(ctx); err != nil {
			return Session{}, err
		}
	}
	return *a.session, nil
}

// unlocked is the session of an open vault, or why there is none.
func (a *Agent) unlocked(ctx context.Context) (Session, error) {
	s, err := a.signedIn(ctx)
	switch {
	case err != nil:
		return Session{}, err
	case s.MustRenew:
		return Session{}, ErrMustRenew
	case a.key.IsZero():
		return Session{}, ErrLocked
	}
	return s, nil
}

// Login signs in with the passphrase and opens the vault. The server learns neither.
func (a *Agent) Login(ctx context.Context, login, passphrase string) (State, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	stretch, err := a.parameters(ctx, login)
	if err != nil {
		return State{}, err
	}
	secret, err := vault.FromPassphrase(passphrase, stretch)
	if err != nil {
		return State{}, err
	}
	return a.signIn(ctx, login, secret)
}

// Recover signs in with the recovery code. Renew must follow.
func (a *Agent) Recover(ctx context.Context, login, recoveryCode string) (State, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	code, err := vault.ParseRecoveryCode(recoveryCode)
	if err != nil {
		return State{}, err
	}
	return a.signIn(ctx, login, vault.FromRecovery(code))
}

// parameters asks how the passphrase of a login is stretched. Parameters that are too weak to use
// are refused before anything is stretched with them.
func (a *Agent) parameters(ctx context.Context, login string) (seal.Stretch, error) {
	var answer LoginParameters
	if err := a.transport.Do(ctx, "POST", "/login/parameters", LoginName{Login: login}, &answer); err != nil {
		return seal.Stretch{}, err
	}
	stretch := answer.Stretch.seal()
	return stretch, stretch.Validate()
}

// signIn proves the secret to the server and opens the slot that comes back.
func (a *Agent) signIn(ctx context.Context, login string, secret vault.Secret) (State, error) {
	in := Login{Login: login, Kind: SlotKind(secret.Kind()), Auth: secret.Auth()}
	var answer LoginAnswer
	if err := a.transport.Do(ctx, "POST", "/session", in, &answer); err != nil {
		return State{}, err
	}
	key, err := vault.OpenSlot(secret, answer.Slot.vault(), id.Account(answer.Session.Account))
	if err != nil {
		return State{}, err
	}
	if err := a.unlockAs(ctx, answer.Session, key); err != nil {
		return State{}, err
	}
	a.login = login
	return a.state(), nil
}

// Unlock opens the vault of a live session with the passphrase, and so proves again who is here.
func (a *Agent) Unlock(ctx context.Context, passphrase string) (State, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, err := a.signedIn(ctx)
	if err != nil {
		return State{}, err
	}
	slot, err := a.passphraseSlot(ctx)
	if err != nil {
		return State{}, err
	}
	secret, err := vault.FromPassphrase(passphrase, *slot.Stretch)
	if err != nil {
		return State{}, err
	}
	// The server first: it counts wrong attempts.
	in := Reauthentication{Kind: SlotKindPassphrase, Auth: secret.Auth()}
	var answer SessionAnswer
	if err := a.transport.Do(ctx, "POST", "/session/reauthenticate", in, &answer); err != nil {
		return State{}, err
	}
	key, err := vault.OpenSlot(secret, slot, id.Account(s.Account))
	if err != nil {
		return State{}, err
	}
	if err := a.unlockAs(ctx, answer.Session, key); err != nil {
		return State{}, err
	}
	return a.state(), nil
}

// Logout ends the session here. The vault is locked even when the server does not answer.
func (a *Agent) Logout(ctx context.Context) error { return a.leave(ctx, "/session") }

// LogoutEverywhere ends every session of the account.
func (a *Agent) LogoutEverywhere(ctx context.Context) error { return a.leave(ctx, "/sessions") }

func (a *Agent) leave(ctx context.Context, path string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.transport.Do(ctx, "DELETE", path, nil, nil)
	if refused(err, statusUnauthenticated) {
		err = nil // it had ended already
	}
	a.close()
	return errors.Join(err, a.forgetSession(ctx))
}

// close drops what the agent holds of the customer.
func (a *Agent) close() {
	a.session, a.key, a.pending, a.login = nil, vault.Key{}, pending{}, ""
	clear(a.reviews)
}

// Sessions lists where the account is signed in.
func (a *Agent) Sessions(ctx context.Context) ([]SessionInfo, error) {
	var answer SessionList
	err := a.transport.Do(ctx, "GET", "/sessions", nil, &answer)
	return answer.Sessions, err
}
