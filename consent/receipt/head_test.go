package receipt_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/consent/receipt"
)

var headNow = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

func TestVerifyHead_headOfOurs_isGood_andIsNoReceipt(t *testing.T) {
	k, public := key(t, 'a', "one")
	for _, h := range []consent.Head{{}, {Seq: 7, Hash: "hash-of-the-seventh", Time: headNow.Add(-time.Hour)}} {
		text, err := maker.SignHead(k, account, h, headNow)
		if err != nil {
			t.Fatal(err)
		}
		got, err := receipt.VerifyHead(text, issuer, []jose.JSONWebKey{public})
		want := receipt.SignedHead{Issuer: issuer, Account: string(account), Issued: headNow, Seq: h.Seq, Hash: h.Hash}
		if err != nil || got != want || !receipt.IsHead(text) {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
		if _, err := receipt.Verify(text, issuer, []jose.JSONWebKey{public}); !errors.Is(err, receipt.ErrForm) {
			t.Errorf("taken for a receipt: %v", err)
		}
	}
}

func TestVerifyHead_anythingElse_isRefused(t *testing.T) {
	k, public := key(t, 'a', "one")
	other, _ := key(t, 'b', "one")
	keys := []jose.JSONWebKey{public}
	good, err := maker.SignHead(k, account, consent.Head{Seq: 7, Hash: "h"}, headNow)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := maker.SignHead(other, account, consent.Head{Seq: 6, Hash: "g"}, headNow)
	if err != nil {
		t.Fatal(err)
	}
	one, err := maker.Sign(k, maker.Document(account, given()))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	for what, c := range map[string]struct {
		text, issuer string
		keys         []jose.JSONWebKey
		want         error
	}{
		"nothing":                   {"", issuer, keys, receipt.ErrForm},
		"a receipt":                 {one, issuer, keys, receipt.ErrForm},
		"far too long":              {strings.Repeat("a", 1<<20), issuer, keys, receipt.ErrForm},
		"another provider's":        {good, "https://other.example", keys, receipt.ErrContent},
		"without keys":              {good, issuer, nil, receipt.ErrKey},
		"signed by another":         {forged, issuer, keys, receipt.ErrSignature},
		"altered":                   {parts[0] + "." + encoded(strings.Replace(decoded(t, parts[1]), `"seq":7`, `"seq":6`, 1)) + "." + parts[2], issuer, keys, receipt.ErrSignature},
		"of nobody":                 {token(t, k, "consent-chain-head+jwt", `{"iss":"https://id.example","iat":1,"seq":1,"hash":"h"}`), issuer, keys, receipt.ErrContent},
		"a number without a hash":   {token(t, k, "consent-chain-head+jwt", `{"iss":"https://id.example","sub":"a","iat":1,"seq":1}`), issuer, keys, receipt.ErrContent},
		"a hash without a number":   {token(t, k, "consent-chain-head+jwt", `{"iss":"https://id.example","sub":"a","iat":1,"hash":"h"}`), issuer, keys, receipt.ErrContent},
		"another type of the token": {token(t, k, "JWT", `{"iss":"https://id.example","sub":"a","iat":1,"seq":1,"hash":"h"}`), issuer, keys, receipt.ErrForm},
	} {
		if got, err := receipt.VerifyHead(c.text, c.issuer, c.keys); !errors.Is(err, c.want) || got != (receipt.SignedHead{}) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	if receipt.IsHead(one) || receipt.IsHead("") {
		t.Error("something else is taken for a head")
	}
}

func TestSignHead_ofNobody_orWithAnotherAlgorithm_isRefused(t *testing.T) {
	k, _ := key(t, 'a', "one")
	if text, err := maker.SignHead(k, "", consent.Head{}, headNow); !errors.Is(err, receipt.ErrContent) || text != "" {
		t.Errorf("of nobody: %v", err)
	}
	k.Algorithm = jose.ES256
	if text, err := maker.SignHead(k, account, consent.Head{}, headNow); !errors.Is(err, receipt.ErrContent) || text != "" {
		t.Errorf("another algorithm: %v", err)
	}
}
