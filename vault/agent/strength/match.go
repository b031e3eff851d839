package strength

import (
	"math"
	"strings"
	"unicode"
)

// kind says how a part of a passphrase would be guessed.
type kind int

const (
	bruteforce kind = iota // character by character
	word
	spatial
	repeat
	sequence
	recentYear
	date
)

func (k kind) warning(personal bool) Warning {
	switch k {
	case word:
		if personal {
			return Personal
		}
		return Common
	case spatial:
		return Keyboard
	case repeat:
		return Repeated
	case sequence:
		return Sequence
	case recentYear, date:
		return Date
	case bruteforce:
	}
	return Short
}

// match is a part of the passphrase, from i to j inclusive, and what guessing it costs.
type match struct {
	kind     kind
	i, j     int
	guesses  float64
	personal bool
}

// What a part costs at least inside a longer passphrase: an attacker must also guess where it is.
const (
	leastOne  = 10
	leastMany = 50
)

// cost is what guessing m costs as a part of n characters.
func (m match) cost(n int) float64 {
	least := 1.0
	if length := m.j - m.i + 1; length < n {
		least = leastMany
		if length == 1 {
			least = leastOne
		}
	}
	return max(m.guesses, least)
}

// unguided is a part that nothing is known about: ten guesses for each character, and one more than
// anything that is known costs at least.
func unguided(i, j int) match {
	n := j - i + 1
	least := float64(leastMany + 1)
	if n == 1 {
		least = leastOne + 1
	}
	return match{kind: bruteforce, i: i, j: j, guesses: max(math.Pow(10, float64(n)), least)}
}

// capitals is in how many ways letters are made upper case that would be tried before this one.
func capitals(token []rune) float64 {
	upper, lower, otherUpper := 0, 0, false
	for _, r := range token {
		switch {
		case r >= 'A' && r <= 'Z':
			upper++
		case r >= 'a' && r <= 'z':
			lower++
		case unicode.ToLower(r) != r:
			otherUpper = true
		}
	}
	n := len(token)
	first, last := isUpper(token[0]), isUpper(token[n-1])
	switch {
	case upper == 0 || strings.ToLower(string(token)) == string(token) && !otherUpper:
		return 1
	case upper == 1 && n > 1 && (first || last), lower == 0:
		return 2
	}
	return combinations(upper, lower)
}

func isUpper(r rune) bool { return r >= 'A' && r <= 'Z' }

// combinations is in how many ways up to some of a+b things can be the other way, some being the
// smaller of the two numbers.
func combinations(a, b int) float64 {
	total := 0.0
	for i := 1; i <= min(a, b); i++ {
		total += choose(a+b, i)
	}
	return total
}

// choose is the binomial coefficient.
func choose(n, k int) float64 {
	if k > n {
		return 0
	}
	r := 1.0
	for d := 1; d <= k; d++ {
		r = r * float64(n) / float64(d)
		n--
	}
	return r
}
