package shown_test

import (
	"strings"
	"testing"

	"github.com/meins-id/meins/internal/shown"
)

func TestLine_textInAnyLanguage_canBeShown(t *testing.T) {
	for _, text := range []string{
		"to send you the parcel", "für die Rechnung", "تا به شما بنویسیم", "می\u200cخواهیم", "क्षत्रिय के लिए", "請求書のため", "เพื่อจัดส่ง",
		"to wish you a happy birthday 🎂", "👩\u200d👧", "☎\ufe0f to call you", "Ça va, naïve café", "x",
	} {
		if !shown.Line(text, 1, 80) {
			t.Errorf("%q is refused", text)
		}
	}
}

func TestLine_textThatShowsNothing_isRefused(t *testing.T) {
	for name, text := range map[string]string{
		"spaces": "   ", "no-break spaces": "\u00a0\u00a0\u00a0", "zero width": "\u200b\u200b\u200b", "joiners": "\u200d\u200c\u200d",
		"Hangul fillers": "\u3164\u3164\u3164", "jamo fillers": "\u115f\u1160\uffa0", "braille": "\u2800\u2800\u2800",
		"variations": "\ufe0f\ufe0f\ufe0f", "marks alone": "\u0301\u0301\u0301", "tags": "\U000E0041\U000E0042\U000E0043",
	} {
		if shown.Line(text, 1, 80) {
			t.Errorf("%s can be shown", name)
		}
	}
}

func TestLine_signThatHidesOrTurnsOrCovers_isRefused(t *testing.T) {
	for name, sign := range map[string]string{
		"line break": "\n", "nul": "\x00", "escape": "\x1b[2K", "override": "\u202e", "isolate": "\u2066", "Arabic letter mark": "\u061c",
		"line separator": "\u2028", "byte order mark": "\ufeff", "zero width space": "\u200b", "soft hyphen": "\u00ad", "word joiner": "\u2060",
		"grapheme joiner": "\u034f", "Hangul filler": "\u3164", "Mongolian vowel separator": "\u180e", "tag": "\U000E0041", "private": "\ue000",
		"a tower of marks": strings.Repeat("\u0301", 7), "broken UTF-8": "\xff",
	} {
		if text := "Bank" + sign + " of meins"; shown.Line(text, 1, 80) {
			t.Errorf("%s: %q can be shown", name, text)
		}
	}
}

func TestLine_boundsAreInCharacters(t *testing.T) {
	for text, want := range map[string]bool{"äö": false, "äöü": true, "äöüß€": true, "äöüß€x": false} {
		if got := shown.Line(text, 3, 5); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if !shown.Line("", 0, 5) || shown.Line("", 1, 5) {
		t.Error("an empty text is as long as it is")
	}
}

func TestParagraphs_haveLines_andAreHeldToTheRest(t *testing.T) {
	if !shown.Paragraphs("one\ntwo", 1, 80) || shown.Line("one\ntwo", 1, 80) {
		t.Error("a text of two lines")
	}
	for _, text := range []string{"\n\n\n", "one\r\ntwo", "one\n\u202etwo", "one\n\u200btwo"} {
		if shown.Paragraphs(text, 1, 80) {
			t.Errorf("%q can be shown", text)
		}
	}
}
