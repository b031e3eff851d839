package foreign_test

import (
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/apptest"
)

// oauth2Proxy is a site behind oauth2-proxy, started as docs/vendors.md says.
type oauth2Proxy struct {
	*site
	sub string
}

// newOAuth2Proxy adds what is different on loopback, and what a test cannot wait for: the program looks
// for fresh tokens once a second, and shows the access token.
func newOAuth2Proxy(t *testing.T, p *apptest.Program) *oauth2Proxy {
	t.Helper()
	program, err := exec.CommandContext(t.Context(), "../../../scripts/tool", "oauth2-proxy").Output()
	if err != nil {
		t.Fatalf("build oauth2-proxy: %v", err)
	}
	s, v := newSite(t, p, "/oauth2/callback")
	command := strings.TrimSpace(example(t, "oauth2-proxy")) +
		" --http-address " + s.host() + " --cookie-secure=false --cookie-refresh 1ms --pass-access-token"
	command = strings.Replace(command, "oauth2-proxy", "exec "+strings.TrimSpace(string(program)), 1)
	s.start(t, s.settings(p, v, "UPSTREAM="+upstream(t), "SESSION_SECRET=0123456789abcdef0123456789abcdef"), "sh", "-c", command)
	return &oauth2Proxy{site: s}
}

func TestOAuth2Proxy_goesTheWholeWay(t *testing.T) {
	t.Parallel()
	p := apptest.Start(t)
	o := newOAuth2Proxy(t, p)
	c := p.SignUp(t, "ada", ada)
	staysConnected(t, c, o)

	withdraws(t, c)
	if err := o.refresh(t); err == nil {
		t.Error("after the withdrawal a refresh brings a new access token")
	}
	if err := o.finish(t, denies(t, c, o.begin(t))); err == nil || !strings.Contains(err.Error(), "access_denied") {
		t.Errorf("the vendor is told: %v", err)
	}
	if told, err := o.told(t, "/"); err == nil {
		t.Errorf("after a \"no\" the vendor is told %v", told)
	}

	if err := o.finish(t, c.Authorize(t, o.begin(t), "email")); err != nil {
		t.Fatalf("sign in after a withdrawal: %v", err)
	}
	o.leadsTo(t, o.address+"/oauth2/sign_out")
	if told, err := o.told(t, "/"); err == nil {
		t.Errorf("signed out, the vendor is told %v", told)
	}
}

func TestOAuth2Proxy_customerWithoutAnAddress_isNotLetIn(t *testing.T) {
	t.Parallel()
	p := apptest.Start(t)
	o := newOAuth2Proxy(t, p)
	c := p.SignUp(t, "ada", ada)
	if err := o.finish(t, c.Authorize(t, o.begin(t))); err == nil {
		t.Error("the customer is let in")
	}
	if told, err := o.told(t, "/"); err == nil {
		t.Errorf("the vendor is told %v", told)
	}
}

func (o *oauth2Proxy) begin(t *testing.T) string {
	o.anew(t)
	return o.leadsTo(t, o.address+"/")
}

func (o *oauth2Proxy) finish(t *testing.T, callback string) error {
	answer := o.visit(t, callback)
	if answer.status != http.StatusFound {
		return fmt.Errorf("the site says %d: %s", answer.status, answer.body)
	}
	told, err := o.told(t, answer.header.Get("Location"))
	o.sub = told["x-forwarded-user"]
	return err
}

func (o *oauth2Proxy) subject() string { return o.sub }

// fresh is what the vendor's own program is told, once the tokens were due for a refresh.
func (o *oauth2Proxy) fresh(t *testing.T) (map[string]string, error) {
	time.Sleep(1050 * time.Millisecond)
	return o.told(t, "/")
}

func (o *oauth2Proxy) userInfo(t *testing.T) (map[string]any, error) {
	told, err := o.fresh(t)
	return map[string]any{"sub": told["x-forwarded-user"], "email": told["x-forwarded-email"]}, err
}

func (o *oauth2Proxy) refresh(t *testing.T) error {
	before, err := o.told(t, "/")
	if err != nil {
		return err
	}
	after, err := o.fresh(t)
	if err != nil {
		return err
	}
	if after["x-forwarded-access-token"] == before["x-forwarded-access-token"] {
		return errors.New("the access token is the old one")
	}
	if after["x-forwarded-user"] != o.sub {
		return errors.New("the subject is another")
	}
	return nil
}
