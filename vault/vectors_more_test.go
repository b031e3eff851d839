package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/id"
)

// moreFile are the vectors of what came to the format later: personas that inherit, standing rules,
// what was left out of a change, and messages. Those of before stay as they are.
const moreFile = "testdata/vectors-personas.json"

type (
	moreVectors struct {
		About    string           `json:"about"`
		Docs     []documentVector `json:"document"`
		Messages []messageVector  `json:"message"`
	}
	messageVector struct {
		GrantKey hexBytes   `json:"grant_key"`
		Account  id.Account `json:"account"`
		Grant    id.Grant   `json:"grant"`
		Revision uint64     `json:"revision,string"`
		Sealed   hexBytes   `json:"sealed"`
		Message  string     `json:"message,omitempty"` // empty: must be refused
		Why      string     `json:"why,omitempty"`
	}
)

func readMore(t *testing.T) moreVectors {
	t.Helper()
	raw, err := os.ReadFile(moreFile)
	if errors.Is(err, fs.ErrNotExist) && *update {
		raw, err = json.MarshalIndent(makeMore(t), "", "  ")
		if err == nil {
			err = os.WriteFile(moreFile, append(raw, '\n'), 0o600)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	var v moreVectors
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVectors_personasAndMessages(t *testing.T) {
	v := readMore(t)
	for _, c := range some(t, v.Docs) {
		d, err := OpenDocument(vaultKey(t, c.VaultKey), c.Account, c.Revision, c.Sealed)
		opensOrNot(t, "document "+c.Why, jsonOf(t, d, err), []byte(c.Document), err, ErrSealed)
	}
	for _, c := range some(t, v.Messages) {
		g, err := GrantKeyFrom(c.GrantKey)
		if err != nil {
			t.Fatal(err)
		}
		message, err := OpenMessage(g, c.Account, c.Grant, c.Revision, c.Sealed)
		if c.Message == "" {
			if err == nil || message != "" {
				t.Errorf("%s: not refused", c.Why)
			}
			continue
		}
		if err != nil || message != c.Message {
			t.Errorf("%q, %v", message, err)
		}
	}
}

// makeMore is how the committed vectors came about.
func makeMore(t *testing.T) moreVectors {
	v := moreVectors{About: "Frozen, like vectors.json: what came to the format with personas. See docs/vault-format.md."}
	day := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	key, grantKey := vaultKey(t, counting(0)), GrantKey{vaultKey(t, counting(64)).secretKey}
	d := Document{Format: documentFormat, Personas: []Persona{
		{ID: "personaaaaaaaaaaaaaaaaaaaa", Name: "private", Created: day, Rules: Rules{Always: []string{"nickname"}, Never: []string{"phone_number"}}},
		{ID: "workaaaaaaaaaaaaaaaaaaaaaa", Name: "work", Created: day, Inherits: []string{"birthdate", "name"}},
	}}
	for name, value := range map[string]string{"name": `"Ada Lovelace"`, "birthdate": `"1990-12-10"`, "email": `"ada@example.org"`} {
		if err := d.Set(d.Personas[0].ID, name, json.RawMessage(value), day); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Set(d.Personas[1].ID, "languages", json.RawMessage(`["en","de"]`), day); err != nil {
		t.Fatal(err)
	}
	d.LeaveOut(vectorGrant, []string{"email", "nickname"}, Claims{"email": json.RawMessage(`"old@example.org"`)})
	d.Behind = []id.Grant{vectorGrant}
	sealed, err := SealDocument(key, vectorAccount, 9, d)
	if err != nil {
		t.Fatal(err)
	}
	d.Revision = 9
	v.Docs = []documentVector{
		{key.Bytes(), vectorAccount, 9, sealed, string(jsonOf(t, d, nil)), ""},
		{key.Bytes(), vectorAccount, 9, flipped(sealed), "", "a bit changed"},
	}
	const message = "eyJhbGciOiJFQ0RILUVTIn0..aXZpdml2aXZpdml2.dGV4dA.dGFndGFndGFndGFndGFn"
	box, err := SealMessage(grantKey, vectorAccount, vectorGrant, 3, message)
	if err != nil {
		t.Fatal(err)
	}
	capsule, err := SealCapsule(grantKey, vectorAccount, vectorGrant, 3, Claims{})
	if err != nil {
		t.Fatal(err)
	}
	v.Messages = []messageVector{
		{grantKey.Bytes(), vectorAccount, vectorGrant, 3, box, message, ""},
		{grantKey.Bytes(), vectorAccount, vectorGrant, 2, box, "", "another revision"},
		{grantKey.Bytes(), vectorOther, vectorGrant, 3, box, "", "another account"},
		{grantKey.Bytes(), vectorAccount, vectorGrant, 3, capsule, "", "a capsule"},
		{grantKey.Bytes(), vectorAccount, vectorGrant, 3, flipped(box), "", "a bit changed"},
	}
	return v
}
