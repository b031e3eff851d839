package provider_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"
)

func TestDiscovery_saysWhatIsTrue(t *testing.T) {
	w := newWorld(t)
	var said map[string]any
	rec := w.get("/.well-known/openid-configuration", "")
	w.must(json.Unmarshal(rec.Body.Bytes(), &said))
	if said["issuer"] != issuer || said["code_challenge_methods_supported"].([]any)[0] != "S256" || said["require_request_uri_registration"] != true {
		t.Errorf("%v", said)
	}
	for name, value := range said {
		address, _ := value.(string)
		if !strings.HasPrefix(address, issuer+"/") || name == "grant_management_endpoint" { // it is the API's
			continue
		}
		path := strings.TrimPrefix(address, issuer)
		if got := w.get(path, ""); got.Code == http.StatusNotFound {
			t.Errorf("%s: nothing at %s", name, path)
		}
	}
	if same := w.get("/.well-known/oauth-authorization-server", ""); same.Body.String() != rec.Body.String() {
		t.Error("the two descriptions differ")
	}
	if w.get("/oauth/check_session/", "").Code != http.StatusNotFound || w.get("/healthz", "").Code != http.StatusNotFound {
		t.Error("more is served than is described")
	}
}

func TestKeys_holdPublicKeysOfEveryAlgorithm_andNothingPrivate(t *testing.T) {
	w := newWorld(t)
	rec := w.get("/oauth/keys", "")
	var set jose.JSONWebKeySet
	w.must(json.Unmarshal(rec.Body.Bytes(), &set))
	var algorithms []string
	for _, k := range set.Keys {
		if !k.IsPublic() || k.Use != "sig" || k.KeyID == "" {
			t.Errorf("key %s: public %v", k.KeyID, k.IsPublic())
		}
		algorithms = append(algorithms, k.Algorithm)
	}
	slices.Sort(algorithms)
	if !slices.Equal(algorithms, []string{"ES256", "EdDSA", "PS256", "RS256"}) || strings.Contains(rec.Body.String(), `"d"`) {
		t.Errorf("%v", algorithms)
	}
}

func TestCORS_isOpenWithoutCredentials_whereNoCookieCounts(t *testing.T) {
	w := newWorld(t)
	for path, open := range map[string]bool{
		"/.well-known/openid-configuration": true, "/oauth/keys": true, "/oauth/token": true, "/oauth/userinfo": true, "/oauth/revoke": true,
		"/oauth/introspect": false, "/oauth/authorize": false, "/oauth/end_session": false,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodOptions, path, nil)
		r.Header.Set("Origin", "https://app.example")
		r.Header.Set("Access-Control-Request-Method", "POST")
		rec := w.do(r)
		if open != (rec.Header().Get("Access-Control-Allow-Origin") == "*") || open != (rec.Code == http.StatusNoContent) {
			t.Errorf("%s: %d %v", path, rec.Code, rec.Header())
		}
		if rec.Header().Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s takes cookies across origins", path)
		}
	}
}

// proven names everything that discovery says, and the test that would fail were it not so. Who adds
// something says here what proves it.
var proven = map[string]string{
	"issuer":                 "TestCode_idTokenSaysWhoWhenAndHow",
	"authorization_endpoint": "TestAuthorize_postIsAsGoodAsGet", "token_endpoint": "TestToken_onlyAFormInAPost",
	"userinfo_endpoint": "TestUserInfo_subIsThatOfTheIDToken", "introspection_endpoint": "TestIntrospect_onlyTheOwnVendorLearnsAnything",
	"revocation_endpoint": "TestRevoke_accessTokenAlone_refreshTokenWithItsFamily", "end_session_endpoint": "TestLogout_withTheHintOfThisSession_endsIt_andGoesBack",
	"pushed_authorization_request_endpoint": "TestPushed_leadsToTokens_andNothingBesideItCounts", "device_authorization_endpoint": "TestDevice_customerSaysYes_andTheDeviceIsSignedIn", "jwks_uri": "TestKeys_holdPublicKeysOfEveryAlgorithm_andNothingPrivate",

	"backchannel_logout_supported": "TestBackChannel_tellsEveryVendorOfTheSession", "backchannel_logout_session_supported": "TestBackChannel_tellsEveryVendorOfTheSession",
	"check_session_iframe":          "TestSessionState_isWhatTheFrameWorksOut_inEveryMode",
	"frontchannel_logout_supported": "TestFrontChannel_loadsTheVendorsPages_andNoOthers", "frontchannel_logout_session_supported": "TestFrontChannel_loadsTheVendorsPages_andNoOthers",

	"scopes_supported": "TestCode_givesTokensThatOpenExactlyWhatWasApproved", "claims_supported": "TestCode_idTokenSaysWhoWhenAndHow",
	"claim_types_supported": "TestCode_claimsForTheIDTokenGoThereAndNowhereElse", "claims_parameter_supported": "TestCode_claimsForTheIDTokenGoThereAndNowhereElse",
	"response_types_supported": "TestAuthorize_mistakesGoToTheVendor", "response_modes_supported": "TestResponse_everyMode_takesTheCodeToTheVendor",
	"grant_types_supported": "TestClient_grantTypeNotRegistered_isRefused", "subject_types_supported": "TestSub_differsBetweenVendorsOfDifferentSectors_andPersonas",
	"acr_values_supported": "TestCode_idTokenSaysWhoWhenAndHow", "prompt_values_supported": "TestPromptCreate_leadsToANewAccount_whereNobodyIsSignedIn",
	"display_values_supported": "TestAuthorize_unknownScopesAndClaims_areIgnored", "ui_locales_supported": "TestAuthorize_unknownScopesAndClaims_areIgnored",
	"code_challenge_methods_supported": "TestAuthorize_mistakesGoToTheVendor", "authorization_response_iss_parameter_supported": "TestAuthorize_stateCannotBreakOut",
	"grant_management_actions_supported": "TestGrantAction_replace_asksTheSameCustomerAnew_andTheOldConsentIsOver", "grant_management_endpoint": "TestVendor_findsItsConsentByTheNameThatCameWithTheTokens",
	"authorization_details_types_supported": "TestDetails_areOneAskWithTheRest_andComeBackAsGranted",
	"request_parameter_supported":           "TestObject_everyAlgorithm_leadsToTokens", "request_uri_parameter_supported": "TestObjectAtAnAddress_leadsToTokens_andNothingBesideItCounts",
	"require_request_uri_registration": "TestObjectAtAnAddress_thatDoesNotServe_isRefused",

	"id_token_signing_alg_values_supported": "TestIDToken_isSignedAsTheVendorRegistered", "userinfo_signing_alg_values_supported": "TestUserInfo_isSignedAsTheVendorRegistered",
	"userinfo_encryption_alg_values_supported": "TestEndToEnd_theVendorReadsWhatTheServerCannot", "userinfo_encryption_enc_values_supported": "TestEndToEnd_theVendorReadsWhatTheServerCannot",
	"id_token_encryption_alg_values_supported": "TestIDToken_isEncryptedAsTheVendorRegistered", "id_token_encryption_enc_values_supported": "TestIDToken_isEncryptedAsTheVendorRegistered",
	"introspection_encryption_alg_values_supported": "TestIntrospection_isEncryptedAsTheVendorRegistered", "introspection_encryption_enc_values_supported": "TestIntrospection_isEncryptedAsTheVendorRegistered",
	"tls_client_certificate_bound_access_tokens": "TestCertificate_bindsTokensToItself", "mtls_endpoint_aliases": "TestCertificate_discoverySaysWhatIsServed",
	"registration_endpoint":                       "TestRegistration_vendorGoesTheWholeWay_andIsNotVerified",
	"request_object_signing_alg_values_supported": "TestObject_everyAlgorithm_leadsToTokens", "dpop_signing_alg_values_supported": "TestProof_everyAlgorithm",
	"authorization_signing_alg_values_supported": "TestResponse_everyMode_takesTheCodeToTheVendor", "introspection_signing_alg_values_supported": "TestIntrospection_isSignedForWhoAsksForIt",
	"token_endpoint_auth_methods_supported": "TestClient_secretWorksInHeaderAndForm", "token_endpoint_auth_signing_alg_values_supported": "TestAssertion_everySupportedAlgorithm",
	"revocation_endpoint_auth_methods_supported": "TestClient_secretWorksInHeaderAndForm", "revocation_endpoint_auth_signing_alg_values_supported": "TestAssertion_everySupportedAlgorithm",
	"introspection_endpoint_auth_methods_supported": "TestClient_secretWorksInHeaderAndForm", "introspection_endpoint_auth_signing_alg_values_supported": "TestSecretJWT_provesTheSecret_withoutSendingIt",
}

func TestDiscovery_saysNothingThatNoTestProves(t *testing.T) {
	w := newCertified(t) // where everything is switched on
	var said map[string]any
	w.must(json.Unmarshal(w.get("/.well-known/openid-configuration", "").Body.Bytes(), &said))
	for name := range said {
		if proven[name] == "" {
			t.Errorf("nothing proves %s", name)
		}
	}
	for name := range proven {
		if _, ok := said[name]; !ok {
			t.Errorf("%s is proven and not said", name)
		}
	}
}
