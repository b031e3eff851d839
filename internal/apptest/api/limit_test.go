package api_test

import (
	"net/http"
	"testing"

	"github.com/meins-id/meins/internal/apptest"
)

func TestLimits_areToldWithEachAnswer_andCountEachCallerForItself(t *testing.T) {
	p := apptest.Start(t, "--rate-vendor", "5", "--rate-program", "2")
	w := newWorld(t, p)
	vendor := func(token string) apptest.Answer { return w.call(t, token, "GET", "/ssf/stream", nil) }
	// One that has made no call yet: calls come back with time, and a world takes its time.
	fresh := p.AddVendor(t, callback)
	tokens := [2]string{own(t, p, fresh), own(t, p, fresh)}
	for i, left := range []string{"4", "3", "2", "1", "0"} {
		a := vendor(tokens[i%2]) // whichever token
		if got := a.Header.Get("RateLimit"); a.Status != http.StatusOK || got[:len(`"vendor";r=0`)] != `"vendor";r=`+left || a.Header.Get("RateLimit-Policy") != `"vendor";q=5;w=60` {
			t.Errorf("%d, %s left: %v", a.Status, left, a.Header)
		}
	}
	a := vendor(tokens[0])
	a.Refused(t, http.StatusTooManyRequests, "rate-exceeded")
	if a.Header.Get("Retry-After") == "" || a.Header.Get("RateLimit") == "" {
		t.Errorf("%v", a.Header)
	}
	if a := vendor(own(t, p, p.AddVendor(t, callback))); a.Status != http.StatusOK {
		t.Errorf("another vendor: %d %s", a.Status, a.Body)
	}
	other := w.made(t, "read:grants").Secret
	for range 2 {
		if a := w.call(t, w.program, "GET", "/grants", nil); a.Status != http.StatusOK || a.Header.Get("RateLimit-Policy") != `"program";q=2;w=60` {
			t.Errorf("%d %v", a.Status, a.Header)
		}
	}
	w.call(t, w.program, "GET", "/grants", nil).Refused(t, http.StatusTooManyRequests, "rate-exceeded")
	if a := w.call(t, other, "GET", "/grants", nil); a.Status != http.StatusOK {
		t.Errorf("another program: %d %s", a.Status, a.Body)
	}
	// The customer's own pages are no program.
	for range 10 {
		if a := w.ada.Send(t, p.Request(t, "GET", "/api/v1/grants", nil, "")); a.Status != http.StatusOK || a.Header.Get("RateLimit") != "" {
			t.Errorf("%d %v", a.Status, a.Header)
		}
	}
	w.call(t, "no token", "GET", "/ssf/stream", nil).Refused(t, http.StatusUnauthorized, "vendor-token")
}
