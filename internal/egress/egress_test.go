package egress_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/egress"
)

func TestGet_addressInsideTheOperatorsNetwork_isNotCalled(t *testing.T) {
	hits := atomic.Int32{}
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer server.Close()
	port := server.URL[strings.LastIndexByte(server.URL, ':'):]
	client := egress.New(egress.Options{Roots: rootsOf(server), Timeout: 2 * time.Second})
	for _, host := range []string{
		"127.0.0.1", "[::1]", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1",
		"169.254.169.254", "100.64.0.1", "[fd00::1]", "[fe80::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1",
		"2130706433", "0x7f.1", "127.1",
	} {
		answer, err := client.Get(t.Context(), "https://"+host+port+"/", nil, 10)
		if err == nil {
			t.Errorf("%s answers %d", host, answer.Status)
		}
		if errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s was called: %v", host, err)
		}
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("the server inside was called %d times", n)
	}
}

func TestGet_schemeOtherThanHTTPS_isForbidden(t *testing.T) {
	client, lenient := egress.New(egress.Options{}), egress.New(egress.Options{Loopback: true})
	for _, address := range []string{
		"http://example.org/", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org", "https:///x", "https:opaque",
		"https://user:secret@example.org/", "//example.org/", "", "https://exa mple.org",
	} {
		for _, c := range []*egress.Client{client, lenient} {
			if _, err := c.Get(t.Context(), address, nil, 10); !errors.Is(err, egress.ErrAddress) {
				t.Errorf("%q: %v", address, err)
			}
		}
	}
	if err := client.Check("http://127.0.0.1/"); !errors.Is(err, egress.ErrAddress) {
		t.Errorf("plain http to loopback: %v", err)
	}
	if err := lenient.Check("http://127.0.0.1:7/"); err != nil {
		t.Errorf("an issuer on loopback may call loopback: %v", err)
	}
}

func TestGet_redirectIntoTheNetwork_isNotFollowed(t *testing.T) {
	for name, target := range map[string]string{
		"to plain http elsewhere": "http://example.org/", "to a metadata service": "https://169.254.169.254/latest",
		"to itself for ever": "/again",
	} {
		outside := httptest.NewServer(http.RedirectHandler(target, http.StatusFound))
		client := egress.New(egress.Options{Loopback: true, Timeout: 2 * time.Second})
		if answer, err := client.Get(t.Context(), outside.URL, nil, 10); err == nil {
			t.Errorf("%s: answered %d", name, answer.Status)
		}
		outside.Close()
	}
}

func TestGet_redirectToAnotherHost_keepsTheSecret(t *testing.T) {
	seen := make(chan string, 1)
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r.Header.Get("Authorization") }))
	defer other.Close()
	first := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusFound))
	defer first.Close()
	client := egress.New(egress.Options{Loopback: true})
	if _, err := client.Get(t.Context(), first.URL, http.Header{"Authorization": {"Bearer marker"}}, 10); err != nil {
		t.Fatal(err)
	}
	if got := <-seen; got != "" {
		t.Errorf("the other host got %q", got)
	}
}

func TestPost_redirect_isAnAnswerAndNotFollowed(t *testing.T) {
	hits := atomic.Int32{}
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		http.Redirect(w, r, server.URL+"/again", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	answer, err := egress.New(egress.Options{Loopback: true}).Post(t.Context(), server.URL, nil, []byte("event"), 1<<10)
	if err != nil || answer.Status != http.StatusTemporaryRedirect || hits.Load() != 1 {
		t.Errorf("%d after %d calls: %v", answer.Status, hits.Load(), err)
	}
}

func TestGet_endlessAnswer_isCutOff(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := fmt.Fprintln(w, strings.Repeat("x", 1<<10)); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	client := egress.New(egress.Options{Loopback: true})
	if _, err := client.Get(t.Context(), server.URL, nil, 1<<14); !errors.Is(err, egress.ErrTooLarge) {
		t.Errorf("an endless answer: %v", err)
	}
}

func TestGet_serverThatNeverAnswers_isGivenUp(t *testing.T) {
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	client := egress.New(egress.Options{Loopback: true, Timeout: 100 * time.Millisecond})
	if _, err := client.Get(t.Context(), "http://"+l.Addr().String(), nil, 10); !errors.Is(err, egress.ErrUnreachable) {
		t.Errorf("a silent server: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.Get(ctx, "http://"+l.Addr().String(), nil, 10); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call: %v", err)
	}
}

func TestPost_carriesWhatItIsGiven(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", r.Header.Get("Content-Type"))
		w.WriteHeader(http.StatusAccepted)
		_, _ = w.Write(append([]byte("got "), body...))
	}))
	defer server.Close()
	client := egress.New(egress.Options{Loopback: true, Roots: rootsOf(server)})
	answer, err := client.Post(t.Context(), server.URL, http.Header{"Content-Type": {"application/secevent+jwt"}}, []byte("event"), 100)
	if err != nil || answer.Status != http.StatusAccepted || string(answer.Body) != "got event" || answer.Header.Get("X-Seen") != "application/secevent+jwt" {
		t.Errorf("%d %q %v", answer.Status, answer.Body, err)
	}
	stranger := egress.New(egress.Options{Loopback: true})
	if _, err := stranger.Post(t.Context(), server.URL, nil, nil, 100); !errors.Is(err, egress.ErrUnreachable) {
		t.Errorf("a certificate that nobody vouches for: %v", err)
	}
}

func TestErrors_doNotNameTheAddress(t *testing.T) {
	for _, err := range []error{egress.ErrAddress, egress.ErrUnreachable, egress.ErrTooLarge} {
		if strings.ContainsAny(err.Error(), ":/0123456789") {
			t.Errorf("%q", err)
		}
	}
}

func rootsOf(s *httptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return pool
}
