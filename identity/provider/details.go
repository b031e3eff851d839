package provider

import (
	"bytes"
	"encoding/json"

	"github.com/meins-id/meins/consent"
)

// readDetails reads what a vendor asks by authorization details (RFC 9396).
func (q *request) readDetails(raw string) outcome {
	if raw == "" {
		return nil
	}
	if _, err := consent.ParseDetails([]byte(raw)); err != nil {
		return failure(errDetails, "authorization_details is malformed, or asks for something unknown")
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(raw)); err != nil {
		return failure(errDetails, "authorization_details is malformed, or asks for something unknown")
	}
	q.Details = compact.Bytes()
	return nil
}
