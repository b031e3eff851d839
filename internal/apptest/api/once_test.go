package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/apptest"
)

// keyed makes a call that has a name.
func (w *world) keyed(t *testing.T, token, key, path string, in any) apptest.Answer {
	t.Helper()
	r := w.asking(t, token, "POST", path, in)
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	if token == "" {
		return w.ada.Send(t, r)
	}
	return w.p.Send(t, r)
}

func TestRequestForLater_sentTwiceWithAKey_isOne(t *testing.T) {
	w := newWorld(t, apptest.Start(t))
	in := map[string]any{"parameters": w.parameters("openid email")} // for nobody in particular: two would be made
	first := w.keyed(t, w.token, `"one"`, "/vendor/requests", in)
	again := w.keyed(t, w.token, "one", "/vendor/requests", in)
	if first.Status != http.StatusCreated || again.Status != http.StatusCreated || string(first.Body) != string(again.Body) || first.Text("id") == "" {
		t.Errorf("%d %s\n%d %s", first.Status, first.Body, again.Status, again.Body)
	}
	if other := w.keyed(t, w.token, "", "/vendor/requests", in); other.Text("id") == first.Text("id") {
		t.Error("without a key it is the same request")
	}
	// Whoever the vendor's token is renewed for is the same caller.
	if a := w.keyed(t, own(t, w.p, w.vendor), "one", "/vendor/requests", in); a.Text("id") != first.Text("id") {
		t.Errorf("with another token: %d %s", a.Status, a.Body)
	}
	if a := w.keyed(t, own(t, w.p, w.p.AddVendor(t, callback)), "one", "/vendor/requests", in); a.Text("id") == first.Text("id") {
		t.Error("another vendor gets the answer")
	}
	in["expires_in"] = 600
	w.keyed(t, w.token, "one", "/vendor/requests", in).Refused(t, http.StatusUnprocessableEntity, "idempotency-key-reused")
	w.keyed(t, w.token, "a b", "/vendor/requests", in).Refused(t, http.StatusBadRequest, "idempotency-key-invalid")
}

func TestRefusedRequest_withTheSameKey_mayBeMendedElsewhere(t *testing.T) {
	w := newWorld(t, apptest.Start(t))
	in := map[string]any{"parameters": w.parameters("openid email"), "grant_id": w.known["grant_id"][0]}
	w.keyed(t, w.token, "k", "/vendor/requests", in).Refused(t, http.StatusConflict, "request-waits")
	if a := w.call(t, w.token, "DELETE", "/vendor/requests/"+w.known["request"][0].(string), nil); a.Status != http.StatusNoContent {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if a := w.keyed(t, w.token, "k", "/vendor/requests", in); a.Status != http.StatusCreated {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

func TestToken_madeTwiceWithAKey_isOne_andItsSecretIsShownOnce(t *testing.T) {
	w := newWorld(t, apptest.Start(t))
	in := map[string]any{"current_auth": w.proof(t), "name": "a program", "scopes": []string{"read:grants"}, "expires": time.Now().Add(time.Hour).UTC()}
	first := w.keyed(t, "", "k", "/tokens", in)
	if first.Status != http.StatusCreated || first.Text("secret") == "" {
		t.Fatalf("%d %s", first.Status, first.Body)
	}
	again := w.keyed(t, "", "k", "/tokens", in)
	again.Refused(t, http.StatusConflict, "idempotency-answer-secret")
	if strings.Contains(string(again.Body), first.Text("secret")) {
		t.Error("the secret is shown again")
	}
	list := w.ada.Send(t, w.p.Request(t, "GET", "/api/v1/tokens", nil, ""))
	if n := strings.Count(string(list.Body), "a program"); n != 1 {
		t.Errorf("%d tokens", n)
	}
}

func TestStream_createdAndVerifiedTwiceWithAKey_isOnceDone(t *testing.T) {
	w := newWorld(t, apptest.Start(t))
	stream := w.known["stream"][0].(string)
	if a := w.call(t, w.token, "DELETE", "/ssf/stream?stream_id="+stream, nil); a.Status != http.StatusNoContent {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	in := map[string]any{"delivery": map[string]any{"method": "urn:ietf:rfc:8936"}}
	first, again := w.keyed(t, w.token, "k", "/ssf/stream", in), w.keyed(t, w.token, "k", "/ssf/stream", in)
	if first.Status != http.StatusCreated || string(again.Body) != string(first.Body) {
		t.Errorf("%d %s\n%d %s", first.Status, first.Body, again.Status, again.Body)
	}
	w.keyed(t, w.token, "", "/ssf/stream", in).Refused(t, http.StatusConflict, "stream-exists")
	verify := map[string]any{"stream_id": first.Text("stream_id"), "state": "x"}
	for range 2 { // without the key the second would come too soon
		if a := w.keyed(t, w.token, "k", "/ssf/verify", verify); a.Status != http.StatusNoContent {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
	w.keyed(t, w.token, "", "/ssf/verify", verify).Refused(t, http.StatusTooManyRequests, "verification-too-soon")
	var got struct{ Sets map[string]string }
	decode(t, w.call(t, w.token, "POST", "/ssf/poll/"+first.Text("stream_id"), map[string]any{"returnImmediately": true}), &got)
	if len(got.Sets) != 1 {
		t.Errorf("%d events", len(got.Sets))
	}
}

func TestErasure_askedLateOnceMore_isNotAskedAgain(t *testing.T) {
	w := newWorld(t, apptest.Start(t))
	path := "/grants/" + w.known["grant_id"][0].(string) + "/erasure"
	first := w.keyed(t, "", "k", path, nil)
	if first.Text("state") != "requested" {
		t.Fatalf("%d %s", first.Status, first.Body)
	}
	if a := w.ada.Send(t, w.asking(t, "", "PUT", path, map[string]any{"outcome": "denied"})); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if a := w.keyed(t, "", "k", path, nil); string(a.Body) != string(first.Body) {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if now := w.ada.Send(t, w.p.Request(t, "GET", "/api/v1"+path, nil, "")).Text("state"); now != "denied" {
		t.Errorf("it is %s: asked again", now)
	}
}
