package browser

import (
	"strings"
	"testing"
)

// The customer sees beforehand who will read a change, and may leave some out.

func TestVault_vendorThatIsLeftOut_readsTheOldValue_untilItIsIncluded(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	wine := d.confidential(t, "Weinhandlung", "/wine")
	b, p := visit(t, d, phone), erika()
	p.anAccount(b)
	b.asks("set", map[string]any{"values": map[string]any{"name": p.name, "address": map[string]any{
		"street_address": p.street, "postal_code": p.postal, "locality": p.town, "country": p.country,
	}}}, nil)
	p.goesToShop(b)
	b.page("consent")
	p.ticks(b, "address")
	b.click(deciding("approve"))
	b.greets(p, "address")
	b.open(d.request(wine.id, "/wine", "openid", `{"userinfo":{"address":{"essential":true}}}`))
	b.page("consent")
	b.click(deciding("approve"))
	b.arrivesAt("/wine")
	token := wine.redeems(t, b.query("code"))
	before := *p

	b.open(d.meins + "/vault")
	b.page("vault")
	b.fill(attribute("address.street_address"), "Rheinallee 3")
	b.wait("!document.querySelector('[data-choices]').hidden")
	b.says("[data-told]", "On saving, Blumen am Markt and Weinhandlung will see the new address.")
	b.click("[data-choices] summary")
	if !b.holds("[...document.querySelectorAll('[name=tell]')].length === 2 && [...document.querySelectorAll('[name=tell]')].every((e) => e.checked)") {
		t.Errorf("not both are told of the change unless one is left out:\n%s", b.where())
	}
	b.click("label.check:has([name=tell]):first-child")
	b.says("[data-told]", "On saving, Weinhandlung will see the new address. Blumen am Markt keeps reading the old values.")
	p.street = "Rheinallee 3"
	p.saves(b)
	b.says(".save-bar [data-working]", "Saved. Weinhandlung can read the new values from now on. Still with the old values, as you chose: Blumen am Markt.")
	b.says("[data-kept]", "Blumen am Markt still reads an earlier value of: address.")

	if now := wine.reads(t, token); !strings.Contains(now, p.street) || strings.Contains(now, before.street) {
		t.Errorf("who was not left out reads %s", now)
	}
	b.open(d.shop + "/")
	b.greets(&before, "address")
	b.toConnection()
	b.shows(valueOf("address"), before.address())
	b.says("[data-claim=address]", "What it reads here is an earlier value")

	b.open(d.meins + "/vault")
	b.page("vault")
	b.click("[data-kept] button[name=include]")
	b.wait("document.querySelector('[data-kept]').hidden")
	b.open(d.shop + "/")
	b.greets(p, "address")
}
