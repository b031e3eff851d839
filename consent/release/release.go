package release

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/vault"
)

// attested are the claims by which the provider itself vouches for another (OpenID Connect Core
// 5.1). The customer's agent writes the capsule, so what it says there is the customer's word only;
// a vendor that trusts email_verified would open somebody else's account. Until the provider has
// checked an address itself, the answer is no.
var attested = map[string]bool{"email_verified": true, "phone_number_verified": true}

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
		switch {
		case !permit.Covers(name):
			delete(claims, name)
		case attested[name]:
			claims[name] = json.RawMessage("false")
		}
	}
	return claims, nil
}
