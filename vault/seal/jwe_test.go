package seal

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"pgregory.net/rapid"
)

// The keys of RFC 7518, appendix C.
const (
	aliceX = "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0"
	aliceY = "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"
	aliceD = "0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo"
	bobX   = "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ"
	bobY   = "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck"
	bobD   = "VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw"
)

func decoded(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestConcatKDF_isThatOfRFC7518AppendixC(t *testing.T) {
	alice, err := ecdh.P256().NewPrivateKey(decoded(t, aliceD))
	if err != nil {
		t.Fatal(err)
	}
	bob, err := ParseRecipient([]byte(`{"kty":"EC","crv":"P-256","x":"` + bobX + `","y":"` + bobY + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := ecdh.P256().NewPublicKey(bob.point.bytes)
	if err != nil {
		t.Fatal(err)
	}
	shared, err := alice.ECDH(theirs)
	if err != nil {
		t.Fatal(err)
	}
	// The example derives 128 bits; the length stands in what is hashed, so that ours differ from it
	// in nothing else. That the rest is laid out alike is what the prefix shows.
	if got := concatBits(shared, "A128GCM", []byte("Alice"), []byte("Bob"), 128); base64.RawURLEncoding.EncodeToString(got) != "VqqN6vgjbSBcIijNcacQGg" {
		t.Errorf("derived %x", got)
	}
	if got, want := concatKDF(shared, "A256GCM", nil, nil), concatBits(shared, "A256GCM", nil, nil, 256); !bytes.Equal(got, want) {
		t.Errorf("256 bits are derived otherwise")
	}
}

func TestWrapKey_isThatOfRFC3394(t *testing.T) {
	for _, c := range [][3]string{
		{"000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", "00112233445566778899AABBCCDDEEFF", "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7"},
		{"000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", "00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F", "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21"},
		{"000102030405060708090A0B0C0D0E0F", "00112233445566778899AABBCCDDEEFF", "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5"},
	} {
		var in [3][]byte
		for i := range c {
			in[i], _ = hex.DecodeString(c[i]) // constants
		}
		if got, err := wrapKey(in[0], in[1]); err != nil || !bytes.Equal(got, in[2]) {
			t.Errorf("%x, %v", got, err)
		}
	}
	for _, bad := range [][]byte{nil, make([]byte, 8), make([]byte, 17)} {
		if _, err := wrapKey(make([]byte, 32), bad); err == nil {
			t.Errorf("%d bytes were wrapped", len(bad))
		}
	}
}

// aRecipient draws a key pair, and gives what the owner publishes and what decrypts.
func aRecipient(t testing.TB, curve, alg string) (Recipient, any) {
	t.Helper()
	var key any
	var document string
	switch curve {
	case "P-256":
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(jose.JSONWebKey{Key: k.Public(), KeyID: "k1", Algorithm: alg, Use: "enc"})
		if err != nil {
			t.Fatal(err)
		}
		key, document = k, string(raw)
	case "X25519":
		k, err := ecdh.X25519().GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		key, document = k, `{"kty":"OKP","crv":"X25519","kid":"k1","x":"`+base64.RawURLEncoding.EncodeToString(k.PublicKey().Bytes())+`"}`
	}
	r, err := ParseRecipient([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return r, key
}

func TestEncrypt_anotherImplementation_readsIt(t *testing.T) {
	for _, alg := range []string{ECDHES, ECDHESA256KW} {
		to, key := aRecipient(t, "P-256", alg)
		for _, text := range []string{"x", `{"sub":"abc"}`, strings.Repeat("lang ", 10_000)} {
			sent, err := Encrypt(to, "", "JWT", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			message, err := jose.ParseEncryptedCompact(sent, []jose.KeyAlgorithm{jose.KeyAlgorithm(alg)}, []jose.ContentEncryption{jose.A256GCM})
			if err != nil {
				t.Fatalf("%s: %v", alg, err)
			}
			if message.Header.KeyID != "k1" || message.Header.ExtraHeaders["cty"] != "JWT" {
				t.Errorf("%s: header %+v", alg, message.Header)
			}
			if got, err := message.Decrypt(key); err != nil || string(got) != text {
				t.Errorf("%s: %d bytes come out of %d: %v", alg, len(got), len(text), err)
			}
			_, other := aRecipient(t, "P-256", alg)
			if _, err := message.Decrypt(other); err == nil {
				t.Errorf("%s: another key reads it", alg)
			}
		}
	}
}

// go-jose knows no X25519 here; what it would do is put together from its own parts.
func TestEncrypt_X25519_opensWithTheSharedSecret(t *testing.T) {
	for _, alg := range []string{ECDHES, ECDHESA256KW} {
		to, key := aRecipient(t, "X25519", "")
		sent, err := Encrypt(to, alg, "", []byte(`{"sub":"abc"}`))
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(sent, ".")
		var header struct {
			Alg, Enc, Cty string
			Epk           struct{ Kty, Crv, X string }
		}
		if err := json.Unmarshal(decoded(t, parts[0]), &header); err != nil {
			t.Fatal(err)
		}
		if header.Alg != alg || header.Enc != "A256GCM" || header.Epk.Kty != "OKP" || header.Epk.Crv != "X25519" || header.Cty != "" {
			t.Errorf("header %+v", header)
		}
		theirs, err := ecdh.X25519().NewPublicKey(decoded(t, header.Epk.X))
		if err != nil {
			t.Fatal(err)
		}
		shared, err := key.(*ecdh.PrivateKey).ECDH(theirs)
		if err != nil {
			t.Fatal(err)
		}
		cek := concatBits(shared, "A256GCM", nil, nil, 256)
		if alg == ECDHESA256KW {
			cek = unwrapped(t, concatBits(shared, alg, nil, nil, 256), decoded(t, parts[1]))
		}
		if got := opened(t, cek, parts); got != `{"sub":"abc"}` {
			t.Errorf("%s: %q", alg, got)
		}
	}
}

func TestEncrypt_theSameTwice_sharesNothing(t *testing.T) {
	to, _ := aRecipient(t, "P-256", "")
	first, err := Encrypt(to, "", "", []byte("the same"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := Encrypt(to, "", "", []byte("the same"))
	if err != nil {
		t.Fatal(err)
	}
	a, b := strings.Split(first, "."), strings.Split(second, ".")
	for i := range a {
		if a[i] != "" && a[i] == b[i] {
			t.Errorf("part %d is the same", i)
		}
	}
}

func TestEncrypt_withoutAKeyOrWithAnAlgorithmOfItsOwn_refuses(t *testing.T) {
	if _, err := Encrypt(Recipient{}, "", "", nil); !errors.Is(err, ErrJWK) {
		t.Error(err)
	}
	bound, _ := aRecipient(t, "P-256", ECDHESA256KW)
	if _, err := Encrypt(bound, ECDHES, "", nil); !errors.Is(err, ErrAlgorithm) {
		t.Error(err)
	}
	free, _ := aRecipient(t, "P-256", "")
	for _, alg := range []string{"RSA-OAEP", "none", "dir", "ecdh-es"} {
		if _, err := Encrypt(free, alg, "", nil); !errors.Is(err, ErrAlgorithm) {
			t.Errorf("%s: %v", alg, err)
		}
	}
	for what, document := range map[string]string{
		"a point off the curve": `{"kty":"EC","crv":"P-256","x":"` + bobX + `","y":"` + bobX + `"}`,
		"a key of low order":    `{"kty":"OKP","crv":"X25519","x":"` + strings.Repeat("A", 43) + `"}`,
	} {
		r, err := ParseRecipient([]byte(document))
		if err != nil {
			continue
		}
		if sent, err := Encrypt(r, "", "", []byte("x")); !errors.Is(err, ErrJWK) || sent != "" {
			t.Errorf("%s is encrypted to: %v", what, err)
		}
	}
}

func TestParseRecipient_whatIsNoPublicKeyForThis_isRefused(t *testing.T) {
	good := `"kty":"EC","crv":"P-256","x":"` + bobX + `","y":"` + bobY + `"`
	if _, err := ParseRecipient([]byte(`{` + good + `,"use":"enc","key_ops":["deriveKey"],"x5t":"ignored"}`)); err != nil {
		t.Fatal(err)
	}
	for what, document := range map[string]string{
		"nothing":                  ``,
		"no object":                `[]`,
		"two objects":              `{` + good + `}{}`,
		"no key":                   `{}`,
		"a private key":            `{` + good + `,"d":"` + bobD + `"}`,
		"a private key of null":    `{` + good + `,"d":null}`,
		"a key that signs":         `{` + good + `,"use":"sig"}`,
		"a key that verifies":      `{` + good + `,"key_ops":["verify"]}`,
		"operations of no list":    `{` + good + `,"key_ops":"deriveKey"}`,
		"a point without y":        `{"kty":"EC","crv":"P-256","x":"` + bobX + `"}`,
		"another curve":            `{"kty":"EC","crv":"secp256k1","x":"` + bobX + `","y":"` + bobY + `"}`,
		"names in capitals":        `{"KTY":"EC","crv":"P-256","x":"` + bobX + `","y":"` + bobY + `"}`,
		"a member twice":           `{` + good + `,"x":"` + aliceX + `"}`,
		"a coordinate with breaks": `{"kty":"EC","crv":"P-256","x":"` + bobX[:20] + `\n` + bobX[20:] + `","y":"` + bobY + `"}`,
		"a coordinate with signs":  `{"kty":"EC","crv":"P-256","x":"` + bobX + `=","y":"` + bobY + `"}`,
		"X25519 with y":            `{"kty":"OKP","crv":"X25519","x":"` + bobX + `","y":"` + bobY + `"}`,
		"Ed25519":                  `{"kty":"OKP","crv":"Ed25519","x":"` + bobX + `"}`,
		"RSA":                      `{"kty":"RSA","n":"` + bobX + `","e":"AQAB"}`,
		"symmetric":                `{"kty":"oct","k":"` + bobX + `"}`,
		"another algorithm":        `{` + good + `,"alg":"RSA-OAEP"}`,
		"an algorithm of null":     `{` + good + `,"alg":null}`,
		"far too much":             `{` + good + `,"x5c":["` + strings.Repeat("A", 5000) + `"]}`,
	} {
		if r, err := ParseRecipient([]byte(document)); err == nil || !r.IsZero() {
			t.Errorf("%s is taken", what)
		}
	}
}

func TestThumbprint_isThatOfRFC7638(t *testing.T) {
	for range 5 {
		to, key := aRecipient(t, "P-256", "")
		want, err := (&jose.JSONWebKey{Key: key.(*ecdsa.PrivateKey).Public()}).Thumbprint(5) // crypto.SHA256
		if err != nil {
			t.Fatal(err)
		}
		if to.Thumbprint() != base64.RawURLEncoding.EncodeToString(want) {
			t.Errorf("%s, want %x", to.Thumbprint(), want)
		}
	}
	// RFC 8037, appendix A.3, has the thumbprint of an Ed25519 key; that of X25519 differs by its name.
	x, _ := aRecipient(t, "X25519", "")
	if len(x.Thumbprint()) != 43 || (Recipient{}).Thumbprint() != "" {
		t.Error("thumbprints of X25519 and of nothing")
	}
}

func TestEncrypt_anyText_comesBack(t *testing.T) {
	to, key := aRecipient(t, "P-256", "")
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.SliceOfN(rapid.Byte(), 1, -1).Draw(r, "text")
		alg := rapid.SampledFrom([]string{ECDHES, ECDHESA256KW}).Draw(r, "alg")
		sent, err := Encrypt(to, alg, "", text)
		if err != nil {
			r.Fatal(err)
		}
		message, err := jose.ParseEncryptedCompact(sent, []jose.KeyAlgorithm{jose.KeyAlgorithm(alg)}, []jose.ContentEncryption{jose.A256GCM})
		if err != nil {
			r.Fatal(err)
		}
		if got, err := message.Decrypt(key); err != nil || !bytes.Equal(got, text) {
			r.Fatalf("%x came back as %x: %v", text, got, err)
		}
	})
}

func FuzzParseRecipient(f *testing.F) {
	f.Add([]byte(`{"kty":"EC","crv":"P-256","x":"` + bobX + `","y":"` + bobY + `"}`))
	f.Add([]byte(`{"kty":"OKP","crv":"X25519","x":"` + bobX + `","alg":"ECDH-ES"}`))
	f.Add([]byte(`{"kty":"EC","crv":"P-256","x":"` + aliceX + `","y":"` + aliceY + `","d":"` + aliceD + `"}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		r, err := ParseRecipient(document)
		if err != nil {
			if !r.IsZero() {
				t.Error("a key came with the error")
			}
			return
		}
		again, err := ParseRecipient([]byte(r.point.jwk()))
		if err != nil || again.Thumbprint() != r.Thumbprint() {
			t.Errorf("the key reads back as another: %v", err)
		}
		var theirs jose.JSONWebKey
		if r.point.curve == "P-256" && json.Unmarshal([]byte(r.point.jwk()), &theirs) != nil {
			t.Error("another implementation does not take the key")
		}
	})
}

func BenchmarkEncrypt(b *testing.B) {
	to, _ := aRecipient(b, "P-256", "")
	text := bytes.Repeat([]byte("x"), 500)
	for b.Loop() {
		if _, err := Encrypt(to, "", "", text); err != nil {
			b.Fatal(err)
		}
	}
}
