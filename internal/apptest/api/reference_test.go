package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/meins-id/meins/internal/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }

func TestDescription_isServed_andNotSentTwice(t *testing.T) {
	p := apptest.Start(t)
	for path, kind := range map[string]string{
		"/api/openapi.json": "application/json", "/api/docs": "text/html; charset=utf-8", "/api/docs/style.css": "text/css; charset=utf-8",
	} {
		first := p.Send(t, p.Request(t, "GET", path, nil, ""))
		tag := first.Header.Get("ETag")
		if first.Status != http.StatusOK || first.Header.Get("Content-Type") != kind || tag == "" {
			t.Errorf("%s: %d %v", path, first.Status, first.Header)
		}
		again := p.Request(t, "GET", path, nil, "")
		again.Header.Set("If-None-Match", `"other", W/`+tag)
		if a := p.Send(t, again); a.Status != http.StatusNotModified || len(a.Body) > 0 {
			t.Errorf("%s again: %d", path, a.Status)
		}
		again.Header.Set("If-None-Match", `"other"`)
		if a := p.Send(t, again); a.Status != http.StatusOK {
			t.Errorf("%s with another tag: %d", path, a.Status)
		}
		p.Send(t, p.Request(t, "POST", path, nil, "")).Refused(t, http.StatusMethodNotAllowed, "method-unknown")
	}
	var d struct {
		Version string                    `json:"openapi"`
		Paths   map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal([]byte(p.Get(t, p.Issuer+"/api/openapi.json")), &d); err != nil || d.Version != "3.1.0" || len(d.Paths) < 30 {
		t.Errorf("%v: %d paths of %s", err, len(d.Paths), d.Version)
	}
}

func TestPageOfTheAPI_showsEveryCall_andRunsNothing(t *testing.T) {
	p := apptest.Start(t)
	answer := p.Send(t, p.Request(t, "GET", "/api/docs", nil, ""))
	page := string(answer.Body)
	for _, c := range calls(t, p) {
		if !strings.Contains(page, `id="`+c.ID+`"`) || !strings.Contains(page, "<b>"+c.Method+"</b> "+c.Path) {
			t.Errorf("the page does not show %s", c.ID)
		}
		for code := range c.Problems {
			if !strings.Contains(page, `id="problem-`+code+`"`) {
				t.Errorf("the page does not describe %s", code)
			}
		}
	}
	for _, absent := range []string{"<script", "http://", "https://", "style=", "onclick"} {
		if strings.Contains(page, absent) && absent != "https://" {
			t.Errorf("the page has %s", absent)
		}
	}
	for _, where := range []string{`href="https:`, `src=`, `href="//`} {
		if strings.Contains(page, where) {
			t.Errorf("the page leads elsewhere: %s", where)
		}
	}
	policy := answer.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "form-action 'none'", "base-uri 'none'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q has no %s", policy, want)
		}
	}
	for _, unsafe := range []string{"unsafe", "script-src", "*", "http:", "data:"} {
		if strings.Contains(policy, unsafe) {
			t.Errorf("the policy %q has %s", policy, unsafe)
		}
	}
}
