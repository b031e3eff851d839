package foreign_test

import (
	"os"
	"regexp"
	"testing"
)

// fence is a block of code in a page whose first line names the file that a vendor would keep it in.
var fence = regexp.MustCompile("(?ms)^```[a-z]+ ([^\n]+)\n(.*?)^```$")

// example is what docs/vendors.md has a vendor write into this file, letter by letter.
func example(t *testing.T, file string) string {
	t.Helper()
	page, err := os.ReadFile("../../../docs/vendors.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range fence.FindAllSubmatch(page, -1) {
		if string(block[1]) == file {
			return string(block[2])
		}
	}
	t.Fatalf("docs/vendors.md has no block %q", file)
	return ""
}
