package browser

import (
	"strings"
)

// person is a customer and what they type.
type person struct {
	login, passphrase, recovery   string
	name, email, birthdate        string
	street, postal, town, country string
}

func erika() *person {
	return &person{
		login: "erika.mustermann", passphrase: "blaue kornblumen im juni 1843",
		name: "Erika Mustermann", email: "erika@flowers.example", birthdate: "1984-02-29",
		street: "Heidestraße 17", postal: "51147", town: "Köln", country: "Deutschland",
	}
}

// words are all that nobody else may find.
func (p *person) words() []string {
	words := []string{p.login, p.passphrase, p.name, p.email, p.birthdate, p.street, p.town}
	if p.recovery != "" {
		words = append(words, p.recovery, strings.ReplaceAll(p.recovery, "-", ""))
	}
	return words
}

// address is how an address reads, on one line.
func (p *person) address() string {
	return p.street + " " + p.postal + " " + p.town + " " + p.country
}

// goesToShop opens the shop and asks to be signed in.
func (p *person) goesToShop(b *tab) {
	b.t.Helper()
	b.open(b.demo.shop + "/")
	b.atShop()
	b.click("#login")
}

// signsUp creates an account from the page where it is done: a passphrase, the recovery code, and
// the code typed back.
func (p *person) signsUp(b *tab) {
	b.t.Helper()
	b.page("signup")
	b.fill("[name=login]", p.login)
	b.fill("[name=passphrase]", p.passphrase)
	b.wait("document.querySelector('[data-strength]').value >= 3")
	b.click("button[name=continue]")
	b.wait("document.querySelector('[name=recovery_code]').checkVisibility()")
	p.recovery = b.text("[data-recovery]")
	b.fill("[name=recovery_code]", strings.ToLower(strings.ReplaceAll(p.recovery, "-", " ")))
	b.click("button[name=create]")
}

// signsIn proves who they are.
func (p *person) signsIn(b *tab) {
	b.t.Helper()
	b.page("signin")
	b.fill("[name=login]", p.login)
	b.fill("[name=passphrase]", p.passphrase)
	b.click("button[name=signin]")
}

// fills types everything into the fields of a page: the vault's, or the consent screen's.
func (p *person) fills(b *tab) {
	b.t.Helper()
	b.fill(attribute("name"), p.name)
	b.fill(attribute("email"), p.email)
	b.pick(attribute("birthdate"), p.birthdate)
	b.fill(attribute("address.street_address"), p.street)
	b.fill(attribute("address.postal_code"), p.postal)
	b.fill(attribute("address.locality"), p.town)
	b.fill(attribute("address.country"), p.country)
}

// saves saves the vault.
func (p *person) saves(b *tab) {
	b.t.Helper()
	b.click("button[name=save]")
	b.wait("!document.querySelector('[data-form=vault]').dataset.busy && document.querySelector('.save-bar [data-working]').textContent !== ''")
}

// ticks chooses optional claims.
func (p *person) ticks(b *tab, claims ...string) {
	b.t.Helper()
	for _, claim := range claims {
		b.click(choice(claim))
		if !b.holds("document.querySelector('" + choice(claim) + "').checked") {
			b.t.Fatalf("%s is not ticked", claim)
		}
	}
}

func attribute(name string) string  { return `input[name="attribute:` + name + `"]` }
func choice(claim string) string    { return "input[name=claim][value=" + claim + "]" }
func valueOf(claim string) string   { return "[data-value=" + claim + "]" }
func atShop(claim string) string    { return "[data-claim=" + claim + "]" }
func deciding(button string) string { return "button[name=decision][value=" + button + "]" }

// connects takes the whole way to a first approval: account, values, and these optional claims.
func (p *person) connects(b *tab, claims ...string) {
	b.t.Helper()
	p.goesToConsent(b)
	p.fills(b)
	p.ticks(b, claims...)
	b.click(deciding("approve"))
	b.greets(p, claims...)
}

// goesToConsent takes the way from the shop to the consent screen, with a new account.
func (p *person) goesToConsent(b *tab) {
	b.t.Helper()
	p.goesToShop(b)
	b.page("signin")
	b.click(`a[href^="/signup"]`)
	p.signsUp(b)
	b.page("consent")
}

// proves signs in again in the dialog that comes up when the session ended while a page was open.
func (p *person) proves(b *tab) {
	b.t.Helper()
	b.wait("document.querySelector('#again').open && document.querySelector('[name=again_login]').checkVisibility()")
	b.fill("[name=again_login]", p.login)
	b.fill("[name=again_passphrase]", p.passphrase)
	b.click("button[name=again]")
}
