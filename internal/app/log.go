package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
)

// What is logged: ids, kinds, counts, durations and claim names. Never values, never secrets. The
// types that hold secrets print [redacted] by themselves; this handler is the second line, for
// text that came from a library or an error.

// secretKeys are attribute names whose values never appear, whoever logs them.
var secretKeys = map[string]bool{
	"passphrase": true, "password": true, "secret": true, "client_secret": true, "token": true,
	"access_token": true, "refresh_token": true, "id_token": true, "code": true, "cookie": true,
	"authorization": true, "auth": true, "grant_key": true, "share": true, "claims": true,
	"assertion": true, "client_assertion": true, "flow": true, "login": true, "query": true,
}

// secretText matches what looks like a token, a code or a key inside a longer text: the value after a telling
// parameter name, what we hand out ourselves (secrets and tokens by their first letters, recovery codes), and
// long runs of base64url. Keys of 43 signs are not among those: so long are the names of keys, too.
var secretText = regexp.MustCompile(`(?i)((?:code|token|secret|flow|assertion|state|nonce|hint|password|passphrase)[a-z_]*=)[^&\s"']+` +
	`|\b(?:m[ivr]_[A-Za-z0-9_\-]{20,}|meins_[a-z2-7]{26}\.[A-Za-z0-9]+|(?:[0-9A-Z]{4}-){6}[0-9A-Z]{4}\b)` +
	`|[A-Za-z0-9_\-]{48,}(?:\.[A-Za-z0-9_\-]+)*`)

const redacted = "[redacted]"

// newLogger writes to w.
func newLogger(w io.Writer, level, format string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: l, ReplaceAttr: redactAttr}
	var h slog.Handler = slog.NewJSONHandler(w, o)
	if format == "text" {
		h = slog.NewTextHandler(w, o)
	}
	return slog.New(redactor{h})
}

// adoptLibraries makes log the process-wide default, through which libraries log, for what goes wrong
// there: of the rest (the OpenID library names each of its routes at the start) an operator learns nothing.
func adoptLibraries(ctx context.Context, log *slog.Logger) {
	slog.SetLogLoggerLevel(slog.LevelWarn) // package log knows no levels, and is used for complaints
	if !log.Enabled(ctx, slog.LevelDebug) {
		log = slog.New(complaints{log.Handler()})
	}
	slog.SetDefault(log)
}

// complaints passes on warnings and errors.
type complaints struct{ slog.Handler }

func (c complaints) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && c.Handler.Enabled(ctx, l)
}

func (c complaints) WithAttrs(attrs []slog.Attr) slog.Handler {
	return complaints{c.Handler.WithAttrs(attrs)}
}

func (c complaints) WithGroup(name string) slog.Handler { return complaints{c.Handler.WithGroup(name)} }

func redactAttr(_ []string, a slog.Attr) slog.Attr {
	if secretKeys[strings.ToLower(a.Key)] {
		return slog.String(a.Key, redacted)
	}
	switch v := a.Value.Any().(type) {
	case string:
		return slog.String(a.Key, redactText(v))
	case error:
		return slog.String(a.Key, redactText(v.Error()))
	case []byte:
		return slog.String(a.Key, redacted)
	case fmt.Stringer: // such as an address with its query
		if a.Value.Kind() == slog.KindAny {
			return slog.String(a.Key, redactText(v.String()))
		}
	}
	return a
}

func redactText(s string) string {
	return secretText.ReplaceAllString(s, "${1}"+redacted)
}

// redactor cleans the message too, which ReplaceAttr does not reach in every handler.
type redactor struct{ slog.Handler }

func (r redactor) Handle(ctx context.Context, rec slog.Record) error {
	clean := slog.NewRecord(rec.Time, rec.Level, redactText(rec.Message), rec.PC)
	rec.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(a)
		return true
	})
	return r.Handler.Handle(ctx, clean)
}

func (r redactor) WithAttrs(attrs []slog.Attr) slog.Handler {
	return redactor{r.Handler.WithAttrs(attrs)}
}

func (r redactor) WithGroup(name string) slog.Handler { return redactor{r.Handler.WithGroup(name)} }
