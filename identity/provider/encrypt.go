package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/vault/seal"
)

// encryptionAlgorithms and encryptionContents are those of everything that is encrypted to vendors.
var (
	encryptionAlgorithms = []string{seal.ECDHES, seal.ECDHESA256KW}
	encryptionContents   = []string{seal.A256GCM}
)

// canEncrypt looks for the key that a vendor's ID tokens are encrypted to, before a code is used up for
// one that nobody could read.
func (p *Provider) canEncrypt(ctx context.Context, v identity.Vendor) error {
	if v.Protocol.IDTokenKeyAlg == "" {
		return nil
	}
	_, err := p.recipient(ctx, v, v.Protocol.IDTokenKeyAlg)
	return err
}

// encryptTo makes a signed JWT a nested one (RFC 7519, 5.2) for a vendor that registered an algorithm for
// it, and leaves it as it is for others.
func (p *Provider) encryptTo(ctx context.Context, v identity.Vendor, alg, signed string) (string, error) {
	if alg == "" {
		return signed, nil
	}
	to, err := p.recipient(ctx, v, alg)
	if err != nil {
		return "", err
	}
	text, err := seal.Encrypt(to, alg, "JWT", []byte(signed))
	if err != nil {
		return "", fmt.Errorf("encrypt to vendor: %w", err)
	}
	return text, nil
}

// recipient is the vendor's key for an algorithm. Of several at its address the first counts: who
// replaces a key has both.
func (p *Provider) recipient(ctx context.Context, v identity.Vendor, alg string) (seal.Recipient, error) {
	raw, err := p.keyDocument(ctx, v, false)
	if err != nil {
		return seal.Recipient{}, err
	}
	keys, err := identity.Recipients(raw, alg)
	if err == nil && len(keys) == 0 {
		err = errors.New("no key with use enc for " + alg)
	}
	if err != nil {
		return seal.Recipient{}, errDocument.Because(err)
	}
	return keys[0], nil
}

// checkAnyKeySet takes a set with a key of any use.
func checkAnyKeySet(raw []byte) error {
	if checkKeySet(raw) == nil {
		return nil
	}
	for _, alg := range encryptionAlgorithms {
		if keys, err := identity.Recipients(raw, alg); err == nil && len(keys) > 0 {
			return nil
		}
	}
	return errNoKeys
}
