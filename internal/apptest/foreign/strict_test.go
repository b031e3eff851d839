package foreign_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/meins-id/meins/internal/apptest"
)

// strict registers a vendor that is held to everything: pushed and signed requests, a key of its own,
// tokens bound to a key, signed answers everywhere.
func strict(t *testing.T, p *apptest.Program, more ...string) *openidClient {
	t.Helper()
	private, jwks := keyPair(t)
	v := p.AddVendor(t, callback, append(more, "--post-logout-redirect-uri", goodbye, "--auth-method", "private_key_jwt", "--jwks-file", jwks,
		"--signing-alg", "ES256", "--require-pushed", "--require-signed", "--request-alg", "ES256", "--auth-alg", "ES256",
		"--response-alg", "ES256", "--userinfo-alg", "ES256", "--introspection-alg", "ES256", "--dpop")...)
	v.ClientSecret = private
	return runOpenIDClient(t, "strict.mjs", p, v, "private_key_jwt", "ES256")
}

func TestOpenIDClient_heldToEverything_goesTheWholeWay(t *testing.T) {
	t.Parallel()
	p := apptest.Start(t)
	tell(t, p, strict(t, p))
}

func TestOpenIDClient_heldToFAPI2MessageSigning_goesTheWholeWay(t *testing.T) {
	t.Parallel()
	p := apptest.Start(t)
	tell(t, p, strict(t, p, "--profile", "fapi2-message-signing"))
}

func TestOpenIDClient_tokenBoundToAKey_isOfNoUseWithoutIt(t *testing.T) {
	t.Parallel()
	p := apptest.Start(t)
	o := strict(t, p)
	c := p.SignUp(t, "ada", ada)
	if err := o.finish(t, c.Authorize(t, o.begin(t), "email")); err != nil {
		t.Fatal(err)
	}
	var said struct {
		Active bool
		Type   string `json:"token_type"`
	}
	if err := o.tell(t, &said, "command", "introspect"); err != nil || !said.Active || said.Type != "DPoP" {
		t.Errorf("introspection: %+v, %v", said, err)
	}
	var stolen struct {
		Status int
		Body   string
	}
	if err := o.tell(t, &stolen, "command", "steal"); err != nil || stolen.Status != http.StatusUnauthorized || strings.Contains(stolen.Body, "lovelace") {
		t.Errorf("a stolen token: %d %v", stolen.Status, err)
	}
}
