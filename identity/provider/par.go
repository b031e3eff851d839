package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/meins-id/meins/identity"
)

// pathPushed is where a vendor leaves an authorization request before it sends a customer (RFC 9126).
const pathPushed = "/oauth/par"

const (
	// purposePushed keeps pushed requests apart from all other blobs.
	purposePushed = "pushed"
	// pushedPrefix begins every request_uri that is ours.
	pushedPrefix = "urn:ietf:params:oauth:request_uri:"
	// pushedLifetime is how long a browser may take from the vendor to here.
	pushedLifetime = 90 * time.Second
)

var (
	errPushed     = errors.New("not a request that was pushed here")
	errPushedLate = errors.New("the pushed request has expired")
)

// pushedAnswer is the answer of RFC 9126, 2.2.
type pushedAnswer struct {
	URI     string `json:"request_uri"`
	Expires int64  `json:"expires_in"`
}

// servePushed takes a request from the vendor itself.
func (p *Provider) servePushed(w http.ResponseWriter, r *http.Request) {
	p.offerNonce(w, r)
	answer, err := p.push(r)
	var body []byte
	if err == nil {
		body, err = json.Marshal(answer)
	}
	if err != nil {
		p.translate(r.Context(), "take a pushed request", err).write(w, challengeClient)
		return
	}
	writeJSON(w, http.StatusCreated, body)
}

// push checks a request as the authorization endpoint would, and gives it back sealed: whoever holds
// the name of a pushed request holds the request, and nothing is written.
func (p *Provider) push(r *http.Request) (pushedAnswer, error) {
	form := r.PostForm
	pr, err := p.readProof(r, pathPushed, "")
	if err != nil {
		return pushedAnswer{}, err
	}
	v, err := p.identify(r.Context(), r.Header, form)
	if err != nil {
		return pushedAnswer{}, err
	}
	if err := demandsStrength(v, pr); err != nil {
		return pushedAnswer{}, err
	}
	if form.Has("request_uri") {
		return pushedAnswer{}, refuseRequest("request_uri does not belong into a pushed request")
	}
	q, wrong := p.readPushed(r.Context(), v, form)
	if wrong != nil {
		return pushedAnswer{}, refuseOutcome(wrong)
	}
	if !pr.none() { // RFC 9449, 10.1: the proof binds the code like dpop_jkt, and both must agree
		if q.Thumbprint != "" && q.Thumbprint != pr.thumbprint {
			return pushedAnswer{}, refuseProof("dpop_jkt is not the key of the DPoP proof")
		}
		q.Thumbprint = pr.thumbprint
	}
	q.Pushed = tokenID()
	plaintext, err := json.Marshal(q)
	if err != nil {
		return pushedAnswer{}, err
	}
	kid, box := p.o.Keys.Flow()
	uri := pushedPrefix + sealBlob(kid, box, purposePushed, plaintext)
	if len(uri) > maxRequest-len(v.ID)-len("client_idrequest_uri") {
		return pushedAnswer{}, refuse(http.StatusRequestEntityTooLarge, oidc.ErrInvalidRequest(), "the request is too large")
	}
	return pushedAnswer{URI: uri, Expires: int64(pushedLifetime / time.Second)}, nil
}

// readPushed reads the request itself, out of an object when there is one.
func (p *Provider) readPushed(ctx context.Context, v identity.Vendor, form url.Values) (request, outcome) {
	form, wrong := p.requested(ctx, v, form)
	if wrong != nil {
		return request{}, wrong
	}
	if !v.Redirects(form.Get("redirect_uri")) {
		return request{}, failure(errInvalidRequest, "redirect_uri is not registered")
	}
	return p.readRequest(ctx, v, form)
}

// requested gives the parameters that count: those of the request object, which may stand at an address,
// or, when there is none and the vendor need not sign, the form's.
func (p *Provider) requested(ctx context.Context, v identity.Vendor, form url.Values) (url.Values, outcome) {
	switch {
	case len(form["request"]) > 1:
		return nil, failure(errInvalidRequest, "a parameter is repeated")
	case len(form["request_uri"]) > 1 || form.Get("request_uri") != "":
		return p.requestAt(ctx, v, form)
	case form.Get("request") != "":
		return p.openRequest(ctx, v, form.Get("request"))
	case v.Protocol.RequireSigned:
		return nil, failure(errInvalidRequest, "this client must sign its requests")
	}
	return form, nil
}

// refuseOutcome is an outcome for the vendor itself, which there is no browser to take to.
func refuseOutcome(o outcome) error {
	values, answer := url.Values(o), &oidc.Error{}
	setText(&answer.ErrorType, values.Get("error"))
	return refuse(http.StatusBadRequest, answer, values.Get("error_description"))
}

// setText sets a text of a type that the library does not name.
func setText[T ~string](to *T, text string) { *to = T(text) }

// openPushed reverses push. A request that is too old comes with errPushedLate: where to say so, it
// still knows.
func (p *Provider) openPushed(uri string) (request, error) {
	text, ok := strings.CutPrefix(uri, pushedPrefix)
	if !ok {
		return request{}, errPushed
	}
	plaintext, err := openBlob(text, purposePushed, p.o.Keys.FlowByID)
	if err != nil {
		return request{}, errPushed
	}
	var q request
	if err := json.Unmarshal(plaintext, &q); err != nil {
		return request{}, errPushed // the cause would quote the request
	}
	if age := p.o.Now().Sub(q.Issued); age >= pushedLifetime || age < -clockSkew {
		return q, errPushedLate
	}
	return q, nil
}

// answerPushed gives the address to go to for a request that was pushed before. Nothing beside it
// counts but who sends it (RFC 9126, 4).
func (p *Provider) answerPushed(r *http.Request, v identity.Vendor, uri string) (to onward, status int, code string) {
	q, err := p.pushed(r.Context(), uri)
	switch {
	case err != nil && !errors.Is(err, errPushed) && !errors.Is(err, errPushedLate):
		p.o.Log.ErrorContext(r.Context(), "provider failed", "doing", "look for a pushed request", "error", err)
		return onward{}, http.StatusInternalServerError, pageFailed
	case errors.Is(err, errPushed) || q.Client != v.ID:
		return onward{}, http.StatusBadRequest, pageMalformed
	}
	if !v.Redirects(q.RedirectURI) {
		return onward{}, http.StatusBadRequest, pageRedirect
	}
	if err == nil {
		var used bool
		if used, err = p.records.Used(r.Context(), oncePushed+q.Pushed); used && err == nil {
			err = errUsed
		}
	}
	switch {
	case errors.Is(err, errPushedLate), errors.Is(err, errUsed):
		return onward{address: p.response(replyTo(v, q), failure(errInvalidURI, "the pushed request has expired or was answered"))}, 0, ""
	case err != nil:
		p.o.Log.ErrorContext(r.Context(), "provider failed", "doing", "look for a pushed request", "error", err)
		return onward{address: p.response(replyTo(v, q), failure(errServer, ""))}, 0, ""
	}
	q.Issued = p.o.Now()
	return p.proceed(r, v, q), 0, ""
}

// unanswered refuses a pushed request that was answered before, so that nothing comes of it again: no
// grant that takes the place of the first, and no record of a refusal.
func (p *Provider) unanswered(ctx context.Context, q request) error {
	if q.Pushed == "" {
		return nil
	}
	used, err := p.records.Used(ctx, oncePushed+q.Pushed)
	if err != nil {
		return fmt.Errorf("look for a pushed request: %w", err)
	}
	if used {
		return ErrFlow.Because(errUsed)
	}
	return nil
}

// spend notes that a pushed request has been answered: it cannot be answered again.
func (p *Provider) spend(ctx context.Context, q request) error {
	if q.Pushed == "" {
		return nil
	}
	err := p.records.UseOnce(ctx, oncePushed+q.Pushed, q.lastUse())
	if errors.Is(err, errUsed) {
		return ErrFlow.Because(err)
	}
	return err
}
