package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/agent"
)

type agentAuthorizeCmd struct {
	personaFlag
	Approve []string `env:"-" xor:"decision" placeholder:"CLAIM" help:"Approve exactly these claims, and no other that is asked; empty for the login alone."`
	Deny    bool     `env:"-" xor:"decision" help:"Refuse the request."`
	JSON    bool     `env:"-" help:"Print JSON."`
	Address string   `arg:"" name:"authorize-url" help:"The address that the vendor would send the browser to."`

	decided bool // --approve was given, perhaps empty
}

// The language of this program, in which it shows what is asked.
const agentLocale = "en"

// AfterApply learns whether there is a decision: an empty list of claims is one.
func (c *agentAuthorizeCmd) AfterApply() error {
	c.decided = c.Approve != nil
	c.Approve = slices.DeleteFunc(c.Approve, func(name string) bool { return name == "" })
	return nil
}

// Run answers a vendor's request, and prints where the browser would go back to: a code for the
// vendor, or the error that a refusal is.
func (c *agentAuthorizeCmd) Run(ctx context.Context, io *streams, a *agentCmd) error {
	return a.do(io, func(who *customer) error {
		flow, redirect, err := who.transport.follow(ctx, c.Address)
		if err == nil && redirect == "" {
			redirect, err = c.answer(ctx, who, flow)
		}
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(io.out, map[string]string{"redirect": redirect})
		}
		_, err = fmt.Fprintln(io.out, redirect)
		return err
	})
}

// answer takes the steps that the request needs.
func (c *agentAuthorizeCmd) answer(ctx context.Context, who *customer, flow string) (redirect string, err error) {
	var p agent.Pending
	err = who.signedIn(ctx, func() (err error) {
		persona, err := who.persona(ctx, c.Persona)
		if err != nil {
			return err
		}
		if p, err = who.AskAs(ctx, flow, persona); err != nil {
			return err
		}
		redirect, err = c.step(ctx, who, flow, p)
		return err
	})
	if err != nil && p.PromptNone {
		return who.Fail(ctx, flow, whyNot(err)) // the vendor wants an answer without a question
	}
	return redirect, err
}

var errInForce = fault.New(fault.Conflict, "grant-in-force", "a consent in force covers this request; withdraw it to refuse")

func (c *agentAuthorizeCmd) step(ctx context.Context, who *customer, flow string, p agent.Pending) (string, error) {
	switch p.Step {
	case agent.FlowStepRedirect:
		return p.Redirect, nil
	case agent.FlowStepSignIn:
		return "", signInFor(p)
	case agent.FlowStepResume:
		if c.Deny {
			return "", errInForce
		}
		return who.Resume(ctx, flow)
	case agent.FlowStepRefused: // not to who runs this: that is a wish to look again
		return p.Redirect, nil
	case agent.FlowStepReview:
		if c.Deny {
			return who.Deny(ctx, flow, p.Digest, agentLocale)
		}
		if err := c.check(p); err != nil {
			return "", err
		}
		who.warn(p, c.Approve)
		return who.Approve(ctx, agent.Decision{Flow: flow, Digest: p.Digest, Claims: c.Approve, Locale: agentLocale, Persona: p.Persona})
	}
	return "", agent.ErrAnswer
}

func signInFor(p agent.Pending) error {
	if p.Reauthenticate {
		return agent.ErrSignIn
	}
	return agent.ErrSignedOut
}

// whyNot is the reason in the words of OpenID Connect.
func whyNot(err error) agent.FailureReason {
	var p *agent.Problem
	if fault.Of(err).Kind == fault.Unauthenticated || errors.As(err, &p) && p.Status == http.StatusUnauthorized {
		return agent.FailureReasonLoginRequired
	}
	return agent.FailureReasonInteractionRequired
}

// Faults of a decision that does not fit what is asked; each is shown with the names it is about.
var (
	errUndecided  = fault.New(fault.Denied, "undecided", "the vendor waits for a decision")
	errRequired   = fault.New(fault.Denied, "claim-required", "the vendor does not do without")
	errNotFilled  = fault.New(fault.Denied, "claim-empty", "the vault holds nothing yet for what the vendor does not do without")
	errExtraClaim = fault.New(fault.Invalid, agent.ErrNotAsked.Code, "the vendor did not ask for")
)

// check holds the decision against what is asked, before anything is sealed.
func (c *agentAuthorizeCmd) check(p agent.Pending) error {
	var asked, required, empty []string
	for _, claim := range p.Ask.Claims {
		asked = append(asked, claim.Name)
		approved := slices.Contains(c.Approve, claim.Name)
		switch {
		case !claim.Required:
		case !approved:
			required = append(required, claim.Name)
		case p.Values[claim.Name] == nil && fillable(claim.Name):
			empty = append(empty, claim.Name)
		}
	}
	extra := slices.DeleteFunc(slices.Clone(c.Approve), func(name string) bool { return slices.Contains(asked, name) })
	switch {
	case !c.decided:
		return errUndecided.Because(fmt.Errorf("%s asks for %s; %sdecide with --approve or --deny", p.Ask.Vendor.Name, describe(p.Ask.Claims), outcome(p.Terms)))
	case len(extra) > 0:
		return errExtraClaim.Because(errors.New(strings.Join(extra, ", ")))
	case len(required) > 0:
		return errRequired.Because(errors.New(strings.Join(required, ", ")))
	case len(empty) > 0:
		return errNotFilled.Because(errors.New(strings.Join(empty, ", ") + "; fill it in with 'meins agent set'"))
	}
	return nil
}

// fillable says that the customer can do something about a missing value.
func fillable(name string) bool {
	e, err := vault.Lookup(name)
	return err == nil && e.Stored
}

func describe(claims []agent.Claim) string {
	names := make([]string, 0, len(claims))
	for _, c := range claims {
		if c.Required {
			c.Name += " (required)"
		}
		if c.Unusual {
			c.Name += " (unusual)"
		}
		names = append(names, c.Name)
	}
	if len(names) == 0 {
		return "the login alone"
	}
	return strings.Join(names, ", ")
}

// outcome says what comes of the customer's terms.
func outcome(d vault.Deal) string {
	switch {
	case d.Agreed != "":
		return "it accepts your terms " + d.Agreed + "; "
	case len(d.Proffered) > 0:
		return "it accepts none of your terms (" + strings.Join(d.Proffered, ", ") + "); "
	}
	return ""
}

type agentGrantsCmd struct {
	JSON bool `env:"-" help:"Print JSON."`
}

// Run lists the consents.
func (c *agentGrantsCmd) Run(ctx context.Context, io *streams, a *agentCmd) error {
	return a.do(io, func(who *customer) error {
		grants := []agent.Grant{}
		err := who.signedIn(ctx, func() error {
			all, err := who.Grants(ctx)
			grants = append(grants, all...)
			return err
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(io.out, grants)
		}
		w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "GRANT\tVENDOR\tSTATE\tCLAIMS\tENDS\tREADS")
		for _, g := range grants {
			names := make([]string, 0, len(g.Claims))
			for _, claim := range g.Claims {
				names = append(names, claim.Name)
			}
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\n",
				g.ID, g.Vendor.Name, g.State, strings.Join(names, ","), g.Ends.Format(time.DateOnly), g.Reads)
		}
		return w.Flush()
	})
}

// grantArg names one consent.
type grantArg struct {
	Grant string `arg:"" help:"The consent, as 'meins agent grants' names it."`
	JSON  bool   `env:"-" help:"Print JSON."`
}

func (g grantArg) id() (id.Grant, error) {
	grant, err := id.Parse[id.Grant](g.Grant)
	if err != nil {
		return "", usageError{fmt.Errorf("grant: %w", err)}
	}
	return grant, nil
}

type agentReleasesCmd struct {
	grantArg
	Limit int `default:"100" env:"-" help:"How many lines at most, the newest first."`
}

// Run lists the reads under one consent.
func (c *agentReleasesCmd) Run(ctx context.Context, io *streams, a *agentCmd) error {
	grant, err := c.id()
	if err != nil {
		return err
	}
	if c.Limit < 1 {
		return usageError{errors.New("limit: must be at least 1")}
	}
	return a.do(io, func(who *customer) error {
		var releases []agent.Release
		err := who.signedIn(ctx, func() (err error) {
			releases, err = who.releases(ctx, grant, c.Limit)
			return err
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(io.out, releases)
		}
		w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "TIME\tBY\tREADS\tCLAIMS")
		for _, r := range releases {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", r.Time.Format(time.RFC3339), r.Kind, max(r.Count, 1), strings.Join(r.Claims, ","))
		}
		return w.Flush()
	})
}

// releasePage is how many lines one call asks for.
const releasePage = 100

func (c *customer) releases(ctx context.Context, grant id.Grant, limit int) ([]agent.Release, error) {
	all := []agent.Release{}
	for before := ""; len(all) < limit; {
		page, err := c.Releases(ctx, grant, before, min(limit-len(all), releasePage))
		if err != nil {
			return nil, err
		}
		all = append(all, page.Releases...)
		if before = page.Next; before == "" {
			break
		}
	}
	return all, nil
}

type agentWithdrawCmd struct {
	grantArg
	Claims []string `name:"claim" env:"-" placeholder:"CLAIM" help:"Take back only these; the rest stays."`
}

// Run ends a consent, or takes some of it back.
func (c *agentWithdrawCmd) Run(ctx context.Context, io *streams, a *agentCmd) error {
	grant, err := c.id()
	if err != nil {
		return err
	}
	return a.do(io, func(who *customer) error {
		var now agent.Grant
		err := who.signedIn(ctx, func() (err error) {
			if len(c.Claims) > 0 {
				now, err = who.Narrow(ctx, agent.Narrowed{Grant: grant, Claims: c.Claims})
				return err
			}
			now, err = who.Withdraw(ctx, grant)
			return err
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(io.out, now)
		}
		if now.State == agent.GrantStateGiven {
			_, err = fmt.Fprintf(io.out, "took back from %s: %s reads %s\n", now.ID, now.Vendor.Name, describe(now.Claims))
			return err
		}
		_, err = fmt.Fprintf(io.out, "withdrew %s: %s reads nothing any more\n", now.ID, now.Vendor.Name)
		return err
	})
}
