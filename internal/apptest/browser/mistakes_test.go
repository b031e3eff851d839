package browser

import (
	"fmt"
	"strings"
	"testing"
)

// What somebody sees who makes one mistake after the other. The words of a mistake that was mended are gone
// for everybody and keep their place: what stands below must not move away under a finger.
func TestSignUp_aFieldThatIsWrongTwice_isMarkedBothTimes(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	b, p := visit(t, d, phone), erika()
	b.open(d.meins + "/signup")
	b.page("signup")
	b.click("button[name=continue]")
	b.marked("login")
	b.marked("passphrase")
	const below = "String(document.querySelector('button[name=continue]').getBoundingClientRect().top + scrollY)"
	var before, after string
	b.eval(below, &before)

	b.fill("[name=login]", "er")
	if b.holds("document.querySelector('#login-wrong').checkVisibility({ visibilityProperty: true })") {
		t.Error("what is being mended is called wrong still")
	}
	if said := b.read("#login", "outerHTML"); strings.Contains(said, "login-wrong") || strings.Contains(said, "aria-invalid") || !strings.Contains(said, "login-hint") {
		t.Errorf("those who listen are told that it is wrong still, or not what it is: %s", said)
	}
	b.fill("[name=passphrase]", p.passphrase)
	b.wait("document.querySelector('[data-said]').textContent !== ''")
	b.eval("document.querySelector('[data-said]').textContent = ''; "+below, &after)
	if before != after {
		t.Errorf("what is below moved from %s to %s", before, after)
	}
	b.click("button[name=continue]")
	b.marked("login")
	if !b.holds("document.querySelector('[data-step=recovery]').hidden") {
		t.Error("there is a code for a login that cannot be")
	}
	p.signsUp(b)
	b.page("vault")
}

// marked waits until something is said beside a field.
func (b *tab) marked(id string) {
	b.t.Helper()
	b.wait(fmt.Sprintf("document.querySelector('#%s-wrong')?.checkVisibility({ visibilityProperty: true })", id))
}
