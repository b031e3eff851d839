package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/meins-id/meins/internal/apptest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"meins": main})
}

// TestScripts runs the stories in testdata/script against the program itself. Each has a folder and
// a free address of its own: $ADDR to listen on, $ISSUER to be called.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			addr, release, err := apptest.Reserve(context.Background()) // for as long as the script runs
			if err != nil {
				return err
			}
			env.Defer(release)
			shop, release, err := apptest.Reserve(context.Background())
			if err != nil {
				return err
			}
			env.Defer(release)
			env.Setenv("ADDR", addr)
			env.Setenv("SHOP_ADDR", shop)
			env.Setenv("ISSUER", "http://"+addr)
			env.Setenv("ADDR_FILE", strings.ReplaceAll(addr, ":", "_")+".json")
			env.Setenv("GORACE", "atexit_sleep_ms=0") // see internal/apptest: programs end at once
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits, "await": await, "take": take, "fetch": fetch, "endshop": endShop,
		},
	})
}

// exits CODE program [argument...]: runs it, and wants this very exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("run %s: %v", args[1], err)
	}
	if neg || got != want {
		ts.Fatalf("exit code is %d, not %d", got, want)
	}
}

// await URL: waits until it is answered.
func await(ts *testscript.TestScript, _ bool, args []string) {
	deadline := time.Now().Add(20 * time.Second)
	for {
		resp, err := http.Get(args[0]) //nolint:noctx // an address of the script itself, on loopback
		if err == nil {
			ts.Check(resp.Body.Close())
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("nobody answers: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// take VARIABLE json|query FIELD FILE: sets the variable to a member of the file's JSON object (or
// of the first in its array), or to a parameter of the address in it.
func take(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.TrimSpace(ts.ReadFile(args[3]))
	var value string
	if args[1] == "query" {
		u, err := url.Parse(text)
		ts.Check(err)
		value = u.Query().Get(args[2])
	} else {
		var object map[string]any
		text = strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
		ts.Check(json.NewDecoder(strings.NewReader(text)).Decode(&object))
		value, _ = object[args[2]].(string)
	}
	if value == "" {
		ts.Fatalf("there is no %s", args[2])
	}
	ts.Setenv(args[0], value)
}

// fetch STATUS URL [bearer=TOKEN | NAME=VALUE...]: prints the answer's body. With a bearer token it
// is a GET, with other values it is a form.
func fetch(ts *testscript.TestScript, _ bool, args []string) {
	form := url.Values{}
	for _, word := range args[2:] {
		name, value, _ := strings.Cut(word, "=")
		form.Set(name, value)
	}
	method, bearer := http.MethodGet, form.Get("bearer")
	if form.Del("bearer"); len(form) > 0 {
		method = http.MethodPost
	}
	req, err := http.NewRequest(method, args[1], strings.NewReader(form.Encode())) //nolint:noctx // the script's own server
	ts.Check(err)
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	body, err := io.ReadAll(resp.Body)
	ts.Check(errors.Join(err, resp.Body.Close()))
	_, err = ts.Stdout().Write(body)
	ts.Check(err)
	if got := strconv.Itoa(resp.StatusCode); got != args[0] {
		ts.Fatalf("%s %s answers %s, not %s:\n%s", method, args[1], got, args[0], body)
	}
}

// endshop FOLDER: ends the shop of the demo in this folder, as soon as there is one.
func endShop(ts *testscript.TestScript, _ bool, args []string) {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
		ts.Check(err)
		for _, p := range processes {
			words, err := os.ReadFile(p)
			if err != nil || !strings.Contains(string(words), "\x00shop\x00--config\x00"+filepath.Join(args[0], "shop.json")+"\x00") {
				continue // of a process that has ended meanwhile there is nothing to read
			}
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(p)))
			ts.Check(err)
			ts.Check(syscall.Kill(pid, syscall.SIGKILL))
			return
		}
	}
	ts.Fatalf("there is no shop")
}
