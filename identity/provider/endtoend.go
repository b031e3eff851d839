package provider

import (
	"fmt"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
)

// encryptionFor is the key that a vendor's answers are encrypted to, as consent knows it. Where that
// cannot be told, nothing is asked: what is to be end-to-end never goes another way.
func encryptionFor(v identity.Vendor) (consent.Encryption, error) {
	if !v.EndToEnd() {
		return consent.Encryption{}, nil
	}
	key, err := v.Recipient()
	if err != nil {
		return consent.Encryption{}, fmt.Errorf("key of vendor %s: %w", v.ID, err)
	}
	return consent.Encryption{
		Key: key.JWK(), Thumbprint: key.Thumbprint(), Alg: v.Protocol.UserInfoKeyAlg,
		Nested: v.Protocol.UserInfoAlg == identity.SigningNone,
	}, nil
}
