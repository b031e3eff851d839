package strength

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// longest is how much of a passphrase is judged, in characters. What comes behind adds nothing that
// a score could tell, and the work grows with the square.
const longest = 100

// Estimate says how many guesses an attacker needs who knows how people choose.
type Estimate struct {
	Score   int     `json:"score"`             // 0 (at once) to 4 (never); 3 and more are good
	Warning Warning `json:"warning,omitempty"` // what makes it weak, below 3
	guesses float64
}

// String says no more than the score.
func (e Estimate) String() string { return strconv.Itoa(e.Score) }

// Warning names the weakest habit in a passphrase; pages translate it.
type Warning string

// The warnings. The empty one is for what is strong enough.
const (
	Short    Warning = "short"    // too few characters
	Common   Warning = "common"   // a common word, name or password
	Personal Warning = "personal" // the login name or the like
	Keyboard Warning = "keyboard" // neighbours on the keyboard
	Repeated Warning = "repeated" // the same again and again
	Sequence Warning = "sequence" // abc, 6543
	Date     Warning = "date"     // a date or a year
)

// Of estimates a passphrase. Inputs are what an attacker would try first: the login name, the site.
// The year is the current one: dates near it are guessed first.
func Of(passphrase string, inputs []string, year int) Estimate {
	if !utf8.ValidString(passphrase) {
		return Estimate{Warning: Short}
	}
	text := []rune(passphrase)
	if len(text) > longest {
		text = text[:longest]
	}
	e := estimator{words: dictionary(), personal: personal(inputs), year: year}
	guesses, matches := e.cheapest(text)
	estimate := Estimate{Score: score(guesses), guesses: guesses}
	if estimate.Score < 3 {
		estimate.Warning = warning(matches)
	}
	return estimate
}

// estimator is what one estimate is made with.
type estimator struct {
	words    map[string]int // rank by word
	personal map[string]int
	year     int
}

// personal ranks the inputs, and the parts of each: of ada@example.org also ada and example.
func personal(inputs []string) map[string]int {
	ranks := map[string]int{}
	add := func(s string) {
		if s = strings.ToLower(s); s != "" && ranks[s] == 0 {
			ranks[s] = len(ranks) + 1
		}
	}
	for _, in := range inputs {
		add(in)
	}
	for _, in := range inputs {
		for _, part := range strings.FieldsFunc(in, func(r rune) bool { return strings.ContainsRune("@.-_+ ", r) }) {
			if utf8.RuneCountInString(part) > 2 {
				add(part)
			}
		}
	}
	return ranks
}

// score is the scale of zxcvbn.
func score(guesses float64) int {
	const margin = 5
	for s, limit := range [...]float64{1e3, 1e6, 1e8, 1e10} {
		if guesses < limit+margin {
			return s
		}
	}
	return 4
}

// warning is about the longest part of the passphrase, as it is the one to replace.
func warning(matches []match) Warning {
	w, most := Short, 0
	for _, m := range matches {
		if n := m.j - m.i + 1; n > most && m.kind != bruteforce {
			w, most = m.kind.warning(m.personal), n
		}
	}
	return w
}
