package seal

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"testing"
)

const vectorFile = "testdata/vectors.json"

// update writes the vectors where there are none. It never replaces a file: sealed bytes live in
// people's vaults, and what the vectors say is what programs of other people rely on.
var update = flag.Bool("update", false, "write testdata/vectors.json if it does not exist")

// hexBytes are bytes as the vectors write them.
type hexBytes []byte

func (h hexBytes) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

type (
	vectors struct {
		About      string          `json:"about"`
		Derive     []deriveVector  `json:"derive"`
		Data       []dataVector    `json:"associated_data"`
		Box        []boxVector     `json:"box"`
		Committing []boxVector     `json:"committing"`
		Refused    []refusedVector `json:"refused"`
		Stretch    []stretchVector `json:"stretch"`
		Weak       []Stretch       `json:"stretch_refused"`
	}
	deriveVector struct {
		Material hexBytes `json:"material"`
		Label    string   `json:"label"`
		Key      hexBytes `json:"key"`
	}
	contextVector struct {
		Purpose  string `json:"purpose"`
		Account  string `json:"account"`
		Object   string `json:"object"`
		Revision uint64 `json:"revision,string"`
	}
	dataVector struct {
		contextVector
		Format byte     `json:"format"`
		Data   hexBytes `json:"data"`
	}
	boxVector struct {
		contextVector
		Key       hexBytes `json:"key"`
		Nonce     hexBytes `json:"nonce"`
		Plaintext hexBytes `json:"plaintext"`
		Sealed    hexBytes `json:"sealed"`
	}
	refusedVector struct {
		contextVector
		Why        string   `json:"why"`
		Committing bool     `json:"committing"`
		Key        hexBytes `json:"key"`
		Sealed     hexBytes `json:"sealed"`
		Error      string   `json:"error"` // "open" or "format"
	}
	stretchVector struct {
		Stretch
		Passphrase string   `json:"passphrase"`
		Key        hexBytes `json:"key"`
	}
)

func (c contextVector) context() Context { return Context(c) }

func readVectors(t *testing.T) vectors {
	t.Helper()
	raw, err := os.ReadFile(vectorFile)
	if errors.Is(err, fs.ErrNotExist) && *update {
		raw, err = json.MarshalIndent(makeVectors(t), "", "  ")
		if err == nil {
			err = os.WriteFile(vectorFile, append(raw, '\n'), 0o600)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVectors_derive(t *testing.T) {
	v := readVectors(t)
	if len(v.Derive) == 0 {
		t.Fatal("no vectors")
	}
	for _, c := range v.Derive {
		if got := Stir(c.Material, c.Label); !bytes.Equal(got.Bytes(), c.Key) {
			t.Errorf("%s: %x", c.Label, got.Bytes())
		}
		if len(c.Material) != KeySize {
			continue
		}
		if got := Derive(mustKey(t, c.Material), c.Label); !bytes.Equal(got.Bytes(), c.Key) {
			t.Errorf("Derive %s: %x", c.Label, got.Bytes())
		}
	}
}

func TestVectors_associatedData(t *testing.T) {
	v := readVectors(t)
	if len(v.Data) == 0 {
		t.Fatal("no vectors")
	}
	for _, c := range v.Data {
		got := c.context().appendTo(nil, c.Format)
		if !bytes.Equal(got, c.Data) || len(got) != c.context().size() {
			t.Errorf("%+v: %x", c.contextVector, got)
		}
	}
}

func TestVectors_boxes_openAndAreMadeByteForByte(t *testing.T) {
	v := readVectors(t)
	if len(v.Box) == 0 || len(v.Committing) == 0 {
		t.Fatal("no vectors")
	}
	for _, c := range v.Box {
		k := mustKey(t, c.Key)
		got, err := Open(k, c.context(), c.Sealed)
		check(t, c, got, err)
		again := sealWith(boxAEAD(k, c.Purpose), formatBox, [nonceSize]byte(c.Nonce), nil, c.context(), c.Plaintext)
		check(t, boxVector{Plaintext: c.Sealed}, again, nil)
	}
	for _, c := range v.Committing {
		k := mustKey(t, c.Key)
		got, err := OpenCommitting(k, c.context(), c.Sealed)
		check(t, c, got, err)
		again := sealCommitting(k, c.context(), [nonceSize]byte(c.Nonce), c.Plaintext)
		check(t, boxVector{Plaintext: c.Sealed}, again, nil)
	}
}

func check(t *testing.T, c boxVector, got []byte, err error) {
	t.Helper()
	if err != nil || !bytes.Equal(got, c.Plaintext) {
		t.Errorf("%+v: %x, %v", c.contextVector, got, err)
	}
}

func TestVectors_refused(t *testing.T) {
	v := readVectors(t)
	if len(v.Refused) == 0 {
		t.Fatal("no vectors")
	}
	for _, c := range v.Refused {
		open := Open
		if c.Committing {
			open = OpenCommitting
		}
		got, err := open(mustKey(t, c.Key), c.context(), c.Sealed)
		if got != nil || !errors.Is(err, ErrOpen) || errors.Is(err, ErrVersion) != (c.Error == "format") {
			t.Errorf("%s: %x, %v", c.Why, got, err)
		}
	}
}

func TestVectors_stretch(t *testing.T) {
	v := readVectors(t)
	if len(v.Stretch) == 0 || len(v.Weak) == 0 {
		t.Fatal("no vectors")
	}
	for _, c := range v.Stretch {
		if got, err := c.Run(c.Passphrase); err != nil || !bytes.Equal(got.Bytes(), c.Key) {
			t.Errorf("%q: %x, %v", c.Passphrase, got.Bytes(), err)
		}
	}
	for _, s := range v.Weak {
		if err := s.Validate(); !errors.Is(err, ErrStretch) {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

// TestCommitting_bytesMadeForTwoKeys_openUnderNone plays the server that wants one slot to open
// under two passphrases: whatever stands in the commitment, one of the keys is refused.
func TestCommitting_bytesMadeForTwoKeys_openUnderAtMostOne(t *testing.T) {
	c := Context{Purpose: "slot/passphrase", Account: "a", Object: "s"}
	a, b := NewKey(), NewKey()
	nonce := [nonceSize]byte{1}
	_, commitA := commit(a, c, nonce[:])
	keyB, _ := commit(b, c, nonce[:])
	forged := sealWith(newAEAD(keyB), formatCommitting, nonce, commitA, c, []byte("x"))
	for _, k := range []Key{a, b} {
		if _, err := OpenCommitting(k, c, forged); !errors.Is(err, ErrOpen) {
			t.Errorf("opened: %v", err)
		}
	}
}

func mustKey(t *testing.T, b []byte) Key {
	t.Helper()
	k, err := KeyFrom(b)
	if err != nil {
		t.Fatal(err)
	}
	return k
}
