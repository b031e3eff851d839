package api

import (
	"context"
	_ "embed"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/meins-id/meins/api/reference"
	"github.com/meins-id/meins/api/rest"
	"github.com/meins-id/meins/api/web"
	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/signal"
)

// Options of New. All but TrustedProxies are needed.
type Options struct {
	Provider       http.Handler                // OpenID Connect
	REST           *rest.REST                  // the consent API
	Pages          *web.Web                    // what customers see
	Reference      *reference.Reference        // what developers read of the API
	Ready          func(context.Context) error // whether requests can be answered
	TrustedProxies []netip.Prefix              // whose X-Forwarded-For is believed
	// Observe counts one answered request, by route pattern: never by path.
	Observe func(route, method string, status int, took time.Duration)
	Now     func() time.Time
	Log     *slog.Logger
}

// Description is openapi.yaml, which says what every call takes and answers.
//
//go:embed openapi.yaml
var Description []byte

var errNoRoute = fault.New(fault.NotFound, "route-unknown", "there is no such call")

// New routes every request. This is the whole map:
//
//	/.well-known/openid-configuration         metadata          identity/provider
//	/.well-known/oauth-authorization-server   the same          identity/provider
//	/.well-known/ssf-configuration            of events         api/rest/ssf.go
//	/.well-known/gpc.json                     of privacy        api/web/web.go
//	/.well-known/change-password              for managers      api/web/web.go
//	/oauth/…                                  OpenID Connect    identity/provider/http.go lists them
//	/api/v1/…                                 consent REST API  api/openapi.yaml lists them
//	/api/openapi.json, /api/docs              its description   api/reference
//	/healthz, /readyz                         for monitoring
//	everything else                           pages, static     api/web/web.go lists them
func New(o Options) http.Handler {
	calls := mux.NewRouter()
	calls.Use(named)
	o.REST.Register(calls)
	calls.NotFoundHandler = http.HandlerFunc(noCall)
	calls.MethodNotAllowedHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest.WriteMethodProblem(w, methods(calls, r))
	})

	pages := mux.NewRouter()
	pages.Use(named)
	o.Pages.Register(pages)
	pages.NotFoundHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.Pages.Error(w, r, http.StatusNotFound, "page-unknown")
	})
	pages.MethodNotAllowedHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", methods(pages, r))
		o.Pages.Error(w, r, http.StatusMethodNotAllowed, "method-unknown")
	})

	root := http.NewServeMux()
	root.Handle("/.well-known/", o.Provider)
	root.Handle("/.well-known/gpc.json", reading(o.Pages.Privacy))
	root.Handle("/.well-known/change-password", reading(o.Pages.ChangePassphrase))
	root.HandleFunc("GET "+signal.PathMetadata, o.REST.SignalMetadata)
	root.Handle("/oauth/", o.Provider) // vendors call it from their own origins
	root.Handle(rest.Base+"/", sameOrigin(calls))
	root.Handle(reference.PathDocument, reading(o.Reference.Document))
	root.Handle(reference.PathPage, reading(o.Reference.Page))
	root.Handle(reference.PathStyle, reading(o.Reference.Style))
	root.Handle("/healthz", reading(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	root.Handle("/readyz", reading(o.ready))
	root.Handle("/", pages)
	return o.middleware(&front{o.Provider, root})
}

// front takes what vendors call past the multiplexer, which would come to the same provider more slowly.
type front struct{ provider, others http.Handler }

// ServeHTTP implements http.Handler.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if knownOAuth[r.URL.Path] {
		f.provider.ServeHTTP(w, r)
		return
	}
	f.others.ServeHTTP(w, r)
}

func noCall(w http.ResponseWriter, _ *http.Request) { rest.WriteProblem(w, errNoRoute) }

// methods lists what a path that a router knows can be asked for with (RFC 9110, 10.2.1).
func methods(router *mux.Router, r *http.Request) string {
	var taken []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other, m := *r, mux.RouteMatch{}
		if other.Method = method; router.Match(&other, &m) && m.MatchErr == nil {
			taken = append(taken, method)
		}
	}
	return strings.Join(taken, ", ")
}

// reading answers those who ask, and takes nothing.
func reading(answer http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			rest.WriteMethodProblem(w, "GET, HEAD")
			return
		}
		answer(w, r)
	})
}

func (o *Options) ready(w http.ResponseWriter, r *http.Request) {
	if err := o.Ready(r.Context()); err != nil {
		o.Log.WarnContext(r.Context(), "not ready", "error", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
