package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/consent/release"
	"github.com/meins-id/meins/vault"
)

// serveUserInfo is the UserInfo endpoint (OpenID Connect Core 5.3), without the library's HTTP layer,
// which costs as much as all the rest of it (see BenchmarkThroughLibrary).
func (p *Provider) serveUserInfo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	p.offerNonce(w, r)
	text, scheme, err := presented(w, r)
	if err == nil && text == "" {
		// Who sent no token at all learns the schemes, and no error (RFC 6750, 3.1).
		p.translate(r.Context(), "userinfo", refuseToken()).write(w, challengeBearer, challengeDPoP)
		return
	}
	var read reading
	if err == nil {
		read, err = p.userInfoWith(r, text, scheme)
	}
	if err == nil && read.message == "" && read.token.UserInfoAlg != "" {
		read.message, err = p.signedUserInfo(read.token, read.body)
	}
	if err != nil {
		p.refuseRead(w, r, scheme, err)
		return
	}
	if read.message != "" {
		writeJWT(w, "application/jwt", read.message)
		return
	}
	writeJSON(w, http.StatusOK, read.body)
}

// reading is what a token read. It prints [redacted].
type reading struct {
	token   token
	body    json.RawMessage
	message string // in the place of body: signed, or made by the customer's agent for the vendor
}

// String hides what was read.
func (reading) String() string { return redacted }

// GoString hides what was read.
func (reading) GoString() string { return redacted }

// Format hides what was read under every verb.
func (reading) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) } // fmt.State keeps no error

// LogValue hides what was read.
func (reading) LogValue() slog.Value { return slog.StringValue(redacted) }

// presented finds the token and the scheme it comes by: in the header, or in the form of a POST, not
// in both, and never in the address (RFC 6750, 2; RFC 9700, 4.3.2). A form can only bear it.
func presented(w http.ResponseWriter, r *http.Request) (text, scheme string, err error) {
	if r.URL.RawQuery != "" && r.URL.Query().Has("access_token") {
		return "", "", refuseRequest("access_token does not belong into the address")
	}
	inHeader := false
	if header := r.Header["Authorization"]; len(header) > 0 {
		name, rest, _ := strings.Cut(header[0], " ")
		scheme = schemeOf(name)
		if len(header) > 1 || scheme == "" || rest == "" {
			return "", scheme, refuseToken()
		}
		text, inHeader = rest, true
	}
	if r.Method != http.MethodPost || !isForm(r.Header.Get("Content-Type")) {
		return text, scheme, nil
	}
	if wrong := readForm(w, r); wrong != nil {
		return "", scheme, wrong
	}
	if !r.PostForm.Has("access_token") {
		return text, scheme, nil
	}
	if inHeader {
		return "", scheme, refuseRequest("send access_token once")
	}
	return r.PostForm.Get("access_token"), schemeBearer, nil
}

// userInfo gives what the token's grant still covers. Consent decides and records each time; release
// alone opens the capsule.
func (p *Provider) userInfo(ctx context.Context, text string, pr proof) (reading, error) {
	t, err := p.read(kindAccess, text)
	if err != nil || p.over(t) {
		return reading{}, refuseToken()
	}
	if !t.heldBy(ctx, pr) {
		return reading{}, refuseToken()
	}
	if err := p.demandsStrengthOf(ctx, t, pr); err != nil {
		return reading{}, err
	}
	if t.Grant == "" || !t.has(scopeOpenID) {
		return reading{}, refuseTokenScope()
	}
	return p.release(ctx, t, pr)
}

// release gives the token's claims, unless it was revoked or its proof used: all is looked up on one
// snapshot. Asking with a token that has none is a read too. What the customer's agent encrypted for the
// vendor is passed on as it is.
func (p *Provider) release(ctx context.Context, t token, pr proof) (reading, error) {
	permit, err := p.o.Consent.Permit(ctx, consent.Reading{
		Grant: t.Grant, Client: t.Client, Claims: t.Claims, Kind: consent.KindUserInfo, Unless: pr.unlessUsed(unlessRevoked(t)),
	})
	if err != nil {
		return reading{}, tokenOver(err)
	}
	if permit.EndToEnd() {
		message, err := release.Pass(ctx, permit, t.Key)
		return reading{token: t, message: message}, tokenOver(err)
	}
	if len(t.Claims) == 0 { // as a device has it, which holds no key of a capsule
		return reading{token: t, body: userInfoBody(t, nil)}, nil
	}
	claims, err := release.Release(ctx, permit, t.Key)
	if err != nil {
		return reading{}, tokenOver(err)
	}
	return reading{token: t, body: userInfoBody(t, claims)}, nil
}

// tokenOver is the refusal of a token that was revoked, whose grant no longer serves, or whose key opens
// nothing; or that stands for less than what cannot be cut.
func tokenOver(err error) error {
	if errors.Is(err, consent.ErrWhole) {
		return refuseTokenScope()
	}
	if errors.Is(err, errRevoked) || ended(err) || unopened(err) {
		return refuseToken()
	}
	return err
}

// userInfoBody writes sub and the claims, in the order of the token. The values are JSON already, and
// neither a name of ours nor a name of a claim has anything in it to escape.
func userInfoBody(t token, claims vault.Claims) json.RawMessage {
	size := len(t.Subject) + 16
	for name, value := range claims {
		size += len(name) + len(value) + 4
	}
	body := make([]byte, 0, size)
	body = strconv.AppendQuote(append(body, `{"sub":`...), t.Subject)
	for _, name := range t.Claims {
		if value, ok := claims[name]; ok {
			body = append(append(append(body, `,"`...), name...), `":`...)
			body = append(body, value...)
		}
	}
	return append(body, '}')
}
