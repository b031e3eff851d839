package vault_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

// aVendor has a key pair, and gives what reads a message for it.
func aVendor(t *testing.T) (seal.Recipient, func(message string) string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	document, err := json.Marshal(jose.JSONWebKey{Key: key.Public(), Use: "enc"})
	if err != nil {
		t.Fatal(err)
	}
	to, err := seal.ParseRecipient(document)
	if err != nil {
		t.Fatal(err)
	}
	return to, func(message string) string {
		t.Helper()
		m, err := jose.ParseEncryptedCompact(message, []jose.KeyAlgorithm{jose.ECDH_ES, jose.ECDH_ES_A256KW}, []jose.ContentEncryption{jose.A256GCM})
		if err != nil {
			t.Fatal(err)
		}
		text, err := m.Decrypt(key)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
}

func response(claims vault.Claims) vault.Response {
	return vault.Response{Issuer: "https://id.example", Subject: "pairwise", Client: "clientaaaaaaaaaaaaaaaaaaaa", Claims: claims}
}

func TestResponse_theVendorReadsIt_andItsLengthTellsNothing(t *testing.T) {
	to, read := aVendor(t)
	lengths := map[int]bool{}
	for _, mail := range []string{"a@b.example", "ada.lovelace@analytical-engine.example"} {
		message, err := response(vault.Claims{"email": quote(t, mail), "email_verified": json.RawMessage("true")}).Encrypt(to, "")
		if err != nil {
			t.Fatal(err)
		}
		lengths[len(message)] = true
		if strings.Contains(message, mail) {
			t.Error("the value is in the clear")
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(read(message)), &got); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{"iss": "https://id.example", "sub": "pairwise", "aud": "clientaaaaaaaaaaaaaaaaaaaa", "email": mail, "email_verified": false}
		if !maps.Equal(got, want) {
			t.Errorf("the vendor reads %v", got)
		}
	}
	if len(lengths) != 1 {
		t.Errorf("lengths %v tell how long the address is", lengths)
	}
}

func TestResponse_nested_isAnUnsecuredToken(t *testing.T) {
	to, read := aVendor(t)
	r := response(vault.Claims{"nickname": quote(t, "Ada")})
	r.Nested = true
	message, err := r.Encrypt(to, seal.ECDHESA256KW)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(read(message), ".")
	if len(parts) != 3 || parts[2] != "" {
		t.Fatalf("%d parts", len(parts))
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || !strings.Contains(string(payload), `"nickname":"Ada"`) || !json.Valid(payload) {
		t.Errorf("%s, %v", payload, err)
	}
}

func TestResponse_inTheProvidersName_isRefused(t *testing.T) {
	to, _ := aVendor(t)
	for _, claims := range []vault.Claims{nil, {"sub": quote(t, "other")}, {"iss": quote(t, "x")}, {"roles": quote(t, "admin")}} {
		if message, err := response(claims).Encrypt(to, ""); !errors.Is(err, vault.ErrCapsuleContents) || message != "" {
			t.Errorf("%d claims: %v", len(claims), err)
		}
	}
	if _, err := (vault.Response{Claims: vault.Claims{}}).Encrypt(to, ""); !errors.Is(err, vault.ErrMessage) {
		t.Errorf("nobody's response: %v", err)
	}
	if _, err := response(vault.Claims{}).Encrypt(seal.Recipient{}, ""); err == nil {
		t.Error("encrypted for nobody")
	}
}

func TestMessage_sealed_opensForItsOwnGrantOnly(t *testing.T) {
	g, message := vault.NewGrantKey(), "aGVhZA.a2V5.aXY.dGV4dA.dGFn"
	box, err := vault.SealMessage(g, alice, shop, 2, message)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := vault.OpenMessage(g, alice, shop, 2, box); err != nil || got != message {
		t.Errorf("%q, %v", got, err)
	}
	for what, open := range map[string]func() (string, error){
		"another key":      func() (string, error) { return vault.OpenMessage(vault.NewGrantKey(), alice, shop, 2, box) },
		"another account":  func() (string, error) { return vault.OpenMessage(g, mallory, shop, 2, box) },
		"another revision": func() (string, error) { return vault.OpenMessage(g, alice, shop, 1, box) },
		"cut off":          func() (string, error) { return vault.OpenMessage(g, alice, shop, 2, box[:len(box)-1]) },
	} {
		if got, err := open(); !errors.Is(err, vault.ErrSealed) || got != "" {
			t.Errorf("%s: %q, %v", what, got, err)
		}
	}
	if _, err := vault.OpenCapsule(g, alice, shop, 2, box); err == nil {
		t.Error("a message opens as a capsule")
	}
	capsule, err := vault.SealCapsule(g, alice, shop, 2, vault.Claims{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := vault.OpenMessage(g, alice, shop, 2, capsule); err == nil {
		t.Error("a capsule opens as a message")
	}
	for _, bad := range []string{"", "a.b.c", `{"sub":"x"}`, "a.b.c.d.e\r\nX: y", "a.b.c.d.<e>", "a.b.c.d.e.f"} {
		if _, err := vault.SealMessage(g, alice, shop, 2, bad); !errors.Is(err, vault.ErrMessage) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := vault.SealMessage(g, alice, shop, 2, strings.Repeat("a", 70_000)+"...."); !errors.Is(err, vault.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

func TestResponse_prints_nothing(t *testing.T) {
	r := response(vault.Claims{"email": quote(t, "marker@example.org")})
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if printed := fmt.Sprintf(verb, r); strings.Contains(printed, "marker") || strings.Contains(printed, "109 97 114") {
			t.Errorf("%s prints %s", verb, printed)
		}
	}
}

// The server sends a message on as it is: what is none does not become an answer of its own.
func TestOpenMessage_sealedTextThatIsNone_isRefused(t *testing.T) {
	key := vault.NewGrantKey()
	box, err := seal.KeyFrom(key.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"page": "<html>", "JSON": `{"sub":"another"}`, "signed": "a.b.c", "six parts": "a.b.c.d.e.f", "two lines": "a.b.c.d.e\r\n",
	} {
		padded := make([]byte, 512) // as small as it can be
		binary.BigEndian.PutUint32(padded, uint32(len(text)))
		copy(padded[4:], text)
		sealed := seal.Seal(box, seal.Context{Purpose: "message", Account: "account", Object: "grant", Revision: 1}, padded)
		if got, err := vault.OpenMessage(key, "account", "grant", 1, sealed); !errors.Is(err, vault.ErrMessage) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
