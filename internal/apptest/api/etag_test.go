package api_test

import (
	"net/http"
	"testing"

	"github.com/meins-id/meins/internal/apptest"
)

func TestList_thatIsKnown_isNotSentAgain_untilItChanges(t *testing.T) {
	p := apptest.Start(t)
	w := newWorld(t, p)
	for _, path := range []string{"/grants", "/receipts", "/tokens", "/sessions"} {
		ask := func(tag string) apptest.Answer {
			r := p.Request(t, "GET", "/api/v1"+path, nil, "")
			if tag != "" {
				r.Header.Set("If-None-Match", tag)
			}
			return w.ada.Send(t, r)
		}
		first := ask("")
		tag := first.Header.Get("ETag")
		if first.Status != http.StatusOK || tag == "" || len(first.Body) == 0 {
			t.Fatalf("%s: %d %v", path, first.Status, first.Header)
		}
		if a := ask(`"other", ` + tag); a.Status != http.StatusNotModified || len(a.Body) > 0 || a.Header.Get("ETag") != tag {
			t.Errorf("%s again: %d %s", path, a.Status, a.Body)
		}
		if a := ask(`"other"`); a.Status != http.StatusOK {
			t.Errorf("%s with another name: %d", path, a.Status)
		}
	}
	known := w.ada.Send(t, p.Request(t, "GET", "/api/v1/tokens", nil, "")).Header.Get("ETag")
	w.made(t, "withdraw")
	r := p.Request(t, "GET", "/api/v1/tokens", nil, "")
	r.Header.Set("If-None-Match", known)
	if a := w.ada.Send(t, r); a.Status != http.StatusOK || a.Header.Get("ETag") == known {
		t.Errorf("what changed is taken for known: %d", a.Status)
	}
	// Who may not see a list does not learn whether it is the same.
	stranger := p.Request(t, "GET", "/api/v1/grants", nil, "")
	stranger.Header.Set("If-None-Match", "*")
	p.Send(t, stranger).Refused(t, http.StatusUnauthorized, "no-session")
}
