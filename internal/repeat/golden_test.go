package repeat

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// A record outlives the node that wrote it, and so may meet a newer program.
func TestRecord_isAsTheGoldenFileSays(t *testing.T) {
	then := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	want := record{V: format, State: changed, Attempt: "YXR0ZW1wdA", Lease: then.Add(lease), Expires: then.Add(Kept), Sealed: []byte("sealed")}
	said := content{Print: []byte("print"), Answer: &Answer{Status: 201, Body: []byte("{}"), Secret: true}}
	for name, v := range map[string]any{"record.json": want, "content.json": said} {
		file := filepath.Join("testdata", name)
		got, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile(file, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		golden, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(golden), string(got)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
