package provider

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
)

// kindAPI is an access token for an API of the vendor's own (RFC 8707): a JWT that the API can read
// (RFC 9068). It holds no claim of the customer but the name that the vendor knows anyway, and not the
// grant's key: nothing here opens with it.
const kindAPI kind = "api"

const apiTokenType = "at+jwt"

// errTarget is the error code of RFC 8707.
const errTarget = "invalid_target"

// apiClaims are the claims of RFC 9068, 2.2.
type apiClaims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience string   `json:"aud"`
	Client   string   `json:"client_id"`
	Expires  int64    `json:"exp"`
	Issued   int64    `json:"iat"`
	ID       string   `json:"jti"`
	Scope    string   `json:"scope,omitempty"`
	AuthTime int64    `json:"auth_time,omitempty"`
	Context  string   `json:"acr,omitempty"`
	Methods  []string `json:"amr,omitempty"`

	Confirmation *confirmation `json:"cnf,omitempty"`
}

// readResources reads which APIs a vendor wants tokens for. It may name those that it registered.
func (q *request) readResources(v identity.Vendor, resources []string) outcome {
	for _, r := range resources {
		if !slices.Contains(v.Protocol.Resources, r) {
			return failure(errTarget, "resource is not registered")
		}
	}
	q.Resources = resources
	return nil
}

func refuseTarget() error {
	answer := &oidc.Error{}
	setText(&answer.ErrorType, errTarget)
	return refuse(http.StatusBadRequest, answer, "resource is not one that was asked for in the beginning")
}

// issueFor begins an answer with an access token for an API, or, when none is named, for UserInfo. It
// may be one that the vendor named when it sent the customer, and no other.
func (p *Provider) issueFor(v identity.Vendor, t token, resource string) (*tokens, error) {
	if resource == "" {
		if t.UserInfoAlg = v.Protocol.UserInfoAlg; t.UserInfoAlg == identity.SigningNone {
			t.UserInfoAlg = "" // that is the form of what the agent makes; a grant from before it is direct
		}
		return p.issueAccess(t), nil
	}
	if !slices.Contains(t.Resources, resource) || !slices.Contains(v.Protocol.Resources, resource) {
		return nil, refuseTarget()
	}
	now := p.o.Now()
	expires := now.Add(p.o.AccessTokenLifetime)
	if !t.Ends.IsZero() {
		expires = earlier(expires, t.Ends)
	}
	claims := apiClaims{
		Issuer: p.o.Issuer, Subject: t.Subject, Audience: resource, Client: string(t.Client), Expires: expires.Unix(),
		Issued: now.Unix(), ID: p.apiName(t), Scope: t.scope(), Methods: t.Methods, Confirmation: confirm(t.Thumbprint),
	}
	if !t.AuthTime.IsZero() {
		claims.AuthTime, claims.Context = t.AuthTime.Unix(), acrKnown
	}
	text, err := p.signAs(apiTokenType, v.SigningAlg, claims)
	if err != nil {
		return nil, fmt.Errorf("access token: %w", err)
	}
	return &tokens{Access: text, Type: t.kindName(), ExpiresIn: int64(expires.Sub(now) / time.Second), Scope: t.scope(), Grant: t.Grant}, nil
}

// apiName is the name of one such token. To us, and to nobody else, it says what the token hangs on.
func (p *Provider) apiName(t token) string {
	kid, box := p.o.Keys.Token()
	b := appendText(appendText(appendText(nil, tokenID()), t.Grant), t.Family)
	return sealBlob(kid, box, string(kindAPI), b)
}

// readAPI opens an access token for an API that comes back to us. It does not look at the clock.
func (p *Provider) readAPI(text string) (token, error) {
	if len(text) > maxBlob {
		return token{}, errBlob
	}
	signed, err := jwt.ParseSigned(text, idTokenAlgorithms)
	if err != nil || len(signed.Headers) != 1 || signed.Headers[0].ExtraHeaders[jose.HeaderType] != apiTokenType {
		return token{}, errBlob
	}
	key, ok := p.publicKey(signed.Headers[0])
	var c apiClaims
	if !ok || signed.Claims(key.Key, &c) != nil || c.Issuer != p.o.Issuer {
		return token{}, errBlob
	}
	name, err := openBlob(c.ID, string(kindAPI), p.o.Keys.TokenByID)
	if err != nil {
		return token{}, errBlob
	}
	f := &fields{rest: string(name)}
	t := token{ID: f.text(), Grant: id.Grant(f.text()), Family: id.Family(f.text())}
	if !f.done() {
		return token{}, errBlob
	}
	t.Client, t.Subject, t.Scopes = id.Client(c.Client), c.Subject, words(c.Scope, maxScopes)
	t.Issued, t.Expires = time.Unix(c.Issued, 0), time.Unix(c.Expires, 0)
	t.Thumbprint = c.Confirmation.thumbprint()
	t.Resources = []string{c.Audience}
	return t, nil
}

// maxScopes is far more than there are.
const maxScopes = 100

// signAs signs claims as a JWT of a type, as a vendor registered or by default.
func (p *Provider) signAs(kind, registered string, claims any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	key, err := p.o.Keys.Signer(cmp.Or(registered, defaultAlgorithm))
	if err != nil {
		return "", err
	}
	return signTyped(key, kind, payload)
}
