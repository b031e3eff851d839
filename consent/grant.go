package consent

import (
	"slices"
	"time"

	"github.com/meins-id/meins/internal/id"
)

// State is where a grant stands in its life; the words are those of the Data Privacy Vocabulary.
// The zero State refuses.
type State int

// The states. Only Given lets anything out; nothing leads back to it.
const (
	None State = iota
	Requested
	Refused
	Given
	Expired
	Withdrawn // by the customer
	Revoked   // by the operator: the vendor was removed
)

// stateNames are what records and the API call the states.
var stateNames = [...]string{"none", "requested", "refused", "given", "expired", "withdrawn", "revoked"}

// String is the state's name in records and the API.
func (s State) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return stateNames[None]
	}
	return stateNames[s]
}

// DPV is the state's name in the Data Privacy Vocabulary; empty for None.
func (s State) DPV() string {
	names := [...]string{"", "ConsentRequested", "ConsentRefused", "ConsentGiven", "ConsentExpired", "ConsentWithdrawn", "ConsentRevoked"}
	if s < 0 || int(s) >= len(names) {
		return ""
	}
	return names[s]
}

// stateOf reverses String; what it does not know is None, which refuses.
func stateOf(name string) State { return State(max(slices.Index(stateNames[:], name), 0)) }

// Choice is some of the purposes of one claim, by their names.
type Choice struct {
	Claim    string   `json:"claim"`
	Purposes []string `json:"purposes,omitempty"`
}

// Grant is a consent: terms that never change, and where it stands. The zero Grant grants nothing.
// Claims, Declined and Without are what is left of the terms after what was taken back.
type Grant struct {
	ID         id.Grant
	Account    id.Account
	Persona    id.Persona
	Party      Party    // as it was when the customer approved
	Claims     []Claim  // given, each with the purposes it is given for, sorted by name
	Declined   []string // asked and not given, or taken back
	Without    []Choice // purposes of the claims that are given, for which they are not
	Offline    bool
	Continuous bool
	Once       bool
	Detailed   bool
	Retention  string
	Recipients []string
	Terms      Agreement
	Ephemeral  bool   // for one visit, under a name that no other visit has
	Digest     string // of the ask that was reviewed
	Locale     string // in which it was reviewed
	Notice     string // hash of the text that was shown
	Given      time.Time
	Ends       time.Time // as given, or as renewed last
	Wrapped    []byte    // the grant key under the vault key
	Mode       string
	GPC        bool // the browser sent Sec-GPC: 1, no sale and no sharing, with the approval

	State    State
	Since    time.Time // of the state
	Reason   string    // of the state, where there is one: "replaced", "used"
	Renewed  time.Time // the end that took the place of the one in the terms; zero when there is none
	Taken    []Choice  // taken back since; no purposes means the whole claim
	Paused   bool      // nothing leaves until the customer goes on
	EachTime bool      // the customer wants to be asked at each login
	Revision uint64    // of the capsule; 0 when there is none
	LastRead time.Time // zero when nothing was read
	Reads    uint64
}

// Declines says that the customer gave a claim for other purposes, but not for this one.
func (g Grant) Declines(claim, purpose string) bool { return g.declines(claim, purpose) }

func (g *Grant) declines(claim, purpose string) bool {
	i := slices.IndexFunc(g.Without, func(c Choice) bool { return c.Claim == claim })
	return i >= 0 && slices.Contains(g.Without[i].Purposes, purpose)
}

// take leaves out what was taken back. It writes to no list that it was given: terms are shared.
func (g *Grant) take(taken []Choice) {
	g.Taken = slices.Concat(g.Taken, taken)
	for _, back := range taken {
		i := slices.IndexFunc(g.Claims, func(c Claim) bool { return c.Name == back.Claim })
		if i < 0 {
			continue
		}
		c := g.Claims[i]
		kept := without(c.Purposes, back.Purposes)
		g.Claims = slices.Clone(g.Claims)
		if len(back.Purposes) == 0 || len(kept) == 0 {
			g.Claims = slices.Delete(g.Claims, i, i+1)
			g.Declined = append(slices.Clone(g.Declined), c.Name)
			g.Without = slices.DeleteFunc(slices.Clone(g.Without), func(o Choice) bool { return o.Claim == c.Name })
			continue
		}
		c.Purposes = kept
		g.Claims[i] = c
		g.decline(c.Name, back.Purposes)
	}
}

// decline adds purposes to those that a claim is not given for.
func (g *Grant) decline(claim string, purposes []string) {
	g.Without = slices.Clone(g.Without)
	i := slices.IndexFunc(g.Without, func(o Choice) bool { return o.Claim == claim })
	if i < 0 {
		g.Without = append(g.Without, Choice{Claim: claim})
		i = len(g.Without) - 1
	}
	g.Without[i].Purposes = slices.Concat(g.Without[i].Purposes, purposes)
}

// standing is the state at a moment: what is past its end is Expired, whatever the record says.
func standing(recorded State, ends, now time.Time) State {
	if recorded == Given && !now.Before(ends) {
		return Expired
	}
	return recorded
}
