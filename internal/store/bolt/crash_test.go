package bolt_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/internal/store/bolt"
)

const (
	crashFile    = "MEINS_CRASH_FILE" // makes this test binary the child that is killed
	crashRounds  = 50
	crashWriters = 8
	crashRing    = 32 // records that each writer uses in turn
)

func TestMain(m *testing.M) {
	if path := os.Getenv(crashFile); path != "" {
		fmt.Fprintln(os.Stderr, crashChild(path)) // it returns only if something is wrong
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// crashChild writes until it is killed, and prints each number once its commit was acknowledged.
func crashChild(path string) error {
	s, err := bolt.Open(path, bolt.Options{Now: time.Now})
	if err != nil {
		return err
	}
	broken := make(chan error)
	for w := range crashWriters {
		go func() { broken <- crashWriter(s, w) }()
	}
	return <-broken
}

func crashWriter(s *bolt.Store, w int) error {
	ctx := context.Background()
	n := 0
	err := s.View(ctx, func(r store.Reader) (err error) {
		n, err = number(r, fmt.Sprintf("first/%d", w))
		return err
	})
	for err == nil {
		n++
		if err = s.Update(ctx, func(tx store.Tx) error { return crashWrite(tx, w, n) }); err == nil {
			_, err = fmt.Printf("%d %d\n", w, n)
		}
	}
	return err
}

// crashWrite changes several records that belong together: small and large, lasting and expiring.
func crashWrite(tx store.Tx, w, n int) error {
	value := []byte(strconv.Itoa(n))
	padded := append(append([]byte{}, value...), make([]byte, n%7*1500)...)
	soon := time.Now().Add(time.Duration(n%20) * time.Millisecond)
	return errors.Join(
		tx.Put(fmt.Sprintf("first/%d", w), value, never),
		tx.Put(fmt.Sprintf("ring/%d/%02d", w, n%crashRing), padded, never),
		tx.Put(fmt.Sprintf("code/%d/%d", w, n), value, soon),
		tx.Delete(fmt.Sprintf("code/%d/%d", w, n-1)),
		tx.Put(fmt.Sprintf("second/%d", w), value, never),
	)
}

// number reads a number that may be padded with zero bytes; absent is 0.
func number(r store.Reader, key string) (int, error) {
	value, err := r.Get(key)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimRight(string(value), "\x00"))
}

func TestStore_killed50Times_losesNothingAcknowledged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meins.db")
	acknowledged := make([]int, crashWriters)
	for round := range crashRounds {
		killAfterAWhile(t, path, acknowledged, round%5 == 0)
		checkAfterCrash(t, path, acknowledged)
		if t.Failed() {
			return
		}
	}
	total := 0
	for _, n := range acknowledged {
		total += n
	}
	t.Logf("%d updates acknowledged over %d kills", total, crashRounds)
}

// killAfterAWhile lets a child write, kills it, and notes what it had acknowledged. Early means that
// the while begins with the child and not with its first commit, so that it may die as it opens.
func killAfterAWhile(t *testing.T, path string, acknowledged []int, early bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // of a child that hangs
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), crashFile+"="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	killSoon := sync.OnceFunc(func() {
		time.AfterFunc(rand.N(40*time.Millisecond), func() { _ = child.Process.Kill() }) // or it is dead already
	})
	if early {
		killSoon()
	}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil { // what a killed child had begun to print is not acknowledged
			break
		}
		killSoon()
		noteLine(t, line, acknowledged)
	}
	var exit *exec.ExitError
	if err := child.Wait(); !errors.As(err, &exit) || exit.ExitCode() != -1 {
		t.Fatalf("the child was not killed: %v", err)
	}
}

func noteLine(t *testing.T, line string, acknowledged []int) {
	t.Helper()
	var w, n int
	if _, err := fmt.Sscanf(line, "%d %d\n", &w, &n); err != nil || w >= len(acknowledged) {
		t.Fatalf("the child printed %q", line)
	}
	if n <= acknowledged[w] {
		t.Errorf("writer %d acknowledged %d after %d", w, n, acknowledged[w])
	}
	acknowledged[w] = n
}

// checkAfterCrash opens the file as the next start would.
func checkAfterCrash(t *testing.T, path string, acknowledged []int) {
	t.Helper()
	s, err := bolt.Open(path, bolt.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	s.MustBeSound(t)
	err = s.View(t.Context(), func(r store.Reader) error {
		for w := range acknowledged {
			if err := checkWriter(t, r, w, acknowledged[w]); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
}

// checkWriter finds the last transaction of w complete, and none of the acknowledged ones lost.
func checkWriter(t *testing.T, r store.Reader, w, acknowledged int) error {
	t.Helper()
	first, err1 := number(r, fmt.Sprintf("first/%d", w))
	second, err2 := number(r, fmt.Sprintf("second/%d", w))
	if first != second || first < acknowledged {
		t.Errorf("writer %d: %d and %d, acknowledged %d", w, first, second, acknowledged)
	}
	for n := max(1, first-crashRing+1); n <= first; n++ {
		got, err := number(r, fmt.Sprintf("ring/%d/%02d", w, n%crashRing))
		if err != nil || got != n {
			t.Errorf("writer %d: in place of %d there is %d (%v)", w, n, got, err)
		}
	}
	return errors.Join(err1, err2)
}
