package app

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/meins-id/meins/identity"
)

type keysCmd struct {
	List   keysListCmd   `cmd:"" help:"List the keys: kind, id, state, since when."`
	Rotate keysRotateCmd `cmd:"" help:"Make new keys; old ones stay good for what they signed or sealed until that has expired."`
	Revoke keysRevokeCmd `cmd:"" help:"Withdraw a key that others may know, at once: what it signed or sealed counts no more."`
}

type keysListCmd struct {
	folder
	JSON bool `env:"-" help:"Print JSON."`
}

// Run lists the keys.
func (c *keysListCmd) Run(ctx context.Context, io *streams) error {
	var keys []identity.KeyInfo
	if err := c.do(ctx, io, "keys.list", nothing{}, &keys); err != nil {
		return err
	}
	return printKeys(io, keys, c.JSON)
}

type keysRotateCmd struct {
	folder
	Ahead time.Duration `env:"-" placeholder:"DURATION" help:"Publish the new keys now, and let them take over after this long."`
	JSON  bool          `env:"-" help:"Print JSON."`
}

// Run rotates the keys.
func (c *keysRotateCmd) Run(ctx context.Context, io *streams) error {
	var keys []identity.KeyInfo
	if err := c.do(ctx, io, "keys.rotate", keysRotation{Ahead: c.Ahead}, &keys); err != nil {
		return err
	}
	return printKeys(io, keys, c.JSON)
}

type keysRevokeCmd struct {
	folder
	ID   string `arg:"" name:"kid" help:"The key, as 'meins keys list' names it; write -- before one that begins with a dash."`
	JSON bool   `env:"-" help:"Print JSON."`
}

// Run withdraws a key.
func (c *keysRevokeCmd) Run(ctx context.Context, io *streams) error {
	var keys []identity.KeyInfo
	if err := c.do(ctx, io, "keys.revoke", keyRef{ID: c.ID}, &keys); err != nil {
		return err
	}
	return printKeys(io, keys, c.JSON)
}

type (
	keysRotation struct {
		Ahead time.Duration `json:"ahead,omitempty"`
	}
	keyRef struct {
		ID string `json:"id"`
	}
)

func listKeys(ctx context.Context, n *node, _ nothing) ([]identity.KeyInfo, error) {
	return n.keys.List(ctx)
}

func rotateKeys(ctx context.Context, n *node, in keysRotation) ([]identity.KeyInfo, error) {
	change := n.keys.Rotate
	if in.Ahead > 0 {
		change = func(ctx context.Context) error { return n.keys.Announce(ctx, in.Ahead) }
	}
	if err := change(ctx); err != nil {
		return nil, err
	}
	return n.keys.List(ctx)
}

func revokeKey(ctx context.Context, n *node, ref keyRef) ([]identity.KeyInfo, error) {
	if err := n.keys.Revoke(ctx, ref.ID); err != nil {
		return nil, err
	}
	return n.keys.List(ctx)
}

func printKeys(io *streams, keys []identity.KeyInfo, asJSON bool) error {
	if asJSON {
		return printJSON(io.out, keys)
	}
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "USE\tALGORITHM\tID\tSTATE\tCREATED")
	for _, k := range keys {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.Use, k.Algorithm, k.ID, k.State, k.Created.Format(time.RFC3339))
	}
	return w.Flush()
}
