package strength

import "math"

// perPart is the least number of guesses that an attacker spends before trying one part more.
const perPart = 10000

// best is the cheapest way so far to cover the text up to a place with a number of parts.
type best struct {
	last    match
	product float64 // of the guesses of the parts
	total   float64 // what counts
	ok      bool
}

// cover holds, for each place and number of parts, the cheapest way.
type cover struct {
	n    int
	best [][]best // by place of the last character, by number of parts
}

// cheapest finds the parts that cost an attacker the least, who tries likely parts in any order and
// few parts before many:
//
//	guesses = parts! · product of each part's guesses + 10000^(parts-1)
func (e *estimator) cheapest(text []rune) (float64, []match) {
	n := len(text)
	if n == 0 {
		return 1, nil
	}
	c := cover{n: n, best: make([][]best, n)}
	for k := range c.best {
		c.best[k] = make([]best, n+1)
	}
	ending := make([][]match, n)
	for _, m := range e.matches(text) {
		ending[m.j] = append(ending[m.j], m)
	}
	for k := range n {
		for _, m := range ending[k] {
			c.try(m)
		}
		for i := range k + 1 {
			c.try(unguided(i, k))
		}
	}
	return c.result()
}

func (e *estimator) matches(text []rune) []match {
	var all []match
	for _, find := range [...]func([]rune) []match{
		e.plain, e.reversed, e.disguised, e.spatials, e.repeats, e.sequences, e.recentYears, e.dates,
	} {
		all = append(all, find(text)...)
	}
	return all
}

// try puts m behind every way that ends before it. Two unguided parts in a row are one.
func (c *cover) try(m match) {
	if m.i == 0 {
		c.offer(m, 1, m.cost(c.n))
		return
	}
	for parts := 1; parts < c.n; parts++ {
		before := c.best[m.i-1][parts]
		if !before.ok || m.kind == bruteforce && before.last.kind == bruteforce {
			continue
		}
		c.offer(m, parts+1, before.product*m.cost(c.n))
	}
}

// offer takes the way unless one with as few parts or fewer is as cheap.
func (c *cover) offer(m match, parts int, product float64) {
	total := factorial(parts)*product + math.Pow(perPart, float64(parts-1))
	ways := c.best[m.j]
	for l := 1; l <= parts; l++ {
		if ways[l].ok && ways[l].total <= total {
			return
		}
	}
	ways[parts] = best{last: m, product: product, total: total, ok: true}
}

// result walks back from the cheapest way to cover everything.
func (c *cover) result() (float64, []match) {
	parts := 0
	for l, way := range c.best[c.n-1] {
		if way.ok && (parts == 0 || way.total <= c.best[c.n-1][parts].total) {
			parts = l
		}
	}
	guesses := c.best[c.n-1][parts].total
	var matches []match
	for k := c.n - 1; k >= 0 && parts > 0; parts-- {
		m := c.best[k][parts].last
		matches = append(matches, m)
		k = m.i - 1
	}
	return guesses, matches
}

func factorial(n int) float64 {
	f := 1.0
	for i := 2; i <= n; i++ {
		f *= float64(i)
	}
	return f
}
