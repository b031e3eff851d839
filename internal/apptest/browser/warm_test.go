package browser

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// stopwatch notes, in every document, when the page could be used and what came before. Times are
// milliseconds after the navigation began.
const stopwatch = `(() => {
	const at = globalThis.meinsTimes = {};
	const note = (name) => { at[name] ??= performance.now(); };
	const compile = WebAssembly.compileStreaming;
	WebAssembly.compileStreaming = async (from) => { note("compiling"); const module = await compile.call(WebAssembly, from); note("compiled"); return module; };
	const Born = Worker;
	globalThis.Worker = class extends Born {
		constructor(...args) { super(...args); note("worker"); this.addEventListener("message", ({ data }) => { if (data.ready) note("agent"); }); }
	};
	document.addEventListener("DOMContentLoaded", () => {
		note("parsed");
		new MutationObserver(() => { if (document.body.dataset.ready === "true") note("ready"); }).observe(document.body, { attributes: true });
	});
})()`

// BenchmarkConsent_warm reports how long a consent screen takes until it can be used, on a visit
// after the first: the median, in ms. Its figures mean something on a quiet machine only:
//
//	go test -run '^$' -bench Consent_warm -benchtime 10x ./internal/apptest/browser
func BenchmarkConsent_warm(b *testing.B) {
	d := startDemo(b)
	t, p := newTab(b, d, phone, &evidence{t: b, demo: d}, chromium), erika()
	p.goesToConsent(t)
	t.fill(attribute("name"), p.name)
	p.ticks(t)
	var address string
	t.eval("location.href", &address)
	t.do(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(stopwatch).Do(ctx)
		return err
	}))
	times := map[string][]float64{}
	visitConsent := func() map[string]float64 {
		t.open("about:blank#again")
		t.open(address)
		t.page("consent")
		var text string
		t.eval("JSON.stringify(globalThis.meinsTimes)", &text)
		at := map[string]float64{}
		must(b, json.Unmarshal([]byte(text), &at))
		return at
	}
	for range 3 { // into the browser's caches, of code too
		visitConsent()
	}
	for b.Loop() {
		for name, ms := range visitConsent() {
			times[name] = append(times[name], ms)
		}
	}
	b.ReportMetric(0, "ns/op") // most of it is ours, not the page's
	for name, all := range times {
		slices.Sort(all)
		b.ReportMetric(all[len(all)/2], name+"-ms")
	}
}
