package stolen_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// tap writes down all that passes between the program and everybody else.
type tap struct {
	next http.RoundTripper
	mu   sync.Mutex
	seen []exchange
}

// exchange is one request and its answer.
type exchange struct {
	method  string
	address *url.URL
	asked   []byte
	status  int
	header  http.Header
	said    []byte
}

func (x exchange) String() string {
	return fmt.Sprintf("%s %s answered with %d", x.method, x.address.Path, x.status)
}

// RoundTrip implements http.RoundTripper.
func (p *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	x := exchange{method: r.Method, address: r.URL}
	if r.Body != nil {
		asked, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		_ = r.Body.Close() // all is read
		x.asked = asked
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(asked))
	}
	answer, err := p.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	said, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close() // all is read, or never will be
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(said))
	x.status, x.header, x.said = answer.StatusCode, answer.Header.Clone(), said
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, x)
	return answer, nil
}

// all is what has been written down so far.
func (p *tap) all() []exchange {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]exchange(nil), p.seen...)
}

// Kinds of secrets that travel.
const (
	aCode    = "code"
	aCookie  = "session's cookie"
	aShare   = "session's share"
	aProof   = "proof of a secret"
	aGrant   = "grant key"
	anAccess = "access token"
	aRefresh = "refresh token"
	anID     = "ID token"
)

// members of JSON bodies, asked or answered, that are secrets.
var members = map[string]string{
	"auth": aProof, "current_auth": aProof, "grant_key": aGrant, "share": aShare,
	"access_token": anAccess, "refresh_token": aRefresh, "id_token": anID,
}

// secrets takes every secret that travelled into the markers, so that one that is issued where
// nobody thinks of it is looked for too.
func (p *tap) secrets(t *testing.T, m *markers) {
	t.Helper()
	for _, x := range p.all() {
		for _, body := range [][]byte{x.asked, x.said} {
			var object any
			if json.Unmarshal(body, &object) == nil {
				m.carried(t, object)
			}
		}
		m.codeIn(t, x.header.Get("Location"))
		answer := http.Response{Header: x.header}
		for _, k := range answer.Cookies() {
			if strings.HasSuffix(k.Name, "meins_session") && k.Value != "" {
				m.blob(t, aCookie, k.Value)
			}
		}
	}
	for _, kind := range []string{aCode, aCookie, aShare, aProof, aGrant, anAccess, aRefresh, anID} {
		if m.count(kind) < 2 {
			t.Fatalf("%d times a %s travelled: have the names changed?", m.count(kind), kind)
		}
	}
}

// carried takes in the secrets inside a JSON body.
func (m *markers) carried(t *testing.T, object any) {
	t.Helper()
	switch v := object.(type) {
	case []any:
		for _, inner := range v {
			m.carried(t, inner)
		}
	case map[string]any:
		for name, inner := range v {
			text, isText := inner.(string)
			switch kind := members[name]; {
			case isText && kind != "":
				m.blob(t, kind, text)
			case isText && name == "redirect":
				m.codeIn(t, text)
			default:
				m.carried(t, inner)
			}
		}
	}
}

// blob takes in a secret that is written in base64, and the bytes that it stands for. Of a token the
// parts between its dots count each: what stands before the first is a key's name or a header.
func (m *markers) blob(t *testing.T, kind, text string) {
	t.Helper()
	m.text(t, kind, text)
	parts := strings.Split(text, ".")
	if len(parts) > 1 {
		parts = parts[1:]
	}
	for _, part := range parts {
		raw, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			raw, err = base64.StdEncoding.DecodeString(part)
		}
		if err != nil {
			t.Fatalf("a %s is not base64", kind)
		}
		m.add(t, kind, raw)
	}
}

// codeIn takes in the code in an address that leads back to a vendor.
func (m *markers) codeIn(t *testing.T, address string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatalf("the program answers with an address that is none: %q", address)
	}
	if code := u.Query().Get("code"); code != "" {
		m.blob(t, aCode, code)
	}
}
