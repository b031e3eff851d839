package provider_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// BenchmarkProofCost says what a proof adds to a read, in signatures verified: by go-jose, as a program
// with that library verifies a token, and by crypto/ecdsa alone. It counts CPU time of its own thread,
// and of all of them for what includes the notes of the proofs. Run it on one core (taskset -c 0, -cpu 1):
// two that share a unit for arithmetic slow each other down.
func BenchmarkProofCost(b *testing.B) {
	w := newWorld(b)
	c, plain, bound := w.customer(), w.vendor(), w.vendor()
	p := w.prover(b, bound)
	code, _ := c.approve(plain.request("openid email address"), "email", "email_verified", "address")
	access := w.exchange(plain, code).Access
	code, _ = c.approve(bound.request("openid email address"), "email", "email_verified", "address")
	held := p.post("/oauth/token", bound, codeForm(code, bound)).Access
	key, ok := p.key.(*ecdsa.PrivateKey)
	token, sum := sign(b, jose.ES256, p.key, p.claims("GET", "/oauth/userinfo", held, nil)), sha256.Sum256([]byte(held))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if w.must(err); !ok {
		b.Fatal("not a key of P-256")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	read := func(r *http.Request) {
		out := &sink{header: http.Header{}}
		if w.http.ServeHTTP(out, r); out.status != http.StatusOK {
			b.Fatalf("status %d", out.status)
		}
	}
	ratios := map[string][]float64{}
	for b.Loop() {
		reads := make([]*http.Request, 200)
		for i := range reads {
			reads[i] = p.request(held, p.sign(p.claims("GET", "/oauth/userinfo", held, nil)))
		}
		library := cpu(syscall.RUSAGE_THREAD, func() {
			for range reads {
				signed, err := jose.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
				w.must(err)
				_, err = signed.Verify(&key.PublicKey)
				w.must(err)
			}
		})
		bare := cpu(syscall.RUSAGE_THREAD, func() {
			for range reads {
				if !ecdsa.Verify(&key.PublicKey, sum[:], r, s) {
					b.Fatal("not signed")
				}
			}
		})
		without := cpu(syscall.RUSAGE_THREAD, func() {
			for range reads {
				r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/oauth/userinfo", nil)
				r.Header.Set("Authorization", "Bearer "+access)
				read(r)
			}
		})
		var with float64
		all := cpu(syscall.RUSAGE_SELF, func() {
			with = cpu(syscall.RUSAGE_THREAD, func() {
				for _, r := range reads {
					read(r)
				}
			})
			time.Sleep(20 * time.Millisecond) // until the last is noted
		})
		ratios["jose"] = append(ratios["jose"], (with-without)/library)
		ratios["ecdsa"] = append(ratios["ecdsa"], (with-without)/bare)
		ratios["jose-with-notes"] = append(ratios["jose-with-notes"], (all-without)/library)
	}
	for name, of := range ratios {
		slices.Sort(of)
		b.ReportMetric(of[len(of)/2], name)
	}
}

// cpu is what a thread, or all of them, were charged for meanwhile, in seconds.
func cpu(whose int, do func()) float64 {
	charged := func() float64 {
		var u syscall.Rusage
		_ = syscall.Getrusage(whose, &u) // these two are always known
		return float64(u.Utime.Nano()+u.Stime.Nano()) / float64(time.Second)
	}
	before := charged()
	do()
	return charged() - before
}
