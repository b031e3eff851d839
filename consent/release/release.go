package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/vault"
)

// attested are the claims by which the provider itself vouches for another (OpenID Connect Core
// 5.1). The customer's agent writes the capsule, so what it says there is the customer's word only;
// a vendor that trusts email_verified would open somebody else's account. Until the provider has
// checked an address itself, the answer is no.
var attested = map[string]bool{"email_verified": true, "phone_number_verified": true}

var (
	errUnread = errors.New("claims that only the vendor can read")
	errDirect = errors.New("claims, and no message for the vendor")
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
	if capsule.EndToEnd {
		return nil, fmt.Errorf("release under grant %s: %w", capsule.Grant, errUnread)
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

// Pass gives the message that the customer's agent made for the vendor's own key, unread: what comes off
// is the seal of the grant, and inside is a JWE that nobody here can open. It holds all claims of the
// grant, which is what a permit for it stands for. A permit serves once.
func Pass(ctx context.Context, permit consent.Permit, key vault.GrantKey) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	capsule, err := permit.Redeem()
	if err != nil {
		return "", fmt.Errorf("pass on: %w", err)
	}
	if !capsule.EndToEnd {
		return "", fmt.Errorf("pass on under grant %s: %w", capsule.Grant, errDirect)
	}
	message, err := vault.OpenMessage(key, capsule.Account, capsule.Grant, capsule.Revision, capsule.Sealed)
	if err != nil {
		return "", fmt.Errorf("pass on under grant %s: %w", capsule.Grant, err)
	}
	return message, nil
}
