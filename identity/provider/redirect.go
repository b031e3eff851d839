package provider

import (
	"net/http"
	"net/url"
	"strings"
)

// outcome is what an authorization response says beside state and iss.
type outcome url.Values

func failure(code, text string) outcome {
	o := outcome{"error": {code}}
	if text != "" {
		o["error_description"] = []string{text}
	}
	return o
}

// Error codes of authorization responses.
const (
	errAccessDenied        = "access_denied"
	errConsentRequired     = "consent_required"
	errDetails             = "invalid_authorization_details"
	errGrantID             = "invalid_grant_id" // Grant Management for OAuth 2.0
	errInteractionRequired = "interaction_required"
	errInvalidObject       = "invalid_request_object"
	errInvalidRequest      = "invalid_request"
	errInvalidScope        = "invalid_scope"
	errInvalidURI          = "invalid_request_uri"
	errLoginRequired       = "login_required"
	errRegistration        = "registration_not_supported"
	errRequest             = "request_not_supported"
	errServer              = "server_error"
	errUnauthorizedClient  = "unauthorized_client"
	errUnmet               = "unmet_authentication_requirements"
	errUnsupportedResponse = "unsupported_response_type"
)

// withQuery appends to an address that may have a query of its own.
func withQuery(address string, values url.Values) string {
	if len(values) == 0 {
		return address
	}
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + values.Encode()
}

// redirectTo sends the browser on. 303 makes a POST into a GET (RFC 9700, 4.12); the page that the
// browser leaves must not be kept, nor its address told.
func redirectTo(w http.ResponseWriter, address string) {
	h := w.Header()
	h.Set("Location", address)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
}
