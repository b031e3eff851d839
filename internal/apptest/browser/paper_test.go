package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
)

// onPaper is what a printer would be given of the page, on one line.
func (b *tab) onPaper() string {
	b.t.Helper()
	b.do(emulation.SetEmulatedMedia().WithMedia("print"))
	text := b.text("body")
	b.do(emulation.SetEmulatedMedia().WithMedia(""))
	return text
}

// Printing is one of the ways to keep the code: the sheet says what it is, where it belongs and whose it is.
func TestRecoveryCode_onPaper_isTheCode_whatItIsFor_andNothingToPress(t *testing.T) {
	t.Parallel()
	b, p := visit(t, startDemo(t), phone), erika()
	p.goesToShop(b)
	b.page("signin")
	b.click(`a[href^="/signup"]`)
	b.page("signup")
	b.fill("[name=login]", p.login)
	b.fill("[name=passphrase]", p.passphrase)
	b.click("button[name=continue]")
	b.wait("document.querySelector('[name=recovery_code]').checkVisibility()")
	p.recovery = b.text("[data-recovery]")
	b.printsTheCode(p.recovery, p.login)
	if paper := b.onPaper(); strings.Contains(paper, "Blumen am Markt") {
		t.Errorf("on the paper stands a vendor who has nothing to do with it: %q", paper)
	}
	if strings.Contains(b.text("body"), p.login) {
		t.Error("what is for paper is on the screen too")
	}
	b.fill("[name=recovery_code]", p.recovery)
	b.click("button[name=create]")
	b.page("consent")

	// A new one, from the account: the same, but for the name, which nobody knows there.
	b.open(b.demo.meins + "/account")
	b.page("account")
	b.click("[data-fold=recovery] summary")
	b.click("[data-show=recovery_passphrase]")
	b.fill("[name=recovery_passphrase]", p.passphrase)
	if got := b.read("#recovery_passphrase", "type"); got != "text" {
		t.Errorf("the passphrase cannot be shown: the field is a %s", got)
	}
	b.click("button[name=prepare]")
	b.wait("document.querySelector('[name=recovery_code]').checkVisibility()")
	p.recovery = b.text("[data-recovery]")
	b.printsTheCode(p.recovery)
	if paper := b.onPaper(); strings.Contains(paper, "Sign out") || strings.Contains(paper, " for Keep") {
		t.Errorf("on the paper stands %q", paper)
	}
	b.fill("[name=recovery_code]", p.recovery)
	b.click("button[name=confirm]")
	b.wait("document.querySelector('[data-form=recovery-prepare] [data-working]').textContent !== ''")
	if left := b.read("main", "textContent"); strings.Contains(left, p.recovery[:9]) {
		t.Error("the code is on the page still")
	}
}

func (b *tab) printsTheCode(code string, more ...string) {
	b.t.Helper()
	paper := b.onPaper()
	for _, want := range append(more, code, b.demo.meins, "meins recovery code", "Keep this away") {
		if !strings.Contains(paper, want) {
			b.t.Errorf("the paper lacks %q: %q", want, paper)
		}
	}
	for _, no := range []string{"Save as a file", "Type the code", "Deutsch"} {
		if strings.Contains(paper, no) {
			b.t.Errorf("on the paper stands %q: %q", no, paper)
		}
	}
}
