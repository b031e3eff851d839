package release

import (
	"context"
	"fmt"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/vault"
)

// Release opens the capsule that the permit is for, and returns the claims that the permit covers.
// A permit serves once. The values live in the result and nowhere else.
func Release(ctx context.Context, permit consent.Permit, key vault.GrantKey) (vault.Claims, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	capsule, err := permit.Redeem()
	if err != nil {
		return nil, fmt.Errorf("release: %w", err)
	}
	claims, err := vault.OpenCapsule(key, capsule.Account, capsule.Grant, capsule.Revision, capsule.Sealed)
	if err != nil {
		return nil, fmt.Errorf("release under grant %s: %w", capsule.Grant, err)
	}
	for name := range claims {
		if !permit.Covers(name) {
			delete(claims, name)
		}
	}
	return claims, nil
}
