package consent_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/consent/release"
	"github.com/meins-id/meins/internal/id"
)

// BenchmarkPermitRelease measures what a UserInfo request spends here: decide, record, open.
func BenchmarkPermitRelease(b *testing.B) {
	for name, mode := range map[string]consent.ReadLog{"gathered": consent.Gathered, "strict": consent.Strict} {
		b.Run(name, func(b *testing.B) {
			r, c := newRoom(b, mode), newCustomer()
			g, key := r.approve(b, c, shop(), "address", "email", "name")
			read := reading(g, "address", "email", "name")
			b.ReportAllocs()
			for b.Loop() {
				p, err := r.Permit(b.Context(), read)
				if err != nil {
					b.Fatal(err)
				}
				claims, err := release.Release(b.Context(), p, key)
				if err != nil || len(claims) != 3 {
					b.Fatal(len(claims), err)
				}
			}
		})
	}
}

// BenchmarkPermit measures the part of it that does not open anything.
func BenchmarkPermit(b *testing.B) {
	r, c := newRoom(b, consent.Gathered), newCustomer()
	g, _ := r.approve(b, c, shop(), "address", "email", "name")
	read := reading(g, "address", "email", "name")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Permit(b.Context(), read); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkApprove measures a consent, durable with its receipt.
func BenchmarkApprove(b *testing.B) {
	r, c, ask := newRoom(b, consent.Gathered), newCustomer(), shop()
	a, _ := c.approval(b, ask, "address", "email", "name")
	b.ReportAllocs()
	for b.Loop() {
		a.Account, a.Grant = id.New[id.Account](), id.New[id.Grant]()
		if _, err := r.Approve(b.Context(), a); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSaveVault measures an edit that 200 vendors follow: a document of 64 KiB and a capsule
// for each grant in one transaction.
func BenchmarkSaveVault(b *testing.B) {
	const vendors = 200
	r, c := newRoom(b, consent.Gathered), newCustomer()
	save := consent.Save{Revision: 1, Document: make([]byte, 64<<10)}
	capsule := make([]byte, 600)
	for range vendors {
		g, _ := r.approve(b, c, shop(), "email")
		save.Capsules = append(save.Capsules, consent.Resealed{Grant: g.ID, Revision: 2, Capsule: capsule})
	}
	b.ReportAllocs()
	before := used(b)
	for b.Loop() {
		if err := r.SaveVault(b.Context(), c.account, save); err != nil {
			b.Fatal(err)
		}
		save.Revision++
		for i := range save.Capsules {
			save.Capsules[i].Revision++
		}
	}
	b.ReportMetric((used(b)-before).Seconds()*1e3/float64(b.N), "ms-cpu/op")
}

// used is the processor time that this process has had.
func used(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
