package provider

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
)

// The actions of Grant Management for OAuth 2.0. Those of a request lead to a consent of its own each: what
// was approved never changes. Merging is not among them: the customer would be shown what another request
// had asked, for purposes that this one does not repeat.
const (
	actionQuery   = "query"
	actionRevoke  = "revoke"
	actionCreate  = "create"
	actionReplace = "replace"
)

// grantActions are what discovery lists.
var grantActions = []string{actionQuery, actionRevoke, actionCreate, actionReplace}

// pathGrants is where vendors query and revoke; api/openapi.yaml describes it.
const pathGrants = "/api/v1/vendor/grants"

// readGrantAction reads what is to become of a consent that the vendor has. Either action asks the customer
// anew, also where a consent in force would do.
func (p *Provider) readGrantAction(ctx context.Context, v identity.Vendor, q *request, form url.Values) outcome {
	action, grant := form.Get("grant_management_action"), form.Get("grant_id")
	switch {
	case action == "" && grant == "":
		return nil
	case action == "":
		return failure(errInvalidRequest, "grant_id goes with grant_management_action")
	case action == actionCreate && grant != "":
		return failure(errInvalidRequest, "grant_management_action create takes no grant_id")
	case action == actionReplace && grant == "":
		return failure(errInvalidRequest, "grant_management_action replace needs grant_id")
	case action != actionCreate && action != actionReplace:
		return failure(errInvalidRequest, "grant_management_action is create or replace here; merge by asking for all, with replace")
	}
	if action == actionReplace {
		if wrong := p.meanGrantee(ctx, v, q, grant); wrong != nil {
			return wrong
		}
	}
	if !q.prompts(promptConsent) {
		q.Prompt = append(q.Prompt, promptConsent)
	}
	return nil
}

// meanGrantee leaves only the customer of a consent in force to answer.
func (p *Provider) meanGrantee(ctx context.Context, v identity.Vendor, q *request, text string) outcome {
	unknown := failure(errGrantID, "no consent in force has this grant_id")
	name, err := id.Parse[id.Grant](text)
	if err != nil {
		return unknown
	}
	g, err := p.o.Consent.GrantOf(ctx, v.ID, name)
	switch {
	case errors.Is(err, consent.ErrNoGrant), err == nil && g.State != consent.Given:
		return unknown
	case err != nil:
		p.o.Log.ErrorContext(ctx, "look for a grant", "error", fmt.Errorf("grant %s: %w", name, err))
		return failure(errServer, "")
	}
	return q.mean(p.subject(v, g.Account, g.Persona))
}
