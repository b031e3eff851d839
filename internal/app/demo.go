package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/demoshop"
	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

type demoCmd struct {
	Listen     string `default:"127.0.0.1:8440" placeholder:"ADDR" help:"Where the provider listens."`
	ShopListen string `default:"127.0.0.1:8441" placeholder:"ADDR" help:"Where the demo shop listens."`
	Data       string `default:"meins-demo" placeholder:"DIR" help:"The demo's own data folder."`
	LogLevel   string `enum:"debug,info,warn,error" default:"warn" help:"What to log."`
}

// Run starts the provider here and the shop as a process of its own, and prints both addresses.
func (c *demoCmd) Run(ctx context.Context, io *streams) error {
	log := newLogger(io.err, c.LogLevel, "text")
	adoptLibraries(ctx, log)
	listen, issuer, err := demoAddress(ctx, c.Listen, "localhost")
	if err != nil {
		return err
	}
	// The shop gets another host name than the provider: cookies do not tell ports apart.
	shopListen, shopURL, err := demoAddress(ctx, c.ShopListen, "127.0.0.1")
	if err != nil {
		return err
	}
	if listen == shopListen {
		return usageError{errors.New("shop-listen: must be another address than listen")}
	}
	s, err := startServer(ctx, serverConfig{
		Issuer: issuer, Listen: listen, Data: c.Data, ReadLog: "gathered", SessionLifetime: 7 * 24 * time.Hour,
	}, io.now, log)
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	shop, err := c.startShop(running, s.node, issuer, shopListen, shopURL, io)
	if err != nil {
		return errors.Join(err, s.close(ctx))
	}
	ended := make(chan error, 1)
	go func() {
		ended <- shop.Wait()
		stop()
	}()
	if err = awaitHTTP(running, shopURL); err != nil {
		err = errors.Join(err, s.close(ctx))
	} else {
		_, _ = fmt.Fprintf(io.out, "meins      %s\ndemo shop  %s\n\nOpen the shop and sign in. Stop with Ctrl-C; %s keeps the data.\n", issuer, shopURL, c.Data)
		err = s.wait(running)
	}
	early := ctx.Err() == nil && running.Err() != nil
	stop()
	// Told to stop, the shop says nothing new by its end; of its own accord it has no reason to end.
	if how := <-ended; early {
		return errShopEnded.Because(cmp.Or(how, errors.New("as if it was done")))
	}
	return err
}

var errShopEnded = fault.New(fault.Unavailable, "shop-ended", "the demo shop has ended by itself")

// demoAddress settles the port, when it is 0, and gives the listening and the public address.
func demoAddress(ctx context.Context, addr, host string) (listen, public string, err error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return "", "", errListen.Because(err)
	}
	listen = l.Addr().String()
	if err := l.Close(); err != nil {
		return "", "", errListen.Because(err)
	}
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", "", errListen.Because(err)
	}
	return listen, "http://" + net.JoinHostPort(host, port), nil
}

// startShop registers the shop, unless an earlier demo did, and starts its process.
func (c *demoCmd) startShop(ctx context.Context, n *node, issuer, listen, public string, io *streams) (*exec.Cmd, error) {
	path := filepath.Join(c.Data, "shop.json")
	if err := registerShop(ctx, n, path, issuer, public); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find own program: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, "shop", "--config", path, "--listen", listen) //nolint:gosec // our own program and our own arguments
	cmd.Stdout, cmd.Stderr = io.err, io.err
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = shutdownGrace
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start demo shop: %w", err)
	}
	return cmd, nil
}

// registerShop makes the shop a vendor as an operator would, and leaves it its credentials.
func registerShop(ctx context.Context, n *node, path, issuer, public string) error {
	var known demoshop.Config
	if b, err := os.ReadFile(path); err == nil && json.Unmarshal(b, &known) == nil && known.Issuer == issuer && known.URL == public {
		if _, err := n.vendors.Get(ctx, id.Client(known.ClientID)); err == nil {
			return nil
		}
	}
	v, secret, err := n.vendors.Add(ctx, identity.Vendor{
		Name: "Blumen am Markt", Domain: "127.0.0.1", DomainVerified: true,
		Logo: demoshop.Logo(), LogoType: "image/svg+xml",
		Contact: "hallo@blumen.example", PolicyURI: public + "/", TermsURI: public + "/",
		RedirectURIs: []string{public + "/callback"}, PostLogoutRedirectURIs: []string{public + "/"},
		Purposes: demoshop.Purposes(), SigningAlg: "ES256",
		Standing: identity.Standing{Accepts: []string{"SD-BASE"}, Kind: vault.KindShop, Confirmed: vault.KindShop},
	})
	if err != nil {
		return fmt.Errorf("register demo shop: %w", err)
	}
	config, err := json.MarshalIndent(demoshop.Config{Issuer: issuer, ClientID: string(v.ID), ClientSecret: secret, URL: public}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode shop's settings: %w", err)
	}
	return writeWhole(path, func(w io.Writer) error { _, err := w.Write(config); return err })
}

// awaitHTTP waits until somebody answers, at most a few seconds.
func awaitHTTP(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			return resp.Body.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("demo shop does not answer: %w", ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// shopCmd is the demo shop's process. It knows the provider by its address alone.
type shopCmd struct {
	Config string `required:"" help:"The shop's settings (JSON)." env:"-"`
	Listen string `required:"" help:"Where it listens." env:"-"`
}

// Run serves the shop until it is told to stop.
func (c *shopCmd) Run(ctx context.Context, io *streams) error {
	b, err := os.ReadFile(c.Config)
	if err != nil {
		return usageError{err}
	}
	var config demoshop.Config
	if err := json.Unmarshal(b, &config); err != nil {
		return usageError{fmt.Errorf("config: %w", err)}
	}
	shop, err := demoshop.New(ctx, config, newLogger(io.err, "warn", "text"), io.now)
	if err != nil {
		return err
	}
	srv := &http.Server{Addr: c.Listen, Handler: shop.Handler(), ReadHeaderTimeout: 10 * time.Second}
	stopped := context.AfterFunc(ctx, func() { _ = srv.Close() }) // a demo's requests need no grace
	defer stopped()
	if err := srv.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return errListen.Because(err)
	}
	return nil
}
