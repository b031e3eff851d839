package browser

import (
	"os"
	"strings"
	"sync"
	"testing"
)

// axeCore are Deque's rules for accessible pages, as npm has them (scripts/install-tools).
var axeCore = sync.OnceValues(func() (string, error) {
	source, err := os.ReadFile("axe/node_modules/axe-core/axe.min.js")
	return string(source), err
})

// axe runs every rule of WCAG 2.2 A and AA over what is shown, and tells what breaks one.
const axe = `(async () => {
	const scope = document.querySelector("dialog[open]") ?? document;
	const found = await axe.run(scope, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], resultTypes: ["violations"] });
	return found.violations.flatMap((v) => v.nodes.map((n) => v.id + ": " + n.html.slice(0, 160) + " (" + n.failureSummary.replaceAll("\n", " ") + ")"));
})()`

// accessible lets axe-core look at a page of ours.
func (a *album) accessible(name string) {
	a.t.Helper()
	var ours bool
	if a.eval(`!!document.body.dataset.page`, &ours); !ours {
		return
	}
	for _, b := range a.breaks() {
		a.t.Errorf("%s: %s", name, b)
	}
}

// breaks tells which rules of axe-core the page breaks, and where.
func (b *tab) breaks() []string {
	b.t.Helper()
	var known bool
	if b.eval(`typeof globalThis.axe === "object"`, &known); !known {
		source, err := axeCore()
		must(b.t, err)
		b.eval(strings.TrimSpace(source)+"\n;true", &known)
	}
	var broken []string
	b.eval(axe, &broken)
	return broken
}

// TestAxe_seesWhatIsWrong makes sure that its silence means something.
func TestAxe_seesWhatIsWrong(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	b := visit(t, d, phone)
	b.open(d.meins + "/")
	b.page("start")
	if broken := b.breaks(); len(broken) > 0 {
		t.Errorf("the page as it is: %q", broken)
	}
	b.eval(`document.body.append(Object.assign(document.createElement("img"), { src: "/favicon.ico" }), document.createElement("button")); true`, new(bool))
	broken := strings.Join(b.breaks(), "\n")
	for _, rule := range []string{"image-alt", "button-name"} {
		if !strings.Contains(broken, rule) {
			t.Errorf("%s is not seen: %s", rule, broken)
		}
	}
}
