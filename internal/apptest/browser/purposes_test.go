package browser

import (
	"net/url"
	"testing"
)

// forTwoPurposes asks for an e-mail address, for the bill and for advertising.
const forTwoPurposes = `[
	{"type":"https://meins.id/consent","claims":[{"name":"email"}],"retention":"P6M","purpose":{"text":"To send the bill."}},
	{"type":"https://meins.id/consent","claims":[{"name":"email"}],"retention":"P6M","purpose":{"iri":"https://w3id.org/dpv#Advertising"}}]`

// Rule 8 of the consent screen: each purpose can be declined on its own.
func TestPurposes_rule8_areChosenSingly(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	client := d.addVendor("--name", "Weinhandlung", "--redirect-uri", d.shop+"/", "--public", "--domain", "wein.example")
	b, p := visit(t, d, phone), erika()
	request := d.request(client, "/", "openid", "") + "&authorization_details=" + url.QueryEscape(forTwoPurposes)
	b.open(request)
	b.page("signin")
	b.click(`a[href^="/signup"]`)
	p.signsUp(b)
	b.page("consent")
	if b.holds("document.querySelector('[name=purpose]:checked, [name=claim]:checked')") {
		t.Error("something is chosen already")
	}
	b.click(choice("email"))
	b.fill(attribute("email"), p.email)
	b.click(deciding("approve"))
	b.says("#errors", "Choose what Weinhandlung may use your e-mail address for")
	b.click(choice("email"))
	b.eval("[...document.querySelectorAll('label.check')].find((l) => l.textContent.includes('bill')).querySelector('input').click()", nil)
	if !b.holds("document.querySelector('" + choice("email") + "').checked && document.querySelectorAll('[name=purpose]:checked').length === 1") {
		t.Error("saying what for does not say yes")
	}
	b.click(deciding("approve"))
	b.wait("location.href.startsWith('" + d.shop + "/') && document.readyState === 'complete'")
	b.open(d.meins + "/connections")
	b.page("connections")
	b.click("[data-name='Weinhandlung'] h3 a")
	b.page("connection")
	b.says("[data-claim=email]", "To send the bill.")
	if b.holds("document.querySelector('[data-claim=email]').textContent.includes('Advertising')") {
		t.Error("what was declined is given")
	}
}
