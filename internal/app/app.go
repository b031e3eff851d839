package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/meins-id/meins/internal/fault"
)

// Exit codes, stable for scripts. docs/config.md lists them.
const (
	ExitOK          = 0
	ExitFailure     = 1 // something went wrong on our side
	ExitUsage       = 2 // the words or the settings are wrong
	ExitRefused     = 3 // a passphrase, a permission or a decision said no
	ExitNotFound    = 4 // there is no such vendor, grant, account or value
	ExitUnavailable = 5 // the server, the data folder or a part of it does not answer
)

// commands is the whole command line; kong reads it. Every flag --some-name has an environment
// twin MEINS_SOME_NAME.
type commands struct {
	Serve   serveCmd   `cmd:"" help:"Run the provider."`
	Demo    demoCmd    `cmd:"" help:"Run the provider and a demo vendor on this machine, to try it."`
	Vendor  vendorCmd  `cmd:"" help:"Register and manage vendors (relying parties)."`
	Agent   agentCmd   `cmd:"" help:"Act as a customer: the vault's own agent on the command line."`
	Receipt receiptCmd `cmd:"" help:"Check consent receipts."`
	Backup  backupCmd  `cmd:"" help:"Write a consistent backup, beside a running server or without one."`
	Restore restoreCmd `cmd:"" help:"Put a backup into an empty data folder."`
	Keys    keysCmd    `cmd:"" help:"List and rotate the server's signing and token keys."`
	Version versionCmd `cmd:"" help:"Print the version."`
	Shop    shopCmd    `cmd:"" hidden:"" help:"Run the demo vendor."`
}

// streams is where a command reads and writes, and what time it is.
type streams struct {
	in       io.Reader
	out, err io.Writer
	now      func() time.Time
}

// Main runs one command and returns its exit code. It is the whole program but for os.Exit.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, args, &streams{in: stdin, out: stdout, err: stderr, now: time.Now})
}

// run parses and runs; kong's own exits (--help, usage errors) come back as codes.
func run(ctx context.Context, args []string, io *streams) int {
	var cli commands
	exit, help := -1, io.out
	switch {
	case len(args) == 0: // whoever says nothing wants to know what there is to say
		args, help = []string{"--help"}, io.err
	case args[0] == "help":
		args = append(slices.Clone(args[1:]), "--help")
	}
	parser, err := kong.New(&cli,
		kong.Name("meins"),
		kong.Description("A user-centric identity provider: one login everywhere, personal data in a vault only the customer opens."),
		kong.DefaultEnvars("MEINS"),
		kong.Writers(help, io.err),
		kong.Exit(func(code int) { exit = code }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(io),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		return report(io.err, fmt.Errorf("command line: %w", err))
	}
	command, err := parser.Parse(args)
	if exit >= 0 && help == io.err {
		return ExitUsage
	}
	if exit >= 0 {
		return exit
	}
	if err != nil {
		_, _ = fmt.Fprintf(io.err, "meins: %v\nmeins: try 'meins --help'\n", err)
		return ExitUsage
	}
	return report(io.err, command.Run())
}

// usageError is a mistake in the words or the settings.
type usageError struct{ err error }

func (u usageError) Error() string { return u.err.Error() }
func (u usageError) Unwrap() error { return u.err }

// report prints err for a person, if there is one, and gives the exit code for programs. A command that was
// stopped in the middle is not done; a server that was stopped is, and has no error.
func report(w io.Writer, err error) int {
	if err == nil {
		return ExitOK
	}
	if errors.Is(err, context.Canceled) {
		_, _ = fmt.Fprintln(w, "meins: stopped before it was done")
		return ExitFailure
	}
	_, _ = fmt.Fprintf(w, "meins: %v\n", err)
	var usage usageError
	if errors.As(err, &usage) {
		return ExitUsage
	}
	switch fault.Of(err).Kind {
	case fault.Invalid, fault.TooLarge, fault.Mismatch:
		return ExitUsage
	case fault.Unauthenticated, fault.Denied, fault.Conflict, fault.Stale, fault.TooMany:
		return ExitRefused
	case fault.NotFound:
		return ExitNotFound
	case fault.Unavailable:
		return ExitUnavailable
	case fault.Internal:
	}
	return ExitFailure
}
