package identity

import (
	"context"
	"slices"
	"strings"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// maxAccepted is how many terms a vendor may name.
const maxAccepted = 10

// Standing is how a vendor stands towards its customers: the terms of theirs that it accepts
// (IEEE 7012), the kind that it says it is of, and the one that the operator knows it to be of.
type Standing struct {
	Accepts   []string   `json:"accepts,omitempty"` // by their full names
	Kind      vault.Kind `json:"kind,omitempty"`
	Confirmed vault.Kind `json:"confirmed,omitempty"`
}

// KnownKind is the kind that customers can rely on: none where nobody confirmed one, whatever the vendor
// says of itself.
func (s Standing) KnownKind() vault.Kind {
	if s.Confirmed == vault.KindOther {
		return ""
	}
	return s.Confirmed
}

// completed gives terms their full names; what is unknown stays, to be refused.
func (s Standing) completed() Standing {
	if len(s.Accepts) == 0 {
		s.Accepts = nil
	}
	if full, err := vault.TermsNames(s.Accepts); err == nil && len(full) > 0 {
		s.Accepts = full
	}
	return s
}

func (s Standing) check(m *mistakes) {
	m.add(len(s.Accepts) > maxAccepted, "accepted terms: more than %d", maxAccepted)
	for _, name := range s.Accepts {
		_, err := vault.LookupTerms(name)
		m.add(err != nil, "accepted terms: unknown %q; there are %s", name, knownTerms())
	}
	for _, kind := range []vault.Kind{s.Kind, s.Confirmed} {
		m.add(kind != "" && !kind.Known(), "kind: unknown %q; there are %s", kind, knownKinds())
	}
}

func knownTerms() string {
	var names []string
	for _, t := range vault.Roster() {
		names = append(names, t.ID)
	}
	return strings.Join(slices.Compact(names), ", ")
}

func knownKinds() string {
	var names []string
	for _, k := range vault.Kinds() {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

// StandingChange is what the operator sets of a vendor; nil leaves it as it is.
type StandingChange struct {
	Accepts *[]string
	Kind    *vault.Kind // that the operator knows it to be of; empty takes the word back
}

// SetStanding changes how a vendor stands towards its customers. What a vendor accepts that registered
// itself is its own to say.
func (s *Vendors) SetStanding(ctx context.Context, client id.Client, c StandingChange) (Vendor, error) {
	err := s.changeVendor(ctx, client, func(r *vendorRecord) error {
		if c.Accepts != nil {
			if r.Registration != nil {
				return ErrOwnTerms
			}
			r.Standing.Accepts = *c.Accepts
		}
		if c.Kind != nil {
			r.Standing.Confirmed = *c.Kind
		}
		r.Standing = r.Standing.completed()
		var m mistakes
		if r.Standing.check(&m); len(m) > 0 {
			return &InvalidVendor{Mistakes: m}
		}
		return nil
	})
	if err != nil {
		return Vendor{}, err
	}
	return s.Get(ctx, client)
}
