package browser

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
)

// watchingPage is a page with a frame in it, which hears what the frame says; a page within it may ask the
// frame too, as an advertisement might.
const watchingPage = `<!doctype html><title>Vendor</title><script>
const heard = [];
addEventListener("message", (e) => { if (e.origin === %q) heard.push(e.data); });
const ask = (message) => document.querySelector("#op").contentWindow.postMessage(message, "*");
</script><iframe id=op onload="window.ready = true" src=%q></iframe>`

// askingPage is the vendor's own frame, which asks the other from time to time.
const askingPage = `<!doctype html><script>
const message = new URLSearchParams(location.search).get("message");
addEventListener("message", (e) => { if (e.origin === %q) parent.location.href = "/result?" + e.data; });
setInterval(() => parent.document.querySelector("#op").contentWindow.postMessage(message, "*"), 100);
</script>`

// site serves such a page to anybody, with a frame of an address of the provider.
func site(t *testing.T, d *demo, framed string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		switch r.URL.Path {
		case "/within": // asks a frame of the page that it stands in
			_, _ = fmt.Fprint(w, `<!doctype html><script>
				addEventListener("message", (e) => { if (e.source !== parent) parent.postMessage("within hears " + e.data, "*"); else parent.frames[0].postMessage(e.data, "*"); });
			</script>`)
		case "/verify": // as Session Management 1.0, 3.1 and 3.2, lay it out: both frames beside each other
			_, _ = fmt.Fprintf(w, `<!doctype html><iframe id=op src=%q hidden></iframe><iframe src=%q hidden></iframe>`, d.meins+framed, "/asking?"+r.URL.RawQuery)
		case "/asking":
			_, _ = fmt.Fprintf(w, askingPage, d.meins)
		case "/favicon.ico":
		default:
			_, _ = fmt.Fprintf(w, watchingPage, d.meins, d.meins+framed)
		}
	}))
	t.Cleanup(s.Close)
	d.others = append(d.others, s.URL)
	return s.URL
}

// asksFrame posts a message to the frame, once that has loaded, and gives its answer.
func (b *tab) asksFrame(message string) (said string) {
	b.t.Helper()
	b.wait("window.ready")
	b.eval("heard.length = 0; ask("+message+")", nil)
	b.wait("heard.length > 0")
	b.eval("heard.join()", &said) // one answer, and no more
	return said
}

// watched is a vendor with the frame in its pages.
type watched struct {
	t                       *testing.T
	site, client, authorize string
}

func newWatched(t *testing.T, d *demo) watched {
	t.Helper()
	vendor := site(t, d, "/oauth/check_session")
	w := watched{t: t, site: vendor, client: d.addVendor(
		"--name", "Bank", "--redirect-uri", vendor+"/back", "--post-logout-redirect-uri", vendor+"/bye", "--public", "--purpose", "email=To write to you",
	)}
	sum := sha256.Sum256([]byte(strings.Repeat("v", 43)))
	w.authorize = d.meins + "/oauth/authorize?" + url.Values{
		"client_id": {w.client}, "redirect_uri": {vendor + "/back"}, "response_type": {"code"}, "scope": {"openid email"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}.Encode()
	return w
}

// firstVisit signs somebody up on the way to the vendor, and ends at its page.
func (w watched) firstVisit(b *tab, p *person) {
	w.t.Helper()
	b.open(w.authorize)
	b.page("signin")
	b.click(`a[href^="/signup"]`)
	p.signsUp(b)
	b.page("consent")
	b.click(deciding("approve"))
	b.wait("document.title === 'Vendor' && location.search.includes('code=')")
}

// message is what the vendor asks with the state that it was given last.
func (w watched) message(b *tab) string {
	w.t.Helper()
	return fmt.Sprintf("%q", w.client+" "+b.query("session_state"))
}

func (w watched) hears(b *tab, message, want string) {
	w.t.Helper()
	if said := b.asksFrame(message); said != want {
		w.t.Errorf("asked %s, the frame says %q, want %q", message, said, want)
	}
}

// A vendor's page on another site hears by the frame that the customer has gone, in whatever tab.
func TestFrame_tellsAVendorsPage_whenTheCustomerSignsOut(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	w, stranger := newWatched(t, d), site(t, d, "/oauth/check_session")
	client, authorize, hears := w.client, w.authorize, w.hears
	b, p := visit(t, d, desktop), erika()
	w.firstVisit(b, p)
	question, state := w.message(b), b.query("session_state")
	hears(b, question, "unchanged")
	hears(b, fmt.Sprintf("%q", "another-client "+state), "changed")
	for _, garbage := range []string{
		`""`, `" "`, `"` + client + `"`, `" ` + state + `"`, `"` + client + ` x"`, `"` + client + `  ` + state + ` "`, `"` + client + "." + state + `"`,
		`null`, `undefined`, `7`, `{}`, `["` + client + " " + state + `"]`, `new Uint8Array(9)`, `"x".repeat(100000)`,
	} {
		hears(b, garbage, "error")
	}

	// Another site that knows the message learns nothing by it, in a page of its own or within the vendor's.
	other := b.another(desktop)
	other.open(stranger + "/")
	hears(other, question, "changed")
	b.eval(fmt.Sprintf(`new Promise((go) => {
		const within = document.createElement("iframe");
		within.onload = go; within.src = %q; document.body.append(within);
		addEventListener("message", (e) => { if (e.origin === %q) window.overheard = e.data; });
	})`, stranger+"/within", stranger), nil)
	b.eval(`frames[1].postMessage(`+question+`, "*")`, nil)
	b.wait(`window.overheard === "within hears error"`)
	hears(b, question, "unchanged")

	// The customer signs out in another tab: the vendor's page hears of it without asking anybody.
	other.open(d.meins + "/account")
	other.page("account")
	other.click("button[name=signout-everywhere]")
	other.page("signed-out")
	hears(b, question, "changed")
	if b.holds(`document.cookie.includes("meins")`) {
		t.Error("the vendor's page sees a cookie of ours")
	}

	// Nobody is signed in: there is nothing to watch, and the frame lets nobody find that out by itself.
	b.open(authorize + "&prompt=none")
	b.wait("document.title === 'Vendor' && document.readyState === 'complete'")
	if b.query("error") != "login_required" {
		t.Errorf("the vendor got %s", b.address())
	}
	hears(b, w.message(b), "error")
	hears(b, question, "changed")

	// Signed in again, the old state stays changed and the new one holds.
	b.open(authorize)
	p.signsIn(b)
	b.wait("document.title === 'Vendor' && location.search.includes('code=')")
	hears(b, question, "changed")
	latest := b.query("session_state")
	again := w.message(b)
	hears(b, again, "unchanged")
	b.open(authorize + "&prompt=none")
	b.wait("document.title === 'Vendor' && location.search.includes('code=') && !location.search.includes('" + latest + "')")
	hears(b, w.message(b), "unchanged")
	hears(b, again, "unchanged")

	// A return visit that asks nothing, in a browser that has lost the state: it gets it again, and is told so.
	b.do(network.DeleteCookies("meins_state").WithURL(d.meins))
	hears(b, again, "changed")
	b.open(authorize)
	b.wait("document.title === 'Vendor' && location.search.includes('code=') && !location.search.includes('" + latest + "')")
	hears(b, w.message(b), "unchanged")
	hears(b, again, "unchanged")
}

// A browser that keeps cookies from frames is told apart from a customer who has gone: a vendor that heard
// "changed" there would ask us again and again.
func TestFrame_thatSeesNoCookies_saysSo(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	w := newWatched(t, d)
	strict, stop, err := startChromium(t.TempDir(), framesGetNoCookies)
	must(t, err)
	t.Cleanup(stop)
	b, p := visitBy(t, d, desktop, strict), erika()
	w.firstVisit(b, p)
	w.hears(b, w.message(b), "error")
	b.open(w.authorize + "&prompt=none")
	b.wait("document.title === 'Vendor' && location.search.includes('code=')") // signed in all the same
}

// The module oidcc-session-management-rp-initiated-logout of the official suite: what the vendor's own frame
// hears before and after the vendor signs the customer out.
func TestFrame_besideTheVendorsOwn_asTheOfficialSuiteAsks(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	w := newWatched(t, d)
	b, p := visit(t, d, desktop), erika()
	w.firstVisit(b, p)
	message, hint := w.client+" "+b.query("session_state"), w.idToken(d, b.query("code"))
	verify := w.site + "/verify?" + url.Values{"message": {message}}.Encode()
	b.open(verify)
	b.wait("location.pathname === '/result' && location.search === '?unchanged'")
	b.open(d.meins + "/oauth/end_session?" + url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {w.site + "/bye"}, "state": {"s"}}.Encode())
	b.wait("location.pathname === '/bye' && location.search === '?state=s'")
	b.open(verify)
	b.wait("location.pathname === '/result' && location.search === '?changed'")
}

// idToken is what the vendor gets for a code.
func (w watched) idToken(d *demo, code string) string {
	w.t.Helper()
	form := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {w.client}, "code": {code},
		"redirect_uri": {w.site + "/back"}, "code_verifier": {strings.Repeat("v", 43)},
	}
	v := confidential{d: d}
	var tokens struct {
		ID string `json:"id_token"`
	}
	v.answered(w.t, v.post(w.t, "/oauth/token", "application/x-www-form-urlencoded", form.Encode()), &tokens)
	return tokens.ID
}

func TestOtherPages_standInNoFrame(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	b := visit(t, d, desktop)
	b.seen.excuse("frame-ancestors")
	for _, path := range []string{"/", "/signin", "/account", "/oauth/authorize", "/oauth/response"} {
		b.open(site(t, d, path) + "/")
		eventually(t, path+" is refused in a frame", func() bool {
			b.seen.mu.Lock()
			defer b.seen.mu.Unlock()
			for _, said := range b.seen.problems {
				if strings.Contains(said, "frame-ancestors") {
					b.seen.problems = nil
					return true
				}
			}
			return false
		})
	}
}
