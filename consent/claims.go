package consent

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/meins-id/meins/internal/shown"
	"github.com/meins-id/meins/vault"
)

// maxClaims is the largest claims parameter in bytes.
const maxClaims = 64 << 10

// Bounds of a purpose in characters, as OpenID Connect for Identity Assurance has them.
const (
	minPurpose = 3
	maxPurpose = 300
)

// ClaimsParameter is the claims parameter of an authorization request (OpenID Connect Core 5.5).
type ClaimsParameter struct {
	UserInfo map[string]*ClaimRequest `json:"userinfo,omitempty"`
	IDToken  map[string]*ClaimRequest `json:"id_token,omitempty"`
}

// ClaimRequest says how one claim is wanted; nil stands for a plain voluntary one. Purpose is the
// member that OpenID Connect for Identity Assurance adds, here also in other languages ("purpose#de").
type ClaimRequest struct {
	Essential bool              `json:"essential,omitempty"`
	Value     json.RawMessage   `json:"value,omitempty"`
	Values    []json.RawMessage `json:"values,omitempty"`
	Purpose   string            `json:"purpose,omitempty"`
	Local     map[string]string `json:"-"` // Purpose by language
}

// UnmarshalJSON reads the members that have a fixed name, and the translations.
func (c *ClaimRequest) UnmarshalJSON(raw []byte) error {
	type plain ClaimRequest
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, (*plain)(c)); err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &members); err != nil {
		return err
	}
	for name, value := range members {
		tag, translated := strings.CutPrefix(name, "purpose#")
		if !translated {
			continue
		}
		var text string
		if err := json.Unmarshal(value, &text); err != nil {
			return err
		}
		c.Local = with(c.Local, tag, text)
	}
	return nil
}

// ParseClaims reads a claims parameter. Members and claims that nobody here knows are no mistake:
// the standard wants them ignored.
func ParseClaims(raw []byte) (*ClaimsParameter, error) {
	if len(raw) > maxClaims || !utf8.Valid(raw) {
		return nil, ErrClaims
	}
	var p *ClaimsParameter
	if err := json.Unmarshal(raw, &p); err != nil || p == nil {
		return nil, ErrClaims // the cause could quote the vendor's text: it says nothing more
	}
	for _, requests := range []map[string]*ClaimRequest{p.UserInfo, p.IDToken} {
		for _, r := range requests {
			if r == nil || r.Purpose == "" && r.Local == nil {
				continue
			}
			if err := NewPurpose("", r.Purpose, r.Local).check(); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

// showable says that a purpose of the vendor's making can stand on the screen as it is.
func showable(purpose string) bool { return shown.Line(purpose, minPurpose, maxPurpose) }

// maxAsked is how many claims one entry of authorization details names; maxOwn how many of them, in a
// whole ask, are not in the catalogue.
const (
	maxAsked = 200
	maxOwn   = 5
)

// askable gives what is known about a claim that can be asked. A name outside the catalogue is one
// that customers may have given to a value of their own: the claims parameter can ask for it, it is
// never required, and it gets no field to type into, for the vendor chose the words beside it.
func askable(name string) (vault.Entry, bool) {
	e, err := vault.Lookup(name)
	return e, err == nil
}
