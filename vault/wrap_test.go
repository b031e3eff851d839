package vault_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

const (
	shop     = id.Grant("shopaaaaaaaaaaaaaaaaaaaaaa")
	bank     = id.Grant("bankaaaaaaaaaaaaaaaaaaaaaa")
	session  = id.Session("sessionaaaaaaaaaaaaaaaaaaa")
	session2 = id.Session("othersessionaaaaaaaaaaaaaa")
)

// terms are what was approved of the shop.
var terms = vault.Approved{Client: "flowersaaaaaaaaaaaaaaaaaaa", Persona: "privateaaaaaaaaaaaaaaaaaaa", Claims: []string{"address", "email"}, Continuous: true}

func TestGrantKey_unwrapsForItsOwnGrantAndVaultOnly(t *testing.T) {
	k, g := vault.NewKey(), vault.NewGrantKey()
	wrapped := vault.WrapGrantKey(k, alice, shop, terms, g)
	if got, err := vault.UnwrapGrantKey(k, alice, shop, terms, wrapped); err != nil || !got.Equal(g) {
		t.Fatal(err)
	}
	refuses := func(what string, k vault.Key, account id.Account, grant id.Grant, wrapped []byte) {
		if got, err := vault.UnwrapGrantKey(k, account, grant, terms, wrapped); !errors.Is(err, vault.ErrSealed) || !got.IsZero() {
			t.Errorf("%s: %v", what, err)
		}
	}
	refuses("another vault", vault.NewKey(), alice, shop, wrapped)
	refuses("zero key", vault.Key{}, alice, shop, wrapped)
	refuses("another account", k, mallory, shop, wrapped)
	refuses("another grant", k, alice, bank, wrapped)
	for i := range wrapped {
		bad := bytes.Clone(wrapped)
		bad[i] ^= 0x40
		refuses("a changed byte", k, alice, shop, bad)
		refuses("truncated", k, alice, shop, wrapped[:i])
	}
}

func TestSession_opensWithItsOwnShareOnly(t *testing.T) {
	k, share := vault.NewKey(), bytes.Repeat([]byte{5}, 32)
	wrapped, err := vault.WrapForSession(k, share, alice, session)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(wrapped, k.Bytes()) {
		t.Fatal("the vault key stands in the clear")
	}
	if got, err := vault.OpenSession(share, alice, session, wrapped); err != nil || !got.Equal(k) {
		t.Fatal(err)
	}
	refuses := func(what string, share []byte, account id.Account, s id.Session, wrapped []byte) {
		if got, err := vault.OpenSession(share, account, s, wrapped); !errors.Is(err, vault.ErrSealed) || !got.IsZero() {
			t.Errorf("%s: %v", what, err)
		}
	}
	refuses("another share", bytes.Repeat([]byte{6}, 32), alice, session, wrapped)
	refuses("no share", nil, alice, session, wrapped)
	refuses("a zero share", make([]byte, 32), alice, session, wrapped)
	refuses("another account", share, mallory, session, wrapped)
	refuses("another session", share, alice, session2, wrapped)
	for i := range wrapped {
		bad := bytes.Clone(wrapped)
		bad[i] ^= 0x40
		refuses("a changed byte", share, alice, session, bad)
		refuses("truncated", share, alice, session, wrapped[:i])
	}
}

func TestWrapForSession_shareThatIsNoKey_isRefused(t *testing.T) {
	for _, share := range [][]byte{nil, make([]byte, 32), bytes.Repeat([]byte{1}, 16)} {
		if wrapped, err := vault.WrapForSession(vault.NewKey(), share, alice, session); err == nil || wrapped != nil {
			t.Errorf("wrapped under %x", share)
		}
	}
}
