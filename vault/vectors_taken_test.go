package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"testing"
	"time"
)

// takenFile are the vectors of a document that says what was taken back.
const takenFile = "testdata/vectors-taken.json"

type takenVectors struct {
	About string           `json:"about"`
	Docs  []documentVector `json:"document"`
}

func TestVectors_whatWasTakenBack(t *testing.T) {
	raw, err := os.ReadFile(takenFile)
	if errors.Is(err, fs.ErrNotExist) && *update {
		raw, err = json.MarshalIndent(makeTaken(t), "", "  ")
		if err == nil {
			err = os.WriteFile(takenFile, append(raw, '\n'), 0o600)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	var v takenVectors
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	for _, c := range some(t, v.Docs) {
		d, err := OpenDocument(vaultKey(t, c.VaultKey), c.Account, c.Revision, c.Sealed)
		opensOrNot(t, "document "+c.Why, jsonOf(t, d, err), []byte(c.Document), err, ErrSealed)
	}
}

// makeTaken is how the committed vectors came about.
func makeTaken(t *testing.T) takenVectors {
	day := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	key := vaultKey(t, counting(0))
	d := Document{Format: documentFormat, Personas: []Persona{{ID: "personaaaaaaaaaaaaaaaaaaaa", Name: "private", Created: day}}}
	if err := d.Set(d.Personas[0].ID, "email", json.RawMessage(`"ada@example.org"`), day); err != nil {
		t.Fatal(err)
	}
	d.TakeBack(vectorGrant, []string{"nickname", "email"})
	sealed, err := SealDocument(key, vectorAccount, 10, d)
	if err != nil {
		t.Fatal(err)
	}
	d.Revision = 10
	return takenVectors{"Frozen, like vectors.json: a document that says what was taken back. See docs/vault-format.md.", []documentVector{
		{key.Bytes(), vectorAccount, 10, sealed, string(jsonOf(t, d, nil)), ""},
		{key.Bytes(), vectorAccount, 9, sealed, "", "another revision"},
		{key.Bytes(), vectorAccount, 10, flipped(sealed), "", "a bit changed"},
	}}
}
