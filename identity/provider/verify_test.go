package provider_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"maps"
	"testing"

	jose "github.com/go-jose/go-jose/v4"
)

// verifyIDToken checks an ID token with nothing but the published keys, as a vendor does.
func verifyIDToken(t *testing.T, w *world, a answer, algorithm string) {
	t.Helper()
	var set jose.JSONWebKeySet
	w.must(json.Unmarshal(w.get("/oauth/keys", "").Body.Bytes(), &set))
	signed, err := jose.ParseSigned(a.ID, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(algorithm)})
	if err != nil {
		t.Fatalf("%s: %v", algorithm, err)
	}
	keys := set.Key(signed.Signatures[0].Header.KeyID)
	if len(keys) != 1 || keys[0].Algorithm != algorithm || !keys[0].IsPublic() {
		t.Fatalf("%s: %d keys", algorithm, len(keys))
	}
	payload, err := signed.Verify(keys[0].Key)
	if err != nil {
		t.Fatalf("%s: %v", algorithm, err)
	}
	var claims struct {
		Access string `json:"at_hash"`
	}
	w.must(json.Unmarshal(payload, &claims))
	sum := sha256.Sum256([]byte(a.Access))
	half := sum[:16]
	if algorithm == "EdDSA" {
		long := sha512.Sum512([]byte(a.Access))
		half = long[:32]
	}
	if claims.Access != base64.RawURLEncoding.EncodeToString(half) {
		t.Errorf("%s: at_hash does not fit the access token", algorithm)
	}
}

// signWith signs a token's claims, changed, with a key as it is.
func signWith(t testing.TB, key jose.SigningKey, claims map[string]any, change map[string]any) string {
	t.Helper()
	all := maps.Clone(claims)
	maps.Copy(all, change)
	payload, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}
