package identity_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
)

var png = []byte("\x89PNG\r\n\x1a\nand so on")

// shop is a vendor with everything filled in.
func shop() identity.Vendor {
	return identity.Vendor{
		Name: "Blumen Müller", Domain: "shop.example", DomainVerified: true, Logo: png, LogoType: "image/png",
		Contact: "privacy@shop.example", PolicyURI: "https://shop.example/privacy", TermsURI: "https://shop.example/terms",
		RedirectURIs:           []string{"https://shop.example/callback", "https://shop.example/other?x=1"},
		PostLogoutRedirectURIs: []string{"https://shop.example/"},
		Purposes:               map[string]string{"address": "To send the flowers.", "email": "To tell you when.", "email#de": "Um Bescheid zu sagen."},
		SigningAlg:             "ES256",
	}
}

func (w *world) addVendor(t testing.TB, v identity.Vendor) (identity.Vendor, string) {
	t.Helper()
	v, secret, err := w.vendors.Add(t.Context(), v)
	must(t, err)
	return v, secret
}

func TestVendor_isFoundAsItWasAdded(t *testing.T) {
	w := newWorld(t)
	added, secret := w.addVendor(t, shop())
	for range 2 { // the second from memory
		got, err := w.vendors.Get(t.Context(), added.ID)
		must(t, err)
		if diff := cmp.Diff(added, got); diff != "" {
			t.Error(diff)
		}
	}
	want := shop()
	want.ID, want.AuthMethod, want.SecretHash, want.LogoHash = added.ID, identity.MethodBasic, added.SecretHash, added.LogoHash
	want.GrantTypes, want.SectorIdentifier, want.Created = []string{"authorization_code", "refresh_token", "client_credentials", identity.GrantExchange}, "shop.example", w.clock.Now()
	if diff := cmp.Diff(want, added); diff != "" {
		t.Error(diff)
	}
	if !strings.HasPrefix(secret, "mv_") || len(secret) != 3+43 {
		t.Errorf("secret of %d characters", len(secret))
	}
}

func TestVendor_asJSON_losesNothing(t *testing.T) { // the admin socket carries vendors
	w := newWorld(t)
	v, _ := w.addVendor(t, shop())
	b, err := json.Marshal(v)
	must(t, err)
	var got identity.Vendor
	must(t, json.Unmarshal(b, &got))
	if diff := cmp.Diff(v, got); diff != "" {
		t.Error(diff)
	}
}

func TestCheckSecret_onlyTheRightOneOfTheRightVendor(t *testing.T) {
	w := newWorld(t)
	v, secret := w.addVendor(t, shop())
	other, otherSecret := w.addVendor(t, shop())
	if !w.vendors.CheckSecret(v, secret) || !w.vendors.CheckSecret(other, otherSecret) {
		t.Fatal("the right secret is refused")
	}
	for _, wrong := range []string{"", "mv_", secret[3:], secret + "A", strings.ToUpper(secret), otherSecret} {
		if w.vendors.CheckSecret(v, wrong) {
			t.Errorf("%q passes", wrong)
		}
	}
	moved := other
	moved.SecretHash = v.SecretHash
	if w.vendors.CheckSecret(moved, secret) {
		t.Error("a hash that was copied to another vendor passes")
	}
	for _, none := range []identity.Vendor{{}, {ID: v.ID, AuthMethod: v.AuthMethod}, {ID: v.ID, SecretHash: v.SecretHash}, {ID: v.ID, Public: true, AuthMethod: "none", SecretHash: v.SecretHash}} {
		if w.vendors.CheckSecret(none, "") || w.vendors.CheckSecret(none, secret) {
			t.Errorf("%+v has no secret and passes", none)
		}
	}
}

func TestRotateSecret_oldOneIsRefused(t *testing.T) {
	w := newWorld(t)
	v, old := w.addVendor(t, shop())
	_, err := w.vendors.Get(t.Context(), v.ID)
	must(t, err)
	fresh, err := w.vendors.RotateSecret(t.Context(), v.ID)
	must(t, err)
	now, err := w.vendors.Get(t.Context(), v.ID)
	must(t, err)
	if w.vendors.CheckSecret(now, old) || !w.vendors.CheckSecret(now, fresh) {
		t.Error("the old secret passes or the new one does not")
	}
	public, secret := w.addVendor(t, identity.Vendor{Name: "App", Public: true, RedirectURIs: []string{"com.example.app:/cb"}})
	if secret != "" || public.AuthMethod != "none" || public.SecretHash != nil {
		t.Error("a public vendor has a secret")
	}
	_, err = w.vendors.RotateSecret(t.Context(), public.ID)
	is(t, err, identity.ErrNoSecret)
	_, err = w.vendors.RotateSecret(t.Context(), id.New[id.Client]())
	is(t, err, identity.ErrNoVendor)
}

func TestRemove_isSeenByEveryNodeAtOnce(t *testing.T) {
	w := newWorld(t)
	v, _ := w.addVendor(t, shop())
	node := identity.NewVendors(w.store, w.keys, w.clock.Now)
	_, err := node.Get(t.Context(), v.ID) // now in its memory
	must(t, err)
	must(t, w.vendors.Remove(t.Context(), v.ID))
	for _, s := range []*identity.Vendors{w.vendors, node} {
		_, err := s.Get(t.Context(), v.ID)
		is(t, err, identity.ErrNoVendor)
	}
	is(t, w.vendors.Remove(t.Context(), v.ID), identity.ErrNoVendor)
	if left := w.keysUnder(t, "vendor"); len(left) != 0 {
		t.Errorf("left in the store: %v", left)
	}
}

func TestVendors_unknownClients_areRefused(t *testing.T) {
	w := newWorld(t)
	for _, c := range []id.Client{"", "x", "../vendor", id.New[id.Client](), id.Client(strings.Repeat("a", 1<<20))} {
		_, err := w.vendors.Get(t.Context(), c)
		is(t, err, identity.ErrNoVendor)
	}
	v, _ := w.addVendor(t, shop())
	again := shop()
	again.ID = v.ID
	_, _, err := w.vendors.Add(t.Context(), again)
	is(t, err, identity.ErrVendorExists)
}

func TestList_givesEveryVendor(t *testing.T) {
	w := newWorld(t)
	var want []id.Client
	for range 3 {
		v, _ := w.addVendor(t, shop())
		want = append(want, v.ID)
		w.clock.Add(1e9)
	}
	list, err := w.vendors.List(t.Context())
	must(t, err)
	var got []id.Client
	for _, v := range list {
		got = append(got, v.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAdd_listsEveryMistakeAtOnce(t *testing.T) {
	w := newWorld(t)
	_, _, err := w.vendors.Add(t.Context(), identity.Vendor{
		Name: "evil\u202etxt", Domain: "Shop Example", RedirectURIs: []string{"https://*.example/cb", "javascript:alert(1)"},
		PolicyURI: "ftp://x", SigningAlg: "none", AuthMethod: "psychic", Purposes: map[string]string{"email": ""},
	})
	is(t, err, identity.ErrVendorInvalid)
	var invalid *identity.InvalidVendor
	if !errors.As(err, &invalid) {
		t.Fatalf("%T", err)
	}
	for _, part := range []string{"name:", "domain:", "https://*.example/cb", "javascript:alert(1)", "policy", "signing algorithm", "authentication method", `purpose of "email"`} {
		if !slices.ContainsFunc(invalid.Mistakes, func(m string) bool { return strings.Contains(m, part) }) {
			t.Errorf("%q is missing in %q", part, err)
		}
	}
}

func TestAdd_redirectAddresses(t *testing.T) {
	w := newWorld(t)
	add := func(uri string, public bool) error {
		v := identity.Vendor{Name: "App", Public: public, RedirectURIs: []string{uri}}
		_, _, err := w.vendors.Add(t.Context(), v)
		return err
	}
	for _, good := range []string{"https://a.example/cb", "https://a.example:8443/cb?x=1", "http://localhost:5555/cb", "http://127.0.0.1/cb", "http://[::1]:9/cb", "https://xn--mller-kva.example/"} {
		if err := add(good, false); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	must(t, add("com.example.app:/cb", true))
	for _, bad := range []string{"", "/cb", "//a.example/cb", "a.example/cb", "https:///cb", "https://a.example/cb#f", "https://a.example/cb#", "https://u@a.example/cb", "https://u:p@a.example/", "http://a.example/cb", "http://127.0.0.1.a.example/", "http://localhost.a.example/", "https://A.example/cb", "https://a.example\\@b.example/", "https://a.example/*", "https://a .example/", "https://a.example/\n", "https://ä.example/", "javascript:alert(1)", "data:text/html,x", "myapp:/cb", "com.example.app://host/cb", "https://" + strings.Repeat("a", 3000)} {
		for _, public := range []bool{false, true} {
			if err := add(bad, public); !errors.Is(err, identity.ErrVendorInvalid) {
				t.Errorf("%q (public %v): %v", bad, public, err)
			}
		}
	}
	is(t, add("com.example.app:/cb", false), identity.ErrVendorInvalid)
}

func TestAdd_otherMistakes(t *testing.T) {
	w := newWorld(t)
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	spoil := map[string]func(*identity.Vendor){
		"no name":           func(v *identity.Vendor) { v.Name = "" },
		"long name":         func(v *identity.Vendor) { v.Name = strings.Repeat("ü", 81) },
		"unseen name":       func(v *identity.Vendor) { v.Name = "\u3164\u3164" },
		"hidden in a name":  func(v *identity.Vendor) { v.Name = "Meins\u115f Bank" },
		"two lines":         func(v *identity.Vendor) { v.Name = "a\nb" },
		"no redirect":       func(v *identity.Vendor) { v.RedirectURIs = nil },
		"too many":          func(v *identity.Vendor) { v.RedirectURIs = slices.Repeat(v.RedirectURIs, 20) },
		"bad logout":        func(v *identity.Vendor) { v.PostLogoutRedirectURIs = []string{"http://shop.example"} },
		"bad id":            func(v *identity.Vendor) { v.ID = "shop" },
		"public + secret":   func(v *identity.Vendor) { v.Public, v.AuthMethod = true, identity.MethodBasic },
		"none, not public":  func(v *identity.Vendor) { v.AuthMethod = identity.MethodNone },
		"key without keys":  func(v *identity.Vendor) { v.AuthMethod = identity.MethodKey },
		"empty keys":        func(v *identity.Vendor) { v.JWKS = json.RawMessage(`{"keys":[]}`) },
		"no keys":           func(v *identity.Vendor) { v.JWKS = json.RawMessage(`[1]`) },
		"private key":       func(v *identity.Vendor) { v.JWKS = keySet(t, private) },
		"shared key":        func(v *identity.Vendor) { v.JWKS = keySet(t, []byte("0123456789abcdef")) },
		"public + machine":  func(v *identity.Vendor) { v.Public, v.GrantTypes = true, []string{"client_credentials"} },
		"unknown grant":     func(v *identity.Vendor) { v.GrantTypes = []string{"password"} },
		"text as picture":   func(v *identity.Vendor) { v.Logo = []byte("<html>") },
		"page as picture":   func(v *identity.Vendor) { v.LogoType = "text/html" },
		"huge picture":      func(v *identity.Vendor) { v.Logo = append(slices.Clone(png), make([]byte, 64<<10)...) },
		"type, no picture":  func(v *identity.Vendor) { v.Logo = nil },
		"bad contact":       func(v *identity.Vendor) { v.Contact = "Shop <a@b.example>" },
		"script as policy":  func(v *identity.Vendor) { v.PolicyURI = "javascript:alert(1)" },
		"purpose of thing":  func(v *identity.Vendor) { v.Purposes = map[string]string{"E mail": "x"} },
		"language unsaid":   func(v *identity.Vendor) { v.Purposes["email#"] = "x" },
		"verified what":     func(v *identity.Vendor) { v.Domain = "" },
		"endless purpose":   func(v *identity.Vendor) { v.Purposes["email"] = strings.Repeat("x", 201) },
		"direction tricks":  func(v *identity.Vendor) { v.Purposes["email"] = "safe\u202eefas" },
		"domain with paths": func(v *identity.Vendor) { v.Domain = "shop.example/x" },
	}
	for name, f := range spoil {
		v := shop()
		f(&v)
		if _, _, err := w.vendors.Add(t.Context(), v); !errors.Is(err, identity.ErrVendorInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left := w.keysUnder(t, "vendor"); len(left) != 0 {
		t.Errorf("left in the store: %v", left)
	}

	v := shop()
	v.JWKS = keySet(t, private.Public())
	added, secret := w.addVendor(t, v)
	if added.AuthMethod != identity.MethodKey || secret != "" {
		t.Errorf("a vendor with a key got method %q and a secret: %v", added.AuthMethod, secret != "")
	}
}

func keySet(t *testing.T, key any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key, KeyID: "1"}}})
	must(t, err)
	return b
}

func TestSector_hostOfTheRedirects_orTheVendorItself(t *testing.T) {
	w := newWorld(t)
	one, _ := w.addVendor(t, shop())
	if one.Sector() != "shop.example" {
		t.Errorf("sector %q", one.Sector())
	}
	for _, redirects := range [][]string{
		{"https://a.example/", "https://b.example/"}, // two hosts say nothing
		{"http://localhost:1/cb"},                    // anybody's
		{"com.example.app:/cb"},
	} {
		v, _ := w.addVendor(t, identity.Vendor{Name: "App", Public: true, RedirectURIs: redirects})
		if v.Sector() != string(v.ID) {
			t.Errorf("%v: sector %q", redirects, v.Sector())
		}
	}
}
