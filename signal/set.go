package signal

import (
	"fmt"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/outbox"
)

// set is a Security Event Token (RFC 8417, 2.2). It has neither sub, which would make it look like an
// ID token, nor an end.
type set struct {
	Issuer   string                    `json:"iss"`
	ID       string                    `json:"jti"`
	Issued   int64                     `json:"iat"`
	Audience string                    `json:"aud"`
	Subject  subject                   `json:"sub_id"`
	Events   map[string]map[string]any `json:"events"`
}

// subject is a Subject Identifier (RFC 9493): the customer as the vendor knows it, or the stream.
type subject struct {
	Format  string `json:"format"`
	Issuer  string `json:"iss,omitempty"`
	Subject string `json:"sub,omitempty"`
	ID      string `json:"id,omitempty"`
}

// defaultAlgorithm signs for vendors that registered nothing, as for ID tokens; the CAEP
// interoperability profile wants it too.
const defaultAlgorithm = "RS256"

// setType keeps an event from being taken for another token (RFC 8417, 2.3; RFC 8725, 3.11).
const setType = "secevent+jwt"

// sign makes the token that tells a vendor of an event.
func (t *Transmitter) sign(v identity.Vendor, s Stream, e outbox.Event) (string, error) {
	key, err := t.o.Keys.Signer(algorithmOf(v))
	if err != nil {
		return "", fmt.Errorf("sign event: %w", err)
	}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType(setType))
	if err != nil {
		return "", fmt.Errorf("sign event: %w", err)
	}
	text, err := jwt.Signed(signer).Claims(set{
		Issuer: t.o.Issuer, ID: string(e.ID), Issued: e.Time.Unix(), Audience: v.ClientID(),
		Subject: t.subject(v, s, e), Events: map[string]map[string]any{uris[e.Kind]: payload(e)},
	}).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign event: %w", err)
	}
	return text, nil
}

func algorithmOf(v identity.Vendor) string {
	if v.SigningAlg == "" {
		return defaultAlgorithm
	}
	return v.SigningAlg
}

// subject says whom an event is about.
func (t *Transmitter) subject(v identity.Vendor, s Stream, e outbox.Event) subject {
	if e.Account == "" {
		return subject{Format: "opaque", ID: string(s.ID)}
	}
	return subject{Format: "iss_sub", Issuer: t.o.Issuer, Subject: t.o.Subject(v, e.Account, e.Persona)}
}
