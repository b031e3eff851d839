package attack_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/meins-id/meins/internal/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m, end) }

// shared is the program that all tests attack which need none of their own: starting one costs more
// than most attacks.
var shared struct {
	once    sync.Once
	world   *world
	endings []func()
	failed  atomic.Bool
}

// start gives the shared program.
func start(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	shared.once.Do(func() {
		shared.world = newWorld(lasting{t}, apptest.Start(lasting{t}, "--trusted-proxy", "127.0.0.0/8"))
	})
	if shared.world == nil {
		t.Fatal("the shared program did not start")
	}
	return shared.world
}

// end stops the shared program after the last test.
func end() bool {
	for _, f := range slices.Backward(shared.endings) {
		f()
	}
	return !shared.failed.Load()
}

// lasting lets what a test begins outlive it.
type lasting struct{ testing.TB }

// Cleanup waits for the last test.
func (lasting) Cleanup(f func()) { shared.endings = append(shared.endings, f) }

// Context does not end with the test.
func (lasting) Context() context.Context { return context.Background() }

// Errorf can be called when no test runs any longer.
func (lasting) Errorf(format string, args ...any) {
	shared.failed.Store(true)
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}

// TempDir is there until the last test.
func (l lasting) TempDir() string {
	dir, err := os.MkdirTemp("", "attack") // it outlives the test
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { _ = os.RemoveAll(dir) }) // the system's temporary folder forgets it too
	return dir
}
