package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a child that answers on an address.
type process struct {
	cmd  *exec.Cmd
	addr string
	log  *os.File
}

const (
	measuredCore = "0"
	readyWithin  = 2 * time.Minute // a large file is walked once at the start
	readyPoll    = 500 * time.Microsecond
	stopWithin   = 30 * time.Second
)

// start runs a program on the measured core alone. Go sees one core then, and takes GOMAXPROCS from it.
func start(ctx context.Context, dir, addr, program string, args ...string) (*process, error) {
	log, err := os.Create(filepath.Join(dir, filepath.Base(program)+".log"))
	if err != nil {
		return nil, err
	}
	if pinning() {
		program, args = "taskset", append([]string{"-c", measuredCore, program}, args...)
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopWithin
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return &process{cmd: cmd, addr: addr, log: log}, nil
}

// startServer runs the provider on a data folder; its metrics are on the second address.
func startServer(ctx context.Context, program, data string) (p *process, metrics string, err error) {
	addr, err := freeAddress(ctx)
	if err != nil {
		return nil, "", err
	}
	if metrics, err = freeAddress(ctx); err != nil {
		return nil, "", err
	}
	p, err = start(ctx, data, addr, program, "serve",
		"--issuer", "http://"+addr, "--listen", addr, "--admin-listen", metrics, "--data", data)
	if err != nil {
		return nil, "", err
	}
	if err := p.ready(ctx); err != nil {
		return nil, "", errors.Join(err, p.stop())
	}
	return p, metrics, nil
}

// startBare runs this program as the handler to compare with.
func startBare(ctx context.Context, dir string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	addr, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	p, err := start(ctx, dir, addr, self, bareArgument, addr)
	if err != nil {
		return nil, err
	}
	if err := p.ready(ctx); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

// freeAddress is one on loopback that nobody has at this moment.
func freeAddress(ctx context.Context) (string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// ready waits for the first 204 of /readyz.
func (p *process) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.addr+"/readyz", nil)
		if err != nil {
			return err
		}
		if resp, err := client.Do(req); err == nil {
			_ = resp.Body.Close() // there is none
			if resp.StatusCode == http.StatusNoContent {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready; its log is %s", p.cmd.Path, p.log.Name())
		case <-time.After(readyPoll):
		}
	}
}

// stop ends the process and waits for it.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	err := p.cmd.Wait()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		err = nil // that it was told to
	}
	return errors.Join(err, p.log.Close())
}

// cpu is the time that all threads of the process have spent on a core, to the nanosecond. The Go
// runtime does not end threads, so none is missing.
func (p *process) cpu() (time.Duration, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.cmd.Process.Pid))
	if err != nil || len(threads) == 0 {
		return 0, errors.Join(errors.New("read CPU time: the kernel does not tell"), err)
	}
	var total time.Duration
	for _, name := range threads {
		raw, err := os.ReadFile(name)
		if err != nil {
			return 0, fmt.Errorf("read CPU time: %w", err)
		}
		first, _, _ := bytes.Cut(raw, []byte(" "))
		n, err := strconv.ParseInt(string(first), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read CPU time: %w", err)
		}
		total += time.Duration(n)
	}
	return total, nil
}

// resident is the memory of the process in bytes: what is its own, and with the pages of files that
// it has mapped, which the kernel may take back at any time.
func (p *process) resident() (own, all int64, err error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(raw)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		n, _ := strconv.ParseInt(f[1], 10, 64) // of other lines it is no number
		switch f[0] {
		case "VmRSS:":
			all = n << 10
		case "RssAnon:":
			own = n << 10
		}
	}
	return own, all, nil
}

// pinning says whether there is a core to spare.
func pinning() bool { return runtime.NumCPU() > 1 }

// stepAside leaves the measured core to the children.
func stepAside(ctx context.Context) error {
	if !pinning() {
		return nil
	}
	others := "1-" + strconv.Itoa(runtime.NumCPU()-1)
	out, err := exec.CommandContext(ctx, "taskset", "-a", "-p", "-c", others, strconv.Itoa(os.Getpid())).CombinedOutput() //nolint:gosec // numbers of our own
	if err != nil {
		return fmt.Errorf("taskset: %w: %s", err, out)
	}
	return nil
}
