package provider

import (
	"crypto/subtle"
	"encoding/binary"
	"time"
)

// Nonces of DPoP (RFC 9449, 8) are kept nowhere: each is the time it was made at, in steps, and a
// keyed hash of that. Every node makes the same, and they change by themselves.
const (
	nonceStep     = 30 * time.Second
	nonceLifetime = 3 * time.Minute
	nonceTag      = 16
)

// nonce is the one of this moment.
func (p *Provider) nonce() string {
	at := binary.BigEndian.AppendUint64(nil, uint64(p.o.Now().Truncate(nonceStep).Unix())) // long after 1970
	return encoding.EncodeToString(append(at, p.nonceTag(at)...))
}

func (p *Provider) nonceTag(at []byte) []byte { return p.o.Keys.Hash("dpop-nonce", at)[:nonceTag] }

// nonceTime says when one of our nonces was made, as long as it serves.
func (p *Provider) nonceTime(text string) (time.Time, bool) {
	raw, err := encoding.DecodeString(text)
	if err != nil || len(raw) != 8+nonceTag || encoding.EncodedLen(len(raw)) != len(text) {
		return time.Time{}, false
	}
	at, tag := raw[:8], raw[8:]
	if subtle.ConstantTimeCompare(tag, p.nonceTag(at)) != 1 {
		return time.Time{}, false
	}
	made := time.Unix(int64(binary.BigEndian.Uint64(at)), 0) // we wrote it
	age := p.o.Now().Sub(made)
	return made, age >= -clockSkew && age < nonceLifetime+nonceStep
}
