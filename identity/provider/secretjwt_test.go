package provider_test

import (
	"net/http"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/identity"
)

func TestSecretJWT_provesTheSecret_withoutSendingIt(t *testing.T) {
	w := newWorld(t)
	s := w.vendor(func(v *identity.Vendor) { v.AuthMethod = "client_secret_jwt" })
	if s.secret == "" || len(s.SecretHash) != 0 {
		t.Fatal("no secret, or a hash beside it")
	}
	k := keyed{shop: s}
	secret := []byte(s.secret)
	good := sign(t, jose.HS256, secret, w.assertionClaims(k, nil))
	if a := w.assert(good); a.Status != http.StatusOK || a.Access == "" {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	w.assert(good).refused(t, 401, "invalid_client") // once
	w.assert(sign(t, jose.HS256, []byte(strings.Repeat("x", 46)), w.assertionClaims(k, nil))).refused(t, 401, "invalid_client")
	w.assert(sign(t, jose.HS512, append(secret, secret...), w.assertionClaims(k, nil))).refused(t, 401, "invalid_client")
	w.assert(sign(t, jose.ES256, ecKey(t), w.assertionClaims(k, nil))).refused(t, 401, "invalid_client")
	w.assert(none(t, w.assertionClaims(k, nil))).refused(t, 401, "invalid_client")
	w.send("/oauth/token", asClient(), string(s.ID), s.secret).refused(t, 401, "invalid_client")
	w.send("/oauth/token", asClient("client_id", string(s.ID)), "", "").refused(t, 401, "invalid_client")
	for name, value := range w.contents() {
		if strings.Contains(name+value, s.secret) {
			t.Errorf("%s holds the secret", name)
		}
	}

	next, err := w.vendors.RotateSecret(t.Context(), s.ID)
	w.must(err)
	w.assert(sign(t, jose.HS256, secret, w.assertionClaims(k, nil))).refused(t, 401, "invalid_client")
	if a := w.assert(sign(t, jose.HS256, []byte(next), w.assertionClaims(k, nil))); a.Status != http.StatusOK {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

func TestAssertion_ofAVendorThatRegisteredOneAlgorithm_hasThatOne(t *testing.T) {
	w := newWorld(t)
	key := ecKey(t)
	k := w.signing(key, func(v *identity.Vendor) { v.AuthMethod, v.Protocol.AuthAlg = "private_key_jwt", "PS256" })
	w.assert(sign(t, jose.ES256, key, w.assertionClaims(k, nil))).refused(t, 401, "invalid_client")
}
