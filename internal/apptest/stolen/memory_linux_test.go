//go:build !race

// The race detector keeps gigabytes of notes beside the program; scripts/test runs this without it.

package stolen_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/internal/apptest"
)

// What two customers have: one releases it directly, the other end-to-end. Nothing of either turns up by
// chance.
const (
	openEmail   = "offen-7d1f4c@sichtbar.example"
	sealedEmail = "zu-93ab57e2@verschlossen.example"
	sealedName  = "Zacharias Verschlossen-5b2e"
	planted     = "Blumenladen-c41d88"
)

// sealedVendor registers a vendor that reads end-to-end, and gives the key by which it does.
func sealedVendor(t *testing.T, p *apptest.Program) (apptest.Vendor, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Use: "enc"}}})
	must(t, err)
	file := filepath.Join(t.TempDir(), "jwks.json")
	must(t, os.WriteFile(file, set, 0o600))
	return p.AddVendor(t, "https://zu.example/callback", "--jwks-file", file, "--userinfo-encryption", "ECDH-ES", "--domain", "zu.example"), key
}

// reads what a vendor's library makes of the message.
func decrypted(t *testing.T, key *ecdsa.PrivateKey, message string) (claims map[string]any) {
	t.Helper()
	object, err := jose.ParseEncryptedCompact(message, []jose.KeyAlgorithm{jose.ECDH_ES}, []jose.ContentEncryption{jose.A256GCM})
	must(t, err)
	text, err := object.Decrypt(key)
	must(t, err)
	must(t, json.Unmarshal(text, &claims))
	return claims
}

// The server's memory, during and after the calls, holds nothing that was released end-to-end. That the
// same search finds what was released directly, and what the server is told anyway, shows that it finds.
func TestMemory_holdsNothingThatIsReleasedEndToEnd(t *testing.T) {
	p := apptest.Start(t)
	direct := p.AddVendor(t, "https://offen.example/callback", "--contact", planted+"@offen.example")
	sealed, key := sealedVendor(t, p)
	ofDirect := p.SignUp(t, "karla", map[string]any{"email": openEmail})
	ofSealed := p.SignUp(t, "zacharias", map[string]any{"email": sealedEmail, "name": sealedName})
	open := p.Exchange(t, direct, apptest.CodeOf(t, ofDirect.Authorize(t, p.AuthorizeURL(direct), "email")))
	tokens := p.Exchange(t, sealed, apptest.CodeOf(t, ofSealed.Authorize(t, p.AuthorizeURL(sealed, "scope", "openid email profile offline_access"), "email", "name")))

	var secret, known markers
	secret.text(t, "e-mail address", sealedEmail)
	secret.text(t, "name", sealedName)
	known.text(t, "direct e-mail address", openEmail)
	known.text(t, "vendor's contact", planted)
	hidden, controls := secret.needles(), known.needles()

	reading, over := make(chan struct{}), make(chan struct{})
	var calls sync.WaitGroup
	calls.Go(func() {
		for {
			for _, access := range []string{open.Access, tokens.Access} {
				if a := p.UserInfo(t, access); a.Status != http.StatusOK {
					t.Errorf("UserInfo: %d %s", a.Status, a.Body)
				}
			}
			select {
			case reading <- struct{}{}:
			case <-over:
				return
			default:
			}
		}
	})
	var found []string
	look := func(when string) {
		p.Memory(t, func(where string, memory []byte) {
			hidden.absent(t, when+" the call, "+where, memory)
			found = append(found, controls.in(memory)...)
		})
	}
	<-reading
	look("during")
	ofSealed.Fill(t, map[string]any{"name": sealedName + " d. J."}) // sealed anew, for the same key
	look("during")
	close(over)
	calls.Wait()
	look("after")
	for _, what := range []string{"direct e-mail address as raw", "vendor's contact as raw"} {
		if !slices.Contains(found, what) {
			t.Errorf("the search does not find the %s: it shows nothing", what)
		}
	}
	claims := decrypted(t, key, string(p.UserInfo(t, p.Refresh(t, sealed, tokens.Refresh).Access).Body))
	if claims["email"] != sealedEmail || claims["name"] != sealedName+" d. J." {
		t.Errorf("the vendor reads %v", claims)
	}
	p.Stop(t)
	hidden.absent(t, "log", []byte(p.Log()))
	must(t, filepath.WalkDir(p.Data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		hidden.absent(t, strings.TrimPrefix(path, p.Data), content)
		return err
	}))
}
