package provider

import (
	"context"
	"fmt"

	"github.com/meins-id/meins/identity"
)

// Look is Next for a customer who wants to see again what was refused.
func (p *Provider) Look(ctx context.Context, flow string, s *identity.Session) (Next, error) {
	v, err := p.visit(ctx, flow)
	if err != nil {
		return Next{}, err
	}
	v.again = true
	return p.nextShown(ctx, v, s)
}

// review lets the customer decide, unless the answer to this very ask is known: who said no is not asked
// again for six months, and may look all the same.
func (p *Provider) review(ctx context.Context, v visit, s identity.Session, n Next) (Next, error) {
	n.Step = StepReview
	if v.again {
		return n, nil
	}
	at, err := p.o.Consent.Refused(ctx, s.Account, v.ask)
	if err != nil {
		return Next{}, fmt.Errorf("look for a refusal: %w", err)
	}
	if !at.IsZero() {
		n.Step, n.Refused, n.Redirect = StepRefused, at, p.refuse(v, errAccessDenied)
	}
	return n, nil
}
