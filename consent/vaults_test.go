package consent_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/consent/release"
	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

func document(revision uint64) []byte { return fmt.Appendf(nil, "sealed as %d", revision) }

// save saves the first revisions.
func (r *room) save(t *testing.T, c customer, revisions uint64) {
	t.Helper()
	for n := uint64(1); n <= revisions; n++ {
		if err := r.SaveVault(t.Context(), c.account, consent.Save{Revision: n, Document: document(n)}); err != nil {
			t.Fatal(err)
		}
		r.clock.Advance(time.Minute)
	}
}

func TestVault_ofANewAccount_isRevisionZero(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	v, err := r.Vault(t.Context(), c.account)
	if err != nil || v.Revision != 0 || v.Document != nil || !v.Saved.IsZero() {
		t.Errorf("%+v, %v", v, err)
	}
	if kept, err := r.Revisions(t.Context(), c.account); err != nil || len(kept) != 0 {
		t.Error(kept, err)
	}
	if _, err := r.Revision(t.Context(), c.account, 0); !errors.Is(err, consent.ErrNoRevision) {
		t.Error(err)
	}
}

func TestSaveVault_keepsTenRevisionsBeforeTheCurrent(t *testing.T) {
	r, c, neighbour := newRoom(t, consent.Gathered), newCustomer(), newCustomer()
	r.save(t, neighbour, 1)
	start := r.clock.Now()
	r.save(t, c, 25)
	v, err := r.Vault(t.Context(), c.account)
	if err != nil || v.Revision != 25 || !bytes.Equal(v.Document, document(25)) || !v.Saved.Equal(start.Add(24*time.Minute)) {
		t.Errorf("%+v, %v", v, err)
	}
	kept, err := r.Revisions(t.Context(), c.account)
	if err != nil || len(kept) != 11 {
		t.Fatal(len(kept), err)
	}
	for i, k := range kept {
		n := 25 - uint64(i)
		got, err := r.Revision(t.Context(), c.account, n)
		if err != nil || k.Revision != n || !bytes.Equal(got.Document, document(n)) || !got.Saved.Equal(k.Saved) || k.Document != nil {
			t.Errorf("revision %d: %+v, %v", n, got, err)
		}
	}
	for _, n := range []uint64{0, 1, 14, 26} {
		if _, err := r.Revision(t.Context(), c.account, n); !errors.Is(err, consent.ErrNoRevision) {
			t.Errorf("revision %d: %v", n, err)
		}
	}
	if n := r.count(t, "consent/document/"); n != 12+2 {
		t.Errorf("%d records", n)
	}
}

func TestSaveVault_anyRevisionButTheNext_isStale(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	for _, n := range []uint64{0, 2, 1 << 63} {
		if err := r.SaveVault(t.Context(), c.account, consent.Save{Revision: n, Document: document(n)}); !errors.Is(err, consent.ErrStaleRevision) {
			t.Errorf("revision %d of a new vault: %v", n, err)
		}
	}
	r.save(t, c, 3)
	for _, n := range []uint64{0, 1, 3, 5} {
		err := r.SaveVault(t.Context(), c.account, consent.Save{Revision: n, Document: document(n)})
		if !errors.Is(err, consent.ErrStaleRevision) || fault.Of(err).Kind != fault.Stale {
			t.Errorf("revision %d after 3: %v", n, err)
		}
	}
	if v, err := r.Vault(t.Context(), c.account); err != nil || v.Revision != 3 || !bytes.Equal(v.Document, document(3)) {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestSaveVault_fiftyAtOnce_oneWins(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	r.save(t, c, 1)
	var won, lost atomic.Int32
	var winner atomic.Uint64
	var all sync.WaitGroup
	for i := range uint64(50) {
		all.Go(func() {
			err := r.SaveVault(t.Context(), c.account, consent.Save{Revision: 2, Document: document(100 + i)})
			switch {
			case err == nil:
				won.Add(1)
				winner.Store(100 + i)
			case errors.Is(err, consent.ErrStaleRevision):
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	v, err := r.Vault(t.Context(), c.account)
	if won.Load() != 1 || lost.Load() != 49 || err != nil || !bytes.Equal(v.Document, document(winner.Load())) {
		t.Errorf("%d won, %d lost, %q, %v", won.Load(), lost.Load(), v.Document, err)
	}
}

func TestSaveVault_sizes(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	for name, wrong := range map[string]struct {
		save consent.Save
		want error
	}{
		"no document":   {consent.Save{Revision: 1}, consent.ErrDocument},
		"huge document": {consent.Save{Revision: 1, Document: make([]byte, vault.MaxDocument+1)}, vault.ErrTooLarge},
		"no capsule":    {consent.Save{Revision: 1, Document: document(1), Capsules: []consent.Resealed{{}}}, consent.ErrCapsule},
		"huge capsule":  {consent.Save{Revision: 1, Document: document(1), Capsules: []consent.Resealed{{Capsule: make([]byte, vault.MaxCapsule+1)}}}, vault.ErrTooLarge},
	} {
		if err := r.SaveVault(t.Context(), c.account, wrong.save); !errors.Is(err, wrong.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := r.SaveVault(t.Context(), "a/b", consent.Save{Revision: 1, Document: document(1)}); !errors.Is(err, consent.ErrForgotten) {
		t.Errorf("an account that cannot be: %v", err)
	}
	if n := r.count(t, ""); n != 0 {
		t.Errorf("%d records were left behind", n)
	}
	if err := r.SaveVault(t.Context(), c.account, consent.Save{Revision: 1, Document: make([]byte, vault.MaxDocument)}); err != nil {
		t.Errorf("the largest document: %v", err)
	}
}

func TestSaveVault_resealsTheCapsulesInTheSameStep(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, key := r.approve(t, c, shop(), "email", "name")
	box, err := vault.SealCapsule(key, c.account, g.ID, 2, vault.Claims{"email": []byte(`"new@example.org"`)})
	if err != nil {
		t.Fatal(err)
	}
	save := consent.Save{Revision: 1, Document: document(1), Capsules: []consent.Resealed{{Grant: g.ID, Revision: 2, Capsule: box}}}
	if err := r.SaveVault(t.Context(), c.account, save); err != nil {
		t.Fatal(err)
	}
	p, err := r.Permit(t.Context(), reading(g, "email"))
	if err != nil {
		t.Fatal(err)
	}
	claims, err := release.Release(t.Context(), p, key)
	if err != nil || len(claims) != 1 || string(claims["email"]) != `"new@example.org"` {
		t.Errorf("%d claims, %v", len(claims), err)
	}
	if got, err := r.Grant(t.Context(), c.account, g.ID); err != nil || got.Revision != 2 {
		t.Errorf("revision %d, %v", got.Revision, err)
	}
	r.clock.Advance(consent.MaxEnds)
	if n := r.parts(t, "capsule"); n != 0 {
		t.Error("a re-sealed capsule outlives its grant")
	}
}

func TestSaveVault_capsuleThatMayNotBe_isRefused_andNothingIsSaved(t *testing.T) {
	r, c, other := newRoom(t, consent.Gathered), newCustomer(), newCustomer()
	alive, _ := r.approve(t, c, shop(), "email")
	withdrawn, _ := r.approve(t, c, shop(), "email")
	if _, err := r.Withdraw(t.Context(), c.account, withdrawn.ID); err != nil {
		t.Fatal(err)
	}
	theirs, _ := r.approve(t, other, shop(), "email")
	before := r.sealedOf(t, alive)
	box := []byte("sealed anew")
	for name, wrong := range map[string]struct {
		capsule consent.Resealed
		want    error
	}{
		"withdrawn grant":  {consent.Resealed{Grant: withdrawn.ID, Revision: 2, Capsule: box}, consent.ErrWithdrawn},
		"first revision":   {consent.Resealed{Grant: withdrawn.ID, Revision: 1, Capsule: box}, consent.ErrWithdrawn},
		"another account":  {consent.Resealed{Grant: theirs.ID, Revision: 2, Capsule: box}, consent.ErrNoGrant},
		"unknown grant":    {consent.Resealed{Grant: id.New[id.Grant](), Revision: 2, Capsule: box}, consent.ErrNoGrant},
		"same revision":    {consent.Resealed{Grant: alive.ID, Revision: 2, Capsule: box}, consent.ErrStaleRevision},
		"skipped revision": {consent.Resealed{Grant: alive.ID, Revision: 4, Capsule: box}, consent.ErrStaleRevision},
	} {
		good := consent.Resealed{Grant: alive.ID, Revision: 2, Capsule: box}
		save := consent.Save{Revision: 1, Document: document(1), Capsules: []consent.Resealed{good, wrong.capsule}}
		if err := r.SaveVault(t.Context(), c.account, save); !errors.Is(err, wrong.want) {
			t.Errorf("%s: %v, want %v", name, err, wrong.want)
		}
		if v, err := r.Vault(t.Context(), c.account); err != nil || v.Revision != 0 {
			t.Fatalf("%s: the document was saved: %d, %v", name, v.Revision, err)
		}
		if !bytes.Equal(r.sealedOf(t, alive), before) {
			t.Fatalf("%s: another capsule was saved", name)
		}
	}
	if n := r.parts(t, "capsule"); n != 2 {
		t.Errorf("%d capsules", n)
	}
	r.clock.Advance(consent.MaxEnds)
	late := consent.Save{Revision: 1, Document: document(1), Capsules: []consent.Resealed{{Grant: alive.ID, Revision: 2, Capsule: box}}}
	if err := r.SaveVault(t.Context(), c.account, late); !errors.Is(err, consent.ErrExpired) {
		t.Errorf("expired grant: %v", err)
	}
}

// sealedOf gives the sealed capsule that a read would open.
func (r *room) sealedOf(t *testing.T, g consent.Grant) []byte {
	t.Helper()
	p, err := r.Permit(t.Context(), reading(g, "email"))
	if err != nil {
		t.Fatal(err)
	}
	capsule, err := p.Redeem()
	if err != nil {
		t.Fatal(err)
	}
	return capsule.Sealed
}

// A save and a withdrawal race: whichever is first, the withdrawn grant has no capsule afterwards.
func TestSaveVault_whileWithdrawing_bringsNothingBack(t *testing.T) {
	r := newRoom(t, consent.Gathered)
	for range 20 {
		c := newCustomer()
		g, _ := r.approve(t, c, shop(), "email")
		save := consent.Save{Revision: 1, Document: document(1), Capsules: []consent.Resealed{{Grant: g.ID, Revision: 2, Capsule: document(2)}}}
		var both sync.WaitGroup
		both.Go(func() {
			if err := r.SaveVault(t.Context(), c.account, save); err != nil && !errors.Is(err, consent.ErrWithdrawn) {
				t.Error(err)
			}
		})
		both.Go(func() {
			if _, err := r.Withdraw(t.Context(), c.account, g.ID); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
	}
	if n := r.parts(t, "capsule"); n != 0 {
		t.Errorf("%d capsules are left", n)
	}
}
