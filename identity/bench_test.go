package identity_test

import (
	"fmt"
	"testing"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/vault"
)

// populated is a world with some accounts, so that the store is more than one page.
func populated(b *testing.B) (*world, person, identity.Opened) {
	w := newWorld(b, identity.Limits{SignUpBurst: 1e9, AddressBurst: 1e9, Free: 1e9, FreeLogin: 1e9})
	for i := range 200 {
		w.join(b, fmt.Sprintf("user-%d", i))
	}
	p, opened := w.join(b, "ada@example.org")
	return w, p, opened
}

// BenchmarkLogin is a login that succeeds: its check and a durable session.
func BenchmarkLogin(b *testing.B) {
	w, p, _ := populated(b)
	b.ReportAllocs()
	for b.Loop() {
		w.login(b, p)
	}
}

// BenchmarkLogin_sixteenAtOnce shares commits.
func BenchmarkLogin_sixteenAtOnce(b *testing.B) {
	w, p, _ := populated(b)
	b.ReportAllocs()
	b.SetParallelism(16)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := w.accounts.Login(b.Context(), p.login, vault.SlotPassphrase, p.passphrase, home); err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkLoginCheck is the check alone: of a known login and of an unknown one.
func BenchmarkLoginCheck(b *testing.B) {
	w, p, _ := populated(b)
	wrong := random(32)
	for name, login := range map[string]string{"known": p.login, "unknown": "nobody@example.org"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = w.accounts.Login(b.Context(), login, vault.SlotPassphrase, wrong, home)
			}
		})
	}
}

func BenchmarkSession(b *testing.B) {
	w, _, opened := populated(b)
	b.ReportAllocs()
	for b.Loop() {
		w.alive(b, opened)
	}
}

func BenchmarkVendor(b *testing.B) {
	w, _, _ := populated(b)
	v, secret := w.addVendor(b, shop())
	b.Run("get", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := w.vendors.Get(b.Context(), v.ID)
			must(b, err)
		}
	})
	b.Run("secret", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if !w.vendors.CheckSecret(v, secret) {
				b.Fatal("refused")
			}
		}
	})
}

func BenchmarkPairwiseSub(b *testing.B) {
	k := newWorld(b).keys
	b.ReportAllocs()
	for b.Loop() {
		k.PairwiseSub("aaaaaaaaaaaaaaaaaaaaaaaaaa", "pppppppppppppppppppppppppp", "shop.example")
	}
}
