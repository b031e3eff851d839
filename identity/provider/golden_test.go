package provider

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files")

// What older versions stored must stay readable: the golden files change only with the version.
func TestRecords_areStoredAsEver(t *testing.T) {
	family := familyRecord{
		Version: recordVersion, Client: "aaaaaaaaaaaaaaaaaaaaaaaaaa", Grant: "bbbbbbbbbbbbbbbbbbbbbbbbbb",
		Generation: 3, Expires: time.Date(2026, 5, 30, 12, 0, 0, 0, time.UTC),
	}
	raw, err := json.Marshal(family)
	if err != nil {
		t.Fatal(err)
	}
	for name, record := range map[string][]byte{"family.json": raw, "mark.json": mark} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, append(record, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(want) != string(record)+"\n" {
			t.Errorf("%s: %s, was %s", name, record, want)
		}
	}
}
