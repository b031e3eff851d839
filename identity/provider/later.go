package provider

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/internal/id"
)

// How long a request for later may wait.
const (
	laterDefault = 14 * 24 * time.Hour
	laterMost    = 90 * 24 * time.Hour
)

// BadRequest says what is wrong with an authorization request that a vendor wants to be kept.
type BadRequest struct{ Why string }

// Error implements error.
func (e *BadRequest) Error() string { return ErrLater.Text + ": " + e.Why }

// Unwrap gives the fault.
func (e *BadRequest) Unwrap() error { return ErrLater }

// Later is an authorization request that waits for a customer. Whoever follows its link is asked just as
// if the vendor had sent them.
type Later struct {
	ID       id.Request
	Client   id.Client
	Ask      consent.Ask
	Link     string
	Created  time.Time
	Ends     time.Time
	Answered bool
}

// Ask keeps an authorization request for later: for the customer who gave a grant, who finds it in the
// dashboard, or, without one, for whoever gets the link. The parameters are checked as those of a pushed
// request; it can be answered once, and a customer has at most one from each vendor.
func (p *Provider) Ask(ctx context.Context, client id.Client, form url.Values, grant id.Grant, lifetime time.Duration) (Later, error) {
	v, err := p.vendor(ctx, client)
	if err != nil {
		return Later{}, err
	}
	q, wrong := p.readPushed(ctx, v, form)
	switch {
	case v.Provisional(): // it may be anybody, and each request is kept for weeks
		return Later{}, &BadRequest{"no customer has decided about this vendor yet: send one here first"}
	case wrong != nil:
		return Later{}, &BadRequest{url.Values(wrong).Get("error_description")}
	case q.prompts(promptNone):
		return Later{}, &BadRequest{"prompt none waits for nobody"}
	}
	switch {
	case lifetime == 0:
		lifetime = laterDefault
	case lifetime < time.Minute || lifetime > laterMost:
		return Later{}, &BadRequest{"it waits for a minute at least, and for 90 days at most"}
	}
	rec := laterRecord{Version: recordVersion, ID: id.New[id.Request](), Client: client}
	if grant != "" {
		g, err := p.o.Consent.GrantOf(ctx, client, grant)
		if err != nil {
			return Later{}, err
		}
		if g.State != consent.Given {
			return Later{}, consent.ErrNoGrant
		}
		if wrong := q.mean(p.subject(v, g.Account, g.Persona)); wrong != nil {
			return Later{}, &BadRequest{"it means another customer than the grant's"}
		}
		rec.Account = g.Account
	}
	q.Pushed, q.Until = string(rec.ID), p.o.Now().Add(lifetime).UTC().Truncate(time.Second)
	rec.Request = q
	shown, err := p.visitOf(v, q)
	if err != nil {
		return Later{}, err
	}
	if err := p.records.SaveLater(ctx, rec); err != nil {
		return Later{}, fmt.Errorf("keep a request: %w", err)
	}
	return p.later(rec, shown.ask, false), nil
}

// Asked finds a request for later of the vendor's own.
func (p *Provider) Asked(ctx context.Context, client id.Client, name id.Request) (Later, error) {
	rec, err := p.records.Later(ctx, name)
	if err != nil {
		return Later{}, err
	}
	if rec.Client != client {
		return Later{}, ErrNoLater
	}
	return p.shown(ctx, rec)
}

// Unask takes a request for later back: its link leads nowhere from then on.
func (p *Provider) Unask(ctx context.Context, client id.Client, name id.Request) error {
	if _, err := p.Asked(ctx, client, name); err != nil {
		return err
	}
	return p.records.DropLater(ctx, name)
}

// Waiting lists what waits for the customer.
func (p *Provider) Waiting(ctx context.Context, account id.Account) ([]Later, error) {
	all, err := p.records.LatersOf(ctx, account)
	if err != nil {
		return nil, fmt.Errorf("look for requests: %w", err)
	}
	var waiting []Later
	for _, rec := range all {
		one, err := p.shown(ctx, rec)
		if err != nil || one.Answered {
			continue // of a vendor that is gone, or that can no longer be shown
		}
		waiting = append(waiting, one)
	}
	return waiting, nil
}

// DenyLater stores the customer's no to a request that waits for them, without a visit to its link. No
// browser tells the vendor; it finds the request answered.
func (p *Provider) DenyLater(ctx context.Context, account id.Account, name id.Request, no consent.Refusal) error {
	rec, err := p.records.Later(ctx, name)
	if err != nil {
		return err
	}
	if account == "" || rec.Account != account {
		return ErrNoLater
	}
	one, err := p.shown(ctx, rec)
	switch {
	case err != nil:
		return err
	case one.Answered:
		return ErrNoLater
	}
	if err := p.o.Consent.Refuse(ctx, account, one.Ask, no); err != nil {
		return fmt.Errorf("refuse: %w", err)
	}
	return p.spend(ctx, rec.Request)
}

// Forget finishes the deletion of an account: what consent keeps of it and what waits for it here. It goes in
// steps; where they are cut off, FinishDeletions goes on.
func (p *Provider) Forget(ctx context.Context, account id.Account) error {
	if err := p.o.Consent.Forget(ctx, account); err != nil {
		return err
	}
	if err := p.records.ForgetLaters(ctx, account); err != nil {
		return fmt.Errorf("forget requests: %w", err)
	}
	return p.o.Accounts.Bury(ctx, account)
}

// deletionsAtOnce is how many deletions one call finishes.
const deletionsAtOnce = 100

// FinishDeletions finishes what was cut off, by the end of the process or a disk that was full: nobody could
// sign in to ask for it again.
func (p *Provider) FinishDeletions(ctx context.Context) error {
	gone, err := p.o.Accounts.Gone(ctx, deletionsAtOnce)
	for _, account := range gone {
		err = errors.Join(err, p.Forget(ctx, account))
	}
	return err
}

func (p *Provider) shown(ctx context.Context, rec laterRecord) (Later, error) {
	v, err := p.vendor(ctx, rec.Request.caller())
	if err != nil {
		return Later{}, err
	}
	shown, err := p.visitOf(v, rec.Request)
	if err != nil {
		return Later{}, err
	}
	answered, err := p.records.Used(ctx, oncePushed+rec.Request.Pushed)
	return p.later(rec, shown.ask, answered), err
}

func (p *Provider) later(rec laterRecord, ask consent.Ask, answered bool) Later {
	link := url.Values{"client_id": {string(rec.Request.caller())}, "request_uri": {pushedPrefix + string(rec.ID)}}
	return Later{
		ID: rec.ID, Client: rec.Client, Ask: ask, Answered: answered, Link: p.o.Issuer + pathAuthorize + "?" + link.Encode(),
		Created: rec.Request.Issued, Ends: rec.Request.Until,
	}
}

// pushed opens what a request_uri names: a request that waits here, or one that came sealed.
func (p *Provider) pushed(ctx context.Context, uri string) (request, error) {
	name, err := id.Parse[id.Request](uri[min(len(pushedPrefix), len(uri)):])
	if err != nil {
		return p.openPushed(uri)
	}
	rec, err := p.records.Later(ctx, name)
	if errors.Is(err, ErrNoLater) {
		return request{}, errPushed
	}
	return rec.Request, err
}
