package foreign_test

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/meins-id/meins/internal/apptest"
	"github.com/meins-id/meins/internal/id"
)

// decryptionKey draws a vendor's key for UserInfo: its private half as a JWK, and a file with the public one.
func decryptionKey(t *testing.T, curve ecdh.Curve, name string) (private map[string]string, jwks string) {
	t.Helper()
	key, err := curve.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	point := key.PublicKey().Bytes()
	public := map[string]string{"kty": "OKP", "crv": name, "x": encode(point), "use": "enc", "kid": "kornblume-e2e"}
	if len(point) == 65 { // 4, x, y
		public["kty"], public["x"], public["y"] = "EC", encode(point[1:33]), encode(point[33:])
	}
	private = map[string]string{"d": encode(key.Bytes())}
	for member, value := range public {
		private[member] = value
	}
	set, err := json.Marshal(map[string]any{"keys": []any{public}})
	if err != nil {
		t.Fatal(err)
	}
	jwks = filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(jwks, set, 0o600); err != nil {
		t.Fatal(err)
	}
	return private, jwks
}

// An unmodified openid-client reads what the customer's agent encrypted to it, and what changes later.
func TestOpenIDClient_readsEndToEnd(t *testing.T) {
	t.Parallel()
	for _, way := range []struct {
		curve     ecdh.Curve
		name, alg string
	}{
		{ecdh.P256(), "P-256", "ECDH-ES"},
		{ecdh.P256(), "P-256", "ECDH-ES+A256KW"},
		{ecdh.X25519(), "X25519", "ECDH-ES"},
	} {
		p := apptest.Start(t)
		private, jwks := decryptionKey(t, way.curve, way.name)
		v := p.AddVendor(t, callback, "--jwks-file", jwks, "--userinfo-encryption", way.alg, "--userinfo-alg", "none")
		secret, err := json.Marshal(map[string]any{"secret": v.ClientSecret, "jwk": private})
		if err != nil {
			t.Fatal(err)
		}
		v.ClientSecret = string(secret)
		o := runOpenIDClient(t, "endtoend.mjs", p, v, "", way.alg)
		c := p.SignUp(t, "ada", ada)
		if err := o.finish(t, c.Authorize(t, o.begin(t), "email")); err != nil {
			t.Fatalf("%s, %s: sign in: %v", way.name, way.alg, err)
		}
		reads := func(email string) {
			t.Helper()
			info, err := o.userInfo(t)
			if err != nil || info["email"] != email || info["sub"] != o.subject() || info["address"] != nil {
				t.Errorf("%s, %s: %v, %v", way.name, way.alg, info, err)
			}
		}
		reads("ada@lovelace.example")
		c.Fill(t, map[string]any{"email": "countess@lovelace.example"})
		if err := o.refresh(t); err != nil {
			t.Fatalf("refresh: %v", err)
		}
		reads("countess@lovelace.example")
		again := c.Authorize(t, o.begin(t)) // nobody is asked
		if err := o.finish(t, again); err != nil {
			t.Fatalf("sign in again: %v", err)
		}
		reads("countess@lovelace.example")
		grants, err := c.Grants(t.Context())
		if err != nil || len(grants) != 1 {
			t.Fatalf("%d grants, %v", len(grants), err)
		}
		if _, err := c.Withdraw(t.Context(), id.Grant(grants[0].ID)); err != nil {
			t.Fatal(err)
		}
		if info, err := o.userInfo(t); err == nil {
			t.Errorf("a withdrawn grant reads %v", info)
		}
	}
}

// An unmodified openid-client reads ID tokens and introspection that are signed and encrypted to it.
func TestOpenIDClient_readsEncryptedIDTokens(t *testing.T) {
	t.Parallel()
	p := apptest.Start(t)
	private, jwks := decryptionKey(t, ecdh.P256(), "P-256")
	v := p.AddVendor(t, callback, "--jwks-file", jwks, "--id-token-encryption", "ECDH-ES+A256KW", "--introspection-encryption", "ECDH-ES+A256KW",
		"--signing-alg", "ES256", "--introspection-alg", "ES256")
	secret, err := json.Marshal(map[string]any{"secret": v.ClientSecret, "jwk": private})
	if err != nil {
		t.Fatal(err)
	}
	v.ClientSecret = string(secret)
	o := runOpenIDClient(t, "nested.mjs", p, v, "", "ECDH-ES+A256KW")
	c := p.SignUp(t, "ada", ada)
	if err := o.finish(t, c.Authorize(t, o.begin(t), "email")); err != nil {
		t.Fatalf("sign in: %v", err)
	}
	if info, err := o.userInfo(t); err != nil || info["email"] != "ada@lovelace.example" {
		t.Errorf("%v, %v", info, err)
	}
	if err := o.refresh(t); err != nil {
		t.Errorf("refresh: %v", err)
	}
	var said struct{ Active bool }
	if err := o.tell(t, &said, "command", "introspect"); err != nil || !said.Active {
		t.Errorf("introspection: %+v, %v", said, err)
	}
}
