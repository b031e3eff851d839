package provider

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/vault"
)

// Error codes that the library has no constructor for.
const (
	codeInvalidToken      = "invalid_token"
	codeInsufficientScope = "insufficient_scope"
)

// refusal is an answer that a standard names, and its status. Its text is ours and fixed: nothing
// that came with the request is repeated in it.
type refusal struct {
	status int
	answer *oidc.Error
}

func (r *refusal) Error() string { return r.answer.Error() }

func refuse(status int, answer *oidc.Error, text string) error {
	answer.Description = text
	return &refusal{status, answer}
}

func refuseRequest(text string) error {
	return refuse(http.StatusBadRequest, oidc.ErrInvalidRequest(), text)
}

func invalidRequest(text string) *oidc.Error {
	return oidc.ErrInvalidRequest().WithDescription("%s", text)
}

func refuseGrant(text string) error {
	return refuse(http.StatusBadRequest, oidc.ErrInvalidGrant(), text)
}

func refuseScope(text string) error {
	return refuse(http.StatusBadRequest, oidc.ErrInvalidScope(), text)
}

// refuseClient is the one answer to an unknown vendor, a wrong secret and a wrong method alike.
func refuseClient() error {
	return refuse(http.StatusUnauthorized, oidc.ErrInvalidClient(), "client authentication is refused")
}

func refuseGrantType() error {
	return refuse(http.StatusBadRequest, oidc.ErrUnauthorizedClient(), "this client may not use this grant type")
}

// refuseToken is for a bearer token that is wrong, over, or withdrawn: nothing tells them apart.
func refuseToken() error {
	return refuse(http.StatusUnauthorized, &oidc.Error{ErrorType: codeInvalidToken}, "the access token is invalid, has expired or was withdrawn")
}

func refuseTokenScope() error {
	return refuse(http.StatusForbidden, &oidc.Error{ErrorType: codeInsufficientScope}, "the access token was not issued for this")
}

// translate turns every error into a refusal. The library shows the text of errors that are not its
// own, so whatever has no answer of its own is logged here, once, and becomes a server_error that
// says nothing.
func (p *Provider) translate(ctx context.Context, doing string, err error) *refusal {
	var r *refusal
	if errors.As(err, &r) {
		return r
	}
	if ctx.Err() == nil { // who went away needs no answer, and no alarm
		p.o.Log.ErrorContext(ctx, "provider failed", "doing", doing, "error", err)
	}
	status := http.StatusInternalServerError
	if fault.Of(err).Kind == fault.Unavailable {
		status = http.StatusServiceUnavailable
	}
	return &refusal{status, oidc.ErrServerError()}
}

// respond is the boundary to the library: an answer, or an error that it may show.
func (p *Provider) respond(ctx context.Context, doing string, data any, err error) (*op.Response, error) {
	if err != nil {
		r := p.translate(ctx, doing, err)
		return nil, op.NewStatusError(r.answer, r.status)
	}
	return &op.Response{Data: data}, nil
}

// ended says that a grant does not serve, or no longer.
func ended(err error) bool {
	return errors.Is(err, consent.ErrWithdrawn) || errors.Is(err, consent.ErrExpired) ||
		errors.Is(err, consent.ErrNoGrant) || errors.Is(err, consent.ErrNotGranted) || errors.Is(err, consent.ErrPaused)
}

// unopened says that a capsule does not open, or holds what none may. The customer's agent made it so:
// that is a grant that does not serve, and no mistake of ours.
func unopened(err error) bool {
	return errors.Is(err, vault.ErrSealed) || errors.Is(err, vault.ErrCapsuleContents) || errors.Is(err, vault.ErrTooLarge) ||
		errors.Is(err, vault.ErrMessage)
}

// write answers with the refusal, the way the library does, and with the challenges that the library
// leaves out.
func (r *refusal) write(w http.ResponseWriter, challenges ...string) {
	if r.status == http.StatusUnauthorized || r.status == http.StatusForbidden {
		w.Header()["Www-Authenticate"] = challenges
	}
	body, err := json.Marshal(r.answer)
	if err != nil { // two plain texts do not do this
		body = []byte(`{"error":"server_error"}`)
	}
	writeJSON(w, r.status, body)
}

// writeJSON answers with a body that is JSON already.
func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // who does not read the answer is gone
}
