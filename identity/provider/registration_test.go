package provider_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/id"
)

// registering is a world where vendors may register themselves.
func registering(t testing.TB, mode string) *world {
	t.Helper()
	w := newWorld(t)
	p, err := w.provider(slog.New(slog.NewTextHandler(w.log, nil)), func(o *provider.Options) { o.Registration = mode })
	w.must(err)
	w.p, w.http = p, p.Handler()
	return w
}

// called is what the registration endpoint said.
type called struct {
	Status int
	Header http.Header
	Body   string
	Said   map[string]any
}

func (c called) text(name string) string {
	s, _ := c.Said[name].(string)
	return s
}

// call sends metadata; a nil body sends none.
func (w *world) call(method, address, token string, body any) called {
	w.t.Helper()
	var raw []byte
	if body != nil {
		var err error
		raw, err = json.Marshal(body)
		w.must(err)
	}
	r := httptest.NewRequestWithContext(w.t.Context(), method, strings.TrimPrefix(address, issuer), bytes.NewReader(raw))
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	rec := w.do(r)
	c := called{Status: rec.Code, Header: rec.Header(), Body: rec.Body.String()}
	_ = json.Unmarshal(rec.Body.Bytes(), &c.Said)
	return c
}

type metadata map[string]any

// described is metadata of a good vendor, with changes; a nil value removes one.
func described(change metadata) metadata {
	m := metadata{"redirect_uris": []string{shopReturn}, "client_name": "Flowers"}
	maps.Copy(m, change)
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
	return m
}

func (w *world) register(change metadata) called {
	w.t.Helper()
	c := w.call(http.MethodPost, "/oauth/register", "", described(change))
	if c.Status != http.StatusCreated {
		w.t.Fatalf("register: %d %s", c.Status, c.Body)
	}
	return c
}

func (w *world) registered(c called) identity.Vendor {
	w.t.Helper()
	v, err := w.vendors.Get(w.t.Context(), id.Client(c.text("client_id")))
	w.must(err)
	return v
}

func TestRegistration_vendorGoesTheWholeWay_andIsNotVerified(t *testing.T) {
	w := registering(t, provider.RegistrationOpen)
	c := w.register(metadata{"id_token_signed_response_alg": "ES256", "grant_types": []string{"authorization_code", "refresh_token"}})
	v := w.registered(c)
	if v.DomainVerified || v.Domain != "shop.example" {
		t.Errorf("domain %q, verified %v", v.Domain, v.DomainVerified)
	}
	s := shop{v, c.text("client_secret")}
	customer := w.customer()
	next, err := w.p.Next(t.Context(), w.flow(s.request("openid email")), &customer.session)
	w.must(err)
	if next.Ask.Party.Verified || next.Ask.Party.Name != "Flowers" {
		t.Errorf("the customer is shown %+v", next.Ask.Party)
	}
	code, _ := customer.approve(s.request("openid email"), "email")
	a := w.exchange(s, code)
	if info := w.userinfo(a.Access); !strings.Contains(info.Body, theEmail) || strings.Contains(info.Body, theName) {
		t.Errorf("%s", info.Body)
	}
	if got := claimsOf(t, a.ID)["aud"]; got != c.text("client_id") {
		t.Errorf("aud %v", got)
	}
	for _, secret := range []string{c.text("client_secret"), c.text("registration_access_token")} {
		if strings.Contains(w.log.String(), secret) {
			t.Error("a secret is in the log")
		}
	}
}

func TestRegistration_saysWhatWasRegistered_withTheDefaultsOfTheStandards(t *testing.T) {
	w := registering(t, provider.RegistrationOpen)
	c := w.register(nil)
	want := map[string]any{
		"token_endpoint_auth_method": "client_secret_basic", "id_token_signed_response_alg": "RS256", "application_type": "web",
		"subject_type": "pairwise", "client_name": "Flowers", "client_secret_expires_at": 0.0,
	}
	for name, value := range want {
		if c.Said[name] != value {
			t.Errorf("%s is %v", name, c.Said[name])
		}
	}
	if c.Header.Get("Cache-Control") != "no-store" || c.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%v", c.Header)
	}
	if !strings.HasPrefix(c.text("registration_client_uri"), issuer+"/oauth/register?client_id=") {
		t.Errorf("%s", c.Body)
	}
	if types, _ := json.Marshal(c.Said["grant_types"]); string(types) != `["authorization_code"]` {
		t.Errorf("grant types %s", types)
	}
}

func TestRegistration_off_isNotThere_andDiscoverySaysSo(t *testing.T) {
	for mode, want := range map[string]int{provider.RegistrationOff: 404, provider.RegistrationToken: 401, provider.RegistrationOpen: 201} {
		w := registering(t, mode)
		if got := w.call(http.MethodPost, "/oauth/register", "", described(nil)); got.Status != want {
			t.Errorf("%q: %d %s", mode, got.Status, got.Body)
		}
		var said map[string]any
		w.must(json.Unmarshal(w.get("/.well-known/openid-configuration", "").Body.Bytes(), &said))
		if address, _ := said["registration_endpoint"].(string); (address == issuer+"/oauth/register") != (mode != provider.RegistrationOff) {
			t.Errorf("%q: discovery says %v", mode, said["registration_endpoint"])
		}
	}
}

func TestRegistration_byInvitation_untilItIsUsedUp(t *testing.T) {
	w := registering(t, provider.RegistrationToken)
	_, token, err := w.vendors.Invite(t.Context(), identity.Invitation{Uses: 1, PKCE: identity.PKCEOptional}, time.Hour)
	w.must(err)
	if c := w.call(http.MethodPost, "/oauth/register", "mi_wrong", described(nil)); c.Status != 401 || c.text("error") != "invalid_token" || c.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("%d %s", c.Status, c.Body)
	}
	if c := w.call(http.MethodPost, "/oauth/register", token, described(metadata{"redirect_uris": []string{"x"}})); c.Status != 400 {
		t.Errorf("a mistake: %d", c.Status)
	}
	c := w.call(http.MethodPost, "/oauth/register", token, described(nil)) // the mistake used nothing up
	if c.Status != 201 {
		t.Fatalf("%d %s", c.Status, c.Body)
	}
	if v := w.registered(c); v.Protocol.PKCE != identity.PKCEOptional || v.Provisional() {
		t.Errorf("%+v", v.Protocol)
	}
	if c := w.call(http.MethodPost, "/oauth/register", token, described(nil)); c.Status != 401 {
		t.Errorf("used twice: %d", c.Status)
	}
	_, late, err := w.vendors.Invite(t.Context(), identity.Invitation{}, time.Hour)
	w.must(err)
	w.clock.move(2 * time.Hour)
	if c := w.call(http.MethodPost, "/oauth/register", late, described(nil)); c.Status != 401 {
		t.Errorf("too late: %d", c.Status)
	}
}

func TestRegistration_whatCannotBeHonoured_isRefused(t *testing.T) {
	w := registering(t, provider.RegistrationOpen)
	inside := "https://169.254.169.254/latest"
	for name, change := range map[string]metadata{
		"no address": {"redirect_uris": nil}, "wild": {"redirect_uris": []string{"https://*.example/"}},
		"script": {"redirect_uris": []string{"javascript:alert(1)"}}, "fragment": {"redirect_uris": []string{shopReturn + "#x"}},
		"plain": {"redirect_uris": []string{"http://shop.example/"}}, "one text": {"redirect_uris": shopReturn},
		"native with https": {"application_type": "native"},
		"web with scheme":   {"redirect_uris": []string{"com.example.app:/cb"}, "token_endpoint_auth_method": "none"},
	} {
		if c := w.call(http.MethodPost, "/oauth/register", "", described(change)); c.Status != 400 || c.text("error") != "invalid_redirect_uri" {
			t.Errorf("%s: %d %s", name, c.Status, c.Body)
		}
	}
	for name, change := range map[string]metadata{
		"implicit": {"response_types": []string{"id_token"}}, "hybrid": {"response_types": []string{"code id_token"}},
		"password": {"grant_types": []string{"password"}}, "code without grant": {"grant_types": []string{"client_credentials"}, "response_types": []string{"code"}},
		"no algorithm": {"id_token_signed_response_alg": "none"}, "unknown algorithm": {"userinfo_signed_response_alg": "HS256"},
		"encrypted request": {"request_object_encryption_alg": "RSA-OAEP"}, "method": {"token_endpoint_auth_method": "psychic"},
		"certificate": {"token_endpoint_auth_method": "tls_client_auth"}, "certificate-bound": {"tls_client_certificate_bound_access_tokens": true},
		"keys missing": {"token_endpoint_auth_method": "private_key_jwt"}, "keys twice": {"jwks_uri": "https://shop.example/jwks", "jwks": json.RawMessage(keySetOf(t, ecKey(t)))},
		"keys inside": {"jwks_uri": inside}, "sector inside": {"sector_identifier_uri": inside}, "logo inside": {"logo_uri": inside},
		"many hosts": {"redirect_uris": []string{"https://a.example/", "https://b.example/"}}, "subject": {"subject_type": "random"},
		"requests nobody can sign": {"request_uris": []string{"https://shop.example/r"}}, "acr": {"default_acr_values": []string{"gold"}},
		"age": {"default_max_age": -1}, "age as text": {"default_max_age": "1"}, "contact": {"contacts": []string{"x"}},
		"policy": {"policy_uri": "javascript:alert(1)"}, "policy in German": {"policy_uri#de": "javascript:alert(1)"}, "language": {"client_name#": "x"},
		"name": {"client_name": "evil\u202etxt"}, "initiate": {"initiate_login_uri": "http://shop.example/"}, "logo in German": {"logo_uri#de": "https://shop.example/l"},
		"public machine": {"token_endpoint_auth_method": "none", "grant_types": []string{"client_credentials"}, "redirect_uris": nil},
		"details":        {"authorization_details_types": []string{"payment"}}, "application": {"application_type": "toaster"},
	} {
		if c := w.call(http.MethodPost, "/oauth/register", "", described(change)); c.Status != 400 || c.text("error") != "invalid_client_metadata" {
			t.Errorf("%s: %d %s", name, c.Status, c.Body)
		}
	}
	if c := w.call(http.MethodPost, "/oauth/register", "", described(metadata{"software_statement": "a.b.c"})); c.text("error") != "unapproved_software_statement" {
		t.Errorf("%s", c.Body)
	}
	list, err := w.vendors.List(t.Context())
	w.must(err)
	if len(list) != 0 {
		t.Errorf("%d vendors were registered", len(list))
	}
}

func TestRegistration_everyValueThatIsTaken_isKept(t *testing.T) {
	w := registering(t, provider.RegistrationOpen)
	asked := metadata{
		"post_logout_redirect_uris": []any{shopBye}, "default_max_age": 60.0, "require_auth_time": true, "initiate_login_uri": "https://shop.example/start",
		"userinfo_signed_response_alg": "ES256", "introspection_signed_response_alg": "EdDSA", "authorization_signed_response_alg": "ES256",
		"require_pushed_authorization_requests": true, "dpop_bound_access_tokens": true, "contacts": []any{"help@shop.example"},
		"client_name#de": "Blumen", "policy_uri": "https://shop.example/p", "policy_uri#de": "https://shop.example/d", "tos_uri": "https://shop.example/t",
		"client_uri": "https://shop.example/", "software_id": "s", "software_version": "1", "scope": "openid email", "subject_type": "public",
		"backchannel_logout_uri": "https://shop.example/out", "backchannel_logout_session_required": true, "frontchannel_logout_uri": "https://shop.example/front",
		"purposes": map[string]any{"email": "to write"}, "unheard_of": "x",
	}
	c := w.register(asked)
	again := w.call(http.MethodGet, c.text("registration_client_uri"), c.text("registration_access_token"), nil)
	for name, value := range asked {
		got, _ := json.Marshal(again.Said[name])
		want, _ := json.Marshal(value)
		if name == "unheard_of" {
			want = []byte("null")
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is %s, not %s", name, got, want)
		}
	}
	v := w.registered(c)
	p := v.Protocol
	if !p.RequirePushed || !p.BoundTokens || *p.DefaultMaxAge != 60 || p.UserInfoAlg != "ES256" || p.IntrospectionAlg != "EdDSA" || p.ResponseAlg != "ES256" || p.PKCE != "" {
		t.Errorf("%+v", p)
	}
	if v.Contact != "help@shop.example" || v.Purposes["email"] == "" || v.TermsURI == "" {
		t.Errorf("%+v", v)
	}
}

func TestRegistration_ofAKeyForUserInfo_makesReleasesEndToEnd(t *testing.T) {
	w, key := registering(t, provider.RegistrationOpen), ecKey(t)
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "e1", Use: "enc"}}})
	w.must(err)
	c := w.register(metadata{"jwks": json.RawMessage(set), "userinfo_encrypted_response_alg": "ECDH-ES", "userinfo_encrypted_response_enc": "A256GCM"})
	if v := w.registered(c); !v.EndToEnd() || c.text("userinfo_encrypted_response_alg") != "ECDH-ES" {
		t.Errorf("%s", c.Body)
	}
	for name, change := range map[string]metadata{
		"no key": {"userinfo_encrypted_response_alg": "ECDH-ES", "userinfo_encrypted_response_enc": "A256GCM"},
		"unsafe": {"jwks": json.RawMessage(set), "userinfo_encrypted_response_alg": "RSA1_5", "userinfo_encrypted_response_enc": "A256GCM"},
		"no enc": {"jwks": json.RawMessage(set), "userinfo_encrypted_response_alg": "ECDH-ES"},
	} {
		if got := w.call(http.MethodPost, "/oauth/register", "", described(change)); got.text("error") != "invalid_client_metadata" {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
}

func TestRegistration_textsInOtherLanguages_areThoseThatTheRequestAsksFor(t *testing.T) {
	w := registering(t, provider.RegistrationOpen)
	c := w.register(metadata{"client_name#de": "Blumen", "policy_uri#de": "https://shop.example/de"})
	s := shop{w.registered(c), ""}
	for languages, want := range map[string]string{"": "Flowers", "fr en": "Flowers", "fr de": "Blumen"} {
		next, err := w.p.Next(t.Context(), w.flow(s.request("openid", "ui_locales", languages)), nil)
		w.must(err)
		if got := next.Ask.Party.Name; got != want {
			t.Errorf("%q: %s", languages, got)
		}
	}
}

func TestRegistration_scopesThatWereNotRegistered_areNotAsked(t *testing.T) {
	w := registering(t, provider.RegistrationOpen)
	s := shop{w.registered(w.register(metadata{"scope": "openid email"})), ""}
	next, err := w.p.Next(t.Context(), w.flow(s.request("openid email phone")), nil)
	w.must(err)
	for _, c := range next.Ask.Claims {
		if strings.HasPrefix(c.Name, "phone") {
			t.Errorf("%s is asked", c.Name)
		}
	}
}

func TestRegistration_isManagedByWhoHoldsItsToken_whichChangesWithEachChange(t *testing.T) {
	w := registering(t, provider.RegistrationOpen)
	c, other := w.register(nil), w.register(nil)
	address, token := c.text("registration_client_uri"), c.text("registration_access_token")
	for name, wrong := range map[string]string{"none": "", "another's": other.text("registration_access_token"), "the secret": c.text("client_secret")} {
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
			if got := w.call(method, address, wrong, described(metadata{"client_id": c.text("client_id")})); got.Status != 401 {
				t.Errorf("%s %s: %d", method, name, got.Status)
			}
		}
	}
	if got := w.call(http.MethodPut, address, token, described(metadata{"client_name": "Roses"})); got.Status != 400 {
		t.Errorf("a change without client_id: %d", got.Status)
	}
	if got := w.call(http.MethodPut, address, token, described(metadata{"client_id": c.text("client_id"), "client_secret": "mine"})); got.Status != 400 {
		t.Errorf("a change of the secret: %d", got.Status)
	}
	changed := w.call(http.MethodPut, address, token, described(metadata{"client_id": c.text("client_id"), "client_secret": c.text("client_secret"), "client_name": "Roses"}))
	if changed.Status != 200 || changed.text("client_name") != "Roses" || changed.text("registration_access_token") == token {
		t.Fatalf("%d %s", changed.Status, changed.Body)
	}
	if got := w.call(http.MethodGet, address, token, nil); got.Status != 401 {
		t.Errorf("the old token: %d", got.Status)
	}
	v := w.registered(c)
	if !w.vendors.CheckSecret(v, c.text("client_secret")) {
		t.Error("the secret has changed")
	}
	fresh := changed.text("registration_access_token")
	if got := w.call(http.MethodDelete, address, fresh, nil); got.Status != 204 || got.Body != "" {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if got := w.call(http.MethodGet, address, fresh, nil); got.Status != 401 {
		t.Errorf("of one that is gone: %d", got.Status)
	}
}

func TestRegistration_thatIsDeleted_endsEveryConsent(t *testing.T) {
	w := registering(t, provider.RegistrationOpen)
	c := w.register(metadata{"id_token_signed_response_alg": "ES256"})
	s := shop{w.registered(c), c.text("client_secret")}
	code, _ := w.customer().approve(s.request("openid email"), "email")
	a := w.exchange(s, code)
	if got := w.call(http.MethodDelete, c.text("registration_client_uri"), c.text("registration_access_token"), nil); got.Status != 204 {
		t.Fatalf("%d", got.Status)
	}
	if info := w.userinfo(a.Access); info.Status != 401 || strings.Contains(info.Body, theEmail) {
		t.Errorf("%d %s", info.Status, info.Body)
	}
}

func TestRegistration_changedParty_mustProveItsDomainAgain(t *testing.T) {
	w := registering(t, provider.RegistrationOpen)
	c := w.register(nil)
	client := id.Client(c.text("client_id"))
	_, err := w.vendors.VerifyDomain(t.Context(), client, naming(string(client)))
	w.must(err)
	same := w.call(http.MethodPut, c.text("registration_client_uri"), c.text("registration_access_token"), described(metadata{"client_id": string(client), "default_max_age": 5}))
	if v := w.registered(c); same.Status != 200 || !v.DomainVerified {
		t.Fatalf("%d, verified %v", same.Status, v.DomainVerified)
	}
	w.call(http.MethodPut, c.text("registration_client_uri"), same.text("registration_access_token"), described(metadata{"client_id": string(client), "redirect_uris": []string{"https://evil.example/"}}))
	if v := w.registered(c); v.DomainVerified || v.Sector() != "evil.example" {
		t.Errorf("verified %v, sector %s", v.DomainVerified, v.Sector())
	}
}

func TestRegistration_thatNobodyUses_isOverAfterADay(t *testing.T) {
	w := registering(t, provider.RegistrationOpen)
	unused, used := w.register(nil), w.register(metadata{"id_token_signed_response_alg": "ES256"})
	s := shop{w.registered(used), used.text("client_secret")}
	w.customer().approve(s.request("openid email"), "email")
	w.clock.move(25 * time.Hour)
	if _, err := w.vendors.Get(t.Context(), id.Client(unused.text("client_id"))); err == nil {
		t.Error("the unused one is still there")
	}
	if v := w.registered(used); v.Provisional() {
		t.Error("the used one is still provisional")
	}
}

// Who may be anybody has nothing kept for weeks.
func TestRegistration_thatNobodyUses_keepsNoRequestsForLater(t *testing.T) {
	w := registering(t, provider.RegistrationOpen)
	c := w.register(metadata{"id_token_signed_response_alg": "ES256"})
	s := shop{w.registered(c), c.text("client_secret")}
	before := len(w.contents())
	if _, err := w.p.Ask(t.Context(), s.ID, s.request("openid email"), "", 0); !errors.Is(err, provider.ErrLater) {
		t.Errorf("before anybody uses it: %v", err)
	}
	if len(w.contents()) != before {
		t.Error("something was written")
	}
	w.customer().approve(s.request("openid email"), "email")
	if _, err := w.p.Ask(t.Context(), s.ID, s.request("openid email"), "", 0); err != nil {
		t.Errorf("once it is used: %v", err)
	}
}

func TestRegistration_floods_areSlowedDown(t *testing.T) {
	w := registering(t, provider.RegistrationOpen)
	var last called
	for range 70 {
		last = w.call(http.MethodPost, "/oauth/register", "", metadata{"redirect_uris": []string{"x"}})
	}
	if last.Status != http.StatusTooManyRequests || last.Header.Get("Retry-After") == "" {
		t.Errorf("%d %s", last.Status, last.Body)
	}
}

func TestRegistration_sectorIsThatOfTheAddressThatNamesThemAll(t *testing.T) {
	w, s := registering(t, provider.RegistrationOpen), newSite(t)
	both := []string{"https://a.example/cb", "https://b.example/cb"}
	list, err := json.Marshal(both)
	w.must(err)
	s.says(200, list)
	c := w.register(metadata{"redirect_uris": both, "sector_identifier_uri": s.URL + "/sector"})
	if got := w.registered(c).Sector(); got != "127.0.0.1" {
		t.Errorf("sector %q", got)
	}
	s.says(200, list[:len(list)-2])
	if got := w.call(http.MethodPost, "/oauth/register", "", described(metadata{"redirect_uris": both, "sector_identifier_uri": s.URL + "/sector"})); got.Status != 400 {
		t.Errorf("not a list: %d", got.Status)
	}
	s.says(200, []byte(`["https://a.example/cb"]`))
	if got := w.call(http.MethodPost, "/oauth/register", "", described(metadata{"redirect_uris": both, "sector_identifier_uri": s.URL + "/sector"})); got.text("error") != "invalid_client_metadata" {
		t.Errorf("%s", got.Body)
	}
}

func TestSub_ofPublicVendors_isTheSame_andNoPairwiseOne(t *testing.T) {
	w := registering(t, provider.RegistrationOpen)
	c := w.customer()
	sub := func(kind, address string) string {
		r := w.register(metadata{"subject_type": kind, "id_token_signed_response_alg": "ES256", "redirect_uris": []string{address}})
		s := shop{w.registered(r), r.text("client_secret")}
		code, _ := c.approve(s.request("openid"))
		return claimsOf(t, w.exchange(s, code).ID)["sub"].(string)
	}
	one, two, three := sub("public", "https://a.example/"), sub("public", "https://b.example/"), sub("pairwise", "https://b.example/")
	if one != two || one == three || one == string(c.session.Account) {
		t.Errorf("%s %s %s", one, two, three)
	}
}

func TestRegistration_logoIsFetched_checked_andServedFromHere(t *testing.T) {
	w, s := registering(t, provider.RegistrationOpen), newSite(t)
	var dots bytes.Buffer
	w.must(png.Encode(&dots, image.NewGray(image.Rect(0, 0, 8, 8))))
	s.says(200, dots.Bytes())
	v := w.registered(w.register(metadata{"logo_uri": s.URL + "/logo.png"}))
	if !bytes.Equal(v.Logo, dots.Bytes()) || v.LogoType != "image/png" {
		t.Errorf("%d bytes of %s", len(v.Logo), v.LogoType)
	}
	for name, body := range map[string]string{
		"a page": "<html>", "a drawing": `<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`, "half a picture": dots.String()[:12], "a huge one": dots.String() + strings.Repeat("x", 70<<10),
	} {
		s.says(200, []byte(body))
		if got := w.call(http.MethodPost, "/oauth/register", "", described(metadata{"logo_uri": s.URL + "/logo.png"})); got.text("error") != "invalid_client_metadata" {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
}

func TestRegistration_ofEveryMethod_leadsToAToken(t *testing.T) {
	w, s, key := registering(t, provider.RegistrationOpen), newSite(t), ecKey(t)
	s.says(200, keySetOf(t, key))
	machine := []string{"authorization_code", "client_credentials"}
	for _, method := range []string{"client_secret_basic", "client_secret_post"} {
		c := w.register(metadata{"token_endpoint_auth_method": method, "grant_types": machine})
		if a := w.post("/oauth/token", shop{w.registered(c), c.text("client_secret")}, asClient()); a.Status != 200 {
			t.Errorf("%s: %d %s", method, a.Status, a.Body)
		}
	}
	c := w.register(metadata{"token_endpoint_auth_method": "client_secret_jwt", "grant_types": machine})
	k := keyed{shop: shop{w.registered(c), ""}}
	if a := w.assert(sign(t, jose.HS256, []byte(c.text("client_secret")), w.assertionClaims(k, nil))); a.Status != 200 {
		t.Errorf("client_secret_jwt: %d %s", a.Status, a.Body)
	}
	for name, keys := range map[string]metadata{"jwks": {"jwks": json.RawMessage(keySetOf(t, key))}, "jwks_uri": {"jwks_uri": s.URL + "/jwks"}} {
		keys["token_endpoint_auth_method"], keys["grant_types"] = "private_key_jwt", machine
		c := w.register(keys)
		if c.text("client_secret") != "" {
			t.Error("a secret for a vendor with keys")
		}
		if got := w.assertsBy(keyed{shop: shop{w.registered(c), ""}}, key); got != 200 {
			t.Errorf("%s: %d", name, got)
		}
	}
	app := w.register(metadata{"token_endpoint_auth_method": "none", "application_type": "native", "redirect_uris": []string{"com.example.app:/cb"}})
	if app.text("client_secret") != "" || !w.registered(app).Public {
		t.Errorf("%s", app.Body)
	}
}

// FuzzRegistration sends any metadata: never a 5xx, and what is registered is safe to send customers to.
func FuzzRegistration(f *testing.F) {
	w := registering(f, provider.RegistrationToken)
	_, token, err := w.vendors.Invite(f.Context(), identity.Invitation{}, 24*time.Hour)
	w.must(err)
	for _, m := range []metadata{
		described(nil), described(metadata{"client_name#de": "x", "default_max_age": 1e99, "scope": "openid"}), described(metadata{"redirect_uris": []any{1, nil}}),
		described(metadata{"grant_types": []string{"client_credentials"}, "redirect_uris": nil}), described(metadata{"jwks": map[string]any{"keys": []any{map[string]any{"kty": "EC"}}}}),
	} {
		raw, err := json.Marshal(m)
		w.must(err)
		f.Add(raw)
	}
	f.Add([]byte(`[]`))
	f.Add([]byte(`{"redirect_uris":["javascript:alert(1)"],"REDIRECT_URIS":["https://x.example/"]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if bytes.Contains(body, []byte("uri")) && bytes.Contains(body, []byte("http")) && !bytes.Contains(body, []byte("redirect_uris")) {
			return // nothing goes out from here
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/oauth/register", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token)
		rec := w.do(r)
		if rec.Code != http.StatusCreated && rec.Code != http.StatusBadRequest {
			t.Fatalf("%d %s", rec.Code, rec.Body)
		}
		var said struct {
			Client    id.Client `json:"client_id"`
			Redirects []string  `json:"redirect_uris"`
		}
		_ = json.Unmarshal(rec.Body.Bytes(), &said)
		for _, address := range said.Redirects {
			if u, err := url.Parse(address); err != nil || u.Scheme == "javascript" || u.Scheme == "data" {
				t.Errorf("registered %q", address)
			}
		}
		if rec.Code == http.StatusCreated {
			if v, err := w.vendors.Get(t.Context(), said.Client); err != nil || v.DomainVerified || v.Protocol.PKCE != "" {
				t.Errorf("%v", err)
			}
		}
	})
}
