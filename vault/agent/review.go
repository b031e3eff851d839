package agent

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// Pending is a vendor's request, with what would be released now for each claim that is asked. A
// claim without a value is one that the customer has not filled in.
type Pending struct {
	Next
	Values   vault.Claims  `json:"values"`
	Persona  id.Persona    `json:"persona,omitempty"`  // whose values these are
	Personas []PersonaName `json:"personas,omitempty"` // that can be chosen, the base first
	Rules    vault.Rules   `json:"rules"`              // of the persona, about what is asked
	Leaks    []vault.Leak  `json:"leaks,omitempty"`    // what would link the persona to others
	Terms    vault.Deal    `json:"terms"`              // what comes of the persona's terms
	Before   id.Persona    `json:"before,omitempty"`   // who the vendor knows by a consent in force, when it is another
}

// String hides the values.
func (Pending) String() string { return redacted }

// GoString hides the values.
func (Pending) GoString() string { return redacted }

// Decision is the customer's yes to some or all of what was shown.
type Decision struct {
	Flow   string   `json:"flow"`
	Digest string   `json:"digest"` // of what was shown
	Claims []string `json:"claims"` // approved
	Locale string   `json:"locale"` // in which it was shown

	Persona   id.Persona `json:"persona,omitempty"`   // whose values were shown; empty: as shown
	Notice    string     `json:"notice,omitempty"`    // the text that was shown, without values
	Ephemeral bool       `json:"ephemeral,omitempty"` // for this visit only
	EachTime  bool       `json:"each_time,omitempty"` // ask again at each login

	// Purposes are those that claims are approved for; a claim that is not in it, for all of them.
	Purposes map[string][]string `json:"purposes,omitempty"`
}

// review is what the customer was shown for one request.
type review struct {
	ask     Ask
	digest  string
	values  vault.Claims
	persona id.Persona
	terms   vault.Deal
}

// maxReviews bounds what one agent remembers; who has more requests open reviews the oldest again.
const maxReviews = 16

// Ask tells what a request needs next. Where it needs a decision, the vault must be open: the
// customer decides on values, not on names. They are those of the persona that the vendor knows, or
// else of the base.
func (a *Agent) Ask(ctx context.Context, flow string) (Pending, error) {
	return a.AskAs(ctx, flow, "")
}

// AskAs is Ask with the values of a persona.
func (a *Agent) AskAs(ctx context.Context, flow string, persona id.Persona) (Pending, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.askFlow(ctx, flow, persona)
}

func (a *Agent) askFlow(ctx context.Context, flow string, persona id.Persona) (Pending, error) {
	p := Pending{Values: vault.Claims{}}
	var sealed Vault
	// At the same time, because a person waits: who is here, what is asked, and the vault.
	errs := together(
		func() error { _, err := a.signedIn(ctx); return err },
		func() error { return a.transport.Do(ctx, "POST", "/flow", Flow{Flow: flow, Again: true}, &p.Next) },
		func() error { return a.transport.Do(ctx, "GET", "/vault", nil, &sealed) },
	)
	if errs[1] != nil || p.Step != FlowStepReview {
		return p, errs[1]
	}
	if p.Ask == nil {
		return Pending{}, ErrAnswer
	}
	if _, err := a.unlocked(ctx); err != nil {
		return Pending{}, err
	}
	if errs[2] != nil {
		return Pending{}, errs[2]
	}
	d, err := a.open(ctx, sealed)
	if err != nil {
		return Pending{}, err
	}
	if err := a.show(ctx, &p, d, persona); err != nil {
		return Pending{}, err
	}
	if len(a.reviews) >= maxReviews {
		clear(a.reviews)
	}
	a.reviews[flow] = review{ask: *p.Ask, digest: p.Digest, values: p.Values, persona: p.Persona, terms: p.Terms}
	return p, nil
}

// show fills in what the vault knows about a request.
func (a *Agent) show(ctx context.Context, p *Pending, d vault.Document, persona id.Persona) error {
	var grants GrantList
	if len(d.Personas) > 1 { // else there is nobody to choose, and nobody to be linked to
		if err := a.transport.Do(ctx, "GET", "/grants", nil, &grants); err != nil {
			return err
		}
	}
	known := knownAs(grants.Grants, p.Ask.Vendor.Client, a.now())
	if _, err := d.Persona(known); err == nil && persona == "" {
		persona = known
	}
	chosen, err := named(&d, persona)
	if err != nil {
		return err
	}
	names := claimNames(p.Ask.Claims)
	p.Persona, p.Personas = chosen.ID, personaNames(d)
	if known != chosen.ID {
		p.Before = known
	}
	if p.Terms, err = d.Deal(chosen.ID, p.Ask.Terms); err != nil {
		return err
	}
	p.Values = vault.ClaimsFor(d, chosen.ID, names, a.now())
	p.Rules = vault.Rules{Always: both(chosen.Rules.Always, names), Never: both(chosen.Rules.Never, names)}
	p.Leaks = vault.Leaks(d, chosen.ID, names, disclosed(grants.Grants), a.now())
	return nil
}

// together runs tasks at the same time, and waits for all.
func together(tasks ...func() error) []error {
	errs := make([]error, len(tasks))
	var all sync.WaitGroup
	for i, task := range tasks {
		all.Go(func() { errs[i] = task() })
	}
	all.Wait()
	return errs
}

// Approve seals the values of the approved claims for the vendor and hands the grant over. What is
// released is what was shown: when the vault changed meanwhile, it is to be shown again.
func (a *Agent) Approve(ctx context.Context, decision Decision) (redirect string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	shown, err := a.reviewed(ctx, decision)
	if err != nil {
		return "", err
	}
	d, err := a.load(ctx)
	if err != nil {
		return "", err
	}
	chosen, err := d.Persona(shown.persona)
	if err != nil {
		return "", err
	}
	if len(both(chosen.Rules.Never, decision.Claims)) > 0 {
		return "", ErrNever
	}
	claims := vault.ClaimsFor(d, chosen.ID, decision.Claims, a.now())
	if !sameValues(claims, shown.values, decision.Claims) {
		delete(a.reviews, decision.Flow)
		return "", ErrStaleReview
	}
	to, persona, err := a.address(ctx, decision, shown)
	if err != nil {
		return "", err
	}
	shown.persona = persona
	approval, err := a.approval(decision, shown, to, claims)
	if err != nil {
		return "", err
	}
	var answer RedirectAnswer
	if err := a.transport.Do(ctx, "POST", "/flow/approve", approval, &answer); err != nil {
		return "", err
	}
	delete(a.reviews, decision.Flow)
	return answer.Redirect, nil
}

// reviewed is what the customer was shown, when it is what the decision is about.
func (a *Agent) reviewed(ctx context.Context, decision Decision) (review, error) {
	shown, ok := a.reviews[decision.Flow]
	if !ok {
		// A page that was loaded anew: the digest tells whether it shows the same.
		p, err := a.askFlow(ctx, decision.Flow, decision.Persona)
		if err != nil {
			return review{}, err
		}
		if shown, ok = a.reviews[decision.Flow]; !ok || p.Step != FlowStepReview {
			return review{}, ErrNoReview
		}
	}
	if shown.digest != decision.Digest || decision.Persona != "" && decision.Persona != shown.persona {
		delete(a.reviews, decision.Flow)
		return review{}, ErrStaleReview
	}
	asked := claimNames(shown.ask.Claims)
	for _, name := range decision.Claims {
		if !slices.Contains(asked, name) {
			return review{}, ErrNotAsked
		}
	}
	return shown, nil
}

// approval draws the grant and its key, and seals exactly the approved claims.
func (a *Agent) approval(decision Decision, shown review, to addressee, claims vault.Claims) (Approval, error) {
	account, grant, key := id.Account(a.session.Account), id.New[id.Grant](), vault.NewGrantKey()
	capsule, err := to.seal(key, account, grant, 1, claims)
	if err != nil {
		return Approval{}, err
	}
	choices := choose(decision, shown.ask.Claims)
	terms := approved(to.vendor, shown.persona, choices, shown.ask.Continuous && !decision.Ephemeral)
	return Approval{
		Flow: decision.Flow, Digest: decision.Digest, Choices: choices, Locale: decision.Locale,
		Grant: string(grant), Persona: string(shown.persona), Capsule: capsule,
		Notice: decision.Notice, Ephemeral: decision.Ephemeral, EachTime: decision.EachTime,
		Proffered: shown.terms.Proffered, Agreed: shown.terms.Agreed,
		WrappedKey: vault.WrapGrantKey(a.key, account, grant, terms, key), GrantKey: key.Bytes(),
	}, nil
}

// choose gives each approved claim for the purposes that the decision names, or for all that it is
// asked for where the decision names none.
func choose(decision Decision, asked []Claim) []Choice {
	choices := []Choice{} // nothing but the login: a list all the same
	for _, c := range asked {
		if !slices.Contains(decision.Claims, c.Name) {
			continue
		}
		choice := Choice{Claim: c.Name}
		named, some := decision.Purposes[c.Name]
		for _, p := range c.Purposes {
			if !some || slices.Contains(named, p.ID) {
				choice.Purposes = append(choice.Purposes, p.ID)
			}
		}
		choices = append(choices, choice)
	}
	return choices
}

// sameValues compares what would be released with what was shown. updated_at is of the approved
// claims only, and so not what was shown for all.
func sameValues(now, shown vault.Claims, names []string) bool {
	for _, name := range names {
		if name != "updated_at" && !bytes.Equal(now[name], shown[name]) {
			return false
		}
	}
	return true
}

// Resume goes on under a consent in force: its key is unwrapped, nothing is asked.
func (a *Agent) Resume(ctx context.Context, flow string) (redirect string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, err := a.unlocked(ctx)
	if err != nil {
		return "", err
	}
	var next Next
	if err := a.transport.Do(ctx, "POST", "/flow", Flow{Flow: flow}, &next); err != nil {
		return "", err
	}
	switch {
	case next.Step == FlowStepSignIn:
		return "", ErrSignIn
	case next.Step != FlowStepResume || next.Grant == nil:
		return "", ErrNoResume
	}
	g := next.Grant
	key, err := a.unwrap(id.Account(s.Account), *g)
	if err != nil {
		return "", err
	}
	var answer RedirectAnswer
	in := Resumption{Flow: flow, Grant: g.ID, GrantKey: key.Bytes()}
	err = a.transport.Do(ctx, "POST", "/flow/resume", in, &answer)
	return answer.Redirect, err
}

// Deny refuses the request. That is an answer like any other, and needs no open vault.
func (a *Agent) Deny(ctx context.Context, flow, digest, locale string) (redirect string, err error) {
	var answer RedirectAnswer
	in := Denial{Flow: flow, Digest: digest, Locale: locale}
	err = a.transport.Do(ctx, "POST", "/flow/deny", in, &answer)
	return answer.Redirect, err
}

// Fail tells the vendor of a request with prompt=none that it takes a question to answer.
func (a *Agent) Fail(ctx context.Context, flow string, reason FailureReason) (redirect string, err error) {
	var answer RedirectAnswer
	err = a.transport.Do(ctx, "POST", "/flow/fail", Failure{Flow: flow, Reason: reason}, &answer)
	return answer.Redirect, err
}
