package vault

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"testing"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault/seal"
)

const vectorFile = "testdata/vectors.json"

// update writes the vectors where there are none. It never replaces a file: sealed bytes live in
// people's vaults, and the script of the return visit is checked by the same vectors.
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
		About    string           `json:"about"`
		Recovery []recoveryVector `json:"recovery_code"`
		Malcodes []string         `json:"recovery_code_refused"`
		Secrets  []secretVector   `json:"secret"`
		Slots    []slotVector     `json:"slot"`
		Grants   []grantVector    `json:"grant_key"`
		Sessions []sessionVector  `json:"session"`
		Padding  []paddingVector  `json:"padding"`
		Docs     []documentVector `json:"document"`
		Capsules []capsuleVector  `json:"capsule"`
	}
	recoveryVector struct {
		Typed   string `json:"typed"`
		Symbols string `json:"symbols"`
		Shown   string `json:"shown"`
	}
	secretVector struct {
		Kind       SlotKind      `json:"kind"`
		Passphrase string        `json:"passphrase,omitempty"`
		Stretch    *seal.Stretch `json:"stretch,omitempty"`
		Code       string        `json:"code,omitempty"`
		PRF        hexBytes      `json:"prf,omitempty"`
		Auth       hexBytes      `json:"auth,omitempty"`
		Unlock     hexBytes      `json:"unlock"`
	}
	slotVector struct {
		Secret  int        `json:"secret"` // place in the list of secrets
		Account id.Account `json:"account"`
		Slot    Slot       `json:"slot"`
		Key     hexBytes   `json:"vault_key,omitempty"` // empty: must be refused
		Why     string     `json:"why,omitempty"`
	}
	approvedVector struct {
		Client     id.Client  `json:"client"`
		Persona    id.Persona `json:"persona"`
		Claims     []string   `json:"claims"`
		Continuous bool       `json:"continuous"`
		Recipient  string     `json:"recipient"`
	}
	grantVector struct {
		VaultKey hexBytes       `json:"vault_key"`
		Account  id.Account     `json:"account"`
		Grant    id.Grant       `json:"grant"`
		Approved approvedVector `json:"approved"`
		Digest   string         `json:"digest"` // of what is said to be approved
		Wrapped  hexBytes       `json:"wrapped"`
		Key      hexBytes       `json:"grant_key,omitempty"` // empty: must be refused
		Why      string         `json:"why,omitempty"`
	}
	sessionVector struct {
		Share   hexBytes   `json:"share"`
		Account id.Account `json:"account"`
		Session id.Session `json:"session"`
		Wrapped hexBytes   `json:"wrapped"`
		Key     hexBytes   `json:"vault_key,omitempty"` // empty: must be refused
		Why     string     `json:"why,omitempty"`
	}
	paddingVector struct {
		Length int `json:"length"`
		Floor  int `json:"floor"`
		Padded int `json:"padded"`
	}
	documentVector struct {
		VaultKey hexBytes   `json:"vault_key"`
		Account  id.Account `json:"account"`
		Revision uint64     `json:"revision,string"`
		Sealed   hexBytes   `json:"sealed"`
		Document string     `json:"document,omitempty"` // empty: must be refused
		Why      string     `json:"why,omitempty"`
	}
	capsuleVector struct {
		GrantKey hexBytes   `json:"grant_key"`
		Account  id.Account `json:"account"`
		Grant    id.Grant   `json:"grant"`
		Revision uint64     `json:"revision,string"`
		Sealed   hexBytes   `json:"sealed"`
		Claims   string     `json:"claims,omitempty"` // empty: must be refused
		Why      string     `json:"why,omitempty"`
	}
)

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

// some fails the test when a list of vectors is empty: a loop over nothing proves nothing.
func some[T any](t *testing.T, list []T) []T {
	t.Helper()
	if len(list) == 0 {
		t.Fatal("no vectors")
	}
	return list
}

func TestVectors_recoveryCodes(t *testing.T) {
	v := readVectors(t)
	for _, c := range some(t, v.Recovery) {
		code, err := ParseRecoveryCode(c.Typed)
		if err != nil || string(code.symbols()) != c.Symbols || code.Text() != c.Shown {
			t.Errorf("%q: %v", c.Typed, err)
		}
	}
	for _, typed := range some(t, v.Malcodes) {
		if _, err := ParseRecoveryCode(typed); !errors.Is(err, ErrRecoveryCode) {
			t.Errorf("%q: %v", typed, err)
		}
	}
}

func TestVectors_secretsAndSlots(t *testing.T) {
	v := readVectors(t)
	var secrets []Secret
	for _, c := range some(t, v.Secrets) {
		s := c.secret(t)
		if s.Kind() != c.Kind || !bytes.Equal(s.Auth(), c.Auth) || !bytes.Equal(s.unlock.Bytes(), c.Unlock) {
			t.Errorf("%s: auth %x, unlock %x", c.Kind, s.Auth(), s.unlock.Bytes())
		}
		secrets = append(secrets, s)
	}
	for _, c := range some(t, v.Slots) {
		key, err := OpenSlot(secrets[c.Secret], c.Slot, c.Account)
		opensOrNot(t, "slot "+string(c.Slot.Kind)+c.Why, key.Bytes(), c.Key, err, ErrWrongSecret)
	}
}

func (c secretVector) secret(t *testing.T) Secret {
	t.Helper()
	switch c.Kind {
	case SlotPassphrase:
		s, err := FromPassphrase(c.Passphrase, *c.Stretch)
		if err != nil {
			t.Fatal(err)
		}
		return s
	case SlotRecovery:
		code, err := ParseRecoveryCode(c.Code)
		if err != nil {
			t.Fatal(err)
		}
		return FromRecovery(code)
	case SlotPasskey:
		return FromPRF(c.PRF)
	}
	t.Fatalf("unknown kind %q", c.Kind)
	return Secret{}
}

func TestVectors_grantKeysAndSessions(t *testing.T) {
	v := readVectors(t)
	for _, c := range some(t, v.Grants) {
		if got := Approved(c.Approved).Digest(); got != c.Digest {
			t.Errorf("grant key %s: digest %s, want %s", c.Why, got, c.Digest)
		}
		g, err := UnwrapGrantKey(vaultKey(t, c.VaultKey), c.Account, c.Grant, Approved(c.Approved), c.Wrapped)
		opensOrNot(t, "grant key "+c.Why, g.Bytes(), c.Key, err, ErrSealed)
	}
	for _, c := range some(t, v.Sessions) {
		k, err := OpenSession(c.Share, c.Account, c.Session, c.Wrapped)
		opensOrNot(t, "session "+c.Why, k.Bytes(), c.Key, err, ErrSealed)
	}
}

func TestVectors_documentsAndCapsules(t *testing.T) {
	v := readVectors(t)
	for _, c := range some(t, v.Docs) {
		d, err := OpenDocument(vaultKey(t, c.VaultKey), c.Account, c.Revision, c.Sealed)
		opensOrNot(t, "document "+c.Why, jsonOf(t, d, err), []byte(c.Document), err, ErrSealed)
	}
	for _, c := range some(t, v.Capsules) {
		g, err := GrantKeyFrom(c.GrantKey)
		if err != nil {
			t.Fatal(err)
		}
		claims, err := OpenCapsule(g, c.Account, c.Grant, c.Revision, c.Sealed)
		opensOrNot(t, "capsule "+c.Why, jsonOf(t, claims, err), []byte(c.Claims), err, ErrSealed)
	}
}

func TestVectors_padding(t *testing.T) {
	for _, c := range some(t, readVectors(t).Padding) {
		padded := pad(bytes.Repeat([]byte{'x'}, c.Length), c.Floor)
		if len(padded) != c.Padded {
			t.Errorf("%d bytes become %d, want %d", c.Length, len(padded), c.Padded)
		}
		if back, err := unpad(padded, c.Floor); err != nil || len(back) != c.Length {
			t.Errorf("%d bytes come back as %d: %v", c.Length, len(back), err)
		}
	}
}

// opensOrNot compares what came out with what the vector says; nothing said means a refusal.
func opensOrNot(t *testing.T, what string, got, want []byte, err, refusal error) {
	t.Helper()
	if len(want) == 0 {
		if !errors.Is(err, refusal) || got != nil {
			t.Errorf("%s: not refused: %v", what, err)
		}
		return
	}
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: %s, %v", what, got, err)
	}
}

// jsonOf is the JSON of an opened value; nil when nothing opened.
func jsonOf(t *testing.T, value any, err error) []byte {
	t.Helper()
	if err != nil {
		return nil
	}
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func vaultKey(t *testing.T, b []byte) Key {
	t.Helper()
	k, err := seal.KeyFrom(b)
	if err != nil {
		t.Fatal(err)
	}
	return Key{k}
}
