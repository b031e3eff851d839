package foreign_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/apptest"
)

// site is a vendor's web site with a program in front of it that others wrote. The customer visits it
// with a browser of its own: between the site and the provider the tests carry addresses, not cookies.
type site struct {
	address string
	browser *http.Client
}

// page is what a site answered.
type page struct {
	status int
	header http.Header
	body   string
}

// newSite finds a place for a site and registers it: where customers come back to, and /goodbye.
func newSite(t *testing.T, p *apptest.Program, callback string) (*site, apptest.Vendor) {
	t.Helper()
	s := &site{address: "http://" + apptest.Address(t)}
	s.anew(t)
	return s, p.AddVendor(t, s.address+callback, "--post-logout-redirect-uri", s.address+"/goodbye")
}

// host is where the site listens.
func (s *site) host() string { return strings.TrimPrefix(s.address, "http://") }

// port is its last part.
func (s *site) port() string { return s.host()[strings.LastIndexByte(s.host(), ':')+1:] }

// anew gives the visitor another browser, which no site knows.
func (s *site) anew(t *testing.T) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.browser = &http.Client{
		Jar: jar,
		// One connection for each page: mod_auth_openidc 2.4 puts an error behind some of its pages.
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// visit opens a page of the site. The pairs are headers that the visitor adds.
func (s *site) visit(t *testing.T, address string, pairs ...string) page {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html") // only whoever can show a page is sent to sign in
	for i := 0; i < len(pairs); i += 2 {
		r.Header.Set(pairs[i], pairs[i+1])
	}
	answer, err := s.browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return page{answer.StatusCode, answer.Header, string(body)}
}

// leadsTo is where a page sends the browser.
func (s *site) leadsTo(t *testing.T, address string) string {
	t.Helper()
	answer := s.visit(t, address)
	if answer.status/100 != 3 {
		t.Fatalf("%s leads nowhere: %d %s", address, answer.status, answer.body)
	}
	return answer.header.Get("Location")
}

// start runs the program in front of the site, until the test ends, and waits until it answers.
func (s *site) start(t *testing.T, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it was told to end, or is missed below
		close(ended)
	}()
	t.Cleanup(func() { <-ended })
	s.await(t, name, ended)
}

// await waits until somebody listens at the site's address.
func (s *site) await(t *testing.T, name string, ended <-chan struct{}) {
	t.Helper()
	var d net.Dialer
	late := time.After(30 * time.Second)
	for {
		if c, err := d.DialContext(t.Context(), "tcp", s.host()); err == nil {
			_ = c.Close() // it listens
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ended:
			t.Fatalf("%s has ended", name)
		case <-late:
			t.Fatalf("%s does not listen", name)
		}
	}
}

// settings are what every example of docs/vendors.md reads from its environment.
func (s *site) settings(p *apptest.Program, v apptest.Vendor, more ...string) []string {
	return append(more, "ISSUER="+p.Issuer, "CLIENT_ID="+v.ClientID, "CLIENT_SECRET="+v.ClientSecret, "SITE="+s.address)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// upstream is the vendor's own program, behind whoever signs visitors in: it shows what it is told of
// the visitor, a JSON object of headers.
func upstream(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		told := map[string]string{}
		for name, values := range r.Header {
			told[strings.ToLower(name)] = strings.Join(values, ",")
		}
		_ = json.NewEncoder(w).Encode(told) // to the visitor
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// told is what the vendor's own program was told of the visitor, when that opens a page.
func (s *site) told(t *testing.T, path string, pairs ...string) (told map[string]string, err error) {
	t.Helper()
	answer := s.visit(t, s.address+path, pairs...)
	if answer.status != http.StatusOK {
		return nil, fmt.Errorf("the site says %d: %s", answer.status, answer.body)
	}
	return told, json.Unmarshal([]byte(answer.body), &told)
}
