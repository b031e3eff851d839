package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
)

// settings of one run.
type settings struct {
	server      string         // the program that is measured
	only        *regexp.Regexp // operations to run
	connections int
	rounds      int
	starts      int
	accounts    int // of the large folder; 0: no comparison
	grants      int // of each account
	active      int // tokens in use at the comparison
}

const (
	smallAccounts = 256
	bareArgument  = "bare" // this program as the bare handler
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "loadtest:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) == 2 && args[0] == bareArgument {
		return serveBare(ctx, args[1])
	}
	s, err := parse(args)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "meins-loadtest-")
	if err != nil {
		return err
	}
	if s.accounts > 0 {
		err = compareSizes(ctx, s, dir, stdout)
	} else {
		err = measureAll(ctx, s, dir, stdout)
	}
	return errors.Join(err, os.RemoveAll(dir))
}

func parse(args []string) (s settings, err error) {
	flags := flag.NewFlagSet("loadtest", flag.ContinueOnError)
	flags.StringVar(&s.server, "server", "bin/meins", "program to measure")
	only := flags.String("only", "", "measure the operations whose names match")
	flags.IntVar(&s.connections, "connections", 16, "how many at once")
	flags.IntVar(&s.rounds, "rounds", 5, "how often; the median counts")
	flags.IntVar(&s.starts, "starts", 11, "how often the server is started to time it")
	flags.IntVar(&s.accounts, "accounts", 0, "instead, compare a folder of so many accounts with a small one")
	flags.IntVar(&s.grants, "grants", 5, "grants of each account")
	flags.IntVar(&s.active, "active", 1024, "with -accounts: how many access tokens are in use")
	if err = flags.Parse(args); err != nil {
		return s, err
	}
	if s.only, err = regexp.Compile(*only); err != nil {
		return s, fmt.Errorf("-only: %w", err)
	}
	if s.connections < 1 || s.rounds < 1 || s.starts < 1 || s.grants < 2 || s.accounts < 0 {
		return s, errors.New("-connections, -rounds and -starts must be at least 1, -grants at least 2")
	}
	if s.server, err = filepath.Abs(s.server); err != nil {
		return s, err
	}
	if _, err = os.Stat(s.server); err != nil {
		return s, fmt.Errorf("%w; 'make build' makes it", err)
	}
	return s, nil
}
