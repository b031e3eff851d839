package provider_test

import (
	"net/http"
	"testing"

	jose "github.com/go-jose/go-jose/v4"
)

// BenchmarkPrivateKeyJWT is a token request that a signature proves, with the commit that notes it.
func BenchmarkPrivateKeyJWT(b *testing.B) {
	w := newWorld(b)
	k := w.keyed(ecKey(b))
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		assertion := sign(b, jose.ES256, k.key, w.assertionClaims(k, nil))
		b.StartTimer()
		if a := w.assert(assertion); a.Status != http.StatusOK {
			b.Fatal(a.Body)
		}
	}
}

// BenchmarkPushedFlow is a return visit by a pushed request, to UserInfo, with the commits that use the
// request and the code up.
func BenchmarkPushedFlow(b *testing.B) {
	w := newWorld(b)
	s, c := w.vendor(), w.customer()
	_, grant := c.approve(s.request("openid email"), "email")
	b.ReportAllocs()
	for b.Loop() {
		flow := w.flow(s.named(w.push(s, s.request("openid email"))))
		address, err := w.p.Resume(b.Context(), c.session, flow, grant, c.grants[grant])
		w.must(err)
		a := w.exchange(s, parameter(b, address, "code"))
		if info := w.userinfo(a.Access); info.Status != http.StatusOK {
			b.Fatal(info.Body)
		}
	}
}
