package browser

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// The rules of the dashboard, where a person acts. What the page alone can show is held in api/web.

// connected is a customer with one connection, in a fresh browser.
func connected(t *testing.T, on device, claims ...string) (*tab, *person) {
	t.Helper()
	b, p := visit(t, startDemo(t), on), erika()
	p.connects(b, claims...)
	return b, p
}

// toConnection goes from the list to the only connection.
func (b *tab) toConnection() {
	b.t.Helper()
	b.open(b.demo.meins + "/")
	b.page("connections")
	b.click("[data-name='Blumen am Markt'] h3 a")
	b.page("connection")
}

// again waits until an act has shown the page anew, as a condition says it is then.
func (b *tab) again(condition string) {
	b.t.Helper()
	b.wait("document.body?.dataset.ready === 'true' && (" + condition + ")")
}

func TestRule19_connections_areOneClickAway_andSearchedAtOnce_andWithoutAScript(t *testing.T) {
	t.Parallel()
	b, _ := connected(t, phone, "email")
	b.open(b.demo.meins + "/") // the start page of who is signed in
	b.page("connections")
	b.fill("#find", "zeppelin")
	b.wait("!document.querySelector('[data-none]').hidden && !document.querySelector('[data-grant]').checkVisibility()")
	b.fill("#find", "blumen mail")
	b.wait("document.querySelector('[data-none]').hidden && document.querySelector('[data-grant]').checkVisibility()")
	b.do(emulation.SetScriptExecutionDisabled(true))
	b.seen.excuse("was preloaded using link preload but not used")
	b.open(b.demo.meins + "/connections")
	b.do(chromedp.SendKeys("#find", "zeppelin\r", chromedp.ByQuery))
	b.wait("location.search.includes('find=zeppelin') && document.readyState === 'complete' && !!document.querySelector('main')")
	b.says("main", "Nothing matches your search.")
	b.do(emulation.SetScriptExecutionDisabled(false))
}

func TestRule19_whatWaits_isRefusedWithoutOpeningIt_orLeadsToTheConsentScreen(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	v := d.confidential(t, "Weinhandlung", "/wine")
	b, p := visit(t, d, phone), erika()
	p.anAccount(b)
	b.asks("set", map[string]any{"values": map[string]any{"name": p.name, "email": p.email}}, nil)
	b.open(d.request(v.id, "/wine", "openid", `{"userinfo":{"name":{"essential":true}}}`))
	b.page("consent")
	b.click(deciding("approve"))
	b.arrivesAt("/wine")
	b.open(d.meins + "/connections")
	b.page("connections")
	grant := b.read("[data-grant]", "dataset.grant")

	v.asksLater(t, grant, "email")
	b.do(reload())
	b.page("connections")
	b.says("[data-list=pending]", "Asks for your e-mail address")
	b.fill("#find", "telephone")
	b.wait("!document.querySelector('[data-request]').checkVisibility()")
	b.fill("#find", "mail wein")
	b.wait("document.querySelector('[data-request]').checkVisibility()")
	b.click("[data-request] button[name=deny]")
	b.wait("document.querySelector('[data-request]').dataset.state === 'refused'")
	b.says("[data-request]", "Refused. Weinhandlung receives nothing.")
	b.do(reload())
	b.page("connections")
	if b.holds("document.querySelector('[data-list=pending]')") || !b.holds("document.querySelector('[data-list=refused]')") {
		t.Errorf("what was refused is not among the refused:\n%s", b.where())
	}

	v.asksLater(t, grant, "phone")
	b.do(reload())
	b.page("connections")
	b.click("[data-request] a[data-look]")
	b.page("consent")
	b.says("h1", "Weinhandlung")
	b.says("main", "New: telephone number")
}

func TestRule20_connection_saysWhatWasShownThen_decided_andRead(t *testing.T) {
	t.Parallel()
	b, p := connected(t, desktop, "email")
	b.open(b.demo.meins + "/connections")
	b.page("connections")
	b.showsLastRead()
	b.toConnection()
	b.shows(valueOf("email"), p.email)
	b.click("[data-shown] summary")
	b.says("[data-shown] .shown", "Blumen am Markt")
	b.says("[data-history]", "You approved your full name and e-mail address")
	for _, log := range []string{"[data-history]", "[data-shown]", "svg.picture"} {
		for _, word := range []string{p.email, p.name} {
			if strings.Contains(b.text(log), word) {
				b.t.Errorf("%s holds the value %q", log, word)
			}
		}
	}
}

func TestRule21_partOfAConnection_isTakenBackWithOneClick_andNoLongerRead(t *testing.T) {
	t.Parallel()
	b, p := connected(t, phone, "email", "address")
	b.toConnection()
	b.click("button[name=narrow][value=email]")
	b.again("!document.querySelector('[data-claim=email]')")
	b.says("[data-history]", "You took back your e-mail address")
	b.open(b.demo.shop + "/")
	b.greets(p, "address")
}

func TestRule21_connection_isPaused_goesOn_lastsLonger_andAsksEachTime(t *testing.T) {
	t.Parallel()
	b, p := connected(t, desktop, "email")
	b.toConnection()
	b.click("button[name=pause]")
	b.again("document.querySelector('[data-notice=paused]')")
	b.open(b.demo.shop + "/")
	b.refusedAtShop(p)
	b.open(b.demo.meins + "/connections")
	b.page("connections")
	b.says("[data-grant] .holds", "Cannot read your full name and e-mail address for now")
	b.toConnection()
	b.click("button[name=resume]")
	b.again("!document.querySelector('[data-notice=paused]')")
	b.click("label.check:has(#each-time)")
	b.wait("document.querySelector('[data-part=change] [data-working]').textContent.includes('asked at each login')")
	p.goesToShop(b)
	b.page("consent")
	b.toConnection()
	for _, part := range []string{"You paused it", "You let it go on", "You asked to be asked at each login"} {
		b.says("[data-history]", part)
	}
}

func TestRule21_deletion_isAskedUnticked_withAMonthToAnswer_andItsOutcomeIsKept(t *testing.T) {
	t.Parallel()
	b, _ := connected(t, phone, "email")
	b.toConnection()
	if b.holds("document.querySelector('#erasure').checked") {
		t.Error("deletion is ticked before the customer chose")
	}
	b.says("[data-part=withdraw]", "cannot be pulled back")
	b.click("label.check:has(#erasure)")
	b.click("button[name=withdraw]")
	b.again("document.querySelector('[data-erasure=requested]')")
	b.says("[data-erasure]", "An answer is due by")
	var message map[string]any
	if err := json.Unmarshal([]byte(b.text("[data-message]")), &message); err != nil || message["exercise"] != "deletion" {
		t.Errorf("the message is %v, %v", message, err)
	}
	b.click("button[name=erasure-answer][value=fulfilled]")
	b.again("document.querySelector('[data-erasure=fulfilled]')")
	b.says("[data-history]", "The vendor said that it deleted what it had")
}

func TestRule22_receipt_isAFileToo_andTheRecordIsChecked(t *testing.T) {
	t.Parallel()
	b, p := connected(t, desktop, "email")
	b.open(b.demo.meins + "/receipts")
	b.wait("document.querySelector('[data-chain=whole]')")
	b.says("[data-chain]", "This record is whole")
	b.click("[data-receipts] a")
	b.page("receipt")
	b.says("article", "Blumen am Markt")
	for form, kind := range map[string]string{"": "application/jwt", "?form=jsonld": "application/ld+json", "?form=kantara": "application/vnd.kantara.cr+json"} {
		var file struct{ Kind, Disposition, Text string }
		b.eval(fmt.Sprintf(`(async () => {
			const answer = await fetch(document.querySelector("a[download]").href + %q);
			return { kind: answer.headers.get("Content-Type"), disposition: answer.headers.get("Content-Disposition"), text: await answer.text() };
		})()`, form), &file)
		if !strings.HasPrefix(file.Kind, kind) || !strings.HasPrefix(file.Disposition, "attachment") || strings.Contains(file.Text, p.email) {
			t.Errorf("%s is %s, %s", form, file.Kind, file.Disposition)
		}
	}
	// Who remembers more than the server shows is told so.
	b.eval(`{ const kept = JSON.parse(localStorage["meins.kept"]); kept.receipt = 99; localStorage["meins.kept"] = JSON.stringify(kept); }`, nil)
	b.open(b.demo.meins + "/receipts")
	b.wait("document.querySelector('[data-chain=broken]')")
	b.says("[data-chain]", "shorter than the one that this device has seen")
	b.says("[data-chain]", "The server signed on")
}

func TestRule24_export_holdsEverything_andValuesComeFromTheAgentAlone(t *testing.T) {
	t.Parallel()
	b, p := connected(t, desktop, "email")
	b.open(b.demo.meins + "/export")
	b.page("export")
	b.eval(`{ window.saved = ""; URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return "#"; }; }`, nil)
	b.click("button[name=export]")
	b.wait("window.saved !== '' && document.querySelector('[data-export] [data-working]').textContent.includes('Saved')")
	var text string
	b.eval("window.saved", &text)
	var all struct {
		Vault []struct {
			Attributes map[string]any
		}
		Grants   []map[string]any
		Receipts []map[string]any
	}
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	if len(all.Vault) != 1 || all.Vault[0].Attributes["email"] != p.email || len(all.Grants) != 1 || all.Grants[0]["releases"] == nil || len(all.Receipts) != 1 {
		t.Errorf("the export lacks something: %d personas, %d connections, %d receipts", len(all.Vault), len(all.Grants), len(all.Receipts))
	}
	if _, there := all.Grants[0]["wrapped_key"]; there {
		t.Error("the export holds a key")
	}
	var archive struct {
		Kind  string
		Begin string
	}
	b.eval(`(async () => {
		const answer = await fetch("/api/v1/receipts/archive");
		return { kind: answer.headers.get("Content-Type"), begin: new TextDecoder("latin1").decode((await answer.arrayBuffer()).slice(0, 2)) };
	})()`, &archive)
	if archive.Kind != "application/zip" || archive.Begin != "PK" {
		t.Errorf("the archive is %+v", archive)
	}
	b.keepsNoSecret(p)
}

func TestRule25_dashboard_isWalkedByKeyboardAlone(t *testing.T) {
	t.Parallel()
	b, _ := connected(t, desktop, "email")
	b.toConnection()
	// Every control takes the focus in turn, is seen then, and shows that it has it.
	var missed []string
	b.eval(`(async () => {
		const missed = [];
		for (const e of document.querySelectorAll("main a[href], main button, main input, main summary, main [tabindex='0']")) {
			if (!e.checkVisibility()) continue;
			e.focus({ focusVisible: true });
			const style = getComputedStyle(e);
			if (document.activeElement !== e || style.outlineStyle === "none") missed.push(e.outerHTML.slice(0, 80));
		}
		return missed;
	})()`, &missed)
	for _, m := range missed {
		t.Errorf("not to be reached, or not to be seen there: %s", m)
	}
	b.eval(`document.querySelector("button[name=pause]").focus()`, nil)
	b.press("\r")
	b.again("document.querySelector('[data-notice=paused]')")
}

func TestDashboard_onAPhoneInGerman_isWholeReadableAndInGerman(t *testing.T) {
	t.Parallel()
	dashboard(t, german)
}

func TestDashboard_onAPhoneInEnglish_isWholeReadableAndInEnglish(t *testing.T) {
	t.Parallel()
	dashboard(t, phone)
}

// dashboard walks over its pages in each of their states.
func dashboard(t *testing.T, on device) {
	a, p := newAlbum(t, startDemo(t), on), erika()
	a.seen.excuse(refusals(404)...) // the wine shop is not there
	p.goesToConsent(a.tab)
	p.fills(a.tab)
	p.ticks(a.tab, "email", "address")
	a.click(deciding("approve"))
	a.atShop()
	wine := a.demo.addVendor("--name", "Weinhandlung Krug & Söhne", "--redirect-uri", a.demo.shop+"/wine", "--public", "--domain", "krug.example")
	a.open(a.demo.request(wine, "/wine", "openid", `{"userinfo":{"name":{"essential":true},"birthdate":null}}`))
	a.page("consent")
	a.click(deciding("approve"))
	a.arrives("/wine")
	a.open(a.demo.shop + "/")
	a.atShop()
	a.open(a.demo.meins + "/connections")
	a.page("connections")
	a.showsLastRead()
	a.look("20-connections")
	a.click("[data-name='Blumen am Markt'] h3 a")
	a.page("connection")
	a.eval("document.querySelectorAll('main details').forEach((d) => (d.open = true))", nil)
	a.look("21-connection")
	a.click("button[name=narrow][value=email]")
	a.again("!document.querySelector('[data-claim=email]')")
	a.click("button[name=pause]")
	a.again("document.querySelector('[data-notice=paused]')")
	a.look("21-connection-paused")
	a.open(a.demo.meins + "/connections")
	a.page("connections")
	a.click("[data-name^='Weinhandlung'] h3 a")
	a.page("connection")
	a.click("label.check:has(#erasure)")
	a.click("button[name=withdraw]")
	a.again("document.querySelector('[data-erasure=requested]')")
	a.look("22-deletion")
	a.open(a.demo.meins + "/connections")
	a.page("connections")
	a.look("20-connections-groups")
	a.open(a.demo.meins + "/pictures")
	a.page("pictures")
	a.look("23-pictures")
	a.eval("document.querySelectorAll('main details').forEach((d) => (d.open = true))", nil)
	a.look("23-pictures-tables")
	a.open(a.demo.meins + "/receipts")
	a.wait("document.querySelector('[data-chain=whole]')")
	a.look("24-receipts")
	a.open(a.demo.meins + "/receipts/1")
	a.page("receipt")
	a.look("24-receipt")
	a.open(a.demo.meins + "/export")
	a.page("export")
	a.look("25-export")
}
