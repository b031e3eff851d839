package api_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/consent/receipt"
	"github.com/meins-id/meins/internal/apptest"
)

// signedHead asks for a head, and checks the signature with the keys that everybody gets.
func (w *world) signedHead(t *testing.T, c *apptest.Customer) receipt.SignedHead {
	t.Helper()
	var shown struct {
		Seq    uint64
		Hash   string
		Signed string
	}
	decode(t, c.Send(t, w.p.Request(t, "GET", "/api/v1/receipts/head", nil, "")), &shown)
	got := w.verifiedHead(t, shown.Signed)
	if got.Seq != shown.Seq || got.Hash != shown.Hash {
		t.Errorf("shown %+v, signed %+v", shown, got)
	}
	return got
}

func (w *world) verifiedHead(t *testing.T, text string) receipt.SignedHead {
	t.Helper()
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(w.p.Get(t, w.p.Issuer+"/api/v1/receipts/keys")), &keys); err != nil {
		t.Fatal(err)
	}
	got, err := receipt.VerifyHead(text, w.p.Issuer, keys.Keys)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestHead_isSigned_andMovesWithEachDecision(t *testing.T) {
	w := newWorld(t, apptest.Start(t))
	first := w.signedHead(t, w.ada)
	if first.Seq == 0 || time.Since(first.Issued) > time.Minute {
		t.Errorf("%+v", first)
	}
	grant := w.known["grant_id"][0].(string)
	if a := w.ada.Send(t, w.p.Request(t, "POST", "/api/v1/grants/"+grant+"/pause", nil, "")); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if next := w.signedHead(t, w.ada); next.Seq != first.Seq+1 || next.Hash == first.Hash || next.Account != first.Account {
		t.Errorf("after %+v comes %+v", first, next)
	}
	if other := w.signedHead(t, w.p.SignUp(t, "bob", ada)); other.Seq != 0 || other.Account == first.Account {
		t.Errorf("bob, who decided nothing, has %+v", other)
	}
	w.call(t, "", "GET", "/receipts/head", nil).Refused(t, http.StatusUnauthorized, "no-session")
	w.call(t, w.token, "GET", "/receipts/head", nil).Refused(t, http.StatusUnauthorized, "no-session")
}

func TestArchive_hasTheHeadOfAllThatIsInIt(t *testing.T) {
	w := newWorld(t, apptest.Start(t))
	a := w.ada.Send(t, w.p.Request(t, "GET", "/api/v1/receipts/archive", nil, ""))
	files, err := zip.NewReader(bytes.NewReader(a.Body), int64(len(a.Body)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := files.Open("head.jwt")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	if got := w.verifiedHead(t, string(text)); int(got.Seq) != len(files.File)-1 {
		t.Errorf("%d receipts, and the head says %d", len(files.File)-1, got.Seq)
	}
}
