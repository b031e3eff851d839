package api

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"
)

func TestClientAddr_forwardedHeader_isBelievedOnlyFromTrustedProxies(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, c := range []struct{ name, peer, header, want string }{
		{"no proxy", "192.0.2.7:999", "", "192.0.2.7:999"},
		{"a stranger's header", "192.0.2.7:999", "198.51.100.1", "192.0.2.7:999"},
		{"one proxy", "10.1.1.1:999", "198.51.100.1", "198.51.100.1:0"},
		{"a proxy over IPv6", "[::1]:999", "2001:db8::5", "[2001:db8::5]:0"},
		{"a chain of proxies", "10.1.1.1:999", "198.51.100.1, 10.2.2.2", "198.51.100.1:0"},
		{"an invented start of the chain", "10.1.1.1:999", "203.0.113.9, 198.51.100.1", "198.51.100.1:0"},
		{"nonsense", "10.1.1.1:999", "nonsense", "10.1.1.1:999"},
		{"nothing but proxies", "10.1.1.1:999", "10.2.2.2", "10.1.1.1:999"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = c.peer
			if c.header != "" {
				r.Header.Set("X-Forwarded-For", c.header)
			}
			if got := clientAddr(r, trusted); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// world is the middleware around a handler, with what it counted and logged.
type world struct {
	handler http.Handler
	counted []string
	log     strings.Builder
}

func around(t *testing.T, h http.HandlerFunc) *world {
	t.Helper()
	w := &world{}
	router := mux.NewRouter()
	router.HandleFunc("/connections/{grant}", h)
	root := http.NewServeMux()
	root.Handle("/", router)
	o := &Options{
		Observe: func(route, method string, _ int, _ time.Duration) { w.counted = append(w.counted, method+" "+route) },
		Now:     time.Now, Log: slog.New(slog.NewTextHandler(&w.log, nil)),
	}
	router.Use(named)
	w.handler = o.middleware(root)
	return w
}

func (w *world) get(method, path string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, httptest.NewRequest(method, path, nil))
	return rec
}

func TestMiddleware_countsByPattern_neverById(t *testing.T) {
	w := around(t, func(http.ResponseWriter, *http.Request) {})
	w.get(http.MethodGet, "/connections/marker")
	w.get("MARKER", "/connections/marker")
	w.get(http.MethodGet, "/somewhere/marker")
	if all := strings.Join(w.counted, "\n"); strings.Contains(strings.ToLower(all), "marker") || !strings.Contains(all, "GET /connections/{grant}") {
		t.Errorf("counted %q", all)
	}
}

func TestMiddleware_panic_answersAProblemAndTellsNothing(t *testing.T) {
	w := around(t, func(http.ResponseWriter, *http.Request) { panic("marker: anna@example.org") })
	rec := w.get(http.MethodGet, "/connections/x")
	if rec.Code != http.StatusInternalServerError || rec.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s", rec.Code, rec.Header().Get("Content-Type"))
	}
	if strings.Contains(rec.Body.String()+w.log.String(), "anna@example.org") {
		t.Error("what panicked was told")
	}
	if !strings.Contains(w.log.String(), "panic") {
		t.Error("the panic was not logged")
	}
}

func TestMethods_listsWhatThePathTakes(t *testing.T) {
	router := mux.NewRouter()
	nothing := func(http.ResponseWriter, *http.Request) {}
	router.HandleFunc("/grants/{grant}", nothing).Methods(http.MethodGet)
	router.HandleFunc("/grants/{grant}", nothing).Methods(http.MethodDelete)
	router.HandleFunc("/grants", nothing).Methods(http.MethodPost)
	r := httptest.NewRequest("MADEUP", "/grants/x", nil)
	if got := methods(router, r); got != "GET, DELETE" || r.Method != "MADEUP" {
		t.Errorf("got %q, and the request became %s", got, r.Method)
	}
}
