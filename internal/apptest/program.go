package apptest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/app"
)

// asProgram tells the test's binary to be the program. Its name does not begin with MEINS_, because
// the program refuses settings that it does not know.
const asProgram = "APPTEST_AS_PROGRAM"

// Main is the TestMain of every package that starts programs. What is to be done after the last test
// says whether it went well.
func Main(m *testing.M, after ...func() bool) {
	if os.Getenv(asProgram) != "" {
		os.Exit(app.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	code := m.Run()
	for _, f := range after {
		if !f() && code == 0 {
			code = 1
		}
	}
	os.Exit(code)
}

// Program is one running provider.
type Program struct {
	Issuer string       // its address on loopback: http, unless StartTLS started it
	Admin  string       // where metrics are
	Data   string       // its data folder
	Server *Certificate // over https: what it shows

	// Transport carries what customers send. A test that wants to see it all sets another one
	// before it makes customers.
	Transport http.RoundTripper

	log  buffer
	cmd  *exec.Cmd
	once sync.Once
}

// How long a program may take to come up, and to go.
const patience = 30 * time.Second

// Start runs "meins serve" with these flags until the test ends. It logs all there is to log.
func Start(t testing.TB, flags ...string) *Program {
	t.Helper()
	listen := Address(t)
	p := &Program{Issuer: "http://" + listen, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	p.start(t, listen, flags)
	return p
}

// start runs the program, which listens there.
func (p *Program) start(t testing.TB, listen string, flags []string) {
	t.Helper()
	admin := Address(t)
	p.Admin, p.Data = "http://"+admin, filepath.Join(Folder(t), "data")
	args := append([]string{
		"serve", "--issuer", p.Issuer, "--listen", listen, "--admin-listen", admin, "--data", p.Data, "--log-level", "debug",
		"--rate-vendor", "0", "--rate-program", "0", // tests make more calls than anybody; what they set themselves goes before
	}, flags...)
	p.cmd = command(t, args...)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start the program: %v", err)
	}
	t.Cleanup(func() { p.Stop(t) })
	p.await(t)
}

// command prepares the program with these arguments.
func command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatalf("find own program: %v", err)
	}
	// The context of a test ends before its clean-up; the program is to end in order then.
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), self, args...) //nolint:gosec // our own program
	// The race detector lets a program sleep for a second at its end, to see the races of what still
	// runs. Ours wait for all that runs in them.
	cmd.Env = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0")
	return cmd
}

// Folder is an empty folder until the test ends. Its name is short: there are systems where that of a
// socket in it may have no more than a hundred letters, and a test's own folder is named after the test.
func Folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "meins") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove the folder: %v", err)
		}
	})
	return dir
}

// Address finds an address on loopback that nobody listens on, and keeps it for the test; see Reserve.
func Address(t testing.TB) string {
	t.Helper()
	address, release, err := Reserve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return address
}

// Reserve finds an address on loopback that nobody listens on, and keeps it from all other tests until
// it is released. Who looks for one, in whatever process, first takes the datagram port of the same
// number: whoever has that has the address too, whether or not its program listens yet. The ports are
// below those that systems draw from for connections going out, so that none of these takes it either.
func Reserve(ctx context.Context) (address string, release func(), err error) {
	const lowest, ports = 12000, 20000
	for range 100 {
		n, _ := rand.Int(rand.Reader, big.NewInt(ports)) // the system's source does not fail
		address = fmt.Sprintf("127.0.0.1:%d", lowest+n.Int64())
		if release, err = reserve(ctx, address); err == nil {
			return address, release, nil
		}
	}
	return "", nil, fmt.Errorf("find an address: %w", err)
}

// reserve is Reserve for this address. Errors say that another has it.
func reserve(ctx context.Context, address string) (release func(), err error) {
	var lc net.ListenConfig
	kept, err := lc.ListenPacket(ctx, "udp", address)
	if err != nil {
		return nil, err
	}
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, errors.Join(err, kept.Close())
	}
	return func() { _ = kept.Close() }, l.Close() // nothing was ever sent to it
}

// await waits until requests are answered.
func (p *Program) await(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for ctx.Err() == nil {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Issuer+"/readyz", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := p.Transport.RoundTrip(r)
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusNoContent {
				return
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("the program does not come up; it says:\n%s", p.Log())
}

// Stop ends the program as an operator would, and fails the test when it does not end well: a data
// race that its detector saw is such an end.
func (p *Program) Stop(t testing.TB) {
	t.Helper()
	p.once.Do(func() {
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("stop the program: %v", err)
		}
		late := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() }) // its end says so
		defer late.Stop()
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("the program ended with %v; it says:\n%s", err, tail(p.Log()))
		}
	})
}

// tail is the end of a long text.
func tail(s string) string { return s[max(0, len(s)-8<<10):] }

// Log is what the program has said so far.
func (p *Program) Log() string { return p.log.String() }

// Do runs another command of the program beside it, on the same data folder, and gives its output.
func (p *Program) Do(t testing.TB, args ...string) string {
	t.Helper()
	return Run(t, append(args, "--data", p.Data)...)
}

// RunRefused runs a command that is to refuse, and gives what it says to the person.
func RunRefused(t testing.TB, args ...string) string {
	t.Helper()
	var errs bytes.Buffer
	cmd := command(t, args...)
	cmd.Stderr = &errs
	if cmd.Run() == nil {
		t.Errorf("meins %s did not refuse", strings.Join(args, " "))
	}
	return errs.String()
}

// Run runs a command of the program and gives its output.
func Run(t testing.TB, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := command(t, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("meins %s: %v: %s", args[0], err, &errs)
	}
	return out.String()
}

// Metrics is what monitoring sees.
func (p *Program) Metrics(t testing.TB) string {
	t.Helper()
	return p.Get(t, p.Admin+"/metrics")
}

// Get reads an address as anybody can.
func (p *Program) Get(t testing.TB, address string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := p.Transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s answers %d: %v", address, answer.StatusCode, err)
	}
	return string(body)
}

// buffer gathers what a process says while others read it.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String is everything so far.
func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
