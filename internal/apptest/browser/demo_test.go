package browser

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/apptest"
)

// demo is a running `meins demo`: the provider and, as a process of its own, the flower shop.
type demo struct {
	t            testing.TB
	meins, shop  string // addresses
	data         string
	log          lockedBuffer
	clientID     string
	shopRedirect string
	others       []string // whom the browser may ask too, in tests with more than one vendor
}

var printed = regexp.MustCompile(`(?m)^(meins|demo shop) +(http://\S+)$`)

func startDemo(t testing.TB) *demo {
	t.Helper()
	d := &demo{t: t, data: filepath.Join(apptest.Folder(t), "data")}
	// The demo is stopped in order, after the test's own context has ended.
	// Between finding a port and listening on it, a demo that is told 0 can lose it to another of the tests.
	cmd := meins(context.WithoutCancel(t.Context()), "demo", "--listen", apptest.Address(t), "--shop-listen", apptest.Address(t), "--data", d.data)
	cmd.Stderr = &d.log
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself, which Wait tells
		if err := cmd.Wait(); err != nil {
			t.Errorf("the demo ended with %v:\n%s", err, d.log.String())
		}
	})
	lines := bufio.NewScanner(out)
	for d.shop == "" && lines.Scan() {
		switch found := printed.FindStringSubmatch(lines.Text()); {
		case found == nil:
		case found[1] == "meins":
			d.meins = found[2]
		default:
			d.shop = found[2]
		}
	}
	if d.meins == "" || d.shop == "" {
		t.Fatalf("the demo printed no addresses:\n%s", d.log.String())
	}
	d.readShop()
	return d
}

// readShop learns who the shop is, from the settings that the demo gave it.
func (d *demo) readShop() {
	d.t.Helper()
	b, err := os.ReadFile(filepath.Join(d.data, "shop.json"))
	must(d.t, err)
	var config struct {
		ClientID string `json:"client_id"`
	}
	must(d.t, json.Unmarshal(b, &config))
	d.clientID, d.shopRedirect = config.ClientID, d.shop+"/callback"
}

// addVendor registers another vendor beside the running server, as an operator would.
func (d *demo) addVendor(args ...string) (clientID string) {
	d.t.Helper()
	out, err := meins(d.t.Context(), append([]string{"vendor", "add", "--data", d.data, "--json"}, args...)...).Output()
	must(d.t, err)
	var v struct {
		ClientID string `json:"client_id"`
	}
	must(d.t, json.Unmarshal(out, &v))
	return v.ClientID
}

// lockedBuffer is written by a process and read by a test.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits for what somebody else does in their own time.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// oneLine makes text comparable, whatever the lines.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
