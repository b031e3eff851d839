package identity_test

import (
	"testing"

	"github.com/meins-id/meins/identity"
)

func TestRedirects_loopbackOfAnApp_anyPort_andNothingElse(t *testing.T) {
	app := identity.Vendor{Public: true, RedirectURIs: []string{"http://127.0.0.1/cb?x=1", "http://[::1]:9000/cb", "http://localhost:5555/cb", "com.example.app:/cb"}}
	for _, good := range []string{
		"http://127.0.0.1/cb?x=1", "http://127.0.0.1:1/cb?x=1", "http://127.0.0.1:65535/cb?x=1", "http://[::1]:9000/cb", "http://[::1]/cb", "http://[::1]:80/cb",
		"http://localhost:5555/cb", "com.example.app:/cb",
	} {
		if !app.Redirects(good) {
			t.Errorf("%s is refused", good)
		}
	}
	shop := app
	shop.Public = false
	for _, bad := range []string{
		"", "http://127.0.0.1:1/cb", "http://127.0.0.1:1/cb?x=2", "http://127.0.0.1:1/cb?x=1#f", "https://127.0.0.1:1/cb?x=1", "HTTP://127.0.0.1:1/cb?x=1", "http://localhost:5556/cb",
		"http://127.0.0.2:1/cb?x=1", "http://127.0.0.1:0/cb?x=1", "http://127.0.0.1:65536/cb?x=1", "http://127.0.0.1:99999/cb?x=1", "http://127.0.0.1:01/cb?x=1", "http://127.0.0.1:/cb?x=1",
		"http://127.0.0.1:1@evil.example/cb?x=1", "http://127.0.0.1@evil.example/cb?x=1", "http://127.0.0.1.evil.example/cb?x=1", "http://127.0.0.1:1.evil.example/cb?x=1",
		"http://127.0.0.1:1\\@evil.example/cb?x=1", "http://127.0.0.1:1\\.evil.example/cb?x=1", "http://127.1:1/cb?x=1", "http://2130706433:1/cb?x=1", "http://[::1]:9000/cb/", "http://[::1].evil.example/cb",
		"http://[0:0:0:0:0:0:0:1]:1/cb", "http://127.0.0.1: 1/cb?x=1", "http://127.0.0.1:+1/cb?x=1", "com.example.app:1/cb",
	} {
		if app.Redirects(bad) {
			t.Errorf("%s is taken", bad)
		}
	}
	if shop.Redirects("http://127.0.0.1:1/cb?x=1") || !shop.Redirects("http://127.0.0.1/cb?x=1") {
		t.Error("a vendor on a server has any port")
	}
}
