package foreign_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/meins-id/meins/internal/apptest"
)

// shown is what a device gets to show.
type shown struct {
	UserCode string `json:"user_code"`
	Address  string `json:"verification_uri"`
	Complete string `json:"verification_uri_complete"`
	Interval int    `json:"interval"`
}

// show lets the device ask for a code.
func (o *openidClient) show(t *testing.T) (s shown) {
	t.Helper()
	if err := o.tell(t, &s, "command", "show"); err != nil {
		t.Fatalf("show a code: %v", err)
	}
	if s.UserCode == "" || s.Address == "" || s.Complete != "" || s.Interval != 5 {
		t.Fatalf("the device shows %+v", s)
	}
	return s
}

// types enters a code where the device says, as a browser's form does, and gives the sealed request.
func types(t *testing.T, p *apptest.Program, c *apptest.Customer, s shown) (flow string) {
	t.Helper()
	a := c.Send(t, p.Request(t, http.MethodPost, strings.TrimPrefix(s.Address, p.Issuer), strings.NewReader(url.Values{"code": {s.UserCode}}.Encode()), apptest.Form))
	_, rest, found := strings.Cut(string(a.Body), `href="/continue?flow=`)
	flow, _, _ = strings.Cut(rest, `"`)
	if a.Status != http.StatusOK || !found {
		t.Fatalf("the code leads nowhere: %d %s", a.Status, a.Body)
	}
	return html.UnescapeString(flow)
}

// The library polls meanwhile, and slows down when it is told to.
func TestOpenIDClient_onADevice_isApproved(t *testing.T) {
	t.Parallel()
	p := apptest.Start(t)
	o := runOpenIDClient(t, "device.mjs", p, p.AddVendor(t, callback, "--devices"), "client_secret_basic", "RS256")
	c := p.SignUp(t, "ada", ada)
	done, err := c.Answer(t.Context(), types(t, p, c, o.show(t)))
	if err != nil || done != p.Issuer+"/device?done=approved" {
		t.Fatalf("approved, and led to %s (%v)", done, err)
	}
	if err := o.tell(t, &o.sub, "command", "wait"); err != nil || o.sub == "" || o.sub == "ada" || strings.Contains(o.sub, "@") {
		t.Fatalf("the device is not signed in: %q, %v", o.sub, err)
	}
	if info, err := o.userInfo(t); err != nil || len(info) != 1 || info["sub"] != o.sub {
		t.Errorf("the device sees %v (%v), and is to see no claims", info, err)
	}
}

func TestOpenIDClient_onADevice_hearsANo(t *testing.T) {
	t.Parallel()
	p := apptest.Start(t)
	o := runOpenIDClient(t, "device.mjs", p, p.AddVendor(t, callback, "--devices", "--public"), "none", "RS256")
	c := p.SignUp(t, "ada", ada)
	flow := types(t, p, c, o.show(t))
	form := strings.NewReader(url.Values{"decision": {"deny"}, "flow": {flow}}.Encode())
	if a := c.Send(t, p.Request(t, http.MethodPost, "/device", form, apptest.Form)); a.Header.Get("Location") != "/device?done=denied" {
		t.Fatalf("refused: %d %s", a.Status, a.Body)
	}
	if err := o.tell(t, &o.sub, "command", "wait"); err == nil || !strings.Contains(err.Error(), "access_denied") {
		t.Errorf("the device hears: %v", err)
	}
	if grants, err := c.Grants(t.Context()); err != nil || len(grants) != 0 {
		t.Errorf("refused, and %d consents are there (%v)", len(grants), err)
	}
}
