package release_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/consent/release"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store/bolt"
	"github.com/meins-id/meins/vault"
)

// marker is in every value: an error or a log that holds it tells what nobody may know.
const marker = "MARKER-51c9"

func newEngine(t *testing.T) *consent.Engine {
	t.Helper()
	s, err := bolt.Open(filepath.Join(t.TempDir(), "meins.db"), bolt.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	e := consent.New(consent.Options{Store: s})
	t.Cleanup(func() {
		if err := errors.Join(e.Close(context.Background()), s.Close()); err != nil {
			t.Error(err)
		}
	})
	return e
}

// grant approves e-mail address and name of three claims asked, with a capsule that holds whatever
// the agent put into it.
func grant(t *testing.T, e *consent.Engine, contents ...string) (consent.Grant, vault.GrantKey) {
	t.Helper()
	return grantOf(t, e, []string{"email", "address"}, contents...)
}

func grantOf(t *testing.T, e *consent.Engine, approved []string, contents ...string) (consent.Grant, vault.GrantKey) {
	t.Helper()
	claims := vault.Claims{}
	for _, name := range contents {
		claims[name] = json.RawMessage(`"` + marker + `"`)
	}
	return sealedGrant(t, e, consent.Encryption{}, approved, func(key vault.GrantKey, a id.Account, g id.Grant) ([]byte, error) {
		return vault.SealCapsule(key, a, g, 1, claims)
	})
}

// sealedGrant is a grant to a vendor with or without a key of its own, and what an agent sealed for it.
func sealedGrant(t *testing.T, e *consent.Engine, key consent.Encryption, approved []string, seal func(vault.GrantKey, id.Account, id.Grant) ([]byte, error)) (consent.Grant, vault.GrantKey) {
	t.Helper()
	party := consent.Party{Client: id.New[id.Client](), Name: "Flowers", Encryption: key}
	ask, err := consent.NewAsk(consent.Request{Party: party, Scopes: []string{"email", "address"}})
	if err != nil {
		t.Fatal(err)
	}
	grantKey, account, grant := vault.NewGrantKey(), id.New[id.Account](), id.New[id.Grant]()
	box, err := seal(grantKey, account, grant)
	if err != nil {
		t.Fatal(err)
	}
	g, err := e.Approve(t.Context(), consent.Approval{
		Account: account, Persona: id.New[id.Persona](), Grant: grant, Ask: ask, Digest: ask.Digest(),
		Choices: ask.Choose(approved...), Capsule: box, Wrapped: []byte("wrapped"), Locale: "en",
	})
	if err != nil {
		t.Fatal(err)
	}
	return g, grantKey
}

func permit(t *testing.T, e *consent.Engine, g consent.Grant, names ...string) consent.Permit {
	t.Helper()
	p, err := e.Permit(t.Context(), consent.Reading{Grant: g.ID, Client: g.Party.Client, Claims: names, Kind: consent.KindUserInfo})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRelease_givesWhatThePermitCovers(t *testing.T) {
	e := newEngine(t)
	g, key := grant(t, e, "email", "address")
	claims, err := release.Release(t.Context(), permit(t, e, g, "email"), key)
	if err != nil || len(claims) != 1 || string(claims["email"]) != `"`+marker+`"` {
		t.Errorf("%d claims, %v", len(claims), err)
	}
}

func TestRelease_permitWithoutClaims_givesNone(t *testing.T) {
	e := newEngine(t)
	g, key := grant(t, e, "email")
	if claims, err := release.Release(t.Context(), permit(t, e, g), key); err != nil || len(claims) != 0 {
		t.Errorf("%d claims, %v", len(claims), err)
	}
}

// An agent that puts more into the capsule than was approved does not widen the grant.
func TestRelease_overfullCapsule_disclosesOnlyWhatWasApproved(t *testing.T) {
	e := newEngine(t)
	g, key := grant(t, e, "email", "birthdate", "phone_number", "email_verified")
	claims, err := release.Release(t.Context(), permit(t, e, g, "email", "email_verified", "address"), key)
	if err != nil || len(claims) != 1 || claims["email"] == nil {
		t.Errorf("%d claims, %v", len(claims), err)
	}
}

// The capsule is the customer's word: what the provider would vouch for does not come out of it.
func TestRelease_verifiedFlagInTheCapsule_isNotBelieved(t *testing.T) {
	e := newEngine(t)
	g, key := grantOf(t, e, []string{"email", "email_verified"}, "email", "email_verified")
	claims, err := release.Release(t.Context(), permit(t, e, g, "email", "email_verified"), key)
	if err != nil || len(claims) != 2 || string(claims["email_verified"]) != "false" {
		t.Errorf("%s, %v", claims["email_verified"], err)
	}
}

func TestRelease_zeroPermit_disclosesNothing(t *testing.T) {
	claims, err := release.Release(t.Context(), consent.Permit{}, vault.NewGrantKey())
	if !errors.Is(err, consent.ErrNoPermit) || claims != nil {
		t.Errorf("%d claims, %v", len(claims), err)
	}
}

func TestRelease_samePermitAgain_disclosesNothing(t *testing.T) {
	e := newEngine(t)
	g, key := grant(t, e, "email")
	p := permit(t, e, g, "email")
	if _, err := release.Release(t.Context(), p, key); err != nil {
		t.Fatal(err)
	}
	if claims, err := release.Release(t.Context(), p, key); !errors.Is(err, consent.ErrSpent) || claims != nil {
		t.Errorf("%d claims, %v", len(claims), err)
	}
}

func TestRelease_keyOfAnotherGrant_disclosesNothing(t *testing.T) {
	e := newEngine(t)
	g, _ := grant(t, e, "email")
	_, other := grant(t, e, "email")
	for name, key := range map[string]vault.GrantKey{"another": other, "zero": {}} {
		claims, err := release.Release(t.Context(), permit(t, e, g, "email"), key)
		if !errors.Is(err, vault.ErrSealed) || claims != nil {
			t.Errorf("%s: %d claims, %v", name, len(claims), err)
		}
	}
}

// The operator cannot move a capsule from one grant to another, nor bring an older one back.
func TestRelease_capsuleOfAnotherGrant_disclosesNothing(t *testing.T) {
	e := newEngine(t)
	g, key := grant(t, e, "email")
	other := id.New[id.Grant]()
	for name, box := range map[string][]byte{
		"grant":    seal(t, key, g.Account, other, 2),
		"account":  seal(t, key, id.New[id.Account](), g.ID, 2),
		"revision": seal(t, key, g.Account, g.ID, 1),
		"garbage":  []byte("garbage"),
	} {
		revision, err := e.Vault(t.Context(), g.Account)
		if err != nil {
			t.Fatal(err)
		}
		now, err := e.Grant(t.Context(), g.Account, g.ID)
		if err != nil {
			t.Fatal(err)
		}
		save := consent.Save{
			Revision: revision.Revision + 1, Document: []byte("sealed"),
			Capsules: []consent.Resealed{{Grant: g.ID, Revision: now.Revision + 1, Capsule: box}},
		}
		if err := e.SaveVault(t.Context(), g.Account, save); err != nil {
			t.Fatal(err)
		}
		claims, err := release.Release(t.Context(), permit(t, e, g, "email"), key)
		if !errors.Is(err, vault.ErrSealed) || claims != nil {
			t.Errorf("%s: %d claims, %v", name, len(claims), err)
		}
	}
}

func seal(t *testing.T, key vault.GrantKey, account id.Account, grant id.Grant, revision uint64) []byte {
	t.Helper()
	box, err := vault.SealCapsule(key, account, grant, revision, vault.Claims{"email": json.RawMessage(`"` + marker + `"`)})
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func TestRelease_withdrawnGrant_disclosesNothing(t *testing.T) {
	e := newEngine(t)
	g, _ := grant(t, e, "email")
	if _, err := e.Withdraw(t.Context(), g.Account, g.ID); err != nil {
		t.Fatal(err)
	}
	p, err := e.Permit(t.Context(), consent.Reading{Grant: g.ID, Client: g.Party.Client, Claims: []string{"email"}, Kind: consent.KindUserInfo})
	if !errors.Is(err, consent.ErrWithdrawn) || p != (consent.Permit{}) {
		t.Error(err)
	}
}

func TestRelease_endedRequest_disclosesNothing_andKeepsThePermit(t *testing.T) {
	e := newEngine(t)
	g, key := grant(t, e, "email")
	p := permit(t, e, g, "email")
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if claims, err := release.Release(over, p, key); !errors.Is(err, context.Canceled) || claims != nil {
		t.Errorf("%d claims, %v", len(claims), err)
	}
	if _, err := release.Release(t.Context(), p, key); err != nil {
		t.Error(err)
	}
}

// Nothing that passes through here tells a value, however it is printed.
func TestRelease_nothingPrintsAValue(t *testing.T) {
	e := newEngine(t)
	g, key := grant(t, e, "email", "address")
	p := permit(t, e, g, "email", "address")
	claims, err := release.Release(t.Context(), p, key)
	if err != nil || len(claims) != 2 {
		t.Fatal(len(claims), err)
	}
	_, wrongKey := grant(t, e, "email")
	_, failed := release.Release(t.Context(), permit(t, e, g, "email"), wrongKey)
	var log strings.Builder
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	for _, v := range []any{claims, key, p, g, failed} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			fmt.Fprintf(&log, verb, v)
		}
		logger.Info("printed", "value", v)
	}
	for _, secret := range []string{marker, fmt.Sprintf("%x", marker), string(key.Bytes()), fmt.Sprintf("%x", key.Bytes())} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%q was printed", secret)
		}
	}
}

// What is end-to-end is never opened here, even where an agent has sealed it so that it could be; and what
// is not is never passed on as if the vendor alone could read it.
func TestRelease_sealedForTheOtherWay_disclosesNothing(t *testing.T) {
	e := newEngine(t)
	toVendor := consent.Encryption{Key: "{}", Thumbprint: "print", Alg: "ECDH-ES"}
	g, key := sealedGrant(t, e, toVendor, []string{"email"}, func(key vault.GrantKey, a id.Account, g id.Grant) ([]byte, error) {
		return vault.SealCapsule(key, a, g, 1, vault.Claims{"email": json.RawMessage(`"` + marker + `"`)})
	})
	if claims, err := release.Release(t.Context(), permit(t, e, g, "email"), key); err == nil || len(claims) > 0 || strings.Contains(err.Error(), marker) {
		t.Errorf("released %d claims of an end-to-end grant, %v", len(claims), err)
	}
	g, key = sealedGrant(t, e, consent.Encryption{}, []string{"email"}, func(key vault.GrantKey, a id.Account, g id.Grant) ([]byte, error) {
		return vault.SealMessage(key, a, g, 1, "a.b.c.d."+strings.ReplaceAll(marker, "-", ""))
	})
	if message, err := release.Pass(t.Context(), permit(t, e, g, "email"), key); err == nil || message != "" {
		t.Errorf("passed on a message under a direct grant: %v", err)
	}
}
