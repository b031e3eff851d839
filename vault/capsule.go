package vault

import (
	"encoding/json"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault/seal"
)

// MaxCapsule is the largest sealed capsule in bytes; capsuleFloor its smallest padded plaintext.
const (
	MaxCapsule   = 64 << 10
	capsuleFloor = 512
)

// Claims are names and values as a vendor gets them. They print [redacted], and are JSON as usual.
type Claims map[string]json.RawMessage

// SealCapsule seals the claims of one grant under its key. The revision counts up with every new
// capsule of the grant, so that an older one cannot take the place of a newer.
func SealCapsule(g GrantKey, account id.Account, grant id.Grant, revision uint64, c Claims) ([]byte, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	plaintext, err := json.Marshal(c)
	if err != nil {
		return nil, ErrCapsuleContents.Because(err)
	}
	box := seal.Seal(g.secretKey, capsuleContext(account, grant, revision), pad(plaintext, capsuleFloor))
	if len(box) > MaxCapsule {
		return nil, ErrTooLarge
	}
	return box, nil
}

// OpenCapsule opens what SealCapsule made for the same grant, account and revision. The customer
// wrote the values: a name that belongs to the protocol ("sub") is refused here too, for no agent
// can be trusted to have asked SealCapsule.
func OpenCapsule(g GrantKey, account id.Account, grant id.Grant, revision uint64, box []byte) (Claims, error) {
	if len(box) > MaxCapsule {
		return nil, ErrTooLarge
	}
	padded, err := seal.Open(g.secretKey, capsuleContext(account, grant, revision), box)
	if err != nil {
		return nil, ErrSealed.Because(err)
	}
	plaintext, err := unpad(padded, capsuleFloor)
	if err != nil {
		return nil, ErrSealed.Because(err)
	}
	c, err := parseClaims(plaintext)
	if err != nil {
		return nil, ErrSealed.Because(err)
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return c, nil
}

// check refuses claims that could say something in the provider's name.
func (c Claims) check() error {
	if c == nil {
		return ErrCapsuleContents
	}
	for name := range c {
		if err := CheckName(name); err != nil {
			return ErrCapsuleContents.Because(err)
		}
	}
	return nil
}

func capsuleContext(account id.Account, grant id.Grant, revision uint64) seal.Context {
	return seal.Context{Purpose: "capsule", Account: string(account), Object: string(grant), Revision: revision}
}
