package archtest

import (
	"go/ast"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestProgram_keepsItsShape(t *testing.T) {
	found, err := check(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		t.Error(v)
	}
}

// A door whose function was renamed guards nothing.
func TestDoors_ofTheProject_exist(t *testing.T) {
	for _, d := range doors {
		dir, ours := strings.CutPrefix(d.pkg, module+"/")
		if !ours {
			continue
		}
		sources, err := load(os.DirFS(path.Join("../..", dir)))
		if err != nil {
			t.Fatal(err)
		}
		declared := false
		for _, s := range sources {
			declared = declared || s.dir == "." && declares(s, d.name)
		}
		if !declared {
			t.Errorf("%s declares no %s", d.pkg, d.name)
		}
	}
}

// Each row imports only rows above it: the table itself has no way round in a circle.
func TestRooms_importOnlyWhatStandsLower(t *testing.T) {
	lower := map[string]bool{}
	for _, r := range rooms {
		for _, other := range r.may {
			if !lower[other] && other != r.path {
				t.Errorf("%s may import %s, which does not stand lower", r.path, other)
			}
		}
		lower[r.path] = true
	}
}

func TestRules_brokenSource_isFound(t *testing.T) {
	for name, c := range map[string]struct{ file, source, want string }{
		"the vault knows the store":            {"vault/x.go", importing("vault", module+"/internal/store"), "vault may not import"},
		"the vault knows an engine":            {"vault/agent/x.go", importing("agent", module+"/internal/store/bolt"), "knows no store"},
		"the vault's test knows the store":     {"vault/x_test.go", importing("vault", module+"/internal/store"), "knows no store"},
		"the vault speaks HTTP":                {"vault/agent/x.go", importing("agent", "net/http"), "may not import net/http"},
		"the vault tests over HTTP":            {"vault/seal/x.go", importing("seal", "net/http/httptest"), "may not import net/http/httptest"},
		"the vault opens files":                {"vault/seal/x.go", importing("seal", "os"), "may not import os"},
		"the agent knows the API":              {"vault/agent/x.go", importing("agent", module+"/api/client"), "vault/agent may not import"},
		"the vault knows its agent":            {"vault/x.go", importing("vault", module+"/vault/agent"), "vault may not import"},
		"the ground knows the vault":           {"vault/seal/x.go", importing("seal", module+"/vault"), "vault/seal may not import"},
		"consent knows identity":               {"consent/x.go", importing("consent", module+"/identity"), "consent may not import"},
		"identity knows consent":               {"identity/x.go", importing("identity", module+"/consent"), "identity may not import"},
		"consent knows its release":            {"consent/x.go", importing("consent", module+"/consent/release"), "consent may not import"},
		"consent knows the provider":           {"consent/x.go", importing("consent", module+"/identity/provider"), "consent may not import"},
		"release knows the provider":           {"consent/release/x.go", importing("release", module+"/identity/provider"), "consent/release may not import"},
		"the provider knows the API":           {"identity/provider/x.go", importing("provider", module+"/api/rest"), "identity/provider may not import"},
		"a domain room knows an engine":        {"identity/x.go", importing("identity", module+"/internal/store/bolt"), "identity may not import"},
		"the client knows the server":          {"api/client/x.go", importing("client", module+"/identity"), "api/client may not import"},
		"pages know the REST handlers":         {"api/web/x.go", importing("web", module+"/api/rest"), "api/web may not import"},
		"the API knows the wiring":             {"api/x.go", importing("api", module+"/internal/app"), "api may not import"},
		"main does more than call":             {"cmd/meins/x.go", importing("main", module+"/identity"), "cmd/meins may not import"},
		"the browser's agent knows the server": {"cmd/agentwasm/x.go", importing("main", module+"/consent"), "cmd/agentwasm may not import"},
		"the shop uses something of ours":      {"internal/demoshop/x.go", importing("demoshop", module+"/internal/id"), "internal/demoshop may not import"},
		"a room that nobody knows":             {"internal/util/x.go", "package util\n", "stands in no room"},
		"a package that nobody knows":          {"vault/x.go", importing("vault", module+"/internal/util"), "vault may not import"},
		"the top folder has code":              {"x.go", "package meins\n", "stands in no room"},

		"gorilla/mux in a domain room":    {"identity/x.go", importing("identity", "github.com/gorilla/mux"), "may not import github.com/gorilla/mux"},
		"gorilla/mux in the wiring":       {"internal/app/x_test.go", importing("app", "github.com/gorilla/mux"), "may not import github.com/gorilla/mux"},
		"bbolt outside its store":         {"internal/app/x.go", importing("app", "go.etcd.io/bbolt"), "may not import go.etcd.io/bbolt"},
		"bbolt in the other store":        {"internal/store/postgres/x.go", importing("postgres", "go.etcd.io/bbolt"), "may not import go.etcd.io/bbolt"},
		"pgx outside its store":           {"consent/x.go", importing("consent", "github.com/jackc/pgx/v5"), "may not import github.com/jackc/pgx/v5"},
		"the protocol library in the API": {"api/rest/x.go", importing("rest", "github.com/zitadel/oidc/v3/pkg/op"), "may not import github.com/zitadel"},
		"the protocol library one up":     {"identity/x.go", importing("identity", "github.com/zitadel/oidc/v3/pkg/op"), "may not import github.com/zitadel"},
		"chi":                             {"api/x_test.go", importing("api", "github.com/go-chi/chi/v5"), "one router"},
		"echo":                            {"api/x.go", importing("api", "github.com/labstack/echo/v4"), "no framework"},
		"gin":                             {"api/x.go", importing("api", "github.com/gin-gonic/gin"), "no framework"},
		"math/rand":                       {"vault/x.go", importing("vault", "math/rand/v2"), "crypto/rand"},
		"the global log":                  {"internal/app/x.go", importing("app", "log"), "slog"},

		"the provider opens a capsule":    {"identity/provider/x.go", using(module+"/vault", "vault.OpenCapsule()"), "may not use vault.OpenCapsule"},
		"consent opens a capsule":         {"consent/x.go", using(module+"/vault", "vault.OpenCapsule()"), "may not use vault.OpenCapsule"},
		"a capsule is opened as a value":  {"api/rest/x.go", using(module+"/vault", "open := vault.OpenCapsule; open()"), "may not use vault.OpenCapsule"},
		"a capsule is opened by a cover":  {"api/rest/x.go", "package rest\nimport v \"" + module + "/vault\"\nfunc f() { v.OpenCapsule() }\n", "may not use v.OpenCapsule"},
		"a capsule is opened with a dot":  {"api/rest/x.go", "package rest\nimport . \"" + module + "/vault\"\nfunc f() { OpenCapsule() }\n", "with a dot"},
		"the clock in a domain room":      {"consent/x.go", using("time", "_ = time.Now().Unix()"), "may not use time.Now()"},
		"the clock by another name":       {"identity/x.go", "package identity\nimport clock \"time\"\nvar _ = clock.Now()\n", "may not use clock.Now()"},
		"the clock hidden in a duration":  {"api/rest/x.go", using("time", "_ = time.Since(t)"), "may not use time.Since()"},
		"a file that is too long":         {"vault/x_test.go", "package vault\n" + strings.Repeat("\n", maxFileLines), "file has 601 lines"},
		"a function that is too long":     {"vault/x.go", "package vault\nfunc f() {\n" + strings.Repeat("\n", maxFunctionLines-1) + "}\n", "function f has 101 lines"},
		"an interface that is too wide":   {"vault/x.go", "package vault\ntype T interface { A(); B(); C(); D(); E(); F(); G(); H(); I() }\n", "9 methods"},
		"an interface that embeds":        {"vault/x.go", "package vault\ntype T interface { U; A(); B(); C(); D() }\ntype U interface { E(); F(); G(); H(); I() }\n", "9 methods"},
		"an interface inside a function":  {"vault/x.go", "package vault\nfunc f(x interface { A(); B(); C(); D(); E(); F(); G(); H(); I() }) {}\n", "9 methods"},
		"an interface in somebody's test": {"vault/x_test.go", "package vault\ntype T interface { A(); B(); C(); D(); E(); F(); G(); H(); I() }\n", "9 methods"},
	} {
		t.Run(name, func(t *testing.T) {
			found := checkOne(t, c.file, c.source)
			if !strings.Contains(found, c.want) {
				t.Errorf("found %q, want it to say %q", found, c.want)
			}
		})
	}
}

func TestRules_goodSource_passes(t *testing.T) {
	for name, c := range map[string]struct{ file, source string }{
		"the release opens a capsule":      {"consent/release/x.go", using(module+"/vault", "vault.OpenCapsule()")},
		"the agent opens a capsule":        {"vault/agent/x.go", using(module+"/vault", "vault.OpenCapsule()")},
		"a test opens a capsule":           {"identity/provider/x_test.go", using(module+"/vault", "vault.OpenCapsule()")},
		"the provider releases":            {"identity/provider/x.go", importing("provider", module+"/consent/release")},
		"the provider uses its library":    {"identity/provider/x.go", importing("provider", "github.com/zitadel/oidc/v3/pkg/op")},
		"a foreign relying party in tests": {"internal/apptest/x_test.go", importing("apptest", "github.com/zitadel/oidc/v3/pkg/client/rp")},
		"a room imports what is below it":  {"internal/app/keys/x.go", importing("keys", module+"/internal/app")},
		"a test imports an engine":         {"consent/x_test.go", importing("consent_test", module+"/internal/store/bolt")},
		"the clock passed in as a value":   {"consent/x.go", using("time", "now := time.Now; _ = now")},
		"the clock in the wiring":          {"internal/app/x.go", using("time", "_ = time.Now()")},
		"the clock in a test":              {"consent/x_test.go", using("time", "_ = time.Now()")},
		"a method of the same name":        {"consent/x.go", "package consent\nfunc f(e struct{ Now func() }) { e.Now() }\n"},
		"the structured log":               {"vault/x.go", importing("vault", "log/slog")},
		"eight methods":                    {"vault/x.go", "package vault\ntype T interface { A(); B(); C(); D(); E(); F(); G(); H() }\n"},
		"a long generated file":            {"api/rest/x.gen.go", "// Code generated by oapi-codegen. DO NOT EDIT.\n\npackage rest\n" + strings.Repeat("\n", 700)},
		"a long test":                      {"vault/x_test.go", "package vault\nfunc f() {\n" + strings.Repeat("\n", 150) + "}\n"},
		"another module's code":            {"tools/sub/x.go", importing("sub", "log")},
		"what the go command skips":        {"vault/testdata/x.go", importing("x", "log")},
	} {
		t.Run(name, func(t *testing.T) {
			if found := checkOne(t, c.file, c.source); found != "" {
				t.Errorf("found %s", found)
			}
		})
	}
}

func TestCheck_sourceThatDoesNotParse_fails(t *testing.T) {
	_, err := check(fstest.MapFS{"vault/x.go": {Data: []byte("package")}})
	if err == nil || !strings.Contains(err.Error(), "vault/x.go") {
		t.Errorf("got %v, want an error that names the file", err)
	}
}

// checkOne is what the rules say of one file, in a module that has a module of tools beside it.
func checkOne(t *testing.T, name, text string) string {
	t.Helper()
	found, err := check(fstest.MapFS{
		name:           {Data: []byte(text)},
		"go.mod":       {Data: []byte("module " + module + "\n")},
		"tools/go.mod": {Data: []byte("module " + module + "/tools\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, v := range found {
		said = append(said, v.String())
	}
	return strings.Join(said, "\n")
}

func importing(pkg, imported string) string {
	return "package " + pkg + "\nimport _ \"" + imported + "\"\n"
}

func using(imported, statement string) string {
	return "package x\nimport \"" + imported + "\"\nfunc f() { " + statement + " }\n"
}

func declares(s *source, function string) bool {
	return slices.ContainsFunc(s.ast.Decls, func(d ast.Decl) bool {
		f, ok := d.(*ast.FuncDecl)
		return ok && f.Recv == nil && f.Name.Name == function
	})
}
