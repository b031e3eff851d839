package apptest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/agent"
	"github.com/meins-id/meins/vault/seal"
)

// Customer is a person with a browser: cookies, and the agent that holds the vault key. It goes
// where redirects lead only when told to.
type Customer struct {
	*agent.Agent

	Browser *http.Client
	Kept    *Keeper // what the agent leaves on the device

	LoginName, Passphrase, RecoveryCode string // once signed up

	program *Program
}

// Customer is somebody who has not signed in yet.
func (p *Program) Customer(t testing.TB) *Customer {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &Customer{program: p, Kept: &Keeper{}, Browser: &http.Client{
		Jar: jar, Transport: p.Transport, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	c.Agent, err = agent.New(agent.Options{Transport: c, Keeper: c.Kept, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Passphrase is good enough for whoever needs no certain one.
const Passphrase = "blaue Kornblumen im Juni 1843" //nolint:gosec // of customers that exist for one test

// SignUp makes a customer with an account and these attributes.
func (p *Program) SignUp(t testing.TB, login string, attributes map[string]any) *Customer {
	t.Helper()
	c := p.Customer(t)
	c.SignUp(t, login, Passphrase)
	c.Fill(t, attributes)
	return c
}

// SignUp makes the account, and remembers what a person would.
func (c *Customer) SignUp(t testing.TB, login, passphrase string) {
	t.Helper()
	prepared, err := c.PrepareSignUp(t.Context(), login, passphrase)
	if err != nil {
		t.Fatalf("prepare sign-up: %v", err)
	}
	if _, err := c.ConfirmSignUp(t.Context(), prepared.RecoveryCode); err != nil {
		t.Fatalf("sign up: %v", err)
	}
	c.LoginName, c.Passphrase, c.RecoveryCode = login, passphrase, prepared.RecoveryCode
}

// Fill sets attributes in the vault.
func (c *Customer) Fill(t testing.TB, attributes map[string]any) agent.Saved {
	t.Helper()
	values := make(map[string]json.RawMessage, len(attributes))
	for name, value := range attributes {
		raw, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		values[name] = raw
	}
	saved, err := c.Set(t.Context(), values)
	if err != nil {
		t.Fatalf("fill the vault: %v", err)
	}
	return saved
}

// Open goes where a vendor sends the browser: it gives the sealed request to decide on, or, when
// there is nothing to decide, where the provider sends the browser at once.
func (c *Customer) Open(t testing.TB, authorize string) (flow, redirect string) {
	t.Helper()
	to := c.Visit(t, authorize)
	if !strings.HasPrefix(to.String(), c.program.Issuer+"/continue?") {
		return "", to.String()
	}
	return to.Query().Get("flow"), ""
}

// Visit opens an address and gives the one that the answer leads to.
func (c *Customer) Visit(t testing.TB, address string) *url.URL {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	to, err := answer.Location()
	if err != nil {
		body, _ := io.ReadAll(answer.Body)
		t.Fatalf("%s leads nowhere: %d %s", address, answer.StatusCode, tail(string(body)))
	}
	return to
}

// Authorize answers a vendor's request as the customer would who ticks these claims, or who is not
// asked because a consent is in force. It gives the address back to the vendor.
func (c *Customer) Authorize(t testing.TB, authorize string, claims ...string) string {
	t.Helper()
	flow, redirect := c.Open(t, authorize)
	if flow == "" {
		return redirect
	}
	redirect, err := c.Answer(t.Context(), flow, claims...)
	if err != nil {
		t.Fatalf("authorize: %v", err)
	}
	return redirect
}

// Answer answers the sealed request.
func (c *Customer) Answer(ctx context.Context, flow string, claims ...string) (redirect string, err error) {
	pending, err := c.Ask(ctx, flow)
	if err != nil {
		return "", err
	}
	switch pending.Step {
	case agent.FlowStepReview:
		return c.Approve(ctx, agent.Decision{Flow: flow, Digest: pending.Digest, Claims: claims, Locale: "en"})
	case agent.FlowStepResume:
		return c.Resume(ctx, flow)
	case agent.FlowStepRedirect, agent.FlowStepRefused:
		return pending.Redirect, nil
	case agent.FlowStepSignIn:
	}
	return "", agent.ErrSignIn
}

// Do carries the agent's calls (agent.Transport).
func (c *Customer) Do(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader = http.NoBody
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.program.Issuer+"/api/v1"+path, body)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.Browser.Do(r)
	if err != nil {
		return agent.ErrUnreachable.Because(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		return agent.ErrUnreachable.Because(err)
	}
	return agent.ReadAnswer(answer.StatusCode, b, out)
}

// Proof is what proves the customer's present passphrase to the server.
func (c *Customer) Proof(t testing.TB) []byte {
	t.Helper()
	var all agent.SlotList
	if err := c.Do(t.Context(), http.MethodGet, "/slots", nil, &all); err != nil {
		t.Fatalf("read slots: %v", err)
	}
	for _, s := range all.Slots {
		if s.Stretch == nil {
			continue
		}
		secret, err := vault.FromPassphrase(c.Passphrase, seal.Stretch{Memory: s.Stretch.M, Time: s.Stretch.T, Threads: s.Stretch.P, Salt: s.Stretch.Salt})
		if err != nil {
			t.Fatal(err)
		}
		return secret.Auth()
	}
	t.Fatal("there is no slot for a passphrase")
	return nil
}

// Cookie is the session's cookie, as a thief of the browser would find it.
func (c *Customer) Cookie(t testing.TB) *http.Cookie {
	t.Helper()
	u, err := url.Parse(c.program.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range c.Browser.Jar.Cookies(u) {
		if strings.HasSuffix(k.Name, "meins_session") {
			return k
		}
	}
	t.Fatal("no session cookie")
	return nil
}

// Keeper keeps what the agent leaves on the device, in memory (agent.Keeper).
type Keeper struct {
	mu   sync.Mutex
	kept agent.Kept
}

// Load implements agent.Keeper.
func (k *Keeper) Load(context.Context) (agent.Kept, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.kept, nil
}

// Save implements agent.Keeper.
func (k *Keeper) Save(_ context.Context, kept agent.Kept) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept = kept
	return nil
}
