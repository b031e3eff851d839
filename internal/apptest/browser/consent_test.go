package browser

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// The rules of the consent screen where a person has to act; api/web/rules_test.go holds the others
// against its markup.

// asks is the agent of the page that is open, asked for what no page offers yet.
func (b *tab) asks(method string, params any, result any) {
	b.t.Helper()
	in, err := json.Marshal(params)
	must(b.t, err)
	var out string
	b.eval(fmt.Sprintf(`(async () => {
		const { agent } = await import(document.querySelector('script[src*="/static/agent."]').src);
		return JSON.stringify(await agent.call(%q, %s)) ?? "null";
	})()`, method, in), &out)
	if result != nil {
		must(b.t, json.Unmarshal([]byte(out), result))
	}
}

// fetches reads from the API as the page does.
func (b *tab) fetches(path string, result any) {
	b.t.Helper()
	var out string
	b.eval(fmt.Sprintf(`(async () => (await fetch(%q, { credentials: "same-origin" })).text())()`, "/api/v1"+path), &out)
	must(b.t, json.Unmarshal([]byte(out), result))
}

// anAccount makes one without any vendor, and leaves the tab at the vault.
func (p *person) anAccount(b *tab) {
	b.t.Helper()
	b.seen.excuse(refusals(404)...) // vendors that are addresses of the shop's, and nobody there
	b.open(b.demo.meins + "/signup")
	p.signsUp(b)
	b.page("vault")
}

// arrivesAt waits until the tab is at a vendor that is not there.
func (b *tab) arrivesAt(path string) {
	b.t.Helper()
	b.wait(fmt.Sprintf("location.href.startsWith(%q) && document.readyState === 'complete'", b.demo.shop+path))
}

// vendorNamed registers a vendor whose answers go to a path of the shop's.
func (d *demo) vendorNamed(name, path string, args ...string) string {
	d.t.Helper()
	return d.addVendor(append([]string{"--name", name, "--redirect-uri", d.shop + path, "--public", "--domain", strings.ToLower(strings.Fields(name)[0]) + ".example"}, args...)...)
}

// asPersonas gives p a second persona, which shares the e-mail address and has a name of its own.
func (p *person) asPersonas(b *tab) (base, second string) {
	b.t.Helper()
	b.asks("set", map[string]any{"values": map[string]any{"name": p.name, "email": p.email, "nickname": "Eri", "phone_number": "+49 30 901820"}}, nil)
	var added struct{ ID string }
	b.asks("personas.add", map[string]any{"name": "Verein", "inherits": []string{"email"}}, &added)
	b.asks("set", map[string]any{"persona": added.ID, "values": map[string]any{"name": "E. Mustermann, Kassenwartin"}}, nil)
	var all struct{ Personas []struct{ ID string } }
	b.asks("personas", nil, &all)
	return all.Personas[0].ID, added.ID
}

// Rules 4 and 14, and the choice of a persona: what is shown is what would be released, by whom.
func TestRule04_anotherPersona_showsItsValues_andWhatWouldLinkIt(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	wine, library := d.vendorNamed("Weinhandlung", "/wine"), d.vendorNamed("Bücherei", "/library", "--domain", "buecherei.example")
	b, p := visit(t, d, phone), erika()
	p.anAccount(b)
	base, second := p.asPersonas(b)
	const ask = `{"userinfo":{"name":{"essential":true},"email":null}}`

	b.open(d.request(wine, "/wine", "openid", ask))
	b.page("consent")
	b.shows(valueOf("name"), p.name)
	if got := b.value("[name=persona]"); got != base {
		t.Errorf("%s is chosen, not the base", got)
	}
	p.ticks(b, "email")
	b.says("[data-notice=leaks]", "the same stands at your persona “Verein”")
	b.click(deciding("approve"))
	b.arrivesAt("/wine")

	b.open(d.request(library, "/library", "openid", ask))
	b.page("consent")
	b.eval("globalThis.stillHere = true", nil)
	p.ticks(b, "email")
	b.choosesPersona(second)
	b.shows(valueOf("name"), "E. Mustermann, Kassenwartin")
	b.shows(valueOf("email"), p.email)
	if !b.holds("globalThis.stillHere && document.querySelector('" + choice("email") + "').checked") {
		t.Error("the page was loaded anew, or forgot what was ticked")
	}
	b.says("[data-notice=leaks]", "E-mail: from you as “private” the same is known to Weinhandlung.")
	b.click(choice("email"))
	if b.holds("document.querySelector('[data-notice=leaks]').checkVisibility()") {
		t.Error("what is not ticked is warned of")
	}
	b.click(choice("email")) // the customer may go on all the same
	b.click(deciding("approve"))
	b.arrivesAt("/library")

	// The vendor goes on with the persona that it knows, unless the customer wants to be another.
	b.open(d.request(library, "/library", "openid", `{"userinfo":{"name":{"essential":true},"email":null,"nickname":null}}`))
	b.page("consent")
	b.shows(valueOf("name"), "E. Mustermann, Kassenwartin")
	if got := b.value("[name=persona]"); got != second {
		t.Errorf("%s is chosen, and not who the library knows", got)
	}
	b.choosesPersona(base)
	b.shows(valueOf("name"), p.name)
	b.says("[data-known]", "Bücherei knows you as “Verein”. As “private” you are somebody new there.")
}

func (b *tab) choosesPersona(persona string) {
	b.t.Helper()
	b.pick("[name=persona]", persona)
	b.wait("!document.querySelector('[data-form=consent]').dataset.busy")
}

// Rule 2: who nobody has verified gets nothing without an act of its own.
func TestRule02_unverifiedVendor_getsNothingWithoutTheAct(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	krug := d.vendorNamed("Krug", "/krug", "--unverified")
	b, p := visit(t, d, phone), erika()
	p.anAccount(b)
	b.open(d.request(krug, "/krug", "openid", `{"userinfo":{"email":null}}`))
	b.page("consent")
	b.says("[data-notice=unverified]", "Somebody who calls themselves Krug asks from krug.example.")
	b.click(deciding("approve"))
	b.says("#errors", "Confirm that you know this address, or refuse")
	b.click("[name=unverified]")
	b.click(deciding("approve"))
	b.arrivesAt("/krug")
}

// Rule 6: a standing rule ticks nothing by itself, and what is never shared cannot be ticked.
func TestRule06_standingRules_areShown_andTickNothingOnLoad(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	wine := d.vendorNamed("Weinhandlung", "/wine")
	b, p := visit(t, d, phone), erika()
	p.anAccount(b)
	p.asPersonas(b)
	b.asks("rules", map[string]any{"always": []string{"nickname"}, "never": []string{"phone_number"}}, nil)

	b.open(d.request(wine, "/wine", "openid", `{"userinfo":{"nickname":null,"email":null,"phone_number":null}}`))
	b.page("consent")
	if b.holds("document.querySelector('input[type=checkbox]:checked')") {
		t.Error("something is ticked on load")
	}
	b.says("[data-claim=nickname]", "you always share this")
	b.says("[data-claim=phone_number]", "you never share this")
	if !b.holds("document.querySelector('" + choice("phone_number") + "').disabled") {
		t.Error("what is never shared can be ticked")
	}
	b.click("[name=always]")
	b.says("[data-outcome]", "Weinhandlung receives your nickname, until ")
	if b.holds("document.querySelector('[name=always]').checkVisibility()") {
		t.Error("there is nothing left to tick, and it is offered")
	}

	b.open(d.request(wine, "/wine", "openid", `{"userinfo":{"phone_number":{"essential":true}}}`))
	b.page("consent")
	b.click(deciding("approve"))
	b.says("#errors", "Weinhandlung needs your telephone number, and you have decided never to share it")
	b.click(deciding("deny"))
	b.arrivesAt("/wine")
}

// Rule 16, and what the receipt keeps: an act of its own, and the text as it stood without a value.
func TestRule16_specialCategory_isReleasedOnlyByAnActOfItsOwn_andTheTextIsKept(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	kitchen := d.vendorNamed("Kantine", "/kitchen", "--purpose", "dietary_needs=To cook what is good for you.")
	b, p := visit(t, d, phone), erika()
	p.anAccount(b)
	b.asks("set", map[string]any{"values": map[string]any{"name": p.name, "dietary_needs": []string{"zoeliakie"}}}, nil)

	b.open(d.request(kitchen, "/kitchen", "openid", `{"userinfo":{"name":{"essential":true},"dietary_needs":null}}`))
	b.page("consent")
	act := "[data-claim=dietary_needs] [name=act]"
	if b.holds("document.querySelector('" + act + "').checkVisibility()") {
		t.Error("the act is asked for before its claim is ticked")
	}
	p.ticks(b, "dietary_needs")
	b.click(deciding("approve"))
	b.says("#errors", "This takes a tick of its own: Dietary needs.")
	b.click(act)
	b.click(choice("dietary_needs"))
	p.ticks(b, "dietary_needs")
	if b.holds("document.querySelector('" + act + "').checked") {
		t.Error("the act outlived the tick that it belongs to")
	}
	b.click(act)
	outcome := b.text("[data-outcome]")
	b.click(deciding("approve"))
	b.arrivesAt("/kitchen")

	b.open(d.meins + "/vault")
	b.page("vault")
	notice := b.lastNotice()
	for _, want := range []string{
		"Kantine asks for your details", "[x] Full name", "[x] Dietary needs", "To cook what is good for you.",
		"[x] I know that this can tell of health", "Kantine (kantine.example). We give it to nobody else.", outcome,
	} {
		if !strings.Contains(notice, want) {
			t.Errorf("the receipt lacks %q:\n%s", want, notice)
		}
	}
	for _, absent := range []string{p.name, "zoeliakie", "Approve"} {
		if strings.Contains(notice, absent) {
			t.Errorf("the receipt holds %q", absent)
		}
	}
}

// lastNotice is the text that the newest receipt keeps.
func (b *tab) lastNotice() string {
	b.t.Helper()
	var list struct {
		Receipts []struct {
			Notice struct{ Text, Language string }
		}
	}
	b.fetches("/receipts?limit=1", &list)
	if len(list.Receipts) != 1 {
		b.t.Fatal("there is no receipt")
	}
	return list.Receipts[0].Notice.Text
}

// Rule 15: the customer is reminded of the refusal, and both ways lead on.
func TestRule15_afterARefusal_theCustomerIsAskedAgainOnlyOnTheirOwnAct(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	b, p := visit(t, d, phone), erika()
	p.goesToConsent(b)
	b.click(deciding("deny"))
	b.atShop()

	p.goesToShop(b)
	b.page("refused")
	b.says("main", "You refused this request of Blumen am Markt on ")
	b.click("[data-refused=back]")
	b.atShop()
	if !b.holds("document.body.dataset.notice === 'declined'") {
		t.Errorf("the shop was not told no:\n%s", b.where())
	}
	p.goesToShop(b)
	b.page("refused")
	b.click("[data-refused=look]")
	b.page("consent")
	b.fill(attribute("name"), p.name)
	b.click(deciding("approve"))
	b.greets(p)
}

// "Ask me each time" and "do not remember me" hold at the next login.
func TestConsent_eachTime_andNotRemembered_areAskedAgain(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	b, p := visit(t, d, phone), erika()
	p.goesToConsent(b)
	b.fill(attribute("name"), p.name)
	b.click("details.visit summary")
	b.click("[name=ephemeral]")
	b.says("[data-fact=until]", "Until this visit is over")
	b.says("[data-outcome]", "for this visit only")
	b.click("[name=each_time]")
	if b.holds("document.querySelector('[name=ephemeral]').checked") {
		t.Error("both are chosen, which means nothing")
	}
	b.says("[data-fact=until]", ", then it ends by itself")
	b.click("[name=ephemeral]")
	b.click(deciding("approve"))
	b.greets(p)

	b.forgets("127.0.0.1")
	p.goesToShop(b)
	b.page("consent")
	b.says("h1", "asks for your details")
	b.click("details.visit summary")
	b.click("[name=each_time]")
	b.click(deciding("approve"))
	b.greets(p)

	b.forgets("127.0.0.1")
	p.goesToShop(b)
	b.page("consent")
	b.says(".lead", "wanted to be asked each time")
	if !b.holds("document.querySelector('[name=each_time]').checked") {
		t.Error("what was chosen before is not shown")
	}
	b.click(deciding("approve"))
	b.greets(p)
}

// What this screen can say, on a phone in both languages; with MEINS_SHOTS in pictures and all other ways too.
func TestConsentPages_onAPhoneInGerman_areWholeReadableAndInGerman(t *testing.T) {
	t.Parallel()
	walkConsent(t, german)
}

func TestConsentPages_onAPhoneInEnglish_areWholeReadableAndInEnglish(t *testing.T) {
	t.Parallel()
	walkConsent(t, phone)
}

const inDetail = `[
	{"type":"https://meins.id/consent","claims":[{"name":"email","required":true},{"name":"dietary_needs"}],"retention":"P6M","recipients":["DHL Paket GmbH","Hermes Germany GmbH"],
	 "terms":["SD-BASE"],"usage":"continuous","purpose":{"text":"To send the bill.","text#de":"Für die Rechnung."}},
	{"type":"https://meins.id/consent","claims":[{"name":"email"},{"name":"picture"}],"retention":"P6M","purpose":{"iri":"https://w3id.org/dpv#PersonalisedAdvertising"}},
	{"type":"https://meins.id/consent","claims":[{"name":"email"}],"retention":"P6M","purpose":{"iri":"https://w3id.org/dpv/ai#Training"}}]`

func walkConsent(t testing.TB, on device) {
	d := startDemo(t)
	a, p := newAlbum(t, d, on), erika()
	shop := d.vendorNamed("Versandhaus", "/mail", "--purpose", "name=Um Sie zu begrüßen.", "--unverified", "--accept-terms", "SD-BASE", "--kind", "shop")
	kitchen := d.vendorNamed("Kantine", "/kitchen")
	p.anAccount(a.tab)
	_, second := p.asPersonas(a.tab)
	a.asks("set", map[string]any{"values": map[string]any{"dietary_needs": []string{"Laktose"}, "picture": "https://erika.example/erika.jpg"}}, nil)
	a.asks("rules", map[string]any{"always": []string{"nickname"}, "never": []string{"phone_number"}}, nil)

	detailed := func(details string) string {
		return d.request(shop, "/mail", "openid", "") + "&authorization_details=" + url.QueryEscape(details)
	}
	a.open(detailed(inDetail))
	a.page("consent")
	a.look("20-consent-detailed")
	p.ticks(a.tab, "dietary_needs", "picture")
	a.eval("document.querySelectorAll('[name=purpose]').forEach((e) => e.click())", nil)
	a.click(deciding("approve"))
	a.complains("[data-form=consent]")
	a.look("20-consent-acts-missing")
	a.eval("document.querySelectorAll('[name=act], [name=unverified]').forEach((e) => e.click()); document.querySelectorAll('main details').forEach((e) => (e.open = true))", nil)
	a.look("20-consent-acts")
	a.click(deciding("approve"))
	a.arrives("/mail")

	wider := strings.NewReplacer("Hermes Germany GmbH", "UPS Deutschland", "P6M", "P3Y", "#PersonalisedAdvertising", "#SellProducts", `,{"name":"picture"}`, `,{"name":"birthdate"}`).Replace(inDetail)
	a.open(detailed(wider))
	a.page("consent")
	a.look("21-consent-changed")

	a.open(d.request(kitchen, "/kitchen", "openid", `{"userinfo":{"name":{"essential":true},"email":null,"nickname":null,"phone_number":null}}`))
	a.page("consent")
	a.choosesPersona(second)
	p.ticks(a.tab, "email")
	a.look("22-consent-persona")
	a.click("details.visit summary")
	a.click("[name=ephemeral]")
	a.look("22-consent-visit")
	a.click(deciding("deny"))
	a.arrives("/kitchen")
	a.open(d.request(kitchen, "/kitchen", "openid", `{"userinfo":{"name":{"essential":true},"email":null,"nickname":null,"phone_number":null}}`))
	a.page("refused")
	a.look("23-refused")
}
