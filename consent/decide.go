package consent

import (
	"cmp"
	"slices"
	"time"
)

// Effect is the answer to an ask. The zero Effect denies.
type Effect int

// The effects.
const (
	Deny   Effect = iota // no grant serves this ask
	Review               // the customer has to look at it again
	Allow                // the grant in force covers it
)

// String is the effect's name.
func (e Effect) String() string {
	switch e {
	case Allow:
		return "allow"
	case Review:
		return "review"
	case Deny:
	}
	return "deny"
}

// Reason says why an effect is what it is. It is for programs and logs, and names no value.
type Reason string

// The reasons. Those of Deny come before those of Review; Allow has none.
const (
	ReasonNone        Reason = ""
	ReasonNoGrant     Reason = "no-grant"
	ReasonOtherClient Reason = "other-client"
	ReasonWithdrawn   Reason = "withdrawn"
	ReasonExpired     Reason = "expired"
	ReasonParty       Reason = "party-changed"
	ReasonOffline     Reason = "offline-not-granted"
	ReasonContinuous  Reason = "continuous-not-granted"
	ReasonNewClaim    Reason = "new-claim"
	ReasonRequired    Reason = "required-declined"
	ReasonPurpose     Reason = "purpose-changed"
)

// Decision is what Decide found. The zero Decision denies.
type Decision struct {
	Effect Effect
	Claims []string // that are both asked and granted, in the order of the ask; nothing else may leave
	New    []string // that the customer has to decide on; with Review only
	Reason Reason
}

// Decide says whether a grant covers an ask now. It is pure, and denies by default.
//
// A claim that the customer declined stays declined, without being asked again, unless the vendor
// now requires it. A purpose that changed is a new use of the same claim: the customer decides anew.
func Decide(ask Ask, g Grant, now time.Time) Decision {
	if reason := denies(ask, g, now); reason != ReasonNone {
		return Decision{Effect: Deny, Reason: reason}
	}
	d := Decision{Effect: Allow, Reason: changes(ask, g)}
	d.Claims = make([]string, 0, len(ask.Claims))
	for _, c := range ask.Claims {
		reason := judge(c, g)
		switch {
		case reason != ReasonNone:
			d.New = append(d.New, c.Name)
			d.Reason = cmp.Or(d.Reason, reason)
		case !slices.Contains(g.Declined, c.Name):
			d.Claims = append(d.Claims, c.Name)
		}
	}
	if d.Reason != ReasonNone {
		d.Effect = Review
	}
	return d
}

// denies says why a grant does not serve at all.
func denies(ask Ask, g Grant, now time.Time) Reason {
	if g.ID == "" || ask.Party.Client == "" {
		return ReasonNoGrant
	}
	if ask.Party.Client != g.Party.Client {
		return ReasonOtherClient
	}
	switch standing(g.State, g.Ends, now) {
	case Given:
		return ReasonNone
	case Expired:
		return ReasonExpired
	case Withdrawn, Revoked:
		return ReasonWithdrawn
	case None, Requested, Refused:
	}
	return ReasonNoGrant
}

// changes says what about the whole ask goes beyond the grant.
func changes(ask Ask, g Grant) Reason {
	was, is := g.Party, ask.Party
	switch {
	case is.Name != was.Name || is.Domain != was.Domain || was.Verified && !is.Verified:
		return ReasonParty
	case ask.Offline && !g.Offline:
		return ReasonOffline
	case ask.Continuous && !g.Continuous:
		return ReasonContinuous
	}
	return ReasonNone
}

// judge says why the customer has to decide on a claim; no reason if that is done.
func judge(c Claim, g Grant) Reason {
	granted, ok := find(g.Claims, c.Name)
	switch {
	case ok && granted.Purpose != c.Purpose:
		return ReasonPurpose
	case ok:
		return ReasonNone
	case !slices.Contains(g.Declined, c.Name):
		return ReasonNewClaim
	case c.Required:
		return ReasonRequired
	}
	return ReasonNone
}
