package app

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/fault"
)

func TestBackup_thatTheServerCannotMake_saysWhyAndLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	data, file := filepath.Join(dir, "data"), filepath.Join(dir, "backup")
	n, err := openNode(t.Context(), nodeOptions{data: data, now: time.Now, log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	admin, err := serveAdmin(t.Context(), n, data, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close() }() // nothing is under way
	if err := n.close(t.Context()); err != nil {
		t.Fatal(err)
	}

	var said strings.Builder
	err = (&backupCmd{folder: folder{Data: data}, File: file}).Run(t.Context(), &streams{out: &said, err: &said, now: time.Now})
	if fault.Of(err).Code != "store-closed" || errors.Is(err, errSocket) || said.Len() > 0 {
		t.Errorf("got %v, and said %q", err, said.String())
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left %v (%v)", left, err)
	}
}
