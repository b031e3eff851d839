package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// What all tests share: the program, built once, and one Chromium, in which every test has a profile
// of its own.
var (
	program  string          // path of the built binary
	chromium context.Context // the running browser
	outside  *stranger       // whom the browser would ask for anything that is not on loopback
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "meins-browser-")
	if err != nil {
		return fail(err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // the browser may still be writing to it
	if program, err = build(dir); err != nil {
		return fail(err)
	}
	if outside, err = newStranger(); err != nil {
		return fail(err)
	}
	defer outside.close()
	stop, err := startChromium(dir)
	if err != nil {
		return fail(err)
	}
	defer stop()
	return m.Run()
}

func fail(err error) int {
	_, _ = fmt.Fprintf(os.Stderr, "browser tests cannot start: %v\n", err)
	return 1
}

// build makes the program as `make build` does. Without the browser's agent there is nothing to test.
func build(dir string) (string, error) {
	const manifest = "../../../api/web/static/agent/manifest.json"
	if _, err := os.Stat(manifest); err != nil {
		return "", errors.New("the browser's agent is not built: run 'make agent' (make test does)")
	}
	path := filepath.Join(dir, "meins")
	cmd := exec.CommandContext(context.Background(), "go", "build", "-o", path, "github.com/meins-id/meins/cmd/meins")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return path, nil
}

// startChromium starts one browser with a fresh profile. Whatever it wants from outside of loopback
// it has to ask the stranger for.
func startChromium(dir string) (stop func(), err error) {
	path, err := findChromium()
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(filepath.Join(dir, "profile")),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-domain-reliability", true),
		chromedp.Flag("lang", "en-US"), chromedp.ProxyServer(outside.address()),
	)
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	browser, cancelBrowser := chromedp.NewContext(allocator)
	if err := chromedp.Run(browser); err != nil {
		cancelBrowser()
		cancelAllocator()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	chromium = browser
	return func() {
		_ = chromedp.Cancel(browser) // waits until it is gone; a browser that crashed is gone too
		cancelBrowser()
		cancelAllocator()
	}, nil
}

func findChromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("there is no Chromium: run 'make test', which installs it, or 'apt-get install chromium'")
}
