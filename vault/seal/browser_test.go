//go:build !js

package seal

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What the browser does in the place of the standard library (agree_js.go, verify_js.go, compose_js.go) passes the
// same tests, in the JavaScript engine of Chromium.
func TestBrowser_passesTheSameTests(t *testing.T) {
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-exec", filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "go_js_wasm_exec"),
		"-run", "Compose|Verify|Encrypt_(another|X25519|withoutAKey)|ParseRecipient|Thumbprint", ".")
	run.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=")
	if said, err := run.CombinedOutput(); err != nil || !strings.Contains(string(said), "ok") {
		t.Errorf("%v\n%s", err, said)
	}
}
