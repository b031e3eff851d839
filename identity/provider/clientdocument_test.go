package provider_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

// documented is a world that takes vendors whose client_id is an address.
func documented(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	p, err := w.provider(slog.New(slog.NewTextHandler(w.log, nil)), func(o *provider.Options) { o.ClientDocuments = true })
	w.must(err)
	w.p, w.http = p, p.Handler()
	return w
}

// describes puts a document about a vendor at a site; change is as in described.
func (s *site) describes(t testing.TB, change metadata) shop {
	t.Helper()
	address := s.URL + "/client.json"
	m := metadata{
		"client_id": address, "client_name": "Flowers", "redirect_uris": []string{shopReturn}, "id_token_signed_response_alg": "ES256",
		"token_endpoint_auth_method": "none", "grant_types": []string{"authorization_code", "refresh_token"},
	}
	for name, value := range change {
		m[name] = value
	}
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	s.says(200, raw, "Content-Type", "application/json", "Cache-Control", "max-age=60")
	return shop{identity.Vendor{ID: id.Client(address), RedirectURIs: []string{shopReturn}, AuthMethod: "none"}, ""}
}

// vendorsStored counts what lies in the store of vendors.
func (w *world) vendorsStored() (n int) {
	w.t.Helper()
	w.must(w.store.View(w.t.Context(), func(r store.Reader) error {
		items, err := r.Scan("vendor/", "", 100)
		n = len(items)
		return err
	}))
	return n
}

func TestDocument_vendorGoesTheWholeWay_underItsOwnName(t *testing.T) {
	w, site := documented(t), newSite(t)
	s := site.describes(t, nil)
	c := w.customer()
	flow := w.flow(s.request("openid email"))
	if w.vendorsStored() != 0 {
		t.Error("an anonymous request wrote")
	}
	next, err := w.p.Next(t.Context(), flow, &c.session)
	w.must(err)
	if p := next.Ask.Party; p.Verified || p.Domain != "127.0.0.1" || p.Name != "Flowers" {
		t.Errorf("the customer is shown %+v", p)
	}
	code, _ := c.approve(s.request("openid email offline_access"), "email")
	a := w.exchange(s, code)
	if got := claimsOf(t, a.ID); got["aud"] != string(s.ID) || got["azp"] != string(s.ID) {
		t.Errorf("aud %v, azp %v", got["aud"], got["azp"])
	}
	if info := w.userinfo(a.Access); !strings.Contains(info.Body, theEmail) || strings.Contains(info.Body, theName) {
		t.Errorf("%s", info.Body)
	}
	b := w.post("/oauth/token", s, refreshForm(a.Refresh))
	if b.Status != 200 || b.Access == "" {
		t.Fatalf("refresh: %d %s", b.Status, b.Body)
	}
	// The next visit needs the hint of the first.
	if u := w.authorize(s.request("openid email", "id_token_hint", a.ID), ""); u.Path != "/continue" {
		t.Errorf("led to %s", u)
	}
	if w.vendorsStored() != 1 {
		t.Errorf("%d vendors are stored", w.vendorsStored())
	}
}

func TestDocument_provesItselfByItsKeys(t *testing.T) {
	w, site, keys, key := documented(t), newSite(t), newSite(t), ecKey(t)
	keys.says(200, keySetOf(t, key))
	s := site.describes(t, metadata{"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": keys.URL, "grant_types": []string{"client_credentials", "authorization_code"}})
	k := keyed{shop: s}
	if got := w.assertsBy(k, key); got != 200 {
		t.Errorf("its key: %d", got)
	}
	if got := w.assertsBy(k, ecKey(t)); got != 401 {
		t.Errorf("another key: %d", got)
	}
	w.send("/oauth/token", asClient("client_id", string(s.ID)), "", "").refused(t, 401, "invalid_client")
}

func TestDocument_thatDoesNotHold_isNoVendor(t *testing.T) {
	for name, change := range map[string]metadata{
		"another's name": {"client_id": "https://bank.example/client.json"}, "a secret": {"client_secret": "s"}, "a secret's method": {"token_endpoint_auth_method": "client_secret_basic"},
		"no address": {"redirect_uris": []string{}}, "script": {"redirect_uris": []string{"javascript:alert(1)"}}, "private key": {"jwks": map[string]any{"keys": []any{map[string]any{"kty": "oct", "k": "c2VjcmV0"}}}},
		"implicit": {"response_types": []string{"id_token"}}, "tricky name": {"client_name": "evil\u202etxt"},
	} {
		w, site := documented(t), newSite(t)
		s := site.describes(t, change)
		if rec := w.get("/oauth/authorize?"+s.request("openid").Encode(), ""); rec.Code != http.StatusBadRequest || rec.Header().Get("Location") != "" {
			t.Errorf("%s: %d to %s", name, rec.Code, rec.Header().Get("Location"))
		}
	}
	w, site := documented(t), newSite(t)
	s := site.describes(t, nil)
	if rec := w.get("/oauth/authorize?"+s.request("openid", "redirect_uri", "https://evil.example/").Encode(), ""); rec.Code != http.StatusBadRequest {
		t.Errorf("an address that the document does not name: %d", rec.Code)
	}
}

func TestDocument_addressesThatAreNone_areNotCalled(t *testing.T) {
	w, site := documented(t), newSite(t)
	s := site.describes(t, nil)
	for _, address := range []string{
		site.URL, site.URL + "/", site.URL + "/client.json?x=1", site.URL + "/client.json#x", site.URL + "/a/../client.json", site.URL + "/./client.json",
		strings.Replace(site.URL, "http://", "http://u:p@", 1) + "/client.json", "http://shop.example/client.json", "ftp://shop.example/x", site.URL + `/a\b`,
		"https://169.254.169.254/latest", site.URL + "/" + strings.Repeat("x", 600), "HTTP" + site.URL[4:] + "/client.json", site.URL + "/%2e%2e/client.json",
	} {
		q := s.request("openid")
		q.Set("client_id", address)
		if rec := w.get("/oauth/authorize?"+q.Encode(), ""); rec.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", address, rec.Code)
		}
	}
	if calls, _ := site.counts(); calls > 1 { // %2e is a path like any other, and its document another's
		t.Errorf("the site was called %d times", calls)
	}
	// Nobody is called by the name that a document has within.
	code, _ := w.customer().approve(s.request("openid"))
	w.exchange(s, code)
	inside := s
	inside.ID = identity.DocumentClient(string(s.ID))
	if rec := w.get("/oauth/authorize?"+inside.request("openid").Encode(), ""); rec.Code != http.StatusBadRequest {
		t.Errorf("the name within: %d", rec.Code)
	}
}

func TestDocument_redirectIsNotFollowed(t *testing.T) {
	w, site := documented(t), newSite(t)
	s := site.describes(t, nil)
	hop := newSite(t)
	hop.says(http.StatusFound, nil, "Location", string(s.ID))
	q := s.request("openid")
	q.Set("client_id", hop.URL+"/client.json")
	if rec := w.get("/oauth/authorize?"+q.Encode(), ""); rec.Code != http.StatusBadRequest {
		t.Errorf("got %d", rec.Code)
	}
	if calls, _ := site.counts(); calls != 0 {
		t.Error("a redirect was followed")
	}
}

func TestDocument_outageIsBridged_andChangesCount(t *testing.T) {
	w, site := documented(t), newSite(t)
	s := site.describes(t, nil)
	code, _ := w.customer().approve(s.request("openid offline_access"))
	a := w.exchange(s, code)
	site.says(503, nil)
	w.clock.move(48 * time.Hour)
	b := w.post("/oauth/token", s, refreshForm(a.Refresh))
	if b.Status != 200 {
		t.Fatalf("while its address is down: %d %s", b.Status, b.Body)
	}
	w.clock.move(80 * time.Hour)
	w.post("/oauth/token", s, refreshForm(b.Refresh)).refused(t, 401, "invalid_client")
	moved := site.describes(t, metadata{"redirect_uris": []string{"https://shop.example/new"}})
	w.clock.move(time.Hour)
	if rec := w.get("/oauth/authorize?"+s.request("openid").Encode(), ""); rec.Code != http.StatusBadRequest {
		t.Errorf("an address that is no more: %d", rec.Code)
	}
	moved.RedirectURIs = []string{"https://shop.example/new"}
	w.flow(moved.request("openid"))
}

func TestDocument_floodOfAddresses_isNotCarriedOn(t *testing.T) {
	w, site := documented(t), newSite(t)
	s := site.describes(t, nil)
	for i := range 100 {
		q := s.request("openid")
		q.Set("client_id", site.URL+"/"+strings.Repeat("x", i+1))
		w.get("/oauth/authorize?"+q.Encode(), "")
	}
	if calls, _ := site.counts(); calls > 60 {
		t.Errorf("strangers made us call %d times", calls)
	}
}

// A clock that was a day ahead and is set right does not close the way for a day.
func TestDocument_clockThatIsSetBack_keepsNobodyOut(t *testing.T) {
	w, site := documented(t), newSite(t)
	s := site.describes(t, nil)
	w.clock.move(24 * time.Hour)
	q := s.request("openid")
	q.Set("client_id", site.URL+"/another")
	w.get("/oauth/authorize?"+q.Encode(), "")
	w.clock.move(-24 * time.Hour)
	w.flow(s.request("openid"))
}

func TestDocument_isTakenOnlyWhereItIsSwitchedOn_andDiscoverySaysSo(t *testing.T) {
	site := newSite(t)
	s := site.describes(t, nil)
	for on, w := range map[bool]*world{true: documented(t), false: newWorld(t)} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/oauth/authorize?"+s.request("openid").Encode(), nil)
		if rec := w.do(r); (rec.Code == http.StatusSeeOther) != on {
			t.Errorf("on %v: %d", on, rec.Code)
		}
		var said map[string]any
		w.must(json.Unmarshal(w.get("/.well-known/openid-configuration", "").Body.Bytes(), &said))
		if got, _ := said["client_id_metadata_document_supported"].(bool); got != on {
			t.Errorf("on %v: discovery says %v", on, got)
		}
	}
}

// FuzzClientAddress names any address as client_id: never a 5xx, and nobody is sent anywhere.
func FuzzClientAddress(f *testing.F) {
	w := newWorld(f)
	p, err := w.provider(slog.New(slog.NewTextHandler(w.log, nil)), func(o *provider.Options) {
		o.ClientDocuments, o.Issuer = true, "https://id.example" // which reaches nothing inside
	})
	w.must(err)
	h := p.Handler()
	for _, address := range []string{"https://127.0.0.1/x", "https://[::1]/x", "http://localhost/x", "https://x.invalid/../", "://", "https://u@127.0.0.1/x"} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if u, err := url.Parse(address); err == nil && u.Scheme == "https" && !strings.HasPrefix(u.Host, "127.0.0.1") && !strings.HasPrefix(u.Host, "[::1]") {
			return // nothing goes out from here
		}
		rec := httptest.NewRecorder()
		q := url.Values{"client_id": {address}, "redirect_uri": {shopReturn}}
		h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/oauth/authorize?"+q.Encode(), nil))
		if rec.Code != http.StatusBadRequest || rec.Header().Get("Location") != "" {
			t.Errorf("%q: %d", address, rec.Code)
		}
	})
}
