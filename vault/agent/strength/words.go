package strength

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// Passwords, English words, names and words of films: six lists, each with the most common first, an
// empty line between them.
//
//go:embed words.txt
var wordLists string

// longestWord is the longest entry, in characters.
const longestWord = 32

// dictionary is every word with its place in its list. It is made at the first estimate.
var dictionary = sync.OnceValue(func() map[string]int {
	ranks := make(map[string]int, 100_000)
	rank := 0
	for rest := wordLists; rest != ""; {
		w, more, _ := strings.Cut(rest, "\n")
		rest = more
		if w == "" {
			rank = 0
			continue
		}
		rank++
		if known, ok := ranks[w]; !ok || rank < known {
			ranks[w] = rank
		}
	}
	return ranks
})

// found is a word in the text.
type found struct {
	i, j     int
	rank     int
	word     string
	personal bool
}

// find looks every part of the text up that is not longer than the longest word.
func (e *estimator) find(text []rune) []found {
	var all []found
	lower := strings.ToLower(string(text))
	at := make([]int, 0, len(text)+1) // where each character begins
	for i := range lower {
		at = append(at, i)
	}
	if len(at) != len(text) {
		return nil // a script where lower case has another length: no list knows its words
	}
	at = append(at, len(lower))
	reach := e.reach()
	for i := range text {
		for j := i; j < min(i+reach, len(text)); j++ {
			all = append(all, e.lookUp(i, j, lower[at[i]:at[j+1]])...)
		}
	}
	return all
}

// reach is the length of the longest word that may be found, in characters or a little more.
func (e *estimator) reach() int {
	longest := longestWord
	for w := range e.personal {
		longest = max(longest, len(w))
	}
	return longest
}

func (e *estimator) lookUp(i, j int, w string) []found {
	var both []found
	if rank, ok := e.words[w]; ok {
		both = append(both, found{i, j, rank, w, false})
	}
	if rank, ok := e.personal[w]; ok {
		both = append(both, found{i, j, rank, w, true})
	}
	return both
}

// plain are words as they are, but for capitals.
func (e *estimator) plain(text []rune) []match {
	var all []match
	for _, f := range e.find(text) {
		guesses := float64(f.rank) * capitals(text[f.i:f.j+1])
		all = append(all, match{kind: word, i: f.i, j: f.j, guesses: guesses, personal: f.personal})
	}
	return all
}

// reversed are words written backwards.
func (e *estimator) reversed(text []rune) []match {
	backwards := slices.Clone(text)
	slices.Reverse(backwards)
	var all []match
	for _, f := range e.find(backwards) {
		guesses := float64(f.rank) * capitals(backwards[f.i:f.j+1]) * 2
		n := len(text) - 1
		all = append(all, match{kind: word, i: n - f.j, j: n - f.i, guesses: guesses, personal: f.personal})
	}
	return all
}

// lookalike says which characters people write for a letter.
type lookalike struct {
	letter  rune
	written string
}

var lookalikes = []lookalike{
	{'a', "4@"},
	{'b', "8"},
	{'c', "({[<"},
	{'e', "3"},
	{'g', "69"},
	{'i', "1!|"},
	{'l', "1|7"},
	{'o', "0"},
	{'s', "$5"},
	{'t', "+7"},
	{'x', "%"},
	{'z', "2"},
}

// reading is one way to take the lookalikes of a text for letters, sorted by what is written.
type reading []substitution

type substitution struct{ written, letter rune }

// disguised are words in which lookalikes stand for letters (p4ssw0rd).
func (e *estimator) disguised(text []rune) []match {
	var all []match
	for _, r := range readings(text) {
		if len(r) == 0 {
			break
		}
		for _, f := range e.find(r.read(text)) {
			token := text[f.i : f.j+1]
			// Single characters are noise, and without a lookalike it is a plain word.
			if len(token) <= 1 || strings.ToLower(string(token)) == f.word {
				continue
			}
			guesses := float64(f.rank) * capitals(token) * r.variations(token)
			all = append(all, match{kind: word, i: f.i, j: f.j, guesses: guesses, personal: f.personal})
		}
	}
	return all
}

// read puts the letters in.
func (r reading) read(text []rune) []rune {
	out := slices.Clone(text)
	for i, c := range out {
		for _, s := range r {
			if s.written == c {
				out[i] = s.letter
			}
		}
	}
	return out
}

// variations is how many ways of writing would be tried before this one.
func (r reading) variations(token []rune) float64 {
	total := 1.0
	lower := []rune(strings.ToLower(string(token)))
	for _, s := range r {
		if !slices.Contains(token, s.written) {
			continue
		}
		written, plain := count(lower, s.written), count(lower, s.letter)
		if written == 0 || plain == 0 {
			total *= 2 // all or nothing
		} else {
			total *= combinations(written, plain)
		}
	}
	return total
}

func count(text []rune, c rune) int {
	n := 0
	for _, r := range text {
		if r == c {
			n++
		}
	}
	return n
}

// readings lists the ways to take each lookalike in the text for one letter.
func readings(text []rune) []reading {
	all := []reading{{}}
	for _, l := range lookalikes {
		present := strings.Map(func(r rune) rune {
			if slices.Contains(text, r) {
				return r
			}
			return -1
		}, l.written)
		if present == "" {
			continue
		}
		var next []reading
		for _, written := range present {
			for _, r := range all {
				next = append(next, r.with(substitution{written, l.letter})...)
			}
		}
		all = distinct(next)
	}
	return all
}

// with reads s too. Where what is written is taken for another letter already, both ways stay.
func (r reading) with(s substitution) []reading {
	at := slices.IndexFunc(r, func(other substitution) bool { return other.written == s.written })
	if at < 0 {
		return []reading{append(slices.Clone(r), s)}
	}
	return []reading{r, append(slices.Delete(slices.Clone(r), at, at+1), s)}
}

// distinct drops readings that came twice.
func distinct(all []reading) []reading {
	var kept []reading
	for _, r := range all {
		r = slices.Clone(r)
		slices.SortFunc(r, func(a, b substitution) int { return int(a.written - b.written) })
		if !slices.ContainsFunc(kept, func(k reading) bool { return slices.Equal(k, r) }) {
			kept = append(kept, r)
		}
	}
	return kept
}
