package release

import (
	"context"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/vault"
)

// Release opens the capsule that the permit is for and returns the claims it covers.
func Release(_ context.Context, _ consent.Permit, _ vault.GrantKey) (vault.Claims, error) {
	return nil, consent.ErrNoPermit
}
