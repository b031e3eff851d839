package agent

import (
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// What was approved is bound to the key of a grant. The agent knows of its grants what the server tells: one
// that tells of more than was approved, of another persona or another vendor, has a key that does not open.

// approved is what is bound to the key of a new grant.
func approved(vendor Vendor, persona id.Persona, choices []Choice, continuous bool) vault.Approved {
	a := vault.Approved{Client: id.Client(vendor.Client), Persona: persona, Continuous: continuous}
	for _, c := range choices {
		a.Claims = append(a.Claims, c.Claim)
	}
	if e := vendor.Encryption; e != nil {
		a.Recipient = e.Thumbprint
	}
	return a
}

// unwrap opens the key of a grant when the grant says what was approved: what is given, with what was taken
// back since.
func (a *Agent) unwrap(account id.Account, g Grant) (vault.GrantKey, error) {
	said := approved(g.Vendor, id.Persona(g.Persona), g.Taken, g.Continuous)
	said.Claims = append(said.Claims, claimNames(g.Claims)...)
	return vault.UnwrapGrantKey(a.key, account, id.Grant(g.ID), said, g.WrappedKey)
}
