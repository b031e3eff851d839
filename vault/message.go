package vault

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault/seal"
)

// End-to-end: the agent itself makes the vendor's UserInfo response, for the vendor's key, and the
// server stores and serves it unread.

// Response is a UserInfo response before it is encrypted. What it says of the customer is the
// customer's own word; who the customer is, the vendor learns from the provider's ID token, whose sub
// it must compare (OpenID Connect Core 5.3.2).
type Response struct {
	Issuer  string
	Subject string
	Client  id.Client
	Claims  Claims
	// Nested wraps the response into an unsecured JWT (RFC 7519, 6), for a vendor that registered
	// userinfo_signed_response_alg "none": its library reads nothing else out of an encrypted answer.
	Nested bool
}

// unsecured is the header of an unsecured JWT.
const unsecured = `{"alg":"none","typ":"JWT"}`

// Encrypt makes the compact JWE for the vendor's key; an empty alg is that of the key.
func (r Response) Encrypt(to seal.Recipient, alg string) (string, error) {
	text, err := r.text()
	if err != nil {
		return "", err
	}
	if !r.Nested {
		return seal.Encrypt(to, alg, "", text)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return seal.Encrypt(to, alg, "JWT", []byte(encode([]byte(unsecured))+"."+encode(text)+"."))
}

// text is the JSON, with spaces behind it up to a size class, for an encrypted message shows how
// long it is. Nobody but the customer checked anything, and so it says of whatever is asked whether
// somebody did.
func (r Response) text() ([]byte, error) {
	if r.Issuer == "" || r.Subject == "" || r.Client == "" {
		return nil, ErrMessage
	}
	if err := r.Claims.check(); err != nil {
		return nil, err
	}
	members := map[string]any{"iss": r.Issuer, "sub": r.Subject, "aud": r.Client}
	for name, value := range r.Claims {
		if strings.HasSuffix(name, verifiedSuffix) {
			value = jsonBool(false)
		}
		members[name] = value
	}
	text, err := json.Marshal(members)
	if err != nil {
		return nil, ErrCapsuleContents.Because(err)
	}
	return append(text, bytes.Repeat([]byte{' '}, padmé(max(len(text), capsuleFloor))-len(text))...), nil
}

// String hides the values.
func (Response) String() string { return redacted }

// GoString hides the values.
func (Response) GoString() string { return redacted }

// SealMessage seals an encrypted response under the key of its grant, in the place of a capsule: what
// lies at rest tells nobody anything, not even the vendor whose access has ended.
func SealMessage(g GrantKey, account id.Account, grant id.Grant, revision uint64, message string) ([]byte, error) {
	if !isCompact(message) {
		return nil, ErrMessage
	}
	box := seal.Seal(g.secretKey, messageContext(account, grant, revision), pad([]byte(message), capsuleFloor))
	if len(box) > MaxCapsule {
		return nil, ErrTooLarge
	}
	return box, nil
}

// OpenMessage opens what SealMessage made for the same grant, account and revision. It is the form of
// an encrypted message, and more than that nobody but the vendor can tell.
func OpenMessage(g GrantKey, account id.Account, grant id.Grant, revision uint64, box []byte) (string, error) {
	if len(box) > MaxCapsule {
		return "", ErrTooLarge
	}
	padded, err := seal.Open(g.secretKey, messageContext(account, grant, revision), box)
	if err != nil {
		return "", ErrSealed.Because(err)
	}
	message, err := unpad(padded, capsuleFloor)
	if err != nil {
		return "", ErrSealed.Because(err)
	}
	if !isCompact(string(message)) {
		return "", ErrMessage
	}
	return string(message), nil
}

// compactParts is how many parts the compact form of a JWE has (RFC 7516, 3.1).
const compactParts = 5

// isCompact says that a text is five parts of base64url. The server sends it on as it is: nothing in
// it may be anything else.
func isCompact(message string) bool {
	for i := range len(message) {
		c := message[i]
		if !isLower(c) && !isUpper(c) && !isDigit(c) && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return strings.Count(message, ".") == compactParts-1
}

func messageContext(account id.Account, grant id.Grant, revision uint64) seal.Context {
	return seal.Context{Purpose: "message", Account: string(account), Object: string(grant), Revision: revision}
}
