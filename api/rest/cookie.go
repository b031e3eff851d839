package rest

import (
	"net/http"
	"time"
)

// Cookie is the session's cookie, and beside it the one with the browser's state. Over https their names
// start with __Host-, so that no other host, path or plain connection can set them (RFC 6265bis 4.1.3.2).
type Cookie struct {
	Secure bool // the issuer is https
}

const (
	cookieName = "meins_session"
	stateName  = "meins_state"
)

func (c Cookie) name() string { return c.prefix() + cookieName }

// StateName is the name of the cookie with the browser's state.
func (c Cookie) StateName() string { return c.prefix() + stateName }

func (c Cookie) prefix() string {
	if c.Secure {
		return "__Host-"
	}
	return ""
}

// Read gives the token that the browser sent, or "".
func (c Cookie) Read(r *http.Request) string {
	k, err := r.Cookie(c.name())
	if err != nil {
		return ""
	}
	return k.Value
}

// Set hands the token to the browser until it expires, and the state that belongs to it.
func (c Cookie) Set(w http.ResponseWriter, token, state string, expires time.Time) {
	k := c.base()
	k.Value, k.Expires = token, expires
	http.SetCookie(w, k)
	k = c.state()
	k.Value, k.Expires = state, expires
	http.SetCookie(w, k)
}

// Restate hands the state to a browser that has another or none, and so would tell every vendor at once that
// the customer has gone.
func (c Cookie) Restate(w http.ResponseWriter, r *http.Request, state string, expires time.Time) {
	if k, err := r.Cookie(c.StateName()); err == nil && k.Value == state {
		return
	}
	k := c.state()
	k.Value, k.Expires = state, expires
	http.SetCookie(w, k)
}

// Clear takes both back.
func (c Cookie) Clear(w http.ResponseWriter) {
	for _, k := range []*http.Cookie{c.base(), c.state()} {
		k.MaxAge = -1
		http.SetCookie(w, k)
	}
}

func (c Cookie) base() *http.Cookie {
	return &http.Cookie{Name: c.name(), Path: "/", HttpOnly: true, Secure: c.Secure, SameSite: http.SameSiteLaxMode}
}

// state is read by the script of a frame that stands in vendors' pages (OpenID Connect Session Management
// 1.0): so scripts may read it, and browsers may give it to frames on other sites, which they do with
// Secure alone. On loopback they take that without https. It is no secret, and proves nothing.
func (c Cookie) state() *http.Cookie {
	return &http.Cookie{Name: c.StateName(), Path: "/", Secure: true, SameSite: http.SameSiteNoneMode}
}
