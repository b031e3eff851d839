package rest

import (
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

// Between the wire's types, which openapi.yaml rules, and the domain's.

func stretchOut(s seal.Stretch) Stretch {
	return Stretch{M: s.Memory, T: s.Time, P: s.Threads, Salt: s.Salt}
}

func slotOut(s vault.Slot) Slot {
	out := Slot{ID: string(s.ID), Kind: SlotKind(s.Kind), Sealed: s.Sealed}
	if s.Stretch != nil {
		st := stretchOut(*s.Stretch)
		out.Stretch = &st
	}
	return out
}

func slotIn(s Slot, auth []byte) (identity.NewSlot, error) {
	slot, err := parsed[id.Slot](s.ID)
	if err != nil {
		return identity.NewSlot{}, err
	}
	in := vault.Slot{ID: slot, Kind: vault.SlotKind(s.Kind), Sealed: s.Sealed}
	if st := s.Stretch; st != nil {
		in.Stretch = &seal.Stretch{Memory: st.M, Time: st.T, Threads: st.P, Salt: st.Salt}
	}
	return identity.NewSlot{Slot: in, Auth: auth}, nil
}

func sessionOut(s identity.Session) Session {
	return Session{
		ID: string(s.ID), Account: string(s.Account), Share: s.Share, AuthTime: s.AuthTime,
		Created: s.Created, Expires: s.Expires, Methods: s.Methods, MustRenew: s.MustRenew,
	}
}

func vendorOut(p consent.Party) Vendor {
	v := Vendor{
		Client: string(p.Client), Name: p.Name, Domain: p.Domain, Verified: p.Verified,
		Contact: p.Contact, PolicyURI: p.PolicyURI, TermsURI: p.TermsURI, Encryption: encryptionOut(p),
		Kind: VendorKind(p.Kind),
	}
	if p.Logo != "" {
		v.Logo = "/vendors/" + string(p.Client) + "/logo"
	}
	return v
}

func claimsOut(all []consent.Claim) []Claim {
	out := make([]Claim, 0, len(all))
	for _, c := range all {
		claim := Claim{Name: c.Name, Required: c.Required, Purposes: make([]Purpose, 0, len(c.Purposes))}
		for _, p := range c.Purposes {
			claim.Purposes = append(claim.Purposes, Purpose{ID: p.ID, Iri: p.IRI, Text: p.Text, Local: p.Local})
		}
		out = append(out, claim)
	}
	return out
}

func choicesOut(all []consent.Choice) []Choice {
	out := make([]Choice, 0, len(all))
	for _, c := range all {
		out = append(out, Choice{Claim: c.Claim, Purposes: c.Purposes})
	}
	return out
}

func choicesIn(all []Choice) []consent.Choice {
	in := make([]consent.Choice, 0, len(all))
	for _, c := range all {
		in = append(in, consent.Choice{Claim: c.Claim, Purposes: c.Purposes})
	}
	return in
}

func askOut(a consent.Ask, now time.Time) *Ask {
	return &Ask{
		Vendor: vendorOut(a.Party), Claims: askedOut(a), Offline: a.Offline,
		Continuous: a.Continuous, Once: a.Once, Ends: now.Add(a.Ends),
		Retention: a.Retention, Recipients: a.Recipients, Terms: a.Terms,
	}
}

// askedOut are claims that a vendor asks for, with what vendors of its kind usually do not.
func askedOut(a consent.Ask) []Claim {
	out := claimsOut(a.Claims)
	for i := range out {
		out[i].Unusual = !a.Party.Kind.Asks(out[i].Name)
	}
	return out
}

func agreementOut(a consent.Agreement) Agreement {
	return Agreement{Proffered: a.Proffered, Accepted: a.Accepted, Agreed: a.Agreed}
}

func grantOut(g consent.Grant) Grant {
	declined := g.Declined
	if declined == nil {
		declined = []string{}
	}
	return Grant{
		ID: string(g.ID), Vendor: vendorOut(g.Party), Persona: string(g.Persona), State: GrantState(g.State.String()),
		Claims: claimsOut(g.Claims), Declined: declined, Without: choicesOut(g.Without), Offline: g.Offline,
		Continuous: g.Continuous, Once: g.Once, Retention: g.Retention, Recipients: g.Recipients, Terms: agreementOut(g.Terms), Mode: GrantMode(g.Mode),
		Given: g.Given, Ends: g.Ends, Since: g.Since, Reason: g.Reason, LastRead: g.LastRead, Reads: g.Reads,
		Revision: g.Revision, WrappedKey: g.Wrapped,
		Ephemeral: g.Ephemeral, Paused: g.Paused, EachTime: g.EachTime, Gpc: g.GPC, Taken: choicesOut(g.Taken),
	}
}

func receiptOut(r consent.Receipt) Receipt {
	return Receipt{
		ID: string(r.ID), Seq: r.Seq, Prev: r.Prev, Hash: r.Hash, Record: r.Raw, Event: ReceiptEvent(r.Event),
		State: GrantState(r.State), Reason: r.Reason, Time: r.Time, Grant: string(r.Grant), Persona: string(r.Persona),
		Vendor: vendorOut(r.Party), Claims: claimsOut(r.Claims), Declined: r.Declined, Without: choicesOut(r.Without),
		Taken: choicesOut(r.Taken), Offline: r.Offline, Continuous: r.Continuous, Once: r.Once, Ephemeral: r.Ephemeral,
		Paused: r.Paused, EachTime: r.EachTime, Gpc: r.GPC, Due: r.Due, Given: r.Given, Ends: r.Ends, Retention: r.Retention,
		Recipients: r.Recipients, Terms: agreementOut(r.Terms), Mode: GrantMode(r.Mode), Digest: r.Digest,
		Notice: Notice{Language: r.Notice.Language, Hash: r.Notice.Hash, Text: r.Notice.Text},
	}
}
