package browser

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
)

// Where the system sets the colours (Windows' contrast themes), a border that is only see-through is seen.
func TestForcedColours_stillTellTheCurrentPage_andTickOnce(t *testing.T) {
	t.Parallel()
	b, _ := connected(t, desktop, "email")
	b.toConnection()
	b.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "forced-colors", Value: "active"}}))
	if !b.holds(`matchMedia("(forced-colors: active)").matches`) {
		t.Fatal("the browser forces no colours: this test shows nothing")
	}
	var marked []string
	b.eval(`[...document.querySelectorAll(".nav a")].filter((a) => parseFloat(getComputedStyle(a).borderBottomWidth) > 0).map((a) => a.innerText)`, &marked)
	if len(marked) != 1 || marked[0] != "Connections" {
		t.Errorf("marked as the current page: %q", marked)
	}
	if !b.holds(`getComputedStyle(document.querySelector("#erasure"), "::before").display === "none"`) {
		t.Error("our tick is drawn over the system's")
	}
}
