package api

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// declared finds the code of a fault where it is declared.
var declared = regexp.MustCompile(`fault\.New\(fault\.\w+, "([a-z-]+)"`)

// answering are the rooms whose faults can become a problem document of the REST API.
var answering = []string{"../consent", "../identity", "../identity/provider", "../signal", ".", "rest", "../internal/store", "../internal/store/bolt", "../internal/fault"}

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
				if !strings.Contains(string(page), "`"+m[1]+"`") {
					t.Errorf("docs/api.md does not name the problem %q of %s", m[1], file)
				}
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d faults were found: are they declared in another way?", found)
	}
}
