package vault_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

var today = time.Date(2026, 3, 1, 12, 30, 15, 99, time.UTC)

// documentWith gives a document whose base persona has these texts, in pairs.
func documentWith(t *testing.T, pairs ...string) (vault.Document, id.Persona) {
	t.Helper()
	d := vault.NewDocument(today)
	p := d.Personas[0].ID
	for i := 0; i < len(pairs); i += 2 {
		if err := d.Set(p, pairs[i], quote(t, pairs[i+1]), today); err != nil {
			t.Fatalf("%s: %v", pairs[i], err)
		}
	}
	return d, p
}

func quote(t *testing.T, s string) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestDocument_sealed_opensForItsOwnKeyAccountAndRevisionOnly(t *testing.T) {
	d, p := documentWith(t, "email", "ada@example.org")
	k := vault.NewKey()
	box, err := vault.SealDocument(k, alice, 3, d)
	if err != nil {
		t.Fatal(err)
	}
	got, err := vault.OpenDocument(k, alice, 3, box)
	if err != nil {
		t.Fatal(err)
	}
	if a, ok := got.Get(p, "email"); !ok || string(a.Value) != `"ada@example.org"` || a.Source != vault.SourceSelf || !a.Updated.Equal(today.Truncate(time.Second)) {
		t.Error("the value changed on the way")
	}
	if got.Revision != 3 {
		t.Errorf("revision %d", got.Revision)
	}
	refusesDocument(t, vault.NewKey(), alice, 3, box)
	refusesDocument(t, vault.Key{}, alice, 3, box)
	refusesDocument(t, k, mallory, 3, box)
	refusesDocument(t, k, alice, 2, box)
	refusesDocument(t, k, alice, 4, box)
}

func TestDocument_anyByteChangedOrCutOff_isRefused(t *testing.T) {
	k := vault.NewKey()
	box, err := vault.SealDocument(k, alice, 1, vault.NewDocument(today))
	if err != nil {
		t.Fatal(err)
	}
	for i := range box {
		bad := bytes.Clone(box)
		bad[i] ^= 0x10
		refusesDocument(t, k, alice, 1, bad)
		refusesDocument(t, k, alice, 1, box[:i])
	}
}

func refusesDocument(t *testing.T, k vault.Key, account id.Account, revision uint64, box []byte) {
	t.Helper()
	if d, err := vault.OpenDocument(k, account, revision, box); !errors.Is(err, vault.ErrSealed) || d.Personas != nil {
		t.Errorf("account %s, revision %d, %d bytes: %v", account, revision, len(box), err)
	}
}

func TestDocument_length_tellsOnlyASizeClass(t *testing.T) {
	k := vault.NewKey()
	lengths := map[int]bool{}
	for n := 1; n <= 1000; n += 37 {
		d, _ := documentWith(t, "note", strings.Repeat("x", n))
		box, err := vault.SealDocument(k, alice, 1, d)
		if err != nil {
			t.Fatal(err)
		}
		lengths[len(box)] = true
	}
	if len(lengths) != 1 || !lengths[4096+seal.Overhead] {
		t.Errorf("lengths %v", lengths)
	}
}

func TestSealDocument_over256KiB_isRefused(t *testing.T) {
	d, p := documentWith(t)
	k := vault.NewKey()
	big := quote(t, strings.Repeat("x", 1000))
	for i := 0; ; i++ {
		if err := d.Set(p, fmt.Sprintf("own%d", i), big, today); err != nil {
			t.Fatal(err)
		}
		box, err := vault.SealDocument(k, alice, 1, d)
		if err == nil && len(box) > 256<<10 {
			t.Fatalf("%d bytes", len(box))
		}
		if err != nil {
			if !errors.Is(err, vault.ErrTooLarge) || i < 220 {
				t.Fatalf("after %d values: %v", i, err)
			}
			break
		}
	}
	if _, err := vault.OpenDocument(k, alice, 1, make([]byte, 256<<10+1)); !errors.Is(err, vault.ErrTooLarge) {
		t.Errorf("open: %v", err)
	}
}

func TestSealDocument_ofAnotherFormat_isRefused(t *testing.T) {
	for _, d := range []vault.Document{{}, {Format: 2}} {
		if box, err := vault.SealDocument(vault.NewKey(), alice, 1, d); !errors.Is(err, vault.ErrFormat) || box != nil {
			t.Errorf("%v", err)
		}
	}
}

func TestOpenDocument_whatNoAgentWrites_isRefused(t *testing.T) {
	for what, c := range map[string]struct {
		padded []byte
		want   error
	}{
		"a newer format":          {padded(`{"format":2,"revision":1,"personas":7}`, 4096), vault.ErrFormat},
		"no format":               {padded(`{"Format":1,"revision":1}`, 4096), vault.ErrFormat},
		"another revision inside": {padded(`{"format":1,"revision":2}`, 4096), vault.ErrSealed},
		"no JSON":                 {padded(`format 1`, 4096), vault.ErrSealed},
		"personas of no shape":    {padded(`{"format":1,"revision":1,"personas":7}`, 4096), vault.ErrSealed},
		"another size class":      {padded(`{"format":1,"revision":1}`, 4097), vault.ErrSealed},
		"a smaller size class":    {padded(`{"format":1,"revision":1}`, 1024), vault.ErrSealed},
		"bytes in the padding":    {append(padded(`{"format":1,"revision":1}`, 4095), 1), vault.ErrSealed},
		"a length beyond the end": {append([]byte{0xff, 0xff, 0xff, 0xff}, make([]byte, 4092)...), vault.ErrSealed},
		"no length":               {[]byte{0, 0}, vault.ErrSealed},
	} {
		k := vault.NewKey()
		sealKey, err := seal.KeyFrom(k.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		box := seal.Seal(sealKey, seal.Context{Purpose: "document", Account: string(alice), Object: "document", Revision: 1}, c.padded)
		if d, err := vault.OpenDocument(k, alice, 1, box); !errors.Is(err, c.want) || d.Personas != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// padded lays out a plaintext as docs/vault-format.md says, up to the given size.
func padded(plaintext string, size int) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(plaintext)))
	out = append(out, plaintext...)
	return append(out, make([]byte, size-len(out))...)
}

func TestDocument_membersOfANewerProgram_survive(t *testing.T) {
	const newer = `{"Format":9,"format":1,"labels":["x"],"personas":[{"attributes":{"email":{"proof":{"by":"mail"},` +
		`"source":"self","updated":"2026-01-02T03:04:05Z","value":"a@b.example","verified":true}},"colour":"green",` +
		`"created":"2026-01-02T03:04:05Z","id":"p","name":"work"}],"revision":4}`
	var d vault.Document
	if err := json.Unmarshal([]byte(newer), &d); err != nil {
		t.Fatal(err)
	}
	if err := d.Set("p", "nickname", quote(t, "Ada"), today); err != nil {
		t.Fatal(err)
	}
	if err := d.Remove("p", "nickname"); err != nil {
		t.Fatal(err)
	}
	k := vault.NewKey()
	box, err := vault.SealDocument(k, alice, 4, d)
	if err != nil {
		t.Fatal(err)
	}
	back, err := vault.OpenDocument(k, alice, 4, box)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := json.Marshal(back); err != nil || string(got) != newer {
		t.Errorf("%s, %v", got, err)
	}
}

func TestSet_invalidValueOrPersona_leavesTheDocumentAsItWas(t *testing.T) {
	d, p := documentWith(t, "email", "ada@example.org")
	before, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Set(p, "email", quote(t, "nobody"), today); !errors.Is(err, vault.ErrEmail) {
		t.Error(err)
	}
	if err := d.Set("nobody", "email", quote(t, "b@example.org"), today); !errors.Is(err, vault.ErrNoPersona) {
		t.Error(err)
	}
	if err := d.Remove("nobody", "email"); !errors.Is(err, vault.ErrNoPersona) {
		t.Error(err)
	}
	if _, ok := d.Get("nobody", "email"); ok {
		t.Error("a persona that is not there has a value")
	}
	if after, err := json.Marshal(d); err != nil || !bytes.Equal(before, after) {
		t.Errorf("changed to %s, %v", after, err)
	}
}

func TestSet_theSameValue_keepsDateAndVerification_anotherLosesThem(t *testing.T) {
	d, p := documentWith(t, "email", "ada@example.org")
	a := d.Personas[0].Attributes["email"]
	a.Verified = true
	d.Personas[0].Attributes["email"] = a
	later := today.Add(time.Hour)
	if err := d.Set(p, "email", json.RawMessage(` "ada@example.org" `), later); err != nil {
		t.Fatal(err)
	}
	if got, _ := d.Get(p, "email"); !got.Verified || !got.Updated.Equal(a.Updated) {
		t.Error("the same value counts as a change")
	}
	if err := d.Set(p, "email", quote(t, "eve@example.org"), later); err != nil {
		t.Fatal(err)
	}
	if got, _ := d.Get(p, "email"); got.Verified || got.Updated.Equal(a.Updated) {
		t.Error("another address counts as verified, or as old")
	}
}

func TestClone_changed_leavesTheOriginal(t *testing.T) {
	d, p := documentWith(t, "email", "ada@example.org")
	c := d.Clone()
	if err := c.Set(p, "email", quote(t, "eve@example.org"), today); err != nil {
		t.Fatal(err)
	}
	if err := c.Set(p, "nickname", quote(t, "Eve"), today); err != nil {
		t.Fatal(err)
	}
	if a, _ := d.Get(p, "email"); string(a.Value) != `"ada@example.org"` {
		t.Error("the original changed")
	}
	if _, ok := d.Get(p, "nickname"); ok {
		t.Error("the original grew")
	}
}

func TestDocument_anyTexts_comeBackFromTheSeal(t *testing.T) {
	k := vault.NewKey()
	rapid.Check(t, func(r *rapid.T) {
		d := vault.NewDocument(today)
		p := d.Personas[0].ID
		names := rapid.SliceOfN(rapid.StringMatching(`own_[a-z0-9_]{0,20}`), 0, 20).Draw(r, "names")
		for _, name := range names {
			raw, err := json.Marshal(rapid.StringN(0, 50, -1).Draw(r, "text"))
			if err != nil {
				r.Fatal(err)
			}
			_ = d.Set(p, name, raw, today) // a refused value stays out
		}
		revision := rapid.Uint64().Draw(r, "revision")
		box, err := vault.SealDocument(k, alice, revision, d)
		if err != nil {
			r.Fatal(err)
		}
		back, err := vault.OpenDocument(k, alice, revision, box)
		if err != nil {
			r.Fatal(err)
		}
		for _, name := range names {
			want, had := d.Get(p, name)
			if got, has := back.Get(p, name); has != had || !bytes.Equal(got.Value, want.Value) {
				r.Fatalf("%s changed", name)
			}
		}
	})
}
