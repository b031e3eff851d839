package provider

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

// Ending is the address that takes a returning customer to the vendor, but for the grant's key, which
// the server does not have: the page unwraps it, seals it under Key, and puts that between Before and
// After (docs/vault-format.md, section 5). So such a visit needs no further request here. The zero
// Ending is none. It prints [redacted].
type Ending struct {
	Before, After string
	Key           vault.GrantKey

	state string // the browser's, as the address names it
}

// IsZero says that there is no ending: the page asks Resume for the address.
func (e Ending) IsZero() bool { return e.Key.IsZero() }

// String hides the ending.
func (Ending) String() string { return redacted }

// GoString hides the ending.
func (Ending) GoString() string { return redacted }

// Format hides the ending under every verb.
func (Ending) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) } // fmt.State keeps no error

// LogValue hides the ending.
func (Ending) LogValue() slog.Value { return slog.StringValue(redacted) }

// purposeCodeKey is what a page seals the grant's key for.
const purposeCodeKey = "code-key"

// ending makes the address for a browser that is signed in and whose grant covers the request. There is
// none where answering writes something, or where the answer is not made in an address by the page: it
// is signed, or travels in a form.
func (p *Provider) ending(v visit, s identity.Session, g consent.Grant, claims []string) Ending {
	travels, signed := carrier(v.Mode)
	if v.Pushed != "" || v.Device != "" || v.vendor.Document != nil || v.vendor.Provisional() || signed || travels == modeFormPost {
		return Ending{}
	}
	key := vault.NewGrantKey()
	open := p.mint(kindOpenCode, p.codeFor(v, s, g, claims, key)) + "."
	to := p.replyOf(v, s)
	before, after, ok := strings.Cut(p.response(to, outcome{"code": {open}}), open)
	if !ok {
		return Ending{}
	}
	return Ending{Before: before + open, After: after, Key: key, state: to.browser}
}

// readCode opens an authorization code: one that was made whole here, or one that the page of a return
// visit has put the grant's key behind. errBlob is all it ever says.
func (p *Provider) readCode(text string) (token, error) {
	at := strings.LastIndexByte(text, '.')
	if strings.Count(text, ".") != 2 {
		return p.read(kindCode, text)
	}
	code, err := p.read(kindOpenCode, text[:at])
	if err != nil {
		return token{}, err
	}
	code.Key, err = openCodeKey(code, text[at+1:])
	return code, err
}

// openCodeKey opens the grant's key with the key that the open code carries in its place.
func openCodeKey(code token, text string) (vault.GrantKey, error) {
	box, err := encoding.DecodeString(text)
	if err != nil || encoding.EncodedLen(len(box)) != len(text) { // the decoder skips line breaks
		return vault.GrantKey{}, errBlob
	}
	carrier, err := seal.KeyFrom(code.Key.Bytes())
	if err != nil {
		return vault.GrantKey{}, errBlob
	}
	raw, err := seal.Open(carrier, seal.Context{Purpose: purposeCodeKey, Object: string(code.Grant)}, box)
	if err != nil {
		return vault.GrantKey{}, errBlob
	}
	key, err := vault.GrantKeyFrom(raw)
	if err != nil {
		return vault.GrantKey{}, errBlob
	}
	return key, nil
}
