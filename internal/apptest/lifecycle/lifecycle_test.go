// Package lifecycle_test lives the life of consents against the whole program: asked in detail, given
// for some purposes, narrowed, paused, refused, read once, and written down.
package lifecycle_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/apptest"
	"github.com/meins-id/meins/vault/agent"
)

func TestMain(m *testing.M) { apptest.Main(m) }

const (
	theEmail = "marker-ada@example.org"
	theName  = "Marker Ada Lovelace"
	back     = "https://kornblume.example/back"
)

// details ask for an e-mail address and a name, for billing and for advertising.
const details = `[
	{"type":"https://meins.id/consent","claims":[{"name":"email","required":true},{"name":"name"}],"retention":"P6M","recipients":["DHL Paket GmbH"],
	 "purpose":{"iri":"https://w3id.org/dpv#PaymentManagement","text":"To send the bill.","text#de":"Für die Rechnung."}},
	{"type":"https://meins.id/consent","claims":[{"name":"email"}],"retention":"P6M",
	 "purpose":{"iri":"https://w3id.org/dpv#Advertising"}}]`

// scene is a customer before a vendor's request.
type scene struct {
	*apptest.Program
	vendor   apptest.Vendor
	customer *apptest.Customer
}

func newScene(t *testing.T) scene {
	t.Helper()
	p := apptest.Start(t)
	return scene{p, p.AddVendor(t, back), p.SignUp(t, "ada", map[string]any{"email": theEmail, "name": theName})}
}

// call makes one call of the API, which has to go well.
func (s scene) call(t *testing.T, method, path string, in, out any) {
	t.Helper()
	if err := s.customer.Do(t.Context(), method, path, in, out); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
}

// ask opens the vendor's request.
func (s scene) ask(t *testing.T, pairs ...string) (flow string, p agent.Pending) {
	t.Helper()
	flow, redirect := s.customer.Open(t, s.AuthorizeURL(s.vendor, pairs...))
	if flow == "" {
		t.Fatalf("nothing to decide: %s", redirect)
	}
	p, err := s.customer.Ask(t.Context(), flow)
	if err != nil {
		t.Fatal(err)
	}
	return flow, p
}

// give approves claims, each for the purposes that are named, or else for all.
func (s scene) give(t *testing.T, d agent.Decision, pairs ...string) (apptest.Tokens, agent.Grant) {
	t.Helper()
	flow, p := s.ask(t, pairs...)
	d.Flow, d.Digest, d.Locale = flow, p.Digest, "de"
	redirect, err := s.customer.Approve(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	tokens := s.Exchange(t, s.vendor, apptest.CodeOf(t, redirect))
	var grants agent.GrantList
	s.call(t, "GET", "/grants", nil, &grants)
	return tokens, grants.Grants[0]
}

func (s scene) wantInfo(t *testing.T, tokens apptest.Tokens, email, name bool) {
	t.Helper()
	a := s.UserInfo(t, tokens.Access)
	if a.Status != http.StatusOK || strings.Contains(string(a.Body), theEmail) != email || strings.Contains(string(a.Body), theName) != name {
		t.Errorf("UserInfo: %d with e-mail %v and name %v, want %v and %v", a.Status,
			strings.Contains(string(a.Body), theEmail), strings.Contains(string(a.Body), theName), email, name)
	}
}

func purposeOf(t *testing.T, claims []agent.Claim, claim, iri string) string {
	t.Helper()
	for _, c := range claims {
		for _, p := range c.Purposes {
			if c.Name == claim && strings.HasSuffix(p.Iri, iri) {
				return p.ID
			}
		}
	}
	t.Fatalf("%s is not asked for %s", claim, iri)
	return ""
}

func TestDetails_areShown_andEachPurposeIsChosenAndTakenBackSingly(t *testing.T) {
	s := newScene(t)
	_, p := s.ask(t, "authorization_details", details, "scope", "openid")
	if p.Ask.Retention != "P6M" || len(p.Ask.Recipients) != 1 || len(p.Ask.Claims) != 2 || len(p.Ask.Claims[0].Purposes) != 2 {
		t.Fatalf("asks %+v", *p.Ask)
	}
	billing := purposeOf(t, p.Ask.Claims, "email", "#PaymentManagement")
	tokens, g := s.give(t, agent.Decision{
		Claims: []string{"email", "name"}, Purposes: map[string][]string{"email": {billing}},
	}, "authorization_details", details, "scope", "openid")
	if len(g.Claims) != 2 || len(g.Claims[0].Purposes) != 1 || len(g.Without) != 1 || g.Retention != "P6M" {
		t.Errorf("given %+v", g)
	}
	s.wantInfo(t, tokens, true, true)

	var narrowed agent.Grant
	s.call(t, "POST", "/grants/"+g.ID+"/narrow", agent.Narrowing{Purposes: []string{billing}}, &narrowed)
	if len(narrowed.Claims) != 0 || len(narrowed.Taken) != 2 || narrowed.State != agent.GrantStateGiven {
		t.Errorf("narrowed %+v", narrowed)
	}
	s.wantInfo(t, tokens, false, false)
}

func TestPause_each_renew_overTheAPI(t *testing.T) {
	s := newScene(t)
	tokens, g := s.give(t, agent.Decision{Claims: []string{"email"}})
	var now agent.Grant
	s.call(t, "POST", "/grants/"+g.ID+"/pause", nil, &now)
	if !now.Paused {
		t.Error("not paused")
	}
	s.UserInfo(t, tokens.Access).Refused(t, http.StatusUnauthorized, "invalid_token")
	s.call(t, "POST", "/grants/"+g.ID+"/resume", nil, &now)
	s.wantInfo(t, tokens, true, false)

	ends := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)
	s.call(t, "POST", "/grants/"+g.ID+"/renew", agent.Renewing{Ends: ends}, &now)
	if !now.Ends.Equal(ends) {
		t.Errorf("ends %v", now.Ends)
	}
	if err := s.customer.Do(t.Context(), "POST", "/grants/"+g.ID+"/renew", agent.Renewing{Ends: ends.AddDate(2, 0, 0)}, nil); err == nil {
		t.Error("a consent for two years")
	}
	s.call(t, "PUT", "/grants/"+g.ID+"/each-time", agent.EachTime{EachTime: true}, &now)
	if _, p := s.ask(t); p.Step != agent.FlowStepReview || p.Grant == nil || !p.Grant.EachTime {
		t.Errorf("step %s", p.Step)
	}
}

func TestOnce_overTheWire_isReadOnce(t *testing.T) {
	s := newScene(t)
	once := strings.ReplaceAll(details, `"retention"`, `"usage":"once","retention"`)
	tokens, g := s.give(t, agent.Decision{Claims: []string{"email"}}, "authorization_details", once)
	if !g.Once || tokens.Refresh != "" {
		t.Errorf("once %v, refresh token %v", g.Once, tokens.Refresh != "")
	}
	s.wantInfo(t, tokens, true, false)
	s.UserInfo(t, tokens.Access).Refused(t, http.StatusUnauthorized, "invalid_token")
}

// Rule 15 of the consent screen.
func TestRefused_rule15_isNotPutAgain_unlessTheCustomerLooks(t *testing.T) {
	s := newScene(t)
	flow, p := s.ask(t)
	if _, err := s.customer.Deny(t.Context(), flow, p.Digest, "en"); err != nil {
		t.Fatal(err)
	}
	again, redirect := s.customer.Open(t, s.AuthorizeURL(s.vendor))
	var next agent.Next
	s.call(t, "POST", "/flow", agent.Flow{Flow: again}, &next)
	if next.Step != agent.FlowStepRefused || next.Refused.IsZero() || !strings.HasPrefix(next.Redirect, back) || !strings.Contains(next.Redirect, "access_denied") {
		t.Errorf("step %s, %s", next.Step, redirect)
	}
	page := s.page(t, "/continue?flow="+url.QueryEscape(again))
	if !strings.Contains(page, `data-refused="look"`) || strings.Contains(page, `name="decision"`) {
		t.Error("the page puts the request again")
	}
	if page := s.page(t, "/continue?look=1&flow="+url.QueryEscape(again)); !strings.Contains(page, `name="decision"`) {
		t.Error("the customer cannot look again")
	}
}

// page is what the customer's browser shows.
func (s scene) page(t *testing.T, path string) string {
	t.Helper()
	a := s.customer.Send(t, s.Request(t, http.MethodGet, path, nil, ""))
	if a.Status != http.StatusOK {
		t.Fatalf("%s: %d", path, a.Status)
	}
	return string(a.Body)
}

func TestReceipts_overTheAPI_areOneChain_withTheNotice_andNoValue(t *testing.T) {
	s := newScene(t)
	_, g := s.give(t, agent.Decision{Claims: []string{"email", "name"}}, "authorization_details", details)
	s.call(t, "POST", "/grants/"+g.ID+"/narrow", agent.Narrowing{Claims: []string{"name"}}, nil)
	s.call(t, "POST", "/grants/"+g.ID+"/withdraw", nil, nil)
	var head agent.ReceiptHead
	s.call(t, "GET", "/receipts/head", nil, &head)
	var list, rest agent.ReceiptList
	s.call(t, "GET", "/receipts?limit=2", nil, &list)
	s.call(t, "GET", "/receipts?before="+url.QueryEscape(list.Next), nil, &rest)
	receipts := append(list.Receipts, rest.Receipts...)
	if len(receipts) != 3 || head.Seq != 3 {
		t.Fatalf("%d receipts, head %d", len(receipts), head.Seq)
	}
	hash := head.Hash
	for i, r := range receipts {
		sum := sha256.Sum256(r.Record)
		var stored struct {
			Seq  uint64
			Prev string
		}
		if err := json.Unmarshal(r.Record, &stored); err != nil || stored.Seq != uint64(3-i) || base64.RawURLEncoding.EncodeToString(sum[:]) != hash || r.Hash != hash {
			t.Fatalf("receipt %d does not follow, %v", i, err)
		}
		hash = stored.Prev
		for _, value := range []string{theEmail, theName} {
			if strings.Contains(string(r.Record), value) {
				t.Error("a receipt holds a value")
			}
		}
	}
	given := receipts[2]
	if given.Event != agent.ReceiptEventGiven || given.Notice.Language != "de" || !strings.Contains(given.Notice.Text, "Für die Rechnung.") ||
		!strings.Contains(given.Notice.Text, "DHL Paket GmbH") || given.Retention != "P6M" || len(given.Claims) != 2 {
		t.Errorf("%+v", given)
	}
	if receipts[1].Event != agent.ReceiptEventNarrowed || receipts[0].State != agent.GrantStateWithdrawn || receipts[0].Notice.Hash != given.Notice.Hash {
		t.Errorf("%+v", receipts[:2])
	}
}
