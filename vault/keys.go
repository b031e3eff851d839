package vault

import "github.com/meins-id/meins/vault/seal"

// secretKey is seal.Key under a name of our own, so that it can be embedded without being exported:
// vault and grant keys inherit Bytes, IsZero and the redacted printing, and nothing else gets at it.
type secretKey = seal.Key

// Key is the vault key. It opens the document and unwraps grant keys, and never leaves the agent.
type Key struct{ secretKey }

// NewKey draws a vault key for a new account.
func NewKey() Key { return Key{seal.NewKey()} }

// Equal compares in constant time.
func (k Key) Equal(other Key) bool { return k.secretKey.Equal(other.secretKey) }

// GrantKey seals the capsule of one grant, and nothing else.
type GrantKey struct{ secretKey }

// NewGrantKey draws the key for a new grant.
func NewGrantKey() GrantKey { return GrantKey{seal.NewKey()} }

// GrantKeyFrom takes the 32 bytes that GrantKey.Bytes gave.
func GrantKeyFrom(b []byte) (GrantKey, error) {
	k, err := seal.KeyFrom(b)
	return GrantKey{k}, err
}

// Equal compares in constant time.
func (g GrantKey) Equal(other GrantKey) bool { return g.secretKey.Equal(other.secretKey) }
