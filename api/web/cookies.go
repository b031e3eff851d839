package web

import (
	"net/http"
	"net/url"
	"time"
)

// The cookies that keep how pages look. They say nothing about who is here.
const (
	languageCookie = "lang"
	themeCookie    = "theme"
	keepChoice     = 365 * 24 * time.Hour
)

// keep sets a cookie for a choice of the customer. Scripts read and set the theme, so it is not
// HttpOnly; neither is a secret.
func (w *Web) keep(out http.ResponseWriter, name, value string) {
	http.SetCookie(out, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(keepChoice / time.Second),
		Secure: w.secure, SameSite: http.SameSiteLaxMode,
	})
}

// theme is the colour scheme that the customer chose; empty is the system's.
func theme(r *http.Request) string {
	c, err := r.Cookie(themeCookie)
	if err != nil || c.Value != "light" && c.Value != "dark" {
		return ""
	}
	return c.Value
}

// switchLanguage answers ?lang= on any page: keeps the choice, and shows the page in it.
func (w *Web) switchLanguage(out http.ResponseWriter, r *http.Request) bool {
	query := r.URL.Query()
	chosen := query.Get("lang")
	if chosen == "" {
		return false
	}
	query.Del("lang")
	if w.locales[chosen] != nil {
		w.keep(out, languageCookie, chosen)
	}
	here := url.URL{Path: r.URL.Path, RawQuery: query.Encode()}
	http.Redirect(out, r, here.String(), http.StatusSeeOther)
	return true
}
