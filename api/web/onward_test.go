package web

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"testing"
)

// returns opens the vendor's request as a browser that comes back; parameters are names and values.
func (s *site) returns(c someone, address string, options ...string) answer {
	s.t.Helper()
	a := s.as(c, address, append([]string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, options...)...)
	if a.StatusCode != http.StatusOK {
		s.t.Fatalf("%d %s", a.StatusCode, a.Header.Get("Location"))
	}
	return a
}

// inputOn is what the script finds on a page.
func inputOn(t *testing.T, page string) (in resumption, text string) {
	t.Helper()
	_, rest, _ := strings.Cut(page, `id="resume">`)
	text, _, ok := strings.Cut(rest, "</script>")
	if err := json.Unmarshal([]byte(text), &in); err != nil || !ok {
		t.Fatalf("%v: %s", err, page)
	}
	return in, text
}

func TestOnward_isItsScriptAndNothingElse(t *testing.T) {
	s := newSite(t)
	v, c := s.flowers(), s.someone()
	g := s.approve(s.flow(v), c, "name")
	q := parametersOf(v)
	q.Set("state", `</script><b title="x">&`)
	for _, tag := range tags {
		for _, theme := range []string{"", "dark"} {
			a := s.returns(c, "/oauth/authorize?"+q.Encode(), "Accept-Language", tag, "Cookie", cookieName+"="+c.cookie+"; "+themeCookie+"="+theme)
			in, text := inputOn(t, a.body)
			if in.Flow != "" || in.Account != c.session.Account || in.Grant != g.ID || string(in.WrappedKey) != string(g.Wrapped) || in.Ending == nil {
				t.Fatalf("the script gets %s", text)
			}
			p := page{locale: s.web.locales[tag], Name: onwardPage, Theme: theme, assets: s.web.assets, View: template.JS(text)}
			want, err := s.web.text(p)
			s.must(err)
			if a.body != want {
				t.Errorf("%s %q:\n%s\nand not\n%s", tag, theme, a.body, want)
			}
			mustLack(t, a.body, "<b ", v.Name, "<link rel=\"stylesheet\"")
		}
	}
	if len(s.web.onwards.made) != 2*len(tags) {
		t.Errorf("%d pages are kept", len(s.web.onwards.made))
	}
}

// One write of the server, and so one packet of the network, is 4096 bytes.
func TestOnward_fitsIntoOneWriteWithItsHeaders(t *testing.T) {
	s := newSite(t)
	v, c := s.flowers(), s.someone()
	s.approve(s.flow(v), c, "name")
	q := parametersOf(v)
	q.Set("state", strings.Repeat("s", 64))
	q.Set("nonce", strings.Repeat("n", 64))
	a := s.returns(c, "/oauth/authorize?"+q.Encode())
	var head strings.Builder
	s.must(a.Header.Write(&head))
	if size := len("HTTP/1.1 200 OK\r\n\r\n") + head.Len() + len("Date: Sun, 22 Nov 2026 00:00:00 GMT\r\n") + len(a.body); size > 4096 {
		t.Errorf("%d bytes", size)
	}
}

func TestOnward_answersToWhoeverOpenedIt_andIsKeptByNobody(t *testing.T) {
	s := newSite(t)
	v, c := s.flowers(), s.someone()
	s.approve(s.flow(v), c, "name")
	a := s.returns(c, "/oauth/authorize?"+parametersOf(v).Encode())
	if a.Header.Get("Cross-Origin-Opener-Policy") != "" || a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Content-Security-Policy") != pagePolicy {
		t.Errorf("%v", a.Header)
	}
}

func TestOnward_holdsNothingOfWhoCameBefore(t *testing.T) {
	s := newSite(t)
	v, first, second := s.flowers(), s.someone(), s.someone()
	s.approve(s.flow(v), first, "name")
	s.approve(s.flow(v), second, "name")
	request := "/oauth/authorize?" + parametersOf(v).Encode()
	in, _ := inputOn(t, s.returns(first, request).body)
	after := s.returns(second, request).body
	for _, kept := range s.web.onwards.made {
		after += string(kept.before) + string(kept.after)
	}
	for _, of := range []string{string(in.Account), string(in.Session), string(in.Grant), in.Ending.Before} {
		if of == "" || strings.Contains(after, of) {
			t.Errorf("%q of the first customer is on the second's page, or kept", of)
		}
	}
}

func TestOnward_templateWithoutThePlace_isAMistake(t *testing.T) {
	s := newSite(t)
	p := page{locale: s.web.locales["en"], Name: "start", assets: s.web.assets}
	var o onwards
	if kept, err := o.around(s.web, p); err == nil {
		t.Error(fmt.Sprint(kept))
	}
}

func TestContinue_underAGrant_namesTheVendor_andLeadsToUnlockWhereTheScriptCannot(t *testing.T) {
	s := newSite(t)
	v, c := s.flowers(), s.someone()
	s.approve(s.flow(v), c, "name")
	flow := s.flow(v)
	a := s.as(c, "/continue?flow="+flow)
	in, _ := inputOn(t, a.body)
	if in.Flow != flow || in.Ending != nil || !strings.Contains(a.body, v.Name) || !strings.Contains(a.body, `href="/unlock?flow=`+flow+`"`) {
		t.Errorf("%s", a.body)
	}
}
