package apptest

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Endpoint is one address of the program and a method that it takes.
type Endpoint struct{ Method, Path string }

// Calls are all calls of the consent REST API, read from its description, so that a call that is
// added there is attacked from then on. Path parameters have values of the right form.
func Calls(t testing.TB) []Endpoint {
	t.Helper()
	var calls []Endpoint
	path := ""
	for line := range strings.Lines(file(t, "api/openapi.yaml")) {
		line = strings.TrimRight(line, "\r\n")
		if m := callPath.FindStringSubmatch(line); m != nil {
			path = "/api/v1" + strings.NewReplacer("{grant}", AnID, "{revision}", "1", "{seq}", "1", "{token}", AnID, "{request}", AnID, "{stream}", AnID).Replace(m[1])
		}
		if m := callMethod.FindStringSubmatch(line); m != nil && path != "" {
			calls = append(calls, Endpoint{strings.ToUpper(m[1]), path})
		}
		if line == "components:" {
			break
		}
	}
	if len(calls) < 20 {
		t.Fatalf("only %d calls found in api/openapi.yaml: did its layout change?", len(calls))
	}
	return calls
}

// AnID has the form of an identifier, and names nothing.
const AnID = "aaaaaaaaaaaaaaaaaaaaaaaaaa"

var (
	callPath   = regexp.MustCompile(`^  (/[a-z/{}-]*):$`)
	callMethod = regexp.MustCompile(`^    (get|put|post|delete|patch):$`)
)

// Pages are all pages.
func Pages() []Endpoint {
	var pages []Endpoint
	for _, path := range []string{
		"/", "/signup", "/signin", "/recover", "/unlock", "/continue", "/vault", "/vault/history", "/connections",
		"/connections/" + AnID, "/account", "/signout", "/signed-out", "/device", "/vendors/" + AnID + "/logo", "/favicon.ico",
		"/static/nothing", "/nowhere",
	} {
		pages = append(pages, Endpoint{http.MethodGet, path})
	}
	return append(pages, Endpoint{http.MethodPost, "/device"})
}

// OAuth are the endpoints of OpenID Connect.
func OAuth() []Endpoint {
	var all []Endpoint
	for _, path := range []string{"/oauth/authorize", "/oauth/end_session", "/oauth/userinfo"} {
		all = append(all, Endpoint{http.MethodGet, path}, Endpoint{http.MethodPost, path})
	}
	for _, path := range []string{"/oauth/token", "/oauth/introspect", "/oauth/revoke", "/oauth/par", "/oauth/device_authorization"} {
		all = append(all, Endpoint{http.MethodPost, path})
	}
	for _, path := range []string{
		"/oauth/keys", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server",
		"/oauth/response", "/oauth/response.js", "/oauth/check_session", "/oauth/check_session.js", "/oauth/initiate", "/.well-known/gpc.json",
		"/.well-known/change-password", "/robots.txt",
	} {
		all = append(all, Endpoint{http.MethodGet, path})
	}
	return all
}

// Endpoints are all of them.
func Endpoints(t testing.TB) []Endpoint {
	t.Helper()
	all := append(Calls(t), Pages()...)
	all = append(all, OAuth()...)
	return append(all, Endpoint{http.MethodGet, "/healthz"}, Endpoint{http.MethodGet, "/readyz"})
}

// file reads a file of the project.
func file(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
