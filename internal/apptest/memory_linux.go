package apptest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

// Memory gives all memory that the running program can write to, a mapping at a time, as one who can read
// another process would find it.
func (p *Program) Memory(t testing.TB, look func(where string, memory []byte)) {
	t.Helper()
	folder := fmt.Sprintf("/proc/%d/", p.cmd.Process.Pid)
	maps, err := os.ReadFile(folder + "maps")
	if err != nil {
		t.Fatal(err)
	}
	memory, err := os.Open(folder + "mem")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = memory.Close() }() // it was only read
	lines := bufio.NewScanner(bytes.NewReader(maps))
	for lines.Scan() {
		var from, to int64
		var rights string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &rights); err != nil || !strings.HasPrefix(rights, "rw") {
			continue
		}
		text, err := io.ReadAll(io.NewSectionReader(memory, from, to-from))
		if err != nil && len(text) == 0 {
			continue // gone since, or of a kind that nobody can read
		}
		look(lines.Text(), text)
	}
}
