package provider

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
)

// Who may register a vendor. The empty text is nobody but the operator.
const (
	RegistrationOff   = ""
	RegistrationToken = "token"
	RegistrationOpen  = "open"
)

const (
	pathRegister = "/oauth/register"
	maxMetadata  = 64 << 10
)

// Errors of RFC 7591, 3.2.2.
const (
	errMetadata    = "invalid_client_metadata"
	errRedirectURI = "invalid_redirect_uri"
	errStatement   = "unapproved_software_statement"
)

func refuseMetadata(code, text string) error {
	answer := &oidc.Error{}
	setText(&answer.ErrorType, code)
	return refuse(http.StatusBadRequest, answer, plainText(text))
}

// refuseRegistrationToken answers who does not hold the token of a registration, or of an invitation.
func refuseRegistrationToken() error {
	return refuse(http.StatusUnauthorized, &oidc.Error{ErrorType: codeInvalidToken}, "the token is missing or not valid")
}

// plainText keeps what may stand in an error_description (RFC 6749, 5.2).
func plainText(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '"' || r == '\\':
			return '\''
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), 500)]
}

// serveRegister is the registration endpoint (RFC 7591, 3) and, with the client_id in the address,
// that of one registration (RFC 7592, 2).
func (p *Provider) serveRegister(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	if p.o.Registration == RegistrationOff {
		http.NotFound(w, r)
		return
	}
	answer, status, err := p.register(w, r)
	var slow *identity.SlowDown
	switch {
	case errors.As(err, &slow):
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(slow.RetryAfter.Seconds()))))
		(&refusal{http.StatusTooManyRequests, &oidc.Error{ErrorType: "temporarily_unavailable", Description: "too many registrations; try again later"}}).write(w)
	case err != nil:
		p.translate(r.Context(), "register", err).write(w, challengeBearer)
	case answer == nil:
		w.WriteHeader(status)
	default:
		writeJSON(w, status, answer)
	}
}

func (p *Provider) register(w http.ResponseWriter, r *http.Request) (answer []byte, status int, err error) {
	client := id.Client(r.URL.Query().Get("client_id"))
	switch {
	case r.Method == http.MethodPost && client == "":
		answer, err = p.registerNew(w, r)
		return answer, http.StatusCreated, err
	case client == "" || r.Method == http.MethodPost:
		return nil, 0, refuse(http.StatusMethodNotAllowed, oidc.ErrInvalidRequest(), "this method is not supported")
	}
	token := bearerOf(r)
	v, err := p.o.Vendors.Managed(r.Context(), client, token)
	if errors.Is(err, identity.ErrRegistrationToken) {
		return nil, 0, refuseRegistrationToken()
	}
	if err != nil {
		return nil, 0, err
	}
	switch r.Method {
	case http.MethodPut:
		answer, err = p.registerAgain(w, r, v, token)
		return answer, http.StatusOK, err
	case http.MethodDelete:
		return nil, http.StatusNoContent, p.unregister(r.Context(), v)
	}
	answer, err = p.registered(v, identity.Credentials{Token: token})
	return answer, http.StatusOK, err
}

// registerNew adds a vendor. Nothing is fetched for a stranger before there is room for one.
func (p *Provider) registerNew(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	token, invited := bearerOf(r), identity.Invitation{}
	var err error
	switch {
	case token != "":
		if invited, err = p.o.Vendors.Invitation(r.Context(), token); errors.Is(err, identity.ErrInvitation) {
			return nil, refuseRegistrationToken()
		}
	case p.o.Registration == RegistrationOpen:
		err = p.o.Vendors.AdmitRegistration(addressOf(r))
	default:
		return nil, refuseRegistrationToken()
	}
	if err != nil {
		return nil, err
	}
	m, err := readMetadata(w, r)
	if err != nil {
		return nil, err
	}
	v, err := p.vendorFrom(r.Context(), m)
	if err != nil {
		return nil, err
	}
	if !v.Public {
		v.Protocol.PKCE = invited.PKCE
	}
	v, credentials, err := p.o.Vendors.Register(r.Context(), v, token)
	if errors.Is(err, identity.ErrInvitation) { // another used it up
		return nil, refuseRegistrationToken()
	}
	if err != nil {
		return nil, metadataMistake(err)
	}
	return p.registered(v, credentials)
}

// registerAgain replaces what was registered. What is left out is no more (RFC 7592, 2.2).
func (p *Provider) registerAgain(w http.ResponseWriter, r *http.Request, v identity.Vendor, token string) ([]byte, error) {
	m, err := readMetadata(w, r)
	if err != nil {
		return nil, err
	}
	switch {
	case m.ClientID != string(v.ID):
		return nil, refuseMetadata(errMetadata, "client_id is missing, or another")
	case m.IssuedAt != nil || m.SecretExpires != nil || m.RegistrationToken != nil || m.RegistrationURI != nil:
		return nil, refuseMetadata(errMetadata, "what the server issued does not belong into a change")
	case m.ClientSecret != "" && !p.hasSecret(v, m.ClientSecret):
		return nil, refuseMetadata(errMetadata, "client_secret is another")
	}
	next, err := p.vendorFrom(r.Context(), m)
	if err != nil {
		return nil, err
	}
	next, credentials, err := p.o.Vendors.Reregister(r.Context(), v.ID, token, next)
	if errors.Is(err, identity.ErrRegistrationToken) { // another change came before
		return nil, refuseRegistrationToken()
	}
	if err != nil {
		return nil, metadataMistake(err)
	}
	return p.registered(next, credentials)
}

func (p *Provider) hasSecret(v identity.Vendor, secret string) bool {
	if shared, err := p.o.Vendors.SharedSecret(v); err == nil {
		return hmac.Equal(shared, []byte(secret))
	}
	return p.o.Vendors.CheckSecret(v, secret)
}

// unregister ends the vendor's grants first: if the second step fails, nothing is released.
func (p *Provider) unregister(ctx context.Context, v identity.Vendor) error {
	if err := p.o.Consent.Revoke(ctx, v.ID); err != nil {
		return fmt.Errorf("end grants: %w", err)
	}
	if p.o.Forget != nil {
		if err := p.o.Forget(ctx, v.ID); err != nil {
			return fmt.Errorf("forget vendor: %w", err)
		}
	}
	return p.o.Vendors.Remove(ctx, v.ID)
}

// metadataMistake tells which of the two errors of RFC 7591 a vendor's mistakes are.
func metadataMistake(err error) error {
	var invalid *identity.InvalidVendor
	if !errors.As(err, &invalid) {
		return err
	}
	code := errMetadata
	for _, m := range invalid.Mistakes {
		if strings.HasPrefix(m, "redirect address") {
			code = errRedirectURI
		}
	}
	return refuseMetadata(code, invalid.Error())
}

// registered is the answer about a registration: what was said, and what was issued (RFC 7591, 3.2.1).
func (p *Provider) registered(v identity.Vendor, c identity.Credentials) ([]byte, error) {
	answer := map[string]any{}
	if err := json.Unmarshal(v.Registration.Said, &answer); err != nil {
		return nil, fmt.Errorf("registration of %s: %w", v.ID, err)
	}
	answer["client_id"], answer["client_id_issued_at"] = v.ID, v.Created.Unix()
	answer["registration_access_token"] = c.Token
	answer["registration_client_uri"] = p.o.Issuer + pathRegister + "?client_id=" + string(v.ID)
	if c.Secret != "" {
		answer["client_secret"], answer["client_secret_expires_at"] = c.Secret, 0
	}
	return json.Marshal(answer)
}

// readMetadata reads the body: one JSON object.
func readMetadata(w http.ResponseWriter, r *http.Request) (clientMetadata, error) {
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); !strings.EqualFold(strings.TrimSpace(kind), "application/json") {
		return clientMetadata{}, refuseMetadata(errMetadata, "the body must be application/json")
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxMetadata))
	if err != nil {
		return clientMetadata{}, refuseMetadata(errMetadata, "the body is too large")
	}
	return parseMetadata(raw)
}

// bearerOf is the token in the header, or nothing.
func bearerOf(r *http.Request) string {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

func addressOf(r *http.Request) netip.Addr {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{} // all of them together
	}
	return a.Addr()
}

// used lets a vendor stay that registered openly, or that describes itself, when a customer decides
// about it.
func (p *Provider) used(ctx context.Context, v identity.Vendor) error {
	if v.Document != nil {
		if err := p.o.Vendors.Remember(ctx, v); err != nil {
			return fmt.Errorf("remember vendor: %w", err)
		}
	}
	if !v.Provisional() {
		return nil
	}
	if err := p.o.Vendors.Keep(ctx, v.ID); err != nil {
		return fmt.Errorf("keep vendor: %w", err)
	}
	return nil
}

// metadataPatience is how long a registration waits for everything that it names.
const metadataPatience = 20 * time.Second

// mayAsk says whether a vendor that registered its scopes registered this one.
func mayAsk(v identity.Vendor, scope string) bool {
	if v.Registration == nil || len(v.Registration.Scope) == 0 || scope == scopeOpenID {
		return true
	}
	return slices.Contains(v.Registration.Scope, scope)
}
