package strength

import (
	"math"
	"slices"
	"strings"
	"sync"
)

// A keyboard as it is drawn: what each key gives, unshifted first.
type layout struct {
	drawn   string
	slanted bool // each row a bit further right than the one above
	shift   bool // has upper case and signs on shift
}

var layouts = []layout{
	{"`~ 1! 2@ 3# 4$ 5% 6^ 7& 8* 9( 0) -_ =+\n" +
		"    qQ wW eE rR tT yY uU iI oO pP [{ ]} \\|\n" +
		"     aA sS dD fF gG hH jJ kK lL ;: '\"\n" +
		"      zZ xX cC vV bB nN mM ,< .> /?", true, true},
	{"`~ 1! 2@ 3# 4$ 5% 6^ 7& 8* 9( 0) [{ ]}\n" +
		"    '\" ,< .> pP yY fF gG cC rR lL /? =+ \\|\n" +
		"     aA oO eE uU iI dD hH tT nN sS -_\n" +
		"      ;: qQ jJ kK xX bB mM wW vV zZ", true, true},
	{"  / * -\n7 8 9 +\n4 5 6\n1 2 3\n  0 .", false, false},
	{"  = / *\n7 8 9 -\n4 5 6 +\n1 2 3\n  0 .", false, false},
}

// onShift are the characters that take the shift key to begin with.
const onShift = "~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:\"ZXCVBNM<>?"

// How many keys there are to begin a pattern at, and how many neighbours a key has on average: of
// qwerty for the two large keyboards, of the plain keypad for the two small ones.
const (
	largeKeys, largeNeighbours = 94, 432.0 / 94
	smallKeys, smallNeighbours = 15, 76.0 / 15
)

// keyboard is each character's neighbours by direction; empty where there is no key.
type keyboard struct {
	neighbours map[rune][]string
	shift      bool
}

var keyboards = sync.OnceValue(func() []keyboard {
	all := make([]keyboard, len(layouts))
	for i, l := range layouts {
		all[i] = keyboard{l.neighbours(), l.shift}
	}
	return all
})

type point struct{ x, y int }

// around are the neighbouring places, clockwise from the left.
func (l layout) around(p point) []point {
	x, y := p.x, p.y
	if l.slanted {
		return []point{{x - 1, y}, {x, y - 1}, {x + 1, y - 1}, {x + 1, y}, {x, y + 1}, {x - 1, y + 1}}
	}
	return []point{{x - 1, y}, {x - 1, y - 1}, {x, y - 1}, {x + 1, y - 1}, {x + 1, y}, {x + 1, y + 1}, {x, y + 1}, {x - 1, y + 1}}
}

func (l layout) neighbours() map[rune][]string {
	keys := l.keys()
	all := map[rune][]string{}
	for p, key := range keys {
		var near []string
		for _, q := range l.around(p) {
			near = append(near, keys[q])
		}
		for _, r := range key {
			all[r] = near
		}
	}
	return all
}

// keys finds the place of each key in the drawing.
func (l layout) keys() map[point]string {
	keys := map[point]string{}
	width := 2
	if l.shift {
		width = 3
	}
	for y, line := range strings.Split(l.drawn, "\n") {
		slant := 0
		if l.slanted {
			slant = y
		}
		for x := 0; x < len(line); {
			if line[x] == ' ' {
				x++
				continue
			}
			end := min(x+width-1, len(line))
			keys[point{(x - slant) / width, y}] = line[x:end]
			x = end
		}
	}
	return keys
}

// spatials are walks over a keyboard of three keys and more.
func (e *estimator) spatials(text []rune) []match {
	var all []match
	for _, k := range keyboards() {
		for i := 0; i < len(text)-1; {
			walk := k.walk(text, i)
			if walk.length > 2 {
				all = append(all, match{kind: spatial, i: i, j: i + walk.length - 1, guesses: walk.guesses(k.shift)})
			}
			i += walk.length
		}
	}
	return all
}

// walk is how far the text follows neighbouring keys, and how.
type walk struct{ length, turns, shifted int }

func (k keyboard) walk(text []rune, i int) walk {
	w := walk{length: 1}
	if k.shift && strings.ContainsRune(onShift, text[i]) {
		w.shifted = 1
	}
	last := -1
	for ; i+w.length < len(text); w.length++ {
		next := text[i+w.length]
		direction := slices.IndexFunc(k.neighbours[text[i+w.length-1]], func(key string) bool {
			return strings.ContainsRune(key, next)
		})
		if direction < 0 {
			break
		}
		if strings.IndexRune(k.neighbours[text[i+w.length-1]][direction], next) == 1 {
			w.shifted++
		}
		if direction != last {
			w.turns++ // the first step is a turn too
			last = direction
		}
	}
	return w
}

// guesses counts the walks of this length and fewer turns.
func (w walk) guesses(large bool) float64 {
	keys, neighbours := float64(smallKeys), smallNeighbours
	if large {
		keys, neighbours = largeKeys, largeNeighbours
	}
	total := 0.0
	for i := 2; i <= w.length; i++ {
		for j := 1; j <= min(w.turns, i-1); j++ {
			total += choose(i-1, j-1) * keys * math.Pow(neighbours, float64(j))
		}
	}
	plain := w.length - w.shifted
	switch {
	case w.shifted == 0:
	case plain == 0:
		total *= 2
	default:
		total *= combinations(w.shifted, plain)
	}
	return total
}
