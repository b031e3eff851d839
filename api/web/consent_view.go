package web

import (
	"context"
	"strings"

	"github.com/meins-id/meins/identity/provider"
)

// consentView is what a customer decides on: all of it is from the ask, nothing from the vault.
type consentView struct {
	Vendor             vendorView
	Digest             string
	Until              string // the end as a date
	Use                string // key of the sentence that says how it is read
	Way, Key           string // key of the sentence that says who could read it on the way; of the vendor, by its thumbprint
	Required, Optional []claimView
	Groups             []claimGroup // the optional ones again, where they are many
	Grouped            bool
	About              []claimView // those that there is something to say about
	Recipients         string      // who else gets it, by name
	Kept               string      // how long the vendor says that it keeps it
	Accepted           []termView  // of customers' terms, that the vendor accepts
	Roster             []termView  // all terms, for what the agent has to say of them
	GPC                bool        // the browser asks that nothing is sold or shared
	Again              bool        // an earlier answer came too late: it is asked anew

	Amended  bool            // there is a grant in force: it does not cover this, or is to be asked for
	Before   string          // when that was given
	Changes  []string        // what is different
	Changed  map[string]bool // the facts that are
	EachTime bool            // the customer wanted to be asked each time
}

// Claims says whether anything is asked at all.
func (v consentView) Claims() bool { return len(v.Required)+len(v.Optional) > 0 }

// Differs says whether a fact is another than what was agreed to.
func (v consentView) Differs(fact string) bool { return v.Changed[fact] }

// Privacy is the key of what becomes of the browser's wish that nothing is sold or shared.
func (v consentView) Privacy() string {
	if v.Recipients != "" {
		return "consent.gpc.others"
	}
	return "consent.gpc.said"
}

// Heading is the key of the page's heading.
func (v consentView) Heading() string {
	switch {
	case v.Amended:
		return "consent.amended"
	case !v.Claims():
		return "consent.heading.nothing"
	}
	return "consent.heading"
}

// Lead is the key of the sentence under it.
func (v consentView) Lead() string {
	switch {
	case v.EachTime:
		return "consent.lead.each"
	case !v.Claims():
		return "consent.lead.nothing"
	}
	return "consent.lead"
}

// claimGroup is a heading and what stands under it.
type claimGroup struct {
	Title  string
	Claims []claimView
}

// manyClaims is from how many optional claims on they get headings.
const manyClaims = 7

// consentView builds the view in the page's language.
func (w *Web) consentView(ctx context.Context, l *locale, next provider.Next) consentView {
	ask, now := next.Ask, w.o.Now()
	v := consentView{
		Vendor: w.vendorView(ctx, ask.Party), Digest: next.Digest,
		Until: l.Date(now.Add(ask.Ends)), Use: use(ask.Offline, ask.Continuous),
		Way: "way." + ask.Party.Mode(), Key: ask.Party.Encryption.Thumbprint,
		Recipients: l.List(ask.Recipients), Kept: l.duration(ask.Retention), Roster: l.roster(),
	}
	for _, name := range ask.Terms {
		v.Accepted = append(v.Accepted, l.termView(name))
	}
	if ask.Once {
		v.Use = "use.once-only"
	}
	v.list(l, next, newTyping(l, now))
	if g := next.Grant; g != nil {
		v.Amended, v.Before, v.EachTime = true, l.Date(g.Given), g.EachTime
		v.Changes, v.Changed = l.changes(ask, *g, v.Until, now)
	}
	return v
}

// list puts the claims where they belong.
func (v *consentView) list(l *locale, next provider.Next, typed *typing) {
	for _, c := range inOrder(next.Ask.Claims) {
		view := l.asked(c)
		view.Unusual = l.unusual(next.Ask.Party, c)
		view.Inputs = typed.inputs(c.Name)
		if g := next.Grant; g != nil {
			view.compare(c, *g, l)
		}
		if view.About != "" {
			v.About = append(v.About, view)
		}
		if c.Required {
			v.Required = append(v.Required, view)
		} else {
			v.Optional = append(v.Optional, view)
		}
	}
	if v.Grouped = len(v.Optional) >= manyClaims; v.Grouped {
		v.Groups = l.group(v.Optional)
	}
}

// isoUnits are the letters of ISO 8601 durations, of the date and of the time.
var isoUnits = [...]map[rune]string{
	{'Y': "years", 'M': "months", 'W': "weeks", 'D': "days"},
	{'H': "hours", 'M': "minutes", 'S': "seconds"},
}

// duration says an ISO 8601 duration in words.
func (l *locale) duration(iso string) string {
	var said []string
	date, clock, _ := strings.Cut(strings.TrimPrefix(iso, "P"), "T")
	for i, part := range []string{date, clock} {
		number := ""
		for _, r := range part {
			if r >= '0' && r <= '9' {
				number += string(r)
				continue
			}
			unit := "duration." + isoUnits[i][r]
			if number == "1" {
				unit = strings.TrimSuffix(unit, "s")
			}
			said = append(said, l.T(unit, "n", number))
			number = ""
		}
	}
	return strings.Join(said, ", ")
}

// use is the key of the sentence that says how the values are read.
func use(offline, continuous bool) string {
	key := "use.once"
	if continuous {
		key = "use.continuous"
	}
	if offline {
		key += ".offline"
	}
	return key
}
