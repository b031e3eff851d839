package provider

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"
)

const somePayload = `{"ath":"a","htm":"GET","htu":"https://id.test/oauth/userinfo","iat":1790000000,"jti":"1","nonce":"n"}`

// headed is a key and the head that its proofs begin with.
type headed struct {
	key *ecdsa.PrivateKey
	jwk string
}

func newHeaded(t testing.TB) headed {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := jose.JSONWebKey{Key: key.Public()}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return headed{key, string(jwk)}
}

func (h headed) head(more string) string {
	return `{"alg":"ES256","typ":"dpop+jwt","jwk":` + h.jwk + more + `}`
}

// sign signs what comes before the signature, or the payload as it is (RFC 7797).
func (h headed) sign(t testing.TB, head, payload string, unencoded bool) string {
	t.Helper()
	first, second := base64.RawURLEncoding.EncodeToString([]byte(head)), base64.RawURLEncoding.EncodeToString([]byte(payload))
	signed := first + "." + second
	if unencoded {
		signed = first + "." + payload
	}
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, h.key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	return first + "." + second + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// said is all that a proof says.
func said(c proofClaims, pr proof, err error) string {
	if err != nil {
		return "refused"
	}
	issued := "none"
	if c.Issued != nil {
		issued = fmt.Sprint(int64(*c.Issued))
	}
	return fmt.Sprintf("%q %q %q %q %q %s %+v", c.ID, c.Method, c.URI, c.Access, c.Nonce, issued, pr)
}

func TestHeads_plainProof_isReadWithoutTheLibrary_andSaysTheSame(t *testing.T) {
	k, h := newHeaded(t), newHeads()
	text := k.sign(t, k.head(""), somePayload, false)
	if _, _, ok := h.open(text); ok {
		t.Fatal("known before it was seen")
	}
	want := said(h.openProof(text))
	claims, pr, ok := h.open(text)
	if got := said(claims, pr, nil); !ok || got != want || want == "refused" {
		t.Errorf("%v %s, want %s", ok, got, want)
	}
}

func TestHeads_thatDidNotHold_orSayMore_areNotKept(t *testing.T) {
	k := newHeaded(t)
	other := newHeaded(t)
	for name, text := range map[string]string{
		"signed by another key": other.sign(t, k.head(""), somePayload, false),
		"unencoded":             k.sign(t, k.head(`,"b64":false,"crit":["b64"]`), somePayload, true),
		"something more":        k.sign(t, k.head(`,"x":1`), somePayload, false),
		"long":                  k.sign(t, k.head(strings.Repeat(" ", maxKnownHead)), somePayload, false),
		"private key":           k.sign(t, strings.Replace(k.head(""), `"kty"`, `"d":"AAAA","kty"`, 1), somePayload, false),
		"symmetric":             k.sign(t, `{"alg":"ES256","typ":"dpop+jwt","jwk":{"kty":"oct","k":"AAAA"}}`, somePayload, false),
		"other type":            k.sign(t, strings.Replace(k.head(""), "dpop+", "", 1), somePayload, false),
	} {
		h := newHeads()
		_, _, _ = h.openProof(text) // what it says is not the question
		if len(h.known) != 0 {
			t.Errorf("%s: kept", name)
		}
	}
}

func TestHeads_knownOne_helpsNoOtherSignature(t *testing.T) {
	k, other, h := newHeaded(t), newHeaded(t), newHeads()
	text := k.sign(t, k.head(""), somePayload, false)
	if said(h.openProof(text)) == "refused" || len(h.known) != 1 {
		t.Fatal("not kept")
	}
	first, rest, _ := strings.Cut(text, ".")
	second, third, _ := strings.Cut(rest, ".")
	for name, wrong := range map[string]string{
		"another key":      other.sign(t, k.head(""), somePayload, false),
		"another payload":  first + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"jti":"2"}`)) + "." + third,
		"no signature":     first + "." + second + ".",
		"short signature":  first + "." + second + "." + third[:len(third)-2],
		"zero signature":   first + "." + second + "." + strings.Repeat("A", 86),
		"four parts":       text + ".",
		"two parts":        first + "." + second,
		"head of its own":  first[:len(first)-1] + "." + second + "." + third,
		"two names":        k.sign(t, k.head(""), `{"jti":"1","jti":"2"}`, false),
		"two names, empty": k.sign(t, k.head(""), `{"jti":"","jti":"2"}`, false),
		"not JSON":         k.sign(t, k.head(""), `{"jti":"1"}}`, false),
		"comma":            k.sign(t, k.head(""), `{"jti":"1",}`, false),
	} {
		if got := said(h.openProof(wrong)); got != "refused" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestHeads_flood_leavesBoundedMemory(t *testing.T) {
	h := newHeads()
	for i := range 2 * knownHeads {
		h.put(fmt.Sprint(i), head{})
	}
	if len(h.known) != knownHeads {
		t.Errorf("%d heads are kept", len(h.known))
	}
}

// FuzzHeads holds the way of known heads against go-jose: whatever is taken there, go-jose takes with the
// same result, and what go-jose takes is not lost.
func FuzzHeads(f *testing.F) {
	k := newHeaded(f)
	f.Add("", somePayload, "", false)
	f.Add(`,"b64":false,"crit":["b64"]`, somePayload, "", true)
	f.Add(`,"kid":"a","x5c":[]`, `{"iat":1e9,"jti":"\u0041","x":[{}]}`, "", false)
	f.Add("", ` {"iat":01,"jti":"1","JTI":"2"}`, "\n", false)
	f.Add("", `{"iat":123456789012345,"jti":"é"}`, "A", false)
	f.Add(`,"alg":"ES256"`, `{"jti":null,"iat":-1}`, ".", false)
	f.Add("", `{"iat":0,"jti":""}`, "", false)
	f.Add("", "{}", "", false)
	f.Fuzz(func(t *testing.T, more, payload, tail string, unencoded bool) {
		h := newHeads()
		_, _, _ = h.openProof(k.sign(t, k.head(""), somePayload, false)) // from here on the plain head is known
		text := k.sign(t, k.head(more), payload, unencoded) + tail
		claims, pr, _, err := readUnknownProof(text)
		want := said(claims, pr, err)
		for range 2 { // the first may have to learn this head
			if got := said(h.openProof(text)); got != want {
				t.Fatalf("%q: %s, but go-jose says %s", text, got, want)
			}
		}
	})
}
