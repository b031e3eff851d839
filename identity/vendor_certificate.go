package identity

import (
	"crypto/x509"
	"net/netip"
	"slices"
	"strings"
)

// How a vendor proves itself with a certificate (RFC 8705, 2).
const (
	MethodCertificate = "tls_client_auth"             // of an authority that the operator believes
	MethodSelfSigned  = "self_signed_tls_client_auth" // one that stands among its keys
)

// CertificateSubject is whom the certificate of tls_client_auth must be for, under the names of the
// registered client metadata (RFC 8705, 2.1.2): exactly one of them.
type CertificateSubject struct {
	DN    string `json:"tls_client_auth_subject_dn,omitempty"` // RFC 4514
	DNS   string `json:"tls_client_auth_san_dns,omitempty"`
	URI   string `json:"tls_client_auth_san_uri,omitempty"`
	IP    string `json:"tls_client_auth_san_ip,omitempty"`
	Email string `json:"tls_client_auth_san_email,omitempty"`
}

// IsZero says that nobody is named.
func (s CertificateSubject) IsZero() bool { return s == CertificateSubject{} }

// named counts what is said.
func (s CertificateSubject) named() int {
	n := 0
	for _, text := range [...]string{s.DN, s.DNS, s.URI, s.IP, s.Email} {
		if text != "" {
			n++
		}
	}
	return n
}

// Matches says whether a certificate is for whom is named, letter by letter; nobody named is nobody.
func (s CertificateSubject) Matches(cert *x509.Certificate) bool {
	switch {
	case s.named() != 1:
		return false
	case s.DN != "":
		written, err := parseDN(s.DN)
		if err != nil {
			return false
		}
		said, err := certificateDN(cert.RawSubject)
		return err == nil && sameDN(written, said)
	case s.DNS != "":
		// Names of hosts have no case (RFC 4343); what is registered is in lower case.
		return slices.ContainsFunc(cert.DNSNames, func(name string) bool { return strings.ToLower(name) == s.DNS })
	case s.URI != "":
		for _, u := range cert.URIs {
			if u.String() == s.URI {
				return true
			}
		}
		return false
	case s.IP != "":
		return s.hasAddress(cert)
	}
	return slices.Contains(cert.EmailAddresses, s.Email)
}

func (s CertificateSubject) hasAddress(cert *x509.Certificate) bool {
	want, err := netip.ParseAddr(s.IP)
	if err != nil {
		return false
	}
	for _, ip := range cert.IPAddresses {
		if got, ok := netip.AddrFromSlice(ip); ok && got.Unmap() == want.Unmap() {
			return true
		}
	}
	return false
}

// ByCertificate says that the vendor proves itself with a certificate.
func (v Vendor) ByCertificate() bool {
	return v.AuthMethod == MethodCertificate || v.AuthMethod == MethodSelfSigned
}

func (v Vendor) checkCertificate(m *mistakes) {
	s := v.Protocol.CertificateSubject
	m.add(v.AuthMethod == MethodCertificate && s.named() != 1, "certificate: tls_client_auth needs exactly one subject")
	m.add(v.AuthMethod != MethodCertificate && !s.IsZero(), "certificate: a subject is for tls_client_auth alone")
	_, err := parseDN(s.DN)
	m.add(s.DN != "" && err != nil, "certificate: the subject is not a distinguished name as RFC 4514 writes it: CN=x,O=y without spaces between")
	m.add(s.DNS != "" && !isHost(s.DNS), "certificate: %q is not a host name in lower case", s.DNS)
	m.add(len(s.URI) > maxURI || len(s.Email) > 254 || strings.ContainsFunc(s.URI+s.Email, notASCIIVisible), "certificate: the address is malformed")
	_, err = netip.ParseAddr(s.IP)
	m.add(s.IP != "" && err != nil, "certificate: %q is not an IP address", s.IP)
	m.add(v.AuthMethod == MethodSelfSigned && !v.hasCertificates(), "certificate: self_signed_tls_client_auth needs keys with x5c, or their address")
	m.add(v.Protocol.CertificateBound && v.Protocol.BoundTokens, "tokens: bound to a certificate or to a key of DPoP, not to both")
}

// hasCertificates says that there is a certificate among the keys; an address may hold any.
func (v Vendor) hasCertificates() bool {
	keys, err := SigningKeys(v.JWKS)
	if v.JWKSURI != "" || err != nil { // the latter is another mistake, and named already
		return true
	}
	for _, key := range keys {
		if len(key.Certificates) > 0 {
			return true
		}
	}
	return false
}
