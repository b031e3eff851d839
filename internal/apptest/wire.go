package apptest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Answer is what the program answered to one request.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Text is a member of the answer's JSON object, as text; empty when there is none.
func (a Answer) Text(name string) string {
	var members map[string]any
	if json.Unmarshal(a.Body, &members) != nil || members[name] == nil {
		return ""
	}
	return fmt.Sprint(members[name])
}

// Code is what programs read of a refusal: a problem's code, an error of OAuth, or nothing.
func (a Answer) Code() string {
	if kind := a.Text("type"); kind != "" {
		return kind[strings.LastIndexByte(kind, '/')+1:]
	}
	return a.Text("error")
}

// Refused fails the test unless the answer is this refusal.
func (a Answer) Refused(t testing.TB, status int, code string) {
	t.Helper()
	if a.Status != status || a.Code() != code {
		t.Errorf("answered %d %s, and not %d %s: %s", a.Status, a.Code(), status, code, tail(string(a.Body)))
	}
}

// Send sends a request as it is, without cookies, and follows nothing.
func (p *Program) Send(t testing.TB, r *http.Request) Answer {
	t.Helper()
	return read(t, p.Transport.RoundTrip, r)
}

// Send sends a request from the customer's browser, with its cookies.
func (c *Customer) Send(t testing.TB, r *http.Request) Answer {
	t.Helper()
	return read(t, c.Browser.Do, r)
}

func read(t testing.TB, send func(*http.Request) (*http.Response, error), r *http.Request) Answer {
	t.Helper()
	answer, err := send(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	return Answer{Status: answer.StatusCode, Header: answer.Header, Body: body}
}

// Request makes a request to a path of the program.
func (p *Program) Request(t testing.TB, method, path string, body io.Reader, contentType string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, p.Issuer+path, body)
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

// The types of bodies.
const (
	JSON = "application/json"
	Form = "application/x-www-form-urlencoded"
)

// Post sends a form to an endpoint as the vendor, which proves itself as it registered: with its
// secret, or, a public one, with its name.
func (p *Program) Post(t testing.TB, path string, v Vendor, form url.Values) Answer {
	t.Helper()
	if v.ClientSecret == "" {
		form = clone(form)
		form.Set("client_id", v.ClientID)
	}
	r := p.Request(t, http.MethodPost, path, strings.NewReader(form.Encode()), Form)
	if v.ClientSecret != "" {
		r.SetBasicAuth(url.QueryEscape(v.ClientID), url.QueryEscape(v.ClientSecret))
	}
	return p.Send(t, r)
}

func clone(form url.Values) url.Values {
	c := url.Values{}
	for name, values := range form {
		c[name] = append([]string(nil), values...)
	}
	return c
}

// Verifier is the PKCE code verifier of the requests that AuthorizeURL makes.
const Verifier = "verifier-of-the-whole-program-0123456789-ABCDEF"

// AuthorizeURL is where the vendor sends the browser. The pairs change parameters of an ordinary
// request, or take them out when their value is empty.
func (p *Program) AuthorizeURL(v Vendor, pairs ...string) string {
	challenge := sha256.Sum256([]byte(Verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {v.ClientID}, "redirect_uri": {v.RedirectURI}, "scope": {"openid email offline_access"},
		"state": {"state-of-the-vendor"}, "nonce": {"nonce-of-the-vendor"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		}
	}
	return p.Issuer + "/oauth/authorize?" + q.Encode()
}

// CodeOf is the code in the address that leads back to the vendor.
func CodeOf(t testing.TB, redirect string) string {
	t.Helper()
	u, err := url.Parse(redirect)
	if err != nil || u.Query().Get("code") == "" {
		t.Fatalf("no code leads back to the vendor: %s", redirect)
	}
	return u.Query().Get("code")
}

// CodeForm is the token request for a code; the pairs change it as in AuthorizeURL.
func CodeForm(v Vendor, code string, pairs ...string) url.Values {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {v.RedirectURI}, "code_verifier": {Verifier},
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			form.Del(pairs[i])
		}
	}
	return form
}

// RefreshForm is the token request for a refresh token.
func RefreshForm(refresh string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}
}

// Tokens is what a vendor holds of a customer.
type Tokens struct{ Access, Refresh, ID string }

// Exchange swaps a code for tokens.
func (p *Program) Exchange(t testing.TB, v Vendor, code string) Tokens {
	t.Helper()
	return tokensOf(t, p.Post(t, "/oauth/token", v, CodeForm(v, code)))
}

// Refresh swaps a refresh token for new tokens.
func (p *Program) Refresh(t testing.TB, v Vendor, refresh string) Tokens {
	t.Helper()
	return tokensOf(t, p.Post(t, "/oauth/token", v, RefreshForm(refresh)))
}

func tokensOf(t testing.TB, a Answer) Tokens {
	t.Helper()
	if a.Status != http.StatusOK {
		t.Fatalf("no tokens: %d %s", a.Status, a.Body)
	}
	return Tokens{Access: a.Text("access_token"), Refresh: a.Text("refresh_token"), ID: a.Text("id_token")}
}

// UserInfo asks for the customer's claims with an access token.
func (p *Program) UserInfo(t testing.TB, access string) Answer {
	t.Helper()
	r := p.Request(t, http.MethodGet, "/oauth/userinfo", nil, "")
	r.Header.Set("Authorization", "Bearer "+access)
	return p.Send(t, r)
}
