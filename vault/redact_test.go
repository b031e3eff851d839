package vault_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

// marker stands for a personal value that must be printed nowhere.
const marker = "Zaphod-Marker"

func TestSecrets_printedInAnyWay_areRedacted(t *testing.T) {
	code := vault.NewRecoveryCode()
	secret, err := vault.FromPassphrase("correct horse", weakest())
	if err != nil {
		t.Fatal(err)
	}
	key, grantKey := vault.NewKey(), vault.NewGrantKey()
	for name, c := range map[string]struct {
		value  any
		nested any
		bytes  []byte
	}{
		"key":           {key, struct{ k vault.Key }{key}, key.Bytes()},
		"grant key":     {grantKey, struct{ k vault.GrantKey }{grantKey}, grantKey.Bytes()},
		"secret":        {secret, struct{ k vault.Secret }{secret}, secret.Auth()},
		"recovery code": {code, struct{ k vault.RecoveryCode }{code}, []byte(strings.ReplaceAll(code.Text(), "-", "")[:27])},
	} {
		out := printEveryWay(t, name, c.value, c.nested)
		for _, form := range []string{string(c.bytes), hex.EncodeToString(c.bytes), strings.Trim(fmt.Sprint(c.bytes), "[]")} {
			if strings.Contains(strings.ToLower(out), strings.ToLower(form)) {
				t.Errorf("%s is shown: %s", name, out)
			}
		}
		if asJSON, err := json.Marshal(c.value); err != nil || string(asJSON) != `"[redacted]"` {
			t.Errorf("%s as JSON: %s, %v", name, asJSON, err)
		}
	}
}

func TestPersonalValues_printed_areRedacted_butAreJSONAsUsual(t *testing.T) {
	d, p := documentWith(t, "given_name", marker)
	d.Personas[0].Name = marker
	attribute, _ := d.Get(p, "given_name")
	for name, value := range map[string]any{
		"document":  d,
		"persona":   d.Personas[0],
		"attribute": attribute,
		"claims":    vault.ClaimsFor(d, p, []string{"given_name"}, today),
	} {
		out := printEveryWay(t, name, value, []any{value})
		for _, form := range []string{marker, hex.EncodeToString([]byte(marker)), strings.Trim(fmt.Sprint([]byte(marker)), "[]")} {
			if strings.Contains(out, form) {
				t.Errorf("%s shows a value: %s", name, out)
			}
		}
		if asJSON, err := json.Marshal(value); err != nil || !strings.Contains(string(asJSON), marker) {
			t.Errorf("%s as JSON: %s, %v", name, asJSON, err)
		}
	}
}

// printEveryWay gives all that fmt and slog make of a value, and checks that it says [redacted].
func printEveryWay(t *testing.T, name string, value, nested any) string {
	t.Helper()
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		got := fmt.Sprintf(verb, value)
		if (verb != "%q" && verb != "%x") && got != "[redacted]" {
			t.Errorf("%s: %s prints %s", name, verb, got)
		}
		fmt.Fprintln(&out, got, fmt.Sprintf(verb, nested))
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "value", value)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "value", value)
	if strings.Count(log.String(), "[redacted]") != 2 {
		t.Errorf("%s: slog writes %s", name, log.String())
	}
	return out.String() + log.String()
}

func weakest() seal.Stretch {
	s := seal.NewStretch()
	s.Memory, s.Time = 19*1024, 2
	return s
}
