package app

import (
	"fmt"
	"runtime"
)

// Version is set by the build (-ldflags -X); a plain go build says "devel".
var Version = "devel"

type versionCmd struct {
	JSON bool `help:"Print JSON." env:"-"`
}

// Run prints the version and what it was built with.
func (c *versionCmd) Run(io *streams) error {
	if c.JSON {
		return printJSON(io.out, map[string]string{"version": Version, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH})
	}
	_, err := fmt.Fprintf(io.out, "meins %s (%s %s/%s)\n", Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
