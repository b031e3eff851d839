package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/vault"
)

// Bounds of what is only passed on, in bytes.
const (
	maxLoginHint = 320
	maxLocales   = 16
)

// readRequest checks a request in this order; the first mistake that is found is the answer. The
// vendor and its address were checked before.
func (p *Provider) readRequest(ctx context.Context, v identity.Vendor, form url.Values) (request, outcome) {
	q := request{
		Client: v.ID, Document: documentClient(v), RedirectURI: form.Get("redirect_uri"), State: form.Get("state"), Nonce: form.Get("nonce"),
		Challenge: form.Get("code_challenge"), LoginHint: loginHint(form.Get("login_hint")),
		UILocales: words(form.Get("ui_locales"), maxLocales), Issued: p.o.Now(), Mode: form.Get("response_mode"),
	}
	for _, check := range []func(*request) outcome{
		func(*request) outcome { return checkShape(form) },
		func(*request) outcome { return checkResponse(v, form) },
		func(q *request) outcome { return q.readScopes(v, form) },
		func(q *request) outcome { return q.checkProof(v, form.Get("code_challenge_method")) },
		func(q *request) outcome { return q.readResources(v, form["resource"]) },
		func(q *request) outcome { return q.readThumbprint(form.Get("dpop_jkt")) },
		func(q *request) outcome { return q.readPrompt(v, form) },
		func(q *request) outcome { return q.readClaims(form.Get("claims")) },
		func(q *request) outcome { return q.readDetails(v, form.Get("authorization_details")) },
		func(q *request) outcome { return p.readHint(v, q, form.Get("id_token_hint")) },
		func(q *request) outcome { return p.readGrantAction(ctx, v, q, form) },
	} {
		if wrong := check(&q); wrong != nil {
			return request{}, wrong
		}
	}
	return q, nil
}

// checkShape refuses parameters that come twice (RFC 6749, 3.1), and requests in another form.
func checkShape(form url.Values) outcome {
	for name, values := range form {
		if len(values) > 1 && name != "resource" { // RFC 8707, 2
			return failure(errInvalidRequest, "a parameter is repeated")
		}
	}
	switch {
	case form.Get("registration") != "":
		return failure(errRegistration, "registration in the request is not supported")
	}
	return nil
}

// checkResponse admits the authorization code, and no other response type.
func checkResponse(v identity.Vendor, form url.Values) outcome {
	responseType := form.Get("response_type")
	switch {
	case responseType == "":
		return failure(errInvalidRequest, "response_type is missing")
	case responseType != string(oidc.ResponseTypeCode):
		return failure(errUnsupportedResponse, "response_type must be code")
	case !allows(v, grantCode):
		return failure(errUnauthorizedClient, "this client may not use this grant type")
	}
	if mistake := modeMistake(form.Get("response_mode"), form.Get("redirect_uri")); mistake != "" {
		return failure(errInvalidRequest, mistake)
	}
	if !responseFits(v, form.Get("response_mode")) {
		return failure(errInvalidRequest, "this client must ask for a signed response")
	}
	return nil
}

// readScopes keeps the scopes that mean something here. A vendor that cannot use refresh tokens does
// not get to ask the customer for them.
func (q *request) readScopes(v identity.Vendor, form url.Values) outcome {
	for _, scope := range strings.Fields(form.Get("scope")) {
		known := scope == scopeOpenID || scope == scopeOffline && allows(v, grantRefresh) || len(vault.ScopeNames(scope)) > 0
		if known && mayAsk(v, scope) && !slices.Contains(q.Scopes, scope) {
			q.Scopes = append(q.Scopes, scope)
		}
	}
	if !slices.Contains(q.Scopes, scopeOpenID) {
		return failure(errInvalidScope, "scope must contain openid")
	}
	return nil
}

// checkProof wants PKCE with S256 of everybody (RFC 7636, RFC 9700) but of vendors that the operator
// excused. A missing method means plain.
func (q *request) checkProof(v identity.Vendor, method string) outcome {
	switch {
	case q.Challenge == "" && method == "" && q.excused(v):
		return nil
	case q.Challenge == "":
		return failure(errInvalidRequest, "code_challenge is missing")
	case method != string(oidc.CodeChallengeMethodS256):
		return failure(errInvalidRequest, "code_challenge_method must be S256")
	case !isChallenge(q.Challenge):
		return failure(errInvalidRequest, "code_challenge is malformed")
	}
	return nil
}

// readThumbprint reads which key the code is to be bound to (RFC 9449, 10).
func (q *request) readThumbprint(text string) outcome {
	if text != "" && !isThumbprint(text) {
		return failure(errInvalidRequest, "dpop_jkt is malformed")
	}
	q.Thumbprint = text
	return nil
}

// excused says whether this request may come without PKCE. A public vendor has nothing else that
// ties a code to its request.
func (q *request) excused(v identity.Vendor) bool {
	switch v.Protocol.PKCE {
	case identity.PKCEOrNonce:
		return !v.Public && q.Nonce != ""
	case identity.PKCEOptional:
		return !v.Public
	}
	return false
}

// readPrompt reads how the customer is to be asked.
func (q *request) readPrompt(v identity.Vendor, form url.Values) outcome {
	q.Prompt = strings.Fields(form.Get("prompt"))
	for _, value := range q.Prompt {
		if !slices.Contains([]string{promptNone, promptLogin, promptConsent, promptSelect, promptCreate}, value) {
			return failure(errInvalidRequest, "prompt has an unknown value")
		}
	}
	if q.prompts(promptNone) && len(q.Prompt) > 1 {
		return failure(errInvalidRequest, "prompt none cannot be combined")
	}
	q.MaxAge = v.Protocol.DefaultMaxAge
	if text := form.Get("max_age"); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 32)
		if err != nil || seconds < 0 {
			return failure(errInvalidRequest, "max_age is malformed")
		}
		q.MaxAge = &seconds
	}
	return nil
}

// readClaims reads the claims parameter: who is meant, and how well they must be known, concerns the
// login; the rest is for consent.
func (q *request) readClaims(raw string) outcome {
	if raw == "" {
		return nil
	}
	claims, err := consent.ParseClaims([]byte(raw))
	if err != nil {
		return failure(errInvalidRequest, "claims is malformed")
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(raw)); err != nil {
		return failure(errInvalidRequest, "claims is malformed")
	}
	q.Claims = compact.Bytes()
	if !meets(claims.IDToken["acr"]) {
		return failure(errUnmet, "the required acr cannot be met")
	}
	for _, wanted := range []*consent.ClaimRequest{claims.IDToken["sub"], claims.UserInfo["sub"]} {
		if wrong := q.readSubject(wanted); wrong != nil {
			return wrong
		}
	}
	return nil
}

// readSubject reads whom the vendor means (OpenID Connect Core 5.5.1); two different people are nobody.
func (q *request) readSubject(wanted *consent.ClaimRequest) outcome {
	if wanted == nil {
		return nil
	}
	raw := wanted.Values
	if len(wanted.Value) > 0 {
		raw = []json.RawMessage{wanted.Value}
	}
	subjects := make([]string, len(raw))
	for i := range raw {
		if err := json.Unmarshal(raw[i], &subjects[i]); err != nil || subjects[i] == "" {
			return failure(errInvalidRequest, "claims is malformed")
		}
	}
	return q.mean(subjects...)
}

// mean leaves of those who may answer the ones that are named; no name changes nothing.
func (q *request) mean(subjects ...string) outcome {
	if len(subjects) == 0 {
		return nil
	}
	strangers := func(s string) bool { return !q.concerns(s) }
	if subjects = slices.DeleteFunc(subjects, strangers); len(subjects) == 0 {
		return failure(errLoginRequired, "the request means two different customers")
	}
	q.Subjects = subjects
	return nil
}

// meets says whether our one authentication context satisfies an essential wish for acr (OpenID
// Connect Core 5.5.1.1); a voluntary one always is satisfied.
func meets(wanted *consent.ClaimRequest) bool {
	if wanted == nil || !wanted.Essential {
		return true
	}
	values := wanted.Values
	if len(wanted.Value) > 0 {
		values = append(values[:len(values):len(values)], wanted.Value)
	}
	return len(values) == 0 || slices.ContainsFunc(values, func(raw json.RawMessage) bool {
		var s string
		return json.Unmarshal(raw, &s) == nil && s == acrKnown
	})
}

// readHint reads the ID token that says whom the vendor means. One that this vendor was not given, or
// that is not ours at all, is a mistake of the request; an old one is not.
func (p *Provider) readHint(v identity.Vendor, q *request, hint string) outcome {
	if hint == "" {
		return nil
	}
	claims, err := p.readIDToken(hint)
	if err != nil || !slices.Contains(claims.Audience, v.ClientID()) {
		return failure(errInvalidRequest, "id_token_hint is not valid")
	}
	return q.mean(claims.Subject)
}

// loginHint passes a hint on that a person could have typed.
func loginHint(s string) string {
	if len(s) > maxLoginHint || strings.ContainsFunc(s, unicode.IsControl) {
		return ""
	}
	return s
}

// words splits at spaces, and gives at most so many.
func words(s string, most int) []string {
	list := strings.Fields(s)
	return list[:min(len(list), most)]
}
