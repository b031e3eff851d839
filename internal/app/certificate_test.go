package app

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/identity"
)

// issued writes a certificate for loopback, signed by itself, and its key; it is an authority too.
func issued(t *testing.T, dir, name string, when time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name + ".example"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: secret}} {
		path = filepath.Join(dir, path)
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestCertificate_isReadAgain_whenItsFilesChange(t *testing.T) {
	dir, start := t.TempDir(), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	now := start
	first := issued(t, dir, "first", start)
	k, err := openKeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), func() time.Time { return now }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	serves := func(want tls.Certificate) {
		t.Helper()
		got, err := k.current(nil)
		if err != nil || !bytes.Equal(got.Certificate[0], want.Certificate[0]) {
			t.Errorf("another certificate (%v)", err)
		}
	}
	serves(first)
	second := issued(t, dir, "second", start.Add(time.Minute))
	serves(first) // nobody has looked yet
	now = start.Add(certificateLook)
	serves(second)
	if err := os.WriteFile(k.key, []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(certificateLook)
	serves(second)
	if err := os.Remove(k.cert); err != nil {
		t.Fatal(err)
	}
	now = now.Add(certificateLook)
	serves(second)
	if _, err := openKeyPair(k.cert, k.key, time.Now, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a server without its certificate started")
	}
}

func TestCertificate_ofOldTLS_onlyRecommendedSuitesAreAgreedOn(t *testing.T) {
	dir := t.TempDir()
	mine := issued(t, dir, "suites", time.Now())
	k, err := openKeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(mine.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(root)
	agrees := func(version, suite uint16) bool {
		client, server := net.Pipe()
		defer func() { _ = errors.Join(client.Close(), server.Close()) }()
		go func() { _ = tls.Server(server, k.asking()).HandshakeContext(t.Context()) }() // the client says how it went
		config := &tls.Config{RootCAs: roots, ServerName: "suites.example", MinVersion: version, MaxVersion: version}
		if suite != 0 {
			config.CipherSuites = []uint16{suite}
		}
		return tls.Client(client, config).HandshakeContext(t.Context()) == nil
	}
	for name, c := range map[string]struct {
		version, suite uint16
		want           bool
	}{
		"TLS 1.3": {tls.VersionTLS13, 0, true}, "TLS 1.1": {tls.VersionTLS11, 0, false},
		"AES 128": {tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, true},
		"AES 256": {tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, true},
		"CBC":     {tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, false},
		"ChaCha":  {tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, false},
	} {
		if agrees(c.version, c.suite) != c.want {
			t.Errorf("%s: not %v", name, c.want)
		}
	}
}

func TestServe_asksVendorsForCertificates_andNobodyElse(t *testing.T) {
	own, vendors, data := t.TempDir(), t.TempDir(), t.TempDir()
	server, client := issued(t, own, "server", time.Now()), issued(t, vendors, "vendor", time.Now())
	c := serverConfig{
		Issuer: "https://127.0.0.1", Listen: "127.0.0.1:0", Data: data, TLSCert: filepath.Join(own, "cert.pem"), TLSKey: filepath.Join(own, "key.pem"),
		MTLSURL: "https://127.0.0.1:1", MTLSListen: "127.0.0.1:0", MTLSCA: filepath.Join(vendors, "cert.pem"), SessionLifetime: time.Hour, LogLevel: "error", LogFormat: "text",
	}
	if err := c.validate(); err != nil {
		t.Fatal(err)
	}
	s, err := startServer(t.Context(), c, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	v, _, err := s.node.vendors.Add(t.Context(), identity.Vendor{
		Name: "Flowers", RedirectURIs: []string{"https://shop.example/back"}, AuthMethod: identity.MethodCertificate,
		Protocol: identity.Protocol{CertificateBound: true, CertificateSubject: identity.CertificateSubject{DNS: "vendor.example"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	leaf, err := x509.ParseCertificate(server.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	roots.AddCert(leaf)
	asked := false
	call := func(addr, method, path, client string, with *tls.Certificate) (int, string) {
		t.Helper()
		transport := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			asked = true
			if with == nil {
				return &tls.Certificate{}, nil
			}
			return with, nil
		}}}
		defer transport.CloseIdleConnections()
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {client}}
		r, err := http.NewRequestWithContext(t.Context(), method, "https://"+addr+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := (&http.Client{Transport: transport}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	if status, body := call(s.mtls, http.MethodPost, "/oauth/token", string(v.ID), &client); status != http.StatusOK || !asked {
		t.Errorf("%d %s", status, body)
	}
	for name, with := range map[string]*tls.Certificate{"none": nil, "the server's own": &server} {
		if status, _ := call(s.mtls, http.MethodPost, "/oauth/token", string(v.ID), with); status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status, _ := call(s.mtls, http.MethodGet, "/signin", "", nil); status != http.StatusNotFound {
		t.Errorf("pages are served there: %d", status)
	}
	asked = false
	if status, _ := call(s.addr, http.MethodPost, "/oauth/token", string(v.ID), &client); status != http.StatusUnauthorized || asked {
		t.Errorf("%d, asked: %v", status, asked)
	}
}

func TestConfig_ofCertificates_isWhole(t *testing.T) {
	good := serverConfig{Issuer: "https://id.example.org", Listen: "127.0.0.1:1", Data: "d", SessionLifetime: time.Hour}
	for want, change := range map[string]func(*serverConfig){
		"mtls-url: must say where": func(c *serverConfig) { c.MTLSHeader = "Client-Cert" },
		"mtls-url: must be https": func(c *serverConfig) {
			c.MTLSURL, c.MTLSHeader, c.TrustedProxy = "https://m.example/", "Client-Cert", []string{"10.0.0.1"}
		},
		"mtls-url: goes with":              func(c *serverConfig) { c.MTLSURL = "https://m.example" },
		"mtls-header: needs trusted-proxy": func(c *serverConfig) { c.MTLSURL, c.MTLSHeader = "https://m.example", "Client-Cert" },
		"mtls-header: must be the name of a header": func(c *serverConfig) {
			c.MTLSURL, c.MTLSHeader, c.TrustedProxy = "https://m.example", "Cookie", []string{"10.0.0.1"}
		},
		"mtls-listen: needs tls-cert":    func(c *serverConfig) { c.MTLSURL, c.MTLSListen = "https://m.example", "127.0.0.1:2" },
		"mtls-listen: must be host:port": func(c *serverConfig) { c.MTLSURL, c.MTLSListen = "https://m.example", "here" },
	} {
		c := good
		change(&c)
		if err := c.validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	c := good
	c.MTLSURL, c.MTLSHeader, c.TrustedProxy = "https://m.example", "Client-Cert", []string{"10.0.0.1"}
	if err := c.validate(); err != nil {
		t.Error(err)
	}
}
