package identity_test

import (
	"slices"
	"testing"
	"time"

	"github.com/meins-id/meins/identity"
)

func TestRevoke_currentKey_isGone_andAnotherSigns(t *testing.T) {
	w := newWorld(t)
	for _, alg := range []string{"ES256", "RS256", "EdDSA", "PS256"} {
		key, err := w.keys.Signer(alg)
		must(t, err)
		kid := kidOf(key)
		must(t, w.keys.Revoke(t.Context(), kid))
		for name, k := range map[string]*identity.Keyring{"here": w.keys, "after a restart": w.reopen(t)} {
			fresh, err := k.Signer(alg)
			must(t, err)
			if published(k, kid) || kidOf(fresh) == kid || !signs(t, k, fresh) {
				t.Errorf("%s, %s: the key is still in use", alg, name)
			}
		}
		is(t, w.keys.Revoke(t.Context(), kid), identity.ErrNoKey)
	}
	if revoked := states(t, w.keys, "revoked"); len(revoked) != 4 || !revoked[0].Until.Equal(w.clock.Now()) || len(kids(w.keys)) != 6 {
		t.Errorf("revoked: %+v", revoked)
	}
}

func TestRevoke_tokenAndFlowKeys_openNothingAnyMore(t *testing.T) {
	w := newWorld(t)
	other := w.reopen(t)
	token, _ := w.keys.Token()
	flow, _ := w.keys.Flow()
	must(t, w.keys.Revoke(t.Context(), token))
	must(t, w.keys.Revoke(t.Context(), flow))
	w.clock.Add(2 * time.Second)
	must(t, other.Refresh(t.Context()))
	for name, k := range map[string]*identity.Keyring{"here": w.keys, "on another node": other, "after a restart": w.reopen(t)} {
		_, tokens := k.TokenByID(token)
		_, flows := k.FlowByID(flow)
		now, _ := k.Token()
		if tokens || flows || now == token {
			t.Errorf("%s: a withdrawn key opens", name)
		}
	}
}

func TestRevoke_withNextKeysPublished_thoseTakeOver(t *testing.T) {
	w := newWorld(t)
	must(t, w.keys.Announce(t.Context(), time.Hour))
	next := states(t, w.keys, "next")
	old := signerID(t, w.keys)
	must(t, w.keys.Revoke(t.Context(), old))
	now := signerID(t, w.keys)
	if !slices.ContainsFunc(next, func(i identity.KeyInfo) bool { return i.ID == now }) {
		t.Error("a key signs that no vendor knew")
	}
	if after := states(t, w.keys, "next"); len(after) != 5 || !after[0].From.Equal(w.clock.Now().Add(identity.KeyAhead)) {
		t.Errorf("next: %+v", after)
	}
	// A key that is only next can be withdrawn too, and so can a retired one.
	waiting := states(t, w.keys, "next")[0].ID
	must(t, w.keys.Revoke(t.Context(), waiting))
	must(t, w.keys.Rotate(t.Context()))
	must(t, w.keys.Revoke(t.Context(), now))
	if published(w.keys, waiting) || published(w.keys, now) || published(w.keys, old) || len(states(t, w.keys, "current")) != 5 {
		t.Error("a withdrawn key is published, or a current one is missing")
	}
}

func TestRevoke_keyOfReceipts_vouchesForNoneAnyMore(t *testing.T) {
	w := newWorld(t)
	vouches := func(k *identity.Keyring, kid string) bool {
		for _, key := range k.ReceiptKeys() {
			if key.KeyID == kid {
				return true
			}
		}
		return false
	}
	first := w.keys.ReceiptKeys()[0].KeyID
	must(t, w.keys.Rotate(t.Context()))
	w.clock.Add(10 * 365 * 24 * time.Hour)
	must(t, w.keys.Rotate(t.Context()))
	if !vouches(w.keys, first) || len(states(t, w.keys, "witness")) == 0 {
		t.Fatal("an old receipt cannot be checked")
	}
	must(t, w.keys.Revoke(t.Context(), first))
	current := w.keys.ReceiptKeys()[0].KeyID
	must(t, w.keys.Revoke(t.Context(), current))
	for name, k := range map[string]*identity.Keyring{"here": w.keys, "after a restart": w.reopen(t)} {
		if vouches(k, first) || vouches(k, current) || len(k.ReceiptKeys()) != 2 {
			t.Errorf("%s: a withdrawn key vouches for receipts", name)
		}
	}
}

func TestRevoke_keyThatNobodyKnows_changesNothing(t *testing.T) {
	w := newWorld(t)
	before := kids(w.keys)
	for _, kid := range []string{"", "aaaaaaaa", "../keyring"} {
		is(t, w.keys.Revoke(t.Context(), kid), identity.ErrNoKey)
	}
	if !slices.Equal(before, kids(w.reopen(t))) || len(states(t, w.keys, "revoked")) != 0 {
		t.Error("something changed")
	}
}
