package bolt_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/internal/store/bolt"
)

// database is a database of some pages, without room at its end.
func database(t *testing.T) []byte {
	t.Helper()
	s := open(t, filepath.Join(t.TempDir(), "meins.db"), time.Now)
	for i := range 60 {
		put(t, s, fmt.Sprintf("k/%02d", i), strings.Repeat("v", 700), time.Now().Add(time.Hour))
	}
	put(t, s, "large", strings.Repeat("w", 20_000), never)
	var whole bytes.Buffer
	if err := s.Backup(t.Context(), &whole); err != nil {
		t.Fatal(err)
	}
	return whole.Bytes()
}

func write(t *testing.T, content []byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "meins.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpen_fileThatWasCutOff_isRefusedAndLeftAlone(t *testing.T) {
	whole := database(t)
	for _, length := range []int{0, 1, 4096, 8192, 8193, 12288, 16384, 20480, len(whole) / 2, len(whole) - 20_000} {
		path := write(t, whole[:length])
		if err := bolt.Check(path); !errors.Is(err, bolt.ErrDamaged) {
			t.Errorf("%d bytes of %d: checked with %v", length, len(whole), err)
		}
		if s, err := bolt.Open(path, bolt.Options{}); !errors.Is(err, bolt.ErrDamaged) {
			t.Errorf("%d bytes of %d: opened as %v with %v", length, len(whole), s, err)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, whole[:length]) {
			t.Errorf("%d bytes of %d: the file has changed (%v)", length, len(whole), err)
		}
	}
}

func TestOpen_fileWithAPageOfNoise_isRefusedOrReadable(t *testing.T) {
	const page = 4096
	whole := database(t)
	refused := 0
	for at := 0; at < len(whole); at += page {
		noise := slices.Clone(whole)
		for i := range page {
			noise[at+i] = byte(i*7 + at/page)
		}
		path := write(t, noise)
		checked := bolt.Check(path)
		s, err := bolt.Open(path, bolt.Options{})
		if err == nil {
			err = s.Close()
		}
		if err != nil {
			refused++
			if !errors.Is(err, bolt.ErrDamaged) && !errors.Is(err, bolt.ErrFormat) {
				t.Errorf("page %d: %v", at/page, err)
			}
			if checked == nil && at > 0 { // without its first page a file is as it was a commit ago
				t.Errorf("page %d: the check finds nothing, opening %v", at/page, err)
			}
		}
	}
	if refused == 0 {
		t.Error("all of them were taken")
	}
	if path := write(t, whole); bolt.Check(path) != nil {
		t.Error("the whole file is refused")
	}
}

// Whatever is wrong with a file: the check says so or the file opens, and nothing ends the program.
func TestCheck_fileWithSpoiltBytes_isRefusedOrReadable(t *testing.T) {
	const page = 4096
	s := open(t, filepath.Join(t.TempDir(), "meins.db"), time.Now)
	for i := range 300 {
		put(t, s, fmt.Sprintf("k%05d", i), strings.Repeat("v", 500), time.Now().Add(time.Hour))
	}
	var copied bytes.Buffer
	if err := s.Backup(t.Context(), &copied); err != nil {
		t.Fatal(err)
	}
	whole, chance, refused := copied.Bytes(), rand.New(rand.NewPCG(1, 2)), 0
	for range 300 {
		spoilt := slices.Clone(whole)
		for range chance.IntN(20) {
			spoilt[chance.IntN(len(spoilt))] = byte(chance.Uint32())
		}
		at := chance.IntN(len(spoilt)/page) * page // what holds a page together stands at its beginning
		for range 1 + chance.IntN(4) {
			spoilt[at+chance.IntN(80)] = byte(chance.Uint32())
		}
		path := write(t, spoilt)
		if err := bolt.Check(path); err != nil {
			refused++
			if !errors.Is(err, bolt.ErrDamaged) && !errors.Is(err, bolt.ErrFormat) {
				t.Errorf("refused with %v", err)
			}
			continue
		}
		s, err := bolt.Open(path, bolt.Options{})
		if errors.Is(err, bolt.ErrFormat) {
			continue // what is spoilt is the mark of the layout
		}
		if err != nil {
			t.Fatalf("the check finds nothing, opening %v", err)
		}
		if err := errors.Join(s.View(t.Context(), func(r store.Reader) error {
			_, err := r.Scan("", "", 1000)
			return err
		}), s.Close()); err != nil {
			t.Error(err)
		}
	}
	if refused < 50 {
		t.Errorf("only %d are refused", refused)
	}
}
