package identity_test

import (
	"testing"
	"time"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// program gives a program of the customer's access.
func (w *world) program(t *testing.T, account id.Account) (identity.Program, string) {
	t.Helper()
	p, token, err := w.accounts.AddProgram(t.Context(), account, "my notes", []string{identity.ScopeGrants}, w.clock.Now().Add(30*24*time.Hour))
	must(t, err)
	return p, token.Reveal()
}

func TestChangePassphrase_endsThePrograms_unlessTheyAreKept(t *testing.T) {
	w := newWorld(t)
	p, s := w.join(t, "ada")
	_, token := w.program(t, p.account)
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
	_, token := w.program(t, p.account)
	is(t, w.accounts.ChangePassphrase(t.Context(), s.Session, random(32), newSlot(vault.SlotPassphrase)), identity.ErrWrongSecret)
	must(t, w.accounts.ReplaceRecovery(t.Context(), s.Session, p.passphrase, newSlot(vault.SlotRecovery)))
	_, err := w.accounts.ProgramOf(t.Context(), token)
	must(t, err)
}

func TestLogoutEverywhere_endsThePrograms_whichOtherLogoutsLeave(t *testing.T) {
	w := newWorld(t)
	p, s := w.join(t, "ada")
	other, _ := w.join(t, "berta")
	_, token := w.program(t, p.account)
	_, theirs := w.program(t, other.account)
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
	p, _ := w.join(t, "ada")
	_, token := w.program(t, p.account)
	bob, _ := w.join(t, "bob")
	_, other := w.program(t, bob.account)
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
	p, _ := w.join(t, "ada")
	made, token := w.program(t, p.account)
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
