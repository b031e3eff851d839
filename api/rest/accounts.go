package rest

import (
	"context"
	"net/http"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// LoginParameters tells how a login's passphrase is to be stretched; for a login that does not
// exist too.
func (s *REST) LoginParameters(w http.ResponseWriter, r *http.Request) {
	in, err := read[LoginName](r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	st, err := s.o.Accounts.Parameters(r.Context(), in.Login, source(r))
	s.answer(w, r, http.StatusOK, LoginParameters{Stretch: stretchOut(st)}, err)
}

// SignUp makes an account and its first session.
func (s *REST) SignUp(w http.ResponseWriter, r *http.Request) {
	in, err := read[NewAccount](r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	account, err := accountIn(in)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	opened, err := s.o.Accounts.SignUp(r.Context(), account, source(r))
	s.opened(w, r, http.StatusCreated, opened, err)
}

func accountIn(in NewAccount) (out identity.NewAccount, err error) {
	out.Login = in.Login
	if out.Account, err = parsed[id.Account](in.Account); err != nil {
		return out, err
	}
	for _, n := range in.Slots {
		slot, err := slotIn(n.Slot, n.Auth)
		if err != nil {
			return out, err
		}
		out.Slots = append(out.Slots, slot)
	}
	return out, nil
}

// Login opens a session with the proof of a passphrase or a recovery code.
func (s *REST) Login(w http.ResponseWriter, r *http.Request) {
	in, err := read[Login](r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	opened, err := s.o.Accounts.Login(r.Context(), in.Login, vault.SlotKind(in.Kind), in.Auth, source(r))
	s.opened(w, r, http.StatusOK, opened, err)
}

func (s *REST) opened(w http.ResponseWriter, r *http.Request, status int, o identity.Opened, err error) {
	if err == nil {
		s.o.Cookie.Set(w, o.Token, s.o.Accounts.BrowserState(o.Session.ID), o.Session.Expires)
	}
	s.answer(w, r, status, LoginAnswer{Session: sessionOut(o.Session), Slot: slotOut(o.Slot)}, err)
}

// DeleteAccount deletes the login first, so that nobody can sign in to what is being deleted, and
// then everything that the account kept with us.
func (s *REST) DeleteAccount(w http.ResponseWriter, r *http.Request) {
	who, err := s.session(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	in, err := read[CurrentAuth](r)
	if err == nil {
		err = s.o.Accounts.Delete(r.Context(), who, in.CurrentAuth)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	// The customer may have closed the page: what was begun is finished all the same.
	ctx := context.WithoutCancel(r.Context())
	if err := s.o.Provider.Forget(ctx, who.Account); err != nil {
		s.fail(w, r, errForgetful.Because(err))
		return
	}
	s.o.Cookie.Clear(w)
	s.done(w, r, nil)
}
