package provider_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
)

// FuzzCertificate lets a trusted proxy tell any certificate: never a 5xx, and nobody is let in by it.
func FuzzCertificate(f *testing.F) {
	c := newCertified(f)
	s := c.holder(identity.CertificateSubject{DNS: "nobody.example"})
	good := c.ca.issue().cert
	source := provider.CertificateSource{Header: "Client-Cert", Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}.Handler(c.http)
	f.Add(":"+base64.StdEncoding.EncodeToString(good.Raw)+":", "")
	f.Add(":AAAA:", ":AAAA:, :AAAA:")
	f.Add("-----BEGIN%20CERTIFICATE-----%0AAAAA%0A-----END%20CERTIFICATE-----", "")
	f.Add("::", "::")
	f.Fuzz(func(t *testing.T, own, chain string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/oauth/token", nil)
		r.Header, r.RemoteAddr = http.Header{"Client-Cert": {own}, "Client-Cert-Chain": {chain}}, "10.0.0.1:1"
		r.PostForm = asClient("client_id", string(s.ID))
		r.Form = r.PostForm
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		source.ServeHTTP(rec, r)
		if a := read(rec); a.Status != http.StatusUnauthorized && a.Status != http.StatusBadRequest || a.Access != "" {
			t.Errorf("%q: %d", own, a.Status)
		}
	})
}

// FuzzDevice types any user code in, and polls with any device code: one that nobody was given finds
// nothing.
func FuzzDevice(f *testing.F) {
	w := newWorld(f)
	s := w.vendor(public, onDevices)
	d := w.device(s)
	f.Add("BCDF-GHJK", "x.y")
	f.Add(" bcdf ghjk ", d.Code+"A")
	f.Add("BCDFGHJKL", "")
	f.Add("\u017f\u212aCDFGHJ", "aaaaaaaa.AQ")
	f.Fuzz(func(t *testing.T, user, code string) {
		w.clock.move(1e12) // nobody has to wait, and nothing is in time any more
		if _, err := w.p.Device(t.Context(), user, home); !errors.Is(err, provider.ErrUserCode) {
			t.Errorf("%q: %v", user, err)
		}
		form := url.Values{"grant_type": {deviceGrant}, "device_code": {code}, "client_id": {string(s.ID)}}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/oauth/token", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		a := read(w.do(r))
		if a.Status != http.StatusBadRequest || a.Access != "" {
			t.Errorf("%q: %d", code, a.Status)
		}
	})
}
