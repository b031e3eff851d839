package consent

import (
	"context"
	"fmt"

	"github.com/meins-id/meins/internal/id"
)

// Withdraw ends a grant for good: once it returns, no read is permitted on any node, and the capsule
// is gone. Withdrawing again changes nothing. A grant of another account is ErrNoGrant.
func (e *Engine) Withdraw(ctx context.Context, account id.Account, grant id.Grant) (Grant, error) {
	g, err := e.db.withdrawGrant(ctx, account, grant, e.now())
	if err != nil {
		return Grant{}, fmt.Errorf("withdraw: %w", err)
	}
	return g, nil
}

// Revoke ends all grants for a vendor that was removed. It goes in steps: after an error, call it
// again.
func (e *Engine) Revoke(ctx context.Context, client id.Client) error {
	if err := e.db.revokeGrants(ctx, client, e.now()); err != nil {
		return fmt.Errorf("revoke grants: %w", err)
	}
	return nil
}

// Forget deletes everything about an account that was deleted, and refuses from its first step on to
// write anything for it. It goes in steps, what could be released first: after an error, call it again.
func (e *Engine) Forget(ctx context.Context, account id.Account) error {
	if err := e.db.forget(ctx, account, e.now()); err != nil {
		return fmt.Errorf("forget account: %w", err)
	}
	return nil
}
