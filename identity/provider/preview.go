package provider

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// Wanted is what of an authorization request a customer is asked about.
type Wanted struct {
	Scope   string
	Claims  json.RawMessage // the claims parameter; may be empty
	Details json.RawMessage // authorization details; may be empty
}

// Finding is something about a request that would keep it from being shown, or that customers will see
// and not like.
type Finding struct {
	Code, Text string
	Fatal      bool // the request would be refused
}

// The findings that refuse nothing.
var (
	findUnverified = Finding{Code: "domain-unverified", Text: "the operator has not checked that the domain is yours: customers are warned, and must tick a box"}
	findPolicy     = Finding{Code: "policy-missing", Text: "no privacy policy is registered"}
)

// Preview says what a customer would be asked, and what is wrong with it, without any customer: nothing
// is written, and nobody is shown anything.
func (p *Provider) Preview(ctx context.Context, client id.Client, w Wanted) (consent.Ask, []Finding, error) {
	v, err := p.vendor(ctx, client)
	if err != nil {
		return consent.Ask{}, nil, err
	}
	q := request{Client: v.ID, Issued: p.o.Now()}
	var found []Finding
	for _, wrong := range []outcome{
		q.readScopes(v, url.Values{"scope": {w.Scope}}), q.readClaims(string(w.Claims)), q.readDetails(v, string(w.Details)),
	} {
		if wrong != nil {
			values := url.Values(wrong)
			found = append(found, Finding{strings.ReplaceAll(values.Get("error"), "_", "-"), values.Get("error_description"), true})
		}
	}
	if len(found) > 0 {
		return consent.Ask{}, found, nil
	}
	shown, err := p.visitOf(v, q)
	var f *fault.Error
	switch {
	case errors.As(err, &f):
		return consent.Ask{}, []Finding{{f.Code, f.Text, true}}, nil
	case err != nil:
		return consent.Ask{}, nil, err
	}
	found = append(unknownScopes(q, w.Scope), p.dislikes(shown.ask)...)
	return shown.ask, found, nil
}

// unknownScopes are asked for and mean nothing here.
func unknownScopes(q request, scope string) (found []Finding) {
	for _, s := range strings.Fields(scope) {
		if !slices.Contains(q.Scopes, s) && len(s) <= 100 {
			found = append(found, Finding{Code: "scope-unknown", Text: "this scope means nothing here, or this vendor cannot use it: " + s})
		}
	}
	return found
}

// dislikes are what customers will see and not like.
func (p *Provider) dislikes(ask consent.Ask) (found []Finding) {
	if !ask.Party.Verified {
		found = append(found, findUnverified)
	}
	if ask.Party.PolicyURI == "" {
		found = append(found, findPolicy)
	}
	for _, c := range ask.Claims {
		if len(c.Purposes) == 0 {
			found = append(found, Finding{Code: "purpose-missing", Text: "no purpose is said for " + c.Name})
		}
		if e, err := vault.Lookup(c.Name); err != nil || e.Own {
			found = append(found, Finding{Code: "claim-uncommon", Text: "only customers who added it themselves have " + c.Name})
		}
		if kind := ask.Party.Kind.OrOther(); !kind.Asks(c.Name) {
			found = append(found, Finding{Code: "claim-unusual", Text: "customers are told that vendors of this kind (" + string(kind) + ") do not usually ask for " + c.Name})
		}
	}
	return found
}
