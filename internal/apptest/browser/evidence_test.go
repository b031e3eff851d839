package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// evidence is what the browser noticed during a test.
type evidence struct {
	t    testing.TB
	demo *demo

	mu       sync.Mutex
	problems []string // console errors, exceptions, violations of the policy
	pages    []sight  // every document, in order
	requests int
	ours     []string // the provider's addresses that pages asked for, each by its path
	elsewhere,
	excused []string
}

// sight is what one document showed when it was there, and when it was left.
type sight struct {
	When string `json:"when"` // "shown" or "left"
	Path string `json:"path"`
	Page string `json:"page"`
	Text string `json:"text"`
	Lang string `json:"lang"`
}

// witness runs in every document before its own scripts and tells what a test cannot ask later.
const witness = `(() => {
	const tell = (kind, value) => globalThis.meinsWitness?.(JSON.stringify({ kind, ...value }));
	const look = (when) => tell("sight", { when, path: location.origin + location.pathname, page: document.body?.dataset.page ?? "",
		text: document.body?.innerText ?? "", lang: document.documentElement.lang });
	addEventListener("securitypolicyviolation", (e) => tell("problem", { text: "policy: " + e.violatedDirective + " " + e.blockedURI }));
	addEventListener("unhandledrejection", (e) => tell("problem", { text: "unhandled rejection: " + (e.reason?.code ?? e.reason) }));
	addEventListener("DOMContentLoaded", () => look("shown"));
	addEventListener("pagehide", () => look("left"));
})()`

func (e *evidence) watching() []chromedp.Action {
	return []chromedp.Action{
		runtime.AddBinding("meinsWitness"),
		chromedp.ActionFunc(func(ctx context.Context) error {
			_, err := page.AddScriptToEvaluateOnNewDocument(witness).Do(ctx)
			return err
		}),
	}
}

// take is called with every event of every tab.
func (e *evidence) take(event any) {
	switch v := event.(type) {
	case *runtime.EventExceptionThrown:
		e.problem("exception: " + v.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		if v.Type == runtime.APITypeError || v.Type == runtime.APITypeWarning || v.Type == runtime.APITypeAssert {
			e.problem(fmt.Sprintf("console %s: %s", v.Type, values(v.Args)))
		}
	case *cdplog.EventEntryAdded:
		if v.Entry.Level == cdplog.LevelError || v.Entry.Level == cdplog.LevelWarning {
			e.problem(fmt.Sprintf("%s %s: %s", v.Entry.Source, v.Entry.Level, v.Entry.Text))
		}
	case *network.EventRequestWillBeSent:
		e.request(v.Request.URL)
	case *runtime.EventBindingCalled:
		e.told(v.Payload)
	}
}

func values(args []*runtime.RemoteObject) string {
	var said []string
	for _, a := range args {
		said = append(said, string(a.Value)+a.Description)
	}
	return strings.Join(said, " ")
}

func (e *evidence) told(payload string) {
	var w struct {
		Kind string `json:"kind"`
		sight
	}
	if err := json.Unmarshal([]byte(payload), &w); err != nil {
		e.problem("witness: " + err.Error())
		return
	}
	if w.Kind == "problem" {
		e.problem(w.Text)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pages = append(e.pages, w.sight)
}

func (e *evidence) problem(text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.problems = append(e.problems, text)
}

// request notes every address; a worker's script is made in the page, and data are no request.
func (e *evidence) request(address string) {
	address = strings.TrimPrefix(address, "blob:")
	e.mu.Lock()
	defer e.mu.Unlock()
	e.requests++
	if strings.HasPrefix(address, "data:") || address == "about:blank" {
		return
	}
	if path, ok := strings.CutPrefix(address, e.demo.meins); ok {
		path, _, _ = strings.Cut(path, "?")
		e.ours = append(e.ours, path)
	}
	if strings.HasPrefix(address, e.demo.meins+"/") || strings.HasPrefix(address, e.demo.shop+"/") {
		return
	}
	if slices.ContainsFunc(e.demo.others, func(one string) bool { return strings.HasPrefix(address, one+"/") }) {
		return
	}
	if u, err := url.Parse(address); err == nil {
		address = u.Scheme + "://" + u.Host
	}
	e.elsewhere = append(e.elsewhere, address)
}

// asked says whether a page asked the provider for this path since a moment.
func (e *evidence) asked(path string, since moment) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Contains(e.ours[since.ours:], path)
}

// excuse says which problems a test provokes: a part of their text each.
func (e *evidence) excuse(parts ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.excused = append(e.excused, parts...)
}

// refusals are what the browser writes into the console when the server answers with a status of 400
// or more.
func refusals(statuses ...int) []string {
	var parts []string
	for _, s := range statuses {
		parts = append(parts, fmt.Sprintf("the server responded with a status of %d ", s))
	}
	return parts
}

// all lists the problems that nobody provoked.
func (e *evidence) all() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(e.problems), func(p string) bool {
		return slices.ContainsFunc(e.excused, func(part string) bool { return strings.Contains(p, part) })
	})
}

// moment is how much was seen until then.
type moment struct{ pages, ours int }

// mark and since tell what was seen between two moments.
func (e *evidence) mark() moment {
	e.mu.Lock()
	defer e.mu.Unlock()
	return moment{len(e.pages), len(e.ours)}
}

func (e *evidence) since(mark moment) []sight {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.pages[mark.pages:])
}

// nothingBad is the end of every test.
func (e *evidence) nothingBad() {
	for _, p := range e.all() {
		e.t.Errorf("the browser complains: %s", p)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.requests == 0 {
		e.t.Error("no request was seen: the watch does not work")
	}
	for _, host := range e.elsewhere {
		e.t.Errorf("a page asked somebody else: %s", host)
	}
	for _, host := range outside.hosts() {
		e.t.Errorf("the browser asked somebody else: %s", host)
	}
	if log := e.demo.log.String(); strings.Contains(log, "level=ERROR") || strings.Contains(log, "panic") {
		e.t.Errorf("the program complains:\n%s", log)
	}
}
