package consent

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meins-id/meins/internal/id"
)

var update = flag.Bool("update", false, "write the golden files anew")

var then = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)

var (
	toDeliver = NewPurpose("https://w3id.org/dpv#DeliveryOfGoods", "to deliver", map[string]string{"de": "zum Liefern"})
	toConfirm = NewPurpose("", "to confirm", nil)
)

// sample is a grant with every field set.
func sample() Grant {
	return Grant{
		ID: "grant2222222222222222222222", Account: "account22222222222222222222", Persona: "persona22222222222222222222",
		Party: Party{
			Client: "flowers2222222222222222222", Name: "Flowers & Söhne", Domain: "flowers.example", Verified: true,
			Contact: "mailto:hi@flowers.example", PolicyURI: "https://flowers.example/policy",
			TermsURI: "https://flowers.example/terms", Logo: "abc", Sector: "flowers.example", Kind: "shop",
		},
		Claims: []Claim{
			{Name: "address", Purposes: []Purpose{toDeliver}, UserInfo: true},
			{Name: "email", Required: true, Purposes: []Purpose{toConfirm}, IDToken: true, UserInfo: true},
		},
		Declined: []string{"name"}, Without: []Choice{{"address", []string{"AAAAAAAAAAAA"}}},
		Offline: true, Continuous: true, Once: true, Detailed: true,
		Retention: "P6M", Recipients: []string{"DHL Paket GmbH"}, Terms: Agreement{[]string{"SD-BASE:2.2"}, []string{"SD-BASE:2.2", "SD-BASE-A:2.2"}, "SD-BASE:2.2"},
		Ephemeral: true, Notice: "bm90aWNl",
		Digest: "c2hhMjU2", Locale: "de", Given: stamp(then), Ends: stamp(then).Add(MaxEnds),
		Wrapped: []byte{1, 2, 3}, Mode: ModeDirect, GPC: true,
	}
}

func sampleErasure() erasureRecord {
	return erasureRecord{
		versioned: versioned{recordFormat}, Receipt: "receipt22222222222222222222", Requested: moment(then), Due: erasureDue(then),
		Claims: []string{"address", "email"}, Answered: moment(then.Add(time.Hour)), Outcome: Denied,
		Received: moment(then.Add(time.Minute)), Words: "The law on invoices.", ByVendor: true,
	}
}

// ended is a grant that had a long life.
func ended() Grant {
	return Grant{
		State: Withdrawn, Since: then, Reason: "replaced", Renewed: stamp(then).Add(MaxEnds), Paused: true, EachTime: true,
		Taken: []Choice{{Claim: "address"}, {"email", []string{toConfirm.ID}}},
	}
}

func sampleReceipt() Receipt {
	r := sample().receipt(EventGiven, then)
	r.ID, r.Seq, r.Prev, r.Notice.Text = "receipt22222222222222222222", 7, "aGFzaA", "Flowers asks for: ..."
	return r
}

func sampleSheet() sheet {
	var s sheet
	for i, claims := range [][]string{{"address", "email"}, nil, {"address", "email"}} {
		one := read{grant: "grant2222222222222222222222", kind: KindUserInfo, claims: claims, at: then.Add(time.Duration(i) * 12 * time.Hour)}
		s.add(tally{read: one, id: id.Receipt(fmt.Sprintf("reading2222222222222222222%d", i)), count: 3})
	}
	return s
}

// Each record type has a golden file: what was written once is read for ever.
func TestRecords_areWrittenAsEver(t *testing.T) {
	for name, raw := range map[string][]byte{
		"terms":    encodeTerms(sample()),
		"state":    encodeState(ended()),
		"usage":    encode(usageRecord{versioned: versioned{recordFormat}, Reads: 7, Last: stamp(then)}),
		"receipt":  encodeReceipt(sampleReceipt()),
		"chain":    encodeChain(Head{Seq: 7, Hash: "aGFzaA", Time: moment(then)}),
		"refusal":  encodeRefusal(then),
		"erasure":  encode(sampleErasure()),
		"reminder": encode(reminderRecord{versioned{recordFormat}, PaceQuarterly, stamp(then)}),
		"head":     encodeHead([]keptRevision{{1, stamp(then)}, {2, stamp(then)}}),
	} {
		golden(t, name+".json", raw)
	}
	golden(t, "reads.bin", sampleSheet().raw)
	golden(t, "capsule.bin", encodeCapsule(258, []byte{0xca, 0xfe}))
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "records", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: wrote\n%s\nnot\n%s", name, got, want)
	}
}

func readGolden(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "records", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestRecords_areReadAsTheyWereWritten(t *testing.T) {
	g, err := decodeTerms("grant2222222222222222222222", readGolden(t, "terms.json"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), *g); diff != "" {
		t.Error(diff)
	}
	if err := g.stand(readGolden(t, "state.json")); err != nil || g.State != Withdrawn || g.Reason != "replaced" || !g.Since.Equal(stamp(then)) {
		t.Errorf("state: %v %q %v, %v", g.State, g.Reason, g.Since, err)
	}
	r, err := decodeReceipt(readGolden(t, "receipt.json"))
	if r.Hash != hashOf(readGolden(t, "receipt.json")) || len(r.Raw) == 0 {
		t.Error("a receipt without its bytes")
	}
	r.Hash, r.Raw = "", nil
	if diff := cmp.Diff(sampleReceipt(), r); diff != "" || err != nil {
		t.Error(diff, err)
	}
	reads, err := decodeSheet(readGolden(t, "reads.bin"))
	if diff := cmp.Diff(sampleSheet(), reads, cmp.AllowUnexported(sheet{}, way{}, line{})); diff != "" || err != nil {
		t.Error(diff, err)
	}
	want := Read{Time: then.Add(24 * time.Hour).Truncate(time.Millisecond), Kind: KindUserInfo, Claims: []string{"address", "email"}, Count: 3}
	if diff := cmp.Diff(want, reads.read(2)); diff != "" {
		t.Error(diff)
	}
	revision, sealed, err := decodeCapsule(readGolden(t, "capsule.bin"))
	if revision != 258 || !bytes.Equal(sealed, []byte{0xca, 0xfe}) || err != nil {
		t.Errorf("capsule: %d %x, %v", revision, sealed, err)
	}
	u, err := decodeUsage(readGolden(t, "usage.json"))
	if u.Reads != 7 || !u.Last.Equal(stamp(then)) || err != nil {
		t.Errorf("usage: %+v, %v", u, err)
	}
	asked, err := decode[erasureRecord](readGolden(t, "erasure.json"))
	if diff := cmp.Diff(sampleErasure(), asked, cmp.AllowUnexported(erasureRecord{})); diff != "" || err != nil {
		t.Error(diff, err)
	}
	h, err := decode[headRecord](readGolden(t, "head.json"))
	if len(h.Kept) != 2 || h.current().Revision != 2 || err != nil {
		t.Errorf("head: %+v, %v", h, err)
	}
}

// What cannot be understood refuses, and the error says nothing of what it holds.
func TestRecords_ofAnotherVersionOrDamaged_areRefused(t *testing.T) {
	for _, raw := range []string{``, `{}`, `{"v":0}`, `{"v":2,"state":"given"}`, `{"v":"1"}`, `null`, `[]`, `{"v":1`, `{"v":1,"state":7,"x":"MARKER"}`} {
		g := sample()
		if err := g.stand([]byte(raw)); !errors.Is(err, errRecord) || g.State != None {
			t.Errorf("%s: state %v, %v", raw, g.State, err)
		} else if bytes.Contains([]byte(err.Error()), []byte("MARKER")) {
			t.Errorf("the error quotes the record: %v", err)
		}
	}
	g := sample()
	if err := g.stand([]byte(`{"v":1,"state":"GIVEN","since":"2026-03-01T12:00:00Z"}`)); err != nil || g.State != None {
		t.Errorf("an unknown state is %v, %v", g.State, err)
	}
	for _, raw := range [][]byte{nil, {1}, {2, 0, 0, 0, 0, 0, 0, 0, 1, 9}, {1, 0, 0, 0, 0, 0, 0, 0, 1}} {
		if _, _, err := decodeCapsule(raw); !errors.Is(err, errRecord) {
			t.Errorf("capsule %x: %v", raw, err)
		}
	}
}

func TestTerms_movedToAnotherGrant_areRefused(t *testing.T) {
	if _, err := decodeTerms("other2222222222222222222222", encodeTerms(sample())); !errors.Is(err, errRecord) {
		t.Error(err)
	}
}

func TestState_namesAreStable(t *testing.T) {
	want := map[State][2]string{
		None: {"none", ""}, Requested: {"requested", "ConsentRequested"}, Refused: {"refused", "ConsentRefused"},
		Given: {"given", "ConsentGiven"}, Expired: {"expired", "ConsentExpired"},
		Withdrawn: {"withdrawn", "ConsentWithdrawn"}, Revoked: {"revoked", "ConsentRevoked"},
	}
	for s, names := range want {
		if s.String() != names[0] || s.DPV() != names[1] || stateOf(names[0]) != s {
			t.Errorf("%d: %q %q", s, s, s.DPV())
		}
	}
	for _, s := range []string{"", "Given", "ConsentGiven", "given "} {
		if stateOf(s) != None {
			t.Errorf("%q is a state", s)
		}
	}
}

func TestRecords_holdNoSecretField(t *testing.T) {
	var members map[string]any
	if err := json.Unmarshal(encodeReceipt(sampleReceipt()), &members); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"wrapped", "capsule", "account"} {
		if _, there := members[name]; there {
			t.Errorf("a receipt, which reaches the vendor one day, holds %q", name)
		}
	}
}
