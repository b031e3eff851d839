package foreign_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/zitadel/oidc/v3/pkg/client/rp"
	httphelper "github.com/zitadel/oidc/v3/pkg/http"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"

	"github.com/meins-id/meins/internal/apptest"
)

// zitadel is a relying party on zitadel/oidc's rp: its handlers, in a web server of their own, with
// cookies for state and verifier.
type zitadel struct {
	rp      rp.RelyingParty
	server  *httptest.Server
	browser *http.Client // of the customer, at the vendor

	tokens *oidc.Tokens[*oidc.IDTokenClaims]
}

func TestZitadelRP_goesTheWholeWay(t *testing.T) {
	t.Parallel()
	p := apptest.Start(t)
	tell(t, p, newZitadel(t, p, nil))
}

func TestZitadelRP_withSecretInTheBodyAndES256_goesTheWholeWay(t *testing.T) {
	t.Parallel()
	p := apptest.Start(t)
	z := newZitadel(t, p, []rp.Option{rp.WithAuthStyle(oauth2.AuthStyleInParams)}, "--auth-method", "client_secret_post", "--signing-alg", "ES256")
	tell(t, p, z)
}

// newZitadel listens first: the vendor's address is part of its registration.
func newZitadel(t *testing.T, p *apptest.Program, options []rp.Option, flags ...string) *zitadel {
	t.Helper()
	mux := http.NewServeMux()
	z := &zitadel{server: httptest.NewServer(mux)}
	t.Cleanup(z.server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	z.browser = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

	v := p.AddVendor(t, z.server.URL+"/callback", append(flags, "--post-logout-redirect-uri", goodbye)...)
	cookies := httphelper.NewCookieHandler([]byte(rand.Text()), []byte(rand.Text())[:16], httphelper.WithUnsecure())
	options = append(options, rp.WithPKCE(cookies), rp.WithCookieHandler(cookies), rp.WithSigningAlgsFromDiscovery(), rp.WithErrorHandler(z.noted))
	z.rp, err = rp.NewRelyingPartyOIDC(t.Context(), p.Issuer, v.ClientID, v.ClientSecret, v.RedirectURI, strings.Fields(scopes), options...)
	if err != nil {
		t.Fatalf("discover: %v", err)
	}
	mux.Handle("/login", rp.AuthURLHandler(rand.Text, z.rp))
	mux.Handle("/callback", rp.CodeExchangeHandler(z.signedIn, z.rp))
	return z
}

func (z *zitadel) signedIn(w http.ResponseWriter, _ *http.Request, tokens *oidc.Tokens[*oidc.IDTokenClaims], _ string, _ rp.RelyingParty) {
	z.tokens = tokens
	w.WriteHeader(http.StatusNoContent)
}

func (z *zitadel) noted(w http.ResponseWriter, _ *http.Request, kind, _, _ string) {
	http.Error(w, kind, http.StatusForbidden)
}

func (z *zitadel) begin(t *testing.T) string {
	answer := z.visit(t, z.server.URL+"/login")
	defer answer.Body.Close()
	to, err := answer.Location()
	if err != nil {
		t.Fatalf("the vendor does not send the browser on: %v", err)
	}
	return to.String()
}

func (z *zitadel) finish(t *testing.T, callback string) error {
	answer := z.visit(t, callback)
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusNoContent {
		return nil
	}
	text := make([]byte, 1<<10)
	n, _ := answer.Body.Read(text) // what there is of a reason
	return errors.New(string(text[:n]))
}

// visit opens a page of the vendor.
func (z *zitadel) visit(t *testing.T, address string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := z.browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func (z *zitadel) subject() string { return z.tokens.IDTokenClaims.Subject }

func (z *zitadel) userInfo(t *testing.T) (claims map[string]any, err error) {
	info, err := rp.Userinfo[*oidc.UserInfo](t.Context(), z.tokens.AccessToken, z.tokens.TokenType, z.subject(), z.rp)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(info)
	if err != nil {
		return nil, err
	}
	return claims, json.Unmarshal(raw, &claims)
}

func (z *zitadel) refresh(t *testing.T) error {
	tokens, err := rp.RefreshTokens[*oidc.IDTokenClaims](t.Context(), z.rp, z.tokens.RefreshToken, "", "")
	if err != nil {
		return err
	}
	if tokens.RefreshToken == z.tokens.RefreshToken {
		return errors.New("the refresh token is the old one")
	}
	z.tokens = tokens
	return nil
}

// endSession is the library's own call, sent by the customer's browser: it is the browser that holds
// the session.
func (z *zitadel) endSession(t *testing.T, c *apptest.Customer, back, state string) *url.URL {
	to, err := rp.EndSession(t.Context(), inBrowser{z.rp, c.Browser}, z.tokens.IDToken, back, state, "", nil)
	if err != nil {
		t.Fatalf("end session: %v", err)
	}
	return to
}

// inBrowser is the relying party with another client to send with.
type inBrowser struct {
	rp.RelyingParty
	browser *http.Client
}

func (b inBrowser) HttpClient() *http.Client { return b.browser }
