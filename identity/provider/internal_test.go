package provider

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

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
	for _, k := range []kind{kindCode, kindAccess, kindRefresh} {
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
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	for _, secret := range []any{tok, &tok, answer, &answer, q, &q, v} {
		logger.Info("x", "secret", secret)
		_, _ = fmt.Fprintf(&log, "%v %+v %#v %s %d %x", secret, secret, secret, secret, secret, secret)
	}
	for _, secret := range []string{"the-access", "the-refresh", "the-id", "the-state", "the-nonce", "the-subject", fmt.Sprintf("%x", tok.Key.Bytes()), tok.ID} {
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

// FuzzToken feeds what could be inside a sealed blob: nothing panics, and what decodes encodes to the same.
func FuzzToken(f *testing.F) {
	for _, k := range []kind{kindCode, kindAccess, kindRefresh} {
		f.Add(fullToken(k).encode(k))
		plain := fullToken(k)
		plain.Thumbprint, plain.Resources, plain.UserInfoAlg = "", nil, ""
		f.Add(plain.encode(k))
	}
	f.Add([]byte{})
	f.Add([]byte{tokenFormat, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, plaintext []byte) {
		for _, k := range []kind{kindCode, kindAccess, kindRefresh} {
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
