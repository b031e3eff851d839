package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/kong"

	"github.com/meins-id/meins/api"
	"github.com/meins-id/meins/api/reference"
	"github.com/meins-id/meins/api/rest"
	"github.com/meins-id/meins/api/web"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
)

// shutdownGrace is how long requests under way may take when the server is told to stop.
const shutdownGrace = 10 * time.Second

type serveCmd struct {
	serverConfig
}

// Run serves until it is told to stop.
func (c *serveCmd) Run(ctx context.Context, io *streams, k *kong.Context) error {
	if err := errors.Join(c.validate(), checkEnvironment(knownSettings(k), os.Environ())); err != nil {
		return err
	}
	log := newLogger(io.err, c.LogLevel, c.LogFormat)
	adoptLibraries(ctx, log)
	relaxCollector()
	s, err := startServer(ctx, c.serverConfig, io.now, log)
	if err != nil {
		return err
	}
	log.Info("ready", "issuer", c.Issuer, "listen", s.addr, "version", Version)
	if err := s.wait(ctx); err != nil {
		return err
	}
	log.Info("stopped")
	return nil
}

// knownSettings is every environment variable that some flag of some command owns.
func knownSettings(k *kong.Context) map[string]bool {
	known := map[string]bool{"MEINS_PASSPHRASE": true}
	_ = kong.Visit(k.Model, func(n kong.Visitable, next kong.Next) error {
		if f, ok := n.(*kong.Flag); ok {
			for _, e := range f.Envs {
				known[e] = true
			}
		}
		return next(nil)
	})
	return known
}

// server is one running provider.
type server struct {
	node    *node
	addr    string // where it listens, resolved
	mtls    string // where vendors present certificates, resolved
	servers []*http.Server
	grace   time.Duration // for requests under way, at the end
	failed  chan error
	stop    context.CancelFunc
	running sync.WaitGroup // what works beside the requests
}

// startServer listens and opens the folder; when it returns without error, requests are answered.
func startServer(ctx context.Context, c serverConfig, now func() time.Time, log *slog.Logger) (_ *server, err error) {
	d, err := openDoors(ctx, c, now, log)
	if err != nil {
		return nil, err
	}
	n, err := openNode(ctx, nodeOptions{
		issuer: c.Issuer, data: c.Data, masterKeyFile: c.MasterKeyFile, sessionLifetime: c.SessionLifetime, keyRotation: c.KeyRotation,
		strictReads: c.ReadLog == "strict", now: now, log: log,
	})
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	ctx, stop := context.WithCancel(ctx)
	s := &server{node: n, grace: shutdownGrace, failed: make(chan error, 3), stop: stop}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close(ctx), d.close())
		}
	}()
	m := newMetrics(n.store)
	handler, oidc, err := newHandler(c, n, m, now, log)
	if err != nil {
		return nil, err
	}
	admin, err := serveAdmin(ctx, n, c.Data, log)
	if err != nil {
		return nil, err
	}
	s.servers = append(s.servers, admin)
	if d.admin != nil {
		s.serve(d.admin, adminHandler(m, n), nil, log)
	}
	if d.vendors != nil {
		s.mtls = s.serve(d.vendors, forVendors(handler), d.cert.asking(), log)
	}
	s.addr = s.serve(d.main, handler, d.cert.config(), log)
	s.running.Go(func() { n.housekeep(ctx, oidc.FinishDeletions, log) })
	s.running.Go(func() { n.signals.Run(ctx) })
	s.running.Go(func() { oidc.Run(ctx) })
	return s, nil
}

// newHandler puts the rooms together.
func newHandler(c serverConfig, n *node, m *metrics, now func() time.Time, log *slog.Logger) (http.Handler, *provider.Provider, error) {
	proxies, err := c.proxies()
	if err != nil {
		return nil, nil, err
	}
	cookie := rest.Cookie{Secure: strings.HasPrefix(c.Issuer, "https:")}
	session := func(r *http.Request) (identity.Session, error) {
		return n.accounts.Session(r.Context(), cookie.Read(r))
	}
	certificates, err := c.certificates()
	if err != nil {
		return nil, nil, err
	}
	var pages *web.Web
	oidc, err := provider.New(provider.Options{
		Issuer: c.Issuer, Accounts: n.accounts, Vendors: n.vendors, Keys: n.keys, Consent: n.consent, Store: n.calls,
		Now: now, Log: log, Session: session, ClearSession: cookie.Clear, StateCookie: cookie.StateName(), Restate: cookie.Restate,
		ErrorPage: func(w http.ResponseWriter, r *http.Request, status int, code string) { pages.Error(w, r, status, code) },
		Resume: func(w http.ResponseWriter, r *http.Request, flow string, s identity.Session, n provider.Next) {
			pages.Resume(w, r, flow, s, n)
		},
		Registration: c.registration(), ClientDocuments: c.ClientIDDocuments, Certificates: certificates, Forget: n.signals.Forget,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("set up provider: %w", err)
	}
	pages, err = web.New(web.Options{
		Issuer: c.Issuer, Accounts: n.accounts, Consent: n.consent, Provider: oidc, Vendors: n.vendors,
		Now: now, Log: log, Session: session,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("set up pages: %w", err)
	}
	handler := api.New(api.Options{
		Provider: oidc.Handler(), Pages: pages, Reference: newReference(pages),
		REST: rest.New(rest.Options{
			Issuer: c.Issuer, Accounts: n.accounts, Consent: n.consent, Provider: oidc, Keys: n.keys, Signals: n.signals, Calls: n.calls,
			Limits: rest.Limits{Vendor: c.RateVendor, Program: c.RateProgram},
			Cookie: cookie, Now: now, Log: log,
		}),
		Ready: n.ready, TrustedProxies: proxies, Observe: m.observe, Now: now, Log: log,
	})
	handler, err = c.presenting(handler)
	return handler, oidc, err
}

// newReference makes the API's own page, in the look of the others.
func newReference(pages *web.Web) *reference.Reference {
	path, integrity := pages.Asset("style.css")
	icon, _ := pages.Asset("seal.svg")
	return reference.New(reference.Options{
		Document: api.Description, Sheet: reference.Sheet{Path: path, Integrity: integrity}, Icon: icon,
	})
}

// serve serves one listener in the background; it returns the resolved address.
func (s *server) serve(l net.Listener, h http.Handler, cert *tls.Config, log *slog.Logger) string {
	resolved := l.Addr().String()
	if cert != nil {
		l = tls.NewListener(l, cert)
	}
	srv := &http.Server{
		Handler: h, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	s.servers = append(s.servers, srv)
	go func() {
		if err := srv.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("serve %s: %w", resolved, err)
		}
	}()
	return resolved
}

// adminHandler serves what monitoring needs, on a listener of its own.
func adminHandler(m *metrics, n *node) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if n.ready(r.Context()) != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

// wait blocks until ctx ends or a listener fails, then stops in order.
func (s *server) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return s.close(ctx)
	case err := <-s.failed:
		return errors.Join(err, s.close(ctx))
	}
}

// close lets requests finish, then writes what is gathered and releases the folder.
// The end of ctx is what starts it, so it has time limits of its own: one for the requests, and another for
// what they have left to write. Whoever keeps a request open must not cost customers the record of a read.
func (s *server) close(ctx context.Context) error {
	err := s.finish(ctx, s.grace)
	s.stop()
	s.running.Wait()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	return errors.Join(err, s.node.close(ctx))
}

// finish lets requests end, and then cuts off those that do not.
func (s *server) finish(ctx context.Context, grace time.Duration) (err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	for _, srv := range slices.Backward(s.servers) {
		if late := srv.Shutdown(ctx); late != nil {
			err = errors.Join(err, fmt.Errorf("requests were cut off: %w", late), srv.Close())
		}
	}
	return err
}
