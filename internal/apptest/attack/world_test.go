package attack_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/meins-id/meins/internal/apptest"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/agent"
)

const (
	callback = "https://kornblume.example/callback"
	goodbye  = "https://kornblume.example/goodbye"
)

// world is a running program with a vendor.
type world struct {
	*apptest.Program

	vendor apptest.Vendor

	mu     sync.Mutex
	others map[string]apptest.Vendor
}

func newWorld(t testing.TB, p *apptest.Program) *world {
	t.Helper()
	t.Cleanup(func() { calm(t, p) })
	return &world{Program: p, vendor: p.AddVendor(t, callback, "--post-logout-redirect-uri", goodbye), others: map[string]apptest.Vendor{}}
}

// alone starts a program for one test.
func alone(t *testing.T, flags ...string) *world {
	t.Helper()
	return newWorld(t, apptest.Start(t, flags...))
}

// other is another vendor, the same one for the same address and flags.
func (w *world) other(t *testing.T, redirect string, flags ...string) apptest.Vendor {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	name := strings.Join(append(flags, redirect), " ")
	if _, ok := w.others[name]; !ok {
		w.others[name] = w.AddVendor(t, redirect, flags...)
	}
	return w.others[name]
}

// calm checks that no attack made the program raise an alarm, and that its log stayed a record a line.
func calm(t testing.TB, p *apptest.Program) {
	t.Helper()
	for line := range strings.Lines(p.Log()) {
		var record struct{ Level, Msg string }
		if err := json.Unmarshal([]byte(line), &record); err != nil || record.Msg == "" {
			t.Errorf("a line of the log is no record: %q", line)
		}
		if record.Level == "ERROR" {
			t.Errorf("an attack raises an alarm: %s", line)
		}
	}
}

// person is a customer whose secrets are plain random bytes. What a test wants is sent, whether an
// agent would send it or not.
type person struct {
	*apptest.Customer

	w       *world
	from    string // the address that the program is told of
	login   string
	account id.Account
	auth    []byte // what proves the passphrase
	code    []byte // what proves the recovery code
	key     vault.Key
	grant   id.Grant       // the newest that was approved
	opens   vault.GrantKey // its key
}

// person signs up.
func (w *world) person(t *testing.T, login string) *person {
	t.Helper()
	p := &person{
		Customer: w.Customer(t), w: w, login: login + "-" + string(id.New[id.Account]()), account: id.New[id.Account](),
		from: somewhere(),
		auth: random(32), code: random(32), key: vault.NewKey(),
	}
	answer := p.call(t, http.MethodPost, "/accounts", p.application())
	if answer.Status != http.StatusCreated {
		t.Fatalf("sign up: %d %s", answer.Status, answer.Body)
	}
	return p
}

// application is what signing up sends.
func (p *person) application() agent.NewAccount {
	return agent.NewAccount{Login: p.login, Account: string(p.account), Slots: []agent.NewSlot{
		newSlot(agent.SlotKindPassphrase, p.auth), newSlot(agent.SlotKindRecovery, p.code),
	}}
}

// newSlot is a slot that opens nothing; the server cannot tell.
func newSlot(kind agent.SlotKind, auth []byte) agent.NewSlot {
	s := agent.Slot{ID: string(id.New[id.Slot]()), Kind: kind, Sealed: random(128)}
	if kind == agent.SlotKindPassphrase {
		s.Stretch = &agent.Stretch{M: 64 << 10, T: 3, P: 1, Salt: random(16)}
	}
	return agent.NewSlot{Slot: s, Auth: auth}
}

// somewhere is an address of nobody else.
func somewhere() string {
	b := random(4)
	return fmt.Sprintf("2001:db8:%02x%02x:%02x%02x::1", b[0], b[1], b[2], b[3])
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // ends the program rather than fail
	return b
}

// call sends a call of the REST API from the person's browser.
func (p *person) call(t testing.TB, method, path string, in any) apptest.Answer {
	t.Helper()
	return p.Send(t, p.request(t, method, path, in))
}

// request is call before it is sent.
func (p *person) request(t testing.TB, method, path string, in any) *http.Request {
	t.Helper()
	var body io.Reader
	kind := ""
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		body, kind = bytes.NewReader(text), apptest.JSON
	}
	r := p.w.Request(t, method, "/api/v1"+path, body, kind)
	if p.from != "" {
		r.Header.Set("X-Forwarded-For", p.from)
	}
	return r
}

// signIn begins a new session, which takes the place of the browser's.
func (p *person) signIn(t testing.TB) apptest.Answer {
	t.Helper()
	return p.call(t, http.MethodPost, "/session", agent.Login{Login: p.login, Kind: agent.SlotKindPassphrase, Auth: p.auth})
}

// flow begins a request of the vendor; the pairs change it.
func (p *person) flow(t *testing.T, v apptest.Vendor, pairs ...string) string {
	t.Helper()
	flow, redirect := p.Open(t, p.w.AuthorizeURL(v, pairs...))
	if flow == "" {
		t.Fatalf("there is nothing to decide: %s", redirect)
	}
	return flow
}

// approval is an honest yes to these claims.
func (p *person) approval(t *testing.T, flow string, claims ...string) agent.Approval {
	t.Helper()
	var next agent.Next
	p.read(t, http.MethodPost, "/flow", agent.Flow{Flow: flow}, &next)
	if next.Step != agent.FlowStepReview {
		t.Fatalf("the next step is %s", next.Step)
	}
	p.grant, p.opens = id.New[id.Grant](), vault.NewGrantKey()
	values := vault.Claims{}
	for _, name := range claims {
		values[name] = json.RawMessage(`"` + name + ` of ` + p.login + `"`)
	}
	capsule, err := vault.SealCapsule(p.opens, p.account, p.grant, 1, values)
	if err != nil {
		t.Fatal(err)
	}
	persona := id.New[id.Persona]()
	terms := vault.Approved{Client: id.Client(next.Ask.Vendor.Client), Persona: persona, Claims: claims, Continuous: next.Ask.Continuous}
	return agent.Approval{
		Flow: flow, Digest: next.Digest, Grant: string(p.grant), Persona: string(persona), Choices: choices(next.Ask, claims),
		Capsule: capsule, WrappedKey: vault.WrapGrantKey(p.key, p.account, p.grant, terms, p.opens), GrantKey: p.opens.Bytes(), Locale: "en",
	}
}

// choices gives claims for all purposes that they are asked for.
func choices(ask *agent.Ask, claims []string) []agent.Choice {
	all := []agent.Choice{}
	for _, name := range claims {
		choice := agent.Choice{Claim: name}
		for _, c := range ask.Claims {
			if c.Name != name {
				continue
			}
			for _, p := range c.Purposes {
				choice.Purposes = append(choice.Purposes, p.ID)
			}
		}
		all = append(all, choice)
	}
	return all
}

// read is a call that is answered.
func (p *person) read(t *testing.T, method, path string, in, out any) {
	t.Helper()
	answer := p.call(t, method, path, in)
	if answer.Status != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, answer.Status, answer.Body)
	}
	if err := json.Unmarshal(answer.Body, out); err != nil {
		t.Fatal(err)
	}
}

// codeFor approves these claims and gives the vendor's code.
func (p *person) codeFor(t *testing.T, v apptest.Vendor, claims ...string) string {
	t.Helper()
	return p.approve(t, p.approval(t, p.flow(t, v, "prompt", "consent"), claims...))
}

// approve sends an approval that is to be accepted.
func (p *person) approve(t *testing.T, a agent.Approval) string {
	t.Helper()
	var to agent.RedirectAnswer
	p.read(t, http.MethodPost, "/flow/approve", a, &to)
	return apptest.CodeOf(t, to.Redirect)
}

// tokensFor is codeFor and the exchange.
func (p *person) tokensFor(t *testing.T, v apptest.Vendor, claims ...string) apptest.Tokens {
	t.Helper()
	return p.w.Exchange(t, v, p.codeFor(t, v, claims...))
}

// serves checks that the vendor sees the claim with the token: what a test refuses later worked.
func (w *world) serves(t *testing.T, access, claim string) {
	t.Helper()
	if a := w.UserInfo(t, access); a.Status != http.StatusOK || a.Text(claim) == "" {
		t.Fatalf("the token shows no %s: %d %s", claim, a.Status, a.Body)
	}
}

// opensNothing checks that an access token is refused, and that nothing of the customer comes with it.
func (w *world) opensNothing(t *testing.T, access string) {
	t.Helper()
	a := w.UserInfo(t, access)
	a.Refused(t, http.StatusUnauthorized, "invalid_token")
	if !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer ") || a.Text("sub") != "" {
		t.Errorf("challenge %q, body %s", a.Header.Get("WWW-Authenticate"), a.Body)
	}
}

// endsHere checks that a refresh token is refused.
func (w *world) endsHere(t *testing.T, v apptest.Vendor, refresh string) {
	t.Helper()
	w.Post(t, "/oauth/token", v, apptest.RefreshForm(refresh)).Refused(t, http.StatusBadRequest, "invalid_grant")
}

// location is where an answer leads.
func location(t *testing.T, a apptest.Answer) *url.URL {
	t.Helper()
	u, err := url.Parse(a.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// authorize opens an authorization request without a session.
func (w *world) authorize(t *testing.T, address string) apptest.Answer {
	t.Helper()
	return w.Send(t, w.Request(t, http.MethodGet, strings.TrimPrefix(address, w.Issuer), nil, ""))
}
