package identity

import (
	"slices"
	"strings"
)

// Redirects says whether customers may be sent to an address: one that is registered, letter by letter.
// An app on the customer's own machine takes the port that is free, so that of a public vendor's loopback
// address any will do (RFC 8252, 7.3). It must be an address in numbers: a name could lead elsewhere.
func (v Vendor) Redirects(address string) bool {
	if slices.Contains(v.RedirectURIs, address) {
		return true
	}
	if !v.Public {
		return false
	}
	rest, ok := portless(address)
	return ok && slices.ContainsFunc(v.RedirectURIs, func(registered string) bool {
		own, good := portless(registered)
		return good && own == rest
	})
}

// portless takes the port off a loopback address, and refuses whatever else comes before the path: a
// browser must not read another host there than we do.
func portless(address string) (string, bool) {
	for _, host := range [...]string{"http://127.0.0.1", "http://[::1]"} {
		rest, ok := strings.CutPrefix(address, host)
		if !ok {
			continue
		}
		if port, has := strings.CutPrefix(rest, ":"); has {
			rest = strings.TrimLeft(port, "0123456789")
			if !isPort(port[:len(port)-len(rest)]) {
				return "", false
			}
		}
		return host + rest, rest == "" || rest[0] == '/' || rest[0] == '?'
	}
	return "", false
}

// isPort accepts a number that a port can have, in its one spelling.
func isPort(s string) bool {
	if s == "" || len(s) > 5 || s[0] == '0' {
		return false
	}
	return len(s) < 5 || s <= "65535"
}
