package provider

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// fullToken has something in every field that its kind keeps.
func fullToken(k kind) token {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	t := token{
		ID: tokenID(), Client: id.New[id.Client](), Grant: id.New[id.Grant](), Family: id.New[id.Family](),
		Subject: "the-subject", Scopes: []string{"openid", "email"}, Claims: []string{"email"}, Issued: at, Expires: at.Add(time.Minute),
		Key: vault.NewGrantKey(), Thumbprint: "thumbprint", Resources: []string{"https://api.shop.example/"}, UserInfoAlg: "ES256",
	}
	if k == kindAccess {
		return t
	}
	t.AuthTime, t.Methods, t.Session, t.Ends = at.Add(-time.Hour), []string{"pwd"}, "sid", at.Add(time.Hour)
	if k == kindRefresh {
		t.Generation = 7
		return t
	}
	t.RedirectURI, t.Challenge, t.Nonce, t.IDTokenClaims = "https://shop.example/", "challenge", "nonce", []string{"name"}
	t.Login, t.Persona = id.New[id.Session](), id.New[id.Persona]()
	return t
}

func TestToken_decodesToWhatWasEncoded(t *testing.T) {
	for _, k := range []kind{kindCode, kindOpenCode, kindAccess, kindRefresh} {
		want := fullToken(k)
		got, err := decodeToken(k, want.encode(k))
		if err != nil {
			t.Fatalf("%s: %v", k, err)
		}
		if !got.Key.Equal(want.Key) {
			t.Errorf("%s: another key", k)
		}
		got.Key, want.Key = vault.GrantKey{}, vault.GrantKey{}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: a field was lost", k)
		}
	}
}

func TestToken_cutOrLengthened_isNone(t *testing.T) {
	full := fullToken(kindCode)
	full.Login, full.Persona = "", ""
	full.Thumbprint, full.Resources, full.UserInfoAlg = "", nil, "" // the end of a token without them is the end
	plaintext := full.encode(kindCode)
	for n := range plaintext {
		if _, err := decodeToken(kindCode, plaintext[:n]); err == nil {
			t.Fatalf("%d of %d bytes are a token", n, len(plaintext))
		}
	}
	for _, more := range [][]byte{{0}, {0, 0}, {0, 0, 0}, {0, 0, 0, 0}} {
		if _, err := decodeToken(kindCode, append(plaintext[:len(plaintext):len(plaintext)], more...)); err == nil {
			t.Error("a longer one is a token")
		}
	}
	noKey := fullToken(kindAccess)
	noKey.Key = vault.GrantKey{}
	if _, err := decodeToken(kindAccess, noKey.encode(kindAccess)); err == nil {
		t.Error("a grant without its key is a token")
	}
}

func TestSecrets_printRedacted(t *testing.T) {
	tok := fullToken(kindCode)
	answer := tokens{Access: "the-access", Refresh: "the-refresh", ID: "the-id"}
	q := request{State: "the-state", Nonce: "the-nonce", Subjects: []string{"the-subject"}}
	v := visit{request: q}
	e := Ending{Before: "the-before", After: "the-after", Key: tok.Key}
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	for _, secret := range []any{tok, &tok, answer, &answer, q, &q, v, e, &e} {
		logger.Info("x", "secret", secret)
		_, _ = fmt.Fprintf(&log, "%v %+v %#v %s %d %x", secret, secret, secret, secret, secret, secret)
	}
	for _, secret := range []string{"the-access", "the-refresh", "the-id", "the-state", "the-nonce", "the-subject", "the-before", "the-after", fmt.Sprintf("%x", tok.Key.Bytes()), tok.ID} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("printed %s", secret)
		}
	}
}

func TestSignJWT_refusesKeysThatDoNotFit(t *testing.T) {
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]jose.SigningKey{
		"no key id":       {Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: p256}},
		"bare key":        {Algorithm: jose.ES256, Key: p256},
		"other algorithm": {Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: p256, KeyID: "k"}},
		"other curve":     {Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: p384, KeyID: "k"}},
		"a secret":        {Algorithm: jose.HS256, Key: jose.JSONWebKey{Key: []byte("secret"), KeyID: "k"}},
		"nothing":         {},
	} {
		if text, err := signJWT(key, []byte("{}")); err == nil || text != "" {
			t.Errorf("%s: signed", name)
		}
	}
}

// A provider that has nothing would not survive making an ending.
func TestEnding_whereAnsweringWrites_isNone(t *testing.T) {
	for name, v := range map[string]visit{
		"a pushed request":     {request: request{Pushed: "x"}},
		"a device":             {request: request{Device: "x"}},
		"a vendor's document":  {vendor: identity.Vendor{Document: &identity.Document{}}},
		"a provisional vendor": {vendor: identity.Vendor{Registration: &identity.Registration{Expires: 1}}},
		"a signed answer":      {request: request{Mode: modeSigned}},
		"an answer in a form":  {request: request{Mode: modeFormPost}},
	} {
		if !(&Provider{}).ending(v, identity.Session{}, consent.Grant{}, nil).IsZero() {
			t.Errorf("%s has an ending", name)
		}
	}
}

// The script of the page is held to the same bytes by api/web/resume_test.mjs.
func TestCodeKey_opensWhatTheScriptSeals(t *testing.T) {
	raw, err := os.ReadFile("testdata/code_key.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Carrier  []byte   `json:"carrier"`
		Grant    id.Grant `json:"grant"`
		GrantKey []byte   `json:"grant_key"`
		Sealed   []byte   `json:"sealed"`
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	carrier, err := vault.GrantKeyFrom(v.Carrier)
	if err != nil {
		t.Fatal(err)
	}
	code := token{Grant: v.Grant, Key: carrier}
	got, err := openCodeKey(code, encoding.EncodeToString(v.Sealed))
	if err != nil || !bytes.Equal(got.Bytes(), v.GrantKey) {
		t.Errorf("it opens to something else: %v", err)
	}
	for i := range v.Sealed {
		damaged := bytes.Clone(v.Sealed)
		damaged[i] ^= 1
		if _, err := openCodeKey(code, encoding.EncodeToString(damaged)); !errors.Is(err, errBlob) {
			t.Errorf("byte %d may be another: %v", i, err)
		}
	}
}

// FuzzToken feeds what could be inside a sealed blob: nothing panics, and what decodes encodes to the same.
func FuzzToken(f *testing.F) {
	for _, k := range []kind{kindCode, kindOpenCode, kindAccess, kindRefresh} {
		f.Add(fullToken(k).encode(k))
		plain := fullToken(k)
		plain.Thumbprint, plain.Resources, plain.UserInfoAlg = "", nil, ""
		f.Add(plain.encode(k))
	}
	f.Add([]byte{})
	f.Add([]byte{tokenFormat, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, plaintext []byte) {
		for _, k := range []kind{kindCode, kindOpenCode, kindAccess, kindRefresh} {
			first, err := decodeToken(k, plaintext)
			if err != nil {
				continue
			}
			if !bytes.Equal(first.encode(k), plaintext) {
				t.Errorf("%s: a second spelling", k)
			}
		}
	})
}
