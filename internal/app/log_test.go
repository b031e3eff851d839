package app

import (
	"log"
	"log/slog"
	"strings"
	"testing"
)

func TestLog_ofALibrary_holdsComplaintsAlone(t *testing.T) {
	before, flags := slog.Default(), log.Flags()
	t.Cleanup(func() {
		slog.SetDefault(before)
		log.SetFlags(flags)
		slog.SetLogLoggerLevel(slog.LevelInfo)
	})
	var out strings.Builder
	own := newLogger(&out, "info", "json")
	adoptLibraries(t.Context(), own)

	slog.Info("chatter")
	slog.With("route", "x").WithGroup("g").Info("chatter")
	slog.Warn("a complaint", "client", "c1")
	slog.With("route", "x").Error("a mistake", "token", "marker")
	log.Print("an old complaint")
	own.Info("our own news")

	for _, want := range []string{
		`"level":"WARN","msg":"a complaint","client":"c1"`, `"level":"ERROR","msg":"a mistake","route":"x","token":"[redacted]"`,
		`"level":"WARN","msg":"an old complaint"`, `"level":"INFO","msg":"our own news"`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is missing in\n%s", want, out.String())
		}
	}
	for _, not := range []string{"chatter", "marker"} {
		if strings.Contains(out.String(), not) {
			t.Errorf("%s is in\n%s", not, out.String())
		}
	}
	out.Reset()
	adoptLibraries(t.Context(), newLogger(&out, "debug", "json"))
	slog.Info("chatter")
	if !strings.Contains(out.String(), "chatter") {
		t.Error("at level debug the libraries are not heard")
	}
}
