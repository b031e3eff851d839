package receipt

import (
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/internal/id"
)

// headType keeps the head of a chain from being taken for a receipt, or for another token. vault/agent
// reads the same words.
const headType = "consent-chain-head+jwt"

// headClaims are what is signed of a head. Issued is when it was asked for, not when the newest receipt
// was written: a later head with a smaller number proves that decisions were dropped.
type headClaims struct {
	Issuer  string `json:"iss"`
	Account string `json:"sub"`
	Issued  int64  `json:"iat"`
	Seq     uint64 `json:"seq"`
	Hash    string `json:"hash"`
}

// SignedHead is what a provider once said about the whole of an account's decisions, and was checked.
type SignedHead struct {
	Issuer  string    `json:"issuer"`
	Account string    `json:"account"`
	Issued  time.Time `json:"issued"`
	Seq     uint64    `json:"seq"` // how many decisions there were
	Hash    string    `json:"hash"`
}

// SignHead makes the token by which the provider stands for all that an account has decided so far. It
// is for the customer alone: a vendor learns nothing of an account.
func (m Maker) SignHead(key jose.SigningKey, account id.Account, h consent.Head, now time.Time) (string, error) {
	if key.Algorithm != algorithm || account == "" {
		return "", fmt.Errorf("sign head: %w", ErrContent)
	}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType(headType))
	if err != nil {
		return "", fmt.Errorf("sign head: %w", err)
	}
	text, err := jwt.Signed(signer).Claims(headClaims{m.Issuer, string(account), now.Unix(), h.Seq, h.Hash}).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign head: %w", err)
	}
	return text, nil
}

// IsHead says whether a token calls itself the head of a chain. It proves nothing: VerifyHead does.
func IsHead(text string) bool {
	signed, err := parsed(text)
	return err == nil && signed.Headers[0].ExtraHeaders[jose.HeaderType] == headType
}

// VerifyHead checks a head with the provider's keys for receipts, and asks nobody. An empty issuer means
// whichever the head names.
func VerifyHead(text, issuer string, keys []jose.JSONWebKey) (SignedHead, error) {
	var c headClaims
	if err := verified(text, headType, keys, &c); err != nil {
		return SignedHead{}, err
	}
	if c.Issuer == "" || c.Account == "" || (c.Seq == 0) != (c.Hash == "") || issuer != "" && c.Issuer != issuer {
		return SignedHead{}, ErrContent
	}
	return SignedHead{c.Issuer, c.Account, time.Unix(c.Issued, 0).UTC(), c.Seq, c.Hash}, nil
}
