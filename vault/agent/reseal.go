package agent

import (
	"context"
	"slices"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// reseal makes the next capsule of every grant that follows the vault and holds a changed value. A
// grant whose key does not unwrap is left as it is and named: it must not keep the customer from
// editing.
func (a *Agent) reseal(ctx context.Context, d vault.Document, names []string) ([]ResealedCapsule, Saved, error) {
	result := Saved{Updated: []string{}}
	var answer GrantList
	if err := a.transport.Do(ctx, "GET", "/grants", nil, &answer); err != nil {
		return nil, result, err
	}
	var capsules []ResealedCapsule
	now := a.now()
	for _, g := range answer.Grants {
		if !follows(g, now) || !holds(g, names) {
			continue
		}
		key, err := vault.UnwrapGrantKey(a.key, id.Account(a.session.Account), id.Grant(g.ID), g.WrappedKey)
		if err != nil {
			result.Missed = append(result.Missed, g.Vendor.Name)
			continue
		}
		claims := vault.ClaimsFor(d, id.Persona(g.Persona), claimNames(g.Claims), now)
		capsule, err := vault.SealCapsule(key, id.Account(a.session.Account), id.Grant(g.ID), g.Revision+1, claims)
		if err != nil {
			return nil, result, err
		}
		capsules = append(capsules, ResealedCapsule{Grant: g.ID, Revision: g.Revision + 1, Capsule: capsule})
		result.Updated = append(result.Updated, g.Vendor.Name)
	}
	return capsules, result, nil
}

// follows says that what the vendor reads is to follow the vault: in force, and continuous.
func follows(g Grant, now time.Time) bool {
	return g.State == GrantStateGiven && g.Continuous && now.Before(g.Ends)
}

// holds says that one of the attributes is released under the grant, as it is or in a derived claim.
func holds(g Grant, names []string) bool {
	for _, c := range g.Claims {
		if slices.Contains(names, c.Name) {
			return true
		}
		entry, err := vault.Lookup(c.Name)
		if err == nil && slices.ContainsFunc(entry.From, func(from string) bool { return slices.Contains(names, from) }) {
			return true
		}
	}
	return false
}

func claimNames(claims []Claim) []string {
	names := make([]string, len(claims))
	for i, c := range claims {
		names[i] = c.Name
	}
	return names
}
