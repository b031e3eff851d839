package app

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/meins-id/meins/vault/agent"
)

type agentReceiptsCmd struct {
	JSON bool   `env:"-" help:"Print JSON."`
	Head string `env:"-" placeholder:"FILE" help:"Write what the server signed of the record when it was last in order: the proof, when it no longer is."`
}

// Run checks the chain of receipts against what was seen on this machine before, and says what is wrong
// with it together with what the server had signed.
func (c *agentReceiptsCmd) Run(ctx context.Context, io *streams, a *agentCmd) error {
	return a.do(io, func(who *customer) error {
		var found agent.Checked
		wrong := who.signedIn(ctx, func() (err error) {
			found, err = who.CheckReceipts(ctx)
			return err
		})
		if wrong != nil && !tampered(wrong) {
			return wrong
		}
		seen, err := who.SeenReceipts(ctx)
		if err == nil && c.Head != "" && seen.Signed != "" {
			err = os.WriteFile(c.Head, []byte(seen.Signed+"\n"), 0o600)
		}
		if wrong != nil {
			return errors.Join(wrong, c.warn(io, seen), err)
		}
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(io.out, found)
		}
		_, err = fmt.Fprintf(io.out, "%d receipts in order, %d of them new\n", found.Receipts, found.New)
		return err
	})
}

// tampered says that the record is not what it was, or that nobody stands for it.
func tampered(err error) bool {
	return errors.Is(err, agent.ErrReceiptsDiffer) || errors.Is(err, agent.ErrReceiptsShorter) || errors.Is(err, agent.ErrReceiptsUnsigned)
}

// warn says what the server had signed before, for whoever is to clear it up.
func (c *agentReceiptsCmd) warn(io *streams, seen agent.Seen) error {
	if seen.Signed == "" {
		return nil
	}
	_, err := fmt.Fprintf(io.err, "the server signed on %s that there were %d receipts, the newest %s\n",
		seen.Time.Format("2006-01-02 15:04 MST"), seen.Receipts, seen.Hash)
	if err == nil && c.Head == "" {
		_, err = fmt.Fprintln(io.err, "keep its signature: meins agent receipts --head FILE")
	}
	return err
}
