package browser

import (
	"fmt"
	"testing"
)

// What somebody sees who makes one mistake after the other. The words of a mistake that was mended leave
// late: here, when the test says so.
func TestSignUp_aFieldThatIsWrongTwice_isMarkedBothTimes(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	b, p := visit(t, d, phone), erika()
	b.open(d.meins + "/signup")
	b.page("signup")
	b.eval(`window.late = []; ((soon) => { window.setTimeout = (f, ms) => (ms === 400 ? late.push(f) : soon(f, ms)); })(setTimeout); true`, nil)
	b.click("button[name=continue]")
	b.marked("login")
	b.marked("passphrase")

	b.fill("[name=login]", "er")
	b.fill("[name=passphrase]", p.passphrase)
	b.click("button[name=continue]")
	b.marked("login")
	if !b.holds("late.length > 0") {
		t.Error("nothing leaves late: this test shows nothing")
	}
	b.eval("late.forEach((f) => f()); true", nil)
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
