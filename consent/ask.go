package consent

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"maps"
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
	Client    id.Client  `json:"client"`
	Name      string     `json:"name"`
	Domain    string     `json:"domain"`
	Verified  bool       `json:"verified"` // the domain is known to be the vendor's
	Contact   string     `json:"contact,omitempty"`
	PolicyURI string     `json:"policy_uri,omitempty"`
	TermsURI  string     `json:"terms_uri,omitempty"`
	Logo      string     `json:"logo,omitempty"` // hash of the picture
	Sector    string     `json:"sector"`         // within which the customer's sub stays the same
	Kind      vault.Kind `json:"kind,omitempty"` // that the operator confirmed; empty for any other

	Encryption Encryption `json:"encryption,omitzero"` // end-to-end, where there is any
}

// Claim is one claim that is asked or granted, and what for. IDToken and UserInfo say where the
// vendor wants it.
type Claim struct {
	Name     string    `json:"name"`
	Required bool      `json:"required,omitempty"`
	Purposes []Purpose `json:"purposes,omitempty"` // in order of their names; none when the vendor said none
	IDToken  bool      `json:"id_token,omitempty"`
	UserInfo bool      `json:"userinfo,omitempty"`
}

// Ask is what a vendor requests, as the customer reviews it, whatever the form was in which it came.
// NewAsk makes it.
type Ask struct {
	Party      Party
	Claims     []Claim       // sorted by name, each name once
	Offline    bool          // also while the customer is away
	Continuous bool          // the values follow the vault
	Once       bool          // they are read once, and the consent is over
	Detailed   bool          // the vendor sent authorization details, and gets back what was granted of them
	Ends       time.Duration // after approval; at most MaxEnds
	Retention  string        // how long the vendor keeps what it reads, in ISO 8601; empty when it does not say
	Recipients []string      // who else gets it, each by name
	Terms      []string      // of the roster (IEEE 7012), that the vendor accepts; what comes of them says an Agreement
}

// Request is what a vendor sent, and what the provider knows about the vendor.
type Request struct {
	Party    Party
	Purposes map[string]string // by claim or scope, as the vendor registered them
	Scopes   []string
	Claims   *ClaimsParameter // nil without one
	Details  *Details         // nil without authorization details
	Terms    []string         // that the vendor accepts, as it registered
	Once     bool             // the values are read once; otherwise they follow the vault
	Ends     time.Duration    // 0, or more than MaxEnds, means MaxEnds
}

// NewAsk turns a request into an ask. Claims of a scope are optional unless something calls them
// required, and go to UserInfo (OpenID Connect Core 5.4). Claims and scopes that nobody here knows
// are left out.
func NewAsk(r Request) (Ask, error) {
	if r.Party.Client == "" || r.Party.Name == "" {
		return Ask{}, ErrParty
	}
	ask := Ask{Party: r.Party, Claims: r.claims(), Once: r.Once, Ends: r.Ends, Terms: r.Terms}
	if d := r.Details; d != nil {
		ask.Detailed, ask.Once = true, ask.Once || d.Once
		ask.Retention, ask.Recipients = d.Retention, d.Recipients
		if len(d.Terms) > 0 { // for this request it accepts some of those that it registered
			ask.Terms = vault.CommonTerms(r.Terms, d.Terms)
		}
		if d.Ends > 0 {
			ask.Ends = d.Ends
		}
	}
	if ask.Ends <= 0 || ask.Ends > MaxEnds {
		ask.Ends = MaxEnds
	}
	// What is read once is not read again while the customer is away, and follows nothing.
	ask.Offline = slices.Contains(r.Scopes, scopeOffline) && !ask.Once
	ask.Continuous = !ask.Once
	if ask.Party.EndToEnd() {
		ask.all()
	}
	return ask, nil
}

// asking is a claim on its way into the ask.
type asking struct {
	Claim
	plain bool // a scope, or a member without a purpose, asks for it: for what is registered
}

// claims joins what the scopes, the claims parameter and the authorization details ask.
func (r Request) claims() []Claim {
	asked := map[string]asking{}
	for _, scope := range r.Scopes {
		for _, name := range vault.ScopeNames(scope) {
			asked[name] = asking{Claim{Name: name, UserInfo: true}, true}
		}
	}
	if r.Claims != nil {
		r.add(asked, r.Claims.UserInfo, Claim{UserInfo: true})
		r.add(asked, r.Claims.IDToken, Claim{IDToken: true})
	}
	if r.Details != nil {
		addDetails(asked, r.Details.Claims)
	}
	claims, own := make([]Claim, 0, len(asked)), 0
	for _, name := range slices.Sorted(maps.Keys(asked)) {
		c := asked[name]
		e, known := askable(name)
		if e.Own {
			own++
			c.Required = false
		}
		if !known || own > maxOwn && e.Own {
			continue
		}
		if c.plain {
			c.Purposes = join(c.Purposes, r.registered(name, e.Scope)...)
		}
		claims = append(claims, c.Claim)
	}
	return claims
}

// registered is what a claim is asked for when the request does not say it.
func (r Request) registered(name, scope string) []Purpose {
	for _, key := range []string{name, scope} {
		if p, ok := registered(r.Purposes, key); ok {
			return []Purpose{p}
		}
	}
	return nil
}

// add brings one half of the claims parameter in; at says which. A purpose that comes with the request
// takes the place of what is registered.
func (r Request) add(asked map[string]asking, requests map[string]*ClaimRequest, at Claim) {
	for name, wish := range requests {
		c, there := asked[name]
		c.Name = name
		c.IDToken = c.IDToken || at.IDToken
		c.UserInfo = c.UserInfo || at.UserInfo
		if wish != nil {
			c.Required = c.Required || wish.Essential
		}
		switch {
		case wish != nil && wish.Purpose != "":
			c.plain = false
			c.Purposes = join(c.Purposes, r.purposeOf(*wish))
		case !there:
			c.plain = true
		}
		asked[name] = c
	}
}

// purposeOf is the purpose that came with a claim. Where it is one that the vendor registered, the
// registered translations are its own.
func (r Request) purposeOf(wish ClaimRequest) Purpose {
	if isIRI(wish.Purpose) {
		return NewPurpose(wish.Purpose, "", nil)
	}
	if len(wish.Local) == 0 {
		for _, name := range slices.Sorted(maps.Keys(r.Purposes)) {
			if p, ok := registered(r.Purposes, name); ok && p.Text == wish.Purpose {
				return p
			}
		}
	}
	return NewPurpose("", wish.Purpose, wish.Local)
}

// addDetails brings the authorization details in: their purposes stand beside all others.
func addDetails(asked map[string]asking, claims []Claim) {
	for _, d := range claims {
		c := asked[d.Name]
		c.Name, c.UserInfo = d.Name, true
		c.Required = c.Required || d.Required
		c.Purposes = join(c.Purposes, d.Purposes...)
		asked[d.Name] = c
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
	b = appendTruths(b, p.Verified, a.Offline, a.Continuous, a.Once, a.Detailed)
	b = binary.BigEndian.AppendUint64(b, uint64(a.Ends))
	b = appendText(b, a.Retention)
	b = appendTexts(b, a.Recipients)
	b = appendTexts(b, a.Terms)
	b = appendCount(b, len(a.Claims))
	for _, c := range a.Claims {
		b = appendText(b, c.Name)
		b = appendTruths(b, c.Required, c.IDToken, c.UserInfo)
		b = appendPurposes(b, c.Purposes)
	}
	if p.EndToEnd() {
		b = appendEncryption(b, p.Encryption)
	}
	if p.Kind != "" { // most have none: their digests are as before there were kinds
		b = appendTexts(b, []string{"kind", string(p.Kind)})
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(appendCount(b, len(s)), s...)
}

func appendTexts(b []byte, list []string) []byte {
	b = appendCount(b, len(list))
	for _, s := range list {
		b = appendText(b, s)
	}
	return b
}

func appendCount(b []byte, n int) []byte { return binary.BigEndian.AppendUint64(b, uint64(n)) }

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
