package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The logical names under which the pages look the files up in the manifest.
const (
	agentName = "agent.wasm"
	glueName  = "wasm_exec.js"
)

// file is something to publish: its logical name and its bytes.
type file struct {
	name string
	data []byte
}

// compile builds the agent and fetches the glue of the same Go release.
func compile(ctx context.Context, program string) ([]file, error) {
	agent, err := buildWasm(ctx, program)
	if err != nil {
		return nil, err
	}
	glue, err := readGlue(ctx)
	if err != nil {
		return nil, err
	}
	return []file{{agentName, agent}, {glueName, glue}}, nil
}

func buildWasm(ctx context.Context, program string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "buildagent-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a folder for scratch: what stays there harms nobody

	target := filepath.Join(dir, agentName)
	//nolint:gosec // the package comes from the Makefile, and go build does not run it
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", target, program)
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compile %s: %w\n%s", program, err, said)
	}
	return os.ReadFile(target)
}

// readGlue finds the Go release through the go command: runtime.GOROOT is empty under -trimpath.
func readGlue(ctx context.Context) ([]byte, error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("ask go for GOROOT: %w", err)
	}
	return os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", glueName))
}
