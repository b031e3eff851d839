package app

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// interfered is a provider whose answers somebody takes away until it is over.
type interfered struct {
	t         *testing.T
	issuer    string
	code, new string // files: the recovery code, and the passphrase
	over      atomic.Bool
}

// interference stands before a call is answered, or after; it says whether to go on.
type interference func(w http.ResponseWriter, r *http.Request) (goOn bool)

func newInterfered(t *testing.T, before, after interference) *interfered {
	t.Helper()
	n, err := openNode(t.Context(), nodeOptions{data: t.TempDir(), now: time.Now, log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	i := &interfered{t: t, code: filepath.Join(t.TempDir(), "code"), new: filepath.Join(t.TempDir(), "new")}
	i.write(i.new, "violet tractor sings 42 loudly")
	var handler http.Handler
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !i.over.Load() && !before(w, r) {
			return
		}
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		if !i.over.Load() && !after(w, r) {
			return
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}))
	t.Cleanup(func() {
		s.Close()
		if err := n.close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	i.issuer = s.URL
	if handler, _, err = newHandler(serverConfig{Issuer: s.URL}, n, newMetrics(n.store), time.Now, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return i
}

func (i *interfered) write(file, text string) {
	i.t.Helper()
	if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
		i.t.Fatal(err)
	}
}

// agent runs a command of ada's, from a new home.
func (i *interfered) agent(words ...string) (code int, out, errs string) {
	i.t.Helper()
	var said, told bytes.Buffer
	args := append([]string{"agent"}, words...)
	args = append(args, "--issuer", i.issuer, "--login", "ada", "--passphrase-file", i.new, "--home", i.t.TempDir())
	code = run(i.t.Context(), args, &streams{in: strings.NewReader(""), out: &said, err: &told, now: time.Now})
	return code, said.String(), told.String()
}

// recovers signs in with the code that was printed, which is then the old one.
func (i *interfered) recovers(printed string) (code int, out, errs string) {
	i.t.Helper()
	if !regexp.MustCompile(`^[0-9A-Z]{4}(-[0-9A-Z]{4})+\n$`).MatchString(printed) {
		i.t.Fatalf("no recovery code is printed: %q", printed)
	}
	i.write(i.code, strings.TrimSpace(printed))
	return i.agent("recover", "--recovery-code-file", i.code)
}

func untouched(http.ResponseWriter, *http.Request) bool { return true }

func on(method, path string, do func(http.ResponseWriter)) interference {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != method || r.URL.Path != "/api/v1"+path {
			return true
		}
		do(w)
		return false
	}
}

func unavailable(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }
func gone(http.ResponseWriter)          { panic(http.ErrAbortHandler) }

func TestSignup_thatFailsOnceTheAccountIsThere_hasPrintedTheRecoveryCode(t *testing.T) {
	i := newInterfered(t, on(http.MethodPut, "/vault", unavailable), untouched)
	code, out, _ := i.agent("signup")
	if code != ExitUnavailable {
		t.Errorf("exit code %d", code)
	}
	i.over.Store(true)
	if code, out, errs := i.recovers(out); code != ExitOK {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

func TestSignup_whoseAnswerIsLost_printsTheRecoveryCode_andSaysThatNobodyKnows(t *testing.T) {
	i := newInterfered(t, untouched, on(http.MethodPost, "/accounts", gone))
	code, out, errs := i.agent("signup")
	if code != ExitUnavailable || !strings.Contains(errs, "no answer says whether this was done") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	i.over.Store(true)
	if code, out, errs := i.recovers(out); code != ExitOK || strings.Contains(errs, "no answer") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

func TestRecover_whoseAnswerIsLost_printsTheNewCode(t *testing.T) {
	i := newInterfered(t, untouched, on(http.MethodPost, "/slots/renew", gone))
	_, out, _ := i.agent("signup")
	code, out, errs := i.recovers(out)
	if code != ExitUnavailable || !strings.Contains(errs, "no answer says whether this was done") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	i.over.Store(true)
	if code, out, errs := i.recovers(out); code != ExitOK {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

func TestSignup_thatIsRefused_printsNoCode(t *testing.T) {
	i := newInterfered(t, untouched, untouched)
	if code, _, errs := i.agent("signup"); code != ExitOK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	if code, out, errs := i.agent("signup"); code != ExitRefused || out != "" || strings.Contains(errs, "no answer") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}
