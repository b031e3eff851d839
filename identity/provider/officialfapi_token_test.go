package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

func TestFAPISuite_EnsureClientIdInTokenEndpoint(t *testing.T) {
	module(t, nil, func(r *run) {
		// The second client's name, and its assertion signed by the first one's key, or the first one's certificate.
		form := with(codeForm(r.one.code(), r.one.shop), "client_id", string(r.two.ID))
		if r.byKey {
			claims := r.assertionClaims(r.two.keyed, map[string]any{"aud": issuer})
			form = with(form, "client_assertion", sign(r.t, jose.ES256, ecKey(r.t), claims), "client_assertion_type", assertionType)
		}
		wantOneOf(r.t, r.one.send("/oauth/token", form, r.one.proof("/oauth/token")...), 401, "invalid_client")
	})
}

func TestFAPISuite_EnsureHolderOfKeyRequired(t *testing.T) {
	module(t, nil, func(r *run) {
		form := codeForm(r.one.code(), r.one.shop)
		if !r.byProof {
			r.one.badge = badge{}
		}
		a := r.one.send("/oauth/token", r.one.proven(form, nil))
		if r.byKey || r.byProof {
			wantOneOf(r.t, a, 400, "invalid_request")
		} else {
			wantOneOf(r.t, a, 401, "invalid_client")
		}
	})
}

func TestFAPISuite_EnsureAuthorizationCodeIsBoundToClient(t *testing.T) {
	module(t, nil, func(r *run) {
		wantOneOf(r.t, r.two.tokens(codeForm(r.one.code(), r.one.shop)), 400, "invalid_grant")
	})
}

func TestFAPISuite_AttemptReuseAuthorizationCodeAfterOneSecond(t *testing.T) {
	module(t, nil, func(r *run) {
		code := r.one.code()
		a := r.one.redeems(code)
		wantRead(r.t, r.one.reads(a.Access))
		r.clock.move(time.Second)
		wantOneOf(r.t, r.one.tokens(codeForm(code, r.one.shop)), 400, "invalid_grant")
		wantNoRead(r.t, r.one.reads(a.Access))
	})
}

func TestFAPISuite_AttemptToUseExpiredAuthCode(t *testing.T) {
	module(t, nil, func(r *run) {
		code := r.one.code()
		r.clock.move(62 * time.Second)
		wantOneOf(r.t, r.one.tokens(codeForm(code, r.one.shop)), 400, "invalid_grant")
	})
}

func TestFAPISuite_EnsureClientAssertionInTokenEndpoint(t *testing.T) { // and all assertions that do not hold, at either endpoint
	module(t, plan.isByKey, func(r *run) {
		at := func(d time.Duration) int64 { return r.clock.now().Add(d).Unix() }
		form := codeForm(r.one.code(), r.one.shop)
		late := map[string]any{"iat": at(62 * time.Second), "nbf": at(62 * time.Second), "exp": at(122 * time.Second)}
		for name, change := range map[string]map[string]any{
			"EnsureClientAssertionWithExpIs5MinutesInPastFails": {"exp": at(-5 * time.Minute)}, "EnsureClientAssertionWithNoSubFails": {"sub": nil},
			"EnsureClientAssertionWithWrongAudFails": {"aud": "https://other.example/token"}, "PAREndpointAsArrayAudienceFails": {"aud": []string{issuer, "https://other.example"}},
			"PAREndpointAsAudienceFails": {"aud": issuer + "/oauth/par"}, "PARTokenEndpointAsAudienceFails": {"aud": issuer + "/oauth/token"},
			"PAREnsureJWTClientAssertionWithIatNbfOver60SecondsInTheFutureFails": late,
		} {
			for path, form := range map[string]url.Values{"/oauth/token": form, "/oauth/par": r.one.object(r.one.asks(), nil)} {
				if a := r.one.send(path, r.one.proven(form, change), r.one.proof(path)...); a.Status != 401 || a.Error != "invalid_client" {
					r.t.Errorf("%s at %s: %d %s", name, path, a.Status, a.Body)
				}
			}
		}
		wantOneOf(r.t, r.one.send("/oauth/token", with(form, "client_id", string(r.one.ID)), r.one.proof("/oauth/token")...), 401, "invalid_client")
		if r.asRSA { // EnsureSignedClientAssertionWithRS256Fails
			claims := r.assertionClaims(r.one.keyed, map[string]any{"aud": issuer})
			weak := with(form, "client_assertion", sign(r.t, jose.RS256, r.one.key, claims), "client_assertion_type", assertionType)
			wantOneOf(r.t, r.one.send("/oauth/token", weak, r.one.proof("/oauth/token")...), 401, "invalid_client")
		}
		// PAREnsureJWTClientAssertionWithIatNbf8SecondsInTheFutureIsAccepted
		soon := map[string]any{"iat": at(8 * time.Second), "nbf": at(8 * time.Second), "exp": at(68 * time.Second)}
		if a := r.one.send("/oauth/par", r.one.proven(r.one.object(r.one.asks(), nil), soon)); a.Status != http.StatusCreated {
			r.t.Errorf("8 seconds ahead: %d %s", a.Status, a.Body)
		}
		if a := r.one.tokens(form); a.Status != http.StatusOK {
			r.t.Errorf("nothing of it used the code up: %d %s", a.Status, a.Body)
		}
	})
}

func TestFAPISuite_DpopNegativeTests(t *testing.T) {
	module(t, plan.isByProof, func(r *run) {
		a, p := r.one.redeems(r.one.code()), r.one.prover
		now := r.clock.now()
		for name, change := range map[string]map[string]any{
			"no jti": {"jti": nil}, "no htm": {"htm": nil}, "no htu": {"htu": nil}, "no iat": {"iat": nil}, "no ath": {"ath": nil}, "htm PUT": {"htm": "PUT"},
			"another htu": {"htu": issuer + "/oauth/userinfoohnonotagain"}, "another ath": {"ath": b64(strings.Repeat("a", 32))},
			"an hour ahead": {"iat": now.Add(time.Hour).Unix()}, "an hour ago": {"iat": now.Add(-time.Hour).Unix()},
			// Without a nonce too: the suite counts a request for one as leave to send the same again with it.
			"an hour ahead, no nonce": {"iat": now.Add(time.Hour).Unix(), "nonce": nil},
		} {
			if got := r.one.reads(a.Access, r.one.readProof(a.Access, change)); got.Status != 401 || got.Error != "invalid_dpop_proof" {
				r.t.Errorf("%s: %d %s", name, got.Status, got.Body)
			}
		}
		good := r.one.readProof(a.Access, nil)
		parts := strings.Split(good, ".")
		head := func(old, new string) string {
			raw, err := encodingOf(parts[0])
			r.must(err)
			return b64(strings.Replace(raw, old, new, 1)) + "." + parts[1] + "." + parts[2]
		}
		stranger := *p
		stranger.key, stranger.alg = ecKey(r.t), jose.ES256
		for name, proofs := range map[string][]string{
			"two": {good, r.one.readProof(a.Access, nil)}, "two parts": {parts[0] + "." + parts[1]}, "no typ": {head(`"typ"`, `"tip"`)}, "no alg": {head(`"alg"`, `"alg2"`)},
			"another typ": {head("dpop+jwt", "dpop+jwt+wrong")}, "no jwk": {head(`"jwk"`, `"jwq"`)}, "none": {none(r.t, p.claims("GET", "/oauth/userinfo", a.Access, nil))},
			"signature": {changed(good)}, "private key": {head(`"kty"`, `"d":"AAAA","kty"`)}, "another key": {stranger.sign(stranger.claims("GET", "/oauth/userinfo", a.Access, nil))}, "no proof": {},
		} {
			if got := r.one.reads(a.Access, proofs...); len(proofs) > 0 || name == "no proof" {
				wantNoRead(r.t, got)
			}
		}
		if r.asRSA {
			weak := *p
			weak.alg = jose.RS256
			wantNoRead(r.t, r.one.reads(a.Access, weak.sign(weak.claims("GET", "/oauth/userinfo", a.Access, nil))))
			for path, form := range map[string]url.Values{"/oauth/par": r.one.object(r.one.asks(), nil), "/oauth/token": refreshForm(a.Refresh)} {
				wantOneOf(r.t, r.one.send(path, r.one.proven(form, nil), weak.sign(weak.claims("POST", path, "", nil))), 400, "invalid_dpop_proof")
			}
		}
		wantNoRead(r.t, r.request(r.one.badge, http.MethodGet, "/oauth/userinfo", nil, http.Header{"Authorization": {"Bearer " + a.Access}}))
		for _, change := range []map[string]any{
			{"htu": issuer + "/oauth/userinfo?x=1#y"},
			{"htu": strings.Replace(issuer, "http", "HTTP", 1) + "/oauth/userinfo"},
			{"tx_id_key": 7},
			{"jti": "fixed"},
			{"htu": strings.ToUpper(mtlsAddress) + ":443/oauth/userinfo"},
		} {
			wantRead(r.t, r.one.reads(a.Access, r.one.readProof(a.Access, change)))
		}
		wantNoRead(r.t, r.one.reads(a.Access, r.one.readProof(a.Access, map[string]any{"jti": "fixed"})))
		wantRead(r.t, r.one.reads(a.Access))
	})
}

func TestFAPISuite_RefreshToken(t *testing.T) {
	module(t, nil, func(r *run) {
		a := r.one.redeems(r.one.code())
		first := claimsOf(r.t, a.ID)
		r.clock.move(time.Second)
		if r.byProof && !r.asRSA { // a confidential client may come with a new key
			r.one.prover.key = ecKey(r.t)
		}
		next := r.one.tokens(with(refreshForm(a.Refresh), "scope", "openid email offline_access"))
		if next.Status != http.StatusOK || next.Access == a.Access || next.Type != a.Type || next.Header.Get("Cache-Control") != "no-store" {
			r.t.Fatalf("%d %s", next.Status, next.Body)
		}
		wantRead(r.t, r.one.reads(next.Access))
		second := claimsOf(r.t, next.ID)
		for _, name := range []string{"iss", "sub", "aud", "auth_time", "azp"} {
			if first[name] != second[name] {
				r.t.Errorf("%s: %v, then %v", name, first[name], second[name])
			}
		}
		if first["iat"] == second["iat"] || next.Refresh != "" {
			r.t.Error("the ID token is not new, or the refresh token is")
		}
		bare := r.one.badge
		if !r.byProof {
			r.one.badge = badge{}
		}
		lacking := r.one.send("/oauth/token", r.one.proven(refreshForm(a.Refresh), nil))
		if r.byKey || r.byProof {
			wantOneOf(r.t, lacking, 400, "invalid_request", "invalid_grant")
		} else {
			wantOneOf(r.t, lacking, 401, "invalid_client")
		}
		r.one.badge = bare
		other := r.two.redeems(r.two.code())
		wantNoRead(r.t, r.one.reads(other.Access))
		wantOneOf(r.t, r.one.tokens(refreshForm(other.Refresh)), 400, "invalid_grant")
		if again := r.one.tokens(refreshForm(a.Refresh)); again.Status != http.StatusOK {
			r.t.Errorf("the same token later: %d %s", again.Status, again.Body)
		}
	})
}

func TestFAPISuite_PARAttemptReuseRequestUri(t *testing.T) { // and PAREnsureServerAcceptsReusedRequestUriBeforeAuthenticationCompletion
	module(t, nil, func(r *run) {
		q := r.one.named(r.one.pushes(r.one.object(r.one.asks(), nil)))
		r.flow(q) // looked at once, and left
		if said := r.one.answered(q); said["code"] == nil {
			r.t.Errorf("%v", said)
		}
		if said := r.one.said(r.authorize(q, "").String()); said["error"] != "invalid_request_uri" || said["code"] != nil {
			r.t.Errorf("%v", said)
		}
	})
}

func TestFAPISuite_PARAttemptToUseExpiredRequestUri(t *testing.T) {
	module(t, nil, func(r *run) {
		q := r.one.named(r.one.pushes(r.one.object(r.one.asks(), nil)))
		r.clock.move(90 * time.Second)
		if said := r.one.said(r.authorize(q, "").String()); said["error"] != "invalid_request_uri" {
			r.t.Errorf("%v", said)
		}
	})
}

func TestFAPISuite_PAREnsureRequestUriIsBoundToClient(t *testing.T) {
	module(t, nil, func(r *run) {
		q := r.two.named(r.one.pushes(r.one.object(r.one.asks(), nil)))
		if rec := r.get("/oauth/authorize?"+q.Encode(), ""); rec.Code != http.StatusBadRequest || rec.Header().Get("Location") != "" {
			r.t.Errorf("%d", rec.Code)
		}
	})
}

func TestFAPISuite_PARRejectRequestUriInParAuthorizationFormParams(t *testing.T) {
	module(t, nil, func(r *run) {
		form := with(r.one.object(r.one.asks(), nil), "request_uri", "urn:ietf:params:oauth:request_uri:x")
		r.one.pushFails(form, "invalid_request", "invalid_request_object", "request_uri_not_supported")
	})
}

func TestFAPISuite_PARRejectInvalidHttpVerb(t *testing.T) {
	module(t, nil, func(r *run) {
		form := r.one.proven(r.one.object(r.one.asks(), nil), nil)
		if a := r.request(r.one.badge, http.MethodPut, "/oauth/par", form, http.Header{}); a.Status != http.StatusMethodNotAllowed {
			r.t.Errorf("%d %s", a.Status, a.Body)
		}
	})
}

func TestFAPISuite_PAREnsurePKCERequired(t *testing.T) { // and PAREnsurePlainPKCERejected
	module(t, nil, func(r *run) {
		r.one.pushFails(r.one.object(r.one.asks("code_challenge", "", "code_challenge_method", ""), nil), "invalid_request")
		r.one.pushFails(r.one.object(r.one.asks("code_challenge", verifier, "code_challenge_method", "plain"), nil), "invalid_request")
	})
}

func TestFAPISuite_PAREnsurePKCECodeVerifierRequired(t *testing.T) { // and PARIncorrectPKCECodeVerifierRejected
	module(t, nil, func(r *run) {
		form := codeForm(r.one.code(), r.one.shop)
		for _, wrong := range []string{"", strings.Repeat("w", 43)} {
			bad := with(form, "code_verifier", wrong)
			if wrong == "" {
				bad.Del("code_verifier")
			}
			wantOneOf(r.t, r.one.tokens(bad), 400, "invalid_grant")
		}
	})
}

func TestFAPISuite_ParWithoutDuplicateParameters(t *testing.T) {
	module(t, nil, func(r *run) { // the name of the request and of the client alone: named() says no more
		wantRead(r.t, r.one.reads(r.one.redeems(r.one.code()).Access))
	})
}
