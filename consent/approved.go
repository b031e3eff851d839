package consent

import "github.com/meins-id/meins/vault"

// Approved is what the customer's agent has bound the grant's key to: the terms as they were given. What was
// taken back since belongs to it.
func (g Grant) Approved() vault.Approved {
	claims := Names(g.Claims)
	for _, back := range g.Taken {
		claims = append(claims, back.Claim)
	}
	return vault.Approved{
		Client: g.Party.Client, Persona: g.Persona, Claims: claims, Continuous: g.Continuous,
		Recipient: g.Party.Encryption.Thumbprint,
	}
}
