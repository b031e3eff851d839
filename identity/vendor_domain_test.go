package identity_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/identity"
)

// domain answers as a vendor's domain would.
func domain(file string, records ...string) identity.Prover {
	return identity.Prover{
		File: func(_ context.Context, address string) ([]byte, error) {
			if address != "https://shop.example/.well-known/meins-verification.txt" {
				return nil, errors.New("asked elsewhere")
			}
			return []byte(file), nil
		},
		TXT: func(_ context.Context, name string) ([]string, error) {
			if name != "_meins.shop.example" {
				return nil, errors.New("asked elsewhere")
			}
			return records, nil
		},
	}
}

func TestVerifyDomain_fileOrRecordMustNameTheVeryVendor(t *testing.T) {
	w := newWorld(t)
	unverified := shop()
	unverified.DomainVerified = false
	v, _ := w.addVendor(t, unverified)
	other, _ := w.addVendor(t, shop())
	name := string(v.ID)
	for how, p := range map[string]identity.Prover{identity.ProofFile: domain("# ours\r\nx " + name + "\r\n"), identity.ProofDNS: domain("", "v=spf1", " "+name)} {
		got, err := w.vendors.VerifyDomain(t.Context(), v.ID, p)
		must(t, err)
		if !got.DomainVerified || got.DomainProof.How != how || !got.DomainProof.At.Equal(w.clock.Now()) {
			t.Errorf("%s: %v %+v", how, got.DomainVerified, got.DomainProof)
		}
	}
	for what, p := range map[string]identity.Prover{
		"nothing": domain(""), "another": domain(string(other.ID), string(other.ID)), "a part": domain(name[:25]), "more": domain(name+"x", name+"x"), "other letters": domain(strings.ToUpper(name)),
	} {
		_, err := w.vendors.VerifyDomain(t.Context(), v.ID, p)
		is(t, err, identity.ErrNotProven)
		got, err := w.vendors.Get(t.Context(), v.ID)
		must(t, err)
		if got.DomainVerified || got.DomainProof != (identity.DomainProof{}) {
			t.Errorf("%s: still verified", what)
		}
	}
}

func TestVerifyDomain_thatDoesNotAnswer_changesNothing(t *testing.T) {
	w := newWorld(t)
	v, _ := w.addVendor(t, shop())
	down := errors.New("down")
	silent := identity.Prover{
		File: func(context.Context, string) ([]byte, error) { return []byte(v.ID), down },
		TXT:  func(context.Context, string) ([]string, error) { return []string{string(v.ID)}, down },
	}
	_, err := w.vendors.VerifyDomain(t.Context(), v.ID, silent)
	is(t, err, identity.ErrNotProven)
	if got, err := w.vendors.Get(t.Context(), v.ID); err != nil || !got.DomainVerified {
		t.Errorf("%v %v", got.DomainVerified, err)
	}
}

func TestInvitation_isForSoManyVendors_andKeptAsAHash(t *testing.T) {
	w := newWorld(t)
	made, token, err := w.vendors.Invite(t.Context(), identity.Invitation{Note: "for the suite", Uses: 2}, time.Hour)
	must(t, err)
	for _, key := range w.keysUnder(t, "invitation") {
		if strings.Contains(key, token) || strings.Contains(key, token[3:]) {
			t.Error("the token lies in the store")
		}
	}
	self := shop()
	for range 2 {
		v, _, err := w.vendors.Register(t.Context(), self, token)
		must(t, err)
		if v.DomainVerified || v.Registration.By != made.ID || v.Provisional() {
			t.Errorf("%v %v", v.DomainVerified, v.Registration.By)
		}
	}
	_, _, err = w.vendors.Register(t.Context(), self, token)
	is(t, err, identity.ErrInvitation)
	for _, life := range []time.Duration{0, -time.Hour, 9000 * time.Hour} {
		_, _, err := w.vendors.Invite(t.Context(), identity.Invitation{}, life)
		is(t, err, identity.ErrInvitationInvalid)
	}
}

// An invitation that cannot be found cannot be ended either.
func TestInvitations_howeverMany_areListedAndCanBeEnded(t *testing.T) {
	w := newWorld(t)
	made := map[identity.InvitationID]bool{}
	for range 230 {
		one, _, err := w.vendors.Invite(t.Context(), identity.Invitation{}, time.Hour)
		must(t, err)
		made[one.ID] = true
	}
	list, err := w.vendors.Invitations(t.Context())
	must(t, err)
	if len(list) != len(made) {
		t.Errorf("%d of %d are listed", len(list), len(made))
	}
	for name := range made {
		must(t, w.vendors.Uninvite(t.Context(), name))
	}
	if left := w.keysUnder(t, "invitation"); len(left) != 0 {
		t.Errorf("%d are left", len(left))
	}
}

func TestRegistration_secretsPrintNothing(t *testing.T) {
	c := identity.Credentials{Secret: "marker", Token: "marker"}
	if strings.Contains(c.String()+c.GoString()+c.LogValue().String(), "marker") {
		t.Error("a secret is printed")
	}
}
