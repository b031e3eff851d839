package attack_test

import (
	"strings"
	"testing"

	"github.com/meins-id/meins/internal/apptest"
)

// framedNowhere checks the headers that keep a page out of frames, out of caches and its address to
// itself.
func framedNowhere(t *testing.T, a apptest.Answer) {
	t.Helper()
	policy := a.Header.Get("Content-Security-Policy")
	for _, directive := range []string{"default-src 'none'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, directive) {
			t.Errorf("the policy %q has no %s", policy, directive)
		}
	}
}
