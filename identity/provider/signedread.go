package provider

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"strings"

	"github.com/meins-id/meins/identity"
)

const introspectionType = "token-introspection+jwt"

// wantsSigned says whether a vendor wants its answer signed (RFC 9701, 4).
func wantsSigned(r *http.Request) bool {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		if kind, _, err := mime.ParseMediaType(strings.TrimSpace(part)); err == nil && kind == "application/"+introspectionType {
			return true
		}
	}
	return false
}

// signedIntrospection is the answer of RFC 9701, 5, for this vendor alone, encrypted where it registered
// that.
func (p *Provider) signedIntrospection(ctx context.Context, v identity.Vendor, answer introspection) (string, error) {
	signed, err := p.signAs(introspectionType, v.Protocol.IntrospectionAlg, map[string]any{
		"iss": p.o.Issuer, "aud": v.ClientID(), "iat": p.o.Now().Unix(), "token_introspection": answer,
	})
	if err != nil {
		return "", err
	}
	return p.encryptTo(ctx, v, v.Protocol.IntrospectionKeyAlg, signed)
}

// signedUserInfo is UserInfo as a JWT (OpenID Connect Core 5.3.2): the same claims, and who says it to
// whom.
func (p *Provider) signedUserInfo(t token, body json.RawMessage) (string, error) {
	own, err := json.Marshal(struct {
		Issuer   string `json:"iss"`
		Audience string `json:"aud"`
	}{p.o.Issuer, string(t.Client)})
	if err != nil {
		return "", err
	}
	key, err := p.o.Keys.Signer(t.UserInfoAlg)
	if err != nil {
		return "", err
	}
	// Both are objects, and neither is empty: sub is in the one, iss in the other.
	return signJWT(key, append(append(own[:len(own)-1], ','), body[1:]...))
}

// writeJWT answers with a signed body.
func writeJWT(w http.ResponseWriter, kind, text string) {
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write([]byte(text)) // who does not read the answer is gone
}
