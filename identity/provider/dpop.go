package provider

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/meins-id/meins/identity"
)

const (
	schemeDPoP = "DPoP"
	proofType  = "dpop+jwt"

	maxProof     = 8 << 10
	maxProofName = 256
	maxProofAge  = 5 * time.Minute
	maxProofSkew = time.Minute // FAPI 2.0 Security Profile, 5.3.2.1

	headerProof = "DPoP"
	headerNonce = "DPoP-Nonce"

	codeInvalidProof = "invalid_dpop_proof"
	codeUseNonce     = "use_dpop_nonce"
)

// proof is a DPoP proof that holds: whoever sent the request has the key (RFC 9449). The zero proof
// is none.
type proof struct {
	thumbprint string // of the key, RFC 7638
	algorithm  string
	note       string // where the use of this proof is noted, to notice it when it comes again
	until      time.Time
}

func (pr proof) none() bool { return pr.thumbprint == "" }

// proofClaims are the claims of RFC 9449, 4.2.
type proofClaims struct {
	ID     string           `json:"jti"`
	Method string           `json:"htm"`
	URI    string           `json:"htu"`
	Issued *jwt.NumericDate `json:"iat"`
	Access string           `json:"ath"`
	Nonce  string           `json:"nonce"`
}

func refuseProof(text string) error {
	return refuse(http.StatusBadRequest, &oidc.Error{ErrorType: codeInvalidProof}, text)
}

func refuseNonce() error {
	return refuse(http.StatusBadRequest, &oidc.Error{ErrorType: codeUseNonce}, "use the nonce that comes with this answer")
}

// readProof reads the proof of a request, and wants it to be for this method, address, nonce and
// access token, if there is one (RFC 9449, 4.3). It costs one signature and writes nothing; that no
// proof counts twice is spendProof's and the replays' to see.
func (p *Provider) readProof(r *http.Request, path, access string) (proof, error) {
	headers := r.Header.Values(headerProof)
	switch {
	case len(headers) == 0:
		return proof{}, nil
	case len(headers) > 1 || len(headers[0]) > maxProof:
		return proof{}, refuseProof("send one DPoP proof")
	}
	claims, pr, err := p.heads.openProof(headers[0])
	if err != nil {
		return proof{}, refuseProof("the DPoP proof is malformed, or its signature does not hold")
	}
	switch {
	case claims.ID == "" || len(claims.ID) > maxProofName || claims.Issued == nil:
		return proof{}, refuseProof("the DPoP proof needs jti and iat")
	case claims.Method != r.Method:
		return proof{}, refuseProof("htm of the DPoP proof is not the method of this request")
	case !p.isHere(claims.URI, path):
		return proof{}, refuseProof("htu of the DPoP proof is not the address of this request")
	case access != "" && !isHashOf(claims.Access, access):
		return proof{}, refuseProof("ath of the DPoP proof does not fit the access token")
	}
	// A nonce says how old a proof can be; iat only shows a clock that is far off, which no nonce mends.
	if off := p.o.Now().Sub(claims.Issued.Time()); off > maxProofAge || off < -maxProofSkew {
		return proof{}, refuseProof("iat of the DPoP proof is out of range")
	}
	made, ok := p.nonceTime(claims.Nonce)
	if !ok {
		return proof{}, refuseNonce()
	}
	pr.note, pr.until = hashed(onceProof, pr.thumbprint, claims.ID), made.Add(nonceLifetime+nonceStep)
	return pr, nil
}

var errProof = errors.New("not a DPoP proof")

// openProof checks a proof's form and its signature by the key that it brings along.
func (h *heads) openProof(text string) (proofClaims, proof, error) {
	if claims, pr, ok := h.open(text); ok {
		return claims, pr, nil
	}
	claims, pr, head, err := readUnknownProof(text)
	if err == nil {
		h.learn(text, head, pr.thumbprint)
	}
	return claims, pr, err
}

// readUnknownProof is openProof for a proof of whom nothing is known yet.
func readUnknownProof(text string) (proofClaims, proof, jose.Header, error) {
	signed, err := jwt.ParseSigned(text, assertionAlgorithms)
	if err != nil || len(signed.Headers) != 1 {
		return proofClaims{}, proof{}, jose.Header{}, errProof
	}
	head := signed.Headers[0]
	kind, _ := head.ExtraHeaders[jose.HeaderType].(string)
	key := head.JSONWebKey
	if !strings.EqualFold(kind, proofType) || key == nil || !key.Valid() || !key.IsPublic() {
		return proofClaims{}, proof{}, jose.Header{}, errProof
	}
	var claims proofClaims
	if err := signed.Claims(key.Key, &claims); err != nil {
		return proofClaims{}, proof{}, jose.Header{}, errProof
	}
	sum, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return proofClaims{}, proof{}, jose.Header{}, errProof
	}
	return claims, proof{thumbprint: encoding.EncodeToString(sum), algorithm: head.Algorithm}, head, nil
}

// isHere compares htu with an address of ours, without query and fragment, whichever way scheme, host
// and port are written (RFC 9449, 4.3).
func (p *Provider) isHere(htu, path string) bool {
	if htu == p.o.Issuer+path {
		return true
	}
	said, err := url.Parse(htu)
	if err != nil || said.User != nil || said.Opaque != "" || said.EscapedPath() != path {
		return false
	}
	return isAt(said, p.o.Issuer) || IsAliased(path) && isAt(said, p.o.Certificates.Address)
}

// isAt compares scheme, host and port with those of a base address; the empty one is nowhere.
func isAt(said *url.URL, base string) bool {
	here, err := url.Parse(base)
	return err == nil && base != "" && strings.EqualFold(said.Scheme, here.Scheme) && hostPort(said) == hostPort(here)
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
	}
	return strings.ToLower(u.Hostname()) + ":" + port
}

// isHashOf says whether a text is the hash of an access token (RFC 9449, 4.2).
func isHashOf(ath, access string) bool {
	sum := sha256.Sum256([]byte(access))
	return subtle.ConstantTimeCompare([]byte(ath), []byte(encoding.EncodeToString(sum[:]))) == 1
}

// isThumbprint says whether a text can be the thumbprint of any key.
func isThumbprint(s string) bool { return isChallenge(s) }

// spendProof notes the use of a proof before tokens are issued for it: the store knows it on every
// node. Requests that prove nothing else never come this far.
func (p *Provider) spendProof(ctx context.Context, pr proof) error {
	if pr.note == "" { // none, or a certificate
		return nil
	}
	err := p.records.UseOnce(ctx, pr.note, pr.until)
	if errors.Is(err, errUsed) {
		return refuseProof("the DPoP proof was used before")
	}
	return err
}

// demandsProof refuses the token request of a vendor that has bound itself to send proofs. That there is
// none makes the request incomplete, and no proof invalid (RFC 6749, 5.2; RFC 9449, 5 and 5.2).
func demandsProof(v identity.Vendor, pr proof) error {
	if v.Protocol.BoundTokens && pr.none() {
		return refuseRequest("this client must send a DPoP proof")
	}
	return demandsStrength(v, pr)
}

// demandsStrength refuses the proof of a vendor that is held to stronger algorithms (FAPI 2.0 Security
// Profile, 5.4).
func demandsStrength(v identity.Vendor, pr proof) error {
	if !pr.none() && !isStrong(v, pr.algorithm) {
		return refuseProof("this client must sign its DPoP proofs with a stronger algorithm")
	}
	return nil
}

// demandsStrengthOf is demandsStrength for a read, which does not look for the vendor without need.
func (p *Provider) demandsStrengthOf(ctx context.Context, t token, pr proof) error {
	if pr.none() || slices.Contains(strongAlgorithms, jose.SignatureAlgorithm(pr.algorithm)) {
		return nil
	}
	v, err := p.o.Vendors.Get(ctx, t.Client)
	if err != nil {
		return refuseToken()
	}
	return demandsStrength(v, pr)
}

// confirmation is the claim that names the key or the certificate that a token is bound to (RFC 7800;
// RFC 9449, 6.1; RFC 8705, 3.1).
type confirmation struct {
	Thumbprint  string `json:"jkt,omitempty"`
	Certificate string `json:"x5t#S256,omitempty"`
}

// confirm is nothing for a token that is bound to no key.
func confirm(thumbprint string) *confirmation {
	if thumbprint == "" {
		return nil
	}
	if hash, ok := strings.CutPrefix(thumbprint, boundCertificate); ok {
		return &confirmation{Certificate: hash}
	}
	return &confirmation{Thumbprint: thumbprint}
}

// thumbprint reverses confirm.
func (c *confirmation) thumbprint() string {
	switch {
	case c == nil:
		return ""
	case c.Certificate != "":
		return boundCertificate + c.Certificate
	}
	return c.Thumbprint
}

// offerNonce gives who sent a proof the nonce for the next one.
func (p *Provider) offerNonce(w http.ResponseWriter, r *http.Request) {
	if len(r.Header.Values(headerProof)) > 0 {
		w.Header().Set(headerNonce, p.nonce())
	}
}
