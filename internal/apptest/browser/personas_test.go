package browser

import "testing"

func TestVault_personas_haveValuesOfTheirOwn_orTakeThemOver(t *testing.T) {
	t.Parallel()
	b, p := visit(t, startDemo(t), phone), erika()
	b.open(b.demo.meins + "/signup")
	p.signsUp(b)
	b.page("vault")
	p.fills(b)
	p.saves(b)
	b.click("[data-personas] summary")
	b.fill("#persona_name", "Work")
	b.click("button[name=persona-add]")
	b.wait("document.querySelector('#persona').checkVisibility() && document.querySelector('#persona').selectedOptions[0].text === 'Work'")
	if got := b.value(attribute("email")); got != "" {
		t.Errorf("the new persona knows %q", got)
	}
	b.click("button[name=inherit][value=name]")
	b.wait("document.querySelector('[name=\"attribute:name\"]').value !== '' && !document.querySelector('[data-form=vault]').dataset.busy")
	b.fill(attribute("email"), "erika@work.example")
	p.saves(b)
	b.do(reload())
	b.page("vault")
	if got := b.value(attribute("email")); got != p.email {
		t.Errorf("the first persona's address is %q", got)
	}
	b.pick("#persona", b.value("#persona option:last-child"))
	b.wait("document.querySelector('[name=\"attribute:email\"]').value === 'erika@work.example'")
	if got := b.value(attribute("name")); got != p.name {
		t.Errorf("what was taken over is %q", got)
	}
	b.says("[data-attribute=name] ~ .taken", "As in")
}
