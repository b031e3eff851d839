package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// version of every record of this room. A record of another version is refused, never guessed at.
const version = 1

var (
	errVersion = errors.New("a record of another version of meins")
	errRing    = errors.New("incomplete key ring")
)

// ringRecord is every key of the server. It is stored sealed under the master key.
type ringRecord struct {
	V        int       `json:"v"`
	Revision uint64    `json:"revision"`
	Pepper   []byte    `json:"pepper"`
	Pairwise []byte    `json:"pairwise"`
	Records  []byte    `json:"records"`
	Tokens   []ringKey `json:"tokens"` // the current one first, as in the others
	Flows    []ringKey `json:"flows"`
	Signing  []ringKey `json:"signing"`
	// Witnesses are the public halves (PKIX) of keys that signed receipts and were rotated out: a
	// receipt has no end, so neither has what proves it.
	Witnesses []ringKey `json:"witnesses,omitempty"`
	// Rotated is when the current keys came into use; without it, when they were made.
	Rotated int64 `json:"rotated,omitempty"`
	// Next are the keys that come after the current ones: published, known to every node, and not used.
	Next *nextRecord `json:"next,omitempty"`
	// Revoked names the keys that were withdrawn. Of the keys themselves nothing is left.
	Revoked []revokedRecord `json:"revoked,omitempty"`
}

// nextRecord is one of each key that rotates, and when they take over.
type nextRecord struct {
	Begins  int64     `json:"begins"`
	Tokens  []ringKey `json:"tokens"`
	Flows   []ringKey `json:"flows"`
	Signing []ringKey `json:"signing"`
}

// revokedRecord is what is remembered of a key that was withdrawn.
type revokedRecord struct {
	ID        string `json:"id"`
	Use       string `json:"use"`
	Algorithm string `json:"alg,omitempty"`
	Created   int64  `json:"created"`
	Revoked   int64  `json:"revoked"`
}

// ringKey is one key that rotates: 32 bytes, or PKCS #8 for signing.
type ringKey struct {
	ID        string `json:"id"`
	Algorithm string `json:"alg,omitempty"`
	Key       []byte `json:"key"`
	Created   int64  `json:"created"`
	Retired   int64  `json:"retired,omitempty"`
}

// loginRecord leads from the hash of a login name to its account.
type loginRecord struct {
	V       int        `json:"v"`
	Account id.Account `json:"account"`
}

// accountRecord is one account with its slots. It is stored sealed under the ring's record key.
type accountRecord struct {
	V       int          `json:"v"`
	Account id.Account   `json:"account"`
	Login   []byte       `json:"login"` // its hash, to find the loginRecord when the account goes
	Created int64        `json:"created"`
	Slots   []slotRecord `json:"slots"`
}

// slotRecord is one slot, and the keyed hash of what proves its secret.
type slotRecord struct {
	Slot  vault.Slot `json:"slot"`
	Check []byte     `json:"check"`
}

// sessionRecord is one session. It is stored sealed under the ring's record key, because the share
// in it would open what a stolen browser profile holds.
type sessionRecord struct {
	V         int        `json:"v"`
	ID        id.Session `json:"id"`
	Account   id.Account `json:"account"`
	AuthTime  int64      `json:"auth_time"`
	Created   int64      `json:"created"`
	Expires   int64      `json:"expires"`
	Methods   []string   `json:"methods"`
	Share     []byte     `json:"share"`
	MustRenew bool       `json:"must_renew,omitempty"`
	UserAgent string     `json:"user_agent,omitempty"`
}

// goneRecord is that an account was deleted; all it has to say is in its key.
type goneRecord struct {
	V int `json:"v"`
}

// vendorRecord is one vendor without its picture.
type vendorRecord struct {
	V        int               `json:"v"`
	ID       id.Client         `json:"id"`
	Name     string            `json:"name"`
	Domain   string            `json:"domain,omitempty"`
	Verified bool              `json:"domain_verified,omitempty"`
	Sector   string            `json:"sector"`
	Logo     string            `json:"logo,omitempty"` // its hash
	Contact  string            `json:"contact,omitempty"`
	Policy   string            `json:"policy_uri,omitempty"`
	Terms    string            `json:"terms_uri,omitempty"`
	Redirect []string          `json:"redirect_uris,omitempty"`
	Logout   []string          `json:"post_logout_redirect_uris,omitempty"`
	Public   bool              `json:"public,omitempty"`
	Method   string            `json:"auth_method"`
	Secret   []byte            `json:"secret_hash,omitempty"`
	Sealed   []byte            `json:"secret_sealed,omitempty"`
	JWKS     json.RawMessage   `json:"jwks,omitempty"`
	JWKSURI  string            `json:"jwks_uri,omitempty"`
	Purposes map[string]string `json:"purposes,omitempty"`
	Alg      string            `json:"signing_alg,omitempty"`
	Grants   []string          `json:"grant_types"`
	Created  int64             `json:"created"`
	Protocol *Protocol         `json:"protocol,omitempty"`
	Standing Standing          `json:"standing,omitzero"`
	Subject  string            `json:"subject_type,omitempty"`
	Proof    *DomainProof      `json:"domain_proof,omitempty"`
	// Registration is there when the vendor registered itself.
	Registration *Registration `json:"registration,omitempty"`
	Document     *Document     `json:"document,omitempty"`
}

// logoRecord is a vendor's picture, apart from what is read on every request.
type logoRecord struct {
	V    int    `json:"v"`
	Type string `json:"type"`
	Data []byte `json:"data"`
}

func (r ringRecord) format() int    { return r.V }
func (r loginRecord) format() int   { return r.V }
func (r accountRecord) format() int { return r.V }
func (r sessionRecord) format() int { return r.V }
func (r goneRecord) format() int    { return r.V }
func (r vendorRecord) format() int  { return r.V }
func (r logoRecord) format() int    { return r.V }

// encode writes a record. No record holds what JSON cannot say.
func encode(r any) []byte {
	b, err := json.Marshal(r)
	if err != nil {
		panic("identity: " + err.Error())
	}
	return b
}

// decode reads a record of this version.
func decode[T interface{ format() int }](b []byte) (T, error) {
	var r, none T
	if err := json.Unmarshal(b, &r); err != nil {
		return none, fmt.Errorf("read record: %w", err)
	}
	if r.format() != version {
		return none, fmt.Errorf("%w: %d", errVersion, r.format())
	}
	return r, nil
}

// fromUnix is the time of a stored second; 0 is no time.
func fromUnix(s int64) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}
