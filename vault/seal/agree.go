//go:build !js

package seal

import (
	"crypto/ecdh"
	"crypto/rand"
	"fmt"
)

// public is the key for the standard library, which refuses a point that is not on its curve.
func (p point) public() (*ecdh.PublicKey, error) {
	if p.curve == curveX25519 {
		return ecdh.X25519().NewPublicKey(p.bytes)
	}
	return ecdh.P256().NewPublicKey(p.bytes)
}

// check says whether the point is on its curve.
func (p point) check() error {
	_, err := p.public()
	return err
}

// agree draws a key pair for one message, and gives its public half and what it agrees on with the
// recipient.
func agree(to point) (own point, shared []byte, err error) {
	theirs, err := to.public()
	if err != nil {
		return point{}, nil, ErrJWK
	}
	pair, err := theirs.Curve().GenerateKey(rand.Reader)
	if err != nil {
		return point{}, nil, fmt.Errorf("key for one message: %w", err)
	}
	if shared, err = pair.ECDH(theirs); err != nil {
		return point{}, nil, ErrJWK // a key of low order
	}
	return point{curve: to.curve, bytes: pair.PublicKey().Bytes()}, shared, nil
}
