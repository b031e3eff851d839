package agent

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/vault"
)

// book is a server's record of decisions, and the place where an agent keeps what it saw.
type book struct {
	receipts []Receipt // the oldest first
	kept     Kept
	asked    int
	key      ed25519.PrivateKey
	sign     func(head ReceiptHead) string // nil: as it should be
}

// signed is the server's word on a head.
func (b *book) signed(head ReceiptHead, account string) string {
	part := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	text := part(map[string]any{"alg": "EdDSA", "typ": headType, "kid": "k"}) + "." +
		part(map[string]any{"iss": "https://id.example", "sub": account, "iat": 1800000000, "seq": head.Seq, "hash": head.Hash})
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(b.key, []byte(text)))
}

func (b *book) Load(context.Context) (Kept, error)      { return b.kept, nil }
func (b *book) Save(_ context.Context, kept Kept) error { b.kept = kept; return nil }

// write adds receipts to the chain.
func (b *book) write(n int) {
	for range n {
		prev := ""
		if len(b.receipts) > 0 {
			prev = b.receipts[len(b.receipts)-1].Hash
		}
		seq := uint64(len(b.receipts) + 1)
		record := []byte(fmt.Sprintf(`{"seq":%d,"prev":%q,"event":"given"}`, seq, prev))
		b.receipts = append(b.receipts, Receipt{Seq: seq, Prev: prev, Hash: hashOf(record), Record: record})
	}
}

func hashOf(record []byte) string {
	sum := sha256.Sum256(record)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Do answers as the API does: the newest first, in pages.
func (b *book) Do(_ context.Context, _, path string, _, out any) error {
	var answer any
	if path == "/receipts/head" {
		head := ReceiptHead{}
		if n := len(b.receipts); n > 0 {
			head = ReceiptHead{Seq: b.receipts[n-1].Seq, Hash: b.receipts[n-1].Hash}
		}
		head.Signed = b.signed(head, "a")
		if b.sign != nil {
			head.Signed = b.sign(head)
		}
		answer = head
	} else if path == "/receipts/keys" {
		x := base64.RawURLEncoding.EncodeToString(b.key.Public().(ed25519.PublicKey))
		answer = map[string]any{"keys": []map[string]string{{"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": x}}}
	} else {
		b.asked++
		end := len(b.receipts)
		if _, before, ok := strings.Cut(path, "&before="); ok {
			end, _ = strconv.Atoi(before) // what this book itself gave
		}
		from := max(end-3, 0)
		page := slices.Clone(b.receipts[from:end])
		slices.Reverse(page)
		list := ReceiptList{Receipts: page}
		if from > 0 {
			list.Next = strconv.Itoa(from)
		}
		answer = list
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, out)
}

func (b *book) reader(t *testing.T) *Agent {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	b.key, b.kept.Account = key, "a"
	a, err := New(Options{Transport: b, Keeper: b, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	a.session, a.key = &Session{ID: "s", Account: "a"}, vault.NewKey()
	return a
}

func TestCheckReceipts_aBookThatGrows_isInOrder(t *testing.T) {
	b := &book{}
	a := b.reader(t)
	for _, grows := range []int{0, 1, 0, 7, 3} {
		b.write(grows)
		got, err := a.CheckReceipts(t.Context())
		if err != nil || got != (Checked{Receipts: uint64(len(b.receipts)), New: uint64(grows)}) {
			t.Errorf("after %d more: %+v, %v", grows, got, err)
		}
	}
	b.asked = 0
	if _, err := a.CheckReceipts(t.Context()); err != nil || b.asked != 0 {
		t.Errorf("nothing is new, and %d pages were read: %v", b.asked, err)
	}
}

func TestCheckReceipts_anAlteredOrDroppedReceipt_isNoticed(t *testing.T) {
	wrong := map[string]error{
		"the newest dropped": ErrReceiptsShorter, "all dropped": ErrReceiptsShorter, "one in between altered": ErrReceiptsDiffer,
		"one in between dropped": ErrReceiptsDiffer, "a history of another kind, as long": ErrReceiptsDiffer,
		"a history of another kind, longer": ErrReceiptsDiffer,
	}
	for what, tamper := range map[string]func(b *book){
		"the newest dropped": func(b *book) { b.receipts = b.receipts[:4] },
		"all dropped":        func(b *book) { b.receipts = nil },
		"one in between altered": func(b *book) {
			b.write(4)
			b.receipts[6].Record = []byte(strings.Replace(string(b.receipts[6].Record), "given", "taken", 1))
		},
		"one in between dropped": func(b *book) { b.write(4); b.receipts = slices.Delete(b.receipts, 6, 7) },
		"a history of another kind, as long": func(b *book) {
			b.receipts = nil
			b.write(1)
			b.receipts[0].Record = []byte(`{"seq":1,"prev":"","event":"refused"}`)
			b.receipts[0].Hash = hashOf(b.receipts[0].Record)
			b.write(4)
		},
		"a history of another kind, longer": func(b *book) {
			b.receipts = nil
			b.write(1)
			b.receipts[0].Record = []byte(`{"seq":1,"prev":"","event":"refused"}`)
			b.receipts[0].Hash = hashOf(b.receipts[0].Record)
			b.write(9)
		},
	} {
		b := &book{}
		a := b.reader(t)
		b.write(5)
		if _, err := a.CheckReceipts(t.Context()); err != nil {
			t.Fatal(err)
		}
		before := b.kept
		tamper(b)
		if got, err := a.CheckReceipts(t.Context()); !errors.Is(err, wrong[what]) || got != (Checked{}) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
		if b.kept.Receipt != before.Receipt || b.kept.ReceiptHash != before.ReceiptHash || b.kept.Head != before.Head {
			t.Errorf("%s: it is remembered", what)
		}
	}
}

// What the server does not sign it can deny tomorrow.
func TestCheckReceipts_aHeadThatNobodySigned_isNotRemembered(t *testing.T) {
	b := &book{}
	a := b.reader(t)
	b.write(3)
	_, other, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	for what, sign := range map[string]func(ReceiptHead) string{
		"nothing":         func(ReceiptHead) string { return "" },
		"no token":        func(ReceiptHead) string { return "a.b" },
		"another account": func(h ReceiptHead) string { return b.signed(h, "b") },
		"another number":  func(h ReceiptHead) string { h.Seq++; return b.signed(h, "a") },
		"another hash":    func(h ReceiptHead) string { h.Hash = hashOf(nil); return b.signed(h, "a") },
		"another key":     func(h ReceiptHead) string { return (&book{key: other}).signed(h, "a") },
		"an altered signature": func(h ReceiptHead) string {
			text := b.signed(h, "a")
			return text[:len(text)-4] + "AAAA"
		},
		"another type of token": func(h ReceiptHead) string {
			text := strings.SplitN(b.signed(h, "a"), ".", 3)
			text[0] = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"EdDSA","typ":"consent-receipt+jwt","kid":"k"}`))
			sum := ed25519.Sign(b.key, []byte(text[0]+"."+text[1]))
			return text[0] + "." + text[1] + "." + base64.RawURLEncoding.EncodeToString(sum)
		},
	} {
		b.sign = sign
		if _, err := a.CheckReceipts(t.Context()); !errors.Is(err, ErrReceiptsUnsigned) {
			t.Errorf("%s: %v", what, err)
		}
		if b.kept.Receipt != 0 || b.kept.Head != "" {
			t.Errorf("%s: it is remembered", what)
		}
	}
}

func TestSeenReceipts_isWhatTheServerSigned_ofThisAccountOnly(t *testing.T) {
	b := &book{}
	a := b.reader(t)
	if got, err := a.SeenReceipts(t.Context()); err != nil || got != (Seen{}) {
		t.Errorf("before any look: %+v, %v", got, err)
	}
	b.write(3)
	if _, err := a.CheckReceipts(t.Context()); err != nil {
		t.Fatal(err)
	}
	head := b.signed(ReceiptHead{Seq: 3, Hash: b.receipts[2].Hash}, "a")
	want := Seen{Receipts: 3, Hash: b.receipts[2].Hash, Time: time.Unix(1800000000, 0).UTC(), Signed: head}
	b.receipts = b.receipts[:1] // whatever the server says now
	if _, err := a.CheckReceipts(t.Context()); !errors.Is(err, ErrReceiptsShorter) {
		t.Error(err)
	}
	if got, err := a.SeenReceipts(t.Context()); err != nil || got != want {
		t.Errorf("seen %+v, %v; want %+v", got, err, want)
	}
	b.kept.Account = "b"
	if got, err := a.SeenReceipts(t.Context()); err != nil || got != (Seen{}) {
		t.Errorf("another account's: %+v, %v", got, err)
	}
}
