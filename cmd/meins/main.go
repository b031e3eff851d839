// Command meins is a user-centric identity provider: server, vendor administration and the
// customer's own agent in one binary.
package main

import (
	"os"

	"github.com/meins-id/meins/internal/app"
)

func main() {
	os.Exit(app.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
