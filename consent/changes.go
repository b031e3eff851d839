package consent

import (
	"slices"
	"time"
)

// Changes is what an ask differs in from a grant: what a customer who decides again has to look at, and
// nothing else. Changes to nothing is the zero Changes.
type Changes struct {
	Name, Domain string // of the vendor before, where they are others now
	Unverified   bool   // the domain was known to be the vendor's, and is no longer
	Mode         string // the way of release before, where it is another now
	Key          bool   // end-to-end as before, for another key or in another form

	Claims   []string // asked for the first time
	Required []string // declined or taken back before, and now required
	Purposes []Choice // new purposes of claims that were decided on, or known ones in other words
	Gone     []string // given before, and no longer asked
	Idle     []Choice // purposes given before, and no longer asked

	Offline    bool // now also while the customer is away
	Continuous bool // the values now follow the vault
	Once       bool // now read once only

	Retention  *string  // what it was, where it is another now
	Recipients []string // that get it now and did not before
	Terms      []string // that were agreed, and that the vendor no longer accepts
	Ends       time.Time
}

// Any says whether there is anything to look at. A later end alone is what renewing means, and no change.
func (c Changes) Any() bool {
	return c.Name != "" || c.Domain != "" || c.Unverified || c.Mode != "" || c.Key ||
		len(c.Claims)+len(c.Required)+len(c.Purposes)+len(c.Gone)+len(c.Idle) > 0 ||
		c.Offline || c.Continuous || c.Once || c.Retention != nil || len(c.Recipients)+len(c.Terms) > 0
}

// ChangesTo compares what is asked now with what was granted. It is pure; Ends is the end that the grant
// had, where the ask would give it another.
func ChangesTo(g Grant, ask Ask, now time.Time) Changes {
	c := Changes{
		Unverified: g.Party.Verified && !ask.Party.Verified,
		Offline:    ask.Offline && !g.Offline, Continuous: ask.Continuous && !g.Continuous, Once: ask.Once && !g.Once,
		Recipients: missing(ask.Recipients, g.Recipients), Terms: missing(g.Terms.list(), ask.Terms),
	}
	if ask.Party.Name != g.Party.Name {
		c.Name = g.Party.Name
	}
	if ask.Party.Domain != g.Party.Domain {
		c.Domain = g.Party.Domain
	}
	switch {
	case ask.Party.Mode() != g.Mode:
		c.Mode = g.Mode
	case ask.Party.Encryption != g.Party.Encryption:
		c.Key = true
	}
	if ask.Retention != g.Retention {
		was := g.Retention
		c.Retention = &was
	}
	if !stamp(now).Add(ask.Ends).Equal(g.Ends) {
		c.Ends = g.Ends
	}
	c.compareClaims(g, ask)
	return c
}

func (c *Changes) compareClaims(g Grant, ask Ask) {
	for _, is := range ask.Claims {
		was, given := find(g.Claims, is.Name)
		switch declined := slices.Contains(g.Declined, is.Name); {
		case given:
			c.comparePurposes(g, was, is)
		case declined && is.Required:
			c.Required = append(c.Required, is.Name)
		case !declined:
			c.Claims = append(c.Claims, is.Name)
		}
	}
	for _, was := range g.Claims {
		if _, asked := find(ask.Claims, was.Name); !asked {
			c.Gone = append(c.Gone, was.Name)
		}
	}
}

func (c *Changes) comparePurposes(g Grant, was, is Claim) {
	var fresh []string
	for _, p := range is.Purposes {
		one := Claim{Name: is.Name, Purposes: []Purpose{p}}
		if !covers(&one, &was, &g) {
			fresh = append(fresh, p.ID)
		}
	}
	if len(fresh) > 0 {
		c.Purposes = append(c.Purposes, Choice{is.Name, fresh})
	}
	if idle := missing(purposeIDs(was.Purposes), purposeIDs(is.Purposes)); len(idle) > 0 {
		c.Idle = append(c.Idle, Choice{is.Name, idle})
	}
}

// missing gives what is in the first list and not in the second.
func missing(from, in []string) []string {
	var list []string
	for _, s := range from {
		if !slices.Contains(in, s) {
			list = append(list, s)
		}
	}
	return list
}
