package agent

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// What one save carries: the API takes a thousand capsules, and a body of a mebibyte, of which the
// largest document needs a third.
const (
	maxCapsules   = 1000
	maxBody       = 1 << 20
	capsulesRoom  = maxBody - vault.MaxDocument/3*4 - 16<<10
	capsuleMargin = 128 // what JSON puts around one
)

// Affected is a vendor that would see a change.
type Affected struct {
	Grant   id.Grant   `json:"grant"`
	Client  id.Client  `json:"client"`
	Vendor  string     `json:"vendor"`
	Persona id.Persona `json:"persona"`
	Claims  []string   `json:"claims"`             // by name; their values stay in the vault
	Kept    []string   `json:"left_out,omitempty"` // claims that it was left out of before
}

// Affected says who would be told of which claims if this edit were saved; nothing is.
func (a *Agent) Affected(ctx context.Context, e Edit) ([]Affected, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before, err := a.load(ctx)
	if err != nil {
		return nil, err
	}
	after := before.Clone()
	if err := a.apply(&after, e); err != nil {
		return nil, err
	}
	grants, err := a.Grants(ctx)
	if err != nil {
		return nil, err
	}
	all := []Affected{}
	for _, g := range a.following(grants) {
		grant := id.Grant(g.ID)
		m := a.move(g, before, after, slices.Contains(e.Include, grant))
		if len(m.names) == 0 && len(before.LeftOut[grant]) == 0 {
			continue
		}
		all = append(all, Affected{
			Grant: grant, Client: id.Client(g.Vendor.Client), Vendor: g.Vendor.Name, Persona: id.Persona(g.Persona),
			Claims: m.names, Kept: sortedNames(before.LeftOut[grant]),
		})
	}
	return all, nil
}

// following are the grants whose vendors follow the vault.
func (a *Agent) following(grants []Grant) []Grant {
	now := a.now()
	return slices.DeleteFunc(grants, func(g Grant) bool { return !follows(g, now) })
}

// follows says that what the vendor reads is to follow the vault: in force, and continuous.
func follows(g Grant, now time.Time) bool {
	return g.State == GrantStateGiven && g.Continuous && now.Before(g.Ends)
}

// move is what a change means for one grant: the claims that differ, and all claims before and after.
type move struct {
	names     []string
	has, gets vault.Claims
}

// move compares what the vendor has with what it would get. A claim that follows from a changed
// value and stays what it is, such as an age, is no change.
func (a *Agent) move(g Grant, before, after vault.Document, include bool) move {
	grant, persona, now := id.Grant(g.ID), id.Persona(g.Persona), a.now()
	names := after.StillGiven(grant, claimNames(g.Claims))
	m := move{has: before.ClaimsForGrant(grant, persona, names, now)}
	if include {
		m.gets = vault.ClaimsFor(after, persona, names, now)
	} else {
		m.gets = after.ClaimsForGrant(grant, persona, names, now)
	}
	m.names = []string{}
	for _, name := range names {
		if !bytes.Equal(m.has[name], m.gets[name]) {
			m.names = append(m.names, name)
		}
	}
	return m
}

// reseal makes the next capsule of every grant that follows the vault and holds a changed value, and
// writes down who keeps what and who is behind. A grant whose key does not unwrap is left as it is
// and named: it must not keep the customer from editing.
func (a *Agent) reseal(ctx context.Context, before vault.Document, after *vault.Document, e Edit) ([]ResealedCapsule, Saved, error) {
	grants, err := a.Grants(ctx)
	if err != nil {
		return nil, Saved{}, err
	}
	var capsules []ResealedCapsule
	var result Saved
	room := capsulesRoom
	after.Behind = nil
	conclude(after, grants)
	for _, g := range a.following(grants) {
		grant := id.Grant(g.ID)
		include := slices.Contains(e.Include, grant)
		m := a.move(g, before, *after, include)
		switch {
		case include:
			after.LeftOut = without(after.LeftOut, grant)
		case len(m.names) > 0 && slices.Contains(e.LeaveOut, grant):
			after.LeaveOut(grant, m.names, m.has)
			result.LeftOut = append(result.LeftOut, g.Vendor.Name)
			continue
		}
		if len(m.names) == 0 && !slices.Contains(before.Behind, grant) {
			continue
		}
		capsule, err := a.next(g, m.gets)
		if errors.Is(err, vault.ErrTooLarge) {
			return nil, Saved{}, err
		}
		if err != nil {
			result.Missed = append(result.Missed, g.Vendor.Name)
			continue
		}
		if !slices.Contains(before.Behind, grant) { // of one that was behind, any claim may be new
			capsule.Changed = m.names
		}
		size := base64.StdEncoding.EncodedLen(len(capsule.Capsule)) + capsuleMargin + namesSize(m.names)
		if len(capsules) == maxCapsules || size > room {
			after.Behind = append(after.Behind, grant)
			continue
		}
		room -= size
		capsules = append(capsules, capsule)
		result.Updated = append(result.Updated, g.Vendor.Name)
	}
	return capsules, result, nil
}

// namesSize is what a list of names takes in JSON; they have nothing in them to escape.
func namesSize(names []string) int {
	size := 0
	for _, name := range names {
		size += len(name) + 3
	}
	return size
}

// next seals the next capsule of a grant.
func (a *Agent) next(g Grant, claims vault.Claims) (ResealedCapsule, error) {
	account, grant := id.Account(a.session.Account), id.Grant(g.ID)
	key, err := a.unwrap(account, g)
	if err != nil {
		return ResealedCapsule{}, err
	}
	capsule, err := toVendor(g).seal(key, account, grant, g.Revision+1, claims)
	return ResealedCapsule{Grant: g.ID, Revision: g.Revision + 1, Capsule: capsule}, err
}

// conclude drops what vendors keep whose grants have ended. Nothing leads back from there: should a server list
// such a grant again, the claims that the vendor was left out of stay out.
func conclude(d *vault.Document, grants []Grant) {
	for grant, kept := range d.LeftOut {
		if !slices.ContainsFunc(grants, func(g Grant) bool { return id.Grant(g.ID) == grant && g.State == GrantStateGiven }) {
			d.LeftOut = without(d.LeftOut, grant)
			d.TakeBack(grant, sortedNames(kept))
		}
	}
}

func without(all map[id.Grant]vault.Claims, grant id.Grant) map[id.Grant]vault.Claims {
	rest := map[id.Grant]vault.Claims{}
	for other, claims := range all {
		if other != grant {
			rest[other] = claims
		}
	}
	return rest
}

func claimNames(claims []Claim) []string {
	names := make([]string, len(claims))
	for i, c := range claims {
		names[i] = c.Name
	}
	return names
}

func sortedNames(claims vault.Claims) []string {
	var names []string
	for name := range claims {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
