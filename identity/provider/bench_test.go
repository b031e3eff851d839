package provider_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
)

// sink is a response that keeps nothing but its status.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header { return s.header }
func (s *sink) WriteHeader(status int) {
	s.status = status
}

func (s *sink) Write(p []byte) (int, error) {
	if s.status == 0 {
		s.status = http.StatusOK
	}
	return len(p), nil
}

// serve measures a handler with the same request again and again, network apart.
func serve(b *testing.B, h http.Handler, method, path string, header http.Header, body []byte) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		r, err := http.NewRequestWithContext(b.Context(), method, path, io.NopCloser(bytes.NewReader(body)))
		if err != nil {
			b.Fatal(err)
		}
		r.Header = header
		w := &sink{header: http.Header{}}
		h.ServeHTTP(w, r)
		if w.status >= 300 {
			b.Fatalf("status %d", w.status)
		}
	}
}

// holding is a world with a vendor that holds tokens for four claims.
func holding(b *testing.B) (*world, shop, answer) {
	b.Helper()
	w := newWorld(b)
	s, c := w.vendor(), w.customer()
	code, _ := c.approve(s.request("openid email address offline_access"), "email", "email_verified", "address")
	return w, s, w.exchange(s, code)
}

func formHeader(s shop) http.Header {
	r := http.Request{Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}}
	r.SetBasicAuth(url.QueryEscape(string(s.ID)), url.QueryEscape(s.secret))
	return r.Header
}

// BenchmarkBare is what the others compare with: a handler that returns the same JSON as UserInfo.
func BenchmarkBare(b *testing.B) {
	w, _, a := holding(b)
	body := []byte(w.userinfo(a.Access).Body)
	bare := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		_, _ = rw.Write(body)
	})
	serve(b, bare, http.MethodGet, "/", http.Header{}, nil)
}

func BenchmarkUserInfo(b *testing.B) {
	w, _, a := holding(b)
	serve(b, w.http, http.MethodGet, "/oauth/userinfo", http.Header{"Authorization": {"Bearer " + a.Access}}, nil)
}

func BenchmarkIntrospect(b *testing.B) {
	w, s, a := holding(b)
	serve(b, w.http, http.MethodPost, "/oauth/introspect", formHeader(s), []byte(url.Values{"token": {a.Access}}.Encode()))
}

func BenchmarkClientCredentials(b *testing.B) {
	w, s, _ := holding(b)
	serve(b, w.http, http.MethodPost, "/oauth/token", formHeader(s), []byte("grant_type=client_credentials"))
}

// BenchmarkCodeExchange redeems codes that were made beforehand, with the commit that marks each.
func BenchmarkCodeExchange(b *testing.B) {
	for _, algorithm := range []string{"ES256", "RS256"} {
		b.Run(algorithm, func(b *testing.B) {
			w := newWorld(b)
			s, c := w.vendor(func(v *identity.Vendor) { v.SigningAlg = algorithm }), w.customer()
			q := s.request("openid email offline_access")
			_, grant := c.approve(q, "email")
			flow := w.flow(q)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				address, err := w.p.Resume(b.Context(), c.session, flow, grant, c.grants[grant])
				w.must(err)
				form := codeForm(parameter(b, address, "code"), s)
				b.StartTimer()
				if a := w.post("/oauth/token", s, form); a.Status != http.StatusOK {
					b.Fatal(a.Body)
				}
			}
		})
	}
}

func BenchmarkRefresh(b *testing.B) {
	w, s, a := holding(b)
	b.ReportAllocs()
	for b.Loop() {
		if a = w.post("/oauth/token", s, refreshForm(a.Refresh)); a.Status != http.StatusOK {
			b.Fatal(a.Body)
		}
	}
}

// BenchmarkReturnVisit is the whole code flow of a customer whose grant is in force.
func BenchmarkReturnVisit(b *testing.B) {
	w := newWorld(b)
	s, c := w.vendor(), w.customer()
	q := s.request("openid email")
	_, grant := c.approve(q, "email")
	b.ReportAllocs()
	for b.Loop() {
		flow := w.flow(q)
		next, err := w.p.Next(b.Context(), flow, &c.session)
		w.must(err)
		address, err := w.p.Resume(b.Context(), c.session, flow, next.Grant.ID, c.grants[grant])
		w.must(err)
		a := w.exchange(s, parameter(b, address, "code"))
		if info := w.userinfo(a.Access); info.Status != http.StatusOK {
			b.Fatal(info.Body)
		}
	}
}

// BenchmarkParallelUserInfo is UserInfo with many callers at once.
func BenchmarkParallelUserInfo(b *testing.B) {
	w, _, a := holding(b)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/oauth/userinfo", nil)
			r.Header.Set("Authorization", "Bearer "+a.Access)
			out := &sink{header: http.Header{}}
			w.http.ServeHTTP(out, r)
			if out.status != http.StatusOK {
				b.Errorf("status %d", out.status)
			}
		}
	})
}

// BenchmarkThroughLibrary is the same by the library's HTTP layer: why these are served without it.
func BenchmarkThroughLibrary(b *testing.B) {
	w, s, a := holding(b)
	h := provider.ThroughLibrary(w.p)
	b.Run("UserInfo", func(b *testing.B) {
		serve(b, h, http.MethodGet, "/oauth/userinfo", http.Header{"Authorization": {"Bearer " + a.Access}}, nil)
	})
	b.Run("ClientCredentials", func(b *testing.B) {
		serve(b, h, http.MethodPost, "/oauth/token", formHeader(s), []byte("grant_type=client_credentials"))
	})
	b.Run("Introspect", func(b *testing.B) {
		serve(b, h, http.MethodPost, "/oauth/introspect", formHeader(s), []byte(url.Values{"token": {a.Access}}.Encode()))
	})
}
