package consent

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// MaxEnds is how long a grant lasts at most, and by default.
const MaxEnds = 365 * 24 * time.Hour

// scopeOffline asks for refresh tokens (OpenID Connect Core 11).
const scopeOffline = "offline_access"

// Party is who asks, as the customer is shown it.
type Party struct {
	Client    id.Client `json:"client"`
	Name      string    `json:"name"`
	Domain    string    `json:"domain"`
	Verified  bool      `json:"verified"` // the domain is known to be the vendor's
	Contact   string    `json:"contact,omitempty"`
	PolicyURI string    `json:"policy_uri,omitempty"`
	TermsURI  string    `json:"terms_uri,omitempty"`
	Logo      string    `json:"logo,omitempty"` // hash of the picture
	Sector    string    `json:"sector"`         // within which the customer's sub stays the same
}

// Claim is one claim that is asked or granted, and why. IDToken and UserInfo say where the vendor
// wants it.
type Claim struct {
	Name     string `json:"name"`
	Required bool   `json:"required,omitempty"`
	Purpose  string `json:"purpose,omitempty"`
	IDToken  bool   `json:"id_token,omitempty"`
	UserInfo bool   `json:"userinfo,omitempty"`
}

// Ask is what a vendor requests, as the customer reviews it. NewAsk makes it.
type Ask struct {
	Party      Party
	Claims     []Claim       // sorted by name, each name once
	Offline    bool          // also while the customer is away
	Continuous bool          // the values follow the vault
	Ends       time.Duration // after approval; at most MaxEnds
}

// Request is what a vendor sent, and what the provider knows about the vendor.
type Request struct {
	Party    Party
	Purposes map[string]string // by claim or scope, as the vendor registered them
	Scopes   []string
	Claims   *ClaimsParameter // nil without one
	Once     bool             // the values stay as they are approved; otherwise they follow the vault
	Ends     time.Duration    // 0, or more than MaxEnds, means MaxEnds
}

// NewAsk turns a request into an ask. Claims of a scope are optional unless the claims parameter
// calls them essential, and go to UserInfo (OpenID Connect Core 5.4). Claims and scopes that nobody
// here knows are left out.
func NewAsk(r Request) (Ask, error) {
	if r.Party.Client == "" || r.Party.Name == "" {
		return Ask{}, ErrParty
	}
	ask := Ask{
		Party:      r.Party,
		Claims:     r.claims(),
		Offline:    slices.Contains(r.Scopes, scopeOffline),
		Continuous: !r.Once,
		Ends:       r.Ends,
	}
	if ask.Ends <= 0 || ask.Ends > MaxEnds {
		ask.Ends = MaxEnds
	}
	return ask, nil
}

// claims joins what the scopes and the claims parameter ask.
func (r Request) claims() []Claim {
	asked := map[string]Claim{}
	for _, scope := range r.Scopes {
		for _, name := range vault.ScopeNames(scope) {
			asked[name] = Claim{Name: name, UserInfo: true}
		}
	}
	if r.Claims != nil {
		add(asked, r.Claims.UserInfo, Claim{UserInfo: true})
		add(asked, r.Claims.IDToken, Claim{IDToken: true})
	}
	scopes := askable()
	claims := make([]Claim, 0, len(asked))
	for name, c := range asked {
		scope, ok := scopes[name]
		if !ok {
			continue
		}
		c.Purpose = cmp.Or(c.Purpose, r.Purposes[name], r.Purposes[scope])
		claims = append(claims, c)
	}
	slices.SortFunc(claims, func(a, b Claim) int { return cmp.Compare(a.Name, b.Name) })
	return claims
}

// add brings one half of the claims parameter in; at says which.
func add(asked map[string]Claim, requests map[string]*ClaimRequest, at Claim) {
	for name, r := range requests {
		c := asked[name]
		c.Name = name
		c.IDToken = c.IDToken || at.IDToken
		c.UserInfo = c.UserInfo || at.UserInfo
		if r != nil {
			c.Required = c.Required || r.Essential
			c.Purpose = cmp.Or(c.Purpose, r.Purpose)
		}
		asked[name] = c
	}
}

// find is a plain walk: lists of claims are short, and need not be trusted to be sorted.
func find(claims []Claim, name string) (Claim, bool) {
	for i := range claims {
		if claims[i].Name == name {
			return claims[i], true
		}
	}
	return Claim{}, false
}

// digestOf is the first thing that goes into a digest: another encoding would get another name.
const digestOf = "meins/1/ask"

// Digest is the SHA-256 of everything that the customer is shown, in base64url. Approving repeats
// it, so that nobody approves what was not reviewed.
func (a Ask) Digest() string {
	sum := sha256.Sum256(a.canonical())
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// canonical writes the ask so that no two of them give the same bytes: each text behind its length,
// numbers in eight bytes, truths in one.
func (a Ask) canonical() []byte {
	p := a.Party
	var b []byte
	for _, s := range [...]string{digestOf, string(p.Client), p.Name, p.Domain, p.Contact, p.PolicyURI, p.TermsURI, p.Logo, p.Sector} {
		b = appendText(b, s)
	}
	b = appendTruths(b, p.Verified, a.Offline, a.Continuous)
	b = binary.BigEndian.AppendUint64(b, uint64(a.Ends))
	b = binary.BigEndian.AppendUint64(b, uint64(len(a.Claims)))
	for _, c := range a.Claims {
		b = appendText(b, c.Name)
		b = appendText(b, c.Purpose)
		b = appendTruths(b, c.Required, c.IDToken, c.UserInfo)
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint64(b, uint64(len(s))), s...)
}

func appendTruths(b []byte, truths ...bool) []byte {
	for _, t := range truths {
		if t {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
	}
	return b
}
