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
	JSON bool `env:"-" help:"Print JSON."`
}

// Run rotates the keys.
func (c *keysRotateCmd) Run(ctx context.Context, io *streams) error {
	var keys []identity.KeyInfo
	if err := c.do(ctx, io, "keys.rotate", nothing{}, &keys); err != nil {
		return err
	}
	return printKeys(io, keys, c.JSON)
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
