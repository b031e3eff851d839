package identity_test

import (
	"slices"
	"testing"
	"time"

	"github.com/meins-id/meins/identity"
)

const month = 30 * 24 * time.Hour

// published says whether the key set has a key.
func published(k *identity.Keyring, kid string) bool { return slices.Contains(kids(k), kid) }

// signerID is the key that signs now.
func signerID(t testing.TB, k *identity.Keyring) string {
	t.Helper()
	for _, info := range states(t, k, "current") {
		if info.Use == "sig" && info.Algorithm == "ES256" {
			return info.ID
		}
	}
	t.Fatal("nothing signs ES256")
	return ""
}

func states(t testing.TB, k *identity.Keyring, state string) []identity.KeyInfo {
	t.Helper()
	all, err := k.List(t.Context())
	must(t, err)
	return slices.DeleteFunc(all, func(i identity.KeyInfo) bool { return i.State != state })
}

func TestTend_publishesADayAhead_thenTakesOver_thenRetires(t *testing.T) {
	w := newWorld(t)
	first := signerID(t, w.keys)
	tend := func(d time.Duration) {
		w.clock.Add(d)
		must(t, w.keys.Tend(t.Context(), month))
	}
	if tend(month - 25*time.Hour); len(states(t, w.keys, "next")) != 0 {
		t.Fatal("announced too early")
	}
	tend(time.Hour)
	next := states(t, w.keys, "next")
	if len(next) != 5 || !next[0].From.Equal(w.clock.Now().Add(24*time.Hour)) || signerID(t, w.keys) != first {
		t.Fatalf("next: %+v", next)
	}
	for _, n := range next {
		if n.Use == "sig" && !published(w.keys, n.ID) {
			t.Errorf("%s is not published", n.ID)
		}
	}
	if tend(24*time.Hour - time.Second); signerID(t, w.keys) != first {
		t.Error("took over too early")
	}
	tend(time.Second)
	second := signerID(t, w.keys)
	if second == first || !slices.ContainsFunc(next, func(i identity.KeyInfo) bool { return i.ID == second }) {
		t.Error("another key signs than was published")
	}
	if !published(w.keys, first) || len(states(t, w.keys, "retired")) != 5 || len(states(t, w.keys, "next")) != 0 {
		t.Error("what was signed yesterday cannot be checked")
	}
	if tend(identity.SigningKeyKept); published(w.keys, first) {
		t.Error("a retired key is published for ever")
	}
	if tend(month - 49*time.Hour); len(states(t, w.keys, "next")) != 0 {
		t.Error("the second turn is too early")
	}
	tend(time.Hour)
	if len(states(t, w.keys, "next")) != 5 {
		t.Error("there is no second turn")
	}
}

func TestTend_onTwoNodes_makesOneSetOfKeys(t *testing.T) {
	w := newWorld(t)
	other := w.reopen(t)
	w.clock.Add(month)
	must(t, w.keys.Tend(t.Context(), month))
	must(t, other.Tend(t.Context(), month)) // knows nothing of it yet
	w.clock.Add(identity.KeyAhead)
	must(t, other.Tend(t.Context(), month))
	must(t, w.keys.Tend(t.Context(), month))
	must(t, w.keys.Refresh(t.Context()))
	if signerID(t, w.keys) != signerID(t, other) || len(states(t, w.keys, "retired")) != 5 || len(states(t, w.keys, "next")) != 0 {
		t.Error("the nodes disagree, or rotated twice")
	}
}

func TestTend_switchedOff_makesNothing_andFinishesWhatWasAnnounced(t *testing.T) {
	w := newWorld(t)
	first := signerID(t, w.keys)
	w.clock.Add(10 * 365 * 24 * time.Hour)
	must(t, w.keys.Tend(t.Context(), 0))
	if len(states(t, w.keys, "next")) != 0 {
		t.Error("made keys")
	}
	must(t, w.keys.Announce(t.Context(), time.Hour))
	must(t, w.keys.Announce(t.Context(), 3*time.Hour))
	w.clock.Add(time.Hour)
	must(t, w.keys.Tend(t.Context(), 0))
	if signerID(t, w.keys) == first {
		t.Error("what was announced did not take over")
	}
}

func TestRotate_takesTheKeysThatArePublishedAlready(t *testing.T) {
	w := newWorld(t)
	must(t, w.keys.Announce(t.Context(), time.Hour))
	next := states(t, w.keys, "next")
	must(t, w.keys.Rotate(t.Context()))
	now := signerID(t, w.reopen(t))
	if !slices.ContainsFunc(next, func(i identity.KeyInfo) bool { return i.ID == now }) {
		t.Error("a key signs that no vendor knew")
	}
}

func TestNextTokenKey_ofAnotherNode_opensBeforeThisOneUsesIt(t *testing.T) {
	w := newWorld(t)
	must(t, w.keys.Announce(t.Context(), time.Hour))
	other := w.reopen(t)
	must(t, other.Rotate(t.Context()))
	kid, box := other.Token()
	mine, ok := w.keys.TokenByID(kid)
	if !ok {
		t.Fatal("the other node's tokens are unknown here")
	}
	_, err := mine.Open(blob, box.Seal(blob, []byte("x")))
	must(t, err)
	if here, _ := w.keys.Token(); here == kid {
		t.Error("used before it was its time")
	}
}
