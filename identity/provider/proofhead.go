package provider

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"math/big"
	"strconv"
	"strings"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	// knownHeads is how many heads of proofs are kept: one or two for each client that reads. They take
	// some half a kilobyte each.
	knownHeads = 4096
	// maxKnownHead is the longest that is kept. One with a P-256 key has about 250 characters.
	maxKnownHead = 512
)

// heads keeps what go-jose read in the heads of proofs that held. All proofs of a client begin with the
// same head, letter by letter, since the key is in it: what the head says, that its key is a public one
// that lies on its curve, and what its thumbprint is, need not be found out again for each of them. A
// head is known only once a proof with it has gone the whole way through go-jose, signature and all.
type heads struct {
	mu    sync.RWMutex
	known map[string]head
}

// head is what the first part of a proof says. It holds for that very text and no other.
type head struct {
	key        *ecdsa.PublicKey
	thumbprint string
}

func newHeads() *heads { return &heads{known: map[string]head{}} }

func (h *heads) get(text string) (head, bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	known, ok := h.known[text]
	return known, ok
}

// put makes room by dropping any other: the order of a map is as good as random. Whoever floods it with
// keys of its own only has proofs read as if there were no memory of heads.
func (h *heads) put(text string, known head) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, there := h.known[text]; !there && len(h.known) >= knownHeads {
		for other := range h.known {
			delete(h.known, other)
			break
		}
	}
	h.known[strings.Clone(text)] = known // the whole proof must not stay for its head
}

// learn keeps the head of a proof that go-jose has found to hold. Only the plain ones of ES256: with
// more in it than a type, a key and its name (RFC 7515, 4.1.11; RFC 7797) a head may change how the
// rest is to be read.
func (h *heads) learn(text string, said jose.Header, thumbprint string) {
	key, ok := said.JSONWebKey.Key.(*ecdsa.PublicKey)
	first, _, _ := strings.Cut(text, ".")
	if !ok || said.Algorithm != string(jose.ES256) || len(said.ExtraHeaders) != 1 || len(first) > maxKnownHead {
		return
	}
	if _, ok := decodeExactly(first); ok {
		h.put(first, head{key, thumbprint})
	}
}

// open checks a proof whose head is known. Where it says no, go-jose decides: it takes every proof that
// is taken here, with the same result (FuzzHeads).
func (h *heads) open(text string) (proofClaims, proof, bool) {
	first, rest, _ := strings.Cut(text, ".")
	known, ok := h.get(first)
	if !ok {
		return proofClaims{}, proof{}, false
	}
	second, third, _ := strings.Cut(rest, ".")
	payload, decoded := decodeExactly(second)
	signature, signed := decodeExactly(third)
	if !decoded || !signed || !holdsES256(known.key, text[:len(first)+1+len(second)], signature) {
		return proofClaims{}, proof{}, false
	}
	claims, ok := readPlain(string(payload))
	return claims, proof{thumbprint: known.thumbprint, algorithm: string(jose.ES256)}, ok
}

// holdsES256 verifies r and s, each in 32 bytes (RFC 7518, 3.4).
func holdsES256(key *ecdsa.PublicKey, signed string, signature []byte) bool {
	if len(signature) != 64 {
		return false
	}
	sum := sha256.Sum256([]byte(signed))
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	return ecdsa.Verify(key, sum[:], r, s)
}

// decodeExactly decodes base64url that is written in the one way it can be: no bits or lines left over.
func decodeExactly(text string) ([]byte, bool) {
	raw, err := encoding.DecodeString(text)
	return raw, err == nil && encoding.EncodedLen(len(raw)) == len(text)
}

// readPlain reads claims as programs write them: known names, each once, without space, escape or
// anything beyond ASCII. Any other JSON is for go-jose.
func readPlain(text string) (proofClaims, bool) {
	var c proofClaims
	if !strings.HasPrefix(text, "{") {
		return proofClaims{}, false
	}
	for rest := text[1:]; ; rest = rest[1:] {
		name, value, ok := cutText(rest)
		if !ok || !strings.HasPrefix(value, ":") {
			return proofClaims{}, false
		}
		if rest, ok = c.take(name, value[1:]); !ok {
			return proofClaims{}, false
		}
		if rest == "}" {
			return c, true
		}
		if !strings.HasPrefix(rest, ",") {
			return proofClaims{}, false
		}
	}
}

// take reads the value of one name from the beginning of a text, and gives the rest.
func (c *proofClaims) take(name, text string) (string, bool) {
	if name == "iat" {
		end := strings.IndexAny(text, ",}")
		if c.Issued != nil || end < 1 || end > maxPlainDigits || text[0] == '0' || strings.Trim(text[:end], "0123456789") != "" {
			return "", false
		}
		seconds, err := strconv.ParseInt(text[:end], 10, 64)
		c.Issued = jwt.NewNumericDate(time.Unix(seconds, 0))
		return text[end:], err == nil
	}
	place := c.place(name)
	if place == nil || *place != "" {
		return "", false
	}
	value, rest, ok := cutText(text)
	*place = value
	return rest, ok && value != "" // so that the second of two is noticed
}

func (c *proofClaims) place(name string) *string {
	switch name {
	case "jti":
		return &c.ID
	case "htm":
		return &c.Method
	case "htu":
		return &c.URI
	case "ath":
		return &c.Access
	case "nonce":
		return &c.Nonce
	}
	return nil
}

// maxPlainDigits is what a float holds exactly, which go-jose reads numbers as.
const maxPlainDigits = 15

// cutText reads a text in quotes from the beginning of another, and gives the rest.
func cutText(text string) (inside, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		return "", "", false
	}
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return text[1:i], text[i+1:], true
		case c < ' ' || c > '~' || c == '\\':
			return "", "", false
		}
	}
	return "", "", false
}
