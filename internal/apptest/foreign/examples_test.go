package foreign_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/meins-id/meins/internal/apptest"
)

func TestVendorsPage_exampleInGo_signsIn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	source, program := filepath.Join(dir, "main.go"), filepath.Join(dir, "site")
	write(t, source, example(t, "main.go"))
	// In the project's module, whose versions of the libraries serve.
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, source)
	if says, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the example: %v\n%s", err, says)
	}
	p := apptest.Start(t)
	s, v := newSite(t, p, "/callback")
	s.start(t, s.settings(p, v, "PORT="+s.port()), program)
	tellsVisitors(t, p, s)
}

func TestVendorsPage_exampleForNode_signsIn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	modules, err := filepath.Abs("openid-client/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "site.mjs"), example(t, "site.mjs"))
	p := apptest.Start(t)
	s, v := newSite(t, p, "/callback")
	s.start(t, s.settings(p, v, "PORT="+s.port()), "node", filepath.Join(dir, "site.mjs"))
	tellsVisitors(t, p, s)
}

// tellsVisitors lets a customer visit a site that shows them what they share.
func tellsVisitors(t *testing.T, p *apptest.Program, s *site) {
	t.Helper()
	c := p.SignUp(t, "ada", ada)
	home := s.address + "/"
	signIn := func(claims ...string) { s.leadsTo(t, c.Authorize(t, s.leadsTo(t, home), claims...)) }

	signIn("email")
	shows(t, s, "ada@lovelace.example")
	c.Fill(t, map[string]any{"email": "countess@lovelace.example"})
	shows(t, s, "countess@lovelace.example")

	withdraws(t, c)
	if answer := s.visit(t, home); answer.status != http.StatusUnauthorized || strings.Contains(answer.body, "lovelace") {
		t.Errorf("after the withdrawal the site says %d: %s", answer.status, answer.body)
	}

	no := denies(t, c, s.leadsTo(t, home))
	if answer := s.visit(t, no); answer.status != http.StatusForbidden || !strings.Contains(answer.body, "access_denied") {
		t.Errorf("after a \"no\" the site says %d: %s", answer.status, answer.body)
	}
	forged := fmt.Sprintf("%s/callback?code=stolen&state=guessed&iss=%s", s.address, p.Issuer)
	s.leadsTo(t, home)
	if answer := s.visit(t, forged); answer.status/100 != 4 {
		t.Errorf("to an answer that nobody asked for the site says %d: %s", answer.status, answer.body)
	}

	signIn("email")
	shows(t, s, "countess@lovelace.example")
}

// shows checks that the site shows the visitor this e-mail address, and nothing that was not ticked.
func shows(t *testing.T, s *site, email string) {
	t.Helper()
	answer := s.visit(t, s.address+"/")
	var claims map[string]any
	if err := json.Unmarshal([]byte(answer.body), &claims); err != nil || claims["email"] != email || claims["sub"] == nil || claims["name"] != nil {
		t.Errorf("the site shows %d: %s", answer.status, answer.body)
	}
}
