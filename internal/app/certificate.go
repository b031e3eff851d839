package app

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/meins-id/meins/identity/provider"
)

// certificateLook is how often at most the files of the server's own certificate are looked at.
const certificateLook = 10 * time.Second

// keyPair is the server's certificate with its key, read again when the files have changed: who renews
// certificates need not restart the server. It serves concurrent callers.
type keyPair struct {
	cert, key string
	now       func() time.Time
	log       *slog.Logger

	mu     sync.Mutex
	pair   *tls.Certificate
	stamp  [2]time.Time // of the files that pair was read from
	looked time.Time
}

// openKeyPair reads the files once, so that a mistake shows at the start.
func openKeyPair(cert, key string, now func() time.Time, log *slog.Logger) (*keyPair, error) {
	k := &keyPair{cert: cert, key: key, now: now, log: log, looked: now()}
	stamp, err := k.stamps()
	if err == nil {
		err = k.read(stamp)
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("tls-cert: %w", err)}
	}
	return k, nil
}

func (k *keyPair) stamps() (stamp [2]time.Time, err error) {
	for i, path := range [...]string{k.cert, k.key} {
		info, err := os.Stat(path)
		if err != nil {
			return stamp, err
		}
		stamp[i] = info.ModTime()
	}
	return stamp, nil
}

func (k *keyPair) read(stamp [2]time.Time) error {
	pair, err := tls.LoadX509KeyPair(k.cert, k.key)
	if err != nil {
		return err
	}
	k.pair, k.stamp = &pair, stamp
	return nil
}

// current is tls.Config.GetCertificate. Files that do not serve leave the last ones in force.
func (k *keyPair) current(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := k.now(); now.Sub(k.looked) >= certificateLook {
		k.looked = now
		stamp, err := k.stamps()
		if err == nil && stamp != k.stamp {
			if err = k.read(stamp); err == nil {
				k.log.Info("certificate read again")
			}
		}
		if err != nil {
			k.log.Error("read certificate again", "err", err)
		}
	}
	return k.pair, nil
}

// config is how connections are made.
func (k *keyPair) config() *tls.Config {
	if k == nil {
		return nil
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12, CipherSuites: recommendedSuites, GetCertificate: k.current, NextProtos: []string{"h2", "http/1.1"},
	}
}

// recommendedSuites are those of BCP 195 for TLS 1.2 (RFC 9325, 4.2), and no others (FAPI 2.0 Security
// Profile, 5.2.2). TLS 1.3 has none that is not.
var recommendedSuites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
}

// asking is config for vendors: they are asked for a certificate, and whoever has none is served too.
// Whether it is the right one, is looked at when the vendor is known.
func (k *keyPair) asking() *tls.Config {
	c := k.config()
	if c != nil {
		c.ClientAuth = tls.RequestClientCert
	}
	return c
}

// certificate is the server's own; nil where a proxy has it.
func (c *serverConfig) certificate(now func() time.Time, log *slog.Logger) (*keyPair, error) {
	if c.TLSCert == "" {
		return nil, nil //nolint:nilnil // none is the usual case
	}
	return openKeyPair(c.TLSCert, c.TLSKey, now, log)
}

// checkCertificates lists what is wrong with the settings of mutual TLS.
func (c *serverConfig) checkCertificates(add func(setting, format string, args ...any)) {
	if c.MTLSURL == "" {
		if c.MTLSListen != "" || c.MTLSHeader != "" || c.MTLSCA != "" {
			add("mtls-url", "must say where vendors present certificates")
		}
		return
	}
	if u, err := url.Parse(c.MTLSURL); err != nil || u.Scheme != "https" || u.Host == "" || c.MTLSURL != "https://"+u.Host {
		add("mtls-url", "must be https and a host alone")
	}
	switch {
	case (c.MTLSListen == "") == (c.MTLSHeader == ""):
		add("mtls-url", "goes with mtls-listen, or with mtls-header behind a proxy")
	case c.MTLSListen != "" && c.TLSCert == "":
		add("mtls-listen", "needs tls-cert")
	case c.MTLSHeader != "" && len(c.TrustedProxy) == 0:
		add("mtls-header", "needs trusted-proxy: whoever else could write the header could be any vendor")
	case c.MTLSHeader != "" && !isHeaderName(c.MTLSHeader):
		add("mtls-header", "must be the name of a header, such as Client-Cert")
	}
}

// isHeaderName refuses what no header is called, and what means something else already.
func isHeaderName(s string) bool {
	for _, r := range s {
		if r != '-' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return false
		}
	}
	switch http.CanonicalHeaderKey(s) {
	case "", "Authorization", "Cookie", "Host", "Content-Type", "Content-Length", "X-Forwarded-For", "Dpop":
		return false
	}
	return true
}

// certificates is what the provider needs to know of mutual TLS.
func (c *serverConfig) certificates() (provider.Certificates, error) {
	to := provider.Certificates{Address: c.MTLSURL}
	if c.MTLSCA == "" {
		return to, nil
	}
	raw, err := os.ReadFile(c.MTLSCA)
	if err != nil {
		return to, usageError{fmt.Errorf("mtls-ca: %w", err)}
	}
	to.Roots = x509.NewCertPool()
	if !to.Roots.AppendCertsFromPEM(raw) {
		return to, usageError{errors.New("mtls-ca: there is no certificate in it")}
	}
	return to, nil
}

// presenting lets the handler know who presented which certificate. It stands before everything else.
func (c *serverConfig) presenting(next http.Handler) (http.Handler, error) {
	proxies, err := c.proxies()
	if err != nil || c.MTLSURL == "" {
		return next, err
	}
	return provider.CertificateSource{Header: c.MTLSHeader, Trusted: proxies}.Handler(next), nil
}

// forVendors serves what vendors with certificates call, and nothing that a browser would visit.
func forVendors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !provider.IsAliased(r.URL.Path) {
			http.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
