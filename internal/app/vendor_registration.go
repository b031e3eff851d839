package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/egress"
	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/id"
)

// registration is who may register a vendor, as the provider calls it.
func (c *serverConfig) registration() string {
	if c.Registration == "off" {
		return provider.RegistrationOff
	}
	return c.Registration
}

type vendorTokenCmd struct {
	New    tokenNewCmd    `cmd:"" help:"Make an initial access token, with which vendors register themselves; it is shown this once."`
	List   tokenListCmd   `cmd:"" help:"List the initial access tokens that can be used."`
	Revoke tokenRevokeCmd `cmd:"" help:"End an initial access token; who came by it stays."`
}

// invite is an invitation on its way through the socket.
type invite struct {
	identity.Invitation
	Life time.Duration `json:"life"`
}

type invited struct {
	identity.Invitation
	Token string `json:"token"`
}

type inviteRef struct {
	ID identity.InvitationID `json:"id"`
}

func newInvitation(ctx context.Context, n *node, in invite) (invited, error) {
	i, token, err := n.vendors.Invite(ctx, in.Invitation, in.Life)
	return invited{i, token}, err
}

func listInvitations(ctx context.Context, n *node, _ nothing) ([]identity.Invitation, error) {
	return n.vendors.Invitations(ctx)
}

func revokeInvitation(ctx context.Context, n *node, ref inviteRef) (nothing, error) {
	return nothing{}, n.vendors.Uninvite(ctx, ref.ID)
}

type tokenNewCmd struct {
	folder
	Note     string        `env:"-" help:"For whom it is."`
	Uses     int           `env:"-" default:"1" help:"How many vendors may register with it; 0 is any number."`
	Lifetime time.Duration `env:"-" default:"168h" help:"How long it can be used; at most a year."`
	PKCE     string        `name:"pkce" enum:"required,nonce,optional" default:"required" env:"-" help:"What the vendors that come by it may leave out, as in vendor add."`
	JSON     bool          `env:"-" help:"Print JSON."`
}

// Run makes an initial access token.
func (c *tokenNewCmd) Run(ctx context.Context, io *streams) error {
	in := invite{Invitation: identity.Invitation{Note: c.Note, Uses: c.Uses, PKCE: c.PKCE}, Life: c.Lifetime}
	if in.PKCE == "required" {
		in.PKCE = identity.PKCERequired
	}
	var out invited
	if err := c.do(ctx, io, "invitation.new", in, &out); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, out)
	}
	_, err := fmt.Fprintf(io.out, "id     %s\ntoken  %s\n\nThe token is shown this once; only a hash of it is kept.\n", out.ID, out.Token)
	return err
}

type tokenListCmd struct {
	folder
	JSON bool `env:"-" help:"Print JSON."`
}

// Run lists the initial access tokens.
func (c *tokenListCmd) Run(ctx context.Context, io *streams) error {
	var list []identity.Invitation
	if err := c.do(ctx, io, "invitation.list", nothing{}, &list); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, list)
	}
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "ID\tUSES LEFT\tUNTIL\tNOTE")
	for _, i := range list {
		left := strconv.Itoa(i.Uses)
		if i.Uses == 0 {
			left = "any"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", i.ID, left, i.Expires.Format(time.RFC3339), i.Note)
	}
	return w.Flush()
}

type tokenRevokeCmd struct {
	folder
	ID   string `arg:"" help:"The token's id, as token list shows it."`
	JSON bool   `env:"-" help:"Print JSON."`
}

// Run ends an initial access token.
func (c *tokenRevokeCmd) Run(ctx context.Context, io *streams) error {
	if err := c.do(ctx, io, "invitation.revoke", inviteRef{identity.InvitationID(c.ID)}, &nothing{}); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, map[string]string{"revoked": c.ID})
	}
	_, err := fmt.Fprintf(io.out, "revoked %s\n", c.ID)
	return err
}

type vendorVerifyCmd struct {
	folder
	vendorArg
}

// Run looks whether the vendor's domain names it.
func (c *vendorVerifyCmd) Run(ctx context.Context, io *streams) error {
	var v vendorView
	if err := c.do(ctx, io, "vendor.verify", vendorRef{id.Client(c.ClientID)}, &v); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, v)
	}
	_, err := fmt.Fprintf(io.out, "%s is %s's: proven by %s\n", v.Domain, v.ClientID, v.DomainProof.How)
	return err
}

func verifyVendor(ctx context.Context, n *node, ref vendorRef) (vendorView, error) {
	v, err := n.vendors.VerifyDomain(ctx, ref.ID, proverBy(egress.New(egress.Options{}), net.DefaultResolver))
	return viewVendor(v), err
}

// maxProof is how much of a domain's file is read, in bytes.
const maxProof = 64 << 10

var errNoAnswer = fault.New(fault.Unavailable, "domain-unreachable", "the domain does not answer")

// proverBy looks at the domain itself. What is not there is an answer; what does not answer is none.
func proverBy(out *egress.Client, names *net.Resolver) identity.Prover {
	return identity.Prover{
		File: func(ctx context.Context, address string) ([]byte, error) {
			answer, err := out.Get(ctx, address, nil, maxProof)
			switch {
			case err != nil:
				return nil, err
			case answer.Status == http.StatusOK:
				return answer.Body, nil
			case answer.Status == http.StatusNotFound || answer.Status == http.StatusGone:
				return nil, nil
			}
			return nil, errNoAnswer
		},
		TXT: func(ctx context.Context, name string) ([]string, error) {
			records, err := names.LookupTXT(ctx, name)
			var unknown *net.DNSError
			if errors.As(err, &unknown) && unknown.IsNotFound {
				return nil, nil
			}
			return records, err
		},
	}
}
