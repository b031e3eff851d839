package identity_test

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/internal/store/bolt"
	"github.com/meins-id/meins/vault/seal"
)

var blob = seal.Context{Purpose: "test"}

// reopen is another node on the same store, or the same after a restart.
func (w *world) reopen(t testing.TB) *identity.Keyring {
	t.Helper()
	k, err := identity.OpenKeyring(t.Context(), w.store, w.master, w.clock.Now)
	must(t, err)
	return k
}

func TestKeyring_reopened_holdsTheSameKeys(t *testing.T) {
	w := newWorld(t)
	kid, box := w.keys.Token()
	sealed := box.Seal(blob, []byte("x"))
	again := w.reopen(t)
	if !bytes.Equal(w.keys.Hash("a", []byte("b")), again.Hash("a", []byte("b"))) || w.keys.PairwiseSub("a", "p", "s") != again.PairwiseSub("a", "p", "s") {
		t.Error("another pepper or pairwise secret")
	}
	found, ok := again.TokenByID(kid)
	if !ok {
		t.Fatal("the token key is unknown")
	}
	_, err := found.Open(blob, sealed)
	must(t, err)
	if diff := cmp.Diff(kids(w.keys), kids(again)); diff != "" {
		t.Error(diff)
	}
}

func TestKeyring_nodesThatStartAtOnce_agree(t *testing.T) {
	w := newWorld(t)
	// A store of its own, so that nobody has started on it yet.
	fresh := newWorld(t)
	must(t, fresh.store.Update(t.Context(), deleteRing))
	var all sync.WaitGroup
	rings := make([]*identity.Keyring, 4)
	for i := range rings {
		all.Go(func() {
			k, err := identity.OpenKeyring(t.Context(), fresh.store, w.master, fresh.clock.Now)
			if err != nil {
				t.Error(err)
			}
			rings[i] = k
		})
	}
	all.Wait()
	for _, k := range rings[1:] {
		if diff := cmp.Diff(kids(rings[0]), kids(k)); diff != "" {
			t.Error(diff)
		}
		if !bytes.Equal(k.Hash("x"), rings[0].Hash("x")) {
			t.Error("two peppers")
		}
	}
}

func TestKeyring_anotherMasterKey_opensNothing(t *testing.T) {
	w := newWorld(t)
	for _, master := range []seal.Key{seal.NewKey(), {}} {
		_, err := identity.OpenKeyring(t.Context(), w.store, master, w.clock.Now)
		is(t, err, identity.ErrMaster)
	}
	w.reopen(t) // and nothing was overwritten
}

// anotherRing is one that no other test has.
func anotherRing(t *testing.T) *identity.Keyring {
	t.Helper()
	w := &world{clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}}
	s, err := bolt.Open(filepath.Join(t.TempDir(), "meins.db"), bolt.Options{Now: w.clock.Now})
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	k, err := identity.OpenKeyring(t.Context(), s, seal.NewKey(), w.clock.Now)
	must(t, err)
	return k
}

func TestHash_keepsPartsAndPurposesApart(t *testing.T) {
	w := newWorld(t)
	seen := map[string]bool{}
	for _, h := range [][]byte{
		w.keys.Hash("a", []byte("bc")), w.keys.Hash("ab", []byte("c")), w.keys.Hash("a", []byte("b"), []byte("c")),
		w.keys.Hash("a"), w.keys.Hash("a", nil), w.keys.Hash("a", nil, nil), anotherRing(t).Hash("a"),
	} {
		if len(h) != 32 || seen[string(h)] {
			t.Errorf("%x came twice or is no hash", h)
		}
		seen[string(h)] = true
	}
}

func TestPairwiseSub_differsByAccountPersonaAndSector(t *testing.T) {
	w := newWorld(t)
	k := w.keys
	seen := map[string]bool{}
	for _, sub := range []string{k.PairwiseSub("a", "p", "s"), k.PairwiseSub("b", "p", "s"), k.PairwiseSub("a", "q", "s"), k.PairwiseSub("a", "p", "t"), k.PairwiseSub("ap", "", "s")} {
		if len(sub) != 43 || seen[sub] {
			t.Errorf("%q came twice or has another length", sub)
		}
		seen[sub] = true
	}
	if k.PairwiseSub("a", "p", "s") != w.reopen(t).PairwiseSub("a", "p", "s") {
		t.Error("the same customer has two names")
	}
}

func TestSigner_eachAlgorithm_verifiesWithThePublishedKey(t *testing.T) {
	k := newWorld(t).keys
	for _, alg := range []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.PS256, jose.EdDSA} {
		key, err := k.Signer(string(alg))
		must(t, err)
		if !signs(t, k, key) {
			t.Errorf("%s: no published key verifies", alg)
		}
	}
	for _, alg := range []string{"", "none", "HS256", "es256"} {
		_, err := k.Signer(alg)
		is(t, err, identity.ErrNoSigner)
	}
	for _, p := range k.PublicKeys() {
		sum, err := p.Thumbprint(crypto.SHA256)
		must(t, err)
		if !p.IsPublic() || p.Use != "sig" || strings.TrimSuffix(p.KeyID, "-PS256") != base64.RawURLEncoding.EncodeToString(sum) || strings.HasSuffix(p.KeyID, "-PS256") != (p.Algorithm == "PS256") {
			t.Errorf("published key %+v", p)
		}
	}
}

// signs says whether what key signs can be verified with what the ring publishes.
func signs(t *testing.T, k *identity.Keyring, key jose.SigningKey) bool {
	t.Helper()
	s, err := jose.NewSigner(key, nil)
	must(t, err)
	signed, err := s.Sign([]byte("payload"))
	must(t, err)
	compact, err := signed.CompactSerialize()
	must(t, err)
	parsed, err := jose.ParseSigned(compact, []jose.SignatureAlgorithm{key.Algorithm})
	must(t, err)
	for _, p := range k.PublicKeys() {
		if p.KeyID == parsed.Signatures[0].Header.KeyID {
			_, err := parsed.Verify(p)
			return err == nil
		}
	}
	return false
}

func TestRotate_oldKeysStayGood_untilTheirTime(t *testing.T) {
	w := newWorld(t)
	oldToken, _ := w.keys.Token()
	oldFlow, _ := w.keys.Flow()
	oldSigner, err := w.keys.Signer("RS256")
	must(t, err)
	hash := w.keys.Hash("a")
	must(t, w.keys.Rotate(t.Context()))

	if kid, _ := w.keys.Token(); kid == oldToken {
		t.Error("the token key is still the old one")
	}
	if s, _ := w.keys.Signer("RS256"); kidOf(s) == kidOf(oldSigner) {
		t.Error("the signing key is still the old one")
	}
	if !bytes.Equal(hash, w.keys.Hash("a")) {
		t.Error("the pepper rotated: every login is lost")
	}
	good := func(token, flow, sig bool) {
		t.Helper()
		for _, k := range []*identity.Keyring{w.keys, w.reopen(t)} {
			_, gotToken := k.TokenByID(oldToken)
			_, gotFlow := k.FlowByID(oldFlow)
			if gotToken != token || gotFlow != flow || signs(t, k, oldSigner) != sig {
				t.Errorf("old keys good: token %v, flow %v, signing %v", gotToken, gotFlow, signs(t, k, oldSigner))
			}
		}
	}
	good(true, true, true)
	w.clock.Add(identity.FlowKeyKept - time.Second)
	good(true, true, true)
	w.clock.Add(time.Second)
	good(true, false, true)
	w.clock.Add(identity.SigningKeyKept - identity.FlowKeyKept - time.Second)
	must(t, w.keys.Rotate(t.Context())) // another rotation shortens nothing
	good(true, false, true)
	w.clock.Add(time.Second)
	good(true, false, false)
	w.clock.Add(identity.TokenKeyKept - identity.SigningKeyKept - time.Second)
	good(true, false, false)
	w.clock.Add(time.Second)
	good(false, false, false)
}

func TestRotate_dropsWhatIsOver(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		must(t, w.keys.Rotate(t.Context()))
		w.clock.Add(identity.TokenKeyKept)
	}
	must(t, w.keys.Rotate(t.Context()))
	list, err := w.keys.List(t.Context())
	must(t, err)
	byUse := map[string]int{}
	for _, k := range list {
		byUse[k.Use+" "+k.State]++
		if k.State == "retired" && !k.Until.After(w.clock.Now()) {
			t.Errorf("listed though its time is over: %+v", k)
		}
	}
	want := map[string]int{"sig current": 3, "sig retired": 3, "sig witness": 5, "token current": 1, "token retired": 1, "flow current": 1, "flow retired": 1}
	if diff := cmp.Diff(want, byUse); diff != "" {
		t.Error(diff)
	}
}

func TestRotate_twoNodesAtOnce_loseNoKey(t *testing.T) {
	w := newWorld(t)
	nodes := []*identity.Keyring{w.keys, w.reopen(t), w.reopen(t)}
	var all sync.WaitGroup
	for _, k := range nodes {
		all.Go(func() {
			if err := k.Rotate(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, k := range nodes {
		must(t, k.Refresh(t.Context()))
		if n := len(k.PublicKeys()); n != 4*4 {
			t.Errorf("%d public keys after three rotations", n)
		}
		if diff := cmp.Diff(kids(w.keys), kids(k)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestTokenByID_newerKeyOfAnotherNode_isFoundAtOnce(t *testing.T) {
	w := newWorld(t)
	other := w.reopen(t)
	w.clock.Add(time.Minute)
	must(t, other.Rotate(t.Context()))
	kid, _ := other.Token()
	if _, ok := w.keys.TokenByID(kid); !ok {
		t.Error("the other node's key is unknown")
	}
	for _, kid := range []string{"", "x", "aaaaaaaa", kid + "a", "../../..", kid[:7]} {
		if _, ok := w.keys.TokenByID(kid); ok {
			t.Errorf("%q is a key", kid)
		}
	}
}

func TestTokenAndFlowKeys_areNotEachOthers(t *testing.T) {
	k := newWorld(t).keys
	token, _ := k.Token()
	flow, _ := k.Flow()
	if _, ok := k.FlowByID(token); ok {
		t.Error("a token key opens flows")
	}
	if _, ok := k.TokenByID(flow); ok {
		t.Error("a flow key opens tokens")
	}
}

func kids(k *identity.Keyring) []string {
	var out []string
	for _, p := range k.PublicKeys() {
		out = append(out, p.KeyID)
	}
	token, _ := k.Token()
	flow, _ := k.Flow()
	return slices.Concat(out, []string{token, flow})
}

func kidOf(s jose.SigningKey) string {
	return s.Key.(jose.JSONWebKey).KeyID
}

// deleteRing takes a store back to before its first start.
func deleteRing(tx store.Tx) error { return tx.Delete("keyring") }

func TestReceiptKeys_verifyForEver(t *testing.T) {
	w := newWorld(t)
	var made []string
	for range 3 {
		keys := w.keys.ReceiptKeys()
		signer, err := w.keys.Signer(identity.ReceiptAlgorithm)
		must(t, err)
		if got := signer.Key.(jose.JSONWebKey).KeyID; keys[0].KeyID != got {
			t.Errorf("the first key is not the one that signs")
		}
		made = append(made, keys[0].KeyID)
		w.clock.Add(400 * 24 * time.Hour)
		must(t, w.keys.Rotate(t.Context()))
	}
	again, err := identity.OpenKeyring(t.Context(), w.store, w.master, w.clock.Now)
	must(t, err)
	for _, keys := range [][]jose.JSONWebKey{w.keys.ReceiptKeys(), again.ReceiptKeys()} {
		if len(keys) != 4 {
			t.Fatalf("%d keys", len(keys))
		}
		for _, k := range keys {
			if !k.Valid() || !k.IsPublic() || k.Algorithm != identity.ReceiptAlgorithm {
				t.Errorf("not a public key for receipts: %s", k.KeyID)
			}
		}
		for _, kid := range made {
			if !slices.ContainsFunc(keys, func(k jose.JSONWebKey) bool { return k.KeyID == kid }) {
				t.Errorf("key %s is lost", kid)
			}
		}
	}
}
