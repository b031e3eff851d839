package identity

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

var update = flag.Bool("update", false, "write the golden files anew")

// fill is recognisable bytes.
func fill(b byte, n int) []byte { return bytes.Repeat([]byte{b}, n) }

const (
	goldenAccount = id.Account("aaaaaaaaaaaaaaaaaaaaaaaaaa")
	goldenSession = id.Session("ssssssssssssssssssssssssss")
	goldenClient  = id.Client("cccccccccccccccccccccccccc")
)

func goldenAccountRecord() accountRecord {
	return accountRecord{
		V: version, Account: goldenAccount, Login: fill(1, 32), Created: 1767225600,
		Slots: []slotRecord{
			{
				Slot: vault.Slot{
					ID: "pppppppppppppppppppppppppp", Kind: vault.SlotPassphrase, Sealed: fill(2, 93),
					Stretch: &seal.Stretch{Memory: 65536, Time: 3, Threads: 1, Salt: fill(3, 16)},
				},
				Check: fill(4, 32),
			},
			{Slot: vault.Slot{ID: "rrrrrrrrrrrrrrrrrrrrrrrrrr", Kind: vault.SlotRecovery, Sealed: fill(5, 93)}, Check: fill(6, 32)},
		},
	}
}

func goldenSessionRecord() sessionRecord {
	return sessionRecord{
		V: version, ID: goldenSession, Account: goldenAccount, AuthTime: 1767225600, Created: 1767225601, Expires: 1767830400,
		Methods: []string{"otp"}, Share: fill(7, 32), MustRenew: true, UserAgent: "Firefox",
	}
}

func goldenRingRecord() ringRecord {
	return ringRecord{
		V: version, Revision: 2, Pepper: fill(8, 32), Pairwise: fill(9, 32), Records: fill(10, 32),
		Tokens:  []ringKey{{ID: "tttttttt", Key: fill(11, 32), Created: 1767225602}, {ID: "oooooooo", Key: fill(12, 32), Created: 1767225600, Retired: 1767225602}},
		Flows:   []ringKey{{ID: "ffffffff", Key: fill(13, 32), Created: 1767225600}},
		Signing: []ringKey{{ID: "thumbprint", Algorithm: "EdDSA", Key: fill(14, 48), Created: 1767225600}},
	}
}

func goldenVendorRecord() vendorRecord {
	return vendorRecord{
		V: version, ID: goldenClient, Name: "Blumen Müller", Domain: "shop.example", Verified: true, Sector: "shop.example",
		Logo: "hash", Contact: "privacy@shop.example", Policy: "https://shop.example/privacy", Terms: "https://shop.example/terms",
		Redirect: []string{"https://shop.example/callback"}, Logout: []string{"https://shop.example/"}, Public: true,
		Method: "none", Secret: fill(15, 32), JWKS: json.RawMessage(`{"keys":[]}`), Purposes: map[string]string{"email": "To write to you."},
		Alg: "ES256", Grants: []string{"authorization_code"}, Created: 1767225600,
		Standing: Standing{Accepts: []string{"SD-BASE:2.2"}, Kind: "shop", Confirmed: "delivery"},
	}
}

func TestRecords_areWrittenAndReadAsTheGoldenFilesSay(t *testing.T) {
	golden(t, "keyring", goldenRingRecord())
	golden(t, "login", loginRecord{V: version, Account: goldenAccount})
	golden(t, "account", goldenAccountRecord())
	golden(t, "session", goldenSessionRecord())
	golden(t, "account-gone", goneRecord{V: version})
	golden(t, "vendor", goldenVendorRecord())
	golden(t, "vendor-logo", logoRecord{V: version, Type: "image/png", Data: fill(16, 8)})
}

func golden[T interface{ format() int }](t *testing.T, name string, rec T) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden.json")
	got := append(encode(rec), '\n')
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
	read, err := decode[T](want)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if !reflect.DeepEqual(rec, read) {
		t.Errorf("%s reads back as %+v", name, read)
	}
	later := strings.Replace(string(want), `"v":1`, `"v":2`, 1)
	if _, err := decode[T]([]byte(later)); err == nil {
		t.Errorf("%s of another version is read", name)
	}
}

// A record from the first release must open for good: a new format is a new version.
func TestSealedRecords_openUnderTheirOwnNameOnly(t *testing.T) {
	k := &Keyring{now: time.Now}
	k.ring.Store(&ring{records: seal.NewBox(seal.NewKey())})
	r := records{keys: k}
	sealed := r.sealAccount(goldenAccount, goldenAccountRecord())
	if _, err := r.openAccount(goldenAccount, sealed); err != nil {
		t.Fatal(err)
	}
	if _, err := r.openAccount("bbbbbbbbbbbbbbbbbbbbbbbbbb", sealed); err == nil {
		t.Error("a record opens as another account's")
	}
	if _, err := r.openSession(goldenSession, sealed); err == nil {
		t.Error("an account opens as a session")
	}
}

func TestTable_flood_displacesTheWeak_notTheStrong(t *testing.T) {
	now := time.Unix(1e9, 0)
	table := newTable(time.Minute, 100)
	m, _ := table.at("guessed", now)
	m.level = 50
	for i := range 10_000 {
		m, _ := table.at(strings.Repeat("x", i%97)+string(rune('a'+i%26)), now)
		m.level = 1
		table.at(string(rune(i+1000)), now)
	}
	if len(table.meters) > 100 {
		t.Errorf("%d entries", len(table.meters))
	}
	if m, known := table.at("guessed", now); !known || m.level != 50 {
		t.Error("a flood of fresh names made the table forget")
	}
}
