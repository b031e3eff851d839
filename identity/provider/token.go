package provider

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// kind says what a sealed blob is; it is the purpose that it is sealed for.
type kind string

const (
	kindCode    kind = "code"
	kindAccess  kind = "access"
	kindRefresh kind = "refresh"

	// kindOpenCode is a code that the grant's key is still to be put behind; in its place it carries the
	// key that the page of a return visit seals it under (see Ending). It is worth nothing alone.
	kindOpenCode kind = "open-code"
)

func (k kind) isCode() bool { return k == kindCode || k == kindOpenCode }

// tokenFormat is the first byte inside a token.
const tokenFormat = 1

// token is what a code, an access token or a refresh token says. With a grant it carries the
// grant's key, which the server keeps nowhere. It prints [redacted].
type token struct {
	ID      string    // of this token alone
	Client  id.Client // whose it is
	Grant   id.Grant  // empty for a vendor that acts for itself
	Family  id.Family // everything that came from one code; empty like Grant
	Subject string    // as this vendor knows the customer
	Scopes  []string  // as granted
	Claims  []string  // that UserInfo may be asked for with it
	Issued  time.Time // in seconds, as all times here
	Expires time.Time // of this token
	Key     vault.GrantKey

	// A code and a refresh token also know the login and when the grant ends.
	AuthTime time.Time
	Methods  []string
	Session  string // sid, as this vendor knows the session
	Ends     time.Time

	// A code is bound to its request, and lists what goes into the ID token.
	RedirectURI   string
	Challenge     string
	Nonce         string
	IDTokenClaims []string
	Login         id.Session // the session that the vendor is to hear of when it ends
	Persona       id.Persona

	// A refresh token counts the rotations of its family.
	Generation uint64

	// Thumbprint names the key that whoever uses the token must have: DPoP, RFC 9449. In a code it is
	// the one that the request named beforehand.
	Thumbprint string
	// Resources are the APIs that access tokens may be for (RFC 8707), as the request named them.
	Resources []string
	// UserInfoAlg signs what UserInfo answers to this token; without it the answer is plain JSON.
	UserInfoAlg string
}

// String hides the token.
func (token) String() string { return redacted }

// GoString hides the token.
func (token) GoString() string { return redacted }

// Format hides the token under every verb.
func (token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) } // fmt.State keeps no error

// LogValue hides the token.
func (token) LogValue() slog.Value { return slog.StringValue(redacted) }

const redacted = "[redacted]"

// has says whether a scope was granted.
func (t token) has(scope string) bool { return slices.Contains(t.Scopes, scope) }

// scope is the scopes as the protocol writes them.
func (t token) scope() string { return strings.Join(t.Scopes, " ") }

// tokenID draws the name of one token: as unguessable as an identifier, and no secret.
func tokenID() string { return strings.ToLower(rand.Text()) }

// mint seals a token under the key of the day. Nothing is written anywhere.
func (p *Provider) mint(k kind, t token) string {
	kid, box := p.o.Keys.Token()
	return sealBlob(kid, box, string(k), t.encode(k))
}

// read opens a token of one kind; errBlob is all it ever says. It does not look at the clock.
func (p *Provider) read(k kind, blob string) (token, error) {
	plaintext, err := openBlob(blob, string(k), p.o.Keys.TokenByID)
	if err != nil {
		return token{}, err
	}
	return decodeToken(k, plaintext)
}

// encode writes the token's fields in a fixed order.
func (t token) encode(k kind) []byte {
	b := make([]byte, 0, 512)
	b = append(b, tokenFormat)
	b = appendText(b, t.ID)
	b = appendText(b, t.Client)
	b = appendText(b, t.Grant)
	b = appendText(b, t.Family)
	b = appendText(b, t.Subject)
	b = appendTexts(b, t.Scopes)
	b = appendTexts(b, t.Claims)
	b = appendTime(b, t.Issued)
	b = appendTime(b, t.Expires)
	b = appendText(b, t.Key.Bytes())
	if k == kindAccess {
		return t.appendBounds(k, b)
	}
	b = appendTime(b, t.AuthTime)
	b = appendTexts(b, t.Methods)
	b = appendText(b, t.Session)
	b = appendTime(b, t.Ends)
	if k == kindRefresh {
		return t.appendBounds(k, binary.AppendUvarint(b, t.Generation))
	}
	b = appendText(b, t.RedirectURI)
	b = appendText(b, t.Challenge)
	b = appendText(b, t.Nonce)
	return t.appendBounds(k, appendTexts(b, t.IDTokenClaims))
}

// appendBounds writes what only few tokens have; without any of it a token ends before.
func (t token) appendBounds(k kind, b []byte) []byte {
	joins := k.isCode() && t.Login != ""
	if t.unbound() && !joins {
		return b
	}
	b = appendText(appendTexts(appendText(b, t.Thumbprint), t.Resources), t.UserInfoAlg)
	if joins {
		b = appendText(appendText(b, t.Login), t.Persona)
	}
	return b
}

// decodeBounds reverses appendBounds: to have none there is one spelling.
func (t *token) decodeBounds(k kind, f *fields) {
	if f.bad || f.rest == "" {
		return
	}
	t.Thumbprint = f.text()
	t.Resources = f.texts()
	t.UserInfoAlg = f.text()
	if k.isCode() && !f.bad && f.rest != "" {
		t.Login = id.Session(f.text())
		t.Persona = id.Persona(f.text())
		f.bad = f.bad || t.Login == ""
	}
	f.bad = f.bad || t.unbound() && t.Login == ""
}

func (t token) unbound() bool {
	return t.Thumbprint == "" && len(t.Resources) == 0 && t.UserInfoAlg == ""
}

// decodeToken reverses encode; a token with a grant and without its key is none.
func decodeToken(k kind, plaintext []byte) (token, error) {
	if len(plaintext) == 0 || plaintext[0] != tokenFormat {
		return token{}, errBlob
	}
	f := &fields{rest: string(plaintext[1:])}
	var t token
	t.ID = f.text()
	t.Client = id.Client(f.text())
	t.Grant = id.Grant(f.text())
	t.Family = id.Family(f.text())
	t.Subject = f.text()
	t.Scopes = f.texts()
	t.Claims = f.texts()
	t.Issued = f.time()
	t.Expires = f.time()
	key := f.text()
	if k != kindAccess {
		t.decodeLogin(k, f)
	}
	t.decodeBounds(k, f)
	if !f.done() {
		return token{}, errBlob
	}
	return t.withKey(key)
}

// decodeLogin reads what an access token does not have.
func (t *token) decodeLogin(k kind, f *fields) {
	t.AuthTime = f.time()
	t.Methods = f.texts()
	t.Session = f.text()
	t.Ends = f.time()
	if k == kindRefresh {
		t.Generation = f.number()
		return
	}
	t.RedirectURI = f.text()
	t.Challenge = f.text()
	t.Nonce = f.text()
	t.IDTokenClaims = f.texts()
}

func (t token) withKey(key string) (token, error) {
	if t.Grant == "" && key == "" {
		return t, nil
	}
	var err error
	if t.Key, err = vault.GrantKeyFrom([]byte(key)); err != nil || t.Grant == "" {
		return token{}, errBlob
	}
	return t, nil
}

// appendTime keeps whole seconds; the zero time is 0.
func appendTime(b []byte, t time.Time) []byte {
	return binary.AppendUvarint(b, uint64(max(t.Unix(), 0)))
}

func (f *fields) time() time.Time {
	n := f.number()
	if n == 0 || n > 1<<40 { // far beyond any date that is meant
		f.bad = f.bad || n != 0
		return time.Time{}
	}
	return time.Unix(int64(n), 0).UTC()
}
