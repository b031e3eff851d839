package provider

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"

	jose "github.com/go-jose/go-jose/v4"
)

// errSigner is a mistake in the program: a key that is not one of the key ring's.
var errSigner = errors.New("not a key that ID tokens are signed with")

// signJWT writes a payload as a signed JWT in compact form (RFC 7515, 7.1). go-jose makes the same
// and checks it in the tests; its way to the same bytes costs half a signature more, which vendors
// would pay at every login. Nothing is ever verified here: that is go-jose's.
func signJWT(key jose.SigningKey, payload []byte) (string, error) {
	return signTyped(key, idTokenType, payload)
}

// idTokenType is the type of JWTs that have none of their own; ID tokens are among them.
const idTokenType = "JWT"

// signTyped is signJWT for a JWT of a type, which says what it is good for (RFC 8725, 3.11).
func signTyped(key jose.SigningKey, kind string, payload []byte) (string, error) {
	web, ok := key.Key.(jose.JSONWebKey)
	if !ok || web.KeyID == "" {
		return "", errSigner
	}
	// Key ids are thumbprints in base64url: there is nothing to escape in them.
	header := `{"alg":"` + string(key.Algorithm) + `","kid":` + strconv.Quote(web.KeyID) + `,"typ":` + strconv.Quote(kind) + `}`
	out := make([]byte, 0, encoding.EncodedLen(len(header))+encoding.EncodedLen(len(payload))+encoding.EncodedLen(maxSignature)+2)
	out = append(encoding.AppendEncode(out, []byte(header)), '.')
	out = encoding.AppendEncode(out, payload)
	signature, err := signature(key.Algorithm, web.Key, out)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return string(encoding.AppendEncode(append(out, '.'), signature)), nil
}

// maxSignature is that of a key of 2048 bits, in bytes; longer ones only make the buffer grow.
const maxSignature = 256

// signature signs with the key in the form of RFC 7518, 3.3 to 3.5, or RFC 8037, 3.1. Algorithm and
// key must belong together.
func signature(algorithm jose.SignatureAlgorithm, key any, input []byte) ([]byte, error) {
	switch k := key.(type) {
	case *ecdsa.PrivateKey:
		if algorithm != jose.ES256 || k.Curve != elliptic.P256() {
			return nil, errSigner
		}
		return signES256(k, input)
	case *rsa.PrivateKey:
		sum := sha256.Sum256(input)
		if algorithm == jose.PS256 { // RFC 7518, 3.5: the salt is as long as the hash
			return rsa.SignPSS(rand.Reader, k, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
		if algorithm != jose.RS256 {
			return nil, errSigner
		}
		return rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, sum[:])
	case ed25519.PrivateKey:
		if algorithm != jose.EdDSA {
			return nil, errSigner
		}
		return k.Sign(rand.Reader, input, crypto.Hash(0))
	}
	return nil, errSigner
}

// signES256 is r and s, each in 32 bytes.
func signES256(key *ecdsa.PrivateKey, input []byte) ([]byte, error) {
	sum := sha256.Sum256(input)
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		return nil, err
	}
	out := make([]byte, 64)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return out, nil
}
