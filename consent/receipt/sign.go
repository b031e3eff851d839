package receipt

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// tokenType keeps a receipt from being taken for another token (RFC 8725, 3.11).
const tokenType = "consent-receipt+jwt"

// maxToken is the largest receipt that is read, in bytes.
const maxToken = 256 << 10

// algorithm is the one that receipts are signed with: it makes the same bytes of the same receipt.
const algorithm = jose.EdDSA

// What is wrong with a receipt that is not good.
var (
	ErrForm      = errors.New("not a signed consent receipt")
	ErrKey       = errors.New("signed with a key that is not among those given")
	ErrSignature = errors.New("the signature does not match: the receipt was altered")
	ErrContent   = errors.New("signed, but not by the provider that it names, or not for this")
)

// claims are what is signed.
type claims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	ID       string `json:"jti"`
	Issued   int64  `json:"iat"`
	Document
}

// Signed is a receipt that was checked.
type Signed struct {
	Issuer string
	Vendor string // the client that it is for
	Issued time.Time
	Document
}

// Sign makes the token that both sides keep.
func (m Maker) Sign(key jose.SigningKey, d Document) (string, error) {
	if key.Algorithm != algorithm || len(d.Parties) == 0 || len(d.Events) == 0 {
		return "", fmt.Errorf("sign receipt: %w", ErrContent)
	}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType(tokenType))
	if err != nil {
		return "", fmt.Errorf("sign receipt: %w", err)
	}
	text, err := jwt.Signed(signer).Claims(claims{
		Issuer: m.Issuer, Subject: d.Metadata.Principal, Audience: d.Parties[0].ID,
		ID: d.Metadata.ReceiptID, Issued: d.Events[0].Time.Unix(), Document: d,
	}).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign receipt: %w", err)
	}
	return text, nil
}

// Verify checks a receipt with the provider's keys for receipts, and asks nobody. An empty issuer
// means whichever the receipt names: the keys say whose it is then.
func Verify(text, issuer string, keys []jose.JSONWebKey) (Signed, error) {
	var c claims
	if err := verified(text, tokenType, keys, &c); err != nil {
		return Signed{}, err
	}
	if !c.whole() || issuer != "" && c.Issuer != issuer {
		return Signed{}, ErrContent
	}
	return Signed{Issuer: c.Issuer, Vendor: c.Audience, Issued: time.Unix(c.Issued, 0).UTC(), Document: c.Document}, nil
}

// parsed reads a token, and believes nothing of it yet.
func parsed(text string) (*jwt.JSONWebToken, error) {
	if len(text) > maxToken {
		return nil, ErrForm
	}
	signed, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{algorithm})
	if err != nil || len(signed.Headers) != 1 {
		return nil, ErrForm
	}
	return signed, nil
}

// verified reads what is signed in a token of this type, with whichever of the keys it names.
func verified(text, typ string, keys []jose.JSONWebKey, into any) error {
	signed, err := parsed(text)
	if err != nil || signed.Headers[0].ExtraHeaders[jose.HeaderType] != typ {
		return ErrForm
	}
	key, ok := find(keys, signed.Headers[0].KeyID)
	if !ok {
		return ErrKey
	}
	if err := signed.Claims(key.Key, into); err != nil {
		return refusal(err)
	}
	return nil
}

func find(keys []jose.JSONWebKey, kid string) (jose.JSONWebKey, bool) {
	for _, k := range keys {
		if k.KeyID == kid && kid != "" && k.Algorithm == string(algorithm) {
			return k, true
		}
	}
	return jose.JSONWebKey{}, false
}

func refusal(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return ErrForm
	}
	return ErrSignature
}

// whole says that what is signed outside the document is what the document says.
func (c claims) whole() bool {
	return c.Issuer != "" && len(c.Parties) > 0 && len(c.Events) > 0 &&
		c.ID == c.Metadata.ReceiptID && c.Subject == c.Metadata.Principal && c.Audience == c.Parties[0].ID &&
		c.Metadata.Schema == SchemaVersion
}
