package consent

import (
	"sync"

	"github.com/meins-id/meins/internal/id"
)

// cachedTerms is how many grants keep their decoded terms in memory: a few megabytes.
const cachedTerms = 4096

// termsCache keeps the terms of grants decoded. Terms never change, so that a copy cannot be wrong;
// whether they are in force is read from the store each time. What comes from it is shared: nobody
// writes to it.
type termsCache struct {
	limit int
	mu    sync.RWMutex
	terms map[id.Grant]*Grant
}

func newTermsCache(limit int) *termsCache {
	return &termsCache{limit: limit, terms: map[id.Grant]*Grant{}}
}

func (c *termsCache) get(grant id.Grant) *Grant {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.terms[grant]
}

// put makes room by dropping any other: the order of a map is as good as random.
func (c *termsCache) put(g *Grant) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, there := c.terms[g.ID]; !there && len(c.terms) >= c.limit {
		for other := range c.terms {
			delete(c.terms, other)
			break
		}
	}
	c.terms[g.ID] = g
}
