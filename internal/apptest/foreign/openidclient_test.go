package foreign_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/internal/apptest"
)

// openidClient is a relying party on panva's openid-client: a program under Node that does as it is
// told, line by line.
type openidClient struct {
	in  io.WriteCloser
	out *bufio.Scanner
	sub string
}

func TestOpenIDClient_goesTheWholeWay(t *testing.T) {
	t.Parallel()
	p := apptest.Start(t)
	v := p.AddVendor(t, callback, "--post-logout-redirect-uri", goodbye)
	tell(t, p, newOpenIDClient(t, p, v, "client_secret_basic", "RS256"))
}

func TestOpenIDClient_withSecretInTheBodyAndEdDSA_goesTheWholeWay(t *testing.T) {
	t.Parallel()
	p := apptest.Start(t)
	v := p.AddVendor(t, callback, "--post-logout-redirect-uri", goodbye, "--auth-method", "client_secret_post", "--signing-alg", "EdDSA")
	tell(t, p, newOpenIDClient(t, p, v, "client_secret_post", "EdDSA"))
}

func TestOpenIDClient_withAKeyOfItsOwnAndES256_goesTheWholeWay(t *testing.T) {
	t.Parallel()
	p := apptest.Start(t)
	private, jwks := keyPair(t)
	v := p.AddVendor(t, callback, "--post-logout-redirect-uri", goodbye, "--auth-method", "private_key_jwt", "--jwks-file", jwks, "--signing-alg", "ES256")
	if v.ClientSecret != "" {
		t.Error("a vendor with a key has a secret too")
	}
	v.ClientSecret = private
	tell(t, p, newOpenIDClient(t, p, v, "private_key_jwt", "ES256"))
}

// keyPair draws the vendor's key: its private half as a JWK, and a file with the public one.
func keyPair(t *testing.T) (private, jwks string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwk := jose.JSONWebKey{Key: key, KeyID: "kornblume-1", Algorithm: "ES256", Use: "sig"}
	secret, err := json.Marshal(jwk)
	if err != nil {
		t.Fatal(err)
	}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{jwk.Public()}})
	if err != nil {
		t.Fatal(err)
	}
	jwks = filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(jwks, set, 0o600); err != nil {
		t.Fatal(err)
	}
	return string(secret), jwks
}

func TestOpenIDClient_introspectsAndRevokes(t *testing.T) {
	t.Parallel()
	p := apptest.Start(t)
	o := newOpenIDClient(t, p, p.AddVendor(t, callback), "client_secret_basic", "RS256")
	c := p.SignUp(t, "ada", ada)
	if err := o.finish(t, c.Authorize(t, o.begin(t), "email")); err != nil {
		t.Fatal(err)
	}
	active := func() bool {
		var answer struct{ Active bool }
		if err := o.tell(t, &answer, "command", "introspect"); err != nil {
			t.Fatalf("introspect: %v", err)
		}
		return answer.Active
	}
	if !active() {
		t.Error("a fresh token is not active")
	}
	if err := o.tell(t, nil, "command", "revoke"); err != nil {
		t.Fatalf("revoke: %v", err)
	}
	if active() {
		t.Error("a revoked token is active")
	}
	if info, err := o.userInfo(t); err == nil {
		t.Errorf("a revoked token reads %v", info)
	}
}

func newOpenIDClient(t *testing.T, p *apptest.Program, v apptest.Vendor, method, alg string) *openidClient {
	t.Helper()
	return runOpenIDClient(t, "vendor.mjs", p, v, method, alg)
}

func runOpenIDClient(t *testing.T, script string, p *apptest.Program, v apptest.Vendor, method, alg string) *openidClient {
	t.Helper()
	if _, err := os.Stat("openid-client/node_modules/openid-client"); err != nil {
		t.Fatal("openid-client is not installed: run scripts/install-tools test")
	}
	cmd := exec.CommandContext(t.Context(), "node", "openid-client/"+script, p.Issuer, v.ClientID, method, alg, callback, scopes)
	cmd.Env = append(os.Environ(), "CLIENT_SECRET="+v.ClientSecret)
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start node: %v", err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	return &openidClient{in: in, out: bufio.NewScanner(out)}
}

// tell sends one command, given as names and values, and reads its answer.
func (o *openidClient) tell(t *testing.T, out any, words ...string) error {
	t.Helper()
	command := map[string]string{}
	for i := 0; i < len(words); i += 2 {
		command[words[i]] = words[i+1]
	}
	if err := json.NewEncoder(o.in).Encode(command); err != nil {
		t.Fatalf("%s: %v", words[1], err)
	}
	if !o.out.Scan() {
		t.Fatalf("%s: node says nothing: %v", words[1], o.out.Err())
	}
	var answer struct {
		OK    json.RawMessage
		Error string
	}
	if err := json.Unmarshal(o.out.Bytes(), &answer); err != nil {
		t.Fatalf("%s: node says %s", words[1], o.out.Text())
	}
	if answer.Error != "" {
		return errors.New(answer.Error)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer.OK, out)
}

func (o *openidClient) begin(t *testing.T) (authorize string) {
	if err := o.tell(t, &authorize, "command", "begin"); err != nil {
		t.Fatal(err)
	}
	return authorize
}

func (o *openidClient) finish(t *testing.T, callback string) error {
	return o.tell(t, &o.sub, "command", "finish", "callback", callback)
}

func (o *openidClient) subject() string { return o.sub }

func (o *openidClient) userInfo(t *testing.T) (claims map[string]any, err error) {
	err = o.tell(t, &claims, "command", "userinfo")
	return claims, err
}

func (o *openidClient) refresh(t *testing.T) error { return o.tell(t, &o.sub, "command", "refresh") }

func (o *openidClient) endSession(t *testing.T, c *apptest.Customer, back, state string) *url.URL {
	var address string
	if err := o.tell(t, &address, "command", "logout", "back", back, "state", state); err != nil {
		t.Fatal(err)
	}
	return c.Visit(t, address)
}
