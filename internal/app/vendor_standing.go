package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// standingFlags say how a vendor stands towards its customers.
type standingFlags struct {
	AcceptTerms []string `name:"accept-terms" env:"-" placeholder:"TERMS" help:"Terms of customers that it accepts (IEEE 7012), such as SD-BASE; repeat for more."`
	Kind        string   `env:"-" placeholder:"KIND" help:"The kind of business that you know it to be in, such as shop: customers are told where it asks for more than is usual."`
}

// standing is that of a vendor that the operator registers: its kind is the operator's word.
func (f standingFlags) standing() identity.Standing {
	return identity.Standing{Accepts: f.AcceptTerms, Kind: vault.Kind(f.Kind), Confirmed: vault.Kind(f.Kind)}
}

type vendorSetCmd struct {
	folder
	vendorArg
	standingFlags
	NoTerms bool `name:"no-terms" env:"-" help:"It accepts no terms any more."`
	NoKind  bool `name:"no-kind" env:"-" help:"Take back the word about its kind."`
}

// standingChange is a change on its way through the socket.
type standingChange struct {
	ID id.Client `json:"id"`
	identity.StandingChange
}

var errNothingToSet = usageError{errors.New("give one of --accept-terms and --no-terms, or one of --kind and --no-kind")}

// Run changes how a vendor stands towards its customers.
func (c *vendorSetCmd) Run(ctx context.Context, io *streams) error {
	terms, kind := len(c.AcceptTerms) > 0, c.Kind != ""
	if terms && c.NoTerms || kind && c.NoKind || !terms && !c.NoTerms && !kind && !c.NoKind {
		return errNothingToSet
	}
	change := standingChange{ID: id.Client(c.ClientID)}
	if terms || c.NoTerms {
		accepts := append([]string{}, c.AcceptTerms...) // not nil: as JSON, that would be no change
		change.Accepts = &accepts
	}
	if kind || c.NoKind {
		known := vault.Kind(c.Kind)
		change.Kind = &known
	}
	var v vendorView
	if err := c.do(ctx, io, "vendor.set", change, &v); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, v)
	}
	_, err := fmt.Fprintf(io.out, "changed %s; customers who agreed to what it no longer accepts are told at their next sign-in\n", c.ClientID)
	return err
}

func setStanding(ctx context.Context, n *node, c standingChange) (vendorView, error) {
	v, err := n.vendors.SetStanding(ctx, c.ID, c.StandingChange)
	return viewVendor(v), err
}
