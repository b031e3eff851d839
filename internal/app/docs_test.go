package app

import (
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func TestConfigPage_namesEveryFlagAndItsTwin(t *testing.T) {
	page, err := os.ReadFile("../../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	parser, err := kong.New(&commands{}, kong.Name("meins"), kong.DefaultEnvars("MEINS"))
	if err != nil {
		t.Fatal(err)
	}
	err = kong.Visit(parser.Model, func(n kong.Visitable, next kong.Next) error {
		if node, ok := n.(*kong.Node); ok && node.Hidden {
			return nil
		}
		if f, ok := n.(*kong.Flag); ok && !f.Hidden && f.Name != "help" {
			for _, word := range append([]string{"--" + f.Name}, f.Envs...) {
				if !strings.Contains(string(page), word) {
					t.Errorf("docs/config.md does not name %s", word)
				}
			}
		}
		return next(nil)
	})
	if err != nil {
		t.Fatal(err)
	}
}
