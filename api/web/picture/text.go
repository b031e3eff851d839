package picture

import "strings"

// Text is words at a place, in one line or two. Whole is what they were before they were cut to fit.
type Text struct {
	X, Y         int
	Words, Whole string
	Second       string // the second line
	Leading      int    // from one line to the next
}

// Cut says that not all of the words fit.
func (t Text) Cut() bool { return strings.TrimRight(t.Words+" "+t.Second, " ") != t.Whole }

// leading is from one line of 14 pixels to the next.
const leading = 15

// level places words of which the middle stands at y, in as many lines as they need.
func level(words string, x, y, most int) Text {
	t := Text{X: x, Y: y, Whole: words, Leading: leading}
	if t.Words, t.Second = wrap(words, most, most); t.Second != "" {
		t.Y -= leading / 2
	}
	return t
}

// upright is the same for words that are read from the bottom to the top.
func upright(words string, x, y int) Text {
	t := Text{X: x, Y: y, Whole: words, Leading: leading}
	if t.Words, t.Second = wrap(words, headLine, headMost); t.Second != "" {
		t.X -= leading / 2
	}
	return t
}

// wrap breaks words that are wider than one line where the two lines are shortest, and cuts what is
// wider than most even so.
func wrap(words string, one, most int) (first, second string) {
	if width(words) <= one {
		return words, ""
	}
	at, best := -1, 0
	for i, r := range words {
		if r != ' ' {
			continue
		}
		if wide := max(width(words[:i]), width(words[i+1:])); at < 0 || wide < best {
			at, best = i, wide
		}
	}
	if at < 0 {
		return cut(words, most), ""
	}
	return cut(words[:at], most), cut(words[at+1:], most)
}

// cut shortens a line to a width.
func cut(words string, most int) string {
	if width(words) <= most {
		return words
	}
	runes := []rune(words)
	for len(runes) > 1 && width(string(runes))+width("…") > most {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimRight(string(runes), " ") + "…"
}

// width is what words take in letters of 14 pixels, with some room for a font that is wider than ours.
func width(words string) int {
	tenths := 0
	for _, r := range words {
		switch {
		case strings.ContainsRune(" fijlrtI.,:;'’!|()[]-", r):
			tenths += 46
		case strings.ContainsRune("mwMW@%&…", r):
			tenths += 110
		case r < 0x250 && (r < 'A' || r > 'Z'):
			tenths += 74
		case r < 0x2e80:
			tenths += 90
		default: // a letter of the East Asian scripts fills a square
			tenths += 140
		}
	}
	return (tenths + 9) / 10
}
