package egress

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"code.dny.dev/ssrf"

	"github.com/meins-id/meins/internal/fault"
)

// What a request can fail with. Their texts name no address: they end up with whoever caused the
// request, and would tell what stands in the operator's network.
var (
	ErrAddress     = fault.New(fault.Invalid, "address-forbidden", "this address cannot be called from here")
	ErrUnreachable = fault.New(fault.Unavailable, "address-unreachable", "the address does not answer")
	ErrTooLarge    = fault.New(fault.Unavailable, "answer-too-large", "the address answers with more than is read")
)

// How patient a client is, and how far it follows.
const (
	defaultTimeout = 10 * time.Second
	dialTimeout    = 5 * time.Second
	maxRedirects   = 3
	maxIdle        = 64
	maxHeader      = 32 << 10
)

// Options of New. The zero Options reach only the public internet.
type Options struct {
	// Loopback also permits this machine itself, and plain http to it: for an issuer that is on
	// loopback, where everything else is too.
	Loopback bool
	Stay     bool           // follow no redirect: it is an answer
	Timeout  time.Duration  // of a whole exchange; 0 means 10 seconds
	Roots    *x509.CertPool // nil means those of the system
}

// Client sends requests out. Its methods may be called from any goroutine.
type Client struct {
	loopback bool
	stay     bool
	http     *http.Client
}

// Answer is what came back. A status that is no success is an answer too.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// New makes a client.
func New(o Options) *Client {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	c := &Client{loopback: o.Loopback, stay: o.Stay}
	dialer := &net.Dialer{Timeout: dialTimeout, Control: guardian(o.Loopback).Safe}
	c.http = &http.Client{
		Timeout: o.Timeout,
		Transport: &http.Transport{
			Proxy: nil, DialContext: dialer.DialContext, ForceAttemptHTTP2: true,
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
			TLSHandshakeTimeout: dialTimeout, MaxIdleConns: maxIdle, MaxIdleConnsPerHost: 2,
			IdleConnTimeout: 90 * time.Second, MaxResponseHeaderBytes: maxHeader,
		},
		CheckRedirect: c.redirect,
	}
	return c
}

// guardian knows the networks that are not the public internet (the IANA special-purpose registries).
func guardian(loopback bool) *ssrf.Guardian {
	options := []ssrf.Option{ssrf.WithAnyPort()}
	if loopback {
		options = append(options,
			ssrf.WithAllowedV4Prefixes(netip.MustParsePrefix("127.0.0.0/8")),
			ssrf.WithAllowedV6Prefixes(netip.MustParsePrefix("::1/128")))
	}
	return ssrf.New(options...)
}

// Get reads an address, and follows a few redirects. An answer of more than limit bytes is
// ErrTooLarge.
func (c *Client) Get(ctx context.Context, address string, header http.Header, limit int64) (Answer, error) {
	return c.do(ctx, http.MethodGet, address, header, nil, limit)
}

// Post sends a body to an address, and follows no redirect.
func (c *Client) Post(ctx context.Context, address string, header http.Header, body []byte, limit int64) (Answer, error) {
	return c.do(ctx, http.MethodPost, address, header, body, limit)
}

func (c *Client) do(ctx context.Context, method, address string, header http.Header, body []byte, limit int64) (Answer, error) {
	if err := c.Check(address); err != nil {
		return Answer{}, err
	}
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return Answer{}, ErrAddress.Because(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("User-Agent", "meins")
	answer, err := c.http.Do(r)
	if err != nil {
		return Answer{}, classified(err)
	}
	defer func() { _ = answer.Body.Close() }() // all that was wanted of it is read
	text, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	if err != nil {
		return Answer{}, classified(err)
	}
	if int64(len(text)) > limit {
		return Answer{}, ErrTooLarge
	}
	return Answer{Status: answer.StatusCode, Header: answer.Header, Body: text}, nil
}

// Check says whether the form of an address permits to call it: for whoever registers it. What its
// name leads to is settled at each call.
func (c *Client) Check(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.Opaque != "":
		return ErrAddress
	case u.Scheme == "https", u.Scheme == "http" && c.loopback && isLoopback(u.Hostname()):
		return nil
	}
	return ErrAddress
}

// redirect lets a reading request follow to another address that is as good.
func (c *Client) redirect(r *http.Request, via []*http.Request) error {
	switch {
	case c.stay || via[0].Method != http.MethodGet:
		return http.ErrUseLastResponse
	case len(via) > maxRedirects:
		return errRedirects
	}
	// What was meant for one host is not told to another.
	if r.URL.Host != via[0].URL.Host {
		r.Header.Del("Authorization")
	}
	return c.Check(r.URL.String())
}

var errRedirects = errors.New("too many redirects")

// classified tells a forbidden address from one that does not answer.
func classified(err error) error {
	for _, forbidden := range []error{ssrf.ErrProhibitedIP, ssrf.ErrProhibitedPort, ssrf.ErrProhibitedNetwork, ssrf.ErrInvalidHostPort, ErrAddress} {
		if errors.Is(err, forbidden) {
			return ErrAddress.Because(err)
		}
	}
	return ErrUnreachable.Because(fmt.Errorf("call out: %w", err))
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}
