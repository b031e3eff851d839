package app

import (
	"errors"
	"log"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"
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

// The second line: a text that came from a library or an error, with what we hand out ourselves in it.
func TestLog_secretsOfOurOwnMaking_areNotInIt(t *testing.T) {
	address, err := url.Parse("https://shop.example/back?code=marker-code&x=1")
	if err != nil {
		t.Fatal(err)
	}
	key := strings.Repeat("marker", 7) + "x" // as long as 32 bytes in base64url
	code := "0MAR-KER0-1234-5678-9ABC-DEFG-HJKM"
	for _, format := range []string{"json", "text"} {
		var out strings.Builder
		log := newLogger(&out, "info", format)
		for _, secret := range []string{"mv_" + key, "mr_" + key, "mi_" + key, "meins_" + "markermarkermarkermarkerab.MARKERMARKERMARKERMARKERAB", code} {
			log.Info("refused "+secret, "detail", "sent '"+secret+"' twice", "err", errors.New("no "+secret)) //nolint:sloglint // what a library may log
			log.WithGroup("g").Info("again", "detail", secret)
		}
		log.Info("redirected", "to", address, "raw", []byte("marker"), "token", "marker", "kid", "Pfu7BtRNRzRCJ1L", "took", 1500*time.Millisecond)
		if strings.Contains(strings.ToLower(out.String()), "marker") || strings.Contains(out.String(), "0MAR") {
			t.Errorf("%s: a secret is in\n%s", format, out.String())
		}
		for _, want := range []string{"refused [redacted]", "sent '[redacted]' twice", "https://shop.example/back?code=[redacted]", "Pfu7BtRNRzRCJ1L"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: %s is missing in\n%s", format, want, out.String())
			}
		}
	}
}
