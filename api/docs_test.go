package api

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v2"

	"github.com/meins-id/meins/internal/fault"
)

// declared finds the code of a fault where it is declared, with its kind and its text.
var declared = regexp.MustCompile(`\bNew\((?:fault\.)?(\w+), "([a-z-]+)", "([^"]*)"\)`)

// answering are the rooms whose faults can become a problem document of the REST API.
var answering = []string{"../consent", "../identity", "../identity/provider", "../signal", ".", "rest", "../internal/store", "../internal/store/bolt", "../internal/fault", "../internal/repeat"}

func TestAPIPage_namesEveryTypeOfProblem(t *testing.T) {
	page, err := os.ReadFile("../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, room := range answering {
		files, err := filepath.Glob(filepath.Join(room, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range declared.FindAllStringSubmatch(string(source), -1) {
				found++
				if !strings.Contains(string(page), "`"+m[2]+"`") {
					t.Errorf("docs/api.md does not name the problem %q of %s", m[2], file)
				}
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d faults were found: are they declared in another way?", found)
	}
}

// kinds are the statuses of faults, by the names that their declarations give them.
var kinds = map[string]fault.Kind{
	"Internal": fault.Internal, "Invalid": fault.Invalid, "Unauthenticated": fault.Unauthenticated, "Denied": fault.Denied, "NotFound": fault.NotFound,
	"Conflict": fault.Conflict, "Stale": fault.Stale, "TooLarge": fault.TooLarge, "Mismatch": fault.Mismatch, "TooMany": fault.TooMany, "Unavailable": fault.Unavailable,
}

func TestDescription_saysOfEachProblemWhatTheProgramSays(t *testing.T) {
	var described struct {
		Problems map[string]struct {
			Status int
			Title  string
		} `yaml:"x-problems"`
	}
	if err := yaml.Unmarshal(Description, &described); err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{"method-unknown": true} // it is no fault: see rest.WriteMethodProblem
	for _, room := range append([]string{"../vault", "../vault/seal"}, answering...) {
		files, err := filepath.Glob(filepath.Join(room, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range declared.FindAllStringSubmatch(string(source), -1) {
				p := described.Problems[m[2]]
				said[m[2]] = said[m[2]] || p.Status == kinds[m[1]].Status() && p.Title == m[3]
			}
		}
	}
	for code := range described.Problems {
		if !said[code] {
			t.Errorf("openapi.yaml describes %s otherwise than the program, or nothing declares it", code)
		}
	}
}
