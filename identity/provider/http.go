package provider

import (
	"errors"
	"mime"
	"net/http"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// maxForm is the largest body in bytes; a token, an assertion and the rest fit many times.
const maxForm = 64 << 10

// Challenges of 401 and 403.
const (
	challengeClient = `Basic realm="meins"`
	challengeBearer = `Bearer realm="meins"` //nolint:gosec // G101: a scheme
)

// routes are all addresses, exactly.
type routes map[string]http.Handler

// ServeHTTP implements http.Handler.
func (rt routes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h, ok := rt[r.URL.Path]; ok {
		h.ServeHTTP(w, r)
		return
	}
	http.NotFound(w, r)
}

// routes says who answers what. Programs of any origin may call what needs no cookie; nothing takes
// credentials from a browser across origins.
func (p *Provider) routes() http.Handler {
	library := challenged(p.library())
	page := func(h http.HandlerFunc) http.Handler { return only(h, http.MethodGet, http.MethodPost) }
	read := func(h http.Handler) http.Handler { return shared(only(h, http.MethodGet, http.MethodHead)) }
	return routes{
		pathDiscovery:  read(library),
		pathMetadata:   read(as(pathDiscovery, library)),
		pathKeys:       read(library),
		pathAuthorize:  page(p.authorize),
		pathEndSession: page(p.endSession),
		pathToken:      shared(form(http.HandlerFunc(p.serveToken))),
		pathRevoke:     shared(form(identified(library))),
		pathIntrospect: form(http.HandlerFunc(p.serveIntrospect)),
		pathPushed:     shared(form(http.HandlerFunc(p.servePushed))),
		pathDevice:     shared(form(http.HandlerFunc(p.serveDevice))),
		pathResponse:   only(http.HandlerFunc(p.serveResponse), http.MethodGet),
		pathPoster:     only(http.HandlerFunc(servePoster), http.MethodGet),
		pathGoodbye:    only(http.HandlerFunc(p.serveGoodbye), http.MethodGet),
		pathFrame:      only(http.HandlerFunc(p.serveFrame), http.MethodGet, http.MethodHead),
		pathWatcher:    only(http.HandlerFunc(serveWatcher), http.MethodGet, http.MethodHead),
		pathInitiate:   only(http.HandlerFunc(p.initiate), http.MethodGet),
		pathRegister:   only(http.HandlerFunc(p.serveRegister), http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete),
		pathUserInfo:   shared(only(http.HandlerFunc(p.serveUserInfo), http.MethodGet, http.MethodPost)),
	}
}

// only admits these methods.
func only(next http.Handler, methods ...string) http.Handler {
	allow := methods[0]
	for _, m := range methods[1:] {
		allow += ", " + m
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, m := range methods {
			if r.Method == m {
				next.ServeHTTP(w, r)
				return
			}
		}
		w.Header().Set("Allow", allow)
		r405 := &refusal{http.StatusMethodNotAllowed, oidc.ErrInvalidRequest().WithDescription("this method is not supported")}
		r405.write(w, "")
	})
}

// shared opens an endpoint to scripts of every origin, without cookies.
func shared(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		if r.Header["Origin"] != nil { // who is not a script has no use for it
			h.Set("Access-Control-Expose-Headers", "DPoP-Nonce, WWW-Authenticate")
		}
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			h.Set("Access-Control-Allow-Methods", "GET, POST")
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP")
			h.Set("Access-Control-Max-Age", "3600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// as lets a handler answer as if another path had been asked for.
func as(path string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		other := *r
		address := *r.URL
		address.Path, address.RawPath = path, ""
		other.URL = &address
		next.ServeHTTP(w, &other)
	})
}

// form admits a POST with a form in the body, each name once, and nothing in the query: the library
// would take a GET and parameters from the address too, where they end up in logs.
func form(next http.Handler) http.Handler {
	return only(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Pragma", "no-cache")
		if wrong := readForm(w, r); wrong != nil {
			wrong.write(w, "")
			return
		}
		next.ServeHTTP(w, r)
	}), http.MethodPost)
}

func readForm(w http.ResponseWriter, r *http.Request) *refusal {
	wrong := func(status int, text string) *refusal {
		return &refusal{status, oidc.ErrInvalidRequest().WithDescription("%s", text)}
	}
	if r.URL.RawQuery != "" {
		return wrong(http.StatusBadRequest, "parameters belong into the body")
	}
	if !isForm(r.Header.Get("Content-Type")) {
		return wrong(http.StatusBadRequest, "the body must be a form")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	err := r.ParseForm()
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return wrong(http.StatusRequestEntityTooLarge, "the body is too large")
	}
	if err != nil {
		return wrong(http.StatusBadRequest, "the body is malformed")
	}
	for name, values := range r.PostForm {
		if len(values) > 1 && name != "resource" { // RFC 8707, 2
			return wrong(http.StatusBadRequest, "a parameter is repeated")
		}
	}
	return nil
}

const formType = "application/x-www-form-urlencoded"

func isForm(contentType string) bool {
	if contentType == formType {
		return true
	}
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && kind == formType
}

// identified refuses malformed client authentication before the library does so with another status.
func identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := credentialsOf(r.Header, r.PostForm)
		var wrong *refusal
		if errors.As(err, &wrong) {
			wrong.write(w, challengeClient)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// challenged adds the challenge that a 401 must have (RFC 9110, 11.6.1; RFC 6749, 5.2).
func challenged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(challenger{w}, r)
	})
}

type challenger struct{ http.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (c challenger) WriteHeader(status int) {
	if status == http.StatusUnauthorized {
		c.Header().Set("WWW-Authenticate", challengeClient)
	}
	c.ResponseWriter.WriteHeader(status)
}
