package provider_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/vault"
)

// underTerms is a request in detail under terms.
var underTerms = strings.Replace(wish, `"retention"`, `"terms":["SD-BASE"],"retention"`, 1)

func (w *world) accepts(s shop, terms ...string) {
	w.t.Helper()
	_, err := w.vendors.SetStanding(w.t.Context(), s.ID, identity.StandingChange{Accepts: &terms})
	w.must(err)
}

func TestAsk_namesTheTermsThatTheVendorAccepts_byIdentifierAndVersion(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(), w.customer()
	w.accepts(s, "SD-BASE-A", "SD-BASE", "SD-BASE:2.2")
	for details, want := range map[string][]string{"": {"SD-BASE:2.2", "SD-BASE-A:2.2"}, underTerms: {"SD-BASE:2.2"}} {
		q := s.request("openid email")
		if details != "" {
			q = s.request("openid email", "authorization_details", details)
		}
		next, err := w.p.Next(t.Context(), w.flow(q), &c.session)
		w.must(err)
		if !slices.Equal(next.Ask.Terms, want) {
			t.Errorf("%v, want %v", next.Ask.Terms, want)
		}
	}
}

func TestAuthorize_termsThatAreNotRegisteredOrUnknown_areRefusedToTheVendor(t *testing.T) {
	w := newWorld(t)
	s := w.vendor()
	wantRefusal(t, w.authorize(s.request("openid", "authorization_details", underTerms), ""), "invalid_authorization_details")
	w.accepts(s, "SD-BASE-A")
	wantRefusal(t, w.authorize(s.request("openid", "authorization_details", underTerms), ""), "invalid_authorization_details")
	w.accepts(s, "SD-BASE")
	wantRefusal(t, w.authorize(s.request("openid", "authorization_details", strings.Replace(underTerms, "SD-BASE", "OUR-OWN", 1)), ""), "invalid_authorization_details")
	if u := w.authorize(s.request("openid", "authorization_details", underTerms), ""); u.Path != "/continue" {
		t.Errorf("registered, and sent to %s", u)
	}
}

func TestRegistration_termsAndKind_areTakenAndTold_andTheKindIsOnlyAWord(t *testing.T) {
	w := registering(t, provider.RegistrationOpen)
	c := w.register(metadata{"accepted_terms": []string{"SD-BASE"}, "vendor_kind": "bank"})
	v := w.registered(c)
	if !slices.Equal(v.Standing.Accepts, []string{"SD-BASE:2.2"}) || v.Standing.Kind != vault.KindBank || v.Standing.KnownKind() != "" {
		t.Errorf("%+v", v.Standing)
	}
	if c.text("vendor_kind") != "bank" || !strings.Contains(c.Body, `"accepted_terms":["SD-BASE"]`) {
		t.Errorf("told %s", c.Body)
	}
	none := []string{}
	if _, err := w.vendors.SetStanding(t.Context(), v.ID, identity.StandingChange{Accepts: &none}); err == nil {
		t.Error("the operator spoke for a vendor that speaks for itself")
	}
	bank := vault.KindBank
	confirmed, err := w.vendors.SetStanding(t.Context(), v.ID, identity.StandingChange{Kind: &bank})
	w.must(err)
	if confirmed.Standing.KnownKind() != vault.KindBank {
		t.Errorf("%+v", confirmed.Standing)
	}
	for name, change := range map[string]metadata{
		"terms": {"accepted_terms": []string{"SD-BASE", "OUR-OWN"}}, "one text": {"accepted_terms": "SD-BASE"}, "kind": {"vendor_kind": "cartel"},
		"an old version": {"accepted_terms": []string{"SD-BASE:0.9"}},
	} {
		if c := w.call(http.MethodPost, "/oauth/register", "", described(change)); c.Status != 400 || c.text("error") != "invalid_client_metadata" {
			t.Errorf("%s: %d %s", name, c.Status, c.Body)
		}
	}
}

func TestPreview_whatVendorsOfTheKindDoNotUsuallyAsk_isFound(t *testing.T) {
	w := newWorld(t)
	s := w.vendor()
	kind := vault.KindShop
	_, err := w.vendors.SetStanding(t.Context(), s.ID, identity.StandingChange{Kind: &kind})
	w.must(err)
	_, found, err := w.p.Preview(t.Context(), s.ID, provider.Wanted{Scope: "openid email address", Claims: []byte(`{"userinfo":{"iban":null}}`)})
	w.must(err)
	var unusual []string
	for _, f := range found {
		if f.Code == "claim-unusual" && !f.Fatal {
			unusual = append(unusual, f.Text)
		}
	}
	if len(unusual) != 1 || !strings.HasSuffix(unusual[0], "(shop) do not usually ask for iban") {
		t.Errorf("%v", unusual)
	}
}

func TestDocument_saysWhichTermsTheVendorAccepts_andOfWhichKindItSaysItIs(t *testing.T) {
	w, site := documented(t), newSite(t)
	s := site.describes(t, metadata{"accepted_terms": []string{"SD-BASE"}, "vendor_kind": "bank"})
	c := w.customer()
	next, err := w.p.Next(t.Context(), w.flow(s.request("openid email")), &c.session)
	w.must(err)
	if !slices.Equal(next.Ask.Terms, []string{"SD-BASE:2.2"}) || next.Ask.Party.Kind != "" {
		t.Errorf("%v, of the kind %q", next.Ask.Terms, next.Ask.Party.Kind)
	}
}
