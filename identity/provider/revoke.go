package provider

import (
	"context"
	"fmt"

	"github.com/meins-id/meins/identity"
)

// revoke ends a token before its time (RFC 7009): a refresh token with its whole family, an access
// token alone. What is not a token, or is over, needs no revoking; another vendor's is refused.
func (p *Provider) revoke(ctx context.Context, v identity.Vendor, text string) error {
	t, k, ok := p.readEither(text)
	if !ok {
		return nil // RFC 7009, 2.2: an invalid token is no error, it is revoked already
	}
	if t.Client != v.ID {
		return refuseGrant("the token is not this client's")
	}
	if p.over(t) {
		return nil
	}
	var err error
	if k == kindRefresh {
		err = p.records.RevokeFamily(ctx, t.Family)
	} else { // an API that does not ask us accepts its token until it expires
		err = p.records.RevokeToken(ctx, t.ID, t.Expires)
	}
	if err != nil {
		return fmt.Errorf("revoke: %w", err)
	}
	return nil
}
