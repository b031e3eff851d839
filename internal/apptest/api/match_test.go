package api_test

import (
	"net/http"
	"testing"

	"github.com/meins-id/meins/internal/apptest"
)

// matching makes a call that is meant for one state.
func (w *world) matching(t *testing.T, token, tag, method, path string, in any) apptest.Answer {
	t.Helper()
	r := w.asking(t, token, method, path, in)
	r.Header.Set("If-Match", tag)
	if token == "" {
		return w.ada.Send(t, r)
	}
	return w.p.Send(t, r)
}

func TestStream_isReplacedOnlyAsItWasRead(t *testing.T) {
	w := newWorld(t, apptest.Start(t))
	stream := w.known["stream"][0].(string)
	path := "/ssf/stream?stream_id=" + stream
	tag := func(path string) string { return w.call(t, w.token, "GET", path, nil).Header.Get("ETag") }
	describe := func(text string) map[string]any {
		return map[string]any{"stream_id": stream, "description": text, "delivery": map[string]any{"method": "urn:ietf:rfc:8936"}}
	}
	first := tag(path)
	for _, method := range []string{"PATCH", "PUT"} {
		known := tag(path)
		if a := w.matching(t, w.token, `"other", `+known, method, "/ssf/stream", describe(method)); a.Status != http.StatusOK || a.Text("description") != method {
			t.Errorf("%s: %d %s", method, a.Status, a.Body)
		}
		for _, stale := range []string{known, first, `W/` + tag(path), `"x"`} {
			w.matching(t, w.token, stale, method, "/ssf/stream", describe("overwritten")).Refused(t, http.StatusPreconditionFailed, "precondition-failed")
		}
	}
	if a := w.matching(t, w.token, "*", "PATCH", "/ssf/stream", describe("any")); a.Status != http.StatusOK {
		t.Errorf("any state: %d %s", a.Status, a.Body)
	}
	status := tag("/ssf/status?stream_id=" + stream)
	pause := map[string]any{"stream_id": stream, "status": "paused"}
	if a := w.matching(t, w.token, status, "POST", "/ssf/status", pause); a.Status != http.StatusOK {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	w.matching(t, w.token, status, "POST", "/ssf/status", map[string]any{"stream_id": stream, "status": "enabled"}).Refused(t, http.StatusPreconditionFailed, "precondition-failed")
	if now := w.call(t, w.token, "GET", "/ssf/status?stream_id="+stream, nil).Text("status"); now != "paused" {
		t.Errorf("it is %s", now)
	}
	w.matching(t, w.token, first, "DELETE", path, nil).Refused(t, http.StatusPreconditionFailed, "precondition-failed")
	if now := w.call(t, w.token, "GET", path, nil); now.Text("description") != "any" {
		t.Errorf("%d %s", now.Status, now.Body)
	}
	if a := w.matching(t, w.token, tag(path), "DELETE", path, nil); a.Status != http.StatusNoContent {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

func TestVault_isSavedOnlyOverWhatWasRead(t *testing.T) {
	w := newWorld(t, apptest.Start(t))
	get := func() apptest.Answer { return w.ada.Send(t, w.p.Request(t, "GET", "/api/v1/vault", nil, "")) }
	var vault struct {
		Revision int
		Document string
	}
	decode(t, get(), &vault)
	save := map[string]any{"revision": vault.Revision + 1, "document": vault.Document}
	w.matching(t, "", `"other"`, "PUT", "/vault", save).Refused(t, http.StatusPreconditionFailed, "precondition-failed")
	known := get().Header.Get("ETag")
	if a := w.matching(t, "", known, "PUT", "/vault", save); a.Status != http.StatusOK {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	save["revision"] = vault.Revision + 2
	w.matching(t, "", known, "PUT", "/vault", save).Refused(t, http.StatusPreconditionFailed, "precondition-failed")
}
