package web

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/vault"
)

// consentView is what a customer decides on: all of it is from the ask, nothing from the vault.
type consentView struct {
	Vendor             vendorView
	Digest             string
	Until              string // the end as a date
	Use                string // key of the sentence that says how it is read
	Required, Optional []claimView
	Groups             []claimGroup // the optional ones again, where they are many
	Grouped            bool
	Recipients         string // who else gets it, by name
	Kept               string // how long the vendor says that it keeps it
	Terms              string // of the customer's, that the vendor accepts
	Again              bool   // an earlier answer came too late: it is asked anew

	Amended bool     // there is a grant in force that does not cover this
	Before  string   // when that was given
	Changes []string // what is different
}

// Claims says whether anything is asked at all.
func (v consentView) Claims() bool { return len(v.Required)+len(v.Optional) > 0 }

// claimView is one claim on a page.
type claimView struct {
	Name, Label, Help string
	Kind              vault.Type
	Purpose           string
	Was               string // the purpose that was agreed to, when it is another now
	Required          bool
	New               bool // was not asked before
	Kept              bool // was approved before; the sole reason for a box to be ticked
	Minor             bool // goes to the end while the vault has no value for it
	Inputs            []inputView

	Uses []useView // instead of Purpose, where there are several: each is chosen on its own
}

// useView is one of several purposes of a claim.
type useView struct {
	ID, Claim, Text string
	Kept            bool // was chosen before
}

// uses are the purposes of a claim, where the customer chooses between several.
func uses(c consent.Claim, tag string) []useView {
	if len(c.Purposes) < 2 {
		return nil
	}
	views := make([]useView, len(c.Purposes))
	for i, p := range c.Purposes {
		views[i] = useView{ID: p.ID, Claim: c.Name, Text: p.In(tag)}
	}
	return views
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
		Recipients: strings.Join(ask.Recipients, ", "), Kept: l.duration(ask.Retention), Terms: strings.Join(ask.Terms, ", "),
	}
	if ask.Once {
		v.Use = "use.once-only"
	}
	typed := newTyping(l, now)
	for _, c := range inOrder(ask.Claims) {
		view := l.claimView(c)
		if view.Uses = uses(c, l.Tag); view.Uses != nil {
			view.Purpose = ""
		}
		view.Inputs = typed.inputs(c.Name)
		if g := next.Grant; g != nil {
			view.compare(c, *g, l.Tag)
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
	if g := next.Grant; g != nil {
		v.Amended, v.Before = true, l.Date(g.Given)
		v.Changes = l.changes(ask, *g, v.Until, now)
	}
	return v
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

// claimView shows a claim in a language.
func (l *locale) claimView(c consent.Claim) claimView {
	entry, err := vault.Lookup(c.Name)
	if err != nil {
		entry = vault.Entry{Name: c.Name, Type: vault.TypeString}
	}
	v := claimView{
		Name: c.Name, Label: l.Claim(c.Name), Kind: entry.Type, Required: c.Required,
		Purpose: purposes(c, l.Tag), Minor: !c.Required && isMinor(c.Name),
	}
	if help := "claim." + c.Name + ".help"; l.Has(help) {
		v.Help = l.T(help)
	}
	return v
}

// compare marks what is different from the grant in force, and what was chosen then.
func (v *claimView) compare(c consent.Claim, g consent.Grant, tag string) {
	i := slices.IndexFunc(g.Claims, func(o consent.Claim) bool { return o.Name == c.Name })
	switch {
	case i >= 0:
		v.Kept = !c.Required
		for j := range v.Uses {
			use := &v.Uses[j]
			use.Kept = slices.ContainsFunc(g.Claims[i].Purposes, func(p consent.Purpose) bool { return p.ID == use.ID })
		}
		if v.Uses == nil && !given(c, g.Claims[i], tag) {
			// Approved for something else: that is not chosen.
			v.Kept, v.Was = false, purposes(g.Claims[i], tag)
		}
	case !slices.Contains(g.Declined, c.Name):
		v.New = true
	}
}

// given says that a claim was given for all that it is asked for now, in the same words.
func given(asked, before consent.Claim, tag string) bool {
	if len(asked.Purposes) == 0 {
		return len(before.Purposes) == 0
	}
	for _, p := range asked.Purposes {
		same := func(was consent.Purpose) bool { return was.ID == p.ID && was.In(tag) == p.In(tag) }
		if !slices.ContainsFunc(before.Purposes, same) {
			return false
		}
	}
	return true
}

// changes says in sentences what differs from the grant in force.
func (l *locale) changes(ask consent.Ask, g consent.Grant, until string, now time.Time) []string {
	d := consent.ChangesTo(g, ask, now)
	var said []string
	say := func(differs bool, key string, pairs ...any) {
		if differs {
			said = append(said, l.T(key, pairs...))
		}
	}
	say(d.Name != "", "consent.change.name", "before", d.Name)
	say(d.Domain != "", "consent.change.domain", "before", d.Domain)
	say(d.Unverified, "consent.change.unverified")
	say(len(d.Claims) > 0, "consent.change.claim", "claims", l.Claims(d.Claims))
	say(len(d.Required) > 0, "consent.change.required", "claims", l.Claims(d.Required))
	say(len(d.Purposes) > 0, "consent.change.purpose", "claims", l.Claims(chosen(d.Purposes)))
	say(len(d.Gone) > 0, "consent.change.gone", "claims", l.Claims(d.Gone))
	say(len(d.Idle) > 0, "consent.change.idle", "claims", l.Claims(chosen(d.Idle)))
	say(len(d.Recipients) > 0, "consent.change.recipients", "names", strings.Join(d.Recipients, ", "))
	say(d.Retention != nil, "consent.change.retention")
	say(len(d.Terms) > 0, "consent.change.terms", "names", strings.Join(d.Terms, ", "))
	say(d.Offline, "consent.change.offline")
	say(d.Continuous, "consent.change.continuous")
	say(d.Once, "consent.change.once")
	say(until != l.Date(g.Ends), "consent.change.ends", "date", until, "before", l.Date(g.Ends))
	return said
}

// chosen are the claims of choices.
func chosen(choices []consent.Choice) []string {
	names := make([]string, len(choices))
	for i, c := range choices {
		names[i] = c.Claim
	}
	return names
}
