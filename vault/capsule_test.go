package vault_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

func someClaims() vault.Claims {
	return vault.Claims{
		"email":   json.RawMessage(`"ada@example.org"`),
		"address": json.RawMessage(`{"country":"GB","locality":"London"}`),
	}
}

func TestCapsule_opensForItsOwnKeyAccountGrantAndRevisionOnly(t *testing.T) {
	g := vault.NewGrantKey()
	box, err := vault.SealCapsule(g, alice, shop, 2, someClaims())
	if err != nil {
		t.Fatal(err)
	}
	got, err := vault.OpenCapsule(g, alice, shop, 2, box)
	if err != nil || len(got) != 2 || string(got["email"]) != `"ada@example.org"` {
		t.Fatalf("%d claims, %v", len(got), err)
	}
	refusesCapsule(t, vault.NewGrantKey(), alice, shop, 2, box)
	refusesCapsule(t, vault.GrantKey{}, alice, shop, 2, box)
	refusesCapsule(t, g, mallory, shop, 2, box)
	refusesCapsule(t, g, alice, bank, 2, box)
	refusesCapsule(t, g, alice, shop, 1, box)
	for i := range box {
		bad := bytes.Clone(box)
		bad[i] ^= 0x08
		refusesCapsule(t, g, alice, shop, 2, bad)
		refusesCapsule(t, g, alice, shop, 2, box[:i])
	}
}

func refusesCapsule(t *testing.T, g vault.GrantKey, account id.Account, grant id.Grant, revision uint64, box []byte) {
	t.Helper()
	if c, err := vault.OpenCapsule(g, account, grant, revision, box); !errors.Is(err, vault.ErrSealed) || c != nil {
		t.Errorf("%s, %s, revision %d: %v", account, grant, revision, err)
	}
}

func TestCapsule_namesOfTheProtocol_areRefusedOnBothSides(t *testing.T) {
	g := vault.NewGrantKey()
	sealKey, err := seal.KeyFrom(g.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sub", "iss", "aud", "acr", "_claim_names", "", "Email", "https://example.org/x"} {
		if _, err := vault.SealCapsule(g, alice, shop, 1, vault.Claims{name: json.RawMessage(`"x"`)}); !errors.Is(err, vault.ErrCapsuleContents) {
			t.Errorf("sealed %q: %v", name, err)
		}
		// An agent of the customer's own making is not bound by SealCapsule.
		box := seal.Seal(sealKey, seal.Context{Purpose: "capsule", Account: string(alice), Object: string(shop), Revision: 1},
			padded(fmt.Sprintf(`{"email":"a@b.example",%q:"x"}`, name), 512))
		if c, err := vault.OpenCapsule(g, alice, shop, 1, box); !errors.Is(err, vault.ErrCapsuleContents) || c != nil {
			t.Errorf("opened %q: %v", name, err)
		}
	}
	for what, plaintext := range map[string]string{"null": "null", "array": "[]", "broken": `{"email":`, "two values": "{}{}"} {
		box := seal.Seal(sealKey, seal.Context{Purpose: "capsule", Account: string(alice), Object: string(shop), Revision: 1}, padded(plaintext, 512))
		if c, err := vault.OpenCapsule(g, alice, shop, 1, box); err == nil || c != nil {
			t.Errorf("opened %s: %v", what, err)
		}
	}
}

func TestSealCapsule_nothingOrTooMuch_isRefused(t *testing.T) {
	g := vault.NewGrantKey()
	if _, err := vault.SealCapsule(g, alice, shop, 1, nil); !errors.Is(err, vault.ErrCapsuleContents) {
		t.Errorf("nil: %v", err)
	}
	if _, err := vault.SealCapsule(g, alice, shop, 1, vault.Claims{"note": json.RawMessage(`{`)}); !errors.Is(err, vault.ErrCapsuleContents) {
		t.Errorf("broken JSON: %v", err)
	}
	big := vault.Claims{"note": quote(t, strings.Repeat("x", 64<<10))}
	if _, err := vault.SealCapsule(g, alice, shop, 1, big); !errors.Is(err, vault.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	if _, err := vault.OpenCapsule(g, alice, shop, 1, make([]byte, vault.MaxCapsule+1)); !errors.Is(err, vault.ErrTooLarge) {
		t.Errorf("too large to open: %v", err)
	}
	box, err := vault.SealCapsule(g, alice, shop, 1, vault.Claims{})
	if err != nil || len(box) != 512+seal.Overhead {
		t.Errorf("a grant without claims: %d bytes, %v", len(box), err)
	}
}

func TestCapsule_anyClaims_comeBackFromTheSeal(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		texts := rapid.MapOf(rapid.StringMatching(`own_[a-z0-9_]{0,20}`), rapid.String()).Draw(r, "claims")
		claims := vault.Claims{}
		for name, s := range texts {
			raw, err := json.Marshal(s)
			if err != nil {
				r.Fatal(err)
			}
			claims[name] = raw
		}
		g, revision := vault.NewGrantKey(), rapid.Uint64().Draw(r, "revision")
		box, err := vault.SealCapsule(g, alice, shop, revision, claims)
		if err != nil {
			r.Fatal(err)
		}
		back, err := vault.OpenCapsule(g, alice, shop, revision, box)
		if err != nil || len(back) != len(claims) {
			r.Fatalf("%d claims, %v", len(back), err)
		}
		for name := range claims {
			if !bytes.Equal(back[name], claims[name]) {
				r.Fatalf("%s changed", name)
			}
		}
	})
}

func BenchmarkOpenCapsule(b *testing.B) {
	g := vault.NewGrantKey()
	box, err := vault.SealCapsule(g, alice, shop, 1, someClaims())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := vault.OpenCapsule(g, alice, shop, 1, box); err != nil {
			b.Fatal(err)
		}
	}
}
