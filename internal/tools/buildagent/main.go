package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

// The agent is loaded once and then kept for good, but the first visit pays for it: more than
// this, and that visit is no longer quick on a phone.
const defaultLimit = 1_400_000

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "buildagent:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("buildagent", flag.ContinueOnError)
	out := flags.String("out", "", "folder to publish into")
	program := flags.String("package", "./cmd/agentwasm", "package of the browser's agent")
	limit := flags.Int("limit", defaultLimit, "most bytes that the agent may have under brotli")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *out == "" {
		return fmt.Errorf("-out is missing")
	}

	files, err := compile(ctx, *program)
	if err != nil {
		return err
	}
	published, err := publish(*out, files)
	if err != nil {
		return fmt.Errorf("publish into %s: %w", *out, err)
	}
	agent := published[agentName]
	if agent.Brotli > *limit {
		return fmt.Errorf("the agent has %d bytes under brotli, more than the %d that are allowed", agent.Brotli, *limit)
	}
	fmt.Fprintf(stdout, "agent: %d bytes, %d under brotli, %d under gzip\n", agent.Size, agent.Brotli, agent.Gzip)
	return nil
}
