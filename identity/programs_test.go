package identity_test

import (
	"testing"
	"time"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/vault"
)

// program gives a program of the customer's access.
func (w *world) program(t *testing.T, p person, s identity.Session) (identity.Program, string) {
	t.Helper()
	made, token, err := w.accounts.AddProgram(t.Context(), s, p.passphrase, "my notes", []string{identity.ScopeGrants}, w.clock.Now().Add(30*24*time.Hour))
	must(t, err)
	return made, token.Reveal()
}

func TestChangePassphrase_endsThePrograms_unlessTheyAreKept(t *testing.T) {
	w := newWorld(t)
	p, s := w.join(t, "ada")
	_, token := w.program(t, p, s.Session)
	kept := newSlot(vault.SlotPassphrase)
	kept.KeepPrograms = true
	must(t, w.accounts.ChangePassphrase(t.Context(), s.Session, p.passphrase, kept))
	_, err := w.accounts.ProgramOf(t.Context(), token)
	must(t, err)
	must(t, w.accounts.ChangePassphrase(t.Context(), s.Session, kept.Auth, newSlot(vault.SlotPassphrase)))
	_, err = w.accounts.ProgramOf(t.Context(), token)
	is(t, err, identity.ErrProgramToken)
	if left, err := w.accounts.Programs(t.Context(), p.account); err != nil || len(left) != 0 {
		t.Errorf("%d are listed, %v", len(left), err)
	}
}

func TestChangePassphrase_withTheWrongPassphrase_endsNoProgram(t *testing.T) {
	w := newWorld(t)
	p, s := w.join(t, "ada")
	_, token := w.program(t, p, s.Session)
	is(t, w.accounts.ChangePassphrase(t.Context(), s.Session, random(32), newSlot(vault.SlotPassphrase)), identity.ErrWrongSecret)
	must(t, w.accounts.ReplaceRecovery(t.Context(), s.Session, p.passphrase, newSlot(vault.SlotRecovery)))
	_, err := w.accounts.ProgramOf(t.Context(), token)
	must(t, err)
}

func TestLogoutEverywhere_endsThePrograms_whichOtherLogoutsLeave(t *testing.T) {
	w := newWorld(t)
	p, s := w.join(t, "ada")
	other, theirSession := w.join(t, "berta")
	_, token := w.program(t, p, s.Session)
	_, theirs := w.program(t, other, theirSession.Session)
	must(t, w.accounts.LogoutEverywhere(t.Context(), p.account, s.Session.ID))
	must(t, w.accounts.Logout(t.Context(), s.Session.ID))
	_, err := w.accounts.ProgramOf(t.Context(), token)
	must(t, err)
	must(t, w.accounts.LogoutEverywhere(t.Context(), p.account))
	_, err = w.accounts.ProgramOf(t.Context(), token)
	is(t, err, identity.ErrProgramToken)
	_, err = w.accounts.ProgramOf(t.Context(), theirs)
	must(t, err)
}

func TestRenew_endsThePrograms(t *testing.T) {
	w := newWorld(t)
	p, s := w.join(t, "ada")
	_, token := w.program(t, p, s.Session)
	bob, his := w.join(t, "bob")
	_, other := w.program(t, bob, his.Session)
	opened := w.recover(t, p)
	_, err := w.accounts.Renew(t.Context(), opened.Session, newSlot(vault.SlotPassphrase), newSlot(vault.SlotRecovery))
	must(t, err)
	_, err = w.accounts.ProgramOf(t.Context(), token)
	is(t, err, identity.ErrProgramToken)
	_, err = w.accounts.ProgramOf(t.Context(), other)
	must(t, err) // it is somebody else's
}

func TestProgramOf_notesTheLastUse_onceAnHour(t *testing.T) {
	w := newWorld(t)
	p, s := w.join(t, "ada")
	made, token := w.program(t, p, s.Session)
	used := func() time.Time {
		t.Helper()
		all, err := w.accounts.Programs(t.Context(), p.account)
		must(t, err)
		return all[0].Used
	}
	if !used().IsZero() {
		t.Error("it was used before it was used")
	}
	call := func(after time.Duration) time.Time {
		t.Helper()
		w.clock.Add(after)
		_, err := w.accounts.ProgramOf(t.Context(), token)
		must(t, err)
		return used()
	}
	first := call(0)
	if !first.Equal(w.clock.Now().Truncate(time.Second)) {
		t.Errorf("used at %s", first)
	}
	if again := call(30 * time.Minute); !again.Equal(first) {
		t.Errorf("noted again at %s", again)
	}
	if later := call(30 * time.Minute); !later.Equal(first.Add(time.Hour)) {
		t.Errorf("not noted an hour later: %s", later)
	}
	must(t, w.accounts.EndProgram(t.Context(), p.account, made.ID))
	w.clock.Add(2 * time.Hour)
	_, err := w.accounts.ProgramOf(t.Context(), token)
	is(t, err, identity.ErrProgramToken)
}

// A token outlives the session: whoever has the session alone gets none, and cannot guess.
func TestAddProgram_takesThePresentPassphrase_slowedDown(t *testing.T) {
	w := newWorld(t)
	p, s := w.join(t, "ada")
	other, _ := w.join(t, "berta")
	add := func(s identity.Session, auth []byte) error {
		_, token, err := w.accounts.AddProgram(t.Context(), s, auth, "my notes", []string{identity.ScopeGrants}, w.clock.Now().Add(time.Hour))
		if err != nil && token.Reveal() != "" {
			t.Error("refused, and there is a token")
		}
		return err
	}
	for _, wrong := range [][]byte{nil, {}, p.recovery, other.passphrase, make([]byte, 32)} {
		is(t, add(s.Session, wrong), identity.ErrWrongSecret)
		w.clock.Add(time.Hour)
	}
	checked := 0
	for range 20 {
		if w.waitOf(t, add(s.Session, random(32)), identity.ErrWrongSecret) == 0 {
			checked++
		}
	}
	if checked > 3 {
		t.Errorf("%d of 20 guesses were checked", checked)
	}
	w.clock.Add(time.Hour)
	must(t, add(s.Session, p.passphrase))
	w.login(t, p) // guesses within a stolen session do not keep the customer out

	must(t, w.accounts.Logout(t.Context(), s.Session.ID))
	is(t, add(s.Session, p.passphrase), identity.ErrNoSession)
	is(t, add(w.recover(t, p).Session, p.passphrase), identity.ErrMustRenew)
	if all, err := w.accounts.Programs(t.Context(), p.account); err != nil || len(all) > 1 {
		t.Errorf("%d programs, %v", len(all), err)
	}
}
