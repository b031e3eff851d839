package provider

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"net/http"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/meins-id/meins/identity"
)

// Certificates says how vendors prove themselves with certificates (RFC 8705). The zero value is: not at all.
type Certificates struct {
	// Address is the scheme and host of the endpoints where a certificate is asked for: not those that
	// browsers visit, whose customers would be asked for one.
	Address string
	// Roots are whose certificates tls_client_auth believes; nil is nobody's.
	Roots *x509.CertPool
}

// methods are the ways of client authentication that follow from it.
func (c Certificates) methods() []oidc.AuthMethod {
	switch {
	case c.Address == "":
		return nil
	case c.Roots == nil:
		return []oidc.AuthMethod{identity.MethodSelfSigned}
	}
	return []oidc.AuthMethod{identity.MethodCertificate, identity.MethodSelfSigned}
}

// aliased are the endpoints that vendors with certificates call (RFC 8705, 5), by their metadata.
var aliased = map[string]string{
	"token_endpoint": pathToken, "userinfo_endpoint": pathUserInfo, "introspection_endpoint": pathIntrospect, "revocation_endpoint": pathRevoke,
	"pushed_authorization_request_endpoint": pathPushed, "device_authorization_endpoint": pathDevice,
}

// IsAliased says whether a path is one that vendors with certificates call.
func IsAliased(path string) bool {
	for _, p := range aliased {
		if p == path {
			return true
		}
	}
	return false
}

func (c Certificates) aliases() map[string]string {
	if c.Address == "" {
		return nil
	}
	all := map[string]string{}
	for name, path := range aliased {
		all[name] = c.Address + path
	}
	return all
}

// boundCertificate marks the hash of a certificate where otherwise the thumbprint of a key stands, under
// the name that it has in the claim (RFC 8705, 3.1): none of the two is ever taken for the other.
const boundCertificate = "x5t#S256:"

// isCertificate says that a token is bound to a certificate.
func isCertificate(thumbprint string) bool { return strings.HasPrefix(thumbprint, boundCertificate) }

// certificateProof is what the certificate of a request proves: whoever sent it has its key. It is none,
// where there is no certificate.
func certificateProof(ctx context.Context) proof {
	chain := presentedCertificates(ctx)
	if len(chain) == 0 {
		return proof{}
	}
	sum := sha256.Sum256(chain[0].Raw)
	return proof{thumbprint: boundCertificate + encoding.EncodeToString(sum[:])}
}

// binds gives what the tokens of a request are bound to: the key of its DPoP proof, or, for a vendor that
// registered this, the certificate of the connection. A vendor that has to bind them and does not, gets none.
func (p *Provider) binds(ctx context.Context, v identity.Vendor, pr proof) (proof, error) {
	if !v.Protocol.CertificateBound {
		return pr, demandsProof(v, pr)
	}
	if !pr.none() {
		return proof{}, refuseProof("tokens of this client are bound to its certificate")
	}
	if pr = certificateProof(ctx); pr.none() {
		return proof{}, refuseRequest("this client must present its certificate")
	}
	return pr, nil
}

// heldBy says whether who sends a read holds what the token is bound to. A token that is bound to nothing
// serves with a certificate too: connections have one for other reasons.
func (t token) heldBy(ctx context.Context, pr proof) bool {
	if isCertificate(t.Thumbprint) {
		return pr.none() && t.Thumbprint == certificateProof(ctx).thumbprint
	}
	return t.Thumbprint == pr.thumbprint
}

// provesCertificate checks that the certificate of a request is the vendor's, by the method that it
// registered (RFC 8705, 2.1 and 2.2).
func (p *Provider) provesCertificate(ctx context.Context, v identity.Vendor) bool {
	chain := presentedCertificates(ctx)
	if len(chain) == 0 || p.o.Certificates.Address == "" || isWeakCertificate(chain[0]) {
		return false
	}
	switch v.AuthMethod {
	case identity.MethodCertificate:
		return v.Protocol.Matches(chain[0]) && p.believes(chain)
	case identity.MethodSelfSigned:
		return p.isRegistered(ctx, v, chain[0])
	}
	return false
}

// believes checks that an authority of the operator's vouches for the first certificate, now, and for
// clients.
func (p *Provider) believes(chain []*x509.Certificate) bool {
	if p.o.Certificates.Roots == nil {
		return false
	}
	between := x509.NewCertPool()
	for _, cert := range chain[1:] {
		between.AddCert(cert)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: p.o.Certificates.Roots, Intermediates: between, CurrentTime: p.o.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err == nil
}

// isRegistered looks for the very certificate among the vendor's keys, and once more at their address
// when it is a new one. What stands there counts for as long as it stands there, whatever dates it has.
func (p *Provider) isRegistered(ctx context.Context, v identity.Vendor, cert *x509.Certificate) bool {
	for _, renew := range []bool{false, true} {
		keys, err := p.vendorKeys(ctx, v, renew)
		if err != nil {
			return false
		}
		for _, key := range keys {
			if len(key.Certificates) > 0 && bytes.Equal(key.Certificates[0].Raw, cert.Raw) {
				return true
			}
		}
		if v.JWKSURI == "" {
			return false
		}
	}
	return false
}

// isWeakCertificate says that somebody else could have the key.
func isWeakCertificate(cert *x509.Certificate) bool {
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	return ok && key.N.BitLen() < minRSA
}

// certificateMistake says what of a vendor's metadata cannot be honoured here.
func (p *Provider) certificateMistake(m clientMetadata) string {
	byCertificate := m.AuthMethod == identity.MethodCertificate || m.AuthMethod == identity.MethodSelfSigned
	switch {
	case byCertificate && !slices.Contains(p.o.Certificates.methods(), oidc.AuthMethod(m.AuthMethod)):
		return "token_endpoint_auth_method: not supported"
	case m.CertificateBound && p.o.Certificates.Address == "":
		return "tls_client_certificate_bound_access_tokens: not supported"
	}
	return ""
}

type certificatesKey struct{}

// presentedCertificates are those that a request came with, the sender's own first.
func presentedCertificates(ctx context.Context) []*x509.Certificate {
	chain, _ := ctx.Value(certificatesKey{}).([]*x509.Certificate)
	return chain
}

// withCertificates notes them for all that follows.
func withCertificates(r *http.Request, chain []*x509.Certificate) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), certificatesKey{}, chain))
}
