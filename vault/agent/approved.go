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

// said is what was approved of a grant, as the server says: what is given, with what was taken back since.
func said(g Grant) vault.Approved {
	a := approved(g.Vendor, id.Persona(g.Persona), g.Taken, g.Continuous)
	a.Claims = append(a.Claims, claimNames(g.Claims)...)
	return a
}

// unwrap opens the key of a grant when what is said of it is what was approved.
func (a *Agent) unwrap(account id.Account, g Grant) (vault.GrantKey, error) {
	return vault.UnwrapGrantKey(a.key, account, id.Grant(g.ID), said(g), g.WrappedKey)
}
