package web

import "github.com/meins-id/meins/consent"

// unusual says that vendors of this kind do not usually ask for a claim; empty where they do.
func (l *locale) unusual(party consent.Party, c consent.Claim) string {
	if party.Kind.Asks(c.Name) {
		return ""
	}
	return l.T("kind." + string(party.Kind.OrOther()) + ".unusual")
}
