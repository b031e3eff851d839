package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// Step is what an authorization request needs next. The zero Step is to sign in.
type Step int

// The steps.
const (
	StepSignIn   Step = iota // show the sign-in page
	StepReview               // show the ask and let the customer decide
	StepResume               // a grant in force covers it: unwrap its key and call Resume
	StepRedirect             // nothing to do here: send the browser to Next.Redirect
	StepRefused              // refused before: say so, and let the customer Look again or go to Next.Redirect
)

// String is the step's name in the API.
func (s Step) String() string {
	switch s {
	case StepReview:
		return "review"
	case StepResume:
		return "resume"
	case StepRedirect:
		return "redirect"
	case StepRefused:
		return "refused"
	case StepSignIn:
	}
	return "sign-in"
}

// Next is what a page needs to know of an authorization request.
type Next struct {
	Step           Step
	Redirect       string
	Ask            consent.Ask
	Digest         string
	Grant          *consent.Grant // in force: to resume, or as the choice of last time
	Refused        time.Time      // when the customer refused this very ask, with StepRefused
	LoginHint      string
	UILocales      []string
	PromptNone     bool
	Reauthenticate bool // somebody is signed in, and must prove it again
	Create         bool // the vendor would rather have a new account than a login, with StepSignIn

	Ending Ending   // for a browser that got the page that goes on in answer to its request, with StepResume
	claims []string // that the grant in force covers, with StepResume
}

// Approval is the customer's yes, as the agent sends it. It prints [redacted].
type Approval struct {
	Digest  string
	Grant   id.Grant
	Persona id.Persona
	Choices []consent.Choice
	Capsule []byte
	Wrapped []byte
	Key     vault.GrantKey
	Locale  string
	Notice  string // the text that was shown; may be empty, and never holds a value

	Proffered []string // terms of the customer's
	Agreed    string   // the one that the customer was shown as agreed

	EachTime  bool // ask at each login
	GPC       bool // the browser sent Sec-GPC: 1
	Ephemeral bool // for this visit only, under a name that no other visit has
}

// String hides the approval.
func (Approval) String() string { return redacted }

// GoString hides the approval.
func (Approval) GoString() string { return redacted }

// Format hides the approval under every verb.
func (Approval) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) } // fmt.State keeps no error

// LogValue hides the approval.
func (Approval) LogValue() slog.Value { return slog.StringValue(redacted) }

// The reasons that Fail takes.
const (
	ReasonLogin       = errLoginRequired
	ReasonInteraction = errInteractionRequired
)

// Next says what an authorization request needs, given who is signed in; nil is nobody.
func (p *Provider) Next(ctx context.Context, flow string, s *identity.Session) (Next, error) {
	v, err := p.visit(ctx, flow)
	if err != nil {
		return Next{}, err
	}
	return p.nextShown(ctx, v, s)
}

// nextShown is next for a page, which names what it shows by its digest.
func (p *Provider) nextShown(ctx context.Context, v visit, s *identity.Session) (Next, error) {
	n, err := p.next(ctx, v, s)
	n.Digest = v.ask.Digest()
	return n, err
}

func (p *Provider) next(ctx context.Context, v visit, s *identity.Session) (Next, error) {
	n := Next{
		Ask: v.ask, LoginHint: v.LoginHint, UILocales: v.UILocales,
		PromptNone: v.prompts(promptNone), Reauthenticate: s != nil, Create: s == nil && v.prompts(promptCreate),
	}
	usable := s != nil && v.fresh(*s, p.o.Now())
	switch {
	case n.PromptNone && (!usable || s.MustRenew):
		return n.redirect(p.refuse(v, errLoginRequired)), nil
	case !usable:
		return n, nil
	case s.MustRenew:
		return Next{}, identity.ErrMustRenew
	}
	n.Reauthenticate = false
	return p.decide(ctx, v, *s, n)
}

// decide looks at the grant in force, if there is one.
func (p *Provider) decide(ctx context.Context, v visit, s identity.Session, n Next) (Next, error) {
	g, err := p.o.Consent.InForce(ctx, s.Account, v.Client)
	if err != nil && !errors.Is(err, consent.ErrNoGrant) {
		return Next{}, fmt.Errorf("look for a grant: %w", err)
	}
	if err == nil {
		n.Grant = &g
		if !v.concerns(p.subject(v.vendor, g.Account, g.Persona)) {
			return n.redirect(p.refuse(v, errLoginRequired)), nil
		}
	}
	var d consent.Decision // the zero one refuses
	if n.Grant != nil {
		d = consent.Decide(v.ask, g, p.o.Now())
	}
	switch {
	case d.Effect == consent.Allow && !v.prompts(promptConsent):
		n.Step, n.claims = StepResume, d.Claims
		return n, nil
	case n.PromptNone && n.Grant == nil && len(v.Subjects) > 0: // nothing shows that it is the one who is meant
		return n.redirect(p.refuse(v, errLoginRequired)), nil
	case n.PromptNone:
		return n.redirect(p.refuse(v, errConsentRequired)), nil
	}
	return p.review(ctx, v, s, n)
}

func (n Next) redirect(address string) Next {
	n.Step, n.Redirect = StepRedirect, address
	return n
}

// Approve stores the customer's yes and gives the address with the code.
func (p *Provider) Approve(ctx context.Context, s identity.Session, flow string, a Approval) (string, error) {
	v, err := p.visitBy(ctx, flow, s)
	if err != nil {
		return "", err
	}
	if _, err := id.Parse[id.Persona](string(a.Persona)); err != nil {
		return "", ErrPersona
	}
	if a.Key.IsZero() {
		return "", consent.ErrApproval
	}
	if !v.concerns(p.subject(v.vendor, s.Account, a.Persona)) {
		return p.refuse(v, errLoginRequired), nil
	}
	if err := p.used(ctx, v.vendor); err != nil {
		return "", err
	}
	g, err := p.o.Consent.Approve(ctx, consent.Approval{
		Account: s.Account, Persona: a.Persona, Grant: a.Grant, Ask: v.ask, Digest: a.Digest,
		Choices: a.Choices, Capsule: a.Capsule, Wrapped: a.Wrapped, Locale: a.Locale,
		Notice: a.Notice, Proffered: a.Proffered, Agreed: a.Agreed, EachTime: a.EachTime, GPC: a.GPC, Ephemeral: a.Ephemeral, Lifetime: codeLifetime + p.o.AccessTokenLifetime,
	})
	if err != nil {
		return "", fmt.Errorf("approve: %w", err)
	}
	if err := p.spend(ctx, v.request); err != nil {
		return "", err
	}
	return p.finish(ctx, v, s, g, consent.Names(g.Claims), a.Key)
}

// Resume answers with a grant in force, when it still covers what is asked.
func (p *Provider) Resume(ctx context.Context, s identity.Session, flow string, grant id.Grant, key vault.GrantKey) (string, error) {
	v, err := p.visitBy(ctx, flow, s)
	if err != nil {
		return "", err
	}
	g, err := p.o.Consent.Grant(ctx, s.Account, grant)
	if err != nil {
		return "", fmt.Errorf("resume: %w", err)
	}
	if g.Party.Client != v.Client || key.IsZero() {
		return "", consent.ErrNoGrant
	}
	if !v.concerns(p.subject(v.vendor, g.Account, g.Persona)) {
		return p.refuse(v, errLoginRequired), nil
	}
	d := consent.Decide(v.ask, g, p.o.Now())
	if d.Effect != consent.Allow || g.Ephemeral || v.prompts(promptConsent) {
		return "", ErrReview
	}
	if err := p.used(ctx, v.vendor); err != nil {
		return "", err
	}
	if err := p.spend(ctx, v.request); err != nil {
		return "", err
	}
	return p.finish(ctx, v, s, g, d.Claims, key)
}

// Deny stores the customer's no and gives the address that tells the vendor.
func (p *Provider) Deny(ctx context.Context, s identity.Session, flow string, no consent.Refusal) (string, error) {
	v, err := p.visitBy(ctx, flow, s)
	if err != nil {
		return "", err
	}
	if err := p.o.Consent.Refuse(ctx, s.Account, v.ask, no); err != nil {
		return "", fmt.Errorf("refuse: %w", err)
	}
	if err := p.spend(ctx, v.request); err != nil {
		return "", err
	}
	return p.decline(ctx, v)
}

// Fail gives a silent request up: the browser has no session after all, or the vault is locked.
func (p *Provider) Fail(ctx context.Context, flow, reason string) (string, error) {
	v, err := p.visit(ctx, flow)
	if err != nil {
		return "", err
	}
	if !v.prompts(promptNone) || !slices.Contains([]string{ReasonLogin, ReasonInteraction}, reason) {
		return "", ErrReason
	}
	return p.refuse(v, reason), nil
}

// refuse is the address that takes an error to the vendor.
func (p *Provider) refuse(v visit, code string) string {
	if v.Device != "" {
		return p.deviceDone(deviceDenied)
	}
	return p.response(replyTo(v.vendor, v.request), failure(code, ""))
}
