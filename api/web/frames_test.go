package web

import (
	"context"
	"fmt"
	"html/template"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
)

func TestFrame_filled_isByteForByteWhatTheTemplateMakes(t *testing.T) {
	s := newSite(t)
	party := consent.Party{Client: s.flowers().ID, Name: `</script><b title="x">Blumen`, Domain: "blumen.example"}
	visit := resumption{Flow: "k1.a-b_c", Account: "acc", Session: "</script>", Share: []byte("share"), Grant: "grt", WrappedKey: []byte("key"), Approved: "dig"}
	for _, tag := range tags {
		for _, theme := range []string{"", "dark"} {
			p := page{locale: s.web.locales[tag], Name: "resume", Theme: theme, assets: s.web.assets}
			out := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/continue", nil)
			s.must(s.web.resumePage(out, r, party, p, visit))
			got := out.Body.String()

			p.Flow, p.View = visit.Flow, frameView{
				s.web.vendorView(t.Context(), party),
				template.JS(`{"flow":"k1.a-b_c","account":"acc","session":"\u003c/script\u003e","share":"c2hhcmU=","grant":"grt","wrapped_key":"a2V5","approved":"dig","prompt_none":false}`),
			}
			want, err := s.web.text(p)
			s.must(err)
			if got != want {
				t.Errorf("%s %q:\n%s\nand not\n%s", tag, theme, got, want)
			}
			if strings.Contains(got, s.web.frames.hole) || strings.Contains(got, `</script><b`) {
				t.Errorf("%s %q: a hole is left, or something got out of its place", tag, theme)
			}
		}
	}
}

// A flow was opened before it comes here, so that it cannot look like this.
func TestFrame_flowWithMarkup_staysInItsPlaces(t *testing.T) {
	page, err := frame{`<script>`, `</script><a href="/unlock?flow=`, `">`}.fill(resumption{Flow: `"><b>&</script>`})
	if err != nil || strings.Contains(string(page), `<b>`) || strings.Count(string(page), "</script>") != 1 {
		t.Errorf("%s, %v", page, err)
	}
}

func TestFrame_ofOneVendor_holdsNothingOfTheCustomerWhoCameFirst(t *testing.T) {
	s := newSite(t)
	v, first, second := s.flowers(), s.someone(), s.someone()
	s.approve(s.flow(v), first, "name")
	s.approve(s.flow(v), second, "name")
	flow := s.flow(v)
	before := s.as(first, "/continue?flow="+flow).body
	after := s.as(second, "/continue?flow="+s.flow(v)).body
	if len(s.web.frames.made) != 1 {
		t.Errorf("%d frames of one vendor", len(s.web.frames.made))
	}
	account := func(page string) string {
		_, rest, _ := strings.Cut(page, `"account":"`)
		account, _, _ := strings.Cut(rest, `"`)
		return account
	}
	if account(before) == "" || strings.Contains(after, account(before)) || strings.Contains(after, flow) {
		t.Error("the second customer's page holds something of the first's")
	}
	for _, kept := range s.web.frames.made {
		if strings.Contains(fmt.Sprint(kept), account(before)) || strings.Contains(fmt.Sprint(kept), flow) {
			t.Error("the frame holds something of the first customer")
		}
	}
}

func TestFrame_ofAnotherVendor_isAnother_andTheyDoNotPileUp(t *testing.T) {
	s := newSite(t)
	f := newFrames()
	render := func(context.Context) (string, error) { return "<" + f.hole + "|" + f.hole + ">", nil }
	for i := range maxFrames + 1 {
		_, err := f.frame(t.Context(), frameKey{party: consent.Party{Name: fmt.Sprint(i)}}, render)
		s.must(err)
	}
	if len(f.made) != 1 {
		t.Errorf("%d frames are kept", len(f.made))
	}
	if _, err := f.frame(t.Context(), frameKey{}, func(context.Context) (string, error) { return f.hole, nil }); err == nil {
		t.Error("a page with one hole is taken")
	}
	v, c := s.flowers(func(v *identity.Vendor) { v.Name = "Rosen und Meer" }), s.someone()
	other := s.flowers()
	s.approve(s.flow(v), c, "name")
	s.approve(s.flow(other), c, "name")
	if page := s.as(c, "/continue?flow="+s.flow(v)).body; !strings.Contains(page, "Rosen und Meer") {
		t.Error("the vendor is not named")
	}
	if page := s.as(c, "/continue?flow="+s.flow(other)).body; !strings.Contains(page, other.Name) || strings.Contains(page, "Rosen und Meer") {
		t.Error("another vendor's page is shown")
	}
}
