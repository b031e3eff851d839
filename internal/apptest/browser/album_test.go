package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// album goes along on a walk: at every page that it is shown it checks what must hold of each, and
// with a folder it leaves pictures there.
type album struct {
	*tab
	on      device
	folder  string   // MEINS_SHOTS; "" takes no pictures
	foreign []string // sentences of the other language, none of which may stand on a page
}

// newAlbum begins one for a device.
func newAlbum(t testing.TB, d *demo, on device) *album {
	t.Helper()
	a := &album{tab: visit(t, d, on), on: on, folder: os.Getenv("MEINS_SHOTS")}
	mine, other := sentences(t, on.tag()), sentences(t, map[string]string{"en": "de", "de": "en"}[on.tag()])
	for key, text := range other {
		if mine[key] != text && strings.Count(text, " ") > 1 && !strings.Contains(text, "{") {
			a.foreign = append(a.foreign, text)
		}
	}
	return a
}

func sentences(t testing.TB, tag string) map[string]string {
	t.Helper()
	all := map[string]string{}
	files, err := filepath.Glob("../../../api/web/locales/" + tag + "/*.json")
	must(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		must(t, json.Unmarshal(text, &all))
	}
	if len(all) < 200 {
		t.Fatalf("there are only %d texts in %s", len(all), tag)
	}
	return all
}

// tag is the device's language.
func (on device) tag() string { return on.language[:2] }

// look checks the page that is shown, by the light of day and at night, and takes its pictures.
func (a *album) look(name string) {
	a.t.Helper()
	a.speaks(name)
	a.accessible(name)
	a.grows(name)
	for _, dark := range []bool{false, true} {
		if dark && a.folder == "" && a.on != german {
			break // the colours of night are the same in every language
		}
		as := a.on
		as.dark = dark
		a.lies(name, as)
		if a.folder == "" {
			continue
		}
		a.picture(name, as)
		as.width, as.height = desktop.width, desktop.height
		a.lies(name, as)
		a.picture(name, as)
	}
	a.do(a.on.emulated()...)
}

// speaks checks the words: one language, a title, nothing that was forgotten.
func (a *album) speaks(name string) {
	a.t.Helper()
	var said struct{ Lang, Title, Text, Ours string }
	a.eval(`({ lang: document.documentElement.lang, title: document.title, text: document.body.innerText, ours: String(!!document.body.dataset.page) })`, &said)
	if said.Lang != a.on.tag() {
		a.t.Errorf("%s: the page calls itself %q", name, said.Lang)
	}
	if said.Ours == "true" && (!strings.HasSuffix(said.Title, " · meins") || len(said.Title) < len(" · meins")+4) {
		a.t.Errorf("%s: its title is %q", name, said.Title)
	}
	text := oneLine(said.Text)
	for _, sentence := range a.foreign {
		if strings.Contains(text, sentence) {
			a.t.Errorf("%s: says %q", name, sentence)
		}
	}
	for _, slip := range []string{"undefined", "[object", "NaN", "{vendor}", "{claims}", "<nil>", "problem."} {
		if strings.Contains(text, slip) {
			a.t.Errorf("%s: shows %s in %q", name, slip, text)
		}
	}
}

// lies checks how the page lies on a device: nothing sticks out, is too small to read or to hit, or
// too faint; nothing moves for whoever does not want it.
func (a *album) lies(name string, as device) {
	a.t.Helper()
	a.do(as.emulated()...)
	var wrong []string
	a.eval(inspection, &wrong)
	for _, w := range wrong {
		a.t.Errorf("%s (%d px, dark: %v): %s", name, as.width, as.dark, w)
	}
}

// grows checks that letters of twice the size (WCAG 1.4.4) still stand on the page, one below the other.
func (a *album) grows(name string) {
	a.t.Helper()
	var wide []string
	a.eval(`(async () => {
		const root = document.documentElement;
		root.style.fontSize = "200%";
		await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
		const wide = root.scrollWidth <= innerWidth ? [] : [root.scrollWidth + " px", ...[...document.querySelectorAll("body *")]
			.filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth && !e.closest(".grid-wrap")).map((e) => e.outerHTML.slice(0, 80))];
		root.style.fontSize = "";
		return wide;
	})()`, &wide)
	if len(wide) > 0 {
		a.t.Errorf("%s: with letters of twice the size it is too wide: %q", name, wide)
	}
}

const inspection = `(async () => {
	await document.fonts.ready;
	await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
	const wrong = [];
	const called = (e) => e.tagName.toLowerCase() + (e.id ? "#" + e.id : "") + "." + e.className + " " + (e.innerText ?? e.name ?? "").slice(0, 40);
	if (document.documentElement.scrollWidth > innerWidth) wrong.push("is " + document.documentElement.scrollWidth + " px wide");
	for (const m of document.getAnimations()) {
		const { duration, iterations } = m.effect.getComputedTiming();
		if (duration * iterations > 1) wrong.push("moves: " + called(m.effect.target));
	}
	const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
	const rgba = (colour) => {
		canvas.clearRect(0, 0, 1, 1);
		canvas.fillStyle = colour;
		canvas.fillRect(0, 0, 1, 1);
		return [...canvas.getImageData(0, 0, 1, 1).data];
	};
	const light = (c) => {
		const [r, g, b] = c.slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const ground = (e) => {
		for (let at = e; at; at = at.parentElement) {
			const c = rgba(getComputedStyle(at).backgroundColor);
			if (c[3] > 250) return c;
		}
		return [255, 255, 255, 255];
	};
	const scope = document.querySelector("dialog[open]") ?? document.body;
	const targets = "button, select, summary, input:not([type=checkbox], [type=radio]), .nav a, .actions a, .button, .check, .foot a, .wordmark";
	for (const e of scope.querySelectorAll("*")) {
		const r = e.getBoundingClientRect(), style = getComputedStyle(e);
		if (!r.width || !r.height || !e.checkVisibility() || style.clipPath !== "none" || e.closest(".skip, svg")) continue;
		if (e.matches(targets) && (r.height < 44 || r.width < 44)) wrong.push("hard to hit, " + r.width + " by " + r.height + ": " + called(e));
		if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth && ["hidden", "clip"].includes(style.overflowX) && !e.matches("input")) wrong.push("cut off: " + called(e));
		if (e.matches("p, h1, h2, h3, li, dt, dd, td, legend, .body, .button") && e.scrollWidth > e.clientWidth + 1 && style.overflowX === "visible" && style.display !== "inline") wrong.push("overflows: " + called(e));
		if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
		if (parseFloat(style.fontSize) < 14) wrong.push("small print of " + style.fontSize + ": " + called(e));
		if (r.right > innerWidth + 1 && !e.closest(".grid-wrap")) wrong.push("sticks out: " + called(e));
		const [a, b] = [light(rgba(style.color)), light(ground(e))];
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		const large = parseFloat(style.fontSize) >= 24;
		if (ratio < (large ? 3 : 4.5)) wrong.push("faint, " + ratio.toFixed(2) + " : 1: " + called(e));
	}
	return [...new Set(wrong)];
})()`

// picture takes the whole page, and what is seen of it without scrolling where that differs.
func (a *album) picture(name string, as device) {
	a.t.Helper()
	scheme := "light"
	if as.dark {
		scheme = "dark"
	}
	must(a.t, os.MkdirAll(a.folder, 0o755))
	file := filepath.Join(a.folder, fmt.Sprintf("%s.%s.%d.%s", name, as.tag(), as.width, scheme))
	var whole []byte
	a.do(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		_, _, _, _, _, size, err := page.GetLayoutMetrics().Do(ctx)
		if err != nil {
			return err
		}
		whole, err = page.CaptureScreenshot().WithCaptureBeyondViewport(true).
			WithClip(&page.Viewport{Width: size.Width, Height: size.Height, Scale: 1}).Do(ctx)
		return err
	}))
	must(a.t, os.WriteFile(file+".png", whole, 0o600))
}
