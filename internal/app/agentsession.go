package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/meins-id/meins/vault/agent"
)

type agentSignupCmd struct {
	JSON bool `env:"-" help:"Print JSON."`
}

// Run creates the account. Whoever runs it by script keeps the code that it prints.
func (c *agentSignupCmd) Run(ctx context.Context, io *streams, a *agentCmd) error {
	return a.do(io, func(who *customer) error {
		login, err := who.named()
		if err != nil {
			return err
		}
		who.passphrase.repeat = true
		passphrase, err := who.readPassphrase()
		if err != nil {
			return err
		}
		prepared, err := who.PrepareSignUp(ctx, login, passphrase)
		if err != nil {
			return err
		}
		who.showCode(io, "/accounts", prepared.RecoveryCode, login, c.JSON)
		_, err = who.ConfirmSignUp(ctx, prepared.RecoveryCode)
		return err
	})
}

// showCode prints the recovery code as soon as the call has made it the account's: what comes after may
// fail, and nobody can show it again. It does so, too, where no answer says whether the call was heard.
func (c *customer) showCode(io *streams, call, code, login string, asJSON bool) {
	c.transport.after = func(path string, err error) error {
		if path != call || neverDone(err) {
			return nil
		}
		if err != nil {
			_, _ = fmt.Fprintln(io.err, "meins: no answer says whether this was done; keep the code until you have signed in")
		}
		if failed := printRecoveryCode(io, code, asJSON); failed != nil || err != nil {
			return failed
		}
		return c.profile.setLogin(login)
	}
}

// neverDone says that a call surely had no effect: it was refused, or nobody was there to hear it.
func neverDone(err error) bool {
	var p *agent.Problem
	var broken *net.OpError
	return errors.As(err, &p) && p.Status < http.StatusInternalServerError || errors.As(err, &broken) && broken.Op == "dial"
}

// printRecoveryCode prints the code and nothing else where a program reads.
func printRecoveryCode(io *streams, code string, asJSON bool) error {
	if asJSON {
		return printJSON(io.out, map[string]string{"recovery_code": code})
	}
	_, _ = fmt.Fprintln(io.err, "Your recovery code, shown this once. Keep it where you would look for it without this device:")
	_, err := fmt.Fprintln(io.out, code)
	return err
}

type agentLoginCmd struct{}

// Run signs in.
func (c *agentLoginCmd) Run(ctx context.Context, io *streams, a *agentCmd) error {
	return a.do(io, func(who *customer) error {
		if _, err := who.named(); err != nil {
			return err
		}
		passphrase, err := who.readPassphrase()
		if err != nil {
			return err
		}
		return who.signIn(ctx, passphrase)
	})
}

type agentLogoutCmd struct {
	Everywhere bool `env:"-" help:"End every session of the account."`
}

// Run signs out.
func (c *agentLogoutCmd) Run(ctx context.Context, io *streams, a *agentCmd) error {
	return a.do(io, func(who *customer) error {
		if who.foreign() {
			return errForeign
		}
		if c.Everywhere {
			return who.signOut(ctx, who.LogoutEverywhere)
		}
		return who.signOut(ctx, who.Logout)
	})
}

type agentRecoverCmd struct {
	RecoveryCodeFile string `placeholder:"FILE" help:"Where the recovery code is read, - for standard input (before the passphrase); else the terminal."`
	JSON             bool   `env:"-" help:"Print JSON."`
}

// Run signs in with the recovery code. --passphrase-file and its twins give the new passphrase.
func (c *agentRecoverCmd) Run(ctx context.Context, io *streams, a *agentCmd) error {
	return a.do(io, func(who *customer) error {
		login, err := who.named()
		if err != nil {
			return err
		}
		code, err := who.secrets.read(source{what: "recovery code", flag: "recovery-code-file", file: c.RecoveryCodeFile})
		if err != nil {
			return err
		}
		who.passphrase.what, who.passphrase.repeat = "new passphrase", true
		passphrase, err := who.readPassphrase()
		if err != nil {
			return err
		}
		if _, err := who.Recover(ctx, login, code); err != nil {
			return err
		}
		prepared, err := who.PrepareRenewal(ctx, passphrase)
		if err != nil {
			return err
		}
		who.showCode(io, "/slots/renew", prepared.RecoveryCode, login, c.JSON)
		_, err = who.ConfirmRenewal(ctx, prepared.RecoveryCode)
		return err
	})
}

type agentPassphraseCmd struct {
	NewPassphraseFile string `placeholder:"FILE" help:"Where the new passphrase is read, - for standard input (after the current one); else the terminal."`
	KeepTokens        bool   `help:"Let the access tokens of your own programs go on; else they end."`
}

// Run changes the passphrase.
func (c *agentPassphraseCmd) Run(ctx context.Context, io *streams, a *agentCmd) error {
	return a.do(io, func(who *customer) error {
		current, err := who.readPassphrase()
		if err != nil {
			return err
		}
		next, err := who.secrets.read(source{
			what: "new passphrase", flag: "new-passphrase-file", file: c.NewPassphraseFile, repeat: true,
		})
		if err != nil {
			return err
		}
		return who.signedIn(ctx, func() error { return who.ChangePassphrase(ctx, current, next, agent.Tokens(c.KeepTokens)) })
	})
}
