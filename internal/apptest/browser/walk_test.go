package browser

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
)

// A walk over every page, in every state that a customer can meet. Without MEINS_SHOTS it is the
// proof on a phone, in both languages; with it, of both widths and colours too.

func TestPages_onAPhoneInGerman_areWholeReadableAndInGerman(t *testing.T) {
	t.Parallel()
	walk(t, german)
}

func TestPages_onAPhoneInEnglish_areWholeReadableAndInEnglish(t *testing.T) {
	t.Parallel()
	walk(t, phone)
}

func walk(t testing.TB, on device) {
	d := startDemo(t)
	a, p := newAlbum(t, d, on), erika()
	a.seen.excuse(refusals(400, 401, 403, 404, 409, 412)...) // mistakes have pages too
	a.entrance(p)
	a.firstConsent(p)
	a.vault(p)
	a.otherVendors(p)
	a.connections(p)
	a.account(p)
	a.locked(p)
	a.recovery(p)
	a.errors()
}

// entrance: from the shop to a new account, with every mistake that can be made on the way.
func (a *album) entrance(p *person) {
	a.t.Helper()
	a.open(a.demo.meins + "/")
	a.page("start")
	a.look("01-start")
	a.open(a.demo.shop + "/")
	a.atShop()
	a.look("02-shop")
	a.click("#login")
	a.page("signin")
	a.look("03-signin-vendor")
	a.click("button[name=signin]")
	a.complains("form")
	a.look("03-signin-missing")
	a.fill("[name=login]", "erika")
	a.fill("[name=passphrase]", "not the passphrase")
	a.click("button[name=signin]")
	a.complains("[data-form=signin]")
	a.look("03-signin-wrong")
	a.click(`a[href^="/signup"]`)
	a.page("signup")
	a.look("04-signup")
	a.fill("[name=login]", "e")
	a.fill("[name=passphrase]", "blumen12")
	a.wait("document.querySelector('[data-said]').textContent !== ''")
	a.click("button[name=continue]")
	a.complains("[data-form=account]")
	a.look("04-signup-weak")
	a.fill("[name=login]", p.login)
	a.fill("[name=passphrase]", p.passphrase)
	a.wait("document.querySelector('[data-strength]').value >= 3")
	a.click("[data-show=passphrase]")
	a.look("04-signup-good")
	a.click("button[name=continue]")
	a.wait("document.querySelector('[name=recovery_code]').checkVisibility()")
	a.look("05-recovery-code")
	p.recovery = a.text("[data-recovery]")
	a.fill("[name=recovery_code]", "AAAA-BBBB-CCCC")
	a.click("button[name=create]")
	a.complains("[data-form=recovery]")
	a.look("05-recovery-code-wrong")
	a.fill("[name=recovery_code]", p.recovery)
	a.click("button[name=create]")
	a.page("consent")
}

// complains waits until the page says what is wrong.
func (a *album) complains(form string) {
	a.t.Helper()
	a.wait(fmt.Sprintf("document.querySelector('#errors').checkVisibility() && !document.querySelector(%q).dataset.busy", form))
}

// firstConsent: an empty vault, the missing values, the approval, the shop, and back again.
func (a *album) firstConsent(p *person) {
	a.t.Helper()
	a.look("06-consent-empty-vault")
	empty := a.another(a.on)
	for _, at := range []string{"connections", "history", "vault"} {
		b := *a
		b.tab = empty
		b.open(a.demo.meins + map[string]string{"connections": "/connections", "history": "/vault/history", "vault": "/vault?welcome"}[at])
		b.page(at)
		b.look("07-empty-" + at)
	}
	a.click(deciding("approve"))
	a.complains("[data-form=consent]")
	a.look("06-consent-missing")
	p.fills(a.tab)
	p.ticks(a.tab, "email", "address")
	a.look("06-consent-typed")
	a.click(deciding("approve"))
	a.atShop()
	a.says("body", p.name)
	a.look("02-shop-greets")
	a.back()
	a.wasOver()
	a.look("08-answered")
	a.eval("document.querySelector('[data-step=answered]').hidden = true; document.querySelector('[data-step=failed]').hidden = false", nil)
	a.look("08-resume-failed")
}

func (a *album) wasOver() {
	a.t.Helper()
	a.wait("document.body?.dataset.page === 'resume' && document.querySelector('[data-step=answered]').checkVisibility()")
}

// vault: its values, a change that somebody will see, what is wrong, and earlier versions.
func (a *album) vault(p *person) {
	a.t.Helper()
	a.open(a.demo.meins + "/vault")
	a.page("vault")
	a.look("09-vault")
	a.fill(attribute("address.street_address"), "Rheinallee 3")
	a.wait("!document.querySelector('[data-choices]').hidden")
	a.click("[data-choices] summary")
	a.click("label.check:has([name=tell])")
	a.look("09-vault-choose")
	a.click("[data-choices] summary")
	a.fill(attribute("phone_number"), "ring twice")
	a.look("09-vault-told")
	a.click("button[name=save]")
	a.complains("[data-form=vault]")
	a.look("09-vault-wrong")
	a.fill(attribute("phone_number"), "+49 30 901820")
	p.saves(a.tab)
	a.look("09-vault-saved")
	a.open(a.demo.meins + "/vault/history")
	a.page("history")
	a.look("10-history")
}

// otherVendors: one that asks for much at length, one that nobody knows, one that asks again.
func (a *album) otherVendors(p *person) {
	a.t.Helper()
	long := "Damit wir Ihnen den Leseausweis schicken, Vormerkungen bestätigen und Sie erinnern können, bevor die Leihfrist für " +
		"Bücher, Noten, Spiele oder Geräte der Stadtbücherei und ihrer Zweigstellen abläuft."
	library := a.demo.addVendor("--name", "Stadtbücherei Neustadt an der Weinstraße", "--redirect-uri", a.demo.shop+"/library", "--public",
		"--purpose", "profile="+long, "--purpose", "address="+long, "--domain", "ausleihe.stadtbuecherei.neustadt-weinstrasse.example")
	wine := a.demo.addVendor("--name", "Weinhandlung Krug & Söhne", "--redirect-uri", a.demo.shop+"/wine", "--public", "--unverified", "--domain", "krug.example")

	a.open(a.demo.request(library, "/library", "openid email", ""))
	a.page("consent")
	a.look("06-consent-few")
	p.ticks(a.tab, "email")
	a.click(deciding("approve"))
	a.arrives("/library")
	a.open(a.demo.request(library, "/library", "openid profile email address phone offline_access", `{"userinfo":{"age_over_18":{"essential":true},"email":{"purpose":"Für unseren Rundbrief."}}}`))
	a.page("consent")
	a.look("06-consent-many-amended")
	p.ticks(a.tab, "address", "phone_number")
	a.click(deciding("approve"))
	a.arrives("/library")

	a.open(a.demo.request(wine, "/wine", "openid", `{"userinfo":{"age_over_18":{"essential":true},"address":null}}`))
	a.page("consent")
	a.click(deciding("approve"))
	a.complains("[data-form=consent]")
	a.look("06-consent-unverified")
	a.click(deciding("deny"))
	a.arrives("/wine")
	a.open(a.demo.request(wine, "/wine", "openid", ""))
	a.page("consent")
	a.look("06-consent-nothing")
}

// codeVerifier is that of every request (PKCE).
const codeVerifier = "a-verifier-of-enough-characters-for-this-purpose"

// request is an address that a vendor sends customers to.
func (d *demo) request(client, path, scope, claims string) string {
	verifier := sha256.Sum256([]byte(codeVerifier))
	q := url.Values{
		"client_id": {client}, "redirect_uri": {d.shop + path}, "response_type": {"code"}, "scope": {scope}, "state": {"s"}, "nonce": {"n"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(verifier[:])}, "code_challenge_method": {"S256"},
	}
	if claims != "" {
		q.Set("claims", claims)
	}
	return d.meins + "/oauth/authorize?" + q.Encode()
}

// arrives waits until the tab is at a vendor that is not there.
func (a *album) arrives(path string) {
	a.t.Helper()
	a.wait(fmt.Sprintf("location.href.startsWith(%q) && document.readyState === 'complete'", a.demo.shop+path))
}

// connections: the list, the search, one of them, its end.
func (a *album) connections(p *person) {
	a.t.Helper()
	a.open(a.demo.shop + "/")
	a.atShop()
	a.waits()
	a.open(a.demo.meins + "/connections")
	a.page("connections")
	a.showsLastRead()
	a.look("11-connections")
	a.fill("#find", "zeppelin")
	a.look("11-connections-none")
	a.open(a.demo.meins + "/connections")
	a.page("connections")
	a.click("[data-name='Blumen am Markt'] h3 a")
	a.page("connection")
	a.look("12-connection")
	a.click("button[name=withdraw]")
	a.wait("document.querySelector('[data-grant]')?.dataset.state === 'withdrawn' && document.body.dataset.ready === 'true'")
	a.look("12-connection-past")
	a.open(a.demo.meins + "/connections")
	a.page("connections")
	a.click("[data-state=given] button[name=withdraw]")
	a.wait("document.querySelectorAll('[data-state=given]').length === 1")
	a.look("11-connections-withdrawn")
	a.open(a.demo.shop + "/")
	a.refusedAtShop(p)
	a.look("02-shop-refused")
	a.click("#login")
	a.page("consent")
	a.click(deciding("deny"))
	a.atShop()
	a.look("02-shop-declined")
}

// waits leaves a request of a vendor's to be answered later.
func (a *album) waits() {
	a.t.Helper()
	zoo := a.demo.confidential(a.t, "Zoohandlung", "/zoo")
	a.open(a.demo.request(zoo.id, "/zoo", "openid", `{"userinfo":{"name":{"essential":true}}}`))
	a.page("consent")
	a.click(deciding("approve"))
	a.arrives("/zoo")
	a.open(a.demo.meins + "/connections")
	a.page("connections")
	zoo.asksLater(a.t, a.read("[data-name=Zoohandlung]", "dataset.grant"), "email phone")
}

// account: as it comes, with everything open, with mistakes, and a new recovery code.
func (a *album) account(p *person) {
	a.t.Helper()
	a.open(a.demo.meins + "/account")
	a.page("account")
	a.look("13-account")
	a.eval("document.querySelectorAll('main details').forEach((d) => (d.open = true))", nil)
	a.fill("[name=current]", "not the passphrase")
	a.fill("[name=new_passphrase]", "vier kleine boote auf blauem papier")
	a.click("button[name=change]")
	a.complains("[data-form=passphrase]")
	a.look("13-account-wrong")
	a.click("button[name=delete]")
	a.complains("[data-form=delete]")
	a.fill("[name=recovery_passphrase]", p.passphrase)
	a.click("button[name=prepare]")
	a.wait("document.querySelector('[name=recovery_code]').checkVisibility()")
	a.look("13-account-recovery")
	p.recovery = a.text("[data-recovery]")
	a.fill("[name=recovery_code]", p.recovery)
	a.click("button[name=confirm]")
	a.wait("document.querySelector('[data-form=recovery-prepare] [data-working]').textContent !== ''")
	a.look("13-account-renewed")
	p.makesToken(a.tab, "Haushaltsbuch", "read:grants", "read:releases")
	a.look("13-account-token")
	a.click("button[name=token-done]")
	a.again("document.querySelector('[data-token]')")
	a.look("13-account-program")
}

// locked: the session ends while a page is open, and the vault is locked on arrival.
func (a *album) locked(p *person) {
	a.t.Helper()
	a.open(a.demo.meins + "/vault")
	a.page("vault")
	a.forgets("localhost")
	a.fill(attribute("email"), "erika@example.org")
	a.click("button[name=save]")
	a.wait("document.querySelector('#again').open")
	a.look("14-again")
	a.fill("[name=again_login]", p.login)
	a.fill("[name=again_passphrase]", "not the passphrase")
	a.click("button[name=again]")
	a.wait("!document.querySelector('#again-wrong').hidden")
	a.look("14-again-wrong")
	p.proves(a.tab)
	a.wait("!document.querySelector('[data-form=vault]').dataset.busy && !document.querySelector('#again').open")
	a.eval("localStorage.clear()", nil)
	a.open(a.demo.meins + "/vault")
	a.page("unlock")
	a.look("15-unlock")
	a.open(a.demo.request(a.demo.clientID, "/callback", "openid", `{"userinfo":{"name":{"essential":true}}}`))
	a.page("unlock")
	a.look("15-unlock-vendor")
	a.fill("[name=passphrase]", p.passphrase)
	a.click("button[name=unlock]")
	a.page("consent")
	a.hasSeenRevision(1000)
	a.do(reload())
	a.wait("document.querySelector('#older').open")
	a.look("15-older")
	a.click("[name=older-leave]")
	a.page("consent")
	a.look("15-older-left")
	a.click(deciding("approve")) // approves nothing that was not shown
	a.wait("document.querySelector('#older').open")
	a.click("[name=older-accept]")
	a.wait("!document.querySelector('[data-form=consent]').dataset.busy")
	a.page("consent")
	a.shows(valueOf("name"), p.name)
}

// recovery: signed out, and in again by the recovery code.
func (a *album) recovery(p *person) {
	a.t.Helper()
	a.open(a.demo.meins + "/signout")
	a.page("signout")
	a.look("16-signout")
	a.click("button[name=signout]")
	a.page("signed-out")
	a.look("16-signed-out")
	a.click("main .actions a")
	a.page("signin")
	a.look("16-signin")
	a.click(`main a[href^="/recover"]`)
	a.page("recover")
	a.look("17-recover")
	a.fill("[name=login]", p.login)
	a.fill("#old_code", strings.Replace(p.recovery, p.recovery[:4], "7777", 1))
	a.click("button[name=recover]")
	a.complains("[data-form=code]")
	a.look("17-recover-wrong")
	a.fill("#old_code", p.recovery)
	a.click("button[name=recover]")
	a.wait("document.querySelector('[name=passphrase]').checkVisibility()")
	a.look("17-recover-renew")
	p.passphrase = "vier kleine boote auf blauem papier"
	a.fill("[name=passphrase]", p.passphrase)
	a.click("button[name=renew]")
	a.wait("document.querySelector('#recovery_code').checkVisibility()")
	a.look("17-recover-code")
	p.recovery = a.text("[data-recovery]")
	a.fill("#recovery_code", p.recovery)
	a.click("button[name=confirm]")
	a.page("vault")
	a.keepsNoSecret(p)
}

// errors: what is not there, what came too late, and what a vendor did wrong.
func (a *album) errors() {
	a.t.Helper()
	for name, address := range map[string]string{
		"18-error-404":      a.demo.meins + "/nothing/of/that/name",
		"18-error-grant":    a.demo.meins + "/connections/nothing",
		"18-error-flow":     a.demo.meins + "/continue?flow=nonsense",
		"18-error-vendor":   a.demo.request("nobody", "/callback", "openid", ""),
		"18-error-redirect": a.demo.request(a.demo.clientID, "/elsewhere", "openid", ""),
	} {
		a.open(address)
		a.page("error")
		a.look(name)
	}
	a.seen.excuse("was preloaded using link preload but not used")
	a.do(emulation.SetScriptExecutionDisabled(true))
	a.open(a.demo.meins + "/vault")
	a.says("main", sentences(a.t, a.on.tag())["noscript.title"])
	if a.folder != "" {
		a.picture("18-without-script", a.on)
	}
	a.do(emulation.SetScriptExecutionDisabled(false))
}
