package provider_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// wish asks by authorization details.
const wish = `[{"type":"https://meins.id/consent","claims":[{"name":"email","required":true},{"name":"name"}],
	"purpose":{"iri":"https://w3id.org/dpv#PaymentManagement","text":"To send the bill"},"retention":"P6M","recipients":["DHL Paket GmbH"]}]`

func TestAuthorize_detailsThatNobodyKnows_areRefusedToTheVendor(t *testing.T) {
	w := newWorld(t)
	s := w.vendor()
	for _, details := range []string{
		"{", "[]", `[{"type":"payment_initiation"}]`, strings.Replace(wish, "DHL Paket GmbH", "our partners", 1),
		strings.Replace(wish, "retention", "locations", 1), strings.Replace(wish, `"email"`, `"no_such_claim"`, 1),
	} {
		wantRefusal(t, w.authorize(s.request("openid", "authorization_details", details), ""), "invalid_authorization_details")
	}
}

func TestDetails_areOneAskWithTheRest_andComeBackAsGranted(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	q := s.request("openid offline_access", "authorization_details", wish)
	next, err := w.p.Next(t.Context(), w.flow(q), &c.session)
	w.must(err)
	if next.Ask.Retention != "P6M" || len(next.Ask.Claims) != 2 || len(next.Ask.Recipients) != 1 || next.Ask.Claims[0].Purposes[0].Text != "To send the bill" {
		t.Errorf("asks %+v", next.Ask)
	}
	code, _ := c.approve(q, "email")
	got := w.exchange(s, code)
	wantGranted(t, got)
	wantGranted(t, w.post("/oauth/token", s, refreshForm(got.Refresh)))
}

// wantGranted looks for the one claim that was approved, and nothing of the other.
func wantGranted(t *testing.T, a answer) {
	t.Helper()
	var body struct {
		Details []struct {
			Type    string
			Claims  []struct{ Name string }
			Purpose struct{ IRI string }
		} `json:"authorization_details"`
	}
	if err := json.Unmarshal([]byte(a.Body), &body); err != nil || len(body.Details) != 1 {
		t.Fatalf("%d entries, %v", len(body.Details), err)
	}
	if d := body.Details[0]; len(d.Claims) != 1 || d.Claims[0].Name != "email" || d.Purpose.IRI != "https://w3id.org/dpv#PaymentManagement" {
		t.Errorf("granted %+v", d)
	}
}

func TestDetails_toAVendorThatSentNone_areNotMentioned(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	code, _ := c.approve(s.request("openid email"), "email")
	if strings.Contains(w.exchange(s, code).Body, "authorization_details") {
		t.Error("a vendor gets details that it did not ask for")
	}
}

func TestDetails_usageOnce_givesNoRefreshToken(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	once := strings.Replace(wish, `"retention"`, `"usage":"once","retention"`, 1)
	code, _ := c.approve(s.request("openid offline_access", "authorization_details", once), "email")
	got := w.exchange(s, code)
	if got.Refresh != "" || strings.Contains(got.Scope, "offline_access") {
		t.Errorf("a refresh token for what is read once: scope %q", got.Scope)
	}
}

func TestDiscovery_namesTheTypeOfAuthorizationDetails(t *testing.T) {
	w := newWorld(t)
	if body := w.get("/.well-known/openid-configuration", "").Body.String(); !strings.Contains(body, `"authorization_details_types_supported":["https://meins.id/consent"]`) {
		t.Error(body)
	}
}
