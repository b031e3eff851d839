package agent

import (
	"context"
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
		answer = head
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
		if got, err := a.CheckReceipts(t.Context()); !errors.Is(err, ErrReceiptsDiffer) || got != (Checked{}) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
		if b.kept.Receipt != before.Receipt || b.kept.ReceiptHash != before.ReceiptHash {
			t.Errorf("%s: it is remembered", what)
		}
	}
}
