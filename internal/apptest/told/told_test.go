package told_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/meins-id/meins/internal/apptest"
	"github.com/meins-id/meins/internal/id"
)

func TestMain(m *testing.M) { apptest.Main(m) }

const callback = "https://kornblume.example/callback"

// vendor calls the API with an access token of its own.
type vendor struct {
	apptest.Vendor
	program *apptest.Program
	token   string
}

func hired(t *testing.T, p *apptest.Program) *vendor {
	t.Helper()
	v := &vendor{Vendor: p.AddVendor(t, callback), program: p}
	answer := p.Post(t, "/oauth/token", v.Vendor, url.Values{"grant_type": {"client_credentials"}})
	if v.token = answer.Text("access_token"); v.token == "" {
		t.Fatalf("no token: %s", answer.Body)
	}
	return v
}

func (v *vendor) call(t *testing.T, method, path string, in any) apptest.Answer {
	t.Helper()
	var body io.Reader = http.NoBody
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.NewReader(b)
	}
	r := v.program.Request(t, method, "/api/v1"+path, body, apptest.JSON)
	r.Header.Set("Authorization", "Bearer "+v.token)
	return v.program.Send(t, r)
}

// stream begins to listen.
func (v *vendor) stream(t *testing.T, delivery map[string]any) string {
	t.Helper()
	answer := v.call(t, "POST", "/ssf/stream", map[string]any{"delivery": delivery})
	if answer.Status != http.StatusCreated {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	return answer.Text("stream_id")
}

// event is what a vendor reads in a token.
type event struct {
	ID       string                    `json:"jti"`
	Issuer   string                    `json:"iss"`
	Audience string                    `json:"aud"`
	Subject  map[string]string         `json:"sub_id"`
	Events   map[string]map[string]any `json:"events"`
}

// opened checks a token with the keys that the provider publishes.
func opened(t *testing.T, p *apptest.Program, text string) event {
	t.Helper()
	var metadata struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := json.Unmarshal([]byte(p.Get(t, p.Issuer+"/.well-known/ssf-configuration")), &metadata); err != nil {
		t.Fatal(err)
	}
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(p.Get(t, metadata.Keys)), &keys); err != nil {
		t.Fatal(err)
	}
	signed, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	var e event
	if err := signed.Claims(keys, &e); err != nil {
		t.Fatal(err)
	}
	if e.Issuer != metadata.Issuer || e.Issuer != p.Issuer {
		t.Errorf("from %s", e.Issuer)
	}
	return e
}

// kind is the last part of the event's type.
func (e event) kind() string {
	for uri := range e.Events {
		return uri[strings.LastIndexByte(uri, '/')+1:]
	}
	return ""
}

func (e event) claims() []string {
	var names []string
	for _, payload := range e.Events {
		list, _ := payload["claims"].([]any)
		for _, name := range list {
			names = append(names, name.(string))
		}
	}
	return names
}

var ada = map[string]any{"email": "ada@marker.example", "name": "Ada Marker"}

func approve(t *testing.T, c *apptest.Customer, p *apptest.Program, v apptest.Vendor) apptest.Tokens {
	t.Helper()
	return p.Exchange(t, v, apptest.CodeOf(t, c.Authorize(t, p.AuthorizeURL(v, "scope", "openid email profile"), "email", "name")))
}

func grantOf(t *testing.T, c *apptest.Customer) id.Grant {
	t.Helper()
	grants, err := c.Grants(t.Context())
	if err != nil || len(grants) == 0 {
		t.Fatalf("no grant: %v", err)
	}
	return id.Grant(grants[0].ID)
}

func TestVendor_hearsOfConsentAndItsEnd_withoutAValue(t *testing.T) {
	p := apptest.Start(t)
	v, c := hired(t, p), p.SignUp(t, "ada", ada)
	stream := v.stream(t, map[string]any{"method": "urn:ietf:rfc:8936"})
	tokens := approve(t, c, p, v.Vendor)
	grant := grantOf(t, c)
	c.Fill(t, map[string]any{"email": "other@marker.example"})
	c.Fill(t, map[string]any{"birthdate": "1984-02-29"}) // not the vendor's
	if _, err := c.Withdraw(t.Context(), grant); err != nil {
		t.Fatal(err)
	}

	answer := v.call(t, "POST", "/ssf/poll/"+stream, map[string]any{"returnImmediately": true})
	var got struct {
		Sets map[string]string `json:"sets"`
		More bool              `json:"moreAvailable"`
	}
	if err := json.Unmarshal(answer.Body, &got); err != nil || answer.Status != http.StatusOK {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	sub := subjectOf(t, tokens.ID)
	heard := map[string][]string{}
	for name, text := range got.Sets {
		e := opened(t, p, text)
		if e.ID != name || e.Audience != v.ClientID || e.Subject["sub"] != sub || e.Subject["format"] != "iss_sub" {
			t.Errorf("%+v", e)
		}
		if strings.Contains(decoded(t, text), "marker") {
			t.Errorf("a value is told: %s", decoded(t, text))
		}
		heard[e.kind()] = e.claims()
	}
	if len(heard) != 3 || !slices.Equal(heard["claims-changed"], []string{"email"}) || heard["grant-created"] == nil || heard["grant-withdrawn"] == nil {
		t.Errorf("heard %v", heard)
	}
	told := c.Send(t, p.Request(t, "GET", "/api/v1/grants/"+string(grant)+"/told", nil, ""))
	if n := strings.Count(string(told.Body), `"event"`); n != 3 || strings.Contains(string(told.Body), "acknowledged") {
		t.Errorf("the customer sees %s", told.Body)
	}
	v.call(t, "POST", "/ssf/poll/"+stream, map[string]any{"returnImmediately": true, "maxEvents": 0, "ack": keysOf(got.Sets)})
	told = c.Send(t, p.Request(t, "GET", "/api/v1/grants/"+string(grant)+"/told", nil, ""))
	if n := strings.Count(string(told.Body), `"acknowledged"`); n != 3 {
		t.Errorf("the customer sees %s", told.Body)
	}
}

func TestVendor_isPushedTo_andItsSecretIsNeverShown(t *testing.T) {
	p := apptest.Start(t)
	pushed := make(chan *http.Request, 10)
	texts := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		pushed <- r
		texts <- string(body)
		w.WriteHeader(http.StatusAccepted)
	}))
	defer receiver.Close()
	v := hired(t, p)
	const secret = "Bearer marker-of-the-receiver"
	stream := v.stream(t, map[string]any{"method": "urn:ietf:rfc:8935", "endpoint_url": receiver.URL, "authorization_header": secret})
	if answer := v.call(t, "POST", "/ssf/verify", map[string]any{"stream_id": stream, "state": "hello"}); answer.Status != http.StatusNoContent {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	select {
	case r := <-pushed:
		e := opened(t, p, <-texts)
		if e.kind() != "verification" || r.Header.Get("Authorization") != secret || e.Subject["id"] != stream {
			t.Errorf("%+v with %v", e, r.Header)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nothing is pushed")
	}
	for _, answer := range []apptest.Answer{
		v.call(t, "GET", "/ssf/stream?stream_id="+stream, nil), v.call(t, "GET", "/ssf/stream", nil), v.call(t, "GET", "/ssf/status?stream_id="+stream, nil),
	} {
		if answer.Status != http.StatusOK || strings.Contains(string(answer.Body), "marker") {
			t.Errorf("%d %s", answer.Status, answer.Body)
		}
	}
	if strings.Contains(p.Log(), "marker") {
		t.Error("the log shows the receiver's secret")
	}
	p.Do(t, "vendor", "remove", v.ClientID)
	v.call(t, "GET", "/ssf/stream", nil).Refused(t, http.StatusUnauthorized, "vendor-token")
}

func TestStream_ofNobody_isRefused(t *testing.T) {
	p := apptest.Start(t)
	v, c := hired(t, p), p.SignUp(t, "ada", ada)
	stream := v.stream(t, map[string]any{"method": "urn:ietf:rfc:8936"})
	tokens := approve(t, c, p, v.Vendor)
	for name, token := range map[string]string{"none": "", "rubbish": "x", "a customer's": tokens.Access, "a refresh token": tokens.Refresh} {
		stranger := &vendor{Vendor: v.Vendor, program: p, token: token}
		stranger.call(t, "GET", "/ssf/stream", nil).Refused(t, http.StatusUnauthorized, "vendor-token")
		if stranger.call(t, "POST", "/ssf/poll/"+stream, map[string]any{}).Status != http.StatusUnauthorized {
			t.Errorf("%s polls", name)
		}
	}
	other := hired(t, p)
	other.call(t, "GET", "/ssf/stream?stream_id="+stream, nil).Refused(t, http.StatusNotFound, "stream-unknown")
	other.call(t, "POST", "/ssf/poll/"+stream, map[string]any{"returnImmediately": true}).Refused(t, http.StatusNotFound, "stream-unknown")
	if answer := other.call(t, "GET", "/ssf/stream", nil); strings.TrimSpace(string(answer.Body)) != "[]" {
		t.Errorf("%s", answer.Body)
	}
	for _, delivery := range []map[string]any{
		{"method": "urn:ietf:rfc:8935", "endpoint_url": "http://169.254.169.254/latest"},
		{"method": "urn:ietf:rfc:8935", "endpoint_url": "file:///etc/passwd"},
		{"method": "urn:ietf:rfc:8935"},
	} {
		other.call(t, "POST", "/ssf/stream", map[string]any{"delivery": delivery}).Refused(t, http.StatusBadRequest, "stream-endpoint")
	}
	v.call(t, "POST", "/ssf/stream", map[string]any{"delivery": map[string]any{"method": "urn:ietf:rfc:8936"}}).Refused(t, http.StatusConflict, "stream-exists")
	v.call(t, "PATCH", "/ssf/stream", map[string]any{"stream_id": stream, "iss": "https://evil.example"}).Refused(t, http.StatusBadRequest, "stream-invalid")
}

func TestReceipt_inEveryForm_isTheCustomersToKeep(t *testing.T) {
	p := apptest.Start(t)
	v, c := p.AddVendor(t, callback), p.SignUp(t, "ada", ada)
	tokens := approve(t, c, p, v)
	get := func(who *apptest.Customer, accept string) apptest.Answer {
		r := p.Request(t, "GET", "/api/v1/receipts/1", nil, "")
		if accept != "" {
			r.Header.Set("Accept", accept)
		}
		return who.Send(t, r)
	}
	for accept, form := range map[string]string{
		"": "application/jwt", "*/*": "application/jwt", "application/json": "application/json",
		"text/html, application/ld+json;q=0.9": "application/ld+json", "application/vnd.kantara.cr+json": "application/vnd.kantara.cr+json",
	} {
		answer := get(c, accept)
		if answer.Status != http.StatusOK || answer.Header.Get("Content-Type") != form || !strings.HasPrefix(answer.Header.Get("Content-Disposition"), "attachment;") {
			t.Errorf("%q: %d %v", accept, answer.Status, answer.Header)
		}
		text := string(answer.Body)
		if form == "application/jwt" {
			text = decoded(t, text)
		}
		if !strings.Contains(text, "email") || !strings.Contains(text, subjectOf(t, tokens.ID)) || strings.Contains(text, "marker") {
			t.Errorf("%q: %s", accept, text)
		}
	}
	get(c, "text/html").Refused(t, http.StatusBadRequest, "receipt-form")
	get(p.SignUp(t, "bob", ada), "").Refused(t, http.StatusNotFound, "receipt-unknown")
	get(p.Customer(t), "").Refused(t, http.StatusUnauthorized, "no-session")
}

func TestReceipt_isCheckedByTheCommandLine_alsoAfterTheKeysRotated(t *testing.T) {
	p := apptest.Start(t)
	v, c := p.AddVendor(t, callback), p.SignUp(t, "ada", ada)
	approve(t, c, p, v)
	receipt := c.Send(t, p.Request(t, "GET", "/api/v1/receipts/1", nil, "")).Body
	p.Do(t, "keys", "rotate")
	dir := t.TempDir()
	file, keys, altered := filepath.Join(dir, "receipt.jwt"), filepath.Join(dir, "keys.json"), filepath.Join(dir, "altered.jwt")
	write(t, file, receipt)
	write(t, keys, []byte(p.Get(t, p.Issuer+"/api/v1/receipts/keys")))
	for _, args := range [][]string{{"--keys", keys}, {"--issuer", p.Issuer}, {"--keys", keys, "--issuer", p.Issuer}} {
		out := apptest.Run(t, append([]string{"receipt", "verify", file}, args...)...)
		if !strings.Contains(out, "good, signed by "+p.Issuer) || !strings.Contains(out, "email") {
			t.Errorf("%v: %s", args, out)
		}
	}
	parts := strings.Split(string(receipt), ".")
	write(t, altered, []byte(parts[0]+"."+parts[1][:40]+"A"+parts[1][41:]+"."+parts[2]))
	for name, args := range map[string][]string{
		"altered": {altered, "--keys", keys}, "of another provider": {file, "--keys", keys, "--issuer", "https://id.example"},
	} {
		if says := apptest.RunRefused(t, append([]string{"receipt", "verify"}, args...)...); !strings.Contains(says, "receipt is not good") {
			t.Errorf("%s: %s", name, says)
		}
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func keysOf(m map[string]string) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	return all
}

// decoded is what a token says, without looking at its signature.
func decoded(t *testing.T, text string) string {
	t.Helper()
	signed, err := jose.ParseSigned(text, []jose.SignatureAlgorithm{jose.RS256, jose.EdDSA})
	if err != nil {
		t.Fatal(err)
	}
	return string(signed.UnsafePayloadWithoutVerification())
}

func subjectOf(t *testing.T, idToken string) string {
	t.Helper()
	var claims struct {
		Subject string `json:"sub"`
	}
	if err := json.Unmarshal([]byte(decoded(t, idToken)), &claims); err != nil {
		t.Fatal(err)
	}
	return claims.Subject
}
