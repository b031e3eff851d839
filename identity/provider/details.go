package provider

import (
	"bytes"
	"context"
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

// grantedDetails says what was granted of the authorization details that a vendor sent; nothing to one
// that sent none.
func (p *Provider) grantedDetails(ctx context.Context, t token) (json.RawMessage, error) {
	details, err := p.o.Consent.Details(ctx, t.Grant)
	return details, endedOr(err)
}
