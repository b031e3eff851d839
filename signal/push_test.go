package signal

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/outbox"
)

func TestPush_event_reachesTheVendorAsASignedToken(t *testing.T) {
	w, r := newWorld(t), newReceiver(t)
	w.listens(t, Config{Method: Push, Endpoint: r.URL + "/events", Authorization: "Bearer of-the-vendor"})
	e := w.happens(t, outbox.ClaimsChanged, "address", "email")
	w.pushed(t)
	took := r.took()
	if len(took) != 1 {
		t.Fatalf("%d pushes", len(took))
	}
	s := w.opened(t, took[0])
	p := payloadOf(t, s, outbox.ClaimsChanged)
	if fmt.Sprint(p["claims"]) != "[address email]" || p["grant_id"] != string(grant) || p["event_timestamp"] != float64(e.Time.Unix()) {
		t.Errorf("says %v", p)
	}
	sub := w.o.Keys.PairwiseSub(string(account), string(persona), w.vendor.Sector())
	if s.Issuer != issuer || s.Audience != string(w.vendor.ID) || s.ID != string(e.ID) || s.Subject != (subject{Format: "iss_sub", Issuer: issuer, Subject: sub}) {
		t.Errorf("is %+v", s)
	}
	head := r.heads[0]
	if head.Get("Content-Type") != "application/secevent+jwt" || head.Get("Accept") != "application/json" || head.Get("Authorization") != "Bearer of-the-vendor" {
		t.Errorf("sent with %v", head)
	}
	if strings.Contains(took[0], string(account)) {
		t.Error("the account's own name leaves")
	}
	w.pushed(t)
	if n := len(r.took()); n != 1 {
		t.Errorf("told %d times", n)
	}
	if told := w.told(t); len(told) != 1 || told[0].Acknowledged.IsZero() {
		t.Errorf("the customer sees %+v", told)
	}
}

func TestPush_vendorThatIsDownForADay_getsEverythingInOrder(t *testing.T) {
	w, r := newWorld(t), newReceiver(t)
	w.listens(t, Config{Method: Push, Endpoint: r.URL})
	r.answers(http.StatusServiceUnavailable, "")
	var want []string
	for range 120 {
		want = append(want, string(w.happens(t, outbox.ClaimsChanged, "email").ID))
	}
	for range 24 {
		w.pushed(t)
		w.advance(time.Hour)
	}
	if n := len(r.took()); n != 24 {
		t.Errorf("tried %d times in 24 rounds an hour apart", n)
	}
	r.answers(http.StatusAccepted, "")
	before := len(r.took())
	w.pushed(t)
	var got []string
	for _, text := range r.took()[before:] {
		got = append(got, w.opened(t, text).ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %d events, not the %d in order", len(got), len(want))
	}
}

func TestPush_vendorThatDoesNotAnswer_isLeftAloneLongerEachTime(t *testing.T) {
	w, r := newWorld(t), newReceiver(t)
	w.listens(t, Config{Method: Push, Endpoint: r.URL})
	w.happens(t, outbox.ClaimsChanged, "email")
	r.answers(http.StatusInternalServerError, "")
	for range 3600 {
		w.pushed(t)
		w.advance(time.Second)
	}
	if n := len(r.took()); n < 9 || n > 14 {
		t.Errorf("tried %d times in an hour", n)
	}
}

func TestPush_refusal_isNotRepeated_butATroubleIs(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		again  bool
	}{
		"the token is none for it":          {400, `{"err":"invalid_audience","description":"x"}`, false},
		"it does not know the caller":       {400, `{"err":"authentication_failed"}`, true},
		"a code that no standard has":       {400, `{"err":"whatever"}`, true},
		"a refusal that is no JSON":         {400, `<html>`, true},
		"unauthorised":                      {401, ``, true},
		"gone":                              {404, ``, true},
		"a redirect is not followed":        {307, ``, true},
		"it answers with more than is read": {202, strings.Repeat("x", maxAnswer+1), true},
	} {
		t.Run(name, func(t *testing.T) {
			w, r := newWorld(t), newReceiver(t)
			w.listens(t, Config{Method: Push, Endpoint: r.URL})
			w.happens(t, outbox.ClaimsChanged, "email")
			r.answers(c.status, c.body)
			w.pushed(t)
			w.advance(time.Hour)
			w.pushed(t)
			if again := len(r.took()) == 2; again != c.again {
				t.Errorf("told %d times", len(r.took()))
			}
			told := w.told(t)
			if len(told) != 1 || !told[0].Acknowledged.IsZero() || (told[0].Refused == "") != c.again {
				t.Errorf("the customer sees %+v", told)
			}
		})
	}
}

func TestPush_twoNodes_tellOnceAndInOrder(t *testing.T) {
	w, r := newWorld(t), newReceiver(t)
	w.listens(t, Config{Method: Push, Endpoint: r.URL})
	other := w.node(w.o.Keys, w.o.Vendors)
	var want []string
	for range 30 {
		want = append(want, string(w.happens(t, outbox.ClaimsChanged, "email").ID))
	}
	w.pushed(t, other)
	var got []string
	for _, text := range r.took() {
		got = append(got, w.opened(t, text).ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %d events, not the %d in order", len(got), len(want))
	}
	// The node that held the lease is gone.
	w.advance(leaseTime + time.Second)
	w.happens(t, outbox.ClaimsChanged, "email")
	var all sync.WaitGroup
	other.round(t.Context(), &all)
	all.Wait()
	if n := len(r.took()); n != 31 {
		t.Errorf("the other node tells %d", n)
	}
}

func TestPush_afterARestart_goesOn(t *testing.T) {
	w, r := newWorld(t), newReceiver(t)
	w.listens(t, Config{Method: Push, Endpoint: r.URL})
	r.answers(http.StatusServiceUnavailable, "")
	e := w.happens(t, outbox.GrantWithdrawn)
	w.pushed(t)
	r.answers(http.StatusAccepted, "")
	w.advance(leaseTime + time.Second) // a node that died held it
	w.Transmitter = w.node(w.o.Keys, w.o.Vendors)
	w.pushed(t)
	took := r.took()
	if len(took) != 2 || w.opened(t, took[1]).ID != string(e.ID) {
		t.Errorf("%d pushes", len(took))
	}
}

func TestPush_status_holdsOrDrops(t *testing.T) {
	w, r := newWorld(t), newReceiver(t)
	s := w.listens(t, Config{Method: Push, Endpoint: r.URL})
	set := func(status Status) {
		t.Helper()
		if _, err := w.SetStatus(t.Context(), w.vendor.ID, s.ID, status, "maintenance"); err != nil {
			t.Fatal(err)
		}
	}
	set(Paused)
	w.happens(t, outbox.GrantGiven)
	w.pushed(t)
	if n := len(r.took()); n != 0 {
		t.Errorf("%d pushes while paused", n)
	}
	set(Enabled)
	w.pushed(t)
	if n := len(r.took()); n != 1 {
		t.Errorf("%d pushes after the pause", n)
	}
	set(Disabled)
	w.happens(t, outbox.GrantGiven)
	set(Enabled)
	w.pushed(t)
	if n := len(r.took()); n != 1 {
		t.Errorf("%d pushes of what happened while disabled", n-1)
	}
}

func TestPush_log_keepsTheVendorsSecret(t *testing.T) {
	w, r := newWorld(t), newReceiver(t)
	const secret = "Bearer marker-9d2f"
	s := w.listens(t, Config{Method: Push, Endpoint: r.URL, Authorization: secret})
	r.answers(http.StatusInternalServerError, "")
	w.happens(t, outbox.ClaimsChanged, "email")
	w.pushed(t)
	for where, text := range map[string]string{
		"the log": w.log.String(), "the store": w.bytesOf(t), "a print": fmt.Sprintf("%v %+v %#v %s", s.Config, s.Config, s.Config, s),
	} {
		if strings.Contains(text, "marker-9d2f") {
			t.Errorf("%s shows the secret: %s", where, text)
		}
	}
	if w.log.Len() == 0 {
		t.Error("nobody is told that the vendor does not answer")
	}
}
