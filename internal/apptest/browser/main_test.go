package browser

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/meins-id/meins/internal/app"
)

// What all tests share: the program, which is this one, and one Chromium, in which every test has a
// profile of its own.
var (
	program  string          // its path
	chromium context.Context // the running browser
	outside  *stranger       // whom the browser would ask for anything that is not on loopback
)

// asProgram tells this program to be meins. Its name does not begin with MEINS_, because meins refuses
// settings that it does not know.
const asProgram = "BROWSER_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(app.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "meins-browser-")
	if err != nil {
		return fail(err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // the browser may still be writing to it
	if program, err = itself(); err != nil {
		return fail(err)
	}
	if outside, err = newStranger(); err != nil {
		return fail(err)
	}
	defer outside.close()
	browser, stop, err := startChromium(dir, framesGetCookies)
	if err != nil {
		return fail(err)
	}
	chromium = browser
	defer stop()
	return m.Run()
}

func fail(err error) int {
	_, _ = fmt.Fprintf(os.Stderr, "browser tests cannot start: %v\n", err)
	return 1
}

// itself is the program. Without the browser's agent in it there is nothing to test.
func itself() (string, error) {
	const manifest = "../../../api/web/static/agent/manifest.json"
	if _, err := os.Stat(manifest); err != nil {
		return "", errors.New("the browser's agent is not built: run 'make agent' (make test does)")
	}
	return os.Executable()
}

// meins prepares the program with these arguments. Its children are the program too.
func meins(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// startChromium starts one browser with a fresh profile. Whatever it wants from outside of loopback
// it has to ask the stranger for. Every test is in a window that forgets everything, which keeps cookies from
// frames unless it is told otherwise, as an ordinary one does.
func startChromium(dir, cookies string) (browser context.Context, stop func(), err error) {
	path, err := findChromium()
	if err != nil {
		return nil, nil, err
	}
	if err := prefer(filepath.Join(dir, "profile", "Default"), cookies); err != nil {
		return nil, nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(filepath.Join(dir, "profile")),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-domain-reliability", true),
		chromedp.Flag("lang", "en-US"), chromedp.ProxyServer(outside.address()),
	)
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	browser, cancelBrowser := chromedp.NewContext(allocator, chromedp.WithErrorf(complain))
	if err := chromedp.Run(browser); err != nil {
		cancelBrowser()
		cancelAllocator()
		return nil, nil, fmt.Errorf("start %s: %w", path, err)
	}
	return browser, func() {
		_ = chromedp.Cancel(browser) // waits until it is gone; a browser that crashed is gone too
		cancelBrowser()
		cancelAllocator()
	}, nil
}

// What Chromium does with cookies of frames on other sites (profile.cookie_controls_mode).
const (
	framesGetCookies   = "0"
	framesGetNoCookies = "1"
)

func prefer(profile, cookies string) error {
	if err := os.MkdirAll(profile, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(profile, "Preferences"), []byte(`{"profile":{"cookie_controls_mode":`+cookies+`}}`), 0o600)
}

// complain passes on what chromedp has to say, but for events that it is too old to know.
func complain(format string, args ...any) {
	if !strings.HasPrefix(format, "unhandled ") {
		log.Printf(format, args...)
	}
}

func findChromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("there is no Chromium: run 'make test', which installs it, or 'apt-get install chromium'")
}
