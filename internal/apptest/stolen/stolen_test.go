package stolen_test

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/meins-id/meins/internal/apptest"
)

// What belongs to the server and not to a customer. All of it is looked for too, but for where it
// has to be.
const (
	masterKey = "master key"
	serverKey = "server's key"
)

// TestWholeLife_leavesNothingForAThief lives one life and then looks everywhere.
func TestWholeLife_leavesNothingForAThief(t *testing.T) {
	l := live(t)
	opens := steal(t, l.restored, l.masterFile())
	l.markers.add(t, masterKey, opens.master.Bytes())
	for _, key := range opens.ring.keys() {
		l.markers.add(t, serverKey, key)
	}
	n := l.markers.needles()

	l.knowsEveryEndpoint(t)
	l.visit(t)
	l.poke(t)
	l.leave(t)
	metrics := l.program.Metrics(t)
	l.program.Stop(t)

	t.Run("where something must be found, it is", func(t *testing.T) { l.findsWhatIsThere(t, metrics) })
	t.Run("files", func(t *testing.T) { l.filesTellNothing(t, n) })
	t.Run("records that the master key opens", func(t *testing.T) { opensNothingOfACustomer(t, n, opens) })
	t.Run("log", func(t *testing.T) { n.absent(t, "the log", []byte(l.program.Log())) })
	t.Run("metrics", func(t *testing.T) { n.absent(t, "the metrics", []byte(metrics)) })
	t.Run("refusals", func(t *testing.T) { l.refusalsEchoNothing(t, n) })
	t.Run("pages", func(t *testing.T) { l.pagesTellNothing(t, n) })
	t.Run("addresses", func(t *testing.T) { l.addressesTellNothing(t, n) })
	t.Run("headers", func(t *testing.T) { l.headersTellNothing(t, n) })
}

// knowsEveryEndpoint makes sure that an endpoint which vendors are told of is poked at.
func (l *life) knowsEveryEndpoint(t *testing.T) {
	t.Helper()
	var told map[string]any
	must(t, json.Unmarshal([]byte(l.program.Get(t, l.program.Issuer+"/.well-known/openid-configuration")), &told))
	known := 0
	for name, value := range told {
		address, isText := value.(string)
		path, isOurs := strings.CutPrefix(address, l.program.Issuer+"/")
		if !isText || !isOurs || name == "grant_management_endpoint" { // whose calls the API's description names
			continue
		}
		if !slices.ContainsFunc(apptest.OAuth(), func(e apptest.Endpoint) bool { return e.Path == "/"+path }) {
			t.Errorf("nobody pokes at the %s, %s", name, address)
		}
		known++
	}
	if known < 6 {
		t.Errorf("only %d endpoints are told", known)
	}
}

// findsWhatIsThere makes sure that the silence elsewhere means something: what the operator may know
// (who asks for which claims) is found by the same search in the same places.
func (l *life) findsWhatIsThere(t *testing.T, metrics string) {
	var known markers
	for _, text := range []string{vendorsName, l.shop.RedirectURI, l.shop.ClientID, "birthdate", "phone_number", "to send the receipt"} {
		known.text(t, text, text)
	}
	database, err := os.ReadFile(filepath.Join(l.program.Data, "meins.db"))
	must(t, err)
	backup, err := os.ReadFile(l.backup)
	must(t, err)
	for place, haystack := range map[string][]byte{"database": database, "earlier database": l.early, "backup": backup} {
		found := strings.Join(known.needles().in(haystack), ", ")
		for _, one := range known {
			if !strings.Contains(found, one.what+" as ") {
				t.Errorf("%q is not found in the %s", one.what, place)
			}
		}
	}
	for _, told := range []string{`"ready"`, "refresh token reused", l.shop.ClientID} {
		if !strings.Contains(l.program.Log(), told) {
			t.Errorf("the log does not say %s", told)
		}
	}
	for _, route := range []string{"/oauth/userinfo", "/oauth/token", "/api/v1/session", "/api/v1/flow/approve"} {
		if !strings.Contains(metrics, route) {
			t.Errorf("the metrics do not count %s", route)
		}
	}
}

// filesTellNothing reads every file that the program wrote. The master key is in its own file, which
// is where the server has it from, and nowhere else: not in the backup, and not in a restored folder.
func (l *life) filesTellNothing(t *testing.T, n needles) {
	n.absent(t, "the earlier database", l.early)
	read := map[string]int{}
	must(t, filepath.WalkDir(l.folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		file, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		read[entry.Name()]++
		if path == l.masterFile() {
			n.but(masterKey).absent(t, path, file)
			return nil
		}
		n.absent(t, path, file)
		return nil
	}))
	if read["meins.db"] != 2 || read["backup"] != 1 || read["master.key"] != 1 {
		t.Errorf("the files are %v", read)
	}
}

// opensNothingOfACustomer looks into what the server itself can open. Its own keys are there, for
// there it has them from. The shares of live sessions are there, for each is the half that the
// server gives to a browser: without the other half, which only that browser has, it opens nothing,
// and with the session it is gone.
func opensNothingOfACustomer(t *testing.T, n needles, opens theft) {
	sessions := 0
	for key, plaintext := range opens.opened {
		n.but(serverKey, aShare).absent(t, "the record "+key, plaintext)
		if strings.HasPrefix(key, "session/") {
			sessions++
			if len(n.in(plaintext)) == 0 {
				t.Errorf("the share is not found in %s", key)
			}
		} else {
			n.but(serverKey).absent(t, "the record "+key, plaintext)
		}
	}
	if sessions != 2 || len(opens.opened) != 5 { // the key ring, the account, and a call that may be sent again
		t.Errorf("opened %d records, %d sessions among them", len(opens.opened), sessions)
	}
}

// refusalsEchoNothing reads all that was answered with a refusal, in the life and to who poked.
func (l *life) refusalsEchoNothing(t *testing.T, n needles) {
	codes, bodies, refusals := map[string]bool{}, haystacks{}, 0
	for _, x := range l.tap.all() {
		if x.status < http.StatusBadRequest {
			continue
		}
		refusals++
		codes[apptest.Answer{Body: x.said}.Code()] = true
		bodies.add(x.String(), string(x.said))
	}
	for _, answer := range l.garbled {
		bodies.add("an answer to what is no request", answer)
	}
	n.absentIn(t, bodies)
	if refusals < 500 || len(codes) < 20 {
		t.Errorf("only %d refusals of %d kinds: the poking does not reach far", refusals, len(codes))
	}
}

// pagesTellNothing reads all pages: values are put into them by the agent, never by the server. Two
// things may be in one page each, for the browser that asked and for no cache: the login hint where
// one signs in, because that browser brought it, and the session's share where one goes on without a
// question, because that browser's script opens the vault key with it, as it could with GET /session.
func (l *life) pagesTellNothing(t *testing.T, n needles) {
	pages, atOnce := 0, 0
	for _, x := range l.pages {
		if x.status == http.StatusOK && strings.HasPrefix(x.header.Get("Content-Type"), "text/html") {
			pages++
			allowed := n
			if x.address.Path == "/oauth/authorize" {
				atOnce++
			}
			if slices.Contains([]string{"/signin", "/continue", "/oauth/authorize"}, x.address.Path) {
				allowed = n.but("login hint", aShare)
				if x.header.Get("Cache-Control") != "no-store" {
					t.Errorf("%s may be kept: %v", x, x.header)
				}
			}
			allowed.absent(t, x.String(), x.said)
		}
	}
	if pages < 20 || atOnce == 0 {
		t.Errorf("only %d pages, %d of them in answer to a request", pages, atOnce)
	}
}

// addressesTellNothing looks at every address that the program or its agent made: they end up in
// histories, in logs of proxies and at other servers. Only the code may be in one, and only in the
// one that leads to the vendor. (Who pokes at a page with a secret in its address is sent on with
// that address, and has told the world already: of those, the ones that lead to a vendor count.)
func (l *life) addressesTellNothing(t *testing.T, n needles) {
	back := 0
	for i, x := range l.tap.all() {
		for _, address := range []string{x.header.Get("Location"), apptest.Answer{Body: x.said}.Text("redirect")} {
			if to, ok := l.backToVendor(t, address); ok {
				back++
				n.absent(t, "the address to the vendor after "+x.String(), []byte(to))
			} else if i < l.poked {
				n.absent(t, "the address after "+x.String(), []byte(address))
			}
		}
		if i < l.poked && (strings.HasPrefix(x.address.Path, "/api/") || x.address.Path == "/continue") {
			n.absent(t, "the address of "+x.String(), []byte(x.address.String()))
		}
	}
	if back < 10 {
		t.Errorf("only %d addresses lead back to a vendor", back)
	}
}

// backToVendor says whether an address leads to a vendor, and gives it without the code.
func (l *life) backToVendor(t *testing.T, address string) (string, bool) {
	t.Helper()
	if !strings.HasPrefix(address, l.shop.RedirectURI+"?") && !strings.HasPrefix(address, l.app.RedirectURI+"?") {
		return "", false
	}
	u, err := url.Parse(address)
	must(t, err)
	q := u.Query()
	q.Del("code")
	u.RawQuery = q.Encode()
	return u.String(), true
}

// headersTellNothing looks at the other headers of answers. The cookie carries its own value.
func (l *life) headersTellNothing(t *testing.T, n needles) {
	cookies, others := haystacks{}, haystacks{}
	for _, x := range l.tap.all() {
		for name, lines := range x.header {
			switch name {
			case "Location": // see addressesTellNothing
			case "Set-Cookie":
				cookies.add("a cookie after "+x.String(), strings.Join(lines, "\n"))
			default:
				others.add(name+" after "+x.String(), strings.Join(lines, "\n"))
			}
		}
	}
	n.but(aCookie).absentIn(t, cookies)
	n.absentIn(t, others)
}
