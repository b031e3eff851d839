package archtest

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	link      = regexp.MustCompile(`\]\(([^)\s]+)`)                                 // of Markdown, without its title
	testNamed = regexp.MustCompile("`(Test[A-Za-z0-9]+_[A-Za-z0-9_]+)`")            // a test that holds a promise
	fileNamed = regexp.MustCompile("`([a-z][a-zA-Z0-9_-]*/[\\w/.-]+\\.(?:go|js))`") // a file, from the root
	testFunc  = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
)

func TestPages_nameOnlyWhatIsThere(t *testing.T) {
	root := os.DirFS("../..")
	pages, tests := documents(t, root)
	if len(pages) < 5 || len(tests) < 500 {
		t.Fatalf("only %d pages and %d tests were found", len(pages), len(tests))
	}
	there := func(name string) bool {
		_, err := fs.Stat(root, name)
		return err == nil
	}
	for page, text := range pages {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			target, _, _ := strings.Cut(m[1], "#")
			if target != "" && !strings.Contains(target, ":") && !there(path.Join(path.Dir(page), target)) {
				t.Errorf("%s links to %s, which is not there", page, target)
			}
		}
		for _, m := range testNamed.FindAllStringSubmatch(text, -1) {
			if !tests[m[1]] {
				t.Errorf("%s names %s, which is no test", page, m[1])
			}
		}
		for _, m := range fileNamed.FindAllStringSubmatch(text, -1) {
			if !strings.HasSuffix(m[1], ".gen.go") && !there(m[1]) && !there(path.Join(path.Dir(page), m[1])) {
				t.Errorf("%s names %s, which is not there", page, m[1])
			}
		}
	}
}

func TestDecisions_standAllOnTheirPage(t *testing.T) {
	const folder = "../../docs/decisions"
	index, err := os.ReadFile(path.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	records, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r.Name() != "README.md" && strings.Count(string(index), "]("+r.Name()+")") != 1 {
			t.Errorf("%s does not stand in the list once", r.Name())
		}
	}
}

// documents reads every page of the project, and the names of all its tests.
func documents(t *testing.T, root fs.FS) (pages map[string]string, tests map[string]bool) {
	t.Helper()
	pages, tests = map[string]string{}, map[string]bool{}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		foreign := slices.Contains([]string{"node_modules", "testdata", "bin", "dist"}, d.Name()) || len(d.Name()) > 1 && d.Name()[0] == '.'
		switch {
		case err != nil:
			return err
		case d.IsDir() && foreign:
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".md") && !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if strings.HasSuffix(name, ".md") {
			pages[name] = string(text)
			return err
		}
		for _, m := range testFunc.FindAllSubmatch(text, -1) {
			tests[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages, tests
}
