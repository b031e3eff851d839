package stolen_test

import (
	"bytes"
	"slices"
	"testing"
)

// marker is a value that is known again wherever it turns up, and what it is.
type marker struct {
	what  string
	value []byte
}

// markers are all that a thief would like to find.
type markers []marker

// shortest is the shortest value that does not turn up by chance in what is encrypted.
const shortest = 6

// add takes a value in, once.
func (m *markers) add(t *testing.T, what string, value []byte) {
	t.Helper()
	if len(value) < shortest {
		t.Fatalf("the %s is too short to be known again", what)
	}
	if !slices.ContainsFunc(*m, func(known marker) bool { return bytes.Equal(known.value, value) }) {
		*m = append(*m, marker{what, value})
	}
}

// text takes a text in.
func (m *markers) text(t *testing.T, what, value string) {
	t.Helper()
	m.add(t, what, []byte(value))
}

// values takes in every text inside a value.
func (m *markers) values(t *testing.T, what string, value any) {
	t.Helper()
	switch v := value.(type) {
	case string:
		m.text(t, what, v)
	case map[string]any:
		for name, inner := range v {
			m.values(t, what+" "+name, inner)
		}
	}
}

// count says how many markers are of a kind.
func (m markers) count(what string) int {
	n := 0
	for _, one := range m {
		if one.what == what {
			n++
		}
	}
	return n
}

// needles are the markers in every spelling, to be looked for in many places.
func (m markers) needles() needles {
	var all needles
	for _, one := range m {
		known := map[string]bool{string(one.value): true}
		all = append(all, needle{one.what, "raw", one.value})
		for spelling, text := range spellings(one.value) {
			if !known[string(text)] { // most spellings of a plain word are the word
				known[string(text)] = true
				all = append(all, needle{one.what, spelling, text})
			}
		}
	}
	return all
}

type needle struct {
	what, spelling string
	text           []byte
}

type needles []needle

// in lists which markers stand in the haystack, and how.
func (n needles) in(haystack []byte) []string {
	// A database is a file with room at its end: no need to look through the zeroes.
	haystack = bytes.TrimRight(haystack, "\x00")
	var all []string
	for _, one := range n {
		if bytes.Contains(haystack, one.text) {
			all = append(all, one.what+" as "+one.spelling)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// absent fails the test for every marker that stands in the haystack.
func (n needles) absent(t *testing.T, where string, haystack []byte) {
	t.Helper()
	for _, what := range n.in(haystack) {
		t.Errorf("%s: found the %s", where, what)
	}
}

// haystacks are texts with the place where each was met first: the same text is looked through once.
type haystacks map[string]string

// add takes a text in.
func (h haystacks) add(where, text string) {
	if _, known := h[text]; !known {
		h[text] = where
	}
}

// absentIn is absent for many haystacks. They are looked through together, and one by one only when
// there is something to be found.
func (n needles) absentIn(t *testing.T, all haystacks) {
	t.Helper()
	var together bytes.Buffer
	for text := range all {
		together.WriteString(text + "\n")
	}
	if len(n.in(together.Bytes())) == 0 {
		return
	}
	for text, where := range all {
		n.absent(t, where, []byte(text))
	}
}

// but leaves out the markers of these kinds.
func (n needles) but(kinds ...string) needles {
	return slices.DeleteFunc(slices.Clone(n), func(one needle) bool { return slices.Contains(kinds, one.what) })
}
