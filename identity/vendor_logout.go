package identity

import (
	"net/url"
	"strings"
)

// Farewells are where a vendor wants to hear that a session has ended, under the names of the
// registered client metadata (OpenID Connect Back-Channel Logout 1.0, 2.2, and Front-Channel Logout
// 1.0, 2). Whether the vendor demands to be told which session it was changes nothing: it always is.
type Farewells struct {
	BackLogout         string `json:"backchannel_logout_uri,omitempty"`
	BackLogoutSession  bool   `json:"backchannel_logout_session_required,omitempty"`
	FrontLogout        string `json:"frontchannel_logout_uri,omitempty"`
	FrontLogoutSession bool   `json:"frontchannel_logout_session_required,omitempty"`
}

// IsZero says that the vendor wants to hear nothing.
func (f Farewells) IsZero() bool { return f == Farewells{} }

// checkFarewells wants addresses that can be called, and of the one that browsers load, that it is
// where the vendor's sign-ins end (Front-Channel Logout 1.0, 2), in letters that a policy can name.
func (v Vendor) checkFarewells(m *mistakes) {
	f := v.Protocol.Farewells
	for _, address := range [...]string{f.BackLogout, f.FrontLogout} {
		m.add(address != "" && (!isPage(address) || strings.Contains(address, "#")), "logout address %q: needs an https address without a fragment", address)
	}
	m.add(f.BackLogoutSession && f.BackLogout == "", "back-channel logout: demands a session, and has no address")
	m.add(f.FrontLogoutSession && f.FrontLogout == "", "front-channel logout: demands a session, and has no address")
	m.add(f.FrontLogout != "" && !v.endsAt(f.FrontLogout), "front-channel logout address %q: needs the scheme, host and port of a redirect address", f.FrontLogout)
	m.add(strings.ContainsAny(f.FrontLogout, `;,'"`), "front-channel logout address %q: must have no ; , or quotes", f.FrontLogout)
}

// endsAt says whether a sign-in can end at the origin of an address.
func (v Vendor) endsAt(address string) bool {
	want, err := url.Parse(address)
	if err != nil {
		return false
	}
	for _, r := range v.RedirectURIs {
		if u, err := url.Parse(r); err == nil && u.Scheme == want.Scheme && u.Host == want.Host {
			return true
		}
	}
	return false
}
