package browser

import (
	"context"
	"encoding/base64"
	"testing"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/chromedp"
)

// harmless is a section that means nothing: with it behind them, an agent's bytes are as valid as before.
const harmless = "\x00\x02\x01a"

// whetherUp tells whether the page's agent started.
const whetherUp = `import(document.querySelector("script[src*='/agent.']").src).then(({ agent }) => agent.ready).then(() => "up", ({ code }) => code)`

func TestAgent_withOtherBytesThanThePageNames_doesNotRun(t *testing.T) {
	d := startDemo(t)
	for name, added := range map[string]string{"up": "", "agent-unavailable": harmless} {
		b := newTab(t, d, phone, &evidence{t: t, demo: d}, chromium, chromedp.WithNewBrowserContext())
		b.alters("*/static/agent.*.wasm", added)
		b.open(d.meins + "/signup")
		var state string
		b.eval(whetherUp, &state)
		if state != name {
			t.Errorf("with %q added the agent is %q", added, state)
		}
	}
}

// alters has the browser get something more than the server sent.
func (b *tab) alters(pattern, added string) {
	b.t.Helper()
	chromedp.ListenTarget(b.ctx, func(event any) {
		if paused, ok := event.(*fetch.EventRequestPaused); ok {
			go b.answer(paused, added)
		}
	})
	b.do(fetch.Enable().WithPatterns([]*fetch.RequestPattern{{URLPattern: pattern, RequestStage: fetch.RequestStageResponse}}))
}

func (b *tab) answer(paused *fetch.EventRequestPaused, added string) {
	err := chromedp.Run(b.ctx, chromedp.ActionFunc(func(ctx context.Context) error {
		body, err := fetch.GetResponseBody(paused.RequestID).Do(ctx)
		if err != nil {
			return err
		}
		headers := []*fetch.HeaderEntry{{Name: "Content-Type", Value: "application/wasm"}}
		whole := base64.StdEncoding.EncodeToString(append(body, added...))
		return fetch.FulfillRequest(paused.RequestID, 200).WithResponseHeaders(headers).WithBody(whole).Do(ctx)
	}))
	if err != nil {
		b.t.Errorf("alter %s: %v", paused.Request.URL, err)
	}
}
