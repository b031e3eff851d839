package seal

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// The algorithms by which a content key is agreed on with a recipient (RFC 7518, 4.6).
const (
	ECDHES       = "ECDH-ES"
	ECDHESA256KW = "ECDH-ES+A256KW"
)

// A256GCM is the one content encryption (RFC 7518, 5.3).
const A256GCM = "A256GCM"

// maxJWK is the largest key document in bytes.
const maxJWK = 4096

var (
	// ErrJWK says that a key is not one that can be encrypted to.
	ErrJWK = errors.New("not a public key for ECDH-ES on P-256 or X25519")
	// ErrAlgorithm says that an algorithm is not one of those above, or not the one of the key.
	ErrAlgorithm = errors.New("unknown key agreement")
)

// The curves on which that is done (RFC 7518, 6.2.1.1; RFC 8037, 2).
const (
	curveP256   = "P-256"
	curveX25519 = "X25519"
)

// Recipient is a public key that can be encrypted to. The zero Recipient refuses.
type Recipient struct {
	point point
	id    string // "kid"; may be empty
	alg   string // "alg"; empty when the key does not say
}

// point is a public key: on P-256 both coordinates behind a 4, on X25519 the one.
type point struct {
	curve string
	bytes []byte
}

// ParseRecipient reads the JWK of a public key (RFC 7517, 4; RFC 7518, 6.2; RFC 8037, 2). It refuses
// whatever is not exactly that: other curves, keys for something else, members that appear twice,
// and a private key, whose owner has made a mistake that should not go unnoticed.
func ParseRecipient(document []byte) (Recipient, error) {
	k, ok := readMembers(document)
	if !ok || k.has("d") || !k.encrypts() {
		return Recipient{}, ErrJWK
	}
	p, err := k.point()
	if err != nil {
		return Recipient{}, ErrJWK // the cause may quote the document
	}
	r := Recipient{point: p, id: k.text("kid"), alg: k.text("alg")}
	if k.has("alg") && r.alg != ECDHES && r.alg != ECDHESA256KW {
		return Recipient{}, ErrAlgorithm
	}
	return r, nil
}

// jwk are the members of a key, by their exact names.
type jwk map[string]json.RawMessage

func (k jwk) has(name string) bool { _, ok := k[name]; return ok }

// text is a member that is a JSON string; empty when it is not.
func (k jwk) text(name string) string {
	var s string
	if json.Unmarshal(k[name], &s) != nil {
		return ""
	}
	return s
}

// encrypts says that the key may be used to agree on another. A public key has no operations of its
// own for that (RFC 7517, 4.3), so that an empty list, or one that names them, will do.
func (k jwk) encrypts() bool {
	if k.has("use") && k.text("use") != "enc" {
		return false
	}
	if !k.has("key_ops") {
		return true
	}
	var operations []string
	if json.Unmarshal(k["key_ops"], &operations) != nil {
		return false
	}
	return !slices.ContainsFunc(operations, func(o string) bool { return o != "deriveKey" && o != "deriveBits" })
}

// point is what the key is; one that is not on its curve is refused (by a browser, when it is used).
func (k jwk) point() (point, error) {
	x, err := coordinate(k.text("x"))
	if err != nil {
		return point{}, err
	}
	p := point{curve: k.text("crv")}
	switch {
	case k.text("kty") == "OKP" && p.curve == curveX25519 && !k.has("y"):
		p.bytes = x
	case k.text("kty") == "EC" && p.curve == curveP256:
		y, err := coordinate(k.text("y"))
		if err != nil {
			return point{}, err
		}
		p.bytes = append(append([]byte{4}, x...), y...)
	default:
		return point{}, ErrJWK
	}
	return p, p.check()
}

// coordinate is 32 bytes in base64url, in the one spelling that they have.
func coordinate(s string) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != KeySize || len(s) != base64.RawURLEncoding.EncodedLen(KeySize) { // the decoder skips line breaks
		return nil, ErrJWK
	}
	return b, nil
}

// readMembers reads one JSON object, and refuses one in which a member appears twice: two readers
// could take it for two different keys.
func readMembers(document []byte) (jwk, bool) {
	if len(document) > maxJWK {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(document))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	members := jwk{}
	for d.More() {
		token, err := d.Token()
		name, ok := token.(string)
		var value json.RawMessage
		if err != nil || !ok || members.has(name) || d.Decode(&value) != nil {
			return nil, false
		}
		members[name] = value
	}
	_, end := d.Token()
	_, after := d.Token()
	return members, end == nil && after == io.EOF
}

// IsZero says that there is no key.
func (r Recipient) IsZero() bool { return r.point.bytes == nil }

// KeyID is what the owner calls the key; may be empty.
func (r Recipient) KeyID() string { return r.id }

// Algorithm is the one that the key is meant for; empty when it does not say.
func (r Recipient) Algorithm() string { return r.alg }

// JWK is the key as a document that ParseRecipient reads: what makes it what it is, and what its owner
// says about it, in one spelling; empty for the zero Recipient.
func (r Recipient) JWK() string {
	if r.IsZero() {
		return ""
	}
	document := r.point.jwk()
	for _, member := range [...][2]string{{"kid", r.id}, {"alg", r.alg}} {
		if member[1] == "" {
			continue
		}
		value, _ := json.Marshal(member[1]) // a text is always JSON
		document = document[:len(document)-1] + `,"` + member[0] + `":` + string(value) + "}"
	}
	return document
}

// Thumbprint names the key by what it is (RFC 7638, SHA-256); empty for the zero Recipient.
func (r Recipient) Thumbprint() string {
	if r.IsZero() {
		return ""
	}
	sum := sha256.Sum256([]byte(r.point.jwk()))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// jwk are the members that make a key what it is, in the order of RFC 7638: also what stands in the
// header of a message. None of the values needs escaping.
func (p point) jwk() string {
	encode := base64.RawURLEncoding.EncodeToString
	if p.curve == curveX25519 {
		return fmt.Sprintf(`{"crv":"X25519","kty":"OKP","x":"%s"}`, encode(p.bytes))
	}
	return fmt.Sprintf(`{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}`, encode(p.bytes[1:1+KeySize]), encode(p.bytes[1+KeySize:]))
}
