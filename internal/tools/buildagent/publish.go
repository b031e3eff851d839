package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/andybalholm/brotli"
)

const (
	manifestName = "manifest.json"
	placeholder  = ".gitkeep" // committed, so that go:embed finds the folder before the first build
)

// entry is one line of the manifest.
type entry struct {
	File      string `json:"file"`      // the published name; .br and .gz stand beside it
	Integrity string `json:"integrity"` // for the integrity attribute of subresource integrity
	Size      int    `json:"size"`
	Brotli    int    `json:"brotli"`
	Gzip      int    `json:"gzip"`
}

type manifest map[string]entry

// publish leaves exactly the given files, compressed, and their manifest in dir. Compressing the
// agent takes much longer than compiling it, so what is there already stays.
func publish(dir string, files []file) (manifest, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // public files: the build's other users may read them
		return nil, err
	}
	before := readManifest(dir)
	after := manifest{}
	keep := map[string]bool{placeholder: true, manifestName: true}
	for _, f := range files {
		e, err := publishFile(dir, f, before[f.name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		after[f.name] = e
		for _, name := range e.names() {
			keep[name] = true
		}
	}
	if err := writeManifest(dir, after); err != nil {
		return nil, err
	}
	return after, removeOthers(dir, keep)
}

func publishFile(dir string, f file, before entry) (entry, error) {
	e := entry{File: hashedName(f), Integrity: integrity(f.data), Size: len(f.data)}
	if before.File == e.File && before.Integrity == e.Integrity && before.complete(dir) {
		return before, nil
	}
	br, err := compressBrotli(f.data)
	if err != nil {
		return entry{}, err
	}
	gz, err := compressGzip(f.data)
	if err != nil {
		return entry{}, err
	}
	e.Brotli, e.Gzip = len(br), len(gz)
	for i, data := range [][]byte{f.data, br, gz} {
		if err := replace(filepath.Join(dir, e.names()[i]), data); err != nil {
			return entry{}, err
		}
	}
	return e, nil
}

// names are the files of an entry: plain, brotli, gzip.
func (e entry) names() []string {
	return []string{e.File, e.File + ".br", e.File + ".gz"}
}

// complete tells whether all files of an entry are there in full.
func (e entry) complete(dir string) bool {
	for i, size := range []int{e.Size, e.Brotli, e.Gzip} {
		info, err := os.Stat(filepath.Join(dir, e.names()[i]))
		if err != nil || info.Size() != int64(size) {
			return false
		}
	}
	return true
}

func hashedName(f file) string {
	sum := sha256.Sum256(f.data)
	ext := filepath.Ext(f.name)
	return strings.TrimSuffix(f.name, ext) + "." + hex.EncodeToString(sum[:10]) + ext
}

// integrity is over SHA-256, for which processors have instructions: pages check all of the agent at each visit.
func integrity(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func compressBrotli(data []byte) ([]byte, error) {
	var out bytes.Buffer
	// A window as large as the agent: its parts resemble each other over long distances.
	w := brotli.NewWriterOptions(&out, brotli.WriterOptions{Quality: brotli.BestCompression, LGWin: 24})
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// compressGzip writes no name and no time into the header, which would differ from build to build.
func compressGzip(data []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// readManifest is empty when there is none that can be read: then everything is published anew.
func readManifest(dir string) manifest {
	data, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return manifest{}
	}
	var m manifest
	if json.Unmarshal(data, &m) != nil {
		return manifest{}
	}
	return m
}

func writeManifest(dir string, m manifest) error {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return replace(filepath.Join(dir, manifestName), append(data, '\n'))
}

// replace writes beside the place and moves: a build that was interrupted leaves no half file.
func replace(path string, data []byte) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return nil // an untouched file keeps the pages' package in the build cache
	}
	part := path + ".part"
	if err := os.WriteFile(part, data, 0o644); err != nil { //nolint:gosec // public files
		return err
	}
	return os.Rename(part, path)
}

func removeOthers(dir string, keep map[string]bool) error {
	found, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range found {
		if !keep[f.Name()] {
			errs = append(errs, os.Remove(filepath.Join(dir, f.Name())))
		}
	}
	return errors.Join(errs...)
}
