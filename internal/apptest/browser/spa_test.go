package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
)

// spaPage is an application in the browser as the pages of oidc-client-ts have one write it.
const spaPage = `<!doctype html><title>Application</title><script src="/lib.js"></script><script>
const manager = new oidc.UserManager({
	authority: %q, client_id: %q, redirect_uri: location.origin + "/app", silent_redirect_uri: location.origin + "/silent",
	scope: "openid email", monitorSession: true, checkSessionIntervalInSeconds: 1, automaticSilentRenew: false,
});
const seen = [];
let unchanged = 0;
addEventListener("message", (e) => { if (e.data === "unchanged") unchanged++; });
manager.events.addUserSignedOut(() => seen.push("signed out"));
manager.events.addUserSessionChanged(() => seen.push("changed"));
const go = {
	"/app": async () => seen.push("signed in " + (await manager.signinCallback()).profile.sub.length),
	"/silent": () => manager.signinSilentCallback(),
	"/start": () => manager.signinRedirect(),
}[location.pathname];
Promise.resolve(go?.()).catch((e) => seen.push("failed: " + e.message));
</script>`

// application serves it, for a vendor that it registers.
func application(t *testing.T, d *demo) string {
	t.Helper()
	library, err := os.ReadFile("oidc-client-ts/node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js")
	if err != nil {
		t.Fatal("oidc-client-ts is not installed: run scripts/install-tools test")
	}
	client := ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/lib.js":
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write(library) // to the browser
		case "/favicon.ico":
		default:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = fmt.Fprintf(w, spaPage, d.meins, client) // as above
		}
	}))
	t.Cleanup(s.Close)
	d.others = append(d.others, s.URL)
	client = d.addVendor("--name", "Bank", "--redirect-uri", s.URL+"/app", "--redirect-uri", s.URL+"/silent", "--public", "--purpose", "email=To write to you")
	return s.URL
}

// An unmodified oidc-client-ts watches the session by itself, because discovery names the frame: it is quiet as
// long as the customer is there, and hears when they have gone.
func TestOIDCClientTS_hearsByTheFrame_thatTheCustomerHasGone(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	app := application(t, d)
	b, p := visit(t, d, desktop), erika()
	b.open(app + "/start")
	b.page("signin")
	b.click(`a[href^="/signup"]`)
	p.signsUp(b)
	b.page("consent")
	b.click(deciding("approve"))
	b.wait("document.title === 'Application' && seen.length > 0 && unchanged > 1")
	var seen string
	if b.eval("seen.join()", &seen); seen != "signed in 43" {
		t.Fatalf("the application saw: %s", seen)
	}
	other := b.another(desktop)
	other.open(d.meins + "/account")
	other.page("account")
	other.click("button[name=signout]")
	other.page("signed-out")
	b.wait("seen.length > 1")
	if b.eval("seen.join()", &seen); seen != "signed in 43,signed out" {
		t.Errorf("the application saw: %s", seen)
	}
}
