package consent_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/internal/id"
)

// live lets a customer decide some things.
func (r *room) live(t *testing.T, c customer) (given consent.Grant) {
	t.Helper()
	ask := florist()
	ask.Detailed, ask.Retention, ask.Recipients, ask.Terms = true, "P6M", []string{"DHL Paket GmbH"}, []string{"SD-BASE:2.2"}
	if err := r.Refuse(t.Context(), c.account, ask, consent.Refusal{Digest: ask.Digest(), Locale: "de"}); err != nil {
		t.Fatal(err)
	}
	given, _ = r.approve(t, c, ask, "address", "email")
	r.clock.Advance(-time.Hour) // clocks jump
	r.narrow(t, c, given, consent.Narrowing{Claims: []string{"email"}})
	if _, err := r.Pause(t.Context(), c.account, given.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Withdraw(t.Context(), c.account, given.ID); err != nil {
		t.Fatal(err)
	}
	return given
}

// chain reads all receipts as they are stored, the newest first.
func (r *room) chain(t *testing.T, c customer) (head consent.Head, raws [][]byte) {
	t.Helper()
	head, err := r.ReceiptHead(t.Context(), c.account)
	if err != nil {
		t.Fatal(err)
	}
	for before := ""; ; {
		receipts, next, err := r.Receipts(t.Context(), c.account, before, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, receipt := range receipts {
			raws = append(raws, receipt.Raw)
		}
		if before = next; next == "" {
			return head, raws
		}
	}
}

func TestReceipts_leadBackFromTheHead_whateverTheClockDid(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	r.live(t, newCustomer()) // chains of two accounts do not mix
	r.live(t, c)
	head, raws := r.chain(t, c)
	if len(raws) != 5 || head.Seq != 5 || head.Hash == "" {
		t.Fatalf("%d receipts, head %+v", len(raws), head)
	}
	if end, err := head.Follow(raws...); err != nil || end != (consent.Head{}) {
		t.Errorf("%+v, %v", end, err)
	}
	middle, err := head.Follow(raws[:2]...)
	if err != nil || middle.Seq != 3 {
		t.Errorf("%+v, %v", middle, err)
	}
	if end, err := middle.Follow(raws[2:]...); err != nil || end != (consent.Head{}) {
		t.Errorf("page by page: %+v, %v", end, err)
	}
}

func TestReceipts_alteredDroppedOrPutIn_areNoticed(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	r.live(t, c)
	head, raws := r.chain(t, c)
	altered := bytes.Replace(raws[1], []byte(`"address"`), []byte(`"country"`), 1)
	for name, broken := range map[string][][]byte{
		"altered": {raws[0], altered, raws[2], raws[3], raws[4]}, "newest dropped": raws[1:], "one dropped": {raws[0], raws[2]},
		"swapped": {raws[1], raws[0]}, "twice": {raws[0], raws[0]}, "put in": {raws[0], raws[4], raws[1]},
		"garbage": {[]byte("garbage")}, "empty": {nil}, "more than there are": append(append([][]byte{}, raws...), raws[4]),
	} {
		if _, err := head.Follow(broken...); !errors.Is(err, consent.ErrChain) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (consent.Head{}).Follow(raws...); !errors.Is(err, consent.ErrChain) {
		t.Error("receipts of an account that has none")
	}
}

func TestReceipt_saysAllThatWasDecidedOn_andNoValue(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g := r.live(t, c)
	receipts, _, err := r.Receipts(t.Context(), c.account, "", 0)
	if err != nil || len(receipts) != 5 {
		t.Fatal(len(receipts), err)
	}
	refused, given, narrowed, withdrawn := receipts[4], receipts[3], receipts[2], receipts[0]
	if refused.Event != consent.EventRefused || refused.State != "refused" || refused.Grant != "" || len(refused.Claims) != 3 || refused.Notice.Text == "" {
		t.Errorf("refused: %+v", refused)
	}
	if given.Persona != c.persona || given.Retention != "P6M" || len(given.Recipients) != 1 || given.Terms.Agreed != "" || given.Mode != consent.ModeDirect ||
		!given.Continuous || given.State != "given" || !given.Ends.Equal(g.Ends) || given.Digest != g.Digest || len(given.Claims[0].Purposes) != 2 {
		t.Errorf("given: %+v", given)
	}
	if narrowed.State != "given" || len(narrowed.Claims) != 1 || len(narrowed.Taken) != 1 || narrowed.Notice.Hash != given.Notice.Hash || narrowed.Notice.Text != "" {
		t.Errorf("narrowed: %+v", narrowed)
	}
	if withdrawn.State != "withdrawn" || withdrawn.Grant != g.ID {
		t.Errorf("withdrawn: %+v", withdrawn)
	}
	_, raws := r.chain(t, c)
	if all := bytes.Join(raws, nil); bytes.Contains(all, []byte(marker)) || bytes.Contains(all, []byte("wrapped")) {
		t.Error("a receipt holds what it must not")
	}
}

// The text that was shown is kept as it was, in its language.
func TestReceipt_keepsTheNotice_verbatim(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	a, _ := c.approval(t, florist(), "email")
	a.Notice = "Blumen möchte:\n- Ihre E-Mail-Adresse"
	if _, err := r.Approve(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	receipts, _, err := r.Receipts(t.Context(), c.account, "", 0)
	if err != nil || receipts[0].Notice.Text != a.Notice || receipts[0].Notice.Language != "de" {
		t.Errorf("%+v, %v", receipts[0].Notice, err)
	}
	for _, wrong := range []string{"turned \u202e around", "bell \a", strings.Repeat("x", 33<<10), "\xff"} {
		b, _ := c.approval(t, florist(), "email")
		b.Notice = wrong
		if _, err := r.Approve(t.Context(), b); !errors.Is(err, consent.ErrNotice) {
			t.Errorf("%.20q: %v", wrong, err)
		}
	}
}

func TestNoticeText_saysWhoWhatWhyAndUntilWhen_inTheLanguage(t *testing.T) {
	ask := florist()
	ask.Claims[1].Required = true
	ask.Retention, ask.Recipients, ask.Terms, ask.Offline = "P6M", []string{"DHL Paket GmbH"}, []string{"SD-BASE:2.2"}, true
	for tag, want := range map[string][]string{
		"en":    {"Flowers (flowers.example, not verified) asks for:", "- address (optional): ", "Advertising", "to deliver", "- email (required)", "DHL Paket GmbH", "P6M", "Until: 2027-03-01", "SD-BASE", "withdraw at any time"},
		"de-AT": {"Flowers (flowers.example, nicht bestätigt) fragt nach:", "- address (freiwillig): ", "Werbung", "zum Liefern", "nötig", "DHL Paket GmbH", "Bis: 2027-03-01", "jederzeit widerrufen"},
		"fr":    {"asks for:"},
	} {
		text := consent.NoticeText(ask, tag, noon)
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("%s: %q is missing in\n%s", tag, part, text)
			}
		}
	}
}

func TestReceiptHead_ofNoReceipts_isZero(t *testing.T) {
	r := newRoom(t, consent.Gathered)
	if h, err := r.ReceiptHead(t.Context(), id.New[id.Account]()); err != nil || h != (consent.Head{}) {
		t.Error(h, err)
	}
}

func TestReceipt_asStored_isPlainJSON(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	r.live(t, c)
	_, raws := r.chain(t, c)
	for _, raw := range raws {
		var members map[string]any
		if err := json.Unmarshal(raw, &members); err != nil || members["v"] != 1.0 || members["seq"] == nil || members["notice"] == nil {
			t.Errorf("%s, %v", raw, err)
		}
	}
}
