package provider_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/consent"
)

// The names are those of the modules of the official conformance suite's plans for FAPI 2.0 (final), behind
// FAPI2SPFinal: each sends what the module sends, and wants what it wants. Where a test holds several of
// them, they are named in or beside it; docs/conformance.md lists all.

func TestFAPISuite_DiscoveryEndpointVerification(t *testing.T) {
	module(t, nil, func(r *run) {
		for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
			rec := r.get(path, "")
			var d map[string]any
			r.must(json.Unmarshal(rec.Body.Bytes(), &d))
			if rec.Code != http.StatusOK || !strings.HasPrefix(rec.Header().Get("Content-Type"), "application/json") || d["issuer"] != issuer {
				r.t.Errorf("%s: %d", path, rec.Code)
			}
			for name, one := range map[string]string{
				"response_types_supported": "code", "response_modes_supported": "jwt", "scopes_supported": "openid", "code_challenge_methods_supported": "S256",
				"authorization_signing_alg_values_supported": "ES256", "id_token_signing_alg_values_supported": "ES256", "dpop_signing_alg_values_supported": "ES256",
				"userinfo_signing_alg_values_supported": "PS256", "token_endpoint_auth_signing_alg_values_supported": "PS256", "request_object_signing_alg_values_supported": "PS256",
				"subject_types_supported": "pairwise", "grant_types_supported": "refresh_token",
			} {
				if list, _ := d[name].([]any); !slices.Contains(list, any(one)) {
					r.t.Errorf("%s lacks %s: %v", name, one, list)
				}
			}
			for _, method := range []string{"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"} {
				if list, _ := d["token_endpoint_auth_methods_supported"].([]any); !slices.Contains(list, any(method)) {
					r.t.Errorf("no %s", method)
				}
			}
			if d["authorization_response_iss_parameter_supported"] != true || d["tls_client_certificate_bound_access_tokens"] != true {
				r.t.Error("iss or certificate-bound tokens are not told")
			}
			aliases, _ := d["mtls_endpoint_aliases"].(map[string]any)
			for _, name := range []string{"token_endpoint", "userinfo_endpoint", "pushed_authorization_request_endpoint"} {
				if d[name] == nil || aliases[name] == nil {
					r.t.Errorf("no %s", name)
				}
			}
		}
	})
}

func TestFAPISuite_HappyFlow(t *testing.T) {
	module(t, nil, func(r *run) {
		a := r.one.redeems(r.one.code("nonce", "0123456789"))
		verifyIDToken(r.t, r.world, a, "ES256")
		if claims := claimsOf(r.t, a.ID); claims["nonce"] != "0123456789" || claims["iss"] != issuer || claims["aud"] != string(r.one.ID) || claims["email"] != nil {
			r.t.Errorf("%v", claims)
		}
		wantRead(r.t, r.one.reads(a.Access))
		address := r.request(r.one.badge, http.MethodGet, "/oauth/userinfo?access_token="+url.QueryEscape(a.Access), nil, http.Header{})
		wantNoRead(r.t, address)
		for _, accept := range []string{"application/json;charset=utf-8", "application/json, application/*+json, */*"} {
			wantRead(r.t, r.one.readsAt("/oauth/userinfo", a.Access, http.Header{"Accept": {accept}, "X-Fapi-Interaction-Id": {"c770aef3-6784-41f7-8e0e-ff5f97bddb3a"}}))
		}
		// The second client: an address with a query, a long state and nonce, dpop_jkt without a proof.
		change := []string{"redirect_uri", r.two.RedirectURIs[1], "state", strings.Repeat("s", 128), "nonce", strings.Repeat("n", 43)}
		if r.byProof {
			change = append(change, "dpop_jkt", r.two.prover.thumbprint())
		}
		to := r.customer().answered(r.two.named(r.two.pushes(r.two.object(r.two.asks(change...), nil))), "email")
		said := r.two.said(to)
		code, _ := said["code"].(string)
		if !strings.HasPrefix(to, r.two.RedirectURIs[1]+"&") || said["state"] != strings.Repeat("s", 128) {
			r.t.Errorf("%s", to)
		}
		b := r.two.tokens(with(codeForm(code, r.two.shop), "redirect_uri", r.two.RedirectURIs[1]))
		wantRead(r.t, r.two.reads(b.Access))
		wantNoRead(r.t, r.one.reads(b.Access)) // by the first client's key
	})
}

func TestFAPISuite_UserRejectsAuthentication(t *testing.T) {
	module(t, nil, func(r *run) {
		for _, address := range r.two.RedirectURIs {
			c := r.customer()
			flow := r.flow(r.two.named(r.two.pushes(r.two.object(r.two.asks("redirect_uri", address), nil))))
			next, err := r.p.Next(r.t.Context(), flow, &c.session)
			r.must(err)
			to, err := r.p.Deny(r.t.Context(), c.session, flow, consent.Refusal{Digest: next.Digest, Locale: "en"})
			r.must(err)
			if said := r.two.said(to); said["error"] != "access_denied" || said["state"] != "st-ate" || said["code"] != nil || !strings.HasPrefix(to, address) {
				r.t.Errorf("%s: %v", to, said)
			}
		}
	})
}

func TestFAPISuite_EnsureServerAcceptsRequestObjectWithMultipleAud(t *testing.T) {
	module(t, plan.isSigned, func(r *run) {
		uri := r.one.pushes(r.one.object(r.one.asks(), map[string]any{"aud": []string{"https://other.example", issuer, "invalid"}}))
		if said := r.one.answered(r.one.named(uri)); said["code"] == nil {
			r.t.Errorf("%v", said)
		}
	})
}

func TestFAPISuite_EnsureAuthorizationRequestWithoutStateSuccess(t *testing.T) {
	module(t, nil, func(r *run) {
		said := r.one.answered(r.one.named(r.one.pushes(r.one.object(r.one.asks("state", ""), nil))))
		if _, there := said["state"]; there || said["code"] == nil {
			r.t.Errorf("%v", said)
		}
	})
}

func TestFAPISuite_EnsureAuthorizationRequestWithoutNonceSuccess(t *testing.T) {
	module(t, nil, func(r *run) {
		if a := r.one.redeems(r.one.code("nonce", "")); claimsOf(r.t, a.ID)["nonce"] != nil {
			r.t.Error("a nonce that nobody sent")
		}
	})
}

func TestFAPISuite_EnsureAuthorizationRequestWithLongNonce(t *testing.T) { // and With64CharNonceSuccess
	module(t, nil, func(r *run) {
		for _, length := range []int{64, 384} {
			nonce := strings.Repeat("n", length)
			if a := r.one.redeems(r.one.code("nonce", nonce)); claimsOf(r.t, a.ID)["nonce"] != nonce {
				r.t.Errorf("%d: another nonce", length)
			}
		}
	})
}

func TestFAPISuite_EnsureAuthorizationRequestWithLongState(t *testing.T) {
	module(t, nil, func(r *run) {
		state := strings.Repeat("s", 1000)
		if said := r.one.answered(r.one.named(r.one.pushes(r.one.object(r.one.asks("state", state), nil)))); said["state"] != state || said["code"] == nil {
			r.t.Errorf("%v", said)
		}
	})
}

func TestFAPISuite_EnsureOtherScopeOrderSucceeds(t *testing.T) {
	module(t, nil, func(r *run) {
		wantRead(r.t, r.one.reads(r.one.redeems(r.one.code("scope", "offline_access email openid")).Access))
	})
}

func TestFAPISuite_TestClaimsParameterIdentityClaims(t *testing.T) {
	module(t, nil, func(r *run) {
		asked := `{"name":{"essential":true},"email":null,"address":{"essential":false},"phone_number":{"value":"+1"},"no_such_claim":null,"kxz":{"values":["a"]}}`
		q := r.one.asks("claims", `{"userinfo":`+asked+`,"id_token":`+asked+`,"elsewhere":{"x":null}}`)
		said := r.one.said(r.customer().answered(r.one.named(r.one.pushes(r.one.object(q, nil))), "email", "name"))
		code, _ := said["code"].(string)
		a := r.one.redeems(code)
		info := r.one.reads(a.Access)
		wantRead(r.t, info)
		claims, read := claimsOf(r.t, a.ID), map[string]any{}
		r.must(json.Unmarshal([]byte(info.Body), &read))
		if claims["name"] != theName || read["name"] != theName || read["sub"] != claims["sub"] || claims["no_such_claim"] != nil || claims["address"] != nil {
			r.t.Errorf("%v\n%v", claims, read)
		}
	})
}

func TestFAPISuite_AccessTokenTypeHeaderCaseSensitivity(t *testing.T) {
	module(t, nil, func(r *run) {
		a := r.one.redeems(r.one.code())
		scheme, proofs := "bEARER ", []string(nil)
		if r.byProof {
			scheme, proofs = "dpOp ", []string{r.one.readProof(a.Access, nil)}
		}
		wantRead(r.t, r.request(r.one.badge, http.MethodGet, "/oauth/userinfo", nil, http.Header{"Authorization": {scheme + a.Access}, "Dpop": proofs}))
	})
}

func TestFAPISuite_CheckDpopProofNbfExp(t *testing.T) { // and EnsureDpopProofWithIat10SecondsBefore/AfterSucceeds
	module(t, plan.isByProof, func(r *run) {
		now := r.clock.now()
		for name, change := range map[string]map[string]any{
			"nbf and exp": {"nbf": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()},
			"10 s before": {"iat": now.Add(-10 * time.Second).Unix()}, "10 s after": {"iat": now.Add(10 * time.Second).Unix()},
		} {
			p := r.one.prover
			a := r.one.send("/oauth/token", r.one.proven(codeForm(r.one.code(), r.one.shop), nil), p.sign(p.claims("POST", "/oauth/token", "", change)))
			if a.Status != http.StatusOK {
				r.t.Fatalf("%s: %d %s", name, a.Status, a.Body)
			}
			wantRead(r.t, r.one.reads(a.Access, r.one.readProof(a.Access, change)))
		}
	})
}

func TestFAPISuite_EnsureMismatchedDpopJktFails(t *testing.T) {
	module(t, plan.isByProof, func(r *run) {
		form := r.one.object(r.one.asks("dpop_jkt", r.two.prover.thumbprint()), nil)
		wantOneOf(r.t, r.one.send("/oauth/par", r.one.proven(form, nil), r.one.proof("/oauth/par")...), 400, "invalid_request", "invalid_dpop_proof")
	})
}

func TestFAPISuite_EnsureTokenEndpointFailsWithMismatchedDpopJkt(t *testing.T) { // and ...DpopProofJkt
	module(t, plan.isByProof, func(r *run) {
		stranger := r.prover(r.t, r.vendor())
		wrong := stranger.sign(stranger.claims("POST", "/oauth/token", "", nil))
		uri := r.one.pushes(r.one.object(r.one.asks(), nil), r.one.proof("/oauth/par")...)
		byProof, _ := r.one.answered(r.one.named(uri))["code"].(string)
		for name, code := range map[string]string{"dpop_jkt": r.one.code("dpop_jkt", r.one.prover.thumbprint()), "proof": byProof} {
			form := codeForm(code, r.one.shop)
			wantOneOf(r.t, r.one.send("/oauth/token", r.one.proven(form, nil), wrong), 400, "invalid_request", "invalid_grant", "invalid_dpop_proof")
			if a := r.one.tokens(form); a.Status != http.StatusOK { // EnsureDpopAuthCodeBindingSuccess, EnsureDpopProofAtParEndpointBindingSuccess
				r.t.Errorf("%s: %d %s", name, a.Status, a.Body)
			}
		}
	})
}

func TestFAPISuite_EnsureDifferentStateInsideAndOutsideRequestObject(t *testing.T) { // and ...Nonce..., StateOnlyOutsideRequestObjectNotUsed
	module(t, nil, func(r *run) {
		for _, state := range []string{"inside", ""} {
			q := with(r.one.named(r.one.pushes(r.one.object(r.one.asks("state", state), nil))), "state", "outside", "nonce", "outside",
				"scope", "openid email", "response_type", "code", "redirect_uri", shopReturn) // what OAuth 2.0 alone would want outside
			said := r.one.answered(q)
			code, _ := said["code"].(string)
			if got, _ := said["state"].(string); got != state || claimsOf(r.t, r.one.tokens(codeForm(code, r.one.shop)).ID)["nonce"] != "no-nce" {
				r.t.Errorf("%q: %v", state, said)
			}
		}
	})
}

func TestFAPISuite_EnsureRequestObjectWithoutExpFails(t *testing.T) { // and all other objects that do not hold
	module(t, plan.isSigned, func(r *run) {
		now := r.clock.now()
		at := func(d time.Duration) int64 { return now.Add(d).Unix() }
		for name, change := range map[string]map[string]any{
			"EnsureRequestObjectWithoutExpFails": {"exp": nil}, "EnsureRequestObjectWithoutNbfFails": {"nbf": nil},
			"EnsureExpiredRequestObjectFails": {"exp": at(-5 * time.Minute)}, "EnsureRequestObjectWithBadAudFails": {"aud": "https://other.example"},
			"EnsureRequestObjectWithExpOver60Fails": {"exp": at(70 * time.Minute)}, "EnsureRequestObjectWithNbfOver60Fails": {"nbf": at(-70 * time.Minute)},
			"PARRejectRequestUriInParAuthorizationRequest": {"request_uri": "urn:ietf:params:oauth:request_uri:x"},
		} {
			if a := r.one.send("/oauth/par", r.one.proven(r.one.object(r.one.asks(), change), nil)); a.Status != 400 || a.Error != "invalid_request_object" {
				r.t.Errorf("%s: %d %s", name, a.Status, a.Body)
			}
		}
		r.one.pushFails(r.one.object(r.one.asks(), map[string]any{"redirect_uri": nil}), "invalid_request", "invalid_request_object") // WithoutRedirectUri
		claims := r.world.object(r.one.shop, r.one.asks(), nil)
		for name, object := range map[string]string{
			"EnsureRequestObjectSignatureAlgorithmIsNotNone": none(r.t, claims), "EnsureMatchingKeyInAuthorizationRequest": sign(r.t, jose.ES256, ecKey(r.t), claims),
			"EnsureRequestObjectWithInvalidSignatureFails": changed(sign(r.t, r.one.alg, r.one.key, claims)),
		} {
			if a := r.one.send("/oauth/par", r.one.proven(url.Values{"request": {object}}, nil)); a.Status != 400 || a.Error != "invalid_request_object" {
				r.t.Errorf("%s: %d %s", name, a.Status, a.Body)
			}
		}
		if r.asRSA { // EnsureSignedRequestObjectWithRS256Fails
			r.one.pushFails(url.Values{"request": {sign(r.t, jose.RS256, r.one.key, claims)}}, "invalid_request_object")
		}
		r.one.pushFails(r.one.asks(), "invalid_request") // EnsureUnsignedRequestAtParEndpointFails
		r.one.pushes(r.one.object(r.one.asks(), map[string]any{"nbf": at(8 * time.Second)}))
	})
}

func TestFAPISuite_TolerateUnregisteredRedirectUri(t *testing.T) { // and EnsureRedirectUriInAuthorizationRequest
	module(t, nil, func(r *run) {
		for _, address := range []string{shopReturn + "x", ""} {
			r.one.pushFails(r.one.object(r.one.asks("redirect_uri", address), nil), "invalid_request", "invalid_request_object")
		}
	})
}

func TestFAPISuite_EnsureUnsignedAuthorizationRequestWithoutUsingParFails(t *testing.T) {
	module(t, nil, func(r *run) {
		said := r.one.said(r.authorize(r.one.asks(), "").String())
		if said["error"] != "invalid_request" || said["state"] != "st-ate" || said["code"] != nil {
			r.t.Errorf("%v", said)
		}
	})
}

func TestFAPISuite_EnsureResponseTypeCodeIdTokenFails(t *testing.T) { // and ...TokenFails
	module(t, nil, func(r *run) {
		for _, kind := range []string{"code id_token", "token"} {
			r.one.pushFails(r.one.object(r.one.asks("response_type", kind), nil), "unsupported_response_type", "invalid_request", "unauthorized_client")
		}
	})
}
