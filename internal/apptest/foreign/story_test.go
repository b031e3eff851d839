package foreign_test

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/meins-id/meins/internal/apptest"
	"github.com/meins-id/meins/internal/id"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// party is one foreign relying party. Each checks what comes back as its library does: signatures,
// issuer, audience, nonce, state, at_hash.
type party interface {
	visited
	// endSession signs the customer out at the provider and gives where the browser ends up.
	endSession(t *testing.T, c *apptest.Customer, back, state string) *url.URL
}

// visited is a relying party that customers come to, in whatever way they leave it.
type visited interface {
	// begin starts a sign-in and gives the address to which the browser is sent.
	begin(t *testing.T) (authorize string)
	// finish takes the browser back from the provider, with a code or a "no".
	finish(t *testing.T, callback string) error
	// subject is who signed in, by the ID token.
	subject() string
	// userInfo asks the UserInfo endpoint with the access token in hand.
	userInfo(t *testing.T) (map[string]any, error)
	// refresh swaps the refresh token in hand for new tokens.
	refresh(t *testing.T) error
}

// Where the customers come back to. Nobody listens there: what a browser would carry, the tests do.
const (
	callback = "https://kornblume.example/callback"
	goodbye  = "https://kornblume.example/goodbye"
	scopes   = "openid email address offline_access"
)

var ada = map[string]any{
	"name": "Ada Lovelace", "email": "ada@lovelace.example", "birthdate": "1984-12-10",
	"address": map[string]any{"street_address": "12 St James's Square", "locality": "London", "country": "GB"},
}

// tell lets a customer and a foreign vendor go the whole way.
func tell(t *testing.T, p *apptest.Program, v party) {
	c := p.SignUp(t, "ada", ada)
	staysConnected(t, c, v)
	endsWithdrawn(t, c, v)
	isTold(t, c, v)
	signsOut(t, c, v)
}

// staysConnected lets the customer come for the first time, change something, and come again.
func staysConnected(t *testing.T, c *apptest.Customer, v visited) {
	t.Helper()

	// The first time the customer chooses: the e-mail address, and no address.
	if err := v.finish(t, c.Authorize(t, v.begin(t), "email")); err != nil {
		t.Fatalf("sign in: %v", err)
	}
	first := v.subject()
	if first == "" || first == "ada" || strings.Contains(first, "@") {
		t.Fatalf("the subject is %q", first)
	}
	sees(t, v, "ada@lovelace.example", "email", "sub")

	// Fresh tokens serve as well, and what the vault says now is what the vendor sees.
	if err := v.refresh(t); err != nil {
		t.Fatalf("refresh: %v", err)
	}
	c.Fill(t, map[string]any{"email": "countess@lovelace.example"})
	sees(t, v, "countess@lovelace.example", "email", "sub")

	// The second time nobody is asked, and the vendor meets the same customer.
	again := c.Authorize(t, v.begin(t))
	if err := v.finish(t, again); err != nil {
		t.Fatalf("sign in again: %v", err)
	}
	if v.subject() != first {
		t.Error("the second time the vendor met somebody else")
	}
	sees(t, v, "countess@lovelace.example", "email", "sub")
	if err := v.refresh(t); err != nil {
		t.Fatalf("refresh: %v", err)
	}
}

// sees checks that UserInfo has this e-mail address, and these claims and no others.
func sees(t *testing.T, v visited, email string, names ...string) {
	t.Helper()
	info, err := v.userInfo(t)
	if err != nil {
		t.Fatalf("userinfo: %v", err)
	}
	got := slices.Sorted(maps.Keys(info))
	got = slices.DeleteFunc(got, func(name string) bool { return name == "email_verified" || name == "updated_at" })
	if !slices.Equal(got, names) || info["email"] != email || info["sub"] != v.subject() {
		t.Errorf("the vendor sees %v", info)
	}
}

// withdraws ends the customer's only consent.
func withdraws(t *testing.T, c *apptest.Customer) {
	t.Helper()
	grants, err := c.Grants(t.Context())
	if err != nil || len(grants) != 1 {
		t.Fatalf("%d grants: %v", len(grants), err)
	}
	if _, err := c.Withdraw(t.Context(), id.Grant(grants[0].ID)); err != nil {
		t.Fatalf("withdraw: %v", err)
	}
}

// endsWithdrawn lets the customer withdraw: neither token serves any longer.
func endsWithdrawn(t *testing.T, c *apptest.Customer, v party) {
	t.Helper()
	withdraws(t, c)
	if info, err := v.userInfo(t); err == nil {
		t.Errorf("after the withdrawal the vendor still sees %v", info)
	}
	if err := v.refresh(t); err == nil || !strings.Contains(err.Error(), "invalid_grant") {
		t.Errorf("after the withdrawal a refresh ends with: %v", err)
	}
}

// denies answers a vendor's request with a "no".
func denies(t *testing.T, c *apptest.Customer, authorize string) (redirect string) {
	t.Helper()
	flow, _ := c.Open(t, authorize)
	pending, err := c.Ask(t.Context(), flow)
	if err != nil {
		t.Fatalf("ask: %v", err)
	}
	redirect, err = c.Deny(t.Context(), flow, pending.Digest, "en")
	if err != nil {
		t.Fatalf("deny: %v", err)
	}
	return redirect
}

// isTold lets the customer say no: the library finds the standard's error, and nothing else.
func isTold(t *testing.T, c *apptest.Customer, v party) {
	t.Helper()
	if err := v.finish(t, denies(t, c, v.begin(t))); err == nil || !strings.Contains(err.Error(), "access_denied") {
		t.Errorf("the vendor is told: %v", err)
	}
}

// signsOut gives a new consent and ends the session from the vendor's side.
func signsOut(t *testing.T, c *apptest.Customer, v party) {
	t.Helper()
	if err := v.finish(t, c.Authorize(t, v.begin(t), "email", "address")); err != nil {
		t.Fatalf("sign in after a withdrawal: %v", err)
	}
	sees(t, v, "countess@lovelace.example", "address", "email", "sub")
	const state = "back & forth"
	to := v.endSession(t, c, goodbye, state)
	if to == nil || !strings.HasPrefix(to.String(), goodbye+"?") || to.Query().Get("state") != state {
		t.Errorf("signed out, the browser is sent to %v", to)
	}
	isSignedOut(t, c)
}

// isSignedOut checks that the provider knows the customer no longer.
func isSignedOut(t *testing.T, c *apptest.Customer) {
	t.Helper()
	if state, err := c.State(t.Context()); err == nil && state.SignedIn {
		// The agent may not have noticed; the server must have.
		if _, err := c.Grants(t.Context()); err == nil {
			t.Error("the customer is signed in still")
		}
	}
}
