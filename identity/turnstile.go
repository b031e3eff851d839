package identity

import (
	"net/netip"
	"sync"
	"time"
)

// Turnstile lets so many through at once from one network, and then one in a while. It keeps its counts in
// memory, in a table of bounded size, and serves concurrent callers.
type Turnstile struct {
	now   func() time.Time
	burst int
	every time.Duration

	mu        sync.Mutex
	addresses table
}

// NewTurnstile makes one.
func NewTurnstile(burst int, every time.Duration, now func() time.Time) *Turnstile {
	return &Turnstile{now: now, burst: burst, every: every, addresses: newTable(every, 16384)}
}

// Admit charges one, for good, or says how long to wait, as a SlowDown.
func (t *Turnstile) Admit(from netip.Addr) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	m, _ := t.addresses.at(network(from), t.now())
	if wait := m.room(t.burst, t.every); wait > 0 {
		return &SlowDown{RetryAfter: wait}
	}
	m.level++
	return nil
}
