package provider_test

import (
	"log/slog"
	"os"
	"testing"
)

// libraryLog is what zitadel/oidc logs: it writes to the default logger of the process.
var libraryLog lockedBuffer

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewTextHandler(&libraryLog, nil)))
	os.Exit(m.Run())
}
