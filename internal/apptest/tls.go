package apptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Certificate is one with its key, as PEM too: a vendor's, a server's, or an authority's.
type Certificate struct {
	TLS               tls.Certificate
	CertFile, KeyFile string
}

// NewCertificate draws a certificate of this name: of an authority's, or signed by itself.
func NewCertificate(t testing.TB, name string, by *Certificate) *Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: by == nil, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if by == nil {
		template.KeyUsage |= x509.KeyUsageCertSign
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.TLS.Leaf, by.TLS.PrivateKey.(*ecdsa.PrivateKey)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return kept(t, der, key)
}

// kept writes a certificate and its key into files.
func kept(t testing.TB, der []byte, key *ecdsa.PrivateKey) *Certificate {
	t.Helper()
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c := &Certificate{
		TLS:      tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf},
		CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem"),
	}
	for path, block := range map[string]*pem.Block{c.CertFile: {Type: "CERTIFICATE", Bytes: der}, c.KeyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// StartTLS is Start over https, with a second address where vendors present certificates; those of the
// authority count for tls_client_auth. Whoever speaks to it must believe Server.
func StartTLS(t testing.TB, authority *Certificate, flags ...string) *Program {
	t.Helper()
	listen, vendors := Address(t), Address(t)
	p := &Program{Issuer: "https://" + listen, Server: NewCertificate(t, "server.example", nil)}
	p.Transport = p.Presenting()
	p.start(t, listen, append([]string{
		"--tls-cert", p.Server.CertFile, "--tls-key", p.Server.KeyFile,
		"--mtls-url", "https://" + vendors, "--mtls-listen", vendors, "--mtls-ca", authority.CertFile,
	}, flags...))
	return p
}

// Presenting is a transport that presents these certificates to the program, where it asks for one.
func (p *Program) Presenting(certificates ...tls.Certificate) *http.Transport {
	roots := x509.NewCertPool()
	roots.AddCert(p.Server.TLS.Leaf)
	return &http.Transport{
		MaxIdleConnsPerHost: 16,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, Certificates: certificates},
	}
}
