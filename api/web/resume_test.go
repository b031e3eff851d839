package web_test

import (
	"os/exec"
	"testing"
)

// The script of a return visit does with WebCrypto what vault does in Go; the vectors of vault hold
// it to the same bytes.
func TestResume_agreesWithTheVectorsOfTheVault(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("Node.js is needed here; make test installs it")
	}
	out, err := exec.CommandContext(t.Context(), node, "--test", "resume_test.mjs").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
