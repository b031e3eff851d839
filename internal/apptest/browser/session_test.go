package browser

import (
	"fmt"
	"testing"
)

func TestSession_endedInMidFlow_isRenewedWithoutLosingAnything(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	b, p := visit(t, d, phone), erika()
	p.goesToConsent(b)
	p.fills(b)
	p.ticks(b, "address")

	elsewhere := visit(t, d, desktop)
	elsewhere.open(d.meins + "/account")
	p.signsIn(elsewhere)
	elsewhere.page("account")
	elsewhere.click("button[name=signout-everywhere]")
	elsewhere.page("signed-out")

	b.seen.excuse(refusals(401)...)
	b.click(deciding("approve"))
	p.proves(b)
	b.greets(p, "address")
}

func TestSession_goneBeforeTheDecision_leadsThroughSigningIn(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	b, p := visit(t, d, phone), erika()
	p.goesToConsent(b)
	b.forgets("localhost")
	b.do(reload())
	p.signsIn(b)
	b.page("consent")
	b.fill(attribute("name"), p.name)
	b.click(deciding("approve"))
	b.greets(p)
}

func TestLockedVault_withALiveSession_asksForThePassphraseOnly(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	b, p := visit(t, d, phone), erika()
	p.connects(b, "email")

	b.open(d.meins + "/connections")
	b.page("connections")
	b.eval("localStorage.clear()", nil)
	b.forgets("127.0.0.1")
	p.goesToShop(b)
	b.page("unlock")
	b.says(".vendor", "Blumen am Markt")
	if b.holds("document.querySelector('main [name=login]')") {
		t.Error("a live session is asked who it is")
	}
	b.seen.excuse(refusals(401, 403)...)
	b.fill("[name=passphrase]", "not the passphrase at all")
	b.click("button[name=unlock]")
	b.wait("document.querySelector('#errors').checkVisibility()")
	b.says("#errors", "The passphrase is wrong.")
	b.fill("[name=passphrase]", p.passphrase)
	b.click("button[name=unlock]")
	b.greets(p, "email")

	// On the way to a page of ours it is the same, and leads there.
	b.open(d.meins + "/connections")
	b.page("connections")
	b.eval("localStorage.clear()", nil)
	b.open(d.meins + "/vault")
	b.page("unlock")
	b.fill("[name=passphrase]", p.passphrase)
	b.press("\r")
	b.page("vault")
	if got := b.value(attribute("address.street_address")); got != p.street {
		t.Errorf("the vault shows the street %q, want %q", got, p.street)
	}
	b.keepsNoSecret(p)
}

func TestSignIn_withAWrongPassphrase_saysSo_andKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	b, p := visit(t, d, phone), erika()
	p.connects(b)
	b.forgets("localhost")
	b.forgets("127.0.0.1")

	p.goesToShop(b)
	b.page("signin")
	b.seen.excuse(refusals(401, 403)...)
	const said = "The login name or the passphrase is wrong."
	b.refuses(p.login, "rote kornblumen im juni 1843", said)
	b.refuses("nobody-of-this-name", p.passphrase, said) // no word about which of the two it was
	p.signsIn(b)
	b.greets(p)
	b.open(d.meins + "/vault")
	b.page("vault")
	b.keepsNoSecret(p)
}

// refuses tries to sign in, in vain.
func (b *tab) refuses(login, passphrase, said string) {
	b.t.Helper()
	b.fill("[name=login]", login)
	b.fill("[name=passphrase]", passphrase)
	b.click("button[name=signin]")
	b.wait("document.querySelector('#errors').checkVisibility() && !document.querySelector('[data-form=signin]').dataset.busy")
	b.says("#errors", said)
	if b.value("[name=login]") != login || b.value("[name=passphrase]") != passphrase {
		b.t.Error("what was typed is lost")
	}
}

func TestVault_olderThanThisDeviceHasSeen_staysClosedUntilTheCustomerDecides(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	b, p := visit(t, d, phone), erika()
	b.open(d.meins + "/signup")
	p.signsUp(b)
	b.page("vault")
	p.fills(b)
	p.saves(b)

	b.hasSeenRevision(1000)
	b.open(d.meins + "/vault")
	b.wait("document.querySelector('#older').open")
	b.says("#older", "This is an older state of your vault")
	b.click("[name=older-leave]")
	b.page("vault")
	b.says("#errors", "Your vault stays closed until you load this page again")
	if got := b.value(attribute("name")); got != "" {
		t.Errorf("a vault that was left closed shows %q", got)
	}
	if b.holds("document.querySelector('button[name=save]').checkVisibility()") {
		t.Error("there is something to save in a closed vault")
	}

	b.do(reload())
	b.wait("document.querySelector('#older').open")
	b.click("[name=older-accept]")
	b.page("vault")
	if got := b.value(attribute("name")); got != p.name {
		t.Errorf("the older state shows the name %q, want %q", got, p.name)
	}
	b.fill(attribute("email"), "erika@example.org")
	p.saves(b)
	b.do(reload())
	b.page("vault")
	if b.holds("document.querySelector('#older').open") || b.value(attribute("email")) != "erika@example.org" {
		t.Errorf("what was decided does not hold:\n%s", b.where())
	}
}

// hasSeenRevision has the browser remember that the vault was at a revision.
func (b *tab) hasSeenRevision(n int) {
	b.t.Helper()
	b.eval(fmt.Sprintf(`{ const kept = JSON.parse(localStorage["meins.kept"]); kept.highest = %d; localStorage["meins.kept"] = JSON.stringify(kept); }`, n), nil)
}

func TestTwoTabs_bothSaveTheVault_keepBoth(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	first, p := visit(t, d, desktop), erika()
	first.open(d.meins + "/signup")
	p.signsUp(first)
	first.page("vault")
	second := first.another(desktop)
	second.open(d.meins + "/vault")
	second.page("vault")

	first.fill(attribute("email"), p.email)
	p.saves(first)
	second.seen.excuse(refusals(409, 412)...)
	second.fill(attribute("name"), p.name)
	p.saves(second)
	if got := second.value(attribute("email")); got != p.email {
		t.Errorf("after saving, the second tab shows the e-mail address %q: saving once more would undo the first tab's", got)
	}
	second.do(reload())
	second.page("vault")
	if second.value(attribute("email")) != p.email || second.value(attribute("name")) != p.name {
		t.Errorf("of two changes one is lost:\n%s", second.where())
	}

	// Signed out in one tab, the other asks before it saves, and saves.
	first.open(d.meins + "/account")
	first.page("account")
	first.click("button[name=signout]")
	first.page("signed-out")
	second.seen.excuse(refusals(401)...)
	second.fill(attribute("phone_number"), "+49 30 901820")
	second.click("button[name=save]")
	p.proves(second)
	second.wait("document.querySelector('.save-bar [data-working]').textContent === 'Saved.'")
	second.do(reload())
	second.page("vault")
	if second.value(attribute("phone_number")) != "+49 30 901820" {
		t.Error("what was typed before signing in again is not saved")
	}
}
