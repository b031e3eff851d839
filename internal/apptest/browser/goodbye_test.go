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

// Who signs out at a vendor's wish sees the question, then a page that loads the vendor's own in a frame, and
// is back at the vendor by itself (OpenID Connect Front-Channel Logout 1.0).
func TestGoodbye_tellsTheVendorInAFrame_andGoesBackByItself(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	told, codes := make(chan url.Values, 10), make(chan string, 10)
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/back":
			codes <- r.URL.Query().Get("code")
		case "/bye", "/frontchannel_logout":
			told <- r.URL.Query()
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!doctype html><title>Vendor</title><p id=vendor>Vendor"))
	}))
	t.Cleanup(vendor.Close)
	d.others = append(d.others, vendor.URL)
	client := d.addVendor("--name", "Bank", "--public", "--redirect-uri", vendor.URL+"/back", "--post-logout-redirect-uri", vendor.URL+"/bye",
		"--frontchannel-logout-uri", vendor.URL+"/frontchannel_logout")
	sum := sha256.Sum256([]byte(strings.Repeat("v", 43)))

	b, p := visit(t, d, phone), erika()
	b.open(d.meins + "/oauth/authorize?" + url.Values{
		"client_id": {client}, "redirect_uri": {vendor.URL + "/back"}, "response_type": {"code"}, "scope": {"openid"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}.Encode())
	b.page("signin")
	b.click(`a[href^="/signup"]`)
	p.signsUp(b)
	b.page("consent")
	b.click(deciding("approve"))
	b.wait("document.querySelector('#vendor')")
	form := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {client}, "code": {<-codes}, "redirect_uri": {vendor.URL + "/back"}, "code_verifier": {strings.Repeat("v", 43)},
	}
	answer, err := http.PostForm(d.meins+"/oauth/token", form) //nolint:noctx // the provider under test
	must(t, err)
	must(t, answer.Body.Close())

	b.open(d.meins + "/oauth/end_session?" + url.Values{"client_id": {client}, "post_logout_redirect_uri": {vendor.URL + "/bye"}, "state": {"a&b"}}.Encode())
	b.page("signout")
	b.click(`button[name=signout]`)
	b.wait("document.querySelector('#vendor') && location.pathname === '/bye'")
	if said := <-told; said.Get("iss") != d.meins || said.Get("sid") == "" || len(said) != 2 {
		t.Errorf("the frame was told %v", said)
	}
	if back := <-told; back.Get("state") != "a&b" || len(back) != 1 {
		t.Errorf("back with %v", back)
	}
}
