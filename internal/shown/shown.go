package shown

import (
	"unicode"
	"unicode/utf8"
)

// The two joiners: what is written in Persian and Hindi needs them, and so do some pictures.
const (
	nonJoiner = '\u200C'
	joiner    = '\u200D'
)

// maxMarks is how many marks may stand over one sign. Every living script does with less; more of them
// leave the line and cover others.
const maxMarks = 6

// hidden are the signs of which nothing is seen, or that act on others: Unicode's ignorable ones, formats and
// directions, and private ones, which every font draws as it likes. Those of the first table are letters
// and marks to every other test.
var hidden = []*unicode.RangeTable{
	unicode.Other_Default_Ignorable_Code_Point, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp,
}

// brailleBlank is a picture of nothing.
const brailleBlank = '\u2800'

// Line says so of one line, with its bounds in characters.
func Line(text string, least, most int) bool { return can(text, least, most, false) }

// Paragraphs says so of a text that may have several lines.
func Paragraphs(text string, least, most int) bool { return can(text, least, most, true) }

func can(text string, least, most int, lines bool) bool {
	if n := utf8.RuneCountInString(text); n < least || n > most || !utf8.ValidString(text) {
		return false
	}
	seen, marks := false, 0
	for _, r := range text {
		switch {
		case r == joiner || r == nonJoiner || lines && r == '\n':
			continue
		case unicode.In(r, hidden...):
			return false
		case unicode.In(r, unicode.Mn, unicode.Me):
			if marks++; marks > maxMarks {
				return false
			}
			continue
		case !unicode.IsSpace(r) && r != brailleBlank:
			seen = true
		}
		marks = 0
	}
	return seen || text == ""
}
