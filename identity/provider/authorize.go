package provider

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
)

// maxRequest bounds all parameters of an authorization request together, in bytes: what is accepted
// must still fit into an address once it is sealed.
const maxRequest = 16 << 10

// Codes of the error page, for what must not become a redirect.
const (
	pageMalformed = "authorize-malformed"
	pageTooLarge  = "authorize-too-large"
	pageVendor    = "vendor-unknown"
	pageRedirect  = "redirect-mismatch"
	pageFailed    = "internal"
)

// authorize takes an authorization request (OpenID Connect Core 3.1.2.1). Until the vendor and its
// address are known to be right, mistakes are shown to the customer; from then on they go to the
// vendor. A valid request is sealed and taken to the page that continues, which a returning customer
// gets at once.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	form, status, code := authorizeForm(w, r)
	var v identity.Vendor
	if code == "" {
		v, status, code = p.asker(r, form)
	}
	var to onward
	switch {
	case code != "":
	case len(form["request_uri"]) == 1 && strings.HasPrefix(form.Get("request_uri"), pushedPrefix):
		to, status, code = p.answerPushed(r, v, form.Get("request_uri"))
	default:
		to, status, code = p.answerRequest(r, v, form)
	}
	switch {
	case code != "":
		p.o.ErrorPage(w, r, status, code)
	case to.address == "":
		if state := to.next.Ending.state; state != "" && p.o.Restate != nil {
			p.o.Restate(w, r, state, to.session.Expires)
		}
		p.o.Resume(w, r, to.flow, to.session, to.next)
	default:
		redirectTo(w, to.address)
	}
}

// onward is where a request leads: to an address, or without one to the page that goes on under a
// grant in force.
type onward struct {
	address string
	flow    string // empty with an ending, which needs none
	session identity.Session
	next    Next
}

// authorizeForm reads the parameters of a GET or a POST.
func authorizeForm(w http.ResponseWriter, r *http.Request) (form url.Values, status int, code string) {
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	}
	err := r.ParseForm()
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge) || size(r.Form) > maxRequest:
		return nil, http.StatusRequestEntityTooLarge, pageTooLarge
	case err != nil:
		return nil, http.StatusBadRequest, pageMalformed
	}
	return r.Form, 0, ""
}

func size(form url.Values) int {
	n := 0
	for name, values := range form {
		for _, v := range values {
			n += len(name) + len(v)
		}
	}
	return n
}

// asker finds the vendor that a request comes from.
func (p *Provider) asker(r *http.Request, form url.Values) (v identity.Vendor, status int, code string) {
	if len(form["client_id"]) > 1 || len(form["redirect_uri"]) > 1 {
		return identity.Vendor{}, http.StatusBadRequest, pageMalformed
	}
	v, err := p.vendor(r.Context(), id.Client(form.Get("client_id")))
	if err == nil {
		err = named(v, id.Client(form.Get("client_id")))
	}
	switch {
	case errors.Is(err, identity.ErrNoVendor):
		return identity.Vendor{}, http.StatusBadRequest, pageVendor
	case err != nil:
		p.o.Log.ErrorContext(r.Context(), "provider failed", "doing", "find vendor", "error", err)
		return identity.Vendor{}, http.StatusInternalServerError, pageFailed
	}
	return v, 0, ""
}

// answerRequest gives the address to go to: the page that continues, or the vendor with an error. The
// address to answer to must be one that the vendor registered, letter by letter: the one in the
// request object, where there is one.
func (p *Provider) answerRequest(r *http.Request, v identity.Vendor, outside url.Values) (to onward, status int, code string) {
	form, wrong := p.requested(r.Context(), v, outside)
	if wrong != nil {
		form = outside
	}
	if !v.Redirects(form.Get("redirect_uri")) {
		return onward{}, http.StatusBadRequest, pageRedirect
	}
	if wrong == nil && v.Protocol.RequirePushed {
		wrong = failure(errInvalidRequest, "this client must push its requests")
	}
	var q request
	if wrong == nil {
		q, wrong = p.readRequest(r.Context(), v, form)
	}
	if wrong != nil {
		return onward{address: p.response(replyToForm(v, form), wrong)}, 0, ""
	}
	return p.proceed(r, v, q), 0, ""
}

// proceed gives where a valid request leads from here.
func (p *Provider) proceed(r *http.Request, v identity.Vendor, q request) onward {
	if q.wantsLogin() {
		if s, err := p.o.Session(r); err == nil {
			q.Seen = loginOf(s)
		}
	}
	if q.prompts(promptNone) {
		if refused := p.refuseSilently(r, v, q); refused != "" {
			return onward{address: refused}
		}
	}
	to, ok := p.atOnce(r, v, q)
	if ok && !to.next.Ending.IsZero() {
		return to
	}
	flow, err := p.sealFlow(q)
	switch {
	case err != nil || len(flow) > maxFlow:
		return onward{address: p.response(replyTo(v, q), failure(errInvalidRequest, "the request is too large"))}
	case ok:
		to.flow = flow
		return to
	}
	return onward{address: p.o.ContinuePath + "?flow=" + flow}
}

// againParameter is what the page that goes on puts behind the request when it could not: the request
// comes again, and takes the way by another address.
const againParameter = "again"

// atOnce spares a browser that comes back the way by another address, when all it needs is the page
// that goes on. Programs, which do not say that they navigate, and frames are sent there as before.
func (p *Provider) atOnce(r *http.Request, v identity.Vendor, q request) (onward, bool) {
	if p.o.Resume == nil || r.Method != http.MethodGet || r.Form.Has(againParameter) ||
		r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document" {
		return onward{}, false
	}
	s, err := p.o.Session(r)
	if err != nil {
		return onward{}, false
	}
	visit, err := p.visitOf(v, q)
	if err != nil {
		return onward{}, false
	}
	next, err := p.next(r.Context(), visit, &s)
	if err != nil || next.Step != StepResume {
		return onward{}, false // the page that continues says what it is
	}
	next.Ending = p.ending(visit, s, *next.Grant, next.claims)
	return onward{session: s, next: next}, true
}

// refuseSilently answers prompt=none at once where no page could make a difference; the empty answer
// means that one can.
func (p *Provider) refuseSilently(r *http.Request, v identity.Vendor, q request) string {
	visit, err := p.visitOf(v, q)
	if err != nil {
		return p.response(replyTo(v, q), failure(errInvalidRequest, "what is asked cannot be shown"))
	}
	var session *identity.Session
	if s, err := p.o.Session(r); err == nil {
		session = &s
	}
	if session == nil && r.Method == http.MethodPost {
		return "" // a browser sends no cookie with another site's form: it does with the next step
	}
	next, err := p.next(r.Context(), visit, session)
	if err != nil {
		p.o.Log.ErrorContext(r.Context(), "provider failed", "doing", "answer silently", "error", err)
		return p.response(replyTo(v, q), failure(errServer, ""))
	}
	return next.Redirect
}

// stateOf is the state to send back; of a request with two of them, none is.
func stateOf(form url.Values) string {
	if len(form["state"]) != 1 {
		return ""
	}
	return form.Get("state")
}
