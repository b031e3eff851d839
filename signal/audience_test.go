package signal

import (
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/outbox"
)

// A vendor that describes itself at an address knows no other name of its own.
func TestSign_isForTheNameThatTheVendorKnows(t *testing.T) {
	w := newWorld(t)
	described := w.vendor
	described.Document = &identity.Document{Address: "https://shop.example/client.json"}
	for _, v := range []identity.Vendor{w.vendor, described} {
		text, err := w.sign(v, Stream{}, outbox.Event{ID: "event222222222222222222222", Kind: outbox.AccountPurged, Account: account, Persona: persona})
		if err != nil {
			t.Fatal(err)
		}
		token, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA})
		if err != nil {
			t.Fatal(err)
		}
		var c jwt.Claims
		if err := token.UnsafeClaimsWithoutVerification(&c); err != nil || len(c.Audience) != 1 || c.Audience[0] != v.ClientID() {
			t.Errorf("for %v, %v; want %s", c.Audience, err, v.ClientID())
		}
	}
}
