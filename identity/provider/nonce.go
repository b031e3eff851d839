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

// nonces are those that may serve at some moment of a step. They are made once in a step, because every
// proof is held against them and every answer to one brings the newest.
type nonces struct {
	step time.Time
	all  []nonce // the one of this step first
}

type nonce struct {
	made time.Time
	text string
}

// nonces are those of this moment.
func (p *Provider) nonces() *nonces {
	step := p.o.Now().Truncate(nonceStep)
	if known := p.serving.Load(); known != nil && known.step.Equal(step) {
		return known
	}
	made := &nonces{step: step, all: []nonce{p.makeNonce(step)}}
	for at := step.Add(-nonceStep); step.Sub(at) < nonceLifetime+nonceStep; at = at.Add(-nonceStep) {
		made.all = append(made.all, p.makeNonce(at))
	}
	for at := step.Add(nonceStep); at.Sub(step) < clockSkew+nonceStep; at = at.Add(nonceStep) { // other nodes' clocks
		made.all = append(made.all, p.makeNonce(at))
	}
	p.serving.Store(made)
	return made
}

func (p *Provider) makeNonce(made time.Time) nonce {
	at := binary.BigEndian.AppendUint64(nil, uint64(made.Unix())) // long after 1970
	return nonce{made, encoding.EncodeToString(append(at, p.o.Keys.Hash("dpop-nonce", at)[:nonceTag]...))}
}

// nonce is the one of this moment.
func (p *Provider) nonce() string { return p.nonces().all[0].text }

// nonceTime says when one of our nonces was made, as long as it serves.
func (p *Provider) nonceTime(text string) (time.Time, bool) {
	for _, n := range p.nonces().all {
		if subtle.ConstantTimeCompare([]byte(text), []byte(n.text)) == 1 {
			age := p.o.Now().Sub(n.made)
			return n.made, age >= -clockSkew && age < nonceLifetime+nonceStep
		}
	}
	return time.Time{}, false
}
