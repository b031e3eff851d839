package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
)

func TestPublish_eachForm_givesThePlainBytesBack(t *testing.T) {
	dir := t.TempDir()
	data := bytes.Repeat([]byte("\x00asm what a customer's agent is made of "), 4000)
	published := mustPublish(t, dir, file{"agent.wasm", data})

	e := published["agent.wasm"]
	if !strings.HasPrefix(e.File, "agent.") || !strings.HasSuffix(e.File, ".wasm") {
		t.Fatalf("published as %q", e.File)
	}
	plain := read(t, dir, e.File)
	br, err := io.ReadAll(brotli.NewReader(bytes.NewReader(read(t, dir, e.File+".br"))))
	if err != nil {
		t.Fatal(err)
	}
	zr, err := gzip.NewReader(bytes.NewReader(read(t, dir, e.File+".gz")))
	if err != nil {
		t.Fatal(err)
	}
	if !zr.ModTime.IsZero() || zr.Name != "" {
		t.Errorf("the gzip header says when or where it was built: %v %q", zr.ModTime, zr.Name)
	}
	gz, err := io.ReadAll(zr)
	if err != nil {
		t.Fatal(err)
	}
	for form, got := range map[string][]byte{"plain": plain, "brotli": br, "gzip": gz} {
		if !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes come back, not the %d that went in", form, len(got), len(data))
		}
	}
	sum := sha256.Sum256(data)
	if want := "sha256-" + base64.StdEncoding.EncodeToString(sum[:]); e.Integrity != want {
		t.Errorf("integrity %s, want %s", e.Integrity, want)
	}
	if e.Brotli >= e.Size || e.Gzip >= e.Size {
		t.Errorf("nothing was saved: %+v", e)
	}
}

func TestPublish_twoFolders_getTheSameBytes(t *testing.T) {
	one, two := t.TempDir(), filepath.Join(t.TempDir(), "deeper", "down")
	files := []file{{"agent.wasm", []byte("agent")}, {"wasm_exec.js", []byte("glue")}}
	mustPublish(t, one, files...)
	mustPublish(t, two, files...)
	if a, b := contents(t, one), contents(t, two); !maps.Equal(a, b) {
		t.Errorf("the folders differ: %v, %v", slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b)))
	}
}

func TestPublish_newContent_removesTheOldAndKeepsThePlaceholder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, placeholder, "")
	old := mustPublish(t, dir, file{"agent.wasm", []byte("old")})["agent.wasm"]
	fresh := mustPublish(t, dir, file{"agent.wasm", []byte("new")})["agent.wasm"]

	got := slices.Sorted(maps.Keys(contents(t, dir)))
	want := slices.Sorted(slices.Values(append(fresh.names(), placeholder, manifestName)))
	if !slices.Equal(got, want) {
		t.Errorf("the folder holds %v, want %v", got, want)
	}
	if old.File == fresh.File {
		t.Error("other content was published under the same name")
	}
}

func TestPublish_sameContent_touchesNothing(t *testing.T) {
	dir := t.TempDir()
	f := file{"agent.wasm", []byte("agent")}
	name := filepath.Join(dir, mustPublish(t, dir, f)["agent.wasm"].File)
	long := time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := os.Chtimes(name, long, long); err != nil {
		t.Fatal(err)
	}
	mustPublish(t, dir, f)
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if !info.ModTime().Equal(long) {
		t.Error("a file that was there already was written again")
	}
}

func TestPublish_halfAFile_isWrittenAgain(t *testing.T) {
	dir := t.TempDir()
	f := file{"agent.wasm", []byte("the whole agent")}
	e := mustPublish(t, dir, f)["agent.wasm"]
	whole := contents(t, dir)
	write(t, dir, e.File+".br", "half")
	mustPublish(t, dir, f)
	if !maps.Equal(contents(t, dir), whole) {
		t.Error("a damaged file stayed")
	}
}

func mustPublish(t *testing.T, dir string, files ...file) manifest {
	t.Helper()
	m, err := publish(dir, files)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t *testing.T, dir, name, data string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range found {
		out[f.Name()] = string(read(t, dir, f.Name()))
	}
	return out
}
