package strength

import (
	"slices"
	"strconv"
)

// repeats are parts that come at least twice in a row. The part itself is judged as a passphrase.
func (e *estimator) repeats(text []rune) []match {
	var all []match
	for from := 0; from < len(text); {
		i, long, short := firstRepeat(text, from)
		if i < 0 {
			break
		}
		total, base := short.total(), short.part
		if long.total() > short.total() {
			total = long.total()
			base = period(text[i : i+total])
		}
		inner := estimator{words: e.words, year: e.year}
		guesses, _ := inner.cheapest(text[i : i+base])
		all = append(all, match{kind: repeat, i: i, j: i + total - 1, guesses: guesses * float64(total/base)})
		from = i + total
	}
	return all
}

// run is a part that comes so many times.
type run struct{ part, times int }

func (r run) total() int { return r.part * r.times }

// firstRepeat finds where the first repetition begins, with the longest and the shortest part that
// is repeated there.
func firstRepeat(text []rune, from int) (i int, long, short run) {
	for i = from; i < len(text); i++ {
		for part := 1; i+2*part <= len(text); part++ {
			times := 1
			for i+(times+1)*part <= len(text) && slices.Equal(text[i:i+part], text[i+times*part:i+(times+1)*part]) {
				times++
			}
			if times < 2 {
				continue
			}
			if short.part == 0 {
				short = run{part, times}
			}
			long = run{part, times}
		}
		if short.part > 0 {
			return i, long, short
		}
	}
	return -1, run{}, run{}
}

// period is the shortest part that gives the whole text by repetition.
func period(text []rune) int {
	for part := 1; 2*part <= len(text); part++ {
		if len(text)%part == 0 && slices.Equal(text[part:], text[:len(text)-part]) {
			return part
		}
	}
	return len(text)
}

// widest is the largest step of a sequence (acegi has a step of 2).
const widest = 5

// sequences are parts in which each character is the same step from the one before.
func (e *estimator) sequences(text []rune) []match {
	if len(text) < 2 {
		return nil
	}
	var all []match
	begin := 0
	for k := 1; k <= len(text); k++ {
		step := int(text[begin+1] - text[begin])
		if k < len(text) && int(text[k]-text[k-1]) == step {
			continue
		}
		end := k - 1
		if size := max(step, -step); size > 0 && size <= widest && (end-begin > 1 || size == 1) {
			all = append(all, match{kind: sequence, i: begin, j: end, guesses: stepGuesses(text[begin:end+1], step > 0)})
		}
		begin = end
	}
	return all
}

func stepGuesses(token []rune, ascending bool) float64 {
	base := 26
	switch first := token[0]; {
	case slices.Contains([]rune("aAzZ019"), first):
		base = 4
	case isDigit(first):
		base = 10
	}
	if !ascending {
		base *= 2
	}
	return float64(base * len(token))
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// leastYears is how many years are tried at least, whatever the year.
const leastYears = 20

func (e *estimator) years(year int) int { return max(e.away(year), leastYears) }

func (e *estimator) away(year int) int { return max(year-e.year, e.year-year) }

// recentYears are 1900 to 2019, as zxcvbn has them; later ones are found as dates.
func (e *estimator) recentYears(text []rune) []match {
	var all []match
	for i := 0; i+4 <= len(text); {
		year, ok := number(text[i : i+4])
		if !ok || year < 1900 || year > 2019 {
			i++
			continue
		}
		all = append(all, match{kind: recentYear, i: i, j: i + 3, guesses: float64(e.years(year))})
		i += 4
	}
	return all
}

// number reads digits, and nothing else.
func number(text []rune) (int, bool) {
	for _, r := range text {
		if !isDigit(r) {
			return 0, false
		}
	}
	n, err := strconv.Atoi(string(text))
	return n, err == nil
}
