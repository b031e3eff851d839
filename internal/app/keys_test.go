package app

import (
	"encoding/json"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/meins-id/meins/identity"
)

// operate runs an administrator's operation on a folder of its own, as a command does.
func operate[Out any](t *testing.T, data, name, in string) (out Out) {
	t.Helper()
	n, err := openNode(t.Context(), nodeOptions{data: data, now: time.Now, log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	result, err := runOperation(t.Context(), n, name, json.RawMessage(in))
	if err == nil {
		err = reencode(result, &out)
	}
	if err := n.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestKeysRevoke_withoutAServer_leavesOneCurrentKeyOfEachKind(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for _, k := range operate[[]identity.KeyInfo](t, data, "keys.list", "{}") {
		operate[[]identity.KeyInfo](t, data, "keys.revoke", `{"id":"`+k.ID+`"}`)
	}
	state := map[string]string{}
	for _, k := range operate[[]identity.KeyInfo](t, data, "keys.list", "{}") {
		if old := state[k.Use+k.Algorithm+k.State]; old != "" {
			t.Errorf("%s and %s are both %s", old, k.ID, k.State)
		}
		state[k.Use+k.Algorithm+k.State] = k.ID
	}
	if len(state) != 10 {
		t.Errorf("%d keys: %v", len(state), state)
	}
}
