package web

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/gorilla/mux"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/fault"
)

// apiBase is where the REST API is served; the pages' agent speaks to it.
const apiBase = "/api/v1"

// Options of New. All are needed.
type Options struct {
	Issuer   string // scheme and host: over https, cookies are sent over https alone
	Accounts *identity.Accounts
	Vendors  *identity.Vendors
	Consent  *consent.Engine
	Provider *provider.Provider
	Now      func() time.Time
	Log      *slog.Logger
	// Session says who is signed in in the browser that sends the request.
	Session func(*http.Request) (identity.Session, error)
}

// Web serves the pages. Its methods may be called from any goroutine.
type Web struct {
	o         Options
	secure    bool
	assets    *assets
	locales   locales
	templates templates
	onwards   onwards
}

// errOptions is a mistake in the wiring.
var errOptions = errors.New("web: issuer, accounts, vendors, consent, provider, clock, log and session are needed")

// New reads the templates, languages and static files that the program carries.
func New(o Options) (*Web, error) {
	if o.Accounts == nil || o.Vendors == nil || o.Consent == nil || o.Provider == nil || o.Now == nil || o.Log == nil || o.Session == nil {
		return nil, errOptions
	}
	issuer, err := url.Parse(o.Issuer)
	if err != nil || issuer.Host == "" {
		return nil, errOptions
	}
	w := &Web{o: o, secure: issuer.Scheme == "https"}
	if w.locales, err = newLocales(); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if w.templates, err = newTemplates(); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if w.assets, err = loadAssets(w.locales); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	return w, nil
}

// Register puts every page into the router.
func (w *Web) Register(r *mux.Router) {
	for path, show := range map[string]handler{
		"/":                    w.start,
		"/signup":              w.signUp,
		"/signin":              w.signIn,
		"/recover":             w.recover,
		"/unlock":              w.unlock,
		"/continue":            w.proceed,
		"/vault":               w.vault,
		"/vault/history":       w.history,
		"/vault/terms":         w.terms,
		"/connections":         w.connections,
		"/connections/{grant}": w.connection,
		"/pictures":            w.pictures,
		"/receipts":            w.receipts,
		"/receipts/{seq}":      w.receipt,
		"/export":              w.export,
		"/account":             w.account,
		"/signout":             w.signOut,
		"/signed-out":          w.signedOut,
	} {
		r.Handle(path, w.page(show)).Methods(http.MethodGet, http.MethodHead)
	}
	r.Handle("/device", w.page(w.device)).Methods(http.MethodGet, http.MethodHead, http.MethodPost)
	r.HandleFunc("/vendors/{client}/logo", w.logo).Methods(http.MethodGet, http.MethodHead)
	r.PathPrefix(staticPath).HandlerFunc(w.static).Methods(http.MethodGet, http.MethodHead)
	r.HandleFunc("/favicon.ico", w.favicon).Methods(http.MethodGet, http.MethodHead)
	r.HandleFunc("/robots.txt", w.robots).Methods(http.MethodGet, http.MethodHead)
}

// handler makes a page, or says why there is none.
type handler func(out http.ResponseWriter, r *http.Request) error

// page turns a handler's error into the page that says so, and logs what is our mistake.
func (w *Web) page(show handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if w.switchLanguage(out, r) {
			return
		}
		if err := show(out, r); err != nil {
			w.fail(out, r, err)
		}
	})
}

func (w *Web) fail(out http.ResponseWriter, r *http.Request, err error) {
	f := fault.Of(err)
	if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		w.o.Log.ErrorContext(r.Context(), "page failed", "problem", f.Code, "error", err)
	}
	w.Error(out, r, f.Kind.Status(), f.Code)
}

// newPage begins a page for a request; vendor are the languages that a vendor asks for.
func (w *Web) newPage(r *http.Request, name string, vendor ...string) page {
	return page{
		locale: w.locales.choose(r, vendor), Name: name, Theme: theme(r), here: r.URL,
		Locales: tags, Themes: []string{"", "light", "dark"}, assets: w.assets,
	}
}

// gpc is the statement that the Global Privacy Control is honoured (https://www.w3.org/TR/gpc/, 5): here
// nothing is sold or shared in any case, and the wish is recorded with each decision.
const gpc = `{"gpc":true,"lastUpdate":"2026-11-22"}` + "\n"

// Privacy serves that statement.
func (*Web) Privacy(out http.ResponseWriter, _ *http.Request) {
	secure(out.Header())
	out.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(out, gpc) // a program that is gone needs none
}

// ChangePassphrase leads password managers to where it is changed (https://www.w3.org/TR/change-password-url/).
func (*Web) ChangePassphrase(out http.ResponseWriter, r *http.Request) {
	secure(out.Header())
	http.Redirect(out, r, "/account#passphrase", http.StatusSeeOther)
}

// robots lets search engines have the start page: all others are somebody's own, or lead to such.
func (*Web) robots(out http.ResponseWriter, _ *http.Request) {
	out.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(out, "User-agent: *\nAllow: /$\nAllow: "+staticPath+"\nDisallow: /\n") // a program that is gone needs none
}

// static serves what has a hash in its name.
func (w *Web) static(out http.ResponseWriter, r *http.Request) {
	if !w.assets.serve(out, r) {
		w.Error(out, r, http.StatusNotFound, codeNotFound)
	}
}

// favicon is for browsers that ask without looking.
func (w *Web) favicon(out http.ResponseWriter, r *http.Request) {
	http.Redirect(out, r, w.assets.byName["seal.svg"].Path, http.StatusFound)
}
