package rest

import (
	"errors"
	"net/http"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/vault"
)

// GetSession tells who is signed in, with the session's share of the vault key's wrap.
func (s *REST) GetSession(w http.ResponseWriter, r *http.Request) {
	who, err := s.anySession(r)
	s.answer(w, r, http.StatusOK, SessionAnswer{Session: sessionOut(who)}, err)
}

// Logout ends this session; its share is gone with it.
func (s *REST) Logout(w http.ResponseWriter, r *http.Request) {
	who, err := s.anySession(r)
	switch {
	case err == nil:
		err = s.o.Accounts.Logout(r.Context(), who.ID)
	case errors.Is(err, identity.ErrNoSession):
		err = nil // nobody to sign out; the cookie goes all the same
	}
	if err == nil {
		s.o.Cookie.Clear(w)
	}
	s.done(w, r, err)
}

// ListSessions lists the account's sessions, without their shares.
func (s *REST) ListSessions(w http.ResponseWriter, r *http.Request) {
	who, err := s.session(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	all, err := s.o.Accounts.Sessions(r.Context(), who.Account)
	out := SessionList{Sessions: make([]SessionInfo, 0, len(all))}
	for _, one := range all {
		out.Sessions = append(out.Sessions, SessionInfo{
			ID: string(one.ID), Current: one.ID == who.ID, Created: one.Created, AuthTime: one.AuthTime,
			Expires: one.Expires, UserAgent: one.UserAgent,
		})
	}
	s.answer(w, r, http.StatusOK, out, err)
}

// LogoutEverywhere ends every session of the account, this one too.
func (s *REST) LogoutEverywhere(w http.ResponseWriter, r *http.Request) {
	who, err := s.anySession(r)
	if err == nil {
		err = s.o.Accounts.LogoutEverywhere(r.Context(), who.Account)
	}
	if err == nil {
		s.o.Cookie.Clear(w)
	}
	s.done(w, r, err)
}

// Reauthenticate proves anew that the customer is there.
func (s *REST) Reauthenticate(w http.ResponseWriter, r *http.Request) {
	who, err := s.anySession(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	in, err := read[Reauthentication](r)
	if err == nil {
		who, err = s.o.Accounts.Reauthenticate(r.Context(), who, vault.SlotKind(in.Kind), in.Auth)
	}
	s.answer(w, r, http.StatusOK, SessionAnswer{Session: sessionOut(who)}, err)
}

// ListSlots gives the account's sealed key slots.
func (s *REST) ListSlots(w http.ResponseWriter, r *http.Request) {
	who, err := s.anySession(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	all, err := s.o.Accounts.Slots(r.Context(), who.Account)
	out := SlotList{Slots: make([]Slot, 0, len(all))}
	for _, one := range all {
		out.Slots = append(out.Slots, slotOut(one))
	}
	s.answer(w, r, http.StatusOK, out, err)
}

// ChangePassphrase replaces the passphrase's slot and ends the other sessions, and the programs' tokens.
func (s *REST) ChangePassphrase(w http.ResponseWriter, r *http.Request) {
	who, err := s.session(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	in, err := read[PassphraseChange](r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	slot, err := slotIn(in.Slot, in.Auth)
	if err == nil {
		slot.KeepPrograms = in.KeepTokens
		err = s.o.Accounts.ChangePassphrase(r.Context(), who, in.CurrentAuth, slot)
	}
	s.done(w, r, err)
}

// ReplaceRecovery replaces the recovery code's slot.
func (s *REST) ReplaceRecovery(w http.ResponseWriter, r *http.Request) {
	who, err := s.session(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	in, err := read[SlotChange](r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	slot, err := slotIn(in.Slot, in.Auth)
	if err == nil {
		err = s.o.Accounts.ReplaceRecovery(r.Context(), who, in.CurrentAuth, slot)
	}
	s.done(w, r, err)
}

// RenewSlots replaces passphrase and recovery code after a login by recovery code.
func (s *REST) RenewSlots(w http.ResponseWriter, r *http.Request) {
	who, err := s.anySession(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	in, err := read[Renewal](r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	passphrase, err := slotIn(in.Passphrase.Slot, in.Passphrase.Auth)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	recovery, err := slotIn(in.Recovery.Slot, in.Recovery.Auth)
	if err == nil {
		who, err = s.o.Accounts.Renew(r.Context(), who, passphrase, recovery)
	}
	s.answer(w, r, http.StatusOK, SessionAnswer{Session: sessionOut(who)}, err)
}
