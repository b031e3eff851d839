package rest

import (
	"net/http"
	"time"
)

// Cookie is the session's cookie. Over https its name starts with __Host-, so that no other host,
// path or plain connection can set it (RFC 6265bis 4.1.3.2).
type Cookie struct {
	Secure bool // the issuer is https
}

const cookieName = "meins_session"

func (c Cookie) name() string {
	if c.Secure {
		return "__Host-" + cookieName
	}
	return cookieName
}

// Read gives the token that the browser sent, or "".
func (c Cookie) Read(r *http.Request) string {
	k, err := r.Cookie(c.name())
	if err != nil {
		return ""
	}
	return k.Value
}

// Set hands the token to the browser until it expires.
func (c Cookie) Set(w http.ResponseWriter, token string, expires time.Time) {
	k := c.base()
	k.Value, k.Expires = token, expires
	http.SetCookie(w, k)
}

// Clear takes the token back.
func (c Cookie) Clear(w http.ResponseWriter) {
	k := c.base()
	k.MaxAge = -1
	http.SetCookie(w, k)
}

func (c Cookie) base() *http.Cookie {
	return &http.Cookie{Name: c.name(), Path: "/", HttpOnly: true, Secure: c.Secure, SameSite: http.SameSiteLaxMode}
}
