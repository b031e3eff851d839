package provider_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/store"
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

var home = netip.MustParseAddr("192.0.2.1")

func onDevices(v *identity.Vendor) { v.GrantTypes = append(v.GrantTypes, deviceGrant) }

// device is what a device got to begin with.
type device struct {
	Status   int
	Code     string `json:"device_code"`
	User     string `json:"user_code"`
	Address  string `json:"verification_uri"`
	Complete string `json:"verification_uri_complete"`
	Expires  int    `json:"expires_in"`
	Interval int    `json:"interval"`
	Body     string
}

func (w *world) device(s shop) device {
	w.t.Helper()
	a := w.post("/oauth/device_authorization", s, url.Values{"scope": {"openid"}})
	d := device{Status: a.Status, Body: a.Body}
	w.must(json.Unmarshal([]byte(a.Body), &d))
	if d.Status != http.StatusOK {
		w.t.Fatalf("%d %s", a.Status, a.Body)
	}
	return d
}

func (w *world) poll(s shop, code string) answer {
	w.t.Helper()
	return w.post("/oauth/token", s, url.Values{"grant_type": {deviceGrant}, "device_code": {code}})
}

// types is what the page makes of a code.
func (w *world) types(code string) provider.DeviceVisit {
	w.t.Helper()
	found, err := w.p.Device(w.t.Context(), code, home)
	w.must(err)
	return found
}

func TestDevice_customerSaysYes_andTheDeviceIsSignedIn(t *testing.T) {
	w := newWorld(t)
	for name, s := range map[string]shop{"public": w.vendor(public, onDevices), "confidential": w.vendor(onDevices)} {
		c, d := w.customer(), w.device(s)
		if d.Address != issuer+"/device" || d.Complete != "" || d.Expires != 600 || d.Interval != 5 || len(d.User) != 9 {
			t.Errorf("%+v", d)
		}
		w.poll(s, d.Code).refused(t, 400, "authorization_pending")
		found := w.types(strings.ToLower(strings.ReplaceAll(d.User, "-", " ")))
		if found.Code != d.User || found.Party.Client != s.ID {
			t.Errorf("%+v", found)
		}
		to, err := w.p.Approve(t.Context(), c.session, found.Flow, c.approval(found.Flow))
		w.must(err)
		if to != issuer+"/device?done=approved" {
			t.Errorf("led to %s", to)
		}
		a := w.poll(s, d.Code)
		if a.Status != http.StatusOK || a.Refresh != "" || a.Scope != "openid" {
			t.Fatalf("%s: %d %s", name, a.Status, a.Body)
		}
		verifyIDToken(t, w, a, "ES256")
		info := w.userinfo(a.Access)
		var said map[string]any
		w.must(json.Unmarshal([]byte(info.Body), &said))
		if len(said) != 1 || said["sub"] != claimsOf(t, a.ID)["sub"] {
			t.Errorf("UserInfo: %s", info.Body)
		}
		grants, err := w.consent.Grants(t.Context(), c.session.Account)
		w.must(err)
		if len(grants) != 1 || len(grants[0].Claims) != 0 || grants[0].Party.Client != s.ID {
			t.Errorf("the consent is %+v", grants)
		}
		// Once only: who comes again has stolen it.
		w.poll(s, d.Code).refused(t, 400, "invalid_grant")
		if w.userinfo(a.Access).Status != http.StatusUnauthorized {
			t.Error("a device code that came twice left its tokens in force")
		}
	}
}

func TestDevice_whoSharesAlready_keepsThat_andTheDeviceGetsNoneOfIt(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(onDevices), w.customer()
	code, grant := c.approve(s.request("openid email name", "claims", `{"id_token":{"name":null}}`), "email", "name")
	before := w.exchange(s, code)
	d := w.device(s)
	flow := w.types(d.User).Flow
	next, err := w.p.Next(t.Context(), flow, &c.session)
	w.must(err)
	if next.Step != provider.StepResume || next.Grant.ID != grant {
		t.Fatalf("%v", next.Step)
	}
	_, err = w.p.Resume(t.Context(), c.session, flow, grant, c.grants[grant])
	w.must(err)
	a := w.poll(s, d.Code)
	if a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	for _, body := range []string{w.userinfo(a.Access).Body, a.Body, mustDecode(t, a.ID), w.post("/oauth/introspect", s, url.Values{"token": {a.Access}}).Body} {
		if strings.Contains(body, theEmail) || strings.Contains(body, theName) {
			t.Errorf("a device was given %s", body)
		}
	}
	if !strings.Contains(w.userinfo(before.Access).Body, theEmail) {
		t.Error("the consent that was there is over")
	}
	_, err = w.consent.Withdraw(t.Context(), c.session.Account, grant)
	w.must(err)
	if got := w.userinfo(a.Access); got.Status != http.StatusUnauthorized {
		t.Errorf("after the withdrawal: %d", got.Status)
	}
}

func mustDecode(t *testing.T, token string) string {
	t.Helper()
	b, err := json.Marshal(claimsOf(t, token))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestDevice_refused_hearsIt(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(public, onDevices), w.customer()
	d := w.device(s)
	flow := w.types(d.User).Flow
	next, err := w.p.Next(t.Context(), flow, &c.session)
	w.must(err)
	to, err := w.p.Deny(t.Context(), c.session, flow, consent.Refusal{Digest: next.Digest, Locale: "en"})
	w.must(err)
	if to != issuer+"/device?done=denied" {
		t.Errorf("led to %s", to)
	}
	w.poll(s, d.Code).refused(t, 400, "access_denied")
	other := w.device(s) // a no without signing in
	w.must(w.p.RefuseDevice(t.Context(), w.types(other.User).Flow))
	w.poll(s, other.Code).refused(t, 400, "access_denied")
	if _, err := w.p.Device(t.Context(), other.User, home); !errors.Is(err, provider.ErrUserCode) {
		t.Errorf("a code that was answered is asked again: %v", err)
	}
	if err := w.p.RefuseDevice(t.Context(), w.flow(s.request("openid"))); !errors.Is(err, provider.ErrFlow) {
		t.Errorf("a sign-in was refused as a device: %v", err)
	}
}

func TestDevice_expires_andAsksNotTooOften(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(public, onDevices), w.customer()
	d := w.device(s)
	w.poll(s, d.Code).refused(t, 400, "authorization_pending")
	w.poll(s, d.Code).refused(t, 400, "slow_down") // ten seconds from now on
	w.clock.move(6 * time.Second)
	w.poll(s, d.Code).refused(t, 400, "slow_down") // fifteen
	w.clock.move(15 * time.Second)
	w.poll(s, d.Code).refused(t, 400, "authorization_pending")
	flow := w.types(d.User).Flow
	w.clock.move(10 * time.Minute)
	w.poll(s, d.Code).refused(t, 400, "expired_token")
	if _, err := w.p.Device(t.Context(), d.User, home); !errors.Is(err, provider.ErrUserCode) {
		t.Errorf("%v", err)
	}
	if _, err := w.p.Approve(t.Context(), c.session, flow, c.approval(flow)); !errors.Is(err, provider.ErrFlowExpired) {
		t.Errorf("%v", err)
	}
	// Approved and fetched too late: nothing.
	late := w.device(s)
	flow = w.types(late.User).Flow
	_, err := w.p.Approve(t.Context(), c.session, flow, c.approval(flow))
	w.must(err)
	w.clock.move(10 * time.Minute)
	w.poll(s, late.Code).refused(t, 400, "expired_token")
}

func TestDevice_requestsForMore_orByOthers_areRefused(t *testing.T) {
	w := newWorld(t)
	s := w.vendor(public, onDevices)
	for _, scope := range []string{"", "openid email", "openid offline_access", "email", "openid profile", "openid unknown", "openid openid"} {
		w.post("/oauth/device_authorization", s, url.Values{"scope": {scope}}).refused(t, 400, "invalid_scope")
	}
	w.post("/oauth/device_authorization", s, url.Values{"scope": {"openid"}, "claims": {`{"userinfo":{"email":null}}`}}).refused(t, 400, "invalid_scope")
	w.post("/oauth/device_authorization", s, url.Values{"scope": {"openid"}, "request": {"a.b.c"}}).refused(t, 400, "invalid_request")
	w.post("/oauth/device_authorization", w.vendor(public), url.Values{"scope": {"openid"}}).refused(t, 400, "unauthorized_client")
	secret := w.vendor(onDevices)
	w.send("/oauth/device_authorization", url.Values{"scope": {"openid"}}, string(secret.ID), "wrong").refused(t, 401, "invalid_client")
	if w.get("/oauth/device_authorization", "").Code != http.StatusMethodNotAllowed {
		t.Error("by GET")
	}

	d := w.device(s)
	w.poll(w.vendor(public, onDevices), d.Code).refused(t, 400, "invalid_grant")
	w.poll(w.vendor(public), d.Code).refused(t, 400, "unauthorized_client")
	w.poll(s, d.Code+"x").refused(t, 400, "invalid_grant")
	w.poll(s, d.User).refused(t, 400, "invalid_grant")
	w.post("/oauth/token", s, url.Values{"grant_type": {deviceGrant}}).refused(t, 400, "invalid_request")
	// What was made for the one way serves not on the other.
	c := w.customer()
	code, _ := c.approve(s.request("openid"))
	w.poll(s, code).refused(t, 400, "invalid_grant")
	w.post("/oauth/token", s, url.Values{"grant_type": {"authorization_code"}, "code": {d.Code}, "redirect_uri": {"urn:meins:device"}, "code_verifier": {verifier}}).refused(t, 400, "invalid_grant")
	if rec := w.get("/oauth/authorize?"+s.request("openid", "redirect_uri", "urn:meins:device").Encode(), ""); rec.Code != http.StatusBadRequest {
		t.Errorf("the devices' address is one to be sent to: %d", rec.Code)
	}
	if _, _, err := w.vendors.Add(t.Context(), identity.Vendor{Name: "Bad", RedirectURIs: []string{"urn:meins:device"}, Public: true}); err == nil {
		t.Error("the devices' address was registered")
	}
}

func TestDevice_codes_areNotGuessed(t *testing.T) {
	w := newWorld(t)
	s := w.vendor(public, onDevices)
	d := w.device(s)
	tries := 0
	var slow *identity.SlowDown
	for range 100 {
		_, err := w.p.Device(t.Context(), "BBBB-BBBB", home)
		if errors.As(err, &slow) {
			break
		}
		if !errors.Is(err, provider.ErrUserCode) {
			t.Fatal(err)
		}
		tries++
	}
	if tries != 10 || slow == nil {
		t.Errorf("%d codes could be tried", tries)
	}
	if _, err := w.p.Device(t.Context(), d.User, home); !errors.As(err, &slow) {
		t.Errorf("%v", err)
	}
	if _, err := w.p.Device(t.Context(), d.User, netip.MustParseAddr("192.0.2.2")); err != nil {
		t.Errorf("another address waits too: %v", err)
	}
	for i := range 40 {
		a := w.post("/oauth/device_authorization", s, url.Values{"scope": {"openid"}})
		if a.Status == http.StatusTooManyRequests {
			if i < 20 || a.Header.Get("Retry-After") == "" {
				t.Errorf("%d: %s", i, a.Body)
			}
			return
		}
	}
	t.Error("an unknown device may begin without end")
}

func TestDevice_recordHoldsNoCodeAndNoKey(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(public, onDevices), w.customer()
	d := w.device(s)
	flow := w.types(d.User).Flow
	approval := c.approval(flow)
	_, err := w.p.Approve(t.Context(), c.session, flow, approval)
	w.must(err)
	found := 0
	w.must(w.store.View(t.Context(), func(r store.Reader) error {
		items, err := r.Scan("device/", "", 10)
		for _, item := range items {
			found++
			for _, secret := range []string{d.User, strings.ReplaceAll(d.User, "-", ""), d.Code} {
				if strings.Contains(item.Key+string(item.Value), secret) {
					t.Errorf("a code lies in the store: %s", item.Value)
				}
			}
		}
		return err
	}))
	if found != 1 {
		t.Errorf("%d records", found)
	}
	if strings.Contains(w.log.String(), d.User) || strings.Contains(w.log.String(), d.Code) {
		t.Error("a code lies in the log")
	}
}
