package provider_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// navigation is what a browser says of a request that a person follows.
func navigation(r *http.Request) {
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Dest", "document")
}

// visits sends an authorization request as a browser does; change makes it another one.
func (c *customer) visits(q url.Values, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(c.w.t.Context(), http.MethodGet, "/oauth/authorize?"+q.Encode(), nil)
	r.AddCookie(&http.Cookie{Name: cookieName, Value: c.cookie})
	navigation(r)
	for _, f := range change {
		f(r)
	}
	return c.w.do(r)
}

func TestAuthorize_browserThatComesBack_getsThePageThatGoesOnAtOnce(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	q := s.request("openid email")
	_, grant := c.approve(q, "email")
	rec := c.visits(q)
	got := strings.Fields(rec.Body.String())
	if rec.Code != http.StatusOK || len(got) != 7 || got[0] != "resume" || got[2] != string(c.session.Account) || got[3] != string(grant) {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	if got[1] != "-" {
		t.Errorf("the page has a flow beside its ending: %s", got[1])
	}
	if q.Set("prompt", "none"); !strings.HasPrefix(c.visits(q).Body.String(), "resume ") {
		t.Error("a silent request is not answered at once")
	}
}

func TestAuthorize_pageThatCouldNotGoOn_getsTheOtherWay(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	q := s.request("openid email")
	_, grant := c.approve(q, "email")
	q.Set("again", "1")
	flow, there := strings.CutPrefix(c.visits(q).Header().Get("Location"), "/continue?flow=")
	if !there {
		t.Fatalf("it is sent to %s", flow)
	}
	if _, err := w.p.Resume(t.Context(), c.session, flow, grant, c.grants[grant]); err != nil {
		t.Errorf("the request does not serve: %v", err)
	}
}

func TestAuthorize_whoeverNeedsMoreThanThatPage_isSentOn(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	c.approve(s.request("openid email"), "email")
	stranger := w.customer()
	for name, rec := range map[string]*httptest.ResponseRecorder{
		"a program":            c.visits(s.request("openid email"), func(r *http.Request) { r.Header = http.Header{"Cookie": r.Header["Cookie"]} }),
		"a frame":              c.visits(s.request("openid email"), func(r *http.Request) { r.Header.Set("Sec-Fetch-Dest", "iframe") }),
		"a script":             c.visits(s.request("openid email"), func(r *http.Request) { r.Header.Set("Sec-Fetch-Mode", "cors") }),
		"nobody signed in":     c.visits(s.request("openid email"), func(r *http.Request) { r.Header.Del("Cookie") }),
		"somebody else":        stranger.visits(s.request("openid email")),
		"a request for more":   c.visits(s.request("openid email address")),
		"a question wanted":    c.visits(s.request("openid email", "prompt", "consent")),
		"a fresh login wanted": c.visits(s.request("openid email", "prompt", "login")),
		"a younger login": func() *httptest.ResponseRecorder {
			w.clock.move(2e9)
			return c.visits(s.request("openid email", "max_age", "1"))
		}(),
	} {
		if rec.Code != http.StatusSeeOther || !strings.HasPrefix(rec.Header().Get("Location"), "/continue?flow=") || strings.Contains(rec.Body.String(), "resume") {
			t.Errorf("%s: %d %s %s", name, rec.Code, rec.Header().Get("Location"), rec.Body)
		}
	}
}
