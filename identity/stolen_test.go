package identity_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/vault"
)

// spellings are the ways in which a thief would find a marker.
func spellings(marker []byte) map[string][]byte {
	wide := make([]byte, 0, 2*len(marker))
	for _, b := range marker {
		wide = append(wide, b, 0)
	}
	quoted, _ := json.Marshal(string(marker))
	return map[string][]byte{
		"raw": marker, "hex": []byte(hex.EncodeToString(marker)), "HEX": []byte(strings.ToUpper(hex.EncodeToString(marker))),
		"base64": []byte(base64.RawStdEncoding.EncodeToString(marker)), "base64url": []byte(base64.RawURLEncoding.EncodeToString(marker)),
		"UTF-16": wide, "JSON": bytes.Trim(quoted, `"`),
	}
}

func TestStolenStore_holdsNoSecretInTheClear(t *testing.T) {
	w := newWorld(t)
	p, first := w.join(t, "Marker.Login@Example.org")
	w.recover(t, p)
	code, pass := newSlot(vault.SlotRecovery), newSlot(vault.SlotPassphrase)
	must(t, w.accounts.ReplaceRecovery(t.Context(), first.Session, p.passphrase, code))
	must(t, w.accounts.ChangePassphrase(t.Context(), first.Session, p.passphrase, pass))
	v, secret := w.addVendor(t, shop())
	rotated, err := w.vendors.RotateSecret(t.Context(), v.ID)
	must(t, err)
	must(t, w.keys.Rotate(t.Context()))
	tokenRaw, err := base64.RawURLEncoding.DecodeString(first.Token[11:])
	must(t, err)

	markers := map[string][]byte{
		"login": []byte("Marker.Login@Example.org"), "normal login": []byte("marker.login@example.org"),
		"passphrase proof": p.passphrase, "recovery proof": p.recovery, "new proof": pass.Auth, "new code's proof": code.Auth,
		"slot": p.slots[0].Slot.Sealed, "recovery slot": p.slots[1].Slot.Sealed, "new slot": pass.Slot.Sealed,
		"token": []byte(first.Token), "token's bytes": tokenRaw, "share": first.Session.Share,
		"vendor's secret": []byte(secret), "rotated secret": []byte(rotated), "secret without prefix": []byte(secret[3:]),
		"master key": w.master.Bytes(),
	}
	stolen, err := os.ReadFile(w.path)
	must(t, err)
	for name, marker := range markers {
		for how, text := range spellings(marker) {
			if bytes.Contains(stolen, text) {
				t.Errorf("%s is in the store (%s)", name, how)
			}
		}
	}
	if !bytes.Contains(stolen, []byte("Blumen M")) {
		t.Error("the search does not even find what is there") // or all of the above proves nothing
	}
}

func TestPrinting_neverShowsASecret(t *testing.T) {
	w := newWorld(t)
	p, opened := w.join(t, "marker-login")
	v, _ := w.addVendor(t, shop())
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	for _, x := range []any{opened, opened.Session, p.slots[0], p.signUp(), v} {
		logger.Info("x", "x", x)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&log, verb+"\n", x)
			fmt.Fprintf(&log, verb+"\n", []any{x})
		}
		fmt.Fprintln(&log, x.(fmt.Stringer).String(), x.(fmt.GoStringer).GoString())
	}
	secrets := map[string][]byte{
		"login": []byte("marker-login"), "token": []byte(opened.Token), "share": opened.Session.Share,
		"proof": p.passphrase, "slot": p.slots[0].Slot.Sealed, "salt": p.slots[0].Slot.Stretch.Salt, "secret hash": v.SecretHash,
	}
	for name, secret := range secrets {
		forms := spellings(secret)
		forms["decimals"] = []byte(strings.Trim(fmt.Sprint(secret[:8]), "[]"))
		for how, text := range forms {
			if bytes.Contains(log.Bytes(), text) {
				t.Errorf("%s is printed (%s)", name, how)
			}
		}
	}
	if !strings.Contains(log.String(), string(opened.Session.ID)) || !strings.Contains(log.String(), string(v.ID)) {
		t.Error("identifiers are not printed")
	}
}

func TestErrors_neverQuoteWhatWasSent(t *testing.T) {
	w := newWorld(t)
	_, opened := w.join(t, "ada")
	var said []string
	note := func(err error) { said = append(said, fmt.Sprintf("%v %+v", err, err)) }
	_, err := w.accounts.SignUp(t.Context(), identity.NewAccount{Login: "marker", Account: "marker"}, home)
	note(err)
	_, err = w.accounts.Login(t.Context(), "marker", "marker", []byte("marker"), home)
	note(err)
	_, err = w.accounts.Session(t.Context(), "marker")
	note(err)
	_, err = w.accounts.Reauthenticate(t.Context(), opened.Session, "marker", []byte("marker"))
	note(err)
	_, err = identity.ParseMaster("marker")
	note(err)
	for _, s := range said {
		if strings.Contains(s, "marker") || strings.Contains(s, "<nil>") {
			t.Errorf("said: %s", s)
		}
	}
}
