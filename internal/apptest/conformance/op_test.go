package conformance_test

import (
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/meins-id/meins/internal/apptest"
	"github.com/meins-id/meins/vault/agent"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// theWhole is a customer who has a value for every claim of the standard's scopes.
var theWhole = map[string]any{
	"name": "Ada Augusta Lovelace", "given_name": "Ada", "family_name": "Lovelace", "middle_name": "Augusta", "nickname": "Ada",
	"preferred_username": "ada", "profile": "https://ada.example/", "picture": "https://ada.example/ada.png",
	"website": "https://ada.example/", "email": "ada@example.org", "gender": "female", "birthdate": "1984-12-10",
	"zoneinfo": "Europe/London", "locale": "en-GB", "phone_number": "+442079460000",
	"address": map[string]any{"street_address": "12 St James's Square", "locality": "London", "postal_code": "SW1Y 4JH", "country": "GB"},
}

// op is the provider under test, the person who sits before it, and the suite's own server.
type op struct {
	*apptest.Program
	person *apptest.Customer
	suite  *suite
	steps  []agent.FlowStep // that the person went through since they were last looked at
}

func newOP(t *testing.T, flags ...string) *op {
	t.Helper()
	p := apptest.Start(t, flags...)
	return &op{Program: p, person: p.SignUp(t, "ada", theWhole), suite: newSuite(t)}
}

// suite is what the relying party of the suite serves: documents that a provider fetches, and the
// addresses where it hears of logouts.
type suite struct {
	*httptest.Server
	mu        sync.Mutex
	documents map[string]any
	heard     chan url.Values
}

// base is the part of an address that all addresses of one plan have in common.
const base = "/test/a/meins"

func newSuite(t *testing.T) *suite {
	t.Helper()
	s := &suite{documents: map[string]any{}, heard: make(chan url.Values, 8)}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP implements http.Handler.
func (s *suite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == base+"/backchannel_logout" && r.Method == http.MethodPost && r.ParseForm() == nil {
		s.heard <- r.PostForm
		w.Header().Set("Cache-Control", "no-store")
		return
	}
	s.mu.Lock()
	document, ok := s.documents[r.URL.Path]
	s.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	if picture, ok := document.([]byte); ok {
		_, _ = w.Write(picture) // who does not read it has none
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(document) // as above
}

// serves publishes a document, and gives its address.
func (s *suite) serves(path string, document any) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.documents[base+path] = document
	return s.URL + base + path
}

// opens is where the person lands who opens a request: the parameters that reach the relying party. The
// person signs in when asked, and approves all that is asked.
func (o *op) opens(t *testing.T, r *http.Request) url.Values {
	t.Helper()
	return o.received(t, o.leads(t, r))
}

// leads is the address that a request ends at.
func (o *op) leads(t *testing.T, r *http.Request) string {
	t.Helper()
	answer := o.person.Send(t, r)
	to := answer.Header.Get("Location")
	if answer.Status != http.StatusSeeOther && answer.Status != http.StatusFound {
		t.Fatalf("%d, and leads nowhere: %s", answer.Status, answer.Body)
	}
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	if u.Path == "/continue" {
		return o.answer(t, u.Query().Get("flow"))
	}
	return to
}

// answer goes through the pages as a person does.
func (o *op) answer(t *testing.T, flow string) string {
	t.Helper()
	p, err := o.person.Ask(t.Context(), flow)
	if err != nil {
		t.Fatal(err)
	}
	o.steps = append(o.steps, p.Step)
	switch p.Step {
	case agent.FlowStepSignIn:
		o.signsIn(t)
		return o.answer(t, flow)
	case agent.FlowStepReview:
		names := make([]string, len(p.Ask.Claims))
		for i, c := range p.Ask.Claims {
			names[i] = c.Name
		}
		to, err := o.person.Approve(t.Context(), agent.Decision{Flow: flow, Digest: p.Digest, Claims: names, Locale: "en"})
		if err != nil {
			t.Fatal(err)
		}
		return to
	case agent.FlowStepResume:
		to, err := o.person.Resume(t.Context(), flow)
		if err != nil {
			t.Fatal(err)
		}
		return to
	case agent.FlowStepRedirect, agent.FlowStepRefused:
	}
	return p.Redirect
}

// walked gives the steps of the last request, and forgets them.
func (o *op) walked() []agent.FlowStep {
	steps := o.steps
	o.steps = nil
	return steps
}

// signsIn proves again who is here, or signs in.
func (o *op) signsIn(t *testing.T) {
	t.Helper()
	if _, err := o.person.Unlock(t.Context(), o.person.Passphrase); err == nil {
		return
	}
	if _, err := o.person.Login(t.Context(), o.person.LoginName, o.person.Passphrase); err != nil {
		t.Fatal(err)
	}
}

var (
	formAction = regexp.MustCompile(`<form method="post" action="([^"]*)">`)
	formField  = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// received gives the parameters of an answer, whether they travel in the address or in a form. What
// travels in a form must not be in the address too.
func (o *op) received(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if u.Path != "/oauth/response" {
		values := u.Query()
		values.Set("at", (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String())
		return values
	}
	page := o.Get(t, address)
	action := formAction.FindStringSubmatch(page)
	if action == nil || strings.Contains(action[1], "code=") || strings.Contains(action[1], "error=") {
		t.Fatalf("no form that posts the answer: %s", page)
	}
	values := url.Values{"at": {html.UnescapeString(action[1])}, "posted": {"true"}}
	for _, field := range formField.FindAllStringSubmatch(page, -1) {
		values.Add(html.UnescapeString(field[1]), html.UnescapeString(field[2]))
	}
	return values
}
