package browser

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// stored is what one origin left in the browser.
type stored struct {
	raw       string
	Local     map[string]string
	Session   map[string]string
	Databases []string
	Caches    []string
	Workers   int
}

// keepsNoSecret checks that the browser holds the vault key only under the share of the session,
// and no word of what the customer typed. It needs a signed-in session and an open vault: otherwise
// there would be nothing to find.
func (b *tab) keepsNoSecret(p *person) {
	b.t.Helper()
	s := b.keeps()
	if len(s.Databases)+len(s.Caches)+s.Workers > 0 {
		b.t.Errorf("the pages keep databases %v, caches %v, %d service workers", s.Databases, s.Caches, s.Workers)
	}
	key, share := b.vaultKey(s)
	for what, secret := range map[string][]byte{"vault key": key, "session's share": share} {
		for form, text := range spellings(secret) {
			if strings.Contains(s.raw, text) {
				b.t.Errorf("the browser keeps the %s in %s", what, form)
			}
		}
	}
	for _, word := range p.words() {
		for form, text := range spellings([]byte(word)) {
			if strings.Contains(s.raw, text) {
				b.t.Errorf("the browser keeps what the customer typed (%s, %s)", word, form)
			}
		}
	}
}

// vaultKey opens what the browser keeps with what only the server has.
func (b *tab) vaultKey(s stored) (key, share []byte) {
	b.t.Helper()
	var answer string
	b.eval(`fetch("/api/v1/session").then((r) => r.text())`, &answer)
	var is struct {
		Session struct {
			ID, Account string
			Share       []byte
		}
	}
	must(b.t, json.Unmarshal([]byte(answer), &is))
	var kept struct {
		Account id.Account `json:"account"`
		Session id.Session `json:"session"`
		Wrapped []byte     `json:"wrapped"`
	}
	must(b.t, json.Unmarshal([]byte(s.Local["meins.kept"]), &kept))
	opened, err := vault.OpenSession(is.Session.Share, kept.Account, kept.Session, kept.Wrapped)
	if err != nil {
		b.t.Fatalf("what the browser keeps does not open with the session's share: %v", err)
	}
	return opened.Bytes(), is.Session.Share
}

// spellings are the ways in which bytes are written down.
func spellings(b []byte) map[string]string {
	quoted, _ := json.Marshal(string(b)) // a text always marshals
	numbers := strings.Trim(strings.ReplaceAll(fmt.Sprint(b), " ", ","), "[]")
	return map[string]string{
		"the clear":   string(b),
		"JSON":        strings.Trim(string(quoted), `"`),
		"JSON twice":  strings.Trim(strings.ReplaceAll(string(quoted), `\`, `\\`), `"`),
		"hex":         hex.EncodeToString(b),
		"base64":      base64.RawStdEncoding.EncodeToString(b),
		"base64url":   base64.RawURLEncoding.EncodeToString(b),
		"byte values": numbers,
	}
}
