package provider

import (
	"encoding/json"
	"errors"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

var errSignature = errors.New("no registered key made this signature")

// verifyBy checks a signature with the keys that a vendor registered, and reads the claims into each
// of dest. A key serves for one algorithm only where it says so, and never for encryption.
func verifyBy(registered json.RawMessage, signed *jwt.JSONWebToken, dest ...any) error {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(registered, &set); err != nil {
		return errSignature
	}
	for _, key := range set.Keys {
		if fits(key, signed.Headers[0]) && signed.Claims(key.Key, dest...) == nil {
			return nil
		}
	}
	return errSignature
}
