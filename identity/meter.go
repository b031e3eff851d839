package identity

import (
	"math"
	"net/netip"
	"sync"
	"time"

	"github.com/meins-id/meins/internal/id"
)

// How guessing is slowed down without anybody being locked out.
//
// Every attempt is charged before it is checked, and given back when the secret was right:
//
//   - per login and address: a few attempts are free, then each has to wait twice as long as the
//     one before, up to MaxWait. Whoever waits is heard then: a right secret always gets in. (Who
//     shares the customer's very address can compete for that turn; from any other it is free.)
//   - per login, from anywhere: many failures do not forbid anything, they make every address wait
//     before its own next attempt, a fresh one too. No address competes with another for its turn,
//     so an attacker can make the customer wait MaxWait, and never longer. Guessing from many
//     addresses is held to one guess per address and MaxWait, each of which costs an Argon2id.
//   - per address (IPv6: /64), over all logins: a bucket of failures that refills steadily, against
//     trying one secret on many logins.
//
// The counts live in memory, in tables of bounded size that forget the weakest first. In the store
// they would be writes that an anonymous request causes, and writing for known logins only would
// tell which are known. So each node counts for itself, and a restart forgets.

// Limits say how failures slow down. A zero field has its default.
type Limits struct {
	Free      int           // attempts of one login from one address without a wait: 3
	FreeLogin int           // failures of one login from anywhere before every address waits: 20
	Wait      time.Duration // the first wait: 1 s
	MaxWait   time.Duration // the longest: 5 min

	AddressBurst int           // failed logins of one address at once: 60
	AddressEvery time.Duration // and then one in: 2 s
	SignUpBurst  int           // sign-ups of one address at once: 60
	SignUpEvery  time.Duration // and then one in: 10 s

	Entries int // of each table in memory: 65536
}

// How fast a failure is forgotten, how many more failures of a login double its wait, and beyond
// which level counting stops, so that the calm after an attack comes within hours.
const (
	forgetPair  = 10 * time.Minute
	forgetLogin = time.Minute
	loginStep   = 5
	doublings   = 16
)

// sampled is how many entries are looked at to find a weak one.
const sampled = 8

func (l Limits) completed() Limits {
	d := Limits{
		Free: 3, FreeLogin: 20, Wait: time.Second, MaxWait: 5 * time.Minute, AddressBurst: 60,
		AddressEvery: 2 * time.Second, SignUpBurst: 60, SignUpEvery: 10 * time.Second, Entries: 65536,
	}
	return Limits{
		Free: or(l.Free, d.Free), FreeLogin: or(l.FreeLogin, d.FreeLogin), Wait: or(l.Wait, d.Wait),
		MaxWait: or(l.MaxWait, d.MaxWait), AddressBurst: or(l.AddressBurst, d.AddressBurst),
		AddressEvery: or(l.AddressEvery, d.AddressEvery), SignUpBurst: or(l.SignUpBurst, d.SignUpBurst),
		SignUpEvery: or(l.SignUpEvery, d.SignUpEvery), Entries: or(l.Entries, d.Entries),
	}
}

func or[T int | time.Duration](v, fallback T) T {
	if v > 0 {
		return v
	}
	return fallback
}

// door counts attempts. It serves concurrent callers.
type door struct {
	limits Limits
	now    func() time.Time

	mu                                sync.Mutex
	pairs, logins, addresses, signUps table
}

func newDoor(l Limits, now func() time.Time) *door {
	l = l.completed()
	return &door{
		limits: l, now: now,
		pairs:     newTable(forgetPair, l.Entries),
		logins:    newTable(forgetLogin, l.Entries),
		addresses: newTable(l.AddressEvery, l.Entries),
		signUps:   newTable(l.SignUpEvery, l.Entries),
	}
}

// attempt is a charged try, to be settled.
type attempt struct {
	door      *door
	who, from string
	address   bool // counted by address too
}

// login charges an attempt to log in, or says how long to wait.
func (d *door) login(hash []byte, from netip.Addr) (attempt, error) {
	return d.admit(attempt{door: d, who: string(hash), from: network(from), address: true})
}

// session charges an attempt to prove a secret inside a session.
func (d *door) session(a id.Account, s id.Session) (attempt, error) {
	return d.admit(attempt{door: d, who: "account/" + string(a), from: "session/" + string(s)})
}

// signUp charges an attempt to sign up, for good.
func (d *door) signUp(from netip.Addr) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	m, _ := d.signUps.at(network(from), d.now())
	if wait := m.room(d.limits.SignUpBurst, d.limits.SignUpEvery); wait > 0 {
		return &SlowDown{RetryAfter: wait}
	}
	m.level++
	return nil
}

func (d *door) admit(t attempt) (attempt, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	var address *meter
	if t.address {
		address, _ = d.addresses.at(t.from, now)
		if wait := address.room(d.limits.AddressBurst, d.limits.AddressEvery); wait > 0 {
			return attempt{}, &SlowDown{RetryAfter: wait}
		}
	}
	login, _ := d.logins.at(t.who, now)
	raised := d.wait((login.level - float64(d.limits.FreeLogin)) / loginStep)
	pair, known := d.pairs.at(t.pair(), now)
	if !known || pair.next.Sub(now) > d.limits.MaxWait { // no wait is longer: the clock was set back
		pair.next = now.Add(raised)
	}
	if now.Before(pair.next) {
		return attempt{}, &SlowDown{RetryAfter: pair.next.Sub(now)}
	}
	if address != nil {
		address.level++
	}
	login.level = min(login.level+1, float64(d.limits.FreeLogin+loginStep*doublings))
	pair.level = min(pair.level+1, float64(d.limits.Free+doublings))
	pair.next = now.Add(max(raised, d.wait(pair.level-float64(d.limits.Free)+1)))
	return t, nil
}

// wait doubles with each step over the free ones.
func (d *door) wait(over float64) time.Duration {
	if over <= 0 {
		return 0
	}
	w := float64(d.limits.Wait) * math.Exp2(min(over-1, 40))
	return time.Duration(min(w, float64(d.limits.MaxWait)))
}

func (t attempt) pair() string { return t.who + "|" + t.from }

// succeed forgets what this address failed before, and takes the charge back elsewhere.
func (t attempt) succeed() {
	t.door.mu.Lock()
	defer t.door.mu.Unlock()
	t.door.pairs.forget(t.pair())
	t.refund()
}

// undo takes the charge back.
func (t attempt) undo() {
	t.door.mu.Lock()
	defer t.door.mu.Unlock()
	now := t.door.now()
	m, _ := t.door.pairs.at(t.pair(), now)
	m.level, m.next = max(m.level-1, 0), now
	t.refund()
}

// refund is called with the lock held.
func (t attempt) refund() {
	now := t.door.now()
	m, _ := t.door.logins.at(t.who, now)
	m.level = max(m.level-1, 0)
	if t.address {
		m, _ = t.door.addresses.at(t.from, now)
		m.level = max(m.level-1, 0)
	}
}

// meter is a level that leaks, and the time of the next attempt.
type meter struct {
	level    float64
	at, next time.Time
}

// room is how long it takes until one more fits under the burst.
func (m *meter) room(burst int, every time.Duration) time.Duration {
	over := m.level + 1 - float64(burst)
	if over <= 0 {
		return 0
	}
	return time.Duration(math.Ceil(over * float64(every)))
}

// table is a bounded set of meters.
type table struct {
	leak   time.Duration // for one
	limit  int
	meters map[string]*meter
}

func newTable(leak time.Duration, limit int) table {
	return table{leak: leak, limit: limit, meters: map[string]*meter{}}
}

// at finds the meter under key, with what has leaked since taken off; known says that there was one.
func (t *table) at(key string, now time.Time) (m *meter, known bool) {
	m, known = t.meters[key]
	if !known {
		t.makeRoom(now)
		m = &meter{at: now}
		t.meters[key] = m
	}
	if passed := now.Sub(m.at); passed > 0 {
		m.level = max(m.level-float64(passed)/float64(t.leak), 0)
	}
	m.at = now // also where the clock was set back: what was counted ahead of time must not stay until then
	return m, known
}

func (t *table) forget(key string) { delete(t.meters, key) }

// makeRoom drops the weakest of a few entries when the table is full. Who floods it with fresh
// names thus displaces fresh names, not what has failed often.
func (t *table) makeRoom(now time.Time) {
	if len(t.meters) < t.limit {
		return
	}
	weakest, least, seen := "", math.Inf(1), 0
	for key, m := range t.meters { // a map's order is random enough for a sample
		if weight := t.weight(m, now); weight < least {
			weakest, least = key, weight
		}
		if seen++; seen == sampled {
			break
		}
	}
	t.forget(weakest)
}

// weight is what is left of a level, and the wait that an entry still imposes.
func (t *table) weight(m *meter, now time.Time) float64 {
	level := max(m.level-float64(now.Sub(m.at))/float64(t.leak), 0)
	return level + max(m.next.Sub(now).Minutes(), 0)
}

// network is the address as it is counted: an IPv4 address, or the /64 that one IPv6 customer has.
func network(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}
