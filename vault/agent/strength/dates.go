package strength

import (
	"slices"
	"strings"
)

// cuts says where a date without separators may be cut in three, by its length.
var cuts = map[int][][2]int{
	4: {{1, 2}, {2, 3}},
	5: {{1, 3}, {2, 3}},
	6: {{1, 2}, {2, 4}, {4, 5}},
	7: {{1, 3}, {2, 3}, {4, 5}, {4, 6}},
	8: {{2, 4}, {4, 6}},
}

// separators stand between the parts of a date.
const separators = " \t\n\v\f\r/\\_.-"

// dates are parts that can be read as day, month and year, in any usual order.
func (e *estimator) dates(text []rune) []match {
	var all []match
	for i := range text {
		for j := i + 3; j < min(i+10, len(text)); j++ {
			token := text[i : j+1]
			if year, ok := e.compact(token); ok {
				all = append(all, match{kind: date, i: i, j: j, guesses: float64(e.years(year) * 365)})
			} else if year, ok := separated(token); ok {
				all = append(all, match{kind: date, i: i, j: j, guesses: float64(e.years(year) * 365 * 4)})
			}
		}
	}
	// Of dates inside of dates the largest counts.
	return slices.DeleteFunc(slices.Clone(all), func(m match) bool {
		return slices.ContainsFunc(all, func(o match) bool { return o != m && o.i <= m.i && o.j >= m.j })
	})
}

// compact reads a date without separators: of the ways to cut it, the one nearest to today.
func (e *estimator) compact(token []rune) (year int, ok bool) {
	for _, cut := range cuts[len(token)] {
		y, fits := readDate(token[:cut[0]], token[cut[0]:cut[1]], token[cut[1]:])
		if fits && (!ok || e.away(y) < e.away(year)) {
			year, ok = y, true
		}
	}
	return year, ok
}

// separated reads a date whose three parts have the same sign between them.
func separated(token []rune) (year int, ok bool) {
	if len(token) < 6 {
		return 0, false
	}
	first := slices.IndexFunc(token, func(r rune) bool { return strings.ContainsRune(separators, r) })
	if first < 1 || first > 4 {
		return 0, false
	}
	second := slices.Index(token[first+1:], token[first])
	if second < 1 || second > 2 {
		return 0, false
	}
	last := token[first+1+second+1:]
	if len(last) < 1 || len(last) > 4 {
		return 0, false
	}
	return readDate(token[:first], token[first+1:first+1+second], last)
}

// readDate makes a date of three numbers; the year is first or last.
func readDate(a, b, c []rune) (year int, ok bool) {
	var n [3]int
	over12, over31, zero := 0, 0, 0
	for k, part := range [...][]rune{a, b, c} {
		if n[k], ok = number(part); !ok || n[k] > 99 && n[k] < 1000 || n[k] > 2050 {
			return 0, false
		}
		over12 += truth(n[k] > 12)
		over31 += truth(n[k] > 31)
		zero += truth(n[k] == 0)
	}
	if n[1] > 31 || n[1] == 0 || over31 >= 2 || over12 == 3 || zero >= 2 {
		return 0, false
	}
	return pickYear([...][3]int{{n[2], n[0], n[1]}, {n[0], n[1], n[2]}})
}

// pickYear tries the year last, then first; four digits settle it.
func pickYear(orders [2][3]int) (year int, ok bool) {
	for _, o := range orders {
		if o[0] >= 1000 {
			return o[0], dayAndMonth(o[1], o[2])
		}
	}
	for _, o := range orders {
		if dayAndMonth(o[1], o[2]) {
			return century(o[0]), true
		}
	}
	return 0, false
}

func dayAndMonth(a, b int) bool { return a <= 31 && b <= 12 || b <= 31 && a <= 12 }

func century(year int) int {
	switch {
	case year > 99:
		return year
	case year > 50:
		return year + 1900
	}
	return year + 2000
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
