package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/meins-id/meins/vault/agent"
)

func TestReport_whatTheServerRefuses_hasItsExitCode(t *testing.T) {
	for status, want := range map[int]int{
		400: ExitUsage, 401: ExitRefused, 403: ExitRefused, 404: ExitNotFound, 409: ExitRefused, 412: ExitRefused,
		413: ExitUsage, 422: ExitUsage, 429: ExitRefused, 500: ExitFailure, 502: ExitUnavailable, 503: ExitUnavailable, 504: ExitUnavailable,
	} {
		var told bytes.Buffer
		refused := fmt.Errorf("save: %w", &agent.Problem{Status: status, Code: "some-code", Title: "the public text; wait", RetryAfter: 7})
		if got := report(&told, refusal(refused)); got != want {
			t.Errorf("status %d: exit code %d, not %d", status, got, want)
		}
		if told.String() != "meins: the public text; try again in 7 s\n" {
			t.Errorf("status %d: tells %q", status, told.String())
		}
	}
	for _, status := range []int{404, 500} { // somebody else's page
		var told bytes.Buffer
		strange := agent.ReadAnswer(status, []byte("<html>not found</html>"), nil)
		if got := report(&told, refusal(strange)); got != ExitUnavailable || !strings.Contains(told.String(), "is it meins that answers there?") {
			t.Errorf("status %d: exit code %d, tells %q", status, got, told.String())
		}
	}
	if err := refusal(nil); err != nil {
		t.Errorf("nothing refused, and yet: %v", err)
	}
}

// A script must not take a backup that was interrupted for one that was made.
func TestReport_commandThatWasStopped_isNotDone(t *testing.T) {
	var told bytes.Buffer
	if got := report(&told, fmt.Errorf("backup: %w", context.Canceled)); got != ExitFailure || told.String() != "meins: stopped before it was done\n" {
		t.Errorf("exit code %d, tells %q", got, told.String())
	}
	told.Reset()
	if got := report(&told, nil); got != ExitOK || told.Len() > 0 {
		t.Errorf("exit code %d, tells %q", got, told.String())
	}
}

func TestProfile_ofAnotherProvider_keepsItsSessionToItself(t *testing.T) {
	home := t.TempDir()
	mine, err := openProfile(home, "https://127.0.0.1:8440")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(mine.setCookie("__Host-meins_session=secret"), mine.setLogin("ada"), mine.Save(t.Context(), agent.Kept{Highest: 4})); err != nil {
		t.Fatal(err)
	}
	again, err := openProfile(home, "https://127.0.0.1:8440")
	if err != nil || again.cookie() != "__Host-meins_session=secret" || again.login() != "ada" {
		t.Errorf("the session is lost: %v", err)
	}
	plain, err := openProfile(home, "http://127.0.0.1:8440")
	if err != nil || plain.cookie() != "" || plain.login() != "" {
		t.Errorf("a session on https would be sent over http (%v)", err)
	}
}

func TestTransport_concurrentCalls_keepOneSession(t *testing.T) {
	var calls sync.Map
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Store(r.Header.Get("Cookie"), true)
		http.SetCookie(w, &http.Cookie{Name: "meins_session", Value: "one", HttpOnly: true})
		http.SetCookie(w, &http.Cookie{Name: "other", Value: "two", HttpOnly: true})
	}))
	defer srv.Close()
	p, err := openProfile(t.TempDir(), srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := newTransport(p)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := transport.Do(t.Context(), "GET", "/session", nil, nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if p.cookie() != "meins_session=one" {
		t.Errorf("kept %q", p.cookie())
	}
	calls.Range(func(sent, _ any) bool {
		if strings.Contains(sent.(string), "other") {
			t.Errorf("sent %q", sent)
		}
		return true
	})
}

func TestTransport_noServer_doesNotRepeatTheAddress(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	p, err := openProfile(t.TempDir(), srv.URL)
	srv.Close()
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = newTransport(p).follow(t.Context(), srv.URL+"/oauth/authorize?login_hint=marker")
	if !errors.Is(err, agent.ErrUnreachable) || strings.Contains(err.Error(), "marker") {
		t.Errorf("told: %v", err)
	}
}
