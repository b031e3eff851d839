package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/meins-id/meins/identity"
)

const (
	maxObject         = 16 << 10
	maxObjectLifetime = time.Hour // FAPI 2.0 Message Signing, 5.3.1
)

// objectTypes are the values of typ that a request object may have: the one of RFC 9101, and those
// from before it.
var objectTypes = []string{"", "jwt", "oauth-authz-req+jwt"}

// protocolClaims are the claims of a request object that are about the object, and no parameters.
var protocolClaims = []string{"iss", "aud", "exp", "iat", "nbf", "jti", "sub"}

// openRequest reads a request object (RFC 9101): what is in it is the whole request, and what stands
// beside it does not count.
func (p *Provider) openRequest(ctx context.Context, v identity.Vendor, text string) (url.Values, outcome) {
	invalid := func(text string) (url.Values, outcome) { return nil, failure(errInvalidObject, text) }
	if isUnsigned(text) {
		if v.Protocol.RequireSigned { // RFC 9101, 10.5: then it is simply not a valid one
			return invalid("this client must sign its request objects")
		}
		// OpenID Connect Core 6.1 knows them; who may send them, could be anybody.
		return nil, failure(errRequest, "request objects must be signed")
	}
	if len(text) > maxObject {
		return invalid("the request object is too large")
	}
	signed, err := jwt.ParseSigned(text, objectAlgorithms(v))
	if err != nil || len(signed.Headers) != 1 || !isObjectType(signed.Headers[0]) {
		return invalid("the request object is malformed, or signed in a way that is not supported")
	}
	var claims jwt.Claims
	var parameters map[string]json.RawMessage
	if err := p.verifyBy(ctx, v, signed, &claims, &parameters); err != nil {
		return invalid("the request object's signature does not hold")
	}
	if mistake := p.objectMistake(v, claims, parameters); mistake != "" {
		return invalid(mistake)
	}
	form, ok := parametersOf(parameters)
	if !ok {
		return invalid("a parameter in the request object is malformed")
	}
	form.Set("client_id", v.ClientID())
	return form, nil
}

// isUnsigned says whether a text is a JWT that says of itself that nobody signed it.
func isUnsigned(text string) bool {
	head, _, _ := strings.Cut(text, ".")
	raw, err := encoding.DecodeString(head)
	if err != nil || len(text) > maxObject {
		return false
	}
	var header struct {
		Alg string `json:"alg"`
	}
	return json.Unmarshal(raw, &header) == nil && header.Alg == "none"
}

func objectAlgorithms(v identity.Vendor) []jose.SignatureAlgorithm {
	if v.Protocol.RequestAlg != "" {
		return []jose.SignatureAlgorithm{jose.SignatureAlgorithm(v.Protocol.RequestAlg)}
	}
	return algorithmsOf(v)
}

// isObjectType refuses a JWT that was signed to be something else (RFC 9101, 10.8).
func isObjectType(head jose.Header) bool {
	kind, _ := head.ExtraHeaders[jose.HeaderType].(string)
	return slices.Contains(objectTypes, strings.TrimPrefix(strings.ToLower(kind), "application/"))
}

// objectMistake checks who made an object for whom, and when. A vendor that must sign its requests
// must say all of it (FAPI 2.0 Message Signing, 5.3.1); otherwise what is said must be true.
func (p *Provider) objectMistake(v identity.Vendor, c jwt.Claims, parameters map[string]json.RawMessage) string {
	now, strict := p.o.Now(), v.Protocol.RequireSigned
	var client string
	if raw, ok := parameters["client_id"]; ok && json.Unmarshal(raw, &client) != nil {
		return "client_id in the request object is malformed"
	}
	_, nested := parameters["request"]
	_, reference := parameters["request_uri"]
	switch {
	case nested || reference:
		return "a request object must not hold another one"
	case c.Issuer != "" && c.Issuer != v.ClientID() || strict && c.Issuer == "":
		return "iss of the request object is not the client"
	case client != "" && client != v.ClientID() || strict && client == "":
		return "client_id in the request object is not the client"
	case c.Subject == v.ClientID():
		return "sub of the request object is the client: that is a client assertion"
	case len(c.Audience) > 0 && !slices.Contains(c.Audience, p.o.Issuer) || strict && len(c.Audience) == 0:
		return "aud of the request object is not this issuer"
	case c.Expiry != nil && now.After(c.Expiry.Time().Add(clockSkew)):
		return "the request object has expired"
	case c.NotBefore != nil && c.NotBefore.Time().After(now.Add(clockSkew)):
		return "the request object is not valid yet"
	case c.IssuedAt != nil && c.IssuedAt.Time().After(now.Add(clockSkew)):
		return "the request object comes from the future"
	case strict && !isShort(c, now):
		return "the request object needs nbf, and exp at most an hour later"
	}
	return ""
}

// isShort says that an object is young, and soon over.
func isShort(c jwt.Claims, now time.Time) bool {
	return c.NotBefore != nil && c.Expiry != nil && now.Sub(c.NotBefore.Time()) <= maxObjectLifetime &&
		c.Expiry.Time().Sub(c.NotBefore.Time()) <= maxObjectLifetime
}

// parametersOf writes an object's claims as the parameters of a request: texts as they are, numbers
// and objects as JSON, and a list of texts as a parameter that comes several times.
func parametersOf(claims map[string]json.RawMessage) (url.Values, bool) {
	form := url.Values{}
	for name, raw := range claims {
		if slices.Contains(protocolClaims, name) || string(raw) == "null" {
			continue
		}
		var text string
		var texts []string
		switch {
		case json.Unmarshal(raw, &text) == nil:
			form.Set(name, text)
		case name == "resource" && json.Unmarshal(raw, &texts) == nil:
			form[name] = texts
		default:
			var compact bytes.Buffer
			if err := json.Compact(&compact, raw); err != nil {
				return nil, false
			}
			form.Set(name, compact.String())
		}
	}
	return form, size(form) <= maxRequest
}
