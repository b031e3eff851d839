package consent

import (
	"cmp"
	"slices"
	"time"

	"github.com/meins-id/meins/internal/id"
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
	ReasonPaused      Reason = "paused"
	ReasonEachTime    Reason = "ask-each-time"
	ReasonParty       Reason = "party-changed"
	ReasonKey         Reason = "key-changed"    // or there was none, or there is none any more
	ReasonPart        Reason = "less-than-sent" // end-to-end, what is sent cannot be cut to what is asked
	ReasonOffline     Reason = "offline-not-granted"
	ReasonContinuous  Reason = "continuous-not-granted"
	ReasonNewClaim    Reason = "new-claim"
	ReasonRequired    Reason = "required-declined"
	ReasonPurpose     Reason = "purpose-changed"
	ReasonRetention   Reason = "kept-for-longer"
	ReasonRecipients  Reason = "new-recipient"
	ReasonTerms       Reason = "terms-not-accepted"
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
// now requires it; so does a purpose. A purpose that is new, or was worded otherwise when the customer
// read it, is a new use of the same claim: the customer decides anew. A claim that is asked for
// nothing but what was declined does not leave.
func Decide(ask Ask, g Grant, now time.Time) Decision {
	d := cover(&ask, &g, now)
	if d.Effect == Allow && g.EachTime {
		d.Effect, d.Reason = Review, ReasonEachTime
	}
	// What was agreed goes on for what was read under it: only a login is a time to ask anew.
	if d.Effect == Allow && g.Terms.Agreed != "" && !slices.Contains(ask.Terms, g.Terms.Agreed) {
		d.Effect, d.Reason = Review, ReasonTerms
	}
	if d.Effect == Allow && g.partly(d.Claims) {
		d.Effect, d.Reason = Review, ReasonPart
	}
	return d
}

// cover is Decide for a read: whether the customer wants to be asked is a question of logins. It looks at
// ask and grant where they are, for a read costs little more than copying them a few times.
func cover(ask *Ask, g *Grant, now time.Time) Decision {
	if reason := denies(ask.Party.Client, g, now); reason != ReasonNone {
		return Decision{Effect: Deny, Reason: reason}
	}
	d := Decision{Effect: Allow, Reason: changes(ask, g)}
	d.Claims = make([]string, 0, len(ask.Claims))
	for i := range ask.Claims {
		c := &ask.Claims[i]
		reason := judge(c, g)
		switch {
		case reason != ReasonNone:
			d.New = append(d.New, c.Name)
			d.Reason = cmp.Or(d.Reason, reason)
		case !slices.Contains(g.Declined, c.Name) && serves(c, g):
			d.Claims = append(d.Claims, c.Name)
		}
	}
	if d.Reason != ReasonNone {
		d.Effect = Review
	}
	return d
}

// denies says why a grant does not serve at all.
func denies(client id.Client, g *Grant, now time.Time) Reason {
	if g.ID == "" || client == "" {
		return ReasonNoGrant
	}
	if client != g.Party.Client {
		return ReasonOtherClient
	}
	return idle(g, now)
}

// idle says why a grant gives nothing at all at this moment, to anybody.
func idle(g *Grant, now time.Time) Reason {
	if reason := over(g, now); reason != ReasonNone {
		return reason
	}
	if g.Paused {
		return ReasonPaused
	}
	return ReasonNone
}

// over says why a grant is not in force.
func over(g *Grant, now time.Time) Reason {
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

// changes says what about the whole ask goes beyond the grant. An ask that says nothing of retention
// leaves that of the grant as it is.
func changes(ask *Ask, g *Grant) Reason {
	was, is := &g.Party, &ask.Party
	switch {
	case is.Name != was.Name || is.Domain != was.Domain || was.Verified && !is.Verified:
		return ReasonParty
	case is.Encryption != was.Encryption || is.Mode() != g.Mode:
		return ReasonKey
	case ask.Offline && !g.Offline:
		return ReasonOffline
	case ask.Continuous && !g.Continuous:
		return ReasonContinuous
	case ask.Detailed && longer(ask.Retention, g.Retention):
		return ReasonRetention
	case slices.ContainsFunc(ask.Recipients, func(name string) bool { return !slices.Contains(g.Recipients, name) }):
		return ReasonRecipients
	}
	return ReasonNone
}

// longer says that what is read would be kept for longer than was agreed, or for no stated time.
func longer(is, was string) bool {
	if is == was || was == "" {
		return false
	}
	asked, err := ParseDuration(is)
	agreed, _ := ParseDuration(was) // of what cannot be read, nothing was agreed
	return err != nil || asked > agreed
}

// judge says why the customer has to decide on a claim; no reason if that is done.
func judge(c *Claim, g *Grant) Reason {
	granted, ok := find(g.Claims, c.Name)
	switch {
	case ok && !covers(c, &granted, g):
		return ReasonPurpose
	case ok && c.Required && !serves(c, g):
		return ReasonRequired
	case ok:
		return ReasonNone
	case !slices.Contains(g.Declined, c.Name):
		return ReasonNewClaim
	case c.Required:
		return ReasonRequired
	}
	return ReasonNone
}

// covers says that each purpose of a claim was decided on, in the words that it has now.
func covers(c, granted *Claim, g *Grant) bool {
	if len(c.Purposes) == 0 {
		return len(granted.Purposes) == 0
	}
	if len(granted.Purposes) > 0 && &c.Purposes[0] == &granted.Purposes[0] {
		return true // a token's read is for what was granted
	}
	for _, p := range c.Purposes {
		i := slices.IndexFunc(granted.Purposes, func(was Purpose) bool { return was.ID == p.ID })
		switch {
		case i < 0 && !g.declines(c.Name, p.ID):
			return false
		case i >= 0 && granted.Purposes[i].In(g.Locale) != p.In(g.Locale):
			return false
		}
	}
	return true
}

// serves says that one of the purposes that a claim is asked for was given, or that there are none.
func serves(c *Claim, g *Grant) bool {
	return len(c.Purposes) == 0 || slices.ContainsFunc(c.Purposes, func(p Purpose) bool { return !g.declines(c.Name, p.ID) })
}
