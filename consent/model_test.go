package consent_test

import (
	"slices"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// modelled is what must be true of a grant, so simple that it is plainly right. What UserInfo returns
// is what this says, whatever happened before.
type modelled struct {
	id                 id.Grant
	client             id.Client
	key                vault.GrantKey
	given              map[string][]string // claims, with the purposes they are given for
	asked              []string
	bare               []string // asked for no purpose
	ends               time.Time
	once, over, paused bool
	visit              bool // for one visit: beside what is in force
	revision, reads    uint64
	sealed             []string // in the capsule
}

// inForce says whether the grant can still let something out one day.
func (m *modelled) inForce(now time.Time) bool { return !m.over && now.Before(m.ends) }

// allows says whether a read gets an answer: a token that names what was never decided on gets none.
func (m *modelled) allows(client id.Client, names []string, now time.Time) bool {
	unknown := func(name string) bool { return !slices.Contains(m.asked, name) }
	return m.inForce(now) && !m.paused && client == m.client && !slices.ContainsFunc(names, unknown)
}

// tells says whether a claim is in that answer.
func (m *modelled) tells(name string) bool {
	_, given := m.given[name]
	return given && slices.Contains(m.sealed, name)
}

// read uses up what can be read once.
func (m *modelled) read() { m.reads, m.over = m.reads+1, m.over || m.once }

// take takes claims and purposes back, for good.
func (m *modelled) take(claims, purposes []string) {
	for name, for_ := range m.given {
		left := slices.DeleteFunc(slices.Clone(for_), func(p string) bool { return slices.Contains(purposes, p) })
		m.given[name] = left
		if slices.Contains(claims, name) || len(left) == 0 && !slices.Contains(m.bare, name) {
			delete(m.given, name)
		}
	}
}
