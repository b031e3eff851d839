package provider

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/consent/release"
	"github.com/meins-id/meins/vault"
)

// serveUserInfo is the UserInfo endpoint (OpenID Connect Core 5.3), without the library's HTTP layer,
// which costs as much as all the rest of it (see BenchmarkUserInfoThroughLibrary).
func (p *Provider) serveUserInfo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	text, err := bearer(w, r)
	if err == nil && text == "" {
		// Who sent no token at all learns the scheme, and no error (RFC 6750, 3.1).
		p.translate(r.Context(), "userinfo", refuseToken()).write(w, challengeBearer)
		return
	}
	var body json.RawMessage
	if err == nil {
		body, err = p.userInfo(r.Context(), text)
	}
	if err != nil {
		refused := p.translate(r.Context(), "userinfo", err)
		refused.write(w, challengeBearer+`, error="`+string(refused.answer.ErrorType)+`"`)
		return
	}
	writeJSON(w, http.StatusOK, body)
}

// bearer finds the token: in the header, or in the form of a POST, not in both, and never in the
// address (RFC 6750, 2; RFC 9700, 4.3.2).
func bearer(w http.ResponseWriter, r *http.Request) (string, error) {
	if r.URL.RawQuery != "" && r.URL.Query().Has("access_token") {
		return "", refuseRequest("access_token does not belong into the address")
	}
	text, inHeader := "", false
	if header := r.Header["Authorization"]; len(header) > 0 {
		scheme, rest, _ := strings.Cut(header[0], " ")
		if len(header) > 1 || !strings.EqualFold(scheme, "Bearer") || rest == "" {
			return "", refuseToken()
		}
		text, inHeader = rest, true
	}
	if r.Method != http.MethodPost || !isForm(r.Header.Get("Content-Type")) {
		return text, nil
	}
	if wrong := readForm(w, r); wrong != nil {
		return "", wrong
	}
	if !r.PostForm.Has("access_token") {
		return text, nil
	}
	if inHeader {
		return "", refuseRequest("send access_token once")
	}
	return r.PostForm.Get("access_token"), nil
}

// userInfo gives what the token's grant still covers. Consent decides and records each time; release
// alone opens the capsule.
func (p *Provider) userInfo(ctx context.Context, text string) (json.RawMessage, error) {
	t, err := p.read(kindAccess, text)
	if err != nil || p.over(t) {
		return nil, refuseToken()
	}
	if t.Grant == "" || !t.has(scopeOpenID) {
		return nil, refuseTokenScope()
	}
	claims, err := p.claims(ctx, t)
	if err != nil {
		return nil, err
	}
	return userInfoBody(t, claims), nil
}

// claims releases the token's claims, unless it was revoked: both are looked up on one snapshot. Asking
// with a token that has none is a read too.
func (p *Provider) claims(ctx context.Context, t token) (vault.Claims, error) {
	permit, err := p.o.Consent.Permit(ctx, consent.Reading{
		Grant: t.Grant, Client: t.Client, Claims: t.Claims, Kind: consent.KindUserInfo, Unless: unlessRevoked(t),
	})
	if err != nil {
		return nil, tokenOver(err)
	}
	claims, err := release.Release(ctx, permit, t.Key)
	return claims, tokenOver(err)
}

// tokenOver is the refusal of a token that was revoked, whose grant no longer serves, or whose key opens
// nothing.
func tokenOver(err error) error {
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
