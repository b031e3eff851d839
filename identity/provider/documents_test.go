package provider_test

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/meins-id/meins/identity"
)

// site is where a vendor keeps a document: what it answers can be changed, and it counts.
type site struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	header map[string]string
	body   []byte
	calls  int
	same   int // answers without a body, since nothing had changed
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{status: http.StatusOK}
	s.Server = httptest.NewServer(http.HandlerFunc(s.answer))
	t.Cleanup(s.Close)
	return s
}

func (s *site) answer(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	for name, value := range s.header {
		w.Header().Set(name, value)
	}
	if tag := s.header["ETag"]; tag != "" && r.Header.Get("If-None-Match") == tag && s.status == http.StatusOK {
		s.same++
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.WriteHeader(s.status)
	_, _ = w.Write(s.body)
}

// says changes the answer; an even number of texts are header fields.
func (s *site) says(status int, body []byte, header ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.body, s.header = status, body, map[string]string{}
	for i := 0; i < len(header); i += 2 {
		s.header[header[i]] = header[i+1]
	}
}

func (s *site) counts() (calls, same int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls, s.same
}

// keySetOf is a JWKS; the keys are named k1, k2 and so on.
func keySetOf(t testing.TB, keys ...crypto.Signer) []byte {
	t.Helper()
	var set jose.JSONWebKeySet
	for i, key := range keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: key.Public(), KeyID: "k" + string(rune('1'+i)), Use: "sig"})
	}
	raw, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// remote is a vendor that keeps its keys at its own address.
func (w *world) remote(s *site, change ...func(*identity.Vendor)) keyed {
	return keyed{shop: w.vendor(append(change, func(v *identity.Vendor) {
		v.AuthMethod, v.JWKSURI = "private_key_jwt", s.URL+"/jwks"
	})...)}
}

func (w *world) assertsBy(k keyed, key crypto.Signer) int {
	w.t.Helper()
	return w.assert(sign(w.t, jose.ES256, key, w.assertionClaims(k, nil))).Status
}

func TestKeysAtAnAddress_areReadOnce_andKeptAsLongAsTheAnswerSays(t *testing.T) {
	w, s, key := newWorld(t), newSite(t), ecKey(t)
	s.says(200, keySetOf(t, key), "Cache-Control", "public, max-age=600", "ETag", `"one"`)
	k := w.remote(s)
	for range 3 {
		if got := w.assertsBy(k, key); got != 200 {
			t.Fatalf("got %d", got)
		}
	}
	if calls, _ := s.counts(); calls != 1 {
		t.Errorf("asked %d times for three logins", calls)
	}
	w.clock.move(11 * time.Minute)
	if got := w.assertsBy(k, key); got != 200 {
		t.Fatalf("got %d", got)
	}
	if calls, same := s.counts(); calls != 2 || same != 1 {
		t.Errorf("%d calls, %d of them said that nothing changed", calls, same)
	}
}

func TestKeysAtAnAddress_unknownKey_isLookedForAtMostOnceInAWhile(t *testing.T) {
	w, s, old, next := newWorld(t), newSite(t), ecKey(t), ecKey(t)
	s.says(200, keySetOf(t, old))
	k := w.remote(s)
	if got := w.assertsBy(k, old); got != 200 {
		t.Fatalf("got %d", got)
	}
	// The vendor signs with a key that is not there: nobody can make us ask again and again.
	second := func() int {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: next}, (&jose.SignerOptions{}).WithHeader("kid", "k2"))
		w.must(err)
		return w.assert(signedBy(t, signer, w.assertionClaims(k, nil))).Status
	}
	w.clock.move(31 * time.Second)
	for range 5 {
		if got := second(); got != 401 {
			t.Fatalf("an unknown key: %d", got)
		}
	}
	if calls, _ := s.counts(); calls != 2 {
		t.Errorf("asked %d times", calls)
	}
	s.says(200, keySetOf(t, old, next))
	if got := second(); got != 401 {
		t.Errorf("asked again within the pause: %d", got)
	}
	w.clock.move(31 * time.Second)
	if got := second(); got != 200 {
		t.Errorf("the new key: %d", got)
	}
	// A wrong signature under a name that is known makes nobody ask.
	before, _ := s.counts()
	w.clock.move(31 * time.Second)
	if got := w.assertsBy(k, next); got != 401 {
		t.Errorf("a wrong signature: %d", got)
	}
	if calls, _ := s.counts(); calls != before {
		t.Error("a wrong signature made us ask")
	}
}

func signedBy(t testing.TB, signer jose.Signer, claims map[string]any) string {
	t.Helper()
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestKeysAtAnAddress_outageIsBridged_andGarbageReplacesNothing(t *testing.T) {
	w, s, key := newWorld(t), newSite(t), ecKey(t)
	s.says(200, keySetOf(t, key), "Cache-Control", "max-age=60")
	k := w.remote(s)
	if got := w.assertsBy(k, key); got != 200 {
		t.Fatalf("got %d", got)
	}
	for name, body := range map[string]string{
		"down": "", "a page": "<html>sorry</html>", "no keys": `{"keys":[]}`, "a private key": `{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"k1"}]}`,
		"endless": strings.Repeat("x", 1<<20),
	} {
		status := 200
		if body == "" {
			status = 503
		}
		s.says(status, []byte(body))
		w.clock.move(2 * time.Minute)
		if got := w.assertsBy(k, key); got != 200 {
			t.Errorf("%s: %d", name, got)
		}
	}
	s.says(503, nil)
	w.clock.move(80 * time.Hour)
	if got := w.assertsBy(k, key); got != 401 {
		t.Errorf("keys that nobody has seen for days: %d", got)
	}
}

// Keys that were read while the clock was a day ahead are looked for again when it is set right.
func TestKeysAtAnAddress_clockThatIsSetBack_keepsNobodyOut(t *testing.T) {
	w, s, old, fresh := newWorld(t), newSite(t), ecKey(t), ecKey(t)
	w.clock.move(24 * time.Hour)
	s.says(200, keySetOf(t, old), "Cache-Control", "max-age=60")
	k := w.remote(s)
	if got := w.assertsBy(k, old); got != 200 {
		t.Fatalf("got %d", got)
	}
	s.says(200, keySetOf(t, fresh), "Cache-Control", "max-age=60")
	w.clock.move(-24 * time.Hour)
	if got := w.assertsBy(k, fresh); got != 200 {
		t.Errorf("the key that stands there now: %d", got)
	}
	if got := w.assertsBy(k, old); got != 401 {
		t.Errorf("the key that stood there: %d", got)
	}
	if calls, _ := s.counts(); calls != 2 {
		t.Errorf("asked %d times", calls)
	}
}

func TestKeysAtAnAddress_signRequestsToo(t *testing.T) {
	w, s, key := newWorld(t), newSite(t), ecKey(t)
	s.says(200, keySetOf(t, key))
	k := w.remote(s, func(v *identity.Vendor) { v.Protocol.RequireSigned = true })
	if u := w.authorize(k.holding(sign(t, jose.ES256, key, w.object(k.shop, k.request("openid"), nil))), ""); u.Path != "/continue" {
		t.Errorf("led to %s", u)
	}
}

func TestKeysAtAnAddress_thatLeadsInside_areNeverCalled(t *testing.T) {
	w := newWorld(t)
	for _, address := range []string{"http://shop.example/jwks", "file:///etc/passwd", "https://u:p@shop.example/jwks"} {
		_, _, err := w.vendors.Add(t.Context(), identity.Vendor{Name: "Shop", RedirectURIs: []string{shopReturn}, JWKSURI: address})
		if !errors.Is(err, identity.ErrVendorInvalid) {
			t.Errorf("%s: %v", address, err)
		}
	}
	_, _, err := w.vendors.Add(t.Context(), identity.Vendor{Name: "Shop", RedirectURIs: []string{shopReturn}, JWKSURI: "https://shop.example/jwks", JWKS: keySetOf(t, ecKey(t))})
	if !errors.Is(err, identity.ErrVendorInvalid) {
		t.Errorf("keys in two places: %v", err)
	}
	inside := w.vendor(func(v *identity.Vendor) {
		v.AuthMethod, v.JWKSURI = "private_key_jwt", "https://169.254.169.254/latest"
	})
	if got := w.assertsBy(keyed{shop: inside}, ecKey(t)); got != 401 {
		t.Errorf("got %d", got)
	}
}

// naming is a domain that names a vendor in its file.
func naming(client string) identity.Prover {
	return identity.Prover{
		File: func(context.Context, string) ([]byte, error) { return []byte("# ours\n" + client + "\n"), nil },
		TXT:  func(context.Context, string) ([]string, error) { return nil, nil },
	}
}
