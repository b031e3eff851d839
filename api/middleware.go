package api

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"

	"github.com/gorilla/mux"

	"github.com/meins-id/meins/api/rest"
	"github.com/meins-id/meins/internal/fault"
)

// maxBody is the most that any request may carry, in bytes.
const maxBody = 1 << 20

var errCrossOrigin = fault.New(fault.Denied, "cross-origin", "this call came from another site")

// middleware is what every request passes: the client's address, the body's limit, the headers that
// hold everywhere, the count, and the net below a panic.
func (o *Options) middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := o.Now()
		seen := &recorder{ResponseWriter: w}
		r.RemoteAddr = clientAddr(r, o.TrustedProxies)
		if r.Body != http.NoBody {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.TLS != nil {
			w.Header().Set("Strict-Transport-Security", "max-age=63072000")
		}
		defer func() {
			if p := recover(); p != nil {
				o.caught(seen, r, p)
			}
			o.Observe(route(r, seen), method(r), seen.code(), o.Now().Sub(started))
		}()
		next.ServeHTTP(seen, r)
	})
}

// caught answers after a panic. The stack is for the log; what panicked may quote a value, so only
// its type is told.
func (o *Options) caught(w *recorder, r *http.Request, p any) {
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	o.Log.ErrorContext(r.Context(), "panic", "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
	if w.status == 0 {
		rest.WriteProblem(w, fault.Of(errors.New("panic")))
	}
}

// sameOrigin refuses what a browser sends from another site (net/http.CrossOriginProtection:
// Sec-Fetch-Site, else Origin against Host). Programs send neither and pass.
func sameOrigin(next http.Handler) http.Handler {
	p := http.NewCrossOriginProtection()
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		rest.WriteProblem(w, errCrossOrigin)
	}))
	return p.Handler(next)
}

// clientAddr is the peer's address, or, when the peer is a trusted proxy, the last address in
// X-Forwarded-For that is not one. It is host:port; the port of a forwarded address is 0.
func clientAddr(r *http.Request, trusted []netip.Prefix) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !contains(trusted, peer.Addr()) {
		return r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		addr, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		if !contains(trusted, addr) {
			return net.JoinHostPort(addr.Unmap().String(), "0")
		}
	}
	return r.RemoteAddr
}

func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}

// route gives the pattern that a request met, so that no id becomes a metric's label.
func route(r *http.Request, seen *recorder) string {
	switch {
	case knownOAuth[r.URL.Path]:
		return r.URL.Path
	case seen.route != "":
		return seen.route
	case strings.HasPrefix(r.Pattern, "/") && r.Pattern != "/" && r.Pattern != rest.Base+"/":
		return r.Pattern
	}
	return "other"
}

// named notes the pattern that a router found, for the count: looking for it again would cost as much
// as finding it.
func named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if seen, ok := w.(*recorder); ok {
			if found := mux.CurrentRoute(r); found != nil {
				seen.route, _ = found.GetPathTemplate() // one without a template is other
			}
		}
		next.ServeHTTP(w, r)
	})
}

// knownOAuth are the OpenID Connect paths that are counted each for itself.
var knownOAuth = map[string]bool{
	"/oauth/authorize": true, "/oauth/token": true, "/oauth/userinfo": true, "/oauth/introspect": true,
	"/oauth/revoke": true, "/oauth/end_session": true, "/oauth/keys": true, "/oauth/par": true,
	"/oauth/register": true, "/oauth/device_authorization": true, "/oauth/response": true,
	"/oauth/check_session": true, "/.well-known/openid-configuration": true, "/.well-known/oauth-authorization-server": true,
}

// method keeps invented methods out of the metrics.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}

// recorder remembers the status for the count.
type recorder struct {
	http.ResponseWriter
	status int
	route  string
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *recorder) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}
