package browser

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// stranger is the rest of the internet: a proxy that Chromium must use for every host but loopback.
// It gives nothing and remembers who was asked for.
type stranger struct {
	listener net.Listener
	server   *http.Server

	mu    sync.Mutex
	asked []string
}

func newStranger() (*stranger, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &stranger{listener: l}
	s.server = &http.Server{Handler: s}
	go func() { _ = s.server.Serve(l) }() // ends with close
	return s, nil
}

func (s *stranger) address() string { return "http://" + s.listener.Addr().String() }

func (s *stranger) close() { _ = s.server.Close() }

func (s *stranger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.Host)
	w.WriteHeader(http.StatusForbidden)
}

// hosts are those that somebody wanted to reach, but for the browser's own maker: Chromium calls home
// whatever it is told, and does not get there. What pages ask of these hosts, the evidence sees.
func (s *stranger) hosts() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	hosts := slices.DeleteFunc(slices.Clone(s.asked), func(host string) bool {
		return slices.ContainsFunc([]string{"google.com", "googleapis.com", "gvt1.com", "gstatic.com"}, func(maker string) bool {
			name, _, _ := strings.Cut(host, ":")
			return name == maker || strings.HasSuffix(name, "."+maker)
		})
	})
	return slices.Compact(slices.Sorted(slices.Values(hosts)))
}
