package rest

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/meins-id/meins/internal/fault"
)

// Limits are how many calls a minute one caller may make at this node. 0 is as many as it likes.
type Limits struct {
	Vendor  int // each vendor, over all its tokens
	Program int // each token that a customer made
}

// window is what limits are counted over: so many calls at once, and then as they come back.
const window = time.Minute

// maxBuckets bounds the table. Only callers who proved who they are have an entry.
const maxBuckets = 65536

var errRate = fault.New(fault.TooMany, "rate-exceeded", "too many calls; wait a moment and go on")

// tooFast is errRate with how long to wait.
type tooFast struct{ wait time.Duration }

// Error implements error.
func (tooFast) Error() string { return errRate.Text }

// Unwrap gives the fault.
func (tooFast) Unwrap() error { return errRate }

// limiter counts the calls of each caller of one kind. It serves concurrent callers.
type limiter struct {
	name  string // of the policy
	quota int
	now   func() time.Time
	most  int

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

func newLimiter(name string, quota int, now func() time.Time) *limiter {
	return &limiter{name: name, quota: quota, now: now, most: maxBuckets, buckets: map[string]*rate.Limiter{}}
}

// admit counts a call, tells in the headers of its answer how many are left (IETF draft
// httpapi-ratelimit-headers), and refuses one too many.
func (l *limiter) admit(h http.Header, caller string) error {
	if l.quota <= 0 {
		return nil
	}
	now := l.now()
	l.mu.Lock()
	b := l.bucket(caller, now)
	allowed := b.AllowN(now, 1)
	left := max(b.TokensAt(now), 0)
	l.mu.Unlock()
	h.Set("RateLimit-Policy", fmt.Sprintf(`"%s";q=%d;w=%d`, l.name, l.quota, int(window.Seconds())))
	h.Set("RateLimit", fmt.Sprintf(`"%s";r=%d;t=%d`, l.name, int(left), int(math.Ceil(l.until(float64(l.quota)-left).Seconds()))))
	if allowed {
		return nil
	}
	return tooFast{l.until(1 - left)}
}

// until is how long it takes until so many calls have come back.
func (l *limiter) until(calls float64) time.Duration {
	return time.Duration(calls / float64(l.quota) * float64(window))
}

// bucket finds the caller's, with the lock held.
func (l *limiter) bucket(caller string, now time.Time) *rate.Limiter {
	b, known := l.buckets[caller]
	if !known {
		if len(l.buckets) >= l.most {
			l.makeRoom(now)
		}
		b = rate.NewLimiter(rate.Limit(float64(l.quota)/window.Seconds()), l.quota)
		l.buckets[caller] = b
	}
	return b
}

// makeRoom forgets who is as good as new: a full bucket is what a new caller gets. Where nobody is, it
// forgets whoever is nearest to it.
func (l *limiter) makeRoom(now time.Time) {
	fullest, most := "", -1.0
	for caller, b := range l.buckets {
		tokens := b.TokensAt(now)
		if tokens >= float64(l.quota) {
			delete(l.buckets, caller)
		}
		if tokens > most {
			fullest, most = caller, tokens
		}
	}
	if len(l.buckets) >= l.most {
		delete(l.buckets, fullest)
	}
}

// wait tells whoever was too fast when to come back.
func (p *Problem) wait(h http.Header, after time.Duration) {
	p.RetryAfter = max(int(math.Ceil(after.Seconds())), 1)
	h.Set("Retry-After", strconv.Itoa(p.RetryAfter))
}
