package provider

import (
	"bytes"
	"encoding/json"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/vault"
)

// readDetails reads what a vendor asks by authorization details (RFC 9396).
func (q *request) readDetails(v identity.Vendor, raw string) outcome {
	if raw == "" {
		return nil
	}
	d, err := consent.ParseDetails([]byte(raw))
	if err != nil {
		return failure(errDetails, "authorization_details is malformed, or asks for something unknown")
	}
	if len(vault.CommonTerms(d.Terms, v.Standing.Accepts)) < len(d.Terms) {
		return failure(errDetails, "authorization_details names terms that this client has not registered as accepted")
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(raw)); err != nil {
		return failure(errDetails, "authorization_details is malformed, or asks for something unknown")
	}
	q.Details = compact.Bytes()
	return nil
}
