package web

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/meins-id/meins/vault"
)

//go:embed locales
var localeFiles embed.FS

// fallback is the language of those whose own we do not have.
const fallback = "en"

// A locale is one language of the pages. Its texts are in locales/<tag>/; a test holds the
// languages to the same keys.
type locale struct {
	Tag   string
	texts map[string]string
}

// locales are the languages by tag.
type locales map[string]*locale

// localeParts are the files of each language.
var localeParts = []string{"pages", "dashboard", "control", "terms", "reminders", "claims", "problems"}

// tags lists the languages in the order in which pages offer them.
var tags = []string{"en", "de"}

func newLocales() (locales, error) {
	all := locales{}
	for _, tag := range tags {
		l := &locale{Tag: tag, texts: map[string]string{}}
		for _, part := range localeParts {
			content, err := localeFiles.ReadFile("locales/" + tag + "/" + part + ".json")
			if err == nil {
				err = json.Unmarshal(content, &l.texts)
			}
			if err != nil {
				return nil, fmt.Errorf("language %s: %s: %w", tag, part, err)
			}
		}
		all[tag] = l
	}
	return all, nil
}

// T is the text under key, with each {name} replaced by the value that follows the name. A key
// without a text gives itself, which a test finds.
func (l *locale) T(key string, pairs ...any) string {
	text, ok := l.texts[key]
	if !ok {
		return key
	}
	if len(pairs) == 0 {
		return text
	}
	replace := make([]string, 0, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		replace = append(replace, fmt.Sprintf("{%v}", pairs[i]), fmt.Sprint(pairs[i+1]))
	}
	return strings.NewReplacer(replace...).Replace(text)
}

// Has says whether there is a text under key.
func (l *locale) Has(key string) bool { return l.texts[key] != "" }

// Count is the text for a number of things: key.one or key.other.
func (l *locale) Count(key string, n int, pairs ...any) string {
	form := ".other"
	if n == 1 {
		form = ".one"
	}
	return l.T(key+form, append(pairs, "n", n)...)
}

// List joins words as the language does: "name, e-mail and address".
func (l *locale) List(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " " + l.T("list.and") + " " + words[last]
}

// Date is a day in words.
func (l *locale) Date(t time.Time) string {
	months := strings.Fields(l.T("date.months"))
	t = t.UTC()
	if len(months) != 12 || t.IsZero() {
		return ""
	}
	return l.T("date.day", "day", t.Day(), "month", months[t.Month()-1], "year", t.Year())
}

// Day is a day of this year in few letters.
func (l *locale) Day(t time.Time) string {
	months := strings.Fields(l.T("date.months"))
	t = t.UTC()
	if len(months) != 12 || t.IsZero() {
		return ""
	}
	return l.T("date.short", "day", t.Day(), "month", months[t.Month()-1])
}

// Moment is a day and a time in words, until the page's script writes it in the customer's zone.
func (l *locale) Moment(t time.Time) string {
	return l.T("date.moment", "date", l.Date(t), "time", t.UTC().Format("15:04"))
}

// Claim is what a claim is called on a page. A name that nobody here knows is the customer's own.
func (l *locale) Claim(name string) string {
	return cmp.Or(l.claim(name, "label"), strings.ReplaceAll(name, "_", " "))
}

// claim is one of the texts of a claim: label, in, help or hint; empty where there is none.
func (l *locale) claim(name, what string) string {
	if key := "claim." + name + "." + what; l.Has(key) {
		return l.T(key)
	}
	if n, ok := vault.AgeOver(name); ok && l.Has("claim.age_over."+what) {
		return l.T("claim.age_over."+what, "n", n)
	}
	return ""
}

// ClaimInText is the same inside a sentence: German nouns keep their capital, English ones do not.
func (l *locale) ClaimInText(name string) string {
	return cmp.Or(l.claim(name, "in"), l.Claim(name))
}

// Claims lists claims inside a sentence.
func (l *locale) Claims(names []string) string {
	words := make([]string, len(names))
	for i, name := range names {
		words[i] = l.ClaimInText(name)
	}
	return l.List(words)
}

// choose finds the language of a request: what the customer chose here, then what the vendor says
// (ui_locales), then what the browser says.
func (all locales) choose(r *http.Request, vendor []string) *locale {
	if c, err := r.Cookie(languageCookie); err == nil && all[c.Value] != nil {
		return all[c.Value]
	}
	wanted := slices.Clone(vendor)
	// A header that nobody can read says nothing.
	accepted, _, _ := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	for _, tag := range accepted {
		wanted = append(wanted, tag.String())
	}
	for _, tag := range wanted {
		primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if l := all[primary]; l != nil {
			return l
		}
	}
	return all[fallback]
}
