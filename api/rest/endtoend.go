package rest

import (
	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/id"
)

// What an agent needs to make an end-to-end message: for whose key, in whose name, about whom.

func encryptionOut(p consent.Party) *Encryption {
	if !p.EndToEnd() {
		return nil
	}
	e := p.Encryption
	return &Encryption{Key: e.Key, Thumbprint: e.Thumbprint, Alg: EncryptionAlg(e.Alg), Nested: e.Nested}
}

// grantOut adds what the next message of the grant says.
func (s *REST) grantOut(g consent.Grant) Grant {
	out := grantOut(g)
	if g.Party.EndToEnd() {
		out.Issuer, out.Subject = s.o.Issuer, s.subject(g.Party, g.Account, g.Persona)
	}
	return out
}

// address adds what a message says that answers this request as the persona; nothing to who is not
// signed in, and nothing where none is made.
func (s *REST) address(out *Next, n provider.Next, who *identity.Session, persona string) error {
	if persona == "" || who == nil || n.Step != provider.StepReview || !n.Ask.Party.EndToEnd() {
		return nil
	}
	p, err := parsed[id.Persona](persona)
	if err != nil {
		return err
	}
	out.Issuer, out.Subject = s.o.Issuer, s.subject(n.Ask.Party, who.Account, p)
	return nil
}
