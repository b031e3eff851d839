package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/vault/agent"
)

// agentCmd is the headless customer: with it every flow can be scripted. Its flags are those of
// every command below it.
type agentCmd struct {
	Issuer         string `required:"" placeholder:"URL" help:"The provider's public address."`
	Login          string `placeholder:"NAME" help:"The login name or e-mail address."`
	PassphraseFile string `placeholder:"FILE" help:"Where the passphrase is read, - for standard input; else MEINS_PASSPHRASE, else the terminal."`
	Home           string `placeholder:"DIR" help:"Where the session is kept; meins in the user's configuration folder when empty."`

	Signup     agentSignupCmd     `cmd:"" help:"Create an account; prints the recovery code, this once."`
	SignIn     agentLoginCmd      `cmd:"" name:"login" help:"Sign in and open the vault."`
	Logout     agentLogoutCmd     `cmd:"" help:"Sign out here, or everywhere."`
	Recover    agentRecoverCmd    `cmd:"" help:"Sign in with the recovery code and choose a new passphrase; prints the new recovery code, this once."`
	Passphrase agentPassphraseCmd `cmd:"" help:"Change the passphrase; every other session ends."`
	Get        agentGetCmd        `cmd:"" help:"Read the vault: all of it, or these names."`
	Set        agentSetCmd        `cmd:"" help:"Change the vault; what vendors may read follows."`
	Personas   agentPersonasCmd   `cmd:"" help:"List, add, rename or remove personas."`
	Rules      agentRulesCmd      `cmd:"" help:"Say once for all vendors what a persona always or never shares."`
	Authorize  agentAuthorizeCmd  `cmd:"" help:"Answer a vendor's request; prints where the browser would go back to."`
	Grants     agentGrantsCmd     `cmd:"" help:"List what was consented to."`
	Releases   agentReleasesCmd   `cmd:"" help:"List when a vendor read what."`
	Withdraw   agentWithdrawCmd   `cmd:"" help:"End a consent, at once and for good; or take back only some claims."`
	Receipts   agentReceiptsCmd   `cmd:"" help:"Check that the server's record of decisions is the one that was seen here before."`
}

// customer is one customer at one provider, for the time of one command.
type customer struct {
	*agent.Agent

	profile    *profile
	transport  *transport
	secrets    *secrets
	login      string
	passphrase source
	known      string // the passphrase, once it was read: standard input gives it once
}

// open reads the profile and makes the agent; nothing is sent.
func (c *agentCmd) open(io *streams) (*customer, error) {
	if err := checkIssuer(c.Issuer); err != nil {
		return nil, usageError{fmt.Errorf("issuer: %w", err)}
	}
	p, err := openProfile(c.Home, c.Issuer)
	if err != nil {
		return nil, err
	}
	t := newTransport(p)
	a, err := agent.New(agent.Options{Transport: t, Keeper: p, Now: io.now})
	if err != nil {
		return nil, err
	}
	return &customer{
		Agent: a, profile: p, transport: t, secrets: &secrets{streams: io}, login: c.Login,
		passphrase: source{what: "passphrase", flag: "passphrase-file", file: c.PassphraseFile, env: "MEINS_PASSPHRASE"},
	}, nil
}

// do opens the customer for a command, and turns what the server refuses into a fault.
func (c *agentCmd) do(io *streams, command func(*customer) error) error {
	who, err := c.open(io)
	if err != nil {
		return err
	}
	return refusal(command(who))
}

var errNoLogin = usageError{errors.New("login: say who with --login")}

// named is the login name, which a command that begins a session needs.
func (c *customer) named() (string, error) {
	if c.login == "" {
		return "", errNoLogin
	}
	return c.login, nil
}

// readPassphrase gives the passphrase; a person is asked for it at most once.
func (c *customer) readPassphrase() (string, error) {
	if c.known != "" {
		return c.known, nil
	}
	p, err := c.secrets.read(c.passphrase)
	c.known = p
	return p, err
}

// canOpen says whether the passphrase is at hand without asking a person.
func (c *customer) canOpen() bool { return c.known != "" || c.passphrase.given() }

// signIn begins a session, and remembers whose it is.
func (c *customer) signIn(ctx context.Context, passphrase string) error {
	login, err := c.named()
	if err != nil {
		return err
	}
	if _, err := c.Login(ctx, login, passphrase); err != nil {
		return err
	}
	return c.profile.setLogin(login)
}

// signedIn runs what needs a session and an open vault. Where one of them is missing, and the
// command was told who it is and where the passphrase is, it opens them once and runs it again.
func (c *customer) signedIn(ctx context.Context, command func() error) error {
	if c.foreign() {
		return c.replace(ctx, command)
	}
	err := command()
	open := c.opener(err)
	if open == nil || c.login == "" || !c.canOpen() {
		return err
	}
	passphrase, err := c.readPassphrase()
	if err != nil {
		return err
	}
	if err := open(ctx, passphrase); err != nil {
		return err
	}
	return command()
}

// opener is what helps against err, or nil.
func (c *customer) opener(err error) func(context.Context, string) error {
	unlock := func(ctx context.Context, passphrase string) error {
		_, err := c.Unlock(ctx, passphrase)
		return err
	}
	var p *agent.Problem
	switch {
	case errors.Is(err, agent.ErrLocked):
		return unlock
	case errors.Is(err, agent.ErrSignIn):
		// The vendor wants a fresh proof; without a session that is a login.
		return func(ctx context.Context, passphrase string) error {
			if err := unlock(ctx, passphrase); !errors.Is(err, agent.ErrSignedOut) {
				return err
			}
			return c.signIn(ctx, passphrase)
		}
	case errors.Is(err, agent.ErrSignedOut), errors.As(err, &p) && p.Status == http.StatusUnauthorized:
		return c.signIn
	}
	return nil
}

// foreign says that the kept session is of another login than the one that was named.
func (c *customer) foreign() bool {
	kept := c.profile.login()
	return c.login != "" && kept != "" && !strings.EqualFold(strings.TrimSpace(kept), strings.TrimSpace(c.login))
}

var errForeign = fault.New(fault.Unauthenticated, "other-login", "another login name is signed in here; log in, or use another --home")

// replace signs the other customer out before this one acts: nobody ever acts in the other's name.
func (c *customer) replace(ctx context.Context, command func() error) error {
	if !c.canOpen() {
		return errForeign
	}
	passphrase, err := c.readPassphrase()
	if err != nil {
		return err
	}
	if err := c.signOut(ctx, c.Logout); err != nil {
		return err
	}
	if err := c.signIn(ctx, passphrase); err != nil {
		return err
	}
	return command()
}

// signOut ends the session. The cookie stays until the server has said that it is worth nothing, so
// that a logout without a server can be repeated.
func (c *customer) signOut(ctx context.Context, logout func(context.Context) error) error {
	if err := logout(ctx); err != nil {
		return err
	}
	return c.profile.change(func(f *profileFile) { f.Cookie, f.Login = "", "" })
}

// kinds are the faults that the API's statuses stand for.
var kinds = map[int]fault.Kind{
	http.StatusUnauthorized:          fault.Unauthenticated,
	http.StatusForbidden:             fault.Denied,
	http.StatusNotFound:              fault.NotFound,
	http.StatusConflict:              fault.Conflict,
	http.StatusPreconditionFailed:    fault.Stale,
	http.StatusRequestEntityTooLarge: fault.TooLarge,
	http.StatusUnprocessableEntity:   fault.Mismatch,
	http.StatusTooManyRequests:       fault.TooMany,
	http.StatusInternalServerError:   fault.Internal,
	http.StatusBadGateway:            fault.Unavailable,
	http.StatusServiceUnavailable:    fault.Unavailable,
	http.StatusGatewayTimeout:        fault.Unavailable,
}

// refusal turns the server's refusal into the fault that it is, for the exit code.
func refusal(err error) error {
	var p *agent.Problem
	if !errors.As(err, &p) {
		return err
	}
	kind, ok := kinds[p.Status]
	if !ok {
		kind = fault.Invalid
	}
	text := p.Title
	if text == "" {
		text = p.Code
	}
	switch {
	case p.Code == agent.ErrAnswer.Code:
		return agent.ErrAnswer.Because(fmt.Errorf("status %d and no word of why; is it meins that answers there?", p.Status))
	case p.RetryAfter > 0:
		text, _, _ = strings.Cut(text, ";") // which says to wait, not how long
		text += fmt.Sprintf("; try again in %d s", p.RetryAfter)
	}
	return fault.New(kind, p.Code, text)
}
