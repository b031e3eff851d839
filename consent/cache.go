package consent

import (
	"sync"

	"github.com/meins-id/meins/internal/id"
)

// cachedGrants is how many grants are kept decoded in memory: some 15 MB when all are in use. Beyond
// them a read decodes the terms anew, which costs more than all the rest of a permit.
const cachedGrants = 8192

// known is a grant as it was read, and the very bytes that its state was read from. The terms alone are
// what the next state is read on top of.
type known struct {
	terms Grant
	grant Grant
	state string
}

// cache keeps grants decoded. Terms never change, so that a copy cannot be wrong. The state is read
// from the store each time, and only what it decodes to is remembered: for the same bytes, and for no
// others. What comes from the cache is shared: nobody writes to it.
type cache struct {
	limit  int
	mu     sync.RWMutex
	grants map[id.Grant]*known
}

func newCache(limit int) *cache {
	return &cache{limit: limit, grants: map[id.Grant]*known{}}
}

func (c *cache) get(grant id.Grant) *known {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.grants[grant]
}

// put makes room by dropping any other: the order of a map is as good as random.
func (c *cache) put(k *known) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, there := c.grants[k.grant.ID]; !there && len(c.grants) >= c.limit {
		for other := range c.grants {
			delete(c.grants, other)
			break
		}
	}
	c.grants[k.grant.ID] = k
}
