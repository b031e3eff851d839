package strength

import (
	"strings"
	"testing"
	"time"

	"github.com/trustelem/zxcvbn"
	"github.com/trustelem/zxcvbn/frequency"
	"pgregory.net/rapid"
)

// The year of the reference is that of the machine's clock.
func estimate(passphrase string, inputs ...string) Estimate {
	return Of(passphrase, inputs, time.Now().Year())
}

func TestOf_agreesWithZxcvbn(t *testing.T) {
	for _, passphrase := range []string{
		"", "a", "password", "Password", "PASSWORD", "passworD", "PaSSword", "p4ssw0rd", "P4$$w0rd", "drowssap",
		"zxcvbn", "qwER43@!", "Tr0ub4dour&3", "correct horse battery staple", "coRrecth0rseba++ery9.23.2007staple$",
		"D0g..................", "abcdefghijk987654321", "neverforget13/3/1997", "1qaz2wsx3edc", "temppass22", "briansmith",
		"thx1138", "baseball2014!1994", "aabaabaabaab", "rWibMFACxAUGZmxhVncy", "Ba9ZyWABu99[BK#6MBgbH88Tofv)vs$w", "!@#$%^&*",
		"4815162342", "0123456789", "qwertyuiop[]", "ihgfedcba", "2005", "19840229", "29.02.1984", "1.1.2024x", "blumen garten haus", "l33t1337", "741852963",
	} {
		sameGuesses(t, passphrase)
	}
}

// sameGuesses compares with the existing Go version. That one loses ways to read more than three
// different lookalikes (an append into a shared array), and is too generous there; never less.
func sameGuesses(t interface{ Errorf(string, ...any) }, passphrase string) {
	want := zxcvbn.PasswordStrength(passphrase, nil)
	got := estimate(passphrase)
	off := (got.guesses - want.Guesses) / want.Guesses
	if off > 1e-6 || off < -1e-6 && differentLookalikes(passphrase) <= 3 {
		t.Errorf("%q: %.1f guesses, score %d; zxcvbn says %.1f, %d", passphrase, got.guesses, got.Score, want.Guesses, want.Score)
	}
}

func differentLookalikes(s string) int {
	n := 0
	for _, r := range "4@8({[<3691!|70$5+%2" {
		if strings.ContainsRune(s, r) {
			n++
		}
	}
	return n
}

// Parts that people build passphrases from, so that matches of every kind meet and overlap.
func TestOf_agreesWithZxcvbn_onWhatPeoplePutTogether(t *testing.T) {
	words := frequency.FrequencyLists["passwords"]
	english := frequency.FrequencyLists["english_wikipedia"]
	part := rapid.OneOf(
		rapid.SampledFrom(words), rapid.SampledFrom(english), rapid.SampledFrom(frequency.FrequencyLists["surnames"]),
		rapid.Map(rapid.SampledFrom(words), strings.ToUpper),
		rapid.Map(rapid.SampledFrom(words), strings.NewReplacer("a", "4", "e", "3", "o", "0", "i", "1", "s", "$").Replace),
		rapid.StringMatching(`[0-9]{1,8}`), rapid.StringMatching(`[0-3]?[0-9]([./-])[01]?[0-9]([./-])(19|20)?[0-9][0-9]`),
		rapid.StringMatching(`[ -~]{1,4}`), rapid.SampledFrom([]string{"qwerty", "asdf", "abc", "cba", "aaa", "xyxyxy", " ", "!"}),
	)
	rapid.Check(t, func(t *rapid.T) {
		sameGuesses(t, strings.Join(rapid.SliceOfN(part, 1, 4).Draw(t, "parts"), ""))
	})
}

func TestWords_areThoseOfZxcvbn(t *testing.T) {
	ranks := dictionary()
	n := 0
	for _, list := range frequency.FrequencyLists {
		for i, w := range list {
			n++
			if rank := ranks[strings.ToLower(w)]; rank == 0 || rank > i+1 {
				t.Fatalf("%q has rank %d, want at most %d", w, rank, i+1)
			}
			if len(w) > longestWord {
				t.Fatalf("%q is longer than longestWord", w)
			}
		}
	}
	if n != len(ranks) {
		t.Errorf("%d words, want %d", len(ranks), n)
	}
}

func TestOf_whatOthersKnow_isWeak(t *testing.T) {
	for passphrase, inputs := range map[string][]string{
		"rosalind.franklin-dna@kings.example": {"rosalind.franklin-dna@kings.example"},
		"Zwetschgenkuchenbaecker":             {"zwetschgenkuchenbaecker@example.org"},
	} {
		if e := estimate(passphrase); e.Score < 3 {
			t.Fatalf("%q is weak already: %d", passphrase, e.Score)
		}
		if e := estimate(passphrase, inputs...); e.Score >= 3 || e.Warning != Personal {
			t.Errorf("%q scores %d with warning %q for who signs in as %q", passphrase, e.Score, e.Warning, inputs)
		}
	}
}

func TestOf_saysWhatIsWeak(t *testing.T) {
	for passphrase, want := range map[string]Warning{
		"": Short, "x7#q": Short, "dragon": Common, "zxcvghju": Keyboard, "aaaaaaaaaaa": Repeated, "fghijklmno": Sequence,
		"29.02.1984": Date, "correct horse battery staple": "",
	} {
		if e := estimate(passphrase); e.Warning != want {
			t.Errorf("%q: warning %q, want %q", passphrase, e.Warning, want)
		}
	}
}

// hardest has most ways to be read: the longest that is judged, of nothing but lookalikes.
var hardest = strings.Repeat("4@8({[<3691!|70$5+%2", 5)

func TestOf_isSafe_forAnyText(t *testing.T) {
	for name, passphrase := range map[string]string{
		"hardest": hardest, "long": strings.Repeat(hardest, 100), "same": strings.Repeat("a", 5000), "turkish": "İİİİİİİİ",
		"emoji": strings.Repeat("🌷🌻", 40), "german": "Größenwahnsinnige Äpfel", "broken": "\xff\xfe",
	} {
		if e := estimate(passphrase, "ada@example.org"); e.Score < 0 || e.Score > 4 || e.Score < 3 && e.Warning == "" {
			t.Errorf("%s: score %d, warning %q", name, e.Score, e.Warning)
		}
	}
}

func BenchmarkOf_hardest(b *testing.B) {
	for b.Loop() {
		estimate(hardest, "ada@example.org")
	}
}

func BenchmarkOf(b *testing.B) {
	for b.Loop() {
		estimate("correct horse battery staple")
	}
}
