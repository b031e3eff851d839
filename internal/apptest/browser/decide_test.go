package browser

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/input"
)

func TestDeny_leadsBackToTheShop_whichLearnsNothing(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	b, p := visit(t, d, phone), erika()
	p.goesToConsent(b)
	p.fills(b) // what was typed and not approved stays here
	p.ticks(b, "email")
	b.click(deciding("deny"))

	b.atShop()
	if !b.holds("document.body.dataset.notice === 'declined' && document.body.dataset.signedIn === 'false'") {
		t.Errorf("the shop did not take no for an answer:\n%s", b.where())
	}
	for _, word := range p.words() {
		if b.holds(fmt.Sprintf("document.documentElement.outerHTML.includes(%q)", word)) {
			t.Errorf("the shop learned %s", word)
		}
	}
	b.open(d.meins + "/connections")
	b.page("connections")
	b.says("[data-list=refused] [data-state=refused]", "Blumen am Markt")
	if b.holds("document.querySelector('[data-list=active]')") {
		t.Error("somebody is listed who may read")
	}
	if b.holds("document.querySelector('button[name=withdraw]')") {
		t.Error("there is something to withdraw after a refusal")
	}
}

func TestApprove_withoutAnythingOptional_signsIn(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	b, p := visit(t, d, phone), erika()
	p.goesToConsent(b)
	b.click(deciding("approve"))
	b.says("#errors", "Type your full name: Blumen am Markt needs it")
	b.fill(attribute("name"), p.name)
	b.click(deciding("approve"))
	b.greets(p)
}

func TestApprove_thenBack_isNotAskedTwice(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	b, p := visit(t, d, phone), erika()
	p.goesToConsent(b)
	var request string
	b.eval("location.href", &request)
	p.fills(b)
	p.ticks(b, "email")
	b.click(deciding("approve"))
	b.greets(p, "email")

	b.back()
	b.wasAnswered()
	b.open(request) // the address from the history
	b.wasAnswered()

	// A tab that knows nothing of the answer goes on under the connection; the shop has had its answer.
	other := b.another(phone)
	b.seen.excuse(refusals(400)...)
	other.open(request)
	other.atShop()
	other.open(d.shop + "/")
	other.greets(p, "email")
	b.hasConnections(1)
}

func TestConsent_byKeyboardAlone_isDecided(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	b, p := visit(t, d, phone), erika()
	p.goesToConsent(b)
	b.eval("document.activeElement.blur(); scrollTo(0, 0)", nil)
	b.tabsTo(attribute("name"))
	b.do(input.InsertText(p.name))
	b.tabsTo(choice("email"))
	b.press(" ")
	b.tabsTo(attribute("email"))
	b.do(input.InsertText(p.email))
	b.press("\r") // decides nothing
	b.page("consent")
	b.tabsTo(deciding("deny"))
	b.tabsTo(deciding("approve"))
	b.press("\r")
	b.greets(p, "email")
}

// tabsTo presses Tab until an element has the focus, and checks that each stop on the way can be
// seen: its ring is drawn, and nothing lies over it. In a date the browser itself rings the part.
func (b *tab) tabsTo(selector string) {
	b.t.Helper()
	for range 60 {
		b.press("\t")
		var at struct {
			What           string
			There, Visible bool
		}
		b.eval(fmt.Sprintf(`(() => {
			const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e);
			const over = document.elementFromPoint(r.left + Math.min(r.width / 2, 40), r.top + Math.min(r.height / 2, 20));
			return { what: e.tagName + " " + (e.name ?? "") + " " + (e.innerText ?? "").slice(0, 40) + ", ring " + s.outlineStyle + " " + s.outlineWidth + ", over it " + over?.tagName + " " + over?.className, there: e.matches(%q),
				visible: (e.type === "date" || s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2) && !!over && (e.contains(over) || over.contains(e)) };
		})()`, selector), &at)
		if !at.Visible {
			b.t.Errorf("on the way to %s the focus is at %s, and cannot be seen", selector, at.What)
		}
		if at.There {
			return
		}
	}
	b.t.Fatalf("the keyboard does not lead to %s\n%s", selector, b.where())
}

// wasAnswered checks that the tab says that this request is over, and leaves nothing to decide.
func (b *tab) wasAnswered() {
	b.t.Helper()
	b.wait("document.body?.dataset.ready === 'true'")
	b.says("body", "You have answered this already")
	if b.holds("[...document.querySelectorAll('button[name=decision]')].some((e) => e.checkVisibility())") {
		b.t.Errorf("an answered request can be decided on again:\n%s", b.where())
	}
}

// hasConnections counts what the customer sees in force.
func (b *tab) hasConnections(n int) {
	b.t.Helper()
	b.open(b.demo.meins + "/connections")
	b.page("connections")
	var got int
	b.eval("document.querySelectorAll('[data-grant][data-state=given]').length", &got)
	if got != n {
		b.t.Errorf("%d connections are in force, want %d", got, n)
	}
}

func TestTwoTabs_bothApprove_leadToOneConnection(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	first, p := visit(t, d, phone), erika()
	p.goesToConsent(first)
	second := first.another(phone)
	p.goesToShop(second)
	second.page("consent")

	p.fills(second)
	p.ticks(second, "email")
	second.click(deciding("approve"))
	second.greets(p, "email")

	// The first tab still shows the question. Its answer comes too late, and what was decided holds;
	// the shop has forgotten that sign-in, because another one in the same browser replaced it.
	first.seen.excuse(refusals(400, 404, 409, 412)...)
	first.fill(attribute("name"), p.name)
	first.fill(attribute("address.locality"), p.town)
	p.ticks(first, "address")
	first.click(deciding("approve"))
	first.atShop()
	first.open(d.shop + "/")
	first.greets(p, "email")
	first.hasConnections(1)
}
