package browser

import (
	"slices"
	"testing"
)

// What is chosen among has a word in the page's language; the vault keeps its name.
func TestVault_choices_areTypedAndShownInTheCustomersLanguage(t *testing.T) {
	t.Parallel()
	b, p := visit(t, startDemo(t), german), erika()
	b.open(b.demo.meins + "/signup")
	p.signsUp(b)
	b.page("vault")
	b.eval("document.querySelectorAll('main details').forEach((d) => (d.open = true))", nil)
	b.fill(attribute("preferred_channels"), "brief, E-Mail, phone")
	b.fill(attribute("interests"), "Post, Briefmarken")
	p.saves(b)
	var kept struct {
		Attributes struct {
			Channels  []string `json:"preferred_channels"`
			Interests []string
		}
	}
	b.asks("get", map[string]any{"names": []string{"preferred_channels", "interests"}}, &kept)
	if got := kept.Attributes.Channels; !slices.Equal(got, []string{"post", "email", "phone"}) {
		t.Errorf("the vault keeps %q", got)
	}
	if got := kept.Attributes.Interests; !slices.Equal(got, []string{"Post", "Briefmarken"}) {
		t.Errorf("a list in the customer's own words is kept as %q", got)
	}
	b.do(reload())
	b.page("vault")
	if got := b.value(attribute("preferred_channels")); got != "Brief, E-Mail, Telefon" {
		t.Errorf("the field holds %q", got)
	}
	b.eval("document.querySelectorAll('main details').forEach((d) => (d.open = true))", nil)
	b.fill(attribute("preferred_channels"), "Brieftaube")
	b.seen.excuse(refusals(400, 422)...)
	b.click("button[name=save]")
	b.wait("document.querySelector('#attribute-preferred_channels-wrong')?.checkVisibility()")
}
