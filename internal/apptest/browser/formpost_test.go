package browser

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// A vendor that wants its answers posted gets them so from a real browser: the page posts by itself,
// under its own policy, a yes as well as a silent no.
func TestFormPost_page_postsTheAnswerByItself(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	posted := make(chan url.Values, 10)
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.ParseForm() == nil && r.URL.RawQuery == "" {
			r.PostForm.Set("origin", r.Header.Get("Origin"))
			posted <- r.PostForm
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!doctype html><title>Vendor</title><p id=thanks>Thank you"))
	}))
	t.Cleanup(vendor.Close)
	d.shop = vendor.URL // the one place beside ours that the browser may ask
	sum := sha256.Sum256([]byte(strings.Repeat("v", 43)))
	q := url.Values{
		"client_id": {d.addVendor("--name", "Bank", "--redirect-uri", vendor.URL+"/back", "--purpose", "email=To write to you")}, "redirect_uri": {vendor.URL + "/back"},
		"response_type": {"code"}, "response_mode": {"form_post"}, "scope": {"openid email"}, "state": {`a "quoted" & <b>state</b>`},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	received := func(b *tab) url.Values {
		t.Helper()
		b.wait("document.querySelector('#thanks')")
		select {
		case form := <-posted:
			return form
		default:
			t.Fatal("nothing was posted")
			return nil
		}
	}

	b, p := visit(t, d, phone), erika()
	q.Set("prompt", "none")
	b.open(d.meins + "/oauth/authorize?" + q.Encode())
	if got := received(b); got.Get("error") != "login_required" || got.Get("iss") != d.meins {
		t.Errorf("posted %v", got)
	}

	q.Del("prompt")
	b.open(d.meins + "/oauth/authorize?" + q.Encode())
	b.page("signin")
	b.click(`a[href^="/signup"]`)
	p.signsUp(b)
	b.page("consent")
	b.fill(attribute("email"), p.email)
	p.ticks(b, "email")
	b.click(deciding("approve"))
	got := received(b)
	if got.Get("code") == "" || got.Get("state") != q.Get("state") || got.Get("iss") != d.meins || got.Get("origin") != d.meins {
		t.Errorf("posted %v", got)
	}
	if strings.Contains(b.address(), "code=") {
		t.Error("the code stands in an address")
	}
}
