package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long anything may take on a busy machine.
const patience = 30 * time.Second

// device is what a person holds in hand.
type device struct {
	name          string
	width, height int64
	language      string // Accept-Language
	dark          bool
}

var (
	phone   = device{name: "phone", width: 360, height: 640, language: "en-GB,en"}
	desktop = device{name: "desktop", width: 1280, height: 800, language: "en-GB,en"}
	german  = device{name: "german", width: 360, height: 640, language: "de-DE,de,en"}
)

// tab is one tab of a person's browser. Its methods act as the person does, and fail the test where
// the person could not go on.
type tab struct {
	t    testing.TB
	ctx  context.Context
	demo *demo
	seen *evidence
}

// visit opens a browser with a fresh profile on a device.
func visit(t testing.TB, d *demo, on device) *tab {
	t.Helper()
	return visitBy(t, d, on, chromium)
}

// visitBy is visit with a browser that is set up in its own way.
func visitBy(t testing.TB, d *demo, on device, browser context.Context) *tab {
	t.Helper()
	b := newTab(t, d, on, &evidence{t: t, demo: d}, browser, chromedp.WithNewBrowserContext())
	t.Cleanup(b.seen.nothingBad)
	return b
}

// another opens a second tab of the same browser.
func (b *tab) another(on device) *tab {
	b.t.Helper()
	return newTab(b.t, b.demo, on, b.seen, b.ctx)
}

func newTab(t testing.TB, d *demo, on device, seen *evidence, parent context.Context, options ...chromedp.ContextOption) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, options...)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx, demo: d, seen: seen}
	b.do(chromedp.ActionFunc(func(context.Context) error { return nil })) //nolint:contextcheck // the tab opens; it holds the context that chromedp keeps it in
	chromedp.ListenTarget(ctx, seen.take)
	b.do(seen.watching()...) //nolint:contextcheck // a tab holds the context that chromedp keeps it in
	b.do(on.emulated()...)   //nolint:contextcheck // a tab holds the context that chromedp keeps it in
	return b
}

func (on device) emulated() []chromedp.Action {
	scheme := "light"
	if on.dark {
		scheme = "dark"
	}
	return []chromedp.Action{
		emulation.SetDeviceMetricsOverride(on.width, on.height, 1, on.width < 500),
		emulation.SetFocusEmulationEnabled(true),
		emulation.SetUserAgentOverride("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36").WithAcceptLanguage(on.language),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}),
	}
}

func (b *tab) do(actions ...chromedp.Action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	// The first run of a tab's context makes the tab, which must outlive the timeout.
	if chromedp.FromContext(b.ctx).Target == nil {
		ctx = b.ctx
	}
	if err := chromedp.Run(ctx, actions...); err != nil {
		b.t.Fatalf("%v\n%s", err, b.where())
	}
}

// open goes to an address and waits until the document is there.
func (b *tab) open(address string) {
	b.t.Helper()
	b.do(chromedp.ActionFunc(func(ctx context.Context) error {
		_, _, text, _, err := page.Navigate(address).Do(ctx)
		if err == nil && text != "" {
			err = fmt.Errorf("open %s: %s", address, text)
		}
		return err
	}))
	b.wait(fmt.Sprintf("document.readyState === 'complete' && location.href !== 'about:blank' /* %s */", address))
}

// page waits until a page of the provider can be used.
func (b *tab) page(name string) {
	b.t.Helper()
	b.wait(fmt.Sprintf("document.body?.dataset.page === %q && document.body.dataset.ready === 'true'", name))
}

// atShop waits for the shop's own page.
func (b *tab) atShop() {
	b.t.Helper()
	b.wait(fmt.Sprintf("location.origin === %q && document.readyState === 'complete' && !!document.body?.dataset.signedIn", b.demo.shop))
}

// wait waits until a condition of the page holds; while pages change there is none.
func (b *tab) wait(condition string) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(30 * time.Millisecond) {
		var holds bool
		err := b.tries(chromedp.Evaluate("!!("+condition+")", &holds))
		if err == nil && holds {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("in vain: %s (%v)\n%s", condition, err, b.where())
		}
	}
}

// tries does what a page that is on its way to another may not answer.
func (b *tab) tries(action chromedp.Action) error {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, action)
}

// click clicks in the middle of what a person sees, and it has to be there to be hit.
func (b *tab) click(selector string) {
	b.t.Helper()
	b.wait(fmt.Sprintf("!!document.querySelector(%q)?.checkVisibility()", selector))
	var at []float64
	b.eval(fmt.Sprintf(`(() => {
		const e = document.querySelector(%q);
		e.scrollIntoView({ block: "center", behavior: "instant" });
		const r = e.getBoundingClientRect(), x = r.left + r.width / 2, y = r.top + r.height / 2;
		const hit = document.elementFromPoint(x, y);
		return hit && (e.contains(hit) || hit.contains(e)) ? [x, y] : [];
	})()`, selector), &at)
	if len(at) != 2 {
		b.t.Fatalf("%s is covered by something else\n%s", selector, b.where())
	}
	b.do(chromedp.MouseClickXY(at[0], at[1]))
}

// fill types into a field, in place of what stands there.
func (b *tab) fill(selector, text string) {
	b.t.Helper()
	b.click(selector)
	b.do(chromedp.Evaluate(fmt.Sprintf("document.querySelector(%q).select()", selector), nil), input.InsertText(text))
	if got := b.value(selector); got != text {
		b.t.Fatalf("typed %q into %s, it holds %q", text, selector, got)
	}
}

// pick sets a field that is no text: a date, from the calendar.
func (b *tab) pick(selector, value string) {
	b.t.Helper()
	b.do(chromedp.Evaluate(fmt.Sprintf(`{
		const e = document.querySelector(%q);
		e.value = %q;
		for (const kind of ["input", "change"]) e.dispatchEvent(new Event(kind, { bubbles: true }));
	}`, selector, value), nil))
}

// press presses a key that a form hears, such as Enter.
func (b *tab) press(key string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(key))
}

// eval evaluates script; a promise is waited for.
func (b *tab) eval(script string, result any) {
	b.t.Helper()
	b.do(chromedp.Evaluate(script, result, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
}

func (b *tab) holds(condition string) bool {
	b.t.Helper()
	var yes bool
	b.eval("!!("+condition+")", &yes)
	return yes
}

// value is what a field holds.
func (b *tab) value(selector string) string { return b.read(selector, "value") }

// text is what an element shows, on one line.
func (b *tab) text(selector string) string { return oneLine(b.read(selector, "innerText")) }

func (b *tab) read(selector, property string) string {
	b.t.Helper()
	var text string
	b.eval(reading(selector, property), &text)
	return text
}

func reading(selector, property string) string {
	return fmt.Sprintf(`(() => { const e = document.querySelector(%q); return e ? String(e.%s ?? "") : "(there is no such element)"; })()`, selector, property)
}

// shows checks what an element shows, or comes to show: some of it waits for the agent.
func (b *tab) shows(selector, want string) {
	b.t.Helper()
	if got := b.comesTo(selector, func(text string) bool { return text == want }); got != want {
		b.t.Errorf("%s shows %q, want %q", selector, got, want)
	}
}

// comesTo is what an element shows as soon as it is right, or in the end.
func (b *tab) comesTo(selector string, right func(text string) bool) string {
	b.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(30 * time.Millisecond) {
		var text string
		err := b.tries(chromedp.Evaluate(reading(selector, "innerText"), &text))
		if text = oneLine(text); err == nil && right(text) || time.Now().After(deadline) {
			return text
		}
	}
}

// query is a parameter of the address where the tab is.
func (b *tab) query(name string) string {
	b.t.Helper()
	var value string
	b.eval(fmt.Sprintf("new URLSearchParams(location.search).get(%q) ?? ''", name), &value)
	return value
}

// address is where the tab is, without the query, which may carry a sealed request.
func (b *tab) address() string {
	b.t.Helper()
	var address string
	b.eval("location.origin + location.pathname", &address)
	return address
}

// where says what a person would see, for whoever reads a failure.
func (b *tab) where() string {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	var text string
	err := chromedp.Run(ctx, chromedp.Evaluate(`location.origin + location.pathname + " " + JSON.stringify(document.body?.dataset ?? {}).slice(0, 200) +
		"\n" + (document.body?.innerText ?? "").slice(0, 1500)`, &text))
	if err != nil {
		return fmt.Sprintf("(the page does not answer: %v)", err)
	}
	return text + "\n" + strings.Join(b.seen.all(), "\n") + "\n" + b.demo.log.String()
}

// forgets deletes the cookies of one origin; cookies do not tell ports apart, so the two are told
// apart by their host names.
func (b *tab) forgets(host string) {
	b.t.Helper()
	b.do(chromedp.ActionFunc(func(ctx context.Context) error {
		cookies, err := network.GetCookies().WithURLs([]string{"http://" + host + "/"}).Do(ctx)
		if err != nil {
			return err
		}
		for _, c := range cookies {
			if err := network.DeleteCookies(c.Name).WithDomain(c.Domain).WithPath(c.Path).Do(ctx); err != nil {
				return err
			}
		}
		return nil
	}))
}

// reload presses the browser's reload button.
func reload() chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		if err := chromedp.Evaluate("document.body.dataset.ready = 'before'", nil).Do(ctx); err != nil {
			return err
		}
		return page.Reload().Do(ctx)
	})
}

// back presses the browser's back button, and waits until the document is there. A page that was there already
// and had been put aside comes back as it was.
func (b *tab) back() {
	b.t.Helper()
	at, entries, err := b.history()
	if err != nil || at == 0 {
		b.t.Fatalf("there is nothing to go back to (%v)", err)
	}
	b.do(page.NavigateToHistoryEntry(entries[at-1].ID))
	eventually(b.t, "the browser goes back", func() bool {
		now, _, err := b.history() // a page that gives way to another does not answer
		return err == nil && now != at
	})
	b.wait("document.readyState === 'complete'")
}

// history is where the tab has been, and which of them it shows.
func (b *tab) history() (at int64, entries []*page.NavigationEntry, err error) {
	err = b.tries(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		at, entries, err = page.GetNavigationHistory().Do(ctx)
		return err
	}))
	return at, entries, err
}

// keeps is everything that a page of this origin can have left in the browser.
func (b *tab) keeps() stored {
	b.t.Helper()
	var text string
	b.eval(`(async () => JSON.stringify({
		local: { ...localStorage }, session: { ...sessionStorage }, cookies: document.cookie, name: window.name,
		databases: (await indexedDB.databases()).map((d) => d.name), caches: await caches.keys(),
		workers: (await navigator.serviceWorker.getRegistrations()).length,
	}))()`, &text)
	s := stored{raw: text}
	must(b.t, json.Unmarshal([]byte(text), &s))
	return s
}
