package web

import (
	"slices"
	"strings"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/vault"
)

// claimView is one claim on a page.
type claimView struct {
	Name, Label string
	Help        string // what it is, where the label could mislead: it stands beside it
	About       string // what it is, for whoever wants to know
	Kind        vault.Type
	Purpose     string
	Uses        []useView // instead of Purpose, where there are several: each is chosen on its own
	Was         string    // the purpose that was agreed to, when it is another now
	Acts        []actView // that releasing it takes, each on its own
	Required    bool
	Now         bool   // was declined before, and is required now
	New         bool   // was not asked before
	Kept        bool   // was approved before; the sole reason for a box to be ticked
	Minor       bool   // goes to the end while the vault has no value for it
	Unusual     string // that vendors of this kind do not usually ask for it
	Inputs      []inputView
}

// useView is one of several purposes of a claim.
type useView struct {
	ID, Claim, Text string
	Acts            []actView
	Kept            bool // was chosen before
	New             bool // was not asked before
}

// actView is a sentence that takes a tick of its own, apart from approving the rest.
type actView struct {
	ID  string // of the field
	For string // the field that it goes with
	Key string // of the sentence
}

// The acts, by the keys of their sentences.
const (
	actSpecial  = "consent.act.special"
	actOwn      = "consent.act.own"
	actPortrait = "consent.act.portrait"
	actTraining = "consent.act.training"
)

func newAct(key, field string) actView {
	return actView{ID: "act-" + key[strings.LastIndex(key, ".")+1:] + "-" + field, For: field, Key: key}
}

// ownAct is the act that releasing a claim takes whatever it is for.
func ownAct(entry vault.Entry) string {
	switch {
	case !entry.OwnAct():
		return ""
	case entry.Own:
		return actOwn
	case entry.Sensitivity == vault.Special:
		return actSpecial
	}
	return actPortrait
}

// claimView shows a claim in a language.
func (l *locale) claimView(c consent.Claim) claimView {
	entry, err := vault.Lookup(c.Name)
	if err != nil {
		entry = vault.Entry{Name: c.Name, Type: vault.TypeString}
	}
	v := claimView{
		Name: c.Name, Label: l.Claim(c.Name), Kind: kindOf(entry), Required: c.Required,
		Purpose: l.purposes(c), Minor: !c.Required && isMinor(c.Name),
	}
	if help := l.claim(c.Name, "help"); entry.Stored {
		v.About = help
	} else {
		v.Help = help // what follows from something else is less than it, which is worth its line
	}
	if act := ownAct(entry); act != "" {
		v.Acts = append(v.Acts, newAct(act, "claim-"+c.Name))
	}
	return v
}

// asked is a claim that the customer decides on, for each of its purposes.
func (l *locale) asked(c consent.Claim) claimView {
	v := l.claimView(c)
	if v.Uses = l.uses(c); v.Uses != nil {
		v.Purpose = ""
	} else if slices.ContainsFunc(c.Purposes, consent.Purpose.TrainsMachines) {
		v.Acts = append(v.Acts, newAct(actTraining, "claim-"+c.Name))
	}
	return v
}

// uses are the purposes of a claim, where the customer chooses between several.
func (l *locale) uses(c consent.Claim) []useView {
	if len(c.Purposes) < 2 {
		return nil
	}
	views := make([]useView, len(c.Purposes))
	for i, p := range c.Purposes {
		views[i] = useView{ID: p.ID, Claim: c.Name, Text: l.purpose(p)}
		if p.TrainsMachines() {
			views[i].Acts = []actView{newAct(actTraining, "purpose-"+c.Name+"-"+p.ID)}
		}
	}
	return views
}

// compare marks what is different from the grant in force, and what was chosen then.
func (v *claimView) compare(c consent.Claim, g consent.Grant, l *locale) {
	i := slices.IndexFunc(g.Claims, func(o consent.Claim) bool { return o.Name == c.Name })
	switch declined := slices.Contains(g.Declined, c.Name); {
	case i >= 0:
		v.Kept = !c.Required
		v.compareUses(g, g.Claims[i])
		if v.Uses == nil && !given(c, g.Claims[i], l.Tag) {
			// Approved for something else: that is not chosen.
			v.Kept, v.Was = false, l.purposes(g.Claims[i])
		}
	case declined:
		v.Now = c.Required
	default:
		v.New = true
	}
}

// compareUses marks which of several purposes were chosen, and which were not there to be chosen.
func (v *claimView) compareUses(g consent.Grant, was consent.Claim) {
	for j := range v.Uses {
		use := &v.Uses[j]
		use.Kept = slices.ContainsFunc(was.Purposes, func(p consent.Purpose) bool { return p.ID == use.ID })
		use.New = !use.Kept && !g.Declines(v.Name, use.ID)
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
