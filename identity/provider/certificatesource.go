package provider

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Bounds of what a proxy says of a certificate.
const (
	maxCertificateHeader = 32 << 10
	maxCertificates      = 10
)

var errCertificate = errors.New("not a certificate")

// CertificateSource says where the certificate of a request is told: by the connection itself, or by a
// proxy that ends the connections. The zero value believes the connection and no header.
type CertificateSource struct {
	// Header is where a proxy tells it, as RFC 9440 says or as the percent-encoded PEM that nginx has;
	// what stands in Header-Chain is the rest of the chain.
	Header string
	// Trusted are the proxies that are believed. Whatever others send in the header is dropped.
	Trusted []netip.Prefix
}

// Handler notes the certificate for the provider. It has to come before anything that changes the
// address that a request comes from.
func (s CertificateSource) Handler(next http.Handler) http.Handler {
	if s.Header == "" {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
				r = withCertificates(r, r.TLS.PeerCertificates)
			}
			next.ServeHTTP(w, r)
		})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		chain, err := s.told(r)
		r.Header.Del(s.Header)
		r.Header.Del(s.Header + "-Chain")
		if err != nil {
			wrong := &refusal{http.StatusBadRequest, invalidRequest("the certificate is malformed")}
			wrong.write(w)
			return
		}
		if len(chain) > 0 {
			r = withCertificates(r, chain)
		}
		next.ServeHTTP(w, r)
	})
}

// told reads what a trusted proxy says; of anybody else it reads nothing.
func (s CertificateSource) told(r *http.Request) ([]*x509.Certificate, error) {
	said := r.Header.Values(s.Header)
	if len(said) == 0 || !s.trusts(r.RemoteAddr) {
		return nil, nil
	}
	if len(said) > 1 || len(said[0]) > maxCertificateHeader {
		return nil, errCertificate
	}
	if said[0] == "" || said[0] == "::" { // what proxies send where there is no certificate
		return nil, nil
	}
	own, err := parseCertificate(said[0])
	if err != nil {
		return nil, err
	}
	return parseChain(own, strings.Join(r.Header.Values(s.Header+"-Chain"), ","))
}

func (s CertificateSource) trusts(address string) bool {
	peer, err := netip.ParseAddrPort(address)
	if err != nil {
		return false
	}
	for _, p := range s.Trusted {
		if p.Contains(peer.Addr().Unmap()) {
			return true
		}
	}
	return false
}

// parseCertificate reads a byte sequence (RFC 9440, 2.1; RFC 8941, 3.3.5), or percent-encoded PEM.
func parseCertificate(text string) (*x509.Certificate, error) {
	text = strings.TrimSpace(text)
	if inner, ok := strings.CutPrefix(text, ":"); ok {
		inner, ok = strings.CutSuffix(inner, ":")
		der, err := base64.StdEncoding.DecodeString(inner)
		if !ok || err != nil {
			return nil, errCertificate
		}
		return x509.ParseCertificate(der)
	}
	plain, err := url.PathUnescape(text)
	if err != nil {
		return nil, errCertificate
	}
	block, rest := pem.Decode([]byte(plain))
	if block == nil || block.Type != "CERTIFICATE" || strings.TrimSpace(string(rest)) != "" {
		return nil, errCertificate
	}
	return x509.ParseCertificate(block.Bytes)
}

// parseChain reads the list of the others (RFC 9440, 2.2).
func parseChain(own *x509.Certificate, list string) ([]*x509.Certificate, error) {
	chain := []*x509.Certificate{own}
	if list == "" {
		return chain, nil
	}
	texts := strings.Split(list, ",")
	if len(list) > maxCertificateHeader || len(texts) > maxCertificates {
		return nil, errCertificate
	}
	for _, text := range texts {
		cert, err := parseCertificate(text)
		if err != nil {
			return nil, err
		}
		chain = append(chain, cert)
	}
	return chain, nil
}
