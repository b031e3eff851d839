package provider_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/store"
)

// contents is everything in the store but what reads leave behind.
func (w *world) contents() map[string]string {
	w.t.Helper()
	all := map[string]string{}
	w.must(w.store.View(w.t.Context(), func(r store.Reader) error {
		items, err := r.Scan("", "", 100000)
		for _, i := range items {
			all[i.Key] = string(i.Value)
		}
		return err
	}))
	return all
}

func TestIssuing_writesNothing_andNeitherDoesAnybodyAnonymous(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	before := w.contents()
	flow := w.flow(s.request("openid email"))
	if _, err := w.p.Next(t.Context(), flow, &c.session); err != nil {
		t.Error(err)
	}
	w.authorize(s.request("openid", "prompt", "none"), c.cookie)
	access := w.post("/oauth/token", s, asClient()).Access
	w.introspect(s, access)
	w.send("/oauth/token", asClient(), string(s.ID), "wrong").refused(t, 401, "invalid_client")
	w.post("/oauth/token", s, codeForm("rubbish", s)).refused(t, 400, "invalid_grant")
	w.get("/oauth/end_session", "")
	if !maps.Equal(before, w.contents()) {
		t.Error("something was written")
	}
}

func TestStore_holdsNoTokenAndNoKey(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	code, grant := c.approve(s.request("openid email offline_access"), "email")
	first := w.exchange(s, code)
	second := w.post("/oauth/token", s, refreshForm(first.Refresh))
	w.post("/oauth/revoke", s, url.Values{"token": {second.Access}})
	key := c.grants[grant]
	for name, value := range w.contents() {
		for what, secret := range map[string]string{
			"code": code, "access token": first.Access, "refresh token": second.Refresh, "id token": first.ID,
			"grant key": string(key.Bytes()), "e-mail": theEmail, "secret": s.secret,
		} {
			if strings.Contains(name+value, secret) {
				t.Errorf("%s holds the %s", name, what)
			}
		}
	}
}

func TestRotatedKeys_leaveEverythingInForce(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	code, _ := c.approve(s.request("openid email offline_access"), "email")
	a := w.exchange(s, code)
	flow := w.flow(s.request("openid email"))
	code, _ = c.approve(s.request("openid email offline_access"), "email")
	w.must(w.keys.Rotate(t.Context()))
	w.must(w.keys.Rotate(t.Context()))
	if n, err := w.p.Next(t.Context(), flow, &c.session); err != nil || n.Grant == nil {
		t.Errorf("flow: %v", err)
	}
	b := w.exchange(s, code)
	verifyIDToken(t, w, b, "ES256")
	verifyIDToken(t, w, a, "ES256")
	if info := w.userinfo(b.Access); info.Status != http.StatusOK {
		t.Errorf("userinfo: %s", info.Body)
	}
	if to, _ := w.leave(c.cookie, url.Values{"id_token_hint": {b.ID}}); to != "/signed-out" {
		t.Errorf("the hint does not fit: %s", to)
	}
	w.must(w.keys.Rotate(t.Context()))
	w.clock.move(89 * 24 * time.Hour)
	if next := w.post("/oauth/token", s, refreshForm(b.Refresh)); next.Status != http.StatusOK {
		t.Errorf("refresh: %s", next.Body)
	}
}
