package consent

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// Bounds of what comes with an approval.
const (
	maxWrapped = 256 // a sealed key is 61 bytes
	maxLocale  = 35  // BCP 47's longest common tag
)

// Approval is the customer's yes to some or all of what was reviewed.
type Approval struct {
	Account id.Account
	Persona id.Persona
	Grant   id.Grant // drawn by the agent: the capsule is sealed for it
	Ask     Ask      // as it is now
	Digest  string   // of the ask that the customer reviewed
	Choices []Choice // approved: each claim with the purposes that it is given for
	Capsule []byte   // sealed as revision 1
	Wrapped []byte   // the grant key under the vault key
	Locale  string   // in which the customer reviewed
	Notice  string   // the text that was shown; empty means what NoticeText makes of the ask

	Proffered []string // terms of the customer's, the best for them first; none is no terms
	Agreed    string   // the one of them that the customer was shown as agreed; empty for none

	GPC      bool // the browser said Sec-GPC: 1 with the approval
	EachTime bool // the customer wants to be asked at each login
	// Ephemeral makes the consent one for this visit only: it is in force at no other, and ends after
	// Lifetime. Its persona is drawn for it, so that the vendor does not know the customer again.
	Ephemeral bool
	Lifetime  time.Duration
}

// Approve stores a grant, its capsule and its receipt in one step. A grant in force of the same
// account for the same vendor ends in that step.
func (e *Engine) Approve(ctx context.Context, a Approval) (Grant, error) {
	if err := a.check(); err != nil {
		return Grant{}, fmt.Errorf("approve: %w", err)
	}
	now := e.now()
	notice := noticeOf(a.Notice, a.Ask, a.Locale, now)
	g := a.grant(now)
	g.Notice = notice.Hash
	g, err := e.db.saveGrant(ctx, g, a.Capsule, notice, now)
	if err != nil {
		return Grant{}, fmt.Errorf("approve: %w", err)
	}
	return g, nil
}

// noticeOf is the notice that was shown, or else the ask in words.
func noticeOf(shown string, ask Ask, language string, now time.Time) Notice {
	text := cmp.Or(shown, NoticeText(ask, language, now))
	return Notice{Language: language, Hash: hashOf([]byte(text)), Text: text}
}

// check compares the approval with the ask.
func (a Approval) check() error {
	if a.Digest != a.Ask.Digest() {
		return ErrStaleReview
	}
	if err := a.wellFormed(); err != nil {
		return err
	}
	if err := a.checkTerms(); err != nil {
		return err
	}
	chosen := map[string]bool{}
	for _, choice := range a.Choices {
		if err := a.Ask.admits(choice); err != nil {
			return err
		}
		if chosen[choice.Claim] {
			return ErrApproval
		}
		chosen[choice.Claim] = true
	}
	for _, c := range a.Ask.Claims {
		if c.Required && !chosen[c.Name] {
			return ErrMissingRequired
		}
	}
	return nil
}

// admits checks one choice: of a claim that is asked for purposes, at least one of them is chosen.
func (a Ask) admits(choice Choice) error {
	c, asked := find(a.Claims, choice.Claim)
	if !asked {
		return ErrNotAsked
	}
	if len(c.Purposes) > 0 && len(choice.Purposes) == 0 {
		return ErrNoPurpose
	}
	for i, p := range choice.Purposes {
		if !slices.ContainsFunc(c.Purposes, func(o Purpose) bool { return o.ID == p }) {
			return ErrNotAsked
		}
		if slices.Contains(choice.Purposes[:i], p) {
			return ErrApproval
		}
	}
	return nil
}

// Choose is the choice of these claims for all that they are asked for.
func (a Ask) Choose(names ...string) []Choice {
	choices := make([]Choice, len(names))
	for i, name := range names {
		c, _ := find(a.Claims, name)
		choices[i] = Choice{Claim: name, Purposes: purposeIDs(c.Purposes)}
	}
	return choices
}

// wellFormed checks what the ask says nothing about. Identifiers become keys of the store, so that
// their form matters.
func (a Approval) wellFormed() error {
	_, badAccount := id.Parse[id.Account](string(a.Account))
	_, badPersona := id.Parse[id.Persona](string(a.Persona))
	_, badGrant := id.Parse[id.Grant](string(a.Grant))
	_, badClient := id.Parse[id.Client](string(a.Ask.Party.Client))
	switch {
	case badAccount != nil || badPersona != nil || badGrant != nil || badClient != nil,
		a.Ask.Ends <= 0 || a.Ask.Ends > MaxEnds, a.Ephemeral && (a.Lifetime <= 0 || a.Lifetime > MaxEnds),
		len(a.Capsule) == 0 || len(a.Capsule) > vault.MaxCapsule,
		len(a.Wrapped) == 0 || len(a.Wrapped) > maxWrapped,
		len(a.Locale) > maxLocale:
		return ErrApproval
	case !keepable(a.Notice):
		return ErrNotice
	}
	return nil
}

// grant is what the approval brings into force.
func (a Approval) grant(now time.Time) Grant {
	g := Grant{
		ID: a.Grant, Account: a.Account, Persona: a.Persona, Party: a.Ask.Party,
		Offline: a.Ask.Offline, Continuous: a.Ask.Continuous, Once: a.Ask.Once, Detailed: a.Ask.Detailed,
		Retention: a.Ask.Retention, Recipients: a.Ask.Recipients, Terms: a.agreement(),
		Digest: a.Digest, Locale: a.Locale,
		Given: stamp(now), Ends: stamp(now).Add(a.Ask.Ends),
		Wrapped: slices.Clone(a.Wrapped), Mode: a.Ask.Party.Mode(),
		State: Given, Since: stamp(now), Revision: 1, EachTime: a.EachTime, GPC: a.GPC,
	}
	if a.Ephemeral {
		g.Ephemeral, g.EachTime, g.Offline, g.Continuous = true, false, false, false
		g.Ends = g.Given.Add(min(a.Lifetime, a.Ask.Ends))
	}
	for _, c := range a.Ask.Claims {
		i := slices.IndexFunc(a.Choices, func(o Choice) bool { return o.Claim == c.Name })
		if i < 0 {
			g.Declined = append(g.Declined, c.Name)
			continue
		}
		declined := without(c.Purposes, a.Choices[i].Purposes)
		if len(declined) > 0 {
			c.Purposes = without(c.Purposes, purposeIDs(declined))
			g.Without = append(g.Without, Choice{c.Name, purposeIDs(declined)})
		}
		g.Claims = append(g.Claims, c)
	}
	return g
}

// Refusal is the customer's no.
type Refusal struct {
	Digest string // of what was shown
	Locale string // of the page
	GPC    bool   // the browser said Sec-GPC: 1 with it
}

// Refuse records the customer's no, and remembers it: see Refused.
func (e *Engine) Refuse(ctx context.Context, account id.Account, ask Ask, r Refusal) error {
	if r.Digest != ask.Digest() {
		return fmt.Errorf("refuse: %w", ErrStaleReview)
	}
	if len(r.Locale) > maxLocale {
		return fmt.Errorf("refuse: %w", ErrApproval)
	}
	now := e.now()
	receipt := Receipt{
		ID: id.New[id.Receipt](), Event: EventRefused, State: Refused.String(), Time: moment(now),
		Party: ask.Party, Claims: ask.Claims, Offline: ask.Offline, Continuous: ask.Continuous, Once: ask.Once,
		Retention: ask.Retention, Recipients: ask.Recipients, Terms: Agreement{Accepted: ask.Terms},
		GPC: r.GPC, Digest: r.Digest, Notice: noticeOf("", ask, r.Locale, now),
	}
	if err := e.db.saveRefusal(ctx, account, receipt, now); err != nil {
		return fmt.Errorf("refuse: %w", err)
	}
	return nil
}
