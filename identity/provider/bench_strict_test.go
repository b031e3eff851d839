package provider_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/identity/provider"
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

// BenchmarkRegistration is a vendor that registers itself with keys of its own, to the commit.
func BenchmarkRegistration(b *testing.B) {
	w := registering(b, provider.RegistrationOpen)
	m := described(metadata{"token_endpoint_auth_method": "private_key_jwt", "jwks": json.RawMessage(keySetOf(b, ecKey(b)))})
	b.ReportAllocs()
	for b.Loop() {
		w.clock.move(time.Hour) // nobody has to wait
		if c := w.call(http.MethodPost, "/oauth/register", "", m); c.Status != http.StatusCreated {
			b.Fatal(c.Body)
		}
	}
}

// BenchmarkUserInfoCertificate is a read with a token that is bound to the connection's certificate,
// beside BenchmarkUserInfo and BenchmarkUserInfoBound.
func BenchmarkUserInfoCertificate(b *testing.B) {
	c := newCertified(b)
	mine, s := c.ca.issue(), c.holder(byDNS, bound)
	code, _ := c.customer().approve(s.request("openid email"), "email")
	a := c.posted(mine, "/oauth/token", s, codeForm(code, s))
	h := provider.CertificateSource{}.Handler(c.http)
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/oauth/userinfo", nil)
		r.Header.Set("Authorization", "Bearer "+a.Access)
		r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{mine.cert}}
		rec := httptest.NewRecorder()
		if h.ServeHTTP(rec, r); rec.Code != http.StatusOK {
			b.Fatal(rec.Body)
		}
	}
}
