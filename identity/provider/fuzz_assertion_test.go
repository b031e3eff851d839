package provider_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/identity"
)

// FuzzAssertion sends any client assertion, of vendors with keys and with a shared secret: never a 5xx,
// and never a token.
func FuzzAssertion(f *testing.F) {
	w := newWorld(f)
	key := ecKey(f)
	k := w.keyed(key)
	s := w.vendor(func(v *identity.Vendor) { v.AuthMethod = "client_secret_jwt" })
	old := map[string]any{"exp": w.clock.now().Add(-1e12).Unix()}
	f.Add(sign(f, jose.ES256, key, w.assertionClaims(k, old)))
	f.Add(sign(f, jose.HS256, []byte(s.secret), w.assertionClaims(keyed{shop: s}, old)))
	f.Add(none(f, w.assertionClaims(k, nil)))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, text string) {
		form := url.Values{"grant_type": {"client_credentials"}, "client_assertion": {text}, "client_assertion_type": {assertionType}}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/oauth/token", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if a := read(w.do(r)); a.Status != http.StatusUnauthorized && a.Status != http.StatusBadRequest || a.Access != "" {
			t.Errorf("%q: %d", text, a.Status)
		}
	})
}
