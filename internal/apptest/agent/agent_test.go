package agent_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/agent"
)

func code(err error) string { return agent.Describe(err).Code }

func TestSignUp_opensAVaultThatSurvivesThePage(t *testing.T) {
	w := newWorld(t)
	d, _ := w.signedUp()
	d.set("email", `"ada@example.org"`, "birthdate", `"1915-12-10"`)

	d.reload()
	state, err := d.State(t.Context())
	must(t, err)
	if !state.SignedIn || !state.Unlocked || state.MustRenew {
		t.Fatalf("on the next page: %+v", state)
	}
	got, err := d.Get(t.Context())
	must(t, err)
	if string(got.Attributes["email"]) != `"ada@example.org"` || got.Revision != 2 {
		t.Errorf("the next page reads %d values of revision %d", len(got.Attributes), got.Revision)
	}
	derived, err := d.Get(t.Context(), "age_over_18", "nickname")
	must(t, err)
	if len(derived.Attributes) != 1 || string(derived.Attributes["age_over_18"]) != "true" {
		t.Errorf("derived values are missing")
	}
}

func TestSignUp_theServerAndTheBrowserGetNoSecretAndNoValue(t *testing.T) {
	w := newWorld(t)
	d, recovery := w.signedUp()
	d.set("email", `"marker-mail@example.org"`, "address", `{"street_address":"marker street 12"}`)
	d.approve(w.flow(), "email", "address")
	must(t, d.ChangePassphrase(t.Context(), passphrase, "another marker phrase 99", agent.EndTokens))

	kept, err := json.Marshal(d.kept.kept)
	must(t, err)
	seen := append(slices.Clone(d.sent), kept...)
	for _, marker := range []string{
		passphrase, "another marker phrase 99", recovery, strings.ReplaceAll(recovery, "-", ""), "marker-mail", "marker street",
	} {
		for form, text := range map[string]string{
			"as it is": marker, "base64": base64.StdEncoding.EncodeToString([]byte(marker)), "hex": fmt.Sprintf("%x", marker),
		} {
			if bytes.Contains(seen, []byte(text)) {
				t.Errorf("%q left the agent, %s", marker, form)
			}
		}
	}
}

func TestSignUp_weakPassphrase_isRefusedBeforeAnythingIsSent(t *testing.T) {
	w := newWorld(t)
	for _, weak := range []string{"password", "ada@example.org", "12.10.1815", "qwertyuiop", ""} {
		d := w.device()
		if _, err := d.PrepareSignUp(t.Context(), login, weak); !errors.Is(err, agent.ErrWeak) {
			t.Errorf("%q: %v", weak, err)
		}
		if len(d.sent) > 0 {
			t.Errorf("%q: the server was asked", weak)
		}
	}
}

func TestConfirm_anotherCode_changesNothing(t *testing.T) {
	w := newWorld(t)
	d := w.device()
	if _, err := d.ConfirmSignUp(t.Context(), vault.NewRecoveryCode().Text()); !errors.Is(err, agent.ErrNothingPrepared) {
		t.Errorf("nothing prepared: %v", err)
	}
	prepared, err := d.PrepareSignUp(t.Context(), login, passphrase)
	must(t, err)
	if _, err := d.ConfirmSignUp(t.Context(), vault.NewRecoveryCode().Text()); !errors.Is(err, agent.ErrOtherCode) {
		t.Errorf("another code: %v", err)
	}
	if err := d.ConfirmRecovery(t.Context(), prepared.RecoveryCode); !errors.Is(err, agent.ErrNothingPrepared) {
		t.Errorf("the code of a sign-up confirms another thing: %v", err)
	}
	if _, err := d.Login(t.Context(), login, passphrase); code(err) != "wrong-login" {
		t.Errorf("the account exists before its code was confirmed: %v", err)
	}
	_, err = d.ConfirmSignUp(t.Context(), strings.ToLower(prepared.RecoveryCode))
	must(t, err)
}

func TestLogin_weakParametersOfTheServer_stretchNothing(t *testing.T) {
	w := newWorld(t)
	d, _ := w.signedUp()
	d.after = func(call string, out any) {
		if p, ok := out.(*agent.LoginParameters); ok {
			p.Stretch.M = 8
		}
		if s, ok := out.(*agent.SlotList); ok {
			for i := range s.Slots {
				if s.Slots[i].Stretch != nil {
					s.Slots[i].Stretch.T = 1
				}
			}
		}
	}
	d.sent = nil
	for name, try := range map[string]func() error{
		"login":  func() error { _, err := d.Login(t.Context(), login, passphrase); return err },
		"unlock": func() error { _, err := d.Unlock(t.Context(), passphrase); return err },
		"change": func() error {
			return d.ChangePassphrase(t.Context(), passphrase, "another good phrase 77 here", agent.EndTokens)
		},
		"delete": func() error { return d.DeleteAccount(t.Context(), passphrase) },
		"signup": func() error { _, err := d.PrepareSignUp(t.Context(), "new@example.org", passphrase); return err },
	} {
		if err := try(); code(err) != "stretch-refused" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if bytes.Contains(d.sent, []byte(`auth"`)) {
		t.Error("a proof was derived from weak parameters and sent")
	}
}

func TestUnlock_aLiveSessionWithoutItsHalf(t *testing.T) {
	w := newWorld(t)
	d, _ := w.signedUp()
	d.set("nickname", `"Ada"`)
	d.kept.kept.Wrapped = nil // the browser's data were cleared, but for the cookie
	d.reload()

	if _, err := d.Get(t.Context()); !errors.Is(err, agent.ErrLocked) {
		t.Errorf("a locked vault: %v", err)
	}
	if _, err := d.Unlock(t.Context(), "not the passphrase at all 5"); code(err) != "wrong-login" && code(err) != "wrong-secret" {
		t.Errorf("wrong passphrase: %v", err)
	}
	w.pass(time.Hour)
	state, err := d.Unlock(t.Context(), passphrase)
	must(t, err)
	if !state.Unlocked {
		t.Fatalf("after unlocking: %+v", state)
	}
	d.reload()
	if got, err := d.Get(t.Context(), "nickname"); err != nil || string(got.Attributes["nickname"]) != `"Ada"` {
		t.Errorf("after unlocking: %v", err)
	}
}

func TestLogout_leavesNothingThatOpens(t *testing.T) {
	w := newWorld(t)
	d, _ := w.signedUp()
	before := d.kept.kept
	must(t, d.Logout(t.Context()))
	if kept := d.kept.kept; kept.Wrapped != nil || kept.Session != "" || kept.Highest == 0 {
		t.Errorf("kept after logout: %+v", kept)
	}
	d.kept.kept = before // a copy that somebody took earlier: its share is gone
	for _, name := range []string{"get", "grants", "sessions"} {
		if _, err := d.Call(t.Context(), name, nil); code(err) != "no-session" {
			t.Errorf("%s after logout: %v", name, err)
		}
	}
	state, err := d.State(t.Context())
	must(t, err)
	if state != (agent.State{}) {
		t.Errorf("state after logout: %+v", state)
	}
	_, err = d.Login(t.Context(), login, passphrase)
	must(t, err)
	must(t, d.LogoutEverywhere(t.Context()))
}

func TestRecover_forcesANewPassphraseAndCode(t *testing.T) {
	w := newWorld(t)
	d, recovery := w.signedUp()
	d.set("nickname", `"Ada"`)
	other := w.device()
	state, err := other.Recover(t.Context(), login, recovery)
	must(t, err)
	if !state.MustRenew {
		t.Fatalf("after recovery: %+v", state)
	}
	if _, err := other.Get(t.Context()); !errors.Is(err, agent.ErrMustRenew) {
		t.Errorf("reading before renewal: %v", err)
	}
	prepared, err := other.PrepareRenewal(t.Context(), "eine neue gute Phrase 1852")
	must(t, err)
	state, err = other.ConfirmRenewal(t.Context(), prepared.RecoveryCode)
	must(t, err)
	if state.MustRenew || !state.Unlocked {
		t.Fatalf("after renewal: %+v", state)
	}
	if got, err := other.Get(t.Context(), "nickname"); err != nil || string(got.Attributes["nickname"]) != `"Ada"` {
		t.Errorf("the vault after renewal: %v", err)
	}
	if _, err := d.Grants(t.Context()); code(err) != "no-session" {
		t.Errorf("the other session goes on: %v", err)
	}
	if _, err := w.device().Login(t.Context(), login, passphrase); code(err) != "wrong-login" {
		t.Errorf("the old passphrase: %v", err)
	}
	if _, err := w.device().Recover(t.Context(), login, recovery); code(err) != "wrong-login" {
		t.Errorf("the old code: %v", err)
	}
	_, err = w.device().Login(t.Context(), login, "eine neue gute Phrase 1852")
	must(t, err)
}

func TestReplaceSecrets_theOldOnesOpenNothing(t *testing.T) {
	w := newWorld(t)
	d, recovery := w.signedUp()
	prepared, err := d.PrepareRecovery(t.Context(), passphrase)
	must(t, err)
	must(t, d.ConfirmRecovery(t.Context(), prepared.RecoveryCode))
	if err := d.ChangePassphrase(t.Context(), "not the present one 81 x", "eine neue gute Phrase 1852", agent.EndTokens); code(err) != "wrong-secret" {
		t.Errorf("change with a wrong passphrase: %v", err)
	}
	if err := d.ChangePassphrase(t.Context(), passphrase, "schwach", agent.EndTokens); !errors.Is(err, agent.ErrWeak) {
		t.Errorf("change to a weak passphrase: %v", err)
	}
	must(t, d.ChangePassphrase(t.Context(), passphrase, "eine neue gute Phrase 1852", agent.EndTokens))
	d.set("nickname", `"still here"`)
	if _, err := w.device().Recover(t.Context(), login, recovery); code(err) != "wrong-login" {
		t.Errorf("the old code: %v", err)
	}
	_, err = w.device().Recover(t.Context(), login, prepared.RecoveryCode)
	must(t, err)
	if err := d.DeleteAccount(t.Context(), passphrase); code(err) != "wrong-secret" {
		t.Errorf("delete with the old passphrase: %v", err)
	}
	must(t, d.DeleteAccount(t.Context(), "eine neue gute Phrase 1852"))
	if d.kept.kept.Account != "" || d.kept.kept.Wrapped != nil {
		t.Error("something is kept of a deleted account")
	}
}

func TestSet_anInvalidValue_savesNothing(t *testing.T) {
	w := newWorld(t)
	d, _ := w.signedUp()
	_, err := d.Set(t.Context(), map[string]json.RawMessage{"nickname": json.RawMessage(`"Ada"`), "email": json.RawMessage(`"nonsense"`)})
	if !errors.Is(err, vault.ErrEmail) {
		t.Errorf("Set = %v", err)
	}
	if got, _ := d.Get(t.Context()); len(got.Attributes) != 0 || got.Revision != 1 {
		t.Errorf("%d values were saved", len(got.Attributes))
	}
	if saved := d.set("nickname", "null"); saved.Revision != 1 {
		t.Errorf("a change of nothing made revision %d", saved.Revision)
	}
}

func TestSet_twoDevices_bothChangesStay(t *testing.T) {
	w := newWorld(t)
	d, _ := w.signedUp()
	other := w.device()
	_, err := other.Login(t.Context(), login, passphrase)
	must(t, err)
	once := true
	d.before = func(call string) {
		if call == "PUT /vault" && once {
			once = false
			other.set("nickname", `"the other"`)
		}
	}
	if saved := d.set("email", `"ada@example.org"`); saved.Revision != 3 {
		t.Errorf("revision %d, want 3", saved.Revision)
	}
	got, err := d.Get(t.Context())
	must(t, err)
	if len(got.Attributes) != 2 {
		t.Errorf("%d values are left of two", len(got.Attributes))
	}

	n := 0
	d.before = func(call string) {
		if call == "PUT /vault" {
			n++
			other.set("nickname", fmt.Sprintf(`"number %d"`, n))
		}
	}
	_, err = d.Set(t.Context(), map[string]json.RawMessage{"email": json.RawMessage(`"again@example.org"`)})
	if !errors.Is(err, agent.ErrBusy) || n > 10 {
		t.Errorf("against somebody who never stops: %v after %d tries", err, n)
	}
}

func TestLoad_anOlderVault_isAWarning(t *testing.T) {
	w := newWorld(t)
	d, _ := w.signedUp()
	d.set("nickname", `"Ada"`)
	d.kept.kept.Highest = 9
	for _, name := range []string{"get", "set"} {
		if _, err := d.Call(t.Context(), name, nil); !errors.Is(err, agent.ErrRolledBack) {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, d.AcceptRollback(t.Context()))
	d.set("nickname", `"Lovelace"`)
}

func TestApprove_releasesExactlyWhatWasApproved(t *testing.T) {
	w := newWorld(t)
	d, _ := w.signedUp()
	d.set("email", `"ada@example.org"`, "nickname", `"secret nickname"`)
	flow := w.flow()
	p, err := d.Ask(t.Context(), flow)
	must(t, err)
	if p.Step != agent.FlowStepReview || string(p.Values["email"]) != `"ada@example.org"` {
		t.Fatalf("asked: %s", p.Step)
	}
	if _, ok := p.Values["address"]; ok {
		t.Error("an address that is not filled in has a value")
	}
	if _, ok := p.Values["nickname"]; ok {
		t.Error("a value is shown that nobody asked for")
	}

	var key []byte
	d.sent = nil
	_, err = d.Approve(t.Context(), agent.Decision{Flow: flow, Digest: p.Digest, Claims: []string{"email", "address"}, Locale: "de"})
	must(t, err)
	key = grantKeyIn(t, d.sent)
	grants, err := d.Grants(t.Context())
	must(t, err)
	if len(grants) != 1 || grants[0].State != agent.GrantStateGiven {
		t.Fatalf("%d grants", len(grants))
	}
	got, err := w.reads(id.Grant(grants[0].ID), key, "email", "address")
	must(t, err)
	if len(got) != 1 || string(got["email"]) != `"ada@example.org"` {
		t.Errorf("the vendor reads %d claims", len(got))
	}
	releases, err := d.Releases(t.Context(), id.Grant(grants[0].ID), "", 0)
	must(t, err)
	if len(releases.Releases) != 1 || bytes.Contains(mustJSON(t, releases), []byte("ada@")) {
		t.Errorf("%d releases", len(releases.Releases))
	}
}

// grantKeyIn finds the grant key in what was sent: it goes into the vendor's tokens.
func grantKeyIn(t *testing.T, sent []byte) []byte {
	t.Helper()
	_, rest, ok := bytes.Cut(sent, []byte(`"grant_key":"`))
	if !ok {
		t.Fatal("no grant key was sent")
	}
	key, err := base64.StdEncoding.DecodeString(string(rest[:44]))
	must(t, err)
	return key
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	must(t, err)
	return b
}

func TestApprove_whatWasNotShown_isRefused(t *testing.T) {
	w := newWorld(t)
	d, _ := w.signedUp()
	d.set("email", `"ada@example.org"`)
	flow := w.flow()
	p, err := d.Ask(t.Context(), flow)
	must(t, err)
	decide := func(digest string, claims ...string) error {
		_, err := d.Approve(t.Context(), agent.Decision{Flow: flow, Digest: digest, Claims: claims, Locale: "en"})
		return err
	}
	if err := decide("another digest", "email"); !errors.Is(err, agent.ErrStaleReview) {
		t.Errorf("another digest: %v", err)
	}
	if err := decide(p.Digest, "nickname"); !errors.Is(err, agent.ErrNotAsked) {
		t.Errorf("a claim that was not asked: %v", err)
	}
	_, err = d.Ask(t.Context(), flow)
	must(t, err)
	d.set("email", `"changed@example.org"`)
	if err := decide(p.Digest, "email"); !errors.Is(err, agent.ErrStaleReview) {
		t.Errorf("a value that changed since it was shown: %v", err)
	}
	if grants, err := d.Grants(t.Context()); err != nil || len(grants) != 0 {
		t.Errorf("%d grants after refusals, %v", len(grants), err)
	}
	must(t, decide(p.Digest, "email")) // asked anew inside, for the same digest
	if err := decide(p.Digest, "email"); err == nil {
		t.Error("a request was answered twice")
	}
}

func TestDeny_needsNoOpenVault(t *testing.T) {
	w := newWorld(t)
	d, _ := w.signedUp()
	flow := w.flow()
	p, err := d.Ask(t.Context(), flow)
	must(t, err)
	d.kept.kept.Wrapped = nil
	d.reload()
	to, err := d.Deny(t.Context(), flow, p.Digest, "en")
	if err != nil || !strings.Contains(to, "error=access_denied") {
		t.Errorf("Deny = %q, %v", to, err)
	}
}

func TestSet_afterApproval_theVendorReadsTheNewValue_untilWithdrawal(t *testing.T) {
	w := newWorld(t)
	d, _ := w.signedUp()
	d.set("email", `"ada@example.org"`, "address", `{"locality":"London","country":"England"}`)
	d.sent = nil
	d.approve(w.flow(), "email", "address")
	key := grantKeyIn(t, d.sent)
	grants, err := d.Grants(t.Context())
	must(t, err)
	grant := id.Grant(grants[0].ID)

	if saved := d.set("nickname", `"unshared"`); len(saved.Updated) != 0 {
		t.Errorf("a value that nobody has updates %v", saved.Updated)
	}
	if saved := d.set("address", `{"locality":"Torquay"}`); !slices.Equal(saved.Updated, []string{"Kornblume"}) {
		t.Errorf("updated: %v", saved.Updated)
	}
	got, err := w.reads(grant, key, "address", "email")
	must(t, err)
	if string(got["address"]) != `{"locality":"Torquay"}` || string(got["email"]) != `"ada@example.org"` {
		t.Error("the vendor does not read what the vault holds")
	}

	if _, err := d.Restore(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if got, err = w.reads(grant, key, "address"); err != nil || !strings.Contains(string(got["address"]), "London") {
		t.Errorf("after restoring: %v", err)
	}

	g, err := d.Withdraw(t.Context(), grant)
	if err != nil || g.State != agent.GrantStateWithdrawn {
		t.Fatalf("withdrawn: %s, %v", g.State, err)
	}
	if saved := d.set("address", `{"locality":"Berlin"}`); len(saved.Updated) != 0 {
		t.Errorf("a withdrawn grant is sealed anew: %v", saved.Updated)
	}
	if _, err := w.reads(grant, key, "address"); err == nil {
		t.Error("a withdrawn grant is read")
	}
}

func TestSet_aGrantWithdrawnMeanwhile_doesNotStopTheSave(t *testing.T) {
	w := newWorld(t)
	d, _ := w.signedUp()
	d.set("email", `"ada@example.org"`)
	d.approve(w.flow(), "email")
	grants, err := d.Grants(t.Context())
	must(t, err)
	once := true
	d.before = func(call string) {
		if call == "PUT /vault" && once {
			once = false
			_, err := w.engine.Withdraw(t.Context(), d.kept.kept.Account, id.Grant(grants[0].ID))
			must(t, err)
		}
	}
	if saved := d.set("email", `"new@example.org"`); len(saved.Updated) != 0 || saved.Revision != 3 {
		t.Errorf("saved %d, updated %v", saved.Revision, saved.Updated)
	}
}

func TestSet_aDamagedGrant_isNamedAndDoesNotStopTheSave(t *testing.T) {
	w := newWorld(t)
	d, _ := w.signedUp()
	d.set("email", `"ada@example.org"`)
	d.approve(w.flow(), "email")
	d.after = func(_ string, out any) {
		if list, ok := out.(*agent.GrantList); ok {
			list.Grants[0].WrappedKey[20] ^= 1
		}
	}
	if saved := d.set("email", `"new@example.org"`); len(saved.Updated) != 0 || !slices.Equal(saved.Missed, []string{"Kornblume"}) {
		t.Errorf("updated %v, missed %v", saved.Updated, saved.Missed)
	}
}

func TestResume_aReturnVisit_asksNothing(t *testing.T) {
	w := newWorld(t)
	d, _ := w.signedUp()
	d.set("email", `"ada@example.org"`)
	d.sent = nil
	d.approve(w.flow(), "email")
	key := grantKeyIn(t, d.sent)

	d.reload()
	d.sent = nil
	to, err := d.Resume(t.Context(), w.flow())
	must(t, err)
	if !strings.Contains(to, "code=") || !bytes.Equal(grantKeyIn(t, d.sent), key) {
		t.Errorf("resumed to %s with another key", to)
	}
	if _, err := d.Resume(t.Context(), w.flow("scope", "openid email phone")); !errors.Is(err, agent.ErrNoResume) {
		t.Errorf("a request that asks for more: %v", err)
	}
}

func TestCall_takesNothingThatItDoesNotKnow(t *testing.T) {
	d := newWorld(t).device()
	for name, params := range map[string]string{"nothing": "{}", "login": `{"login":"a","passwort":"b"}`, "get": "[", "withdraw": `{"grant":"../account"}`} {
		if _, err := d.Call(t.Context(), name, []byte(params)); fault.Of(err) == nil || code(err) != "call-invalid" {
			t.Errorf("%s %s: %v", name, params, err)
		}
	}
	got, err := d.Call(t.Context(), "strength", []byte(`{"passphrase":"dragon"}`))
	if err != nil || string(got) != `{"score":0,"warning":"common"}` {
		t.Errorf("strength: %s, %v", got, err)
	}
}
