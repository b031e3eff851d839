package provider

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/meins-id/meins/internal/store"
)

const schemeBearer = "Bearer"

// challengeDPoP is the challenge of RFC 9449, 7.1.
var challengeDPoP = schemeDPoP + ` realm="meins", algs="` + strings.Join(names(assertionAlgorithms), " ") + `"`

// schemeOf is a scheme that tokens may come by, or nothing.
func schemeOf(name string) string {
	switch {
	case strings.EqualFold(name, schemeBearer):
		return schemeBearer
	case strings.EqualFold(name, schemeDPoP):
		return schemeDPoP
	}
	return ""
}

// userInfoWith reads UserInfo by the scheme that the token came by. A token that is bound to a key
// serves only with a proof, and one that is not, only without (RFC 9449, 7.1 and 7.2).
func (p *Provider) userInfoWith(r *http.Request, text, scheme string) (reading, error) {
	if scheme != schemeDPoP {
		return p.userInfo(r.Context(), text, proof{})
	}
	pr, err := p.readProof(r, pathUserInfo, text)
	if err != nil {
		return reading{}, err
	}
	if pr.none() {
		return reading{}, refuseToken()
	}
	if !p.replays.claim(pr.note) {
		return reading{}, refuseProof("the DPoP proof was used before")
	}
	read, err := p.userInfo(r.Context(), text, pr)
	if err != nil {
		p.replays.drop(pr.note)
		if errors.Is(err, errUsed) {
			err = refuseProof("the DPoP proof was used before")
		}
		return reading{}, err
	}
	p.replays.keep(r.Context(), pr.note, pr.until)
	return read, nil
}

// unlessUsed stops a read whose proof another node, or this one before, has noted.
func (pr proof) unlessUsed(unless func(store.Reader) error) func(store.Reader) error {
	if pr.note == "" { // none, or a certificate
		return unless
	}
	return func(rd store.Reader) error {
		if err := unless(rd); err != nil {
			return err
		}
		_, err := rd.Get(pr.note)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return cmp.Or(err, errUsed)
	}
}

// refuseRead answers a read that is refused, with the challenge of its scheme. A proof that does not
// hold, or lacks the nonce, is a 401 here (RFC 9449, 7.1 and 9).
func (p *Provider) refuseRead(w http.ResponseWriter, r *http.Request, scheme string, err error) {
	refused := p.translate(r.Context(), "userinfo", err)
	code := string(refused.answer.ErrorType)
	challenge := challengeBearer
	if scheme == schemeDPoP {
		challenge = challengeDPoP
	}
	if code == codeInvalidProof || code == codeUseNonce {
		refused = &refusal{http.StatusUnauthorized, &oidc.Error{ErrorType: refused.answer.ErrorType, Description: refused.answer.Description}}
	}
	refused.write(w, challenge+`, error="`+code+`"`)
}
