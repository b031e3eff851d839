package identity_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

func TestSignUp_thenLogin_returnsTheSlotThatWasStored(t *testing.T) {
	w := newWorld(t)
	p, opened := w.join(t, "ada@example.org")
	if opened.Session.MustRenew || len(opened.Session.Share) != 32 {
		t.Errorf("session after sign-up: must renew %v, share of %d bytes", opened.Session.MustRenew, len(opened.Session.Share))
	}
	again := w.login(t, p)
	if diff := cmp.Diff(p.slots[0].Slot, again.Slot); diff != "" {
		t.Error(diff)
	}
	if again.Session.Account != p.account || again.Session.ID == opened.Session.ID || again.Token == opened.Token {
		t.Error("the second session is not one of its own, of the same account")
	}
	w.alive(t, opened)
}

func TestSignUp_realAgent_opensItsVaultAgain(t *testing.T) {
	w := newWorld(t)
	account, key := id.New[id.Account](), vault.NewKey()
	secret, err := vault.FromPassphrase("correct horse battery", seal.NewStretch())
	must(t, err)
	code := vault.FromRecovery(vault.NewRecoveryCode())
	var slots []identity.NewSlot
	for _, s := range []vault.Secret{secret, code} {
		slot, err := vault.SealSlot(s, key, account, id.New[id.Slot](), s.Kind())
		must(t, err)
		slots = append(slots, identity.NewSlot{Slot: slot, Auth: s.Auth()})
	}
	_, err = w.accounts.SignUp(t.Context(), identity.NewAccount{Login: "ada", Account: account, Slots: slots}, home)
	must(t, err)

	stretch, err := w.accounts.Parameters(t.Context(), "ada", home)
	must(t, err)
	typed, err := vault.FromPassphrase("correct horse battery", stretch)
	must(t, err)
	opened, err := w.accounts.Login(t.Context(), "ada", vault.SlotPassphrase, typed.Auth(), home)
	must(t, err)
	got, err := vault.OpenSlot(typed, opened.Slot, opened.Session.Account)
	must(t, err)
	if !got.Equal(key) {
		t.Error("another vault key")
	}
}

func TestSignUp_sameLoginInAnotherSpelling_isTaken(t *testing.T) {
	w := newWorld(t)
	w.join(t, "Straße@Example.org")
	for _, login := range []string{"straße@example.org", " STRASSE@EXAMPLE.ORG\t", "strasse＠example．org"} {
		_, err := w.accounts.SignUp(t.Context(), newPerson(login).signUp(), home)
		is(t, err, identity.ErrLoginTaken)
	}
}

func TestSignUp_hundredAtOnceForOneLogin_oneWins(t *testing.T) {
	w := newWorld(t, identity.Limits{SignUpBurst: 1000})
	var won, taken atomic.Int32
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			_, err := w.accounts.SignUp(t.Context(), newPerson("ada").signUp(), home)
			switch {
			case err == nil:
				won.Add(1)
			case errors.Is(err, identity.ErrLoginTaken):
				taken.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || taken.Load() != 99 {
		t.Errorf("%d won, %d were told that it is taken", won.Load(), taken.Load())
	}
}

func TestSignUp_accountThatExists_isNotReplaced(t *testing.T) {
	w := newWorld(t)
	p, _ := w.join(t, "ada")
	thief := newPerson("eve")
	thief.account = p.account
	_, err := w.accounts.SignUp(t.Context(), thief.signUp(), home)
	is(t, err, identity.ErrAccountTaken)
	w.login(t, p)
	_, err = w.accounts.Login(t.Context(), "eve", vault.SlotPassphrase, thief.passphrase, home)
	is(t, err, identity.ErrWrongLogin)
}

func TestSignUp_wrongSlots_areRefused(t *testing.T) {
	w := newWorld(t)
	spoil := map[string]func(*identity.NewAccount){
		"no slot":          func(n *identity.NewAccount) { n.Slots = nil },
		"no recovery":      func(n *identity.NewAccount) { n.Slots = n.Slots[:1] },
		"two of one kind":  func(n *identity.NewAccount) { n.Slots[1] = newSlot(vault.SlotPassphrase) },
		"three":            func(n *identity.NewAccount) { n.Slots = append(n.Slots, newSlot(vault.SlotRecovery)) },
		"a passkey more":   func(n *identity.NewAccount) { n.Slots = append(n.Slots, newSlot(vault.SlotPasskey)) },
		"one id for both":  func(n *identity.NewAccount) { n.Slots[1].Slot.ID = n.Slots[0].Slot.ID },
		"malformed id":     func(n *identity.NewAccount) { n.Slots[0].Slot.ID = "../account" },
		"malformed acct":   func(n *identity.NewAccount) { n.Account = "x" },
		"short proof":      func(n *identity.NewAccount) { n.Slots[0].Auth = n.Slots[0].Auth[:31] },
		"zero proof":       func(n *identity.NewAccount) { n.Slots[0].Auth = make([]byte, 32) },
		"empty slot":       func(n *identity.NewAccount) { n.Slots[1].Slot.Sealed = nil },
		"huge slot":        func(n *identity.NewAccount) { n.Slots[1].Slot.Sealed = make([]byte, 1<<20) },
		"stretched code":   func(n *identity.NewAccount) { s := seal.NewStretch(); n.Slots[1].Slot.Stretch = &s },
		"unstretched pass": func(n *identity.NewAccount) { n.Slots[0].Slot.Stretch = nil },
		"weak stretch":     func(n *identity.NewAccount) { n.Slots[0].Slot.Stretch.Time = 1 },
		"other stretch":    func(n *identity.NewAccount) { n.Slots[0].Slot.Stretch.Memory *= 2 },
		"short salt":       func(n *identity.NewAccount) { n.Slots[0].Slot.Stretch.Salt = []byte{1} },
	}
	for name, f := range spoil {
		n := newPerson("ada").signUp()
		f(&n)
		_, err := w.accounts.SignUp(t.Context(), n, home)
		if !errors.Is(err, identity.ErrSlots) && !errors.Is(err, identity.ErrWeakStretch) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.join(t, "ada") // none of them left anything behind
}

func TestLoginNames_thatCannotBe_areRefused(t *testing.T) {
	w := newWorld(t)
	for _, login := range []string{"", "ab", "  ab  ", "a\x00bc", "a\nbc", "ad\u202ea", "a\u200bda", "a\u00adb", "\xff\xfe\xfd", strings.Repeat("a", 255), strings.Repeat("ﷺ", 100), strings.Repeat("x", 1<<20)} {
		_, err := w.accounts.SignUp(t.Context(), newPerson(login).signUp(), home)
		is(t, err, identity.ErrLoginInvalid)
		_, err = w.accounts.Parameters(t.Context(), login, home)
		is(t, err, identity.ErrLoginInvalid)
		_, err = w.accounts.Login(t.Context(), login, vault.SlotPassphrase, random(32), home)
		is(t, err, identity.ErrLoginInvalid)
	}
}

func TestChangePassphrase_endsOtherSessions_andTheOldPassphrase(t *testing.T) {
	w := newWorld(t)
	p, first := w.join(t, "ada")
	other, fresh := w.login(t, p), newSlot(vault.SlotPassphrase)
	must(t, w.accounts.ChangePassphrase(t.Context(), first.Session, p.passphrase, fresh))

	w.gone(t, other)
	if s := w.alive(t, first); !cmp.Equal(s.Share, first.Session.Share) {
		t.Error("the session's share changed")
	}
	_, err := w.accounts.Login(t.Context(), "ada", vault.SlotPassphrase, p.passphrase, home)
	is(t, err, identity.ErrWrongLogin)
	p.passphrase = fresh.Auth
	w.login(t, p)
	w.recover(t, p)
	shown, err := w.accounts.Parameters(t.Context(), "ada", home)
	must(t, err)
	if diff := cmp.Diff(*fresh.Slot.Stretch, shown); diff != "" {
		t.Error(diff)
	}
}

func TestSlotChanges_wrongPresentPassphrase_changeNothing(t *testing.T) {
	w := newWorld(t, identity.Limits{Free: 100})
	p, s := w.join(t, "ada")
	before, err := w.accounts.Slots(t.Context(), p.account)
	must(t, err)
	for _, wrong := range [][]byte{nil, random(32), p.recovery, p.passphrase[:31]} {
		is(t, w.accounts.ChangePassphrase(t.Context(), s.Session, wrong, newSlot(vault.SlotPassphrase)), identity.ErrWrongSecret)
		is(t, w.accounts.ReplaceRecovery(t.Context(), s.Session, wrong, newSlot(vault.SlotRecovery)), identity.ErrWrongSecret)
		is(t, w.accounts.Delete(t.Context(), s.Session, wrong), identity.ErrWrongSecret)
	}
	is(t, w.accounts.ChangePassphrase(t.Context(), s.Session, p.passphrase, newSlot(vault.SlotRecovery)), identity.ErrSlots)
	is(t, w.accounts.ReplaceRecovery(t.Context(), s.Session, p.passphrase, newSlot(vault.SlotPassphrase)), identity.ErrSlots)
	after, err := w.accounts.Slots(t.Context(), p.account)
	must(t, err)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
}

func TestReplaceRecovery_oldCodeIsWorthNothing_norWhatItOpened(t *testing.T) {
	w := newWorld(t)
	p, s := w.join(t, "ada")
	byThief, phone := w.recover(t, p), w.login(t, p)
	old := p.recovery
	same := newSlot(vault.SlotRecovery)
	same.Auth = old
	is(t, w.accounts.ReplaceRecovery(t.Context(), s.Session, p.passphrase, same), identity.ErrSameSecret)

	fresh := newSlot(vault.SlotRecovery)
	must(t, w.accounts.ReplaceRecovery(t.Context(), s.Session, p.passphrase, fresh))
	_, err := w.accounts.Login(t.Context(), "ada", vault.SlotRecovery, old, home)
	is(t, err, identity.ErrWrongLogin)
	w.gone(t, byThief)
	w.alive(t, phone)
	p.recovery = fresh.Auth
	w.recover(t, p)
}

func TestRecovery_mustRenew_andRenewReplacesEverything(t *testing.T) {
	w := newWorld(t)
	p, lost := w.join(t, "ada")
	opened := w.recover(t, p)
	if !opened.Session.MustRenew || !w.alive(t, opened).MustRenew {
		t.Fatal("a login by recovery code need not renew")
	}
	is(t, w.accounts.ChangePassphrase(t.Context(), opened.Session, p.passphrase, newSlot(vault.SlotPassphrase)), identity.ErrMustRenew)
	is(t, w.accounts.ReplaceRecovery(t.Context(), opened.Session, p.passphrase, newSlot(vault.SlotRecovery)), identity.ErrMustRenew)
	is(t, w.accounts.Delete(t.Context(), opened.Session, p.passphrase), identity.ErrMustRenew)
	_, err := w.accounts.Reauthenticate(t.Context(), opened.Session, vault.SlotPassphrase, p.passphrase)
	is(t, err, identity.ErrMustRenew)
	pretended := opened.Session
	pretended.MustRenew = false // what a caller says about a session is not believed
	is(t, w.accounts.Delete(t.Context(), pretended, p.passphrase), identity.ErrMustRenew)

	pass, code := newSlot(vault.SlotPassphrase), newSlot(vault.SlotRecovery)
	same := code
	same.Auth = p.recovery
	_, err = w.accounts.Renew(t.Context(), opened.Session, pass, same)
	is(t, err, identity.ErrSameSecret)
	w.alive(t, lost)

	renewed, err := w.accounts.Renew(t.Context(), opened.Session, pass, code)
	must(t, err)
	if renewed.MustRenew || w.alive(t, opened).MustRenew {
		t.Error("must renew after renewing")
	}
	w.gone(t, lost)
	for kind, auth := range map[vault.SlotKind][]byte{vault.SlotPassphrase: p.passphrase, vault.SlotRecovery: p.recovery} {
		_, err := w.accounts.Login(t.Context(), "ada", kind, auth, home)
		is(t, err, identity.ErrWrongLogin)
	}
	p.passphrase, p.recovery = pass.Auth, code.Auth
	w.login(t, p)
	w.recover(t, p)
}

func TestRenew_ordinarySession_isRefused(t *testing.T) {
	w := newWorld(t)
	p, s := w.join(t, "ada")
	_, err := w.accounts.Renew(t.Context(), s.Session, newSlot(vault.SlotPassphrase), newSlot(vault.SlotRecovery))
	is(t, err, identity.ErrNothingToRenew)
	w.login(t, p)
}

func TestReauthenticate_renewsAuthTime_andNothingElse(t *testing.T) {
	w := newWorld(t)
	p, opened := w.join(t, "ada")
	w.clock.Add(time.Hour)
	_, err := w.accounts.Reauthenticate(t.Context(), opened.Session, vault.SlotPassphrase, random(32))
	is(t, err, identity.ErrWrongSecret)
	if !w.alive(t, opened).AuthTime.Equal(opened.Session.AuthTime) {
		t.Error("a wrong secret renewed the session")
	}
	s, err := w.accounts.Reauthenticate(t.Context(), opened.Session, vault.SlotPassphrase, p.passphrase)
	must(t, err)
	want := opened.Session
	want.AuthTime = w.clock.Now()
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
}

func TestDelete_leavesNothing_andTheLoginIsFree(t *testing.T) {
	w := newWorld(t)
	p, s := w.join(t, "ada")
	other := w.login(t, p)
	must(t, w.accounts.Delete(t.Context(), s.Session, p.passphrase))
	w.gone(t, s)
	w.gone(t, other)
	_, err := w.accounts.Slots(t.Context(), p.account)
	is(t, err, identity.ErrNoAccount)
	_, err = w.accounts.Login(t.Context(), "ada", vault.SlotPassphrase, p.passphrase, home)
	is(t, err, identity.ErrWrongLogin)
	if left := w.keysUnder(t, "account", "login", "session", "program"); len(left) != 1 || left[0] != "account-gone/"+string(p.account) {
		t.Errorf("left in the store: %v", left)
	}
	gone, err := w.accounts.Gone(t.Context(), 10)
	if must(t, err); len(gone) != 1 || gone[0] != p.account {
		t.Errorf("still to be forgotten: %v", gone)
	}
	must(t, w.accounts.Bury(t.Context(), p.account))
	if left := w.keysUnder(t, "account", "login", "session", "program"); len(left) != 0 {
		t.Errorf("left in the store: %v", left)
	}
	w.join(t, "ada")
}

func TestChanges_endedSession_areRefused(t *testing.T) {
	w := newWorld(t)
	p, s := w.join(t, "ada")
	must(t, w.accounts.Logout(t.Context(), s.Session.ID))
	is(t, w.accounts.ChangePassphrase(t.Context(), s.Session, p.passphrase, newSlot(vault.SlotPassphrase)), identity.ErrNoSession)
	is(t, w.accounts.Delete(t.Context(), s.Session, p.passphrase), identity.ErrNoSession)
	_, err := w.accounts.Reauthenticate(t.Context(), s.Session, vault.SlotPassphrase, p.passphrase)
	is(t, err, identity.ErrNoSession)
	w.login(t, p)
}

func TestLogin_racingAPassphraseChange_leavesNoOldSession(t *testing.T) {
	w := newWorld(t, identity.Limits{Free: 1000, FreeLogin: 1000, AddressBurst: 1000})
	p, s := w.join(t, "ada")
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() { // before the change it succeeds and is ended, after it is refused
			_, err := w.accounts.Login(t.Context(), "ada", vault.SlotPassphrase, p.passphrase, home)
			if err != nil && !errors.Is(err, identity.ErrWrongLogin) {
				t.Error(err)
			}
		})
	}
	all.Go(func() {
		if err := w.accounts.ChangePassphrase(t.Context(), s.Session, p.passphrase, newSlot(vault.SlotPassphrase)); err != nil {
			t.Error(err)
		}
	})
	all.Wait()
	left, err := w.accounts.Sessions(t.Context(), p.account)
	must(t, err)
	if len(left) != 1 || left[0].ID != s.Session.ID {
		t.Errorf("%d sessions are left", len(left))
	}
}

func TestReauthenticate_byRecoveryCode_mustRenew(t *testing.T) {
	w := newWorld(t)
	p, opened := w.join(t, "ada")
	s, err := w.accounts.Reauthenticate(t.Context(), opened.Session, vault.SlotRecovery, p.recovery)
	must(t, err)
	if !s.MustRenew || !w.alive(t, opened).MustRenew {
		t.Error("the code was used and nothing need be renewed")
	}
}
