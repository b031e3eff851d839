package conformance_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/meins-id/meins/internal/apptest"
)

// rp is the suite's relying party: one client at the provider.
type rp struct {
	*op
	id, secret string
	method     string // of client authentication
	mode       string // of the response; empty is the default
	redirect   string
	keys       *keys
	token, uri string // of a registration, where there is one
	registered apptest.Answer
	second     *rp // another client of the same party
	post       *rp // one that proves itself by client_secret_post
}

// keys is the key pair of a relying party, with a name or without.
type keys struct {
	private *rsa.PrivateKey
	name    string
}

func newKeys(t *testing.T, name string) *keys {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return &keys{k, name}
}

// public is the set that the relying party publishes.
func (k *keys) public() jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &k.private.PublicKey, KeyID: k.name, Use: "sig", Algorithm: "RS256"}}}
}

// signs makes a signed token of these claims.
func (k *keys) signs(t *testing.T, claims any) string {
	t.Helper()
	options := &jose.SignerOptions{}
	if k.name != "" {
		options = options.WithHeader("kid", k.name)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: k.private}, options)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// login is what one login gave the relying party.
type login struct {
	sent     url.Values
	received url.Values
	code     string
	answer   apptest.Answer // of the token endpoint
	access   string
	refresh  string
	id       string
	claims   map[string]any // of the ID token
	userinfo map[string]any
}

// authTime is when the person proved who they are, in seconds.
func (l login) authTime() int64 {
	n, _ := l.claims["auth_time"].(float64)
	return int64(n)
}

// request is an authorization request as every module begins it: no PKCE, and scope openid alone. The
// pairs change it; an empty value takes a parameter out.
func (c *rp) request(pairs ...string) url.Values {
	q := url.Values{
		"client_id": {c.id}, "redirect_uri": {c.redirect}, "scope": {"openid"}, "response_type": {"code"},
		"state": {rand.Text()}, "nonce": {rand.Text()},
	}
	if c.mode != "" {
		q.Set("response_mode", c.mode)
	}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		}
	}
	return q
}

func (c *rp) authorize(t *testing.T, q url.Values) *http.Request {
	t.Helper()
	return c.Request(t, http.MethodGet, "/oauth/authorize?"+q.Encode(), nil, "")
}

// login sends the person to the provider and goes the whole way, with every check that all modules make.
func (c *rp) login(t *testing.T, pairs ...string) login {
	t.Helper()
	l := c.begin(t, pairs...)
	c.redeem(t, &l)
	c.wantIDToken(t, l)
	l.userinfo = c.wantUserInfo(t, c.bearer(t, http.MethodGet, l.access))
	if l.userinfo["sub"] != l.claims["sub"] {
		t.Errorf("UserInfo is about %v, and not %v", l.userinfo["sub"], l.claims["sub"])
	}
	return l
}

// begin is the first half: up to the code.
func (c *rp) begin(t *testing.T, pairs ...string) login {
	t.Helper()
	q := c.request(pairs...)
	return c.accepted(t, q, c.opens(t, c.authorize(t, q)))
}

// accepted checks an answer that holds a code.
func (c *rp) accepted(t *testing.T, sent, received url.Values) login {
	t.Helper()
	c.wantAnswer(t, sent, received)
	for name := range received {
		if !slices.Contains([]string{"at", "posted", "code", "state", "iss", "session_state", "dummy1", "dummy2"}, name) {
			t.Errorf("the answer says %s: %v", name, received)
		}
	}
	if received.Get("code") == "" {
		t.Fatalf("no code: %v", received)
	}
	return login{sent: sent, received: received, code: received.Get("code")}
}

// wantAnswer checks what is the same in good answers and bad ones.
func (c *rp) wantAnswer(t *testing.T, sent, received url.Values) {
	t.Helper()
	at, _, _ := strings.Cut(c.redirect, "?")
	if received.Get("at") != at || received.Get("iss") != c.Issuer || received.Get("state") != sent.Get("state") {
		t.Errorf("answered %v to %v", received, sent)
	}
	if (received.Get("posted") != "") != (c.mode == "form_post") {
		t.Errorf("answered %v in another response mode", received)
	}
}

// refused checks an answer with one of these errors (Core 3.1.2.6).
func (c *rp) refused(t *testing.T, sent, received url.Values, codes ...string) {
	t.Helper()
	c.wantAnswer(t, sent, received)
	if !slices.Contains(codes, received.Get("error")) || received.Has("code") {
		t.Errorf("%v, and not one of %v", received, codes)
	}
	for name := range received {
		if !slices.Contains([]string{"at", "posted", "error", "error_description", "error_uri", "state", "iss", "session_state"}, name) {
			t.Errorf("the error says %s", name)
		}
	}
	if strings.ContainsAny(received.Get("error_description"), "\r\n\t\"\\") {
		t.Errorf("error_description has what it may not have: %q", received.Get("error_description"))
	}
}

// proves makes a token request that proves who the relying party is.
func (c *rp) proves(t *testing.T, form url.Values, changed ...map[string]any) *http.Request {
	t.Helper()
	switch c.method {
	case "client_secret_post":
		form.Set("client_id", c.id)
		form.Set("client_secret", c.secret)
	case "private_key_jwt":
		now := time.Now()
		claims := map[string]any{
			"iss": c.id, "sub": c.id, "aud": c.Issuer + "/oauth/token", "jti": rand.Text(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		}
		for _, one := range changed {
			for name, value := range one {
				claims[name] = value
			}
		}
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", c.keys.signs(t, claims))
	}
	r := c.Request(t, http.MethodPost, "/oauth/token", strings.NewReader(form.Encode()), apptest.Form+";charset=UTF-8")
	r.Header.Set("Accept", apptest.JSON)
	r.Header.Set("Accept-Charset", "utf-8")
	if c.method == "client_secret_basic" {
		r.SetBasicAuth(url.QueryEscape(c.id), url.QueryEscape(c.secret))
	}
	return r
}

func (c *rp) codeForm(code string, pairs ...string) url.Values {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {c.redirect}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

// redeem swaps the code for tokens.
func (c *rp) redeem(t *testing.T, l *login, pairs ...string) {
	t.Helper()
	c.wantTokens(t, l, c.Send(t, c.proves(t, c.codeForm(l.code, pairs...))))
}

// wantTokens checks an answer of the token endpoint (Core 3.1.3.3, RFC 6749 5.1).
func (c *rp) wantTokens(t *testing.T, l *login, a apptest.Answer) {
	t.Helper()
	var said struct {
		Access  string `json:"access_token"`
		Type    string `json:"token_type"`
		Expires int    `json:"expires_in"`
		Refresh string `json:"refresh_token"`
		ID      string `json:"id_token"`
	}
	if err := json.Unmarshal(a.Body, &said); err != nil || a.Status != http.StatusOK {
		t.Fatalf("no tokens: %d %s", a.Status, a.Body)
	}
	wantJSON(t, a)
	if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Pragma") != "no-cache" {
		t.Errorf("the tokens may be kept by caches: %v", a.Header)
	}
	if !strings.EqualFold(said.Type, "Bearer") || said.Expires <= 0 || len(said.Access) < 32 || said.ID == "" {
		t.Errorf("token answer %s", a.Body)
	}
	l.answer, l.access, l.refresh, l.id = a, said.Access, said.Refresh, said.ID
	l.claims = c.opened(t, said.ID)
}

func wantJSON(t *testing.T, a apptest.Answer) {
	t.Helper()
	if kind, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";"); kind != apptest.JSON {
		t.Errorf("answered as %s", a.Header.Get("Content-Type"))
	}
}

// opened checks a token with the published key that it names, and gives its claims.
func (c *rp) opened(t *testing.T, text string) map[string]any {
	t.Helper()
	signed, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatalf("not signed with RS256: %v", err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(c.Get(t, c.Issuer+"/oauth/keys")), &set); err != nil {
		t.Fatal(err)
	}
	named := set.Key(signed.Headers[0].KeyID)
	if len(named) != 1 {
		t.Fatalf("%d keys are called %q", len(named), signed.Headers[0].KeyID)
	}
	claims := map[string]any{}
	if err := signed.Claims(named[0].Key, &claims); err != nil {
		t.Fatalf("the key that it names did not sign it: %v", err)
	}
	return claims
}

// wantIDToken checks an ID token (Core 3.1.3.7).
func (c *rp) wantIDToken(t *testing.T, l login) {
	t.Helper()
	now := float64(time.Now().Unix())
	subject, _ := l.claims["sub"].(string)
	issued, _ := l.claims["iat"].(float64)
	expires, _ := l.claims["exp"].(float64)
	if l.claims["iss"] != c.Issuer || l.claims["aud"] != c.id || subject == "" || len(subject) > 255 || issued < now-300 || issued > now+300 || expires <= now {
		t.Errorf("ID token %v", l.claims)
	}
	if nonce, _ := l.claims["nonce"].(string); nonce != l.sent.Get("nonce") {
		t.Errorf("nonce %q", nonce)
	}
	if acr, there := l.claims["acr"]; there {
		if _, text := acr.(string); !text {
			t.Errorf("acr %v", acr)
		}
	}
}

// bearer asks for the person's claims with the token in the header.
func (c *rp) bearer(t *testing.T, method, access string) *http.Request {
	t.Helper()
	r := c.Request(t, method, "/oauth/userinfo", nil, "")
	r.Header.Set("Authorization", "Bearer "+access)
	r.Header.Set("Accept", apptest.JSON) // of a signed answer too
	return r
}

// wantUserInfo checks an answer of the UserInfo endpoint, and the types of the standard's claims
// (Core 5.1, 5.3.2).
func (c *rp) wantUserInfo(t *testing.T, r *http.Request) map[string]any {
	t.Helper()
	a := c.Send(t, r)
	claims := map[string]any{}
	if a.Status != http.StatusOK || json.Unmarshal(a.Body, &claims) != nil {
		t.Fatalf("UserInfo: %d %s", a.Status, a.Body)
	}
	wantJSON(t, a)
	wantClaims(t, claims)
	return claims
}

func wantClaims(t *testing.T, claims map[string]any) {
	t.Helper()
	if subject, _ := claims["sub"].(string); subject == "" {
		t.Errorf("about nobody: %v", claims)
	}
	for name, value := range claims {
		var good bool
		switch name {
		case "email_verified", "phone_number_verified":
			_, good = value.(bool)
		case "updated_at":
			at, ok := value.(float64)
			good = ok && at > 631152000 && at < float64(time.Now().Unix()+300) // between 1990 and now
		case "address":
			members, ok := value.(map[string]any)
			good = ok && len(members) > 0
			for _, member := range members {
				_, text := member.(string)
				good = good && text
			}
		default:
			_, good = value.(string)
		}
		if !good {
			t.Errorf("%s is %v", name, value)
		}
	}
}
