package demoshop

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"
)

//go:embed page.html
var pageSource string

//go:embed shop.css
var style []byte

var pageTemplate = template.Must(template.New("shop").Parse(pageSource))

// view is what the one page shows.
type view struct {
	Lang     string
	SignedIn bool
	Notice   string // "", stale, declined, failed, refused
	Customer customer
}

// customer is what the provider released, and nothing else: an empty field was not shared.
type customer struct {
	Name, Email, Birthdate string
	Address                []string
	Other                  []string
}

// address has the members of OpenID Connect Core 5.1.1 that a parcel needs.
type address struct {
	Formatted  string `json:"formatted"`
	Street     string `json:"street_address"`
	PostalCode string `json:"postal_code"`
	Locality   string `json:"locality"`
	Region     string `json:"region"`
	Country    string `json:"country"`
}

func (a address) lines() []string {
	var lines []string
	for _, l := range []string{a.Street, strings.TrimSpace(a.PostalCode + " " + a.Locality), a.Region, a.Country} {
		if l != "" {
			lines = append(lines, l)
		}
	}
	if len(lines) == 0 && a.Formatted != "" {
		lines = strings.Split(a.Formatted, "\n")
	}
	return lines
}

// Birthday is the birth date in words; what is none stays as it came.
func (v view) Birthday() string {
	day, err := time.Parse(time.DateOnly, v.Customer.Birthdate)
	if err != nil {
		return v.Customer.Birthdate
	}
	if v.Lang == "de" {
		months := strings.Fields("Januar Februar März April Mai Juni Juli August September Oktober November Dezember")
		return fmt.Sprintf("%d. %s %d", day.Day(), months[day.Month()-1], day.Year())
	}
	return day.Format("2 January 2006")
}

func customerFrom(claims map[string]json.RawMessage) customer {
	var c customer
	text := func(name string) string {
		var s string
		if json.Unmarshal(claims[name], &s) != nil {
			return ""
		}
		return s
	}
	c.Name, c.Email, c.Birthdate = text("name"), text("email"), text("birthdate")
	var a address
	if json.Unmarshal(claims["address"], &a) == nil {
		c.Address = a.lines()
	}
	return c
}

// language picks German or English from the browser's wish.
func language(r *http.Request) string {
	if l := r.FormValue("lang"); l == "de" || l == "en" {
		return l
	}
	if strings.HasPrefix(strings.ToLower(r.Header.Get("Accept-Language")), "de") {
		return "de"
	}
	return "en"
}

func (s *Shop) page(w http.ResponseWriter, r *http.Request, status int, v view) {
	v.Lang = language(r)
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, v); err != nil {
		s.log.Error("render", "err", err)
		http.Error(w, "the shop is closed for a moment", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // the browser may have gone; nobody is left to tell
}

func serveStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(style)
}
