package identity

import "github.com/meins-id/meins/vault/seal"

// Seal seals a small secret of the server's own records, such as one that a vendor entrusts to it.
// The purpose is a constant of the caller's, the object says whose it is.
func (k *Keyring) Seal(purpose, object string, secret []byte) []byte {
	return k.records().Seal(seal.Context{Purpose: purpose, Object: object}, secret)
}

// Open opens what Seal made for the same purpose and object.
func (k *Keyring) Open(purpose, object string, sealed []byte) ([]byte, error) {
	return k.records().Open(seal.Context{Purpose: purpose, Object: object}, sealed)
}
