package vault

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"

	"github.com/meins-id/meins/internal/id"
)

// Approved is what the customer approved of a grant, as far as it says what may be sealed under the grant's key
// later on. The key is wrapped together with it: a server that says later that something else was approved
// has a key that does not open. The zero Approved is nothing.
type Approved struct {
	Client     id.Client
	Persona    id.Persona
	Claims     []string // by name; neither order nor repetition matters
	Continuous bool     // the values follow the vault
	Recipient  string   // thumbprint of the vendor's key, of a grant whose vendor reads end-to-end
}

// Digest stands for what was approved; empty where it does not say by whom and for whom.
func (a Approved) Digest() string {
	if a.Client == "" || a.Persona == "" {
		return ""
	}
	names := slices.Compact(slices.Sorted(slices.Values(a.Claims)))
	var follows byte
	if a.Continuous {
		follows = 1
	}
	b := make([]byte, 0, 512)
	for _, text := range []string{"meins/1/approved", string(a.Client), string(a.Persona), a.Recipient} {
		b = appendSized(b, text)
	}
	b = append(b, follows)
	for _, name := range names {
		b = appendSized(b, name)
	}
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func appendSized(b []byte, text string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(text))) // they came in messages of at most a mebibyte
	return append(b, text...)
}
