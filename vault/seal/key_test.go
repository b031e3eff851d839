package seal_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/meins-id/meins/vault/seal"
)

// holder is how other packages keep a key: in a field that fmt can see and not call.
type holder struct {
	key  seal.Key
	Open seal.Key
}

func TestKey_printedInAnyWay_isRedacted(t *testing.T) {
	k := seal.NewKey()
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", k, "holder", holder{k, k})
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", k, "holder", holder{k, k})
	asJSON, err := json.Marshal(map[string]any{"key": k, "pointer": &k, "holder": holder{k, k}})
	if err != nil {
		t.Fatal(err)
	}
	printed := []string{log.String(), string(asJSON), k.String(), k.GoString(), fmt.Sprint(k, &k, holder{k, k})}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c", "%b"} {
		if got := fmt.Sprintf(verb, k); got != "[redacted]" {
			t.Errorf("%s prints %s", verb, got)
		}
		printed = append(printed, fmt.Sprintf(verb, &k), fmt.Sprintf(verb, holder{k, k}), fmt.Sprintf(verb, []seal.Key{k}))
	}
	raw := k.Bytes()
	for _, out := range printed {
		for form, secret := range map[string]string{
			"raw": string(raw), "hex": hex.EncodeToString(raw), "HEX": fmt.Sprintf("%X", raw),
			"numbers": strings.Trim(fmt.Sprint(raw), "[]"), "go": strings.TrimPrefix(fmt.Sprintf("%#v", raw), "[]byte"),
		} {
			if strings.Contains(out, secret) {
				t.Errorf("the key is shown as %s in %s", form, out)
			}
		}
	}
	if !strings.Contains(log.String(), "key=[redacted]") || !strings.Contains(string(asJSON), `"key":"[redacted]"`) {
		t.Errorf("not marked as redacted: %s %s", log.String(), asJSON)
	}
}

func TestKey_readFromJSON_isRefused(t *testing.T) {
	var k seal.Key
	if err := json.Unmarshal([]byte(`"[redacted]"`), &k); err == nil || !k.IsZero() {
		t.Error("a hidden key was read back as a key")
	}
}

func TestKeyFrom_takesOnly32BytesThatAreNotAllZero(t *testing.T) {
	for _, b := range [][]byte{nil, make([]byte, 31), make([]byte, 32), bytes.Repeat([]byte{1}, 31), bytes.Repeat([]byte{1}, 33)} {
		if k, err := seal.KeyFrom(b); err == nil || !k.IsZero() {
			t.Errorf("KeyFrom took %x", b)
		}
	}
	b := bytes.Repeat([]byte{7}, 32)
	k, err := seal.KeyFrom(b)
	if err != nil {
		t.Fatal(err)
	}
	b[0] = 0
	out := k.Bytes()
	out[1] = 0
	if !bytes.Equal(k.Bytes(), bytes.Repeat([]byte{7}, 32)) {
		t.Error("the key shares memory with its caller")
	}
}

func TestKey_zero_equalsNothingAndDerivesNothing(t *testing.T) {
	var zero seal.Key
	k := seal.NewKey()
	if zero.Equal(zero) || zero.Equal(k) || k.Equal(zero) || !k.Equal(k) || k.Equal(seal.NewKey()) {
		t.Error("Equal is wrong")
	}
	if !seal.Derive(zero, "meins/1/auth").IsZero() || !seal.Stir(nil, "meins/1/recovery").IsZero() || zero.Bytes() != nil {
		t.Error("something came out of nothing")
	}
}

func TestDerive_anotherLabelOrKey_isAnotherKey(t *testing.T) {
	k := seal.NewKey()
	a := seal.Derive(k, "meins/1/auth")
	if !a.Equal(seal.Derive(k, "meins/1/auth")) {
		t.Error("not deterministic")
	}
	if a.Equal(seal.Derive(k, "meins/1/unlock")) || a.Equal(seal.Derive(seal.NewKey(), "meins/1/auth")) || a.Equal(k) {
		t.Error("two keys are one")
	}
}
