package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/apptest"
)

const callback = "https://kornblume.example/callback"

var ada = map[string]any{"email": "ada@marker.example", "name": "Ada Marker"}

// world is a customer with a consent, and the vendor that has it.
type world struct {
	*description // where a test holds answers to it

	t       testing.TB
	p       *apptest.Program
	ada     *apptest.Customer
	auth    []byte // of ada's passphrase
	vendor  apptest.Vendor
	token   string // the vendor's own
	access  string // of the customer's consent
	program string // a token of a program of the customer's own, for everything
	known   map[string][]any
	seen    map[string]map[string]int // answers, by call
	served  map[string]bool           // whether a call was ever served
}

func newWorld(t testing.TB, p *apptest.Program) *world {
	t.Helper()
	w := &world{t: t, p: p, seen: map[string]map[string]int{}, served: map[string]bool{}, ada: p.SignUp(t, "ada", ada), vendor: p.AddVendor(t, callback)}
	w.token = own(t, p, w.vendor)
	ask := p.AuthorizeURL(w.vendor, "scope", "openid email profile")
	w.access = p.Exchange(t, w.vendor, apptest.CodeOf(t, w.ada.Authorize(t, ask, "email", "name"))).Access
	stream := w.call(t, w.token, "POST", "/ssf/stream", map[string]any{"delivery": map[string]any{"method": "urn:ietf:rfc:8936"}}).Text("stream_id")
	grants, err := w.ada.Grants(t.Context())
	if err != nil || len(grants) == 0 || stream == "" {
		t.Fatalf("no consent or no stream: %v", err)
	}
	flow, _ := w.ada.Open(t, p.AuthorizeURL(w.vendor, "scope", "openid email profile phone", "prompt", "consent"))
	next, err := w.ada.Ask(t.Context(), flow)
	if err != nil {
		t.Fatal(err)
	}
	silent, _ := w.ada.Open(t, p.AuthorizeURL(w.vendor, "scope", "openid phone", "prompt", "none"))
	made := w.made(t, "read:grants", "read:receipts", "read:releases", "withdraw")
	w.program = made.Secret
	later := w.call(t, w.token, "POST", "/vendor/requests", map[string]any{"parameters": w.parameters("openid email"), "grant_id": grants[0].ID}).Text("id")
	w.known = map[string][]any{
		"token": {made.Token.ID}, "RequestID": {later}, "request": {later}, "grant_id": {grants[0].ID}, "scope": {"openid email", "openid nonsense offline_access"},
		"parameters": {w.parameters("openid email"), w.parameters("openid profile")}, "claims": {map[string]any{"userinfo": map[string]any{"email": nil}}},
		"GrantID": {grants[0].ID}, "grant": {grants[0].ID}, "stream": {stream}, "stream_id": {stream}, "StreamID": {stream},
		"FlowToken": {flow, silent}, "Digest": {next.Digest}, "ClaimName": {"email", "name", "phone_number"},
		"persona": {grants[0].Persona}, "revision": {1, 2, 3, 4, 5}, "delivery": {map[string]any{"method": "urn:ietf:rfc:8936"}}, "seq": {1}, "limit": {1, 2, 200},
	}
	return w
}

// parameters are those of an authorization request of the vendor's.
func (w *world) parameters(scope string) map[string]any {
	u, err := url.Parse(w.p.AuthorizeURL(w.vendor, "scope", scope))
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[string]any{}
	for name, values := range u.Query() {
		if name != "client_id" {
			out[name] = values[0]
		}
	}
	return out
}

// made is a token for a program, and what is told of it.
type made struct {
	Token  struct{ ID string }
	Secret string
}

// proof is what proves the customer's passphrase; stretching it takes its time, once.
func (w *world) proof(t testing.TB) []byte {
	t.Helper()
	if w.auth == nil {
		w.auth = w.ada.Proof(t)
	}
	return w.auth
}

// made lets a program of the customer's do some things.
func (w *world) made(t testing.TB, scopes ...string) made {
	t.Helper()
	r := w.asking(t, "", "POST", "/tokens", map[string]any{"current_auth": w.proof(t), "name": "my notes", "scopes": scopes, "expires": time.Now().Add(time.Hour)})
	var out made
	if a := w.ada.Send(t, r); a.Status != http.StatusCreated || json.Unmarshal(a.Body, &out) != nil {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	return out
}

// own is an access token of the vendor's own.
func own(t testing.TB, p *apptest.Program, v apptest.Vendor) string {
	t.Helper()
	a := p.Post(t, "/oauth/token", v, url.Values{"grant_type": {"client_credentials"}})
	if a.Text("access_token") == "" {
		t.Fatalf("no token: %s", a.Body)
	}
	return a.Text("access_token")
}

// call makes a call with a token.
func (w *world) call(t testing.TB, token, method, path string, in any) apptest.Answer {
	t.Helper()
	return w.p.Send(t, w.asking(t, token, method, path, in))
}

func (w *world) asking(t testing.TB, token, method, path string, in any) *http.Request {
	t.Helper()
	var body io.Reader = http.NoBody
	if in != nil {
		r, write := io.Pipe()
		go func() { _ = write.CloseWithError(json.NewEncoder(write).Encode(in)) }()
		body = r
	}
	r := w.p.Request(t, method, "/api/v1"+path, body, apptest.JSON)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

// send sends a request with the cookie of the customer, if it is to have it.
func (w *world) send(r *http.Request, who string) (apptest.Answer, error) {
	do := w.p.Transport.RoundTrip
	if who == "session" || who == "both" {
		do = w.ada.Browser.Do
	}
	a, err := do(r)
	if err != nil {
		return apptest.Answer{}, err
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	return apptest.Answer{Status: a.StatusCode, Header: a.Header, Body: body}, err
}
