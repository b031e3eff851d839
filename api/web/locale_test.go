package web

import (
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/vault"
)

func theLocales(t *testing.T) locales {
	t.Helper()
	all, err := newLocales()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestLocales_haveTheSameKeys_andTheSamePlaces(t *testing.T) {
	all := theLocales(t)
	places := regexp.MustCompile(`\{\w+\}`)
	first := all[tags[0]]
	for _, tag := range tags[1:] {
		other := all[tag]
		for _, key := range slices.Sorted(maps.Keys(first.texts)) {
			if !other.Has(key) {
				t.Errorf("%s has no text for %s", tag, key)
				continue
			}
			want, got := places.FindAllString(first.texts[key], -1), places.FindAllString(other.texts[key], -1)
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(want, got) {
				t.Errorf("%s: %s fills in %v, want %v", tag, key, got, want)
			}
		}
		for key := range other.texts {
			if !first.Has(key) {
				t.Errorf("%s has a text for %s, which %s has not", tag, key, first.Tag)
			}
		}
	}
}

// usedKeys finds the keys that templates, scripts and Go name outright.
func usedKeys(t *testing.T) []string {
	t.Helper()
	named := []*regexp.Regexp{
		regexp.MustCompile(`\.(?:T|Count) "([a-z0-9._-]+)"`),            // templates
		regexp.MustCompile(`\bt\((?:\w+ \? )?"([a-z0-9._-]+)"`),         // scripts
		regexp.MustCompile(`\bt\(\w+ \? "[^"]+" : "([a-z0-9._-]+)"`),    // scripts, the other way
		regexp.MustCompile(`\b(?:l|p)\.T\("([a-z0-9._-]+)"[,)]`),        // Go
		regexp.MustCompile(`"(field\.missing\.[a-z_]+)"`),               // scripts, handed on
		regexp.MustCompile(`: "((?:problem|field|recover)\.[a-z-.]+)"`), // scripts, by code
	}
	var keys []string
	for _, pattern := range []string{"templates/*.html", "templates/parts/*.html", "assets/js/*.js", "*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, form := range named {
				for _, m := range form.FindAllStringSubmatch(string(text), -1) {
					keys = append(keys, m[1])
				}
			}
		}
	}
	return keys
}

func TestLocales_everyKeyThatIsUsed_hasAText(t *testing.T) {
	all, keys := theLocales(t), usedKeys(t)
	for _, state := range []consent.State{consent.Requested, consent.Refused, consent.Given, consent.Expired, consent.Withdrawn, consent.Revoked} {
		keys = append(keys, "state."+state.String())
	}
	for _, s := range sections {
		keys = append(keys, "group."+s.key, "vault.section."+s.key)
	}
	for _, units := range isoUnits {
		for _, unit := range units {
			keys = append(keys, "duration."+unit, "duration."+strings.TrimSuffix(unit, "s"))
		}
	}
	keys = append(keys, "use.once-only", "way."+consent.ModeDirect, "way."+consent.ModeEndToEnd, actSpecial, actOwn, actPortrait, actTraining)
	for _, v := range []consentView{{}, {Amended: true}, {EachTime: true}, {Optional: make([]claimView, 1)}} {
		keys = append(keys, v.Heading(), v.Lead())
	}
	for _, offline := range []bool{true, false} {
		keys = append(keys, use(offline, true), use(offline, false))
	}
	for _, part := range addressParts {
		keys = append(keys, "address."+part)
	}
	for _, status := range []int{400, 401, 403, 404, 409, 413, 429, 500, 503} {
		keys = append(keys, titleOf(status))
	}
	keys = append(keys, "strength.0", "strength.1", "strength.2", "strength.3", "strength.4", "consent.outcome", "consent.outcome.nothing", "consent.outcome.visit", "consent.outcome.visit.nothing", "consent.type", "consent.type.required", "theme.light", "theme.dark")
	counted := map[string]bool{"errors.title": true, "reads.total": true, "picture.reads.desc": true}
	if len(keys) < 200 {
		t.Fatalf("only %d keys were found: the search is broken", len(keys))
	}
	for tag, l := range all {
		for _, key := range keys {
			if counted[key] {
				key += ".other"
			}
			if !l.Has(key) {
				t.Errorf("%s has no text for %s", tag, key)
			}
		}
	}
}

func TestLocales_everyClaim_hasAPlainNameAndHelp(t *testing.T) {
	anyAge, err := vault.Lookup("age_over_67")
	if err != nil {
		t.Fatal(err)
	}
	for tag, l := range theLocales(t) {
		for _, entry := range append(vault.Catalogue(), anyAge) {
			for _, what := range []string{"label", "in", "help"} {
				if l.claim(entry.Name, what) == "" {
					t.Errorf("%s has no %s for %s", tag, what, entry.Name)
				}
			}
			for _, option := range entry.Options {
				if !l.Has("choice." + option) {
					t.Errorf("%s does not name the answer %s of %s", tag, option, entry.Name)
				}
			}
			if l.Claim(entry.Name) == entry.Name {
				t.Errorf("%s shows the raw name of %s", tag, entry.Name)
			}
		}
	}
}

// The faults of these reach no page: the command line has its own words, and vendors read codes.
var pageless = []string{"../../internal/app", "../../internal/egress", "../../signal"}

// So do the operator's commands and the vendors' endpoints: these faults of other rooms reach no page.
var voiceless = []string{
	"vendor-token", "key-unknown", "domain-missing", "domain-not-proven", "invitation-invalid", "invitation-unknown", "registration-token",
	"document-busy", "document-unreadable",
}

// Whatever can go wrong on a page is said in the customer's language.
func TestLocales_everyFaultOfTheProgram_isPutIntoWords(t *testing.T) {
	all := theLocales(t)
	declared := regexp.MustCompile(`fault\.New\(\s*fault\.\w+,\s*"([a-z0-9-]+)"`)
	found := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." && d.Name() != "." || slices.Contains(pageless, path)) {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
			found++
			if slices.Contains(voiceless, m[1]) {
				continue
			}
			for tag, l := range all {
				if !l.Has("problem." + m[1]) {
					t.Errorf("%s has no words for the fault %s of %s", tag, m[1], path)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 50 {
		t.Errorf("only %d faults were found: the search is broken", found)
	}
}

// Words that the field uses among itself, and "du", have no place on a page.
func TestLocales_speakPlainly(t *testing.T) {
	never := map[string]*regexp.Regexp{
		"en": regexp.MustCompile(`(?i)\b(data subject|scope|token|client|click here|please note|thank you|awesome|oops)\b|!`),
		"de": regexp.MustCompile(`(?i)\b(du|dein|deine|deinen|deiner|dir|dich|scope|token|client|betroffene person)\b|!`),
	}
	for tag, l := range theLocales(t) {
		for key, text := range l.texts {
			if word := never[tag].FindString(text); word != "" {
				t.Errorf("%s says %q in %s", tag, word, key)
			}
		}
	}
}

func TestChoose_theCustomersChoice_thenTheVendors_thenTheBrowsers(t *testing.T) {
	all := theLocales(t)
	for name, c := range map[string]struct {
		cookie, accept string
		vendor         []string
		want           string
	}{
		"nothing said":           {want: "en"},
		"the browser":            {accept: "fr-CH, de-AT;q=0.9, en;q=0.8", want: "de"},
		"weights, not order":     {accept: "en;q=0.3, de;q=0.7", want: "de"},
		"the vendor":             {accept: "en", vendor: []string{"de-DE", "en"}, want: "de"},
		"the customer":           {cookie: "en", accept: "de", vendor: []string{"de"}, want: "en"},
		"a cookie of nonsense":   {cookie: "../../x", accept: "de", want: "de"},
		"a header of nonsense":   {accept: "\x00;;q=9,,", want: "en"},
		"a language we have not": {accept: "ja", vendor: []string{"fr"}, want: "en"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.Header.Set("Accept-Language", c.accept)
			if c.cookie != "" {
				r.AddCookie(&http.Cookie{Name: languageCookie, Value: c.cookie})
			}
			if got := all.choose(r, c.vendor).Tag; got != c.want {
				t.Errorf("chose %s, want %s", got, c.want)
			}
		})
	}
}

func TestLocale_writesDatesAndListsAsTheLanguageDoes(t *testing.T) {
	all := theLocales(t)
	day := time.Date(2027, 3, 9, 23, 59, 0, 0, time.UTC)
	for tag, want := range map[string][2]string{
		"en": {"9 March 2027", "full name, e-mail address and address"},
		"de": {"9. März 2027", "vollständiger Name, E-Mail-Adresse und Adresse"},
	} {
		l := all[tag]
		if got := l.Date(day); got != want[0] {
			t.Errorf("%s writes %q, want %q", tag, got, want[0])
		}
		if got := l.Claims([]string{"name", "email", "address"}); got != want[1] {
			t.Errorf("%s writes %q, want %q", tag, got, want[1])
		}
	}
}

// Words that a template forgets to fill in would stand on the page as {vendor}.
func TestLocales_whatATemplateSays_isFilledIn(t *testing.T) {
	said := regexp.MustCompile(`\.(T|Count) "([a-z0-9._-]+)"((?: "\w+" (?:\([^()]*(?:\([^()]*\)[^()]*)*\)|[^\s(){}]+))*)`)
	named, places := regexp.MustCompile(`"(\w+)" `), regexp.MustCompile(`\{(\w+)\}`)
	templates, err := filepath.Glob("templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	parts, err := filepath.Glob("templates/parts/*.html")
	if err != nil {
		t.Fatal(err)
	}
	texts, filled := theLocales(t)[tags[0]].texts, 0
	for _, file := range append(templates, parts...) {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range said.FindAllStringSubmatch(string(source), -1) {
			text, given := texts[m[2]], map[string]bool{}
			if m[1] == "Count" {
				text, given["n"] = texts[m[2]+".other"], true
			}
			for _, n := range named.FindAllStringSubmatch(m[3], -1) {
				given[n[1]] = true
			}
			for _, place := range places.FindAllStringSubmatch(text, -1) {
				if filled++; !given[place[1]] {
					t.Errorf("%s says %q without its %s", file, m[2], place[1])
				}
			}
		}
	}
	if filled < 50 {
		t.Fatalf("only %d places were found: the search is broken", filled)
	}
}

func TestLocales_sayNothingTwice(t *testing.T) {
	key := regexp.MustCompile(`(?m)^\s*"([^"]+)":`)
	files, err := filepath.Glob("locales/*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range key.FindAllStringSubmatch(string(content), -1) {
			name := filepath.Dir(file) + " " + m[1]
			if before, twice := said[name]; twice {
				t.Errorf("%s stands in %s and in %s", m[1], before, file)
			}
			said[name] = file
		}
	}
}
