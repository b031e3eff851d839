package app

import (
	"os"
	"runtime/debug"
)

// collectAt lets the heap grow to eight times of what is in use before it is collected. What is in use
// is a few megabytes, and what a request leaves behind is garbage at once: Go's own setting of 100
// spends a tenth of a loaded server's time to save memory that is there.
const collectAt = 700

// relaxCollector is for a process that serves. Who sets GOGC means it; GOMEMLIMIT holds either way.
func relaxCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
}
