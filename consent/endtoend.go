package consent

// The ways in which a vendor gets at the claims of a grant.
const (
	// ModeDirect is the way in which the grant key travels in the vendor's tokens, and the values are open in
	// the server's memory for the one answer.
	ModeDirect = "direct"
	// ModeEndToEnd is the way in which the customer's agent makes the answer for the vendor's own key, and the
	// server passes it on unread.
	ModeEndToEnd = "end-to-end"
)

// Encryption is the vendor's key that answers are made for, and in which form. It is part of what the
// customer reviews, and of what a grant pins. The zero Encryption is direct release.
type Encryption struct {
	Key        string `json:"jwk"`        // public, as vault/seal spells it
	Thumbprint string `json:"thumbprint"` // RFC 7638, SHA-256
	Alg        string `json:"alg"`
	Nested     bool   `json:"nested,omitempty"` // a JWT inside, where the vendor registered "none"
}

// EndToEnd says that this vendor's answers are made for a key of its own.
func (p Party) EndToEnd() bool { return p.Encryption != (Encryption{}) }

// Mode is the way of release for this vendor.
func (p Party) Mode() string {
	if p.EndToEnd() {
		return ModeEndToEnd
	}
	return ModeDirect
}

// EndToEnd says that the server cannot read what it passes on under the grant. What it does not know is
// not direct.
func (g Grant) EndToEnd() bool { return g.Mode != ModeDirect }

// whole says that all claims of the grant are among the names. A message for the vendor's key cannot be
// cut: it leaves whole or not at all.
func (g *Grant) whole(names []string) bool { return len(missing(Names(g.Claims), names)) == 0 }

// partly says that an ask, for less than the grant gives, would need a message of its own. Who asks for
// nothing but the login reads nothing, and needs none.
func (g *Grant) partly(names []string) bool {
	return g.Mode != ModeDirect && len(names) > 0 && !g.whole(names)
}

// passable says whether a read of these claims can be answered with the message of an end-to-end grant:
// what the ID token says, the server would have to read.
func (g *Grant) passable(kind Kind, names []string) bool {
	return g.Mode == ModeDirect || kind == KindUserInfo && g.whole(names)
}

// all brings every claim to UserInfo: the one place where what the server cannot read can be asked for.
func (a *Ask) all() {
	for i := range a.Claims {
		a.Claims[i].IDToken, a.Claims[i].UserInfo = false, true
	}
}

func appendEncryption(b []byte, e Encryption) []byte {
	b = appendText(appendText(appendText(b, e.Key), e.Thumbprint), e.Alg)
	return appendTruths(b, e.Nested)
}
