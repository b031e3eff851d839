package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/vault/seal"
)

// keyIDSize is the length of the id of a token or flow key.
const keyIDSize = 8

// rsaBits is the size of RS256 keys: what every relying party takes.
const rsaBits = 2048

// algorithms that every ring can sign with; ES256 comes first because vendors take the first they know.
var algorithms = [...]jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.EdDSA}

// ring is the opened snapshot of a ringRecord: never changed, replaced whole.
type ring struct {
	revision         uint64
	pepper, pairwise []byte
	records          *seal.Box
	tokens, flows    boxes
	signers          []signer
	witnesses        []jose.JSONWebKey
	rotated, begins  time.Time // when the current keys came, and when the next ones will
	revoked          []revokedRecord
}

// life says when a key came, when it begins to be used if it is not yet, and when a newer one took its
// place.
type life struct{ created, begins, retired time.Time }

// current says that a key is the one to use.
func (l life) current() bool { return l.begins.IsZero() && l.retired.IsZero() }

// over says that a retired key has been kept long enough.
func (l life) over(kept time.Duration, now time.Time) bool {
	return !l.retired.IsZero() && !now.Before(l.retired.Add(kept))
}

func (l life) info(use, alg, kid string, kept time.Duration) KeyInfo {
	info := KeyInfo{ID: kid, Use: use, Algorithm: alg, State: "current", Created: l.created}
	if !l.begins.IsZero() {
		info.State, info.From = "next", l.begins
	}
	if !l.retired.IsZero() {
		info.State, info.Until = "retired", l.retired.Add(kept)
	}
	return info
}

// sealer is one symmetric key that rotates.
type sealer struct {
	life
	kid string
	box *seal.Box
}

// boxes are the keys of one use, the current one first.
type boxes []sealer

func (b boxes) current() (string, *seal.Box) { return b[0].kid, b[0].box }

func (b boxes) find(kid string) (sealer, bool) {
	for _, s := range b {
		if s.kid == kid {
			return s, true
		}
	}
	return sealer{}, false
}

// signer is one signing key, private and public.
type signer struct {
	life
	key    jose.SigningKey
	public jose.JSONWebKey
}

// open turns the record into keys that work, or fails whole.
func (r ringRecord) open() (*ring, error) {
	records, err := seal.KeyFrom(r.Records)
	if err != nil {
		return nil, err
	}
	if len(r.Pepper) != seal.KeySize || len(r.Pairwise) != seal.KeySize || len(r.Tokens) == 0 || len(r.Flows) == 0 {
		return nil, errRing
	}
	out := &ring{
		revision: r.Revision, pepper: r.Pepper, pairwise: r.Pairwise, records: seal.NewBox(records),
		rotated: fromUnix(r.since()), revoked: r.Revoked,
	}
	if err := out.add(r.Tokens, r.Flows, r.Signing, time.Time{}); err != nil {
		return nil, err
	}
	if r.Next != nil {
		out.begins = fromUnix(r.Next.Begins)
		if err := out.add(r.Next.Tokens, r.Next.Flows, r.Next.Signing, out.begins); err != nil {
			return nil, err
		}
	}
	for _, w := range r.Witnesses {
		public, err := x509.ParsePKIXPublicKey(w.Key)
		if err != nil {
			return nil, fmt.Errorf("witness %s: %w", w.ID, err)
		}
		out.witnesses = append(out.witnesses, jose.JSONWebKey{Key: public, KeyID: w.ID, Algorithm: w.Algorithm, Use: "sig"})
	}
	return out, nil
}

// add opens keys that rotate and puts them behind those that are there. What begins later is known, and
// not used.
func (r *ring) add(tokens, flows, signing []ringKey, begins time.Time) error {
	for _, one := range [...]struct {
		keys []ringKey
		to   *boxes
	}{{tokens, &r.tokens}, {flows, &r.flows}} {
		opened, err := openBoxes(one.keys, begins)
		if err != nil {
			return err
		}
		*one.to = append(*one.to, opened...)
	}
	for _, s := range signing {
		opened, err := s.open()
		if err != nil {
			return err
		}
		opened.begins = begins
		r.signers = append(r.signers, opened)
		if s.Algorithm == string(jose.RS256) {
			r.signers = append(r.signers, opened.twin())
		}
	}
	return nil
}

func openBoxes(keys []ringKey, begins time.Time) (boxes, error) {
	var out boxes
	for _, k := range keys {
		key, err := seal.KeyFrom(k.Key)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", k.ID, err)
		}
		l := k.life()
		l.begins = begins
		out = append(out, sealer{life: l, kid: k.ID, box: seal.NewBox(key)})
	}
	return out, nil
}

// open parses a signing key; its id is the thumbprint (RFC 7638) and so never needs to be believed.
func (k ringKey) open() (signer, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(k.Key)
	if err != nil {
		return signer{}, fmt.Errorf("signing key %s: %w", k.ID, err)
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return signer{}, errRing
	}
	public := jose.JSONWebKey{Key: private.Public(), KeyID: k.ID, Algorithm: k.Algorithm, Use: "sig"}
	return signer{
		life:   k.life(),
		public: public,
		key: jose.SigningKey{
			Algorithm: jose.SignatureAlgorithm(k.Algorithm),
			Key:       jose.JSONWebKey{Key: parsed, KeyID: k.ID, Algorithm: k.Algorithm, Use: "sig"},
		},
	}, nil
}

// twinMark ends the id under which an RSA key signs by PS256.
const twinMark = "-PS256"

// twin is the same RSA key, for PS256, under an id of its own: each id has one algorithm.
func (s signer) twin() signer {
	own := s.key.Key.(jose.JSONWebKey) // open made it
	own.KeyID, own.Algorithm = s.public.KeyID+twinMark, string(jose.PS256)
	s.key = jose.SigningKey{Algorithm: jose.PS256, Key: own}
	s.public.KeyID, s.public.Algorithm = own.KeyID, own.Algorithm
	return s
}

func (k ringKey) life() life { return life{created: fromUnix(k.Created), retired: fromUnix(k.Retired)} }

// newRing draws everything for a first start.
func newRing(now time.Time) (ringRecord, error) {
	r := ringRecord{
		V: version, Revision: 1,
		Pepper: seal.NewKey().Bytes(), Pairwise: seal.NewKey().Bytes(), Records: seal.NewKey().Bytes(),
	}
	fresh, err := newRotating(now)
	if err != nil {
		return ringRecord{}, err
	}
	r.Tokens, r.Flows, r.Signing = fresh.Tokens, fresh.Flows, fresh.Signing
	return r, nil
}

// newRotating draws one of each key that rotates.
func newRotating(now time.Time) (ringRecord, error) {
	r := ringRecord{Tokens: []ringKey{newSealing(now)}, Flows: []ringKey{newSealing(now)}}
	for _, alg := range algorithms {
		k, err := newSigning(alg, now)
		if err != nil {
			return ringRecord{}, fmt.Errorf("make %s key: %w", alg, err)
		}
		r.Signing = append(r.Signing, k)
	}
	return r, nil
}

func newSealing(now time.Time) ringKey {
	return ringKey{ID: strings.ToLower(rand.Text()[:keyIDSize]), Key: seal.NewKey().Bytes(), Created: now.Unix()}
}

func newSigning(alg jose.SignatureAlgorithm, now time.Time) (ringKey, error) {
	private, err := drawSigning(alg)
	if err != nil {
		return ringKey{}, err
	}
	print, err := (&jose.JSONWebKey{Key: private.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		return ringKey{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return ringKey{}, err
	}
	kid := base64.RawURLEncoding.EncodeToString(print)
	return ringKey{ID: kid, Algorithm: string(alg), Key: der, Created: now.Unix()}, nil
}

func drawSigning(alg jose.SignatureAlgorithm) (crypto.Signer, error) {
	switch alg {
	case jose.ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.RS256:
		return rsa.GenerateKey(rand.Reader, rsaBits)
	case jose.EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	default:
		return nil, ErrNoSigner
	}
}

// isKeyID says that a text could be the id of a token or flow key.
func isKeyID(s string) bool {
	if len(s) != keyIDSize {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}
