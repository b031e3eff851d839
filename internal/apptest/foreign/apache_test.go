package foreign_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/apptest"
)

// apache is a site behind Apache's mod_auth_openidc, with the configuration of docs/vendors.md.
type apache struct {
	*site
	sub string
}

// apacheHere is what the example leaves to the server that it is put into, and what a test cannot wait
// for: claims are read again each second, and the page /late finds an access token that ends soon.
const apacheHere = `
ServerRoot "{dir}"
ServerName 127.0.0.1
Listen {listen}
PidFile "{dir}/pid"
DefaultRuntimeDir "{dir}"
ErrorLog /dev/stderr
Include "{dir}/kornblume.conf"
OIDCUserInfoRefreshInterval 1
<Location "/late">
  OIDCRefreshAccessTokenBeforeExpiry 601
</Location>
`

// apacheModules are those that Debian's Apache has switched on, as far as they are needed, and those
// that the page has the vendor switch on.
var apacheModules = []string{"mpm_event", "authn_core", "authz_core", "authz_user", "proxy", "proxy_http", "auth_openidc"}

func newApache(t *testing.T, p *apptest.Program) *apache {
	t.Helper()
	const modules = "/usr/lib/apache2/modules/mod_"
	program, err := exec.LookPath("apache2")
	if err != nil {
		program = "/usr/sbin/apache2" // not on the path of everybody
	}
	if _, err := os.Stat(modules + "auth_openidc.so"); err != nil {
		t.Fatalf("mod_auth_openidc is not installed: run scripts/install-tools test: %v", err)
	}
	s, v := newSite(t, p, "/callback")
	dir := t.TempDir()
	here := ""
	for _, name := range apacheModules {
		here += fmt.Sprintf("LoadModule %s_module %s%s.so\n", name, modules, name)
	}
	if os.Getuid() == 0 {
		here += "User nobody\nGroup nogroup\n" // it refuses to serve as root
	}
	here += strings.NewReplacer("{dir}", dir, "{listen}", s.host()).Replace(apacheHere)
	write(t, filepath.Join(dir, "kornblume.conf"), example(t, "kornblume.conf"))
	write(t, filepath.Join(dir, "here.conf"), here)
	s.start(t, s.settings(p, v, "UPSTREAM="+upstream(t), "SESSION_SECRET=0123456789abcdef0123456789abcdef"),
		program, "-X", "-f", filepath.Join(dir, "here.conf"))
	return &apache{site: s}
}

func TestModAuthOpenidc_goesTheWholeWay(t *testing.T) {
	t.Parallel()
	p := apptest.Start(t)
	a := newApache(t, p)
	c := p.SignUp(t, "ada", ada)
	staysConnected(t, c, a)

	withdraws(t, c)
	if info, err := a.userInfo(t); err == nil {
		t.Errorf("after the withdrawal the vendor still sees %v", info)
	}
	if err := a.refresh(t); err == nil {
		t.Error("after the withdrawal a refresh brings a new access token")
	}

	// This version takes a "no" for something else; it lets nobody in, and that is what counts.
	if err := a.finish(t, denies(t, c, a.begin(t))); err == nil || !strings.Contains(err.Error(), "Invalid Request") {
		t.Errorf("after a \"no\" the vendor says: %v", err)
	}
	if told, err := a.told(t, "/"); err == nil {
		t.Errorf("after a \"no\" the vendor is told %v", told)
	}

	if err := a.finish(t, c.Authorize(t, a.begin(t), "email")); err != nil {
		t.Fatalf("sign in after a withdrawal: %v", err)
	}
	to := c.Visit(t, a.leadsTo(t, a.address+"/callback?logout="+url.QueryEscape(a.address+"/goodbye")))
	if to.String() != a.address+"/goodbye" {
		t.Errorf("signed out, the browser is sent to %v", to)
	}
	isSignedOut(t, c)
	if told, err := a.told(t, "/"); err == nil {
		t.Errorf("signed out, the vendor is told %v", told)
	}
}

func TestModAuthOpenidc_headersOfTheVisitorsOwn_areTakenOut(t *testing.T) {
	t.Parallel()
	p := apptest.Start(t)
	a := newApache(t, p)
	c := p.SignUp(t, "ada", ada)
	if err := a.finish(t, c.Authorize(t, a.begin(t), "email")); err != nil {
		t.Fatal(err)
	}
	forged := []string{"OIDC_CLAIM_email", "king@lovelace.example", "OIDC_CLAIM_address", "Buckingham Palace"}
	told, err := a.told(t, "/", forged...)
	if err != nil || told["oidc_claim_email"] != "ada@lovelace.example" || told["oidc_claim_address"] != "" {
		t.Errorf("the vendor is told %v, %v", told, err)
	}
	a.anew(t)
	told, err = a.told(t, "/goodbye", forged...)
	if err != nil || told["oidc_claim_email"] != "" || told["oidc_claim_address"] != "" {
		t.Errorf("of a stranger the vendor is told %v, %v", told, err)
	}
}

func (a *apache) begin(t *testing.T) string {
	a.anew(t)
	return a.leadsTo(t, a.address+"/")
}

func (a *apache) finish(t *testing.T, callback string) error {
	answer := a.visit(t, callback)
	if answer.header.Get("Location") != a.address+"/" {
		return fmt.Errorf("the site says %d: %s", answer.status, answer.body)
	}
	told, err := a.told(t, "/")
	a.sub = told["oidc_claim_sub"]
	return err
}

func (a *apache) subject() string { return a.sub }

// userInfo is what the vendor's own program is told, once Apache has read it again.
func (a *apache) userInfo(t *testing.T) (map[string]any, error) {
	time.Sleep(1100 * time.Millisecond)
	told, err := a.told(t, "/")
	if err != nil {
		return nil, err
	}
	claims := map[string]any{}
	for name, value := range told {
		if name, ok := strings.CutPrefix(name, "oidc_claim_"); ok {
			claims[name] = value
		}
	}
	if len(claims) == 0 {
		return nil, errors.New("the vendor is told nothing")
	}
	return claims, nil
}

// refresh opens the page for which Apache needs a newer access token.
func (a *apache) refresh(t *testing.T) error {
	before, err := a.told(t, "/")
	if err != nil {
		return err
	}
	after, err := a.told(t, "/late")
	if err != nil {
		return err
	}
	if after["oidc_access_token"] == before["oidc_access_token"] {
		return errors.New("the access token is the old one")
	}
	var idToken struct{ Sub string }
	if err := json.Unmarshal([]byte(after["oidc_id_token_payload"]), &idToken); err != nil {
		return err
	}
	if idToken.Sub != a.sub {
		return errors.New("the subject is another")
	}
	return nil
}
