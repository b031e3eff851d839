package stolen_test

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/internal/store/bolt"
	"github.com/meins-id/meins/vault/seal"
)

// theft is what a thief has who took a data folder and the master key, and who can read the source:
// every record, and every record that the server itself can open.
type theft struct {
	master  seal.Key
	ring    ring
	records map[string][]byte // as they lie there
	opened  map[string][]byte // what the keys of the server open
}

// ring is the server's own keys, as the source says that they are written.
type ring struct {
	Pepper, Pairwise, Records []byte
	Tokens, Flows, Signing    []struct {
		ID  string
		Key []byte
	}
}

// keys lists the server's own keys.
func (r ring) keys() [][]byte {
	all := [][]byte{r.Pepper, r.Pairwise, r.Records}
	for _, one := range slices.Concat(r.Tokens, r.Flows, r.Signing) {
		all = append(all, one.Key)
	}
	return all
}

// steal opens a data folder. A thief who opens less than the server can would prove nothing, so what
// does not open fails the test.
func steal(t *testing.T, data, masterFile string) theft {
	t.Helper()
	master, err := identity.ReadMaster(masterFile)
	must(t, err)
	f := theft{master: master, records: readAll(t, filepath.Join(data, "meins.db")), opened: map[string][]byte{}}
	f.open(t, master, "keyring", seal.Context{Purpose: "identity/keyring"})
	must(t, json.Unmarshal(f.opened["keyring"], &f.ring))
	records, err := seal.KeyFrom(f.ring.Records)
	must(t, err)
	for _, key := range slices.Sorted(maps.Keys(f.records)) {
		kind, name, _ := strings.Cut(key, "/")
		switch kind {
		case "account":
			f.open(t, records, key, seal.Context{Purpose: "identity/account", Account: name})
		case "session":
			f.open(t, records, key, seal.Context{Purpose: "identity/session", Object: name})
		case "repeat":
			f.openCall(t, records, key, name)
		default:
			f.known(t, key)
		}
	}
	return f
}

func (f theft) open(t *testing.T, k seal.Key, key string, as seal.Context) {
	t.Helper()
	plaintext, err := seal.Open(k, as, f.records[key])
	if err != nil {
		t.Fatalf("the record %s does not open for the server: %v", key, err)
	}
	f.opened[key] = plaintext
}

// readsPrefix is where the reads of grants lie, which are neither text nor sealed: names of claims,
// times and numbers.
const readsPrefix = "consent/reads/"

// openCall opens what is kept of a call that may be sent again.
func (f theft) openCall(t *testing.T, k seal.Key, key, name string) {
	t.Helper()
	var call struct{ Sealed []byte }
	must(t, json.Unmarshal(f.records[key], &call))
	plaintext, err := seal.Open(k, seal.Context{Purpose: "repeated-call", Object: name}, call.Sealed)
	if err != nil {
		t.Fatalf("the record %s does not open for the server: %v", key, err)
	}
	f.opened[key] = plaintext
}

// known makes sure that nothing is overlooked: a record that is no text is sealed, and who adds one
// of a new kind teaches the thief to open it, if the server can, or to try, if it cannot.
func (f theft) known(t *testing.T, key string) {
	t.Helper()
	for _, sealed := range []string{"keyring", "consent/document/", readsPrefix} {
		if strings.HasPrefix(key, sealed) {
			return
		}
	}
	if isPart(strings.Split(key, "/"), "capsule") {
		return
	}
	if !utf8.Valid(f.records[key]) {
		t.Errorf("the record %s is of a kind that this test does not know", key)
	}
}

// readAll reads every record of a database.
func readAll(t *testing.T, file string) map[string][]byte {
	t.Helper()
	s, err := bolt.Open(file, bolt.Options{})
	must(t, err)
	defer func() { must(t, s.Close()) }()
	records := map[string][]byte{}
	must(t, s.View(t.Context(), func(r store.Reader) error {
		for from := ""; ; {
			items, err := r.Scan("", from, 0)
			if err != nil || len(items) == 0 {
				return err
			}
			for _, item := range items {
				records[item.Key] = item.Value
			}
			from = items[len(items)-1].Key + "\x00"
		}
	}))
	return records
}
