package stolen_test

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/consent/release"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/apptest"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store/bolt"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

// box is something sealed in the database that leads to a value, and how the public code opens it.
type box struct {
	what string
	open func(key []byte) ([]byte, error)
}

// isPart says whether a key, cut at its slashes, is of one kind of record that grants have.
func isPart(key []string, kind string) bool {
	return len(key) == 4 && key[0] == "consent" && key[1] == "grant" && key[3] == kind
}

// boxes finds everything that is sealed by a customer's agent.
func (f theft) boxes(t *testing.T) []box {
	t.Helper()
	var all []box
	for _, key := range slices.Sorted(maps.Keys(f.records)) {
		raw := f.records[key]
		name := strings.Split(key, "/")
		switch {
		case isPart(name, "capsule"):
			all = append(all, f.capsule(t, id.Grant(name[2]), raw))
		case strings.HasPrefix(key, "consent/document/") && len(name) == 4:
			revision, err := strconv.ParseUint(name[3], 10, 64)
			must(t, err)
			as := seal.Context{Purpose: "document", Account: name[2], Object: "document", Revision: revision}
			all = append(all, boxed("document", seal.Open, as, raw))
		case isPart(name, "terms"):
			g := f.terms(t, id.Grant(name[2]))
			as := seal.Context{Purpose: "grant-key", Account: string(g.Account), Object: name[2] + "/" + g.approved().Digest()}
			all = append(all, boxed("wrapped grant key", seal.Open, as, g.Wrapped))
		case strings.HasPrefix(key, "account/"):
			all = append(all, slots(t, name[1], f.opened[key])...)
		}
	}
	return all
}

func boxed(what string, open func(seal.Key, seal.Context, []byte) ([]byte, error), as seal.Context, sealed []byte) box {
	return box{what, func(key []byte) ([]byte, error) {
		k, err := seal.KeyFrom(key)
		if err != nil {
			return nil, err
		}
		return open(k, as, sealed)
	}}
}

// capsule is a record of the format, the revision and the sealed bytes.
func (f theft) capsule(t *testing.T, grant id.Grant, raw []byte) box {
	t.Helper()
	account := f.terms(t, grant).Account
	return box{"capsule", func(key []byte) ([]byte, error) {
		k, err := vault.GrantKeyFrom(key)
		if err != nil {
			return nil, err
		}
		claims, err := vault.OpenCapsule(k, account, grant, binary.BigEndian.Uint64(raw[1:9]), raw[9:])
		if err != nil {
			return nil, err
		}
		return json.Marshal(claims)
	}}
}

// terms is what of a grant's record is needed to open things.
type terms struct {
	Account    id.Account
	Persona    id.Persona
	Wrapped    []byte
	Party      struct{ Client id.Client }
	Claims     []struct{ Name string }
	Continuous bool
}

// approved is what the thief reads that the customer approved.
func (g terms) approved() vault.Approved {
	a := vault.Approved{Client: g.Party.Client, Persona: g.Persona, Continuous: g.Continuous}
	for _, c := range g.Claims {
		a.Claims = append(a.Claims, c.Name)
	}
	return a
}

func (f theft) terms(t *testing.T, grant id.Grant) (g terms) {
	t.Helper()
	must(t, json.Unmarshal(f.records["consent/grant/"+string(grant)+"/terms"], &g))
	return g
}

// slots are in the account's record, which the server opens.
func slots(t *testing.T, account string, record []byte) []box {
	t.Helper()
	var rec struct {
		Slots []struct{ Slot vault.Slot }
	}
	must(t, json.Unmarshal(record, &rec))
	var all []box
	for _, s := range rec.Slots {
		as := seal.Context{Purpose: "slot/" + string(s.Slot.Kind), Account: account, Object: string(s.Slot.ID)}
		all = append(all, boxed(string(s.Slot.Kind)+" slot", seal.OpenCommitting, as, s.Slot.Sealed))
	}
	return all
}

// opening lists what the keys open, each kind once, and what was inside.
func opening(boxes []box, keys [][]byte) map[string][]byte {
	opened := map[string][]byte{}
	for _, b := range boxes {
		for _, key := range keys {
			if plaintext, err := b.open(key); err == nil {
				opened[b.what] = plaintext
				break
			}
		}
	}
	return opened
}

// word is what could be a key, a name or a hash inside a record.
var word = regexp.MustCompile(`[A-Za-z0-9+/_-]{16,}=*`)

// words are the texts inside records, and the bytes that they stand for.
func words(records ...[]byte) [][]byte {
	lowerBase32 := base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
	var all [][]byte
	for _, record := range records {
		for _, text := range word.FindAll(record, -1) {
			all = append(all, text)
			for _, decode := range []func(string) ([]byte, error){
				base64.StdEncoding.DecodeString, base64.RawURLEncoding.DecodeString, hex.DecodeString, lowerBase32.DecodeString,
			} {
				if b, err := decode(string(text)); err == nil {
					all = append(all, b)
				}
			}
		}
	}
	return all
}

// windows are all the runs of 32 bytes in some bytes.
func windows(b []byte) [][]byte {
	var all [][]byte
	for ; len(b) >= seal.KeySize; b = b[1:] {
		all = append(all, b[:seal.KeySize])
	}
	return all
}

// keyLike is all that has the length of a key, in what the thief has, and all that the public code
// makes keys into: what is derived from each for every purpose, and every keyed hash of every name.
func (f theft) keyLike(ring *identity.Keyring) [][]byte {
	var readable [][]byte // what is sealed to the thief as well holds no key that could be read
	for key, raw := range f.records {
		if readable = append(readable, []byte(key)); json.Valid(raw) || strings.HasPrefix(key, readsPrefix) {
			readable = append(readable, raw)
		}
	}
	readable = slices.AppendSeq(readable, maps.Values(f.opened))
	found := append(words(readable...), f.ring.keys()...)
	found = append(found, f.master.Bytes())

	var keys [][]byte
	for _, one := range found {
		keys = append(append(keys, windows(one)...), hashes(ring, one)...)
		k, err := seal.KeyFrom(one)
		for _, label := range []string{"auth", "unlock", "recovery", "prf"} {
			keys = append(keys, seal.Stir(one, "meins/1/"+label).Bytes())
			if err == nil {
				keys = append(keys, seal.Derive(k, "meins/1/"+label).Bytes())
			}
		}
	}
	return keys
}

// hashes are what the pepper and the pairwise secret make of a name, and what needs no key.
func hashes(ring *identity.Keyring, name []byte) [][]byte {
	plain := sha256.Sum256(name)
	all := [][]byte{plain[:]}
	for _, purpose := range []string{"login", "auth", "salt", "session", "sid", "client-secret"} {
		all = append(all, ring.Hash(purpose, name))
	}
	sub, err := base64.RawURLEncoding.DecodeString(ring.PairwiseSub(string(name), "", ""))
	if err == nil {
		all = append(all, sub)
	}
	return all
}

// TestDatabaseAndMasterKey_openNoCapsule gives the thief everything that the server has: the data
// folder, the master key, and the source.
func TestDatabaseAndMasterKey_openNoCapsule(t *testing.T) {
	p := apptest.Start(t)
	shop := p.AddVendor(t, "https://kornblume.example/callback")
	c := p.SignUp(t, login, values)
	tokens := p.Exchange(t, shop, apptest.CodeOf(t, c.Authorize(t, p.AuthorizeURL(shop, "scope", shopScope), shared...)))
	c.Fill(t, moved)
	p.UserInfo(t, tokens.Access)
	p.Do(t, "keys", "rotate") // the token was sealed under a key that has retired
	customersKey := vaultKey(t, c)
	p.Stop(t)

	f := steal(t, p.Data, filepath.Join(p.Data, "master.key"))
	boxes := f.boxes(t)
	for what, want := range map[string]int{"capsule": 1, "document": 3, "wrapped grant key": 1, "passphrase slot": 1, "recovery slot": 1} {
		if got := countOf(boxes, what); got != want {
			t.Fatalf("%d of a %s in the database, want %d", got, what, want)
		}
	}
	server := openServer(t, p.Data, f.master)
	keys := f.keyLike(server.keys)
	if len(keys) < 5000 {
		t.Fatalf("only %d things that could be a key", len(keys))
	}
	for what := range opening(boxes, keys) {
		t.Errorf("with the database and the master key the %s opens", what)
	}
	server.releasesNothing(t, f, keys)

	// Who has more, gets more, by the same way: the test can fail.
	t.Run("a token in hand opens its capsule", func(t *testing.T) { tokenOpensItsCapsule(t, f, boxes, server, tokens.Access) })
	t.Run("the vault key opens what the customer sealed", func(t *testing.T) {
		opened := opening(boxes, [][]byte{customersKey})
		if !strings.Contains(string(opened["document"]), "birthdate") || len(opened["wrapped grant key"]) != seal.KeySize || len(opened) != 2 {
			t.Errorf("the vault key opens %v", slices.Sorted(maps.Keys(opened)))
		}
		if opened := opening(boxes, [][]byte{opened["wrapped grant key"]}); len(opened) != 1 || opened["capsule"] == nil {
			t.Errorf("the grant key opens %v", slices.Sorted(maps.Keys(opened)))
		}
	})
	t.Run("the passphrase opens its slot", func(t *testing.T) { passphraseOpensItsSlot(t, f, boxes, c) })
}

func countOf(boxes []box, what string) int {
	n := 0
	for _, b := range boxes {
		if b.what == what {
			n++
		}
	}
	return n
}

// server is the server's own code over what was stolen.
type server struct {
	keys    *identity.Keyring
	consent *consent.Engine
}

func openServer(t *testing.T, data string, master seal.Key) server {
	t.Helper()
	s, err := bolt.Open(filepath.Join(data, "meins.db"), bolt.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	ring, err := identity.OpenKeyring(t.Context(), s, master, time.Now)
	must(t, err)
	engine := consent.New(consent.Options{Store: s, Now: time.Now, ReadLog: consent.Gathered})
	t.Cleanup(func() { must(t, engine.Close(context.WithoutCancel(t.Context()))) })
	return server{ring, engine}
}

// release goes the server's own way out: a permit, and a key for what it permits.
func (s server) release(t *testing.T, f theft, key []byte) (vault.Claims, error) {
	t.Helper()
	for name := range f.records {
		if record := strings.Split(name, "/"); isPart(record, "terms") {
			grant := record[2]
			permit, err := s.consent.Permit(t.Context(), consent.Reading{
				Grant: id.Grant(grant), Client: f.terms(t, id.Grant(grant)).Party.Client, Claims: []string{"email"}, Kind: consent.KindUserInfo,
			})
			must(t, err)
			k, err := vault.GrantKeyFrom(key)
			must(t, err)
			return release.Release(t.Context(), permit, k)
		}
	}
	t.Fatal("no grant")
	return nil, nil
}

// releasesNothing tries some of the keys where the server would use a token's.
func (s server) releasesNothing(t *testing.T, f theft, keys [][]byte) {
	t.Helper()
	for i := 0; i < len(keys); i += len(keys) / 200 {
		if _, err := s.release(t, f, keys[i]); err == nil {
			t.Error("the server releases a value without a token")
		}
	}
}

// tokenOpensItsCapsule is what a vendor's token is for, and why it is kept nowhere.
func tokenOpensItsCapsule(t *testing.T, f theft, boxes []box, s server, access string) {
	kid, text, _ := strings.Cut(access, ".")
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	must(t, err)
	tokenKey, ok := s.keys.TokenByID(kid)
	if !ok {
		t.Fatal("the token's key is gone")
	}
	inside, err := tokenKey.Open(seal.Context{Purpose: "access"}, sealed)
	must(t, err)
	opened := opening(boxes, windows(inside))
	if len(opened) != 1 || !strings.Contains(string(opened["capsule"]), moved["email"].(string)) {
		t.Errorf("the token opens %v", slices.Sorted(maps.Keys(opened)))
	}
	for _, key := range windows(inside) {
		if claims, err := s.release(t, f, key); err == nil && string(claims["email"]) == `"`+moved["email"].(string)+`"` {
			return
		}
	}
	t.Error("with the token in hand the server releases nothing")
}

// passphraseOpensItsSlot pays for one guess with one Argon2id, which is all that is left to a thief.
func passphraseOpensItsSlot(t *testing.T, f theft, boxes []box, c *apptest.Customer) {
	var rec struct {
		Slots []struct{ Slot vault.Slot }
	}
	kept, err := c.Kept.Load(t.Context())
	must(t, err)
	must(t, json.Unmarshal(f.opened["account/"+string(kept.Account)], &rec))
	for _, s := range rec.Slots {
		if s.Slot.Stretch == nil {
			continue
		}
		root, err := s.Slot.Stretch.Run(c.Passphrase)
		must(t, err)
		opened := opening(boxes, [][]byte{seal.Derive(root, "meins/1/unlock").Bytes()})
		if len(opened) != 1 || len(opened["passphrase slot"]) != seal.KeySize {
			t.Errorf("the passphrase opens %v", slices.Sorted(maps.Keys(opened)))
		}
		return
	}
	t.Fatal("no slot of a passphrase")
}
