package browser

import (
	"fmt"
	"strings"
	"testing"
)

// The main job, from the first visit to the withdrawal, as one person lives it.

func TestStory_onAPhone_fromTheShopToWithdrawal(t *testing.T) {
	t.Parallel()
	story(t, phone, func(b *tab, p *person) {
		// The vault is empty: what is missing is typed where it is asked for.
		for _, claim := range []string{"name", "email", "birthdate", "address"} {
			b.shows(valueOf(claim), "not in your vault yet")
		}
		p.fills(b)
	})
}

func TestStory_onADesktop_fromTheShopToWithdrawal(t *testing.T) {
	t.Parallel()
	story(t, desktop, func(b *tab, p *person) {
		// The vault is filled first, in the vault itself.
		b.open(b.demo.meins + "/vault")
		b.page("vault")
		p.fills(b)
		p.saves(b)
		b.back()
		b.page("consent")
		b.showsVeryValues(p)
	})
}

func story(t testing.TB, on device, fillsIn func(*tab, *person)) {
	d := startDemo(t)
	b, p := visit(t, d, on), erika()

	p.goesToShop(b)
	b.page("signin")
	b.click(`a[href^="/signup"]`)
	p.signsUp(b)

	b.page("consent")
	b.asksFairly()
	fillsIn(b, p)
	p.ticks(b, "email", "address")
	b.says("[data-outcome]", "Blumen am Markt receives your full name, e-mail address and address, until ")
	b.keepsNoSecret(p)
	b.click(deciding("approve"))
	b.greets(p, "email", "address")

	mark := b.seen.mark()
	b.forgets("127.0.0.1")
	p.goesToShop(b)
	b.greets(p, "email", "address")
	b.sawNoPageOfOurs(mark)

	b.open(d.meins + "/connections")
	b.page("connections")
	b.says(`[data-grant][data-state=given]`, "Blumen am Markt")
	b.says(`[data-grant] [data-held]`, "Can read your full name, e-mail address and address")
	b.showsLastRead()
	b.says("[data-grant]", "last read")
	b.keepsNoSecret(p)

	p.movesTo(b, "Rheinallee 3", "53173", "Bonn")
	b.open(d.shop + "/")
	b.greets(p, "email", "address")

	b.open(d.meins + "/connections")
	b.page("connections")
	b.click("[data-state=given] button[name=withdraw]")
	b.wait("document.querySelector('[data-grant]').dataset.state === 'withdrawn'")
	b.open(d.shop + "/")
	b.refusedAtShop(p)

	// Whoever signs in again is asked again, and sees what would be read now.
	p.goesToShop(b)
	b.page("consent")
	b.showsVeryValues(p)
	b.keepsNoSecret(p)
}

// asksFairly checks the consent screen as it comes up, before anything is touched.
func (b *tab) asksFairly() {
	b.t.Helper()
	b.says(".vendor", "Blumen am Markt 127.0.0.1 · ✓ verified domain")
	for _, reason := range []string{"To greet you and to write it on the parcel.", "To deliver your flowers.", "To send you a bouquet on your birthday."} {
		b.says("main", reason)
	}
	if !b.holds("document.querySelector('" + choice("name") + "').matches(':checked:disabled')") {
		b.t.Error("the required name is not ticked for good")
	}
	if b.holds("document.querySelector('[name=claim]:checked:not(:disabled)')") {
		b.t.Error("something optional is ticked before the customer chose")
	}
	b.offersBothAlike()
}

// offersBothAlike checks that refusing is as easy as approving: same size, next to each other, both
// to be hit without scrolling.
func (b *tab) offersBothAlike() {
	b.t.Helper()
	var boxes []struct {
		X, Y, Width, Height float64
		Size, Weight        string
		Hit, Inside         bool
	}
	b.eval(`(() => {
		scrollTo(0, 0);
		return ["deny", "approve"].map((value) => {
			const e = document.querySelector("button[name=decision][value=" + value + "]"), r = e.getBoundingClientRect(), s = getComputedStyle(e);
			return { x: r.x, y: r.y, width: r.width, height: r.height, size: s.fontSize, weight: s.fontWeight,
				hit: document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2) === e,
				inside: r.left >= 0 && r.top >= 0 && r.right <= innerWidth && r.bottom <= innerHeight && scrollY === 0 };
		});
	})()`, &boxes)
	deny, approve := boxes[0], boxes[1]
	if deny.Width != approve.Width || deny.Height != approve.Height || deny.Y != approve.Y || deny.Size != approve.Size || deny.Weight != approve.Weight {
		b.t.Errorf("refusing and approving are not alike: %+v, %+v", deny, approve)
	}
	if !deny.Hit || !deny.Inside || !approve.Hit || !approve.Inside {
		b.t.Errorf("a decision is out of view or covered: %+v, %+v", deny, approve)
	}
	if deny.Height < 44 {
		b.t.Errorf("the buttons are %v pixels high", deny.Height)
	}
}

// showsVeryValues checks that what would be released stands on the screen.
func (b *tab) showsVeryValues(p *person) {
	b.t.Helper()
	b.shows(valueOf("name"), p.name)
	b.shows(valueOf("email"), p.email)
	b.shows(valueOf("birthdate"), "29 February 1984")
	b.shows(valueOf("address"), p.address())
}

// says checks that a text stands somewhere in an element, or comes to stand there.
func (b *tab) says(selector, part string) {
	b.t.Helper()
	if got := b.comesTo(selector, func(text string) bool { return strings.Contains(text, part) }); !strings.Contains(got, part) {
		b.t.Errorf("%s says %q, and not %q", selector, got, part)
	}
}

// greets checks that the shop knows the name and the given claims of p, and nothing else.
func (b *tab) greets(p *person, claims ...string) {
	b.t.Helper()
	b.atShop()
	b.wait("document.body?.dataset.signedIn === 'true'") // the page before a return visit is the shop's, too
	want := map[string]string{"name": p.name, "email": "not shared", "address": "not shared", "birthdate": "not shared"}
	known := map[string]string{"email": p.email, "address": p.address(), "birthdate": "29 February 1984"}
	for _, claim := range claims {
		want[claim] = known[claim]
	}
	for claim, text := range want {
		b.shows(atShop(claim), text)
	}
	for claim, value := range known {
		if want[claim] != value && strings.Contains(b.text("body"), value) {
			b.t.Errorf("the shop shows the %s, which was not approved", claim)
		}
	}
}

// refusedAtShop checks that the shop knows nothing any more.
func (b *tab) refusedAtShop(p *person) {
	b.t.Helper()
	b.atShop()
	if !b.holds("document.body.dataset.notice === 'refused' && document.body.dataset.signedIn === 'false'") {
		b.t.Errorf("the shop was not refused:\n%s", b.where())
	}
	for _, word := range p.words() {
		if b.holds(fmt.Sprintf("document.documentElement.outerHTML.includes(%q)", word)) {
			b.t.Errorf("the shop still shows %s", word)
		}
	}
}

// sawNoPageOfOurs checks that the way led through the provider without anything to see there, and that
// the page on the way had all that it needed. It is over so soon that it may leave no sight.
func (b *tab) sawNoPageOfOurs(mark moment) {
	b.t.Helper()
	for _, s := range b.seen.since(mark) {
		if strings.HasPrefix(s.Path, b.demo.meins+"/") && (s.Page != "resume" || oneLine(s.Text) != "") {
			b.t.Errorf("on the way there was the page %q (%s), showing %q", s.Page, s.When, s.Text)
		}
	}
	if !b.seen.asked("/oauth/authorize", mark) {
		b.t.Error("the way did not lead through the provider at all")
	}
	if b.seen.asked("/api/v1/flow/resume", mark) || b.seen.asked("/continue", mark) {
		b.t.Error("the page on the way asked for the address that it had")
	}
}

// showsLastRead waits until the list says when the shop last read: reads are gathered for a moment.
func (b *tab) showsLastRead() {
	b.t.Helper()
	eventually(b.t, "the connection shows when it was last read", func() bool {
		if b.holds(`document.querySelector("[data-name='Blumen am Markt']").dataset.read > 0`) {
			return true
		}
		b.open(b.demo.meins + "/connections")
		b.page("connections")
		return false
	})
}

// movesTo changes the address in the vault, which says who will know.
func (p *person) movesTo(b *tab, street, postal, town string) {
	b.t.Helper()
	p.street, p.postal, p.town = street, postal, town
	b.open(b.demo.meins + "/vault")
	b.page("vault")
	b.fill(attribute("address.street_address"), street)
	b.fill(attribute("address.postal_code"), postal)
	b.fill(attribute("address.locality"), town)
	b.says("[data-told]", "On saving, Blumen am Markt will see the new address.")
	p.saves(b)
	b.shows(".save-bar [data-working]", "Saved. Blumen am Markt can read the new values from now on.")
}
