package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/internal/apptest"
)

func decode(t *testing.T, a apptest.Answer, into any) {
	t.Helper()
	if a.Status/100 != 2 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if err := json.Unmarshal(a.Body, into); err != nil {
		t.Fatal(err)
	}
}

// consented is a vendor with a consent: what came with the tokens.
func consented(t *testing.T, w *world) (tokens apptest.Answer) {
	t.Helper()
	code := apptest.CodeOf(t, w.ada.Authorize(t, w.p.AuthorizeURL(w.vendor, "scope", "openid email profile offline_access"), "email", "name"))
	return w.p.Post(t, "/oauth/token", w.vendor, apptest.CodeForm(w.vendor, code))
}

func TestVendor_findsItsConsentByTheNameThatCameWithTheTokens(t *testing.T) {
	w := newWorld(t, apptest.Start(t))
	tokens := consented(t, w)
	grant := tokens.Text("grant_id")
	var g struct {
		ID        string           `json:"grant_id"`
		Sub       string           `json:"sub"`
		State     string           `json:"state"`
		Claims    []string         `json:"claims"`
		Consented []map[string]any `json:"consented"`
	}
	decode(t, w.call(t, w.token, "GET", "/vendor/grants/"+grant, nil), &g)
	if g.ID != grant || g.State != "given" || len(g.Claims) != 2 || g.Claims[0] != "email" || len(g.Consented) != 2 || g.Sub != w.p.UserInfo(t, tokens.Text("access_token")).Text("sub") {
		t.Errorf("%+v", g)
	}
	again := w.p.Post(t, "/oauth/token", w.vendor, apptest.RefreshForm(tokens.Text("refresh_token")))
	if again.Text("grant_id") != grant {
		t.Errorf("refreshed tokens name %q", again.Text("grant_id"))
	}
	if own := w.p.Post(t, "/oauth/token", w.vendor, url.Values{"grant_type": {"client_credentials"}}); own.Text("grant_id") != "" {
		t.Error("a token of the vendor's own names a consent")
	}
	other := own(t, w.p, w.p.AddVendor(t, callback))
	for _, path := range []string{"/vendor/grants/" + grant, "/vendor/grants/" + grant + "/receipts", "/vendor/grants/" + apptest.AnID} {
		w.call(t, other, "GET", path, nil).Refused(t, http.StatusNotFound, "grant-unknown")
		w.call(t, tokens.Text("access_token"), "GET", path, nil).Refused(t, http.StatusUnauthorized, "vendor-token")
		w.ada.Send(t, w.p.Request(t, "GET", "/api/v1"+path, nil, "")).Refused(t, http.StatusUnauthorized, "vendor-token")
	}
	w.call(t, other, "DELETE", "/vendor/grants/"+grant, nil).Refused(t, http.StatusNotFound, "grant-unknown")
	if w.p.UserInfo(t, again.Text("access_token")).Status != http.StatusOK {
		t.Error("a stranger ended the consent")
	}
}

func TestVendor_givesAConsentBack_andNothingIsReadAgain(t *testing.T) {
	w := newWorld(t, apptest.Start(t))
	tokens := consented(t, w)
	path := "/vendor/grants/" + tokens.Text("grant_id")
	for range 2 { // again changes nothing
		if a := w.call(t, w.token, "DELETE", path, nil); a.Status != http.StatusNoContent {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	if a := w.p.UserInfo(t, tokens.Text("access_token")); a.Status != http.StatusUnauthorized || strings.Contains(string(a.Body), "marker") {
		t.Errorf("read after the end: %d %s", a.Status, a.Body)
	}
	if w.p.Post(t, "/oauth/token", w.vendor, apptest.RefreshForm(tokens.Text("refresh_token"))).Status == http.StatusOK {
		t.Error("refreshed after the end")
	}
	if state := w.call(t, w.token, "GET", path, nil).Text("state"); state != "revoked" {
		t.Errorf("the state is %s", state)
	}
	var receipts struct {
		Receipts []struct{ Event, State string }
	}
	decode(t, w.ada.Send(t, w.p.Request(t, "GET", "/api/v1/receipts", nil, "")), &receipts)
	revoked := 0
	for _, r := range receipts.Receipts {
		if r.Event == "revoked" && r.State == "revoked" {
			revoked++
		}
	}
	if revoked != 1 {
		t.Errorf("the customer has %d receipts of it: %+v", revoked, receipts.Receipts)
	}
}

func TestVendor_keepsReceiptsThatVerify_andLearnNothingMoreFromThem(t *testing.T) {
	w := newWorld(t, apptest.Start(t))
	grant := consented(t, w).Text("grant_id")
	var got struct {
		Receipts []struct{ Event, Receipt string }
	}
	decode(t, w.call(t, w.token, "GET", "/vendor/grants/"+grant+"/receipts", nil), &got)
	if len(got.Receipts) != 1 || got.Receipts[0].Event != "given" {
		t.Fatalf("%+v", got)
	}
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(w.p.Get(t, w.p.Issuer+"/api/v1/receipts/keys")), &keys); err != nil {
		t.Fatal(err)
	}
	signed, err := jose.ParseSigned(got.Receipts[0].Receipt, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := signed.Verify(keys.Keys[0])
	if err != nil {
		t.Fatal(err)
	}
	grants, err := w.ada.Grants(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(payload), grant) || !strings.Contains(string(payload), "email") {
		t.Errorf("%s", payload)
	}
	for _, absent := range []string{grants[0].Persona, "marker", `"chain"`, `"sequence"`} {
		if strings.Contains(string(payload), absent) {
			t.Errorf("the vendor's receipt has %s", absent)
		}
	}
}

func TestPreview_saysWhatACustomerWouldBeAsked_andWhatIsWrong(t *testing.T) {
	w := newWorld(t, apptest.Start(t))
	type preview struct {
		Ask *struct {
			Claims []struct {
				Name     string
				Required bool
				Purposes []map[string]any
			}
		}
		Findings []struct {
			Code  string
			Fatal bool
		}
	}
	var good preview
	decode(t, w.call(t, w.token, "POST", "/vendor/preview", map[string]any{
		"scope": "openid email nonsense",
		"claims": map[string]any{"userinfo": map[string]any{
			"name": map[string]any{"essential": true, "purpose": "To write it on the card."},
		}},
	}), &good)
	found := map[string]bool{}
	for _, f := range good.Findings {
		found[f.Code] = true
		if f.Fatal {
			t.Errorf("%+v", f)
		}
	}
	if good.Ask == nil || len(good.Ask.Claims) < 2 || !found["scope-unknown"] || !found["purpose-missing"] || !found["policy-missing"] {
		t.Errorf("%+v", good)
	}
	for name, in := range map[string]map[string]any{
		"no openid": {"scope": "email"},
		"partners": {"scope": "openid", "authorization_details": []any{map[string]any{
			"type": "https://meins.id/consent", "claims": []any{map[string]any{"name": "email"}}, "recipients": []any{"partners"},
		}}},
	} {
		var bad preview
		decode(t, w.call(t, w.token, "POST", "/vendor/preview", in), &bad)
		if bad.Ask != nil || len(bad.Findings) == 0 || !bad.Findings[0].Fatal {
			t.Errorf("%s: %+v", name, bad)
		}
	}
}

type waiting struct{ ID, State, Link string }

func (w *world) waits(t *testing.T, c *apptest.Customer) []waiting {
	t.Helper()
	var list struct{ Requests []waiting }
	decode(t, c.Send(t, w.p.Request(t, "GET", "/api/v1/requests", nil, "")), &list)
	return list.Requests
}

func TestRequestForLater_isFound_answeredOnce_andComesBackToTheVendor(t *testing.T) {
	w := newWorld(t, apptest.Start(t))
	before := w.waits(t, w.ada)
	if len(before) != 1 {
		t.Fatalf("%+v", before)
	}
	grant := w.known["grant_id"][0]
	again := map[string]any{"parameters": w.parameters("openid phone"), "grant_id": grant}
	w.call(t, w.token, "POST", "/vendor/requests", again).Refused(t, http.StatusConflict, "request-waits")
	if a := w.call(t, w.token, "DELETE", "/vendor/requests/"+before[0].ID, nil); a.Status != http.StatusNoContent {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if left := w.waits(t, w.ada); len(left) != 0 {
		t.Errorf("taken back, and there: %+v", left)
	}
	var made waiting
	decode(t, w.call(t, w.token, "POST", "/vendor/requests", map[string]any{"parameters": w.parameters("openid phone"), "grant_id": grant}), &made)
	if made.State != "requested" || !strings.HasPrefix(made.Link, w.p.Issuer) {
		t.Fatalf("%+v", made)
	}
	if others := w.waits(t, w.p.SignUp(t, "bob", ada)); len(others) != 0 {
		t.Errorf("another customer sees it: %+v", others)
	}
	w.ada.Fill(t, map[string]any{"phone_number": "+49 30 1234567"})
	tokens := w.p.Exchange(t, w.vendor, apptest.CodeOf(t, w.ada.Authorize(t, made.Link, "phone_number")))
	if a := w.p.UserInfo(t, tokens.Access); a.Text("phone_number") == "" {
		t.Errorf("%s", a.Body)
	}
	if state := w.call(t, w.token, "GET", "/vendor/requests/"+made.ID, nil).Text("state"); state != "answered" {
		t.Errorf("the state is %s", state)
	}
	if left := w.waits(t, w.ada); len(left) != 0 {
		t.Errorf("answered, and there: %+v", left)
	}
	if _, redirect := w.ada.Open(t, made.Link); !strings.Contains(redirect, "error=") {
		t.Errorf("it can be answered again: %s", redirect)
	}
	w.call(t, own(t, w.p, w.p.AddVendor(t, callback)), "GET", "/vendor/requests/"+made.ID, nil).Refused(t, http.StatusNotFound, "request-unknown")
}

func TestRequestForLater_isRefusedWithoutVisitingIt_andIsAnswered(t *testing.T) {
	w := newWorld(t, apptest.Start(t))
	var list struct {
		Requests []struct{ ID, Digest, Link string }
	}
	decode(t, w.ada.Send(t, w.p.Request(t, "GET", "/api/v1/requests", nil, "")), &list)
	if len(list.Requests) != 1 {
		t.Fatalf("%+v", list)
	}
	one := list.Requests[0]
	deny := func(c *apptest.Customer, digest string) apptest.Answer {
		r := w.asking(t, "", "POST", "/requests/"+one.ID+"/deny", map[string]any{"digest": digest, "locale": "en"})
		r.Header.Set("Sec-GPC", "1")
		return c.Send(t, r)
	}
	deny(w.p.SignUp(t, "bob", ada), one.Digest).Refused(t, http.StatusNotFound, "request-unknown")
	deny(w.ada, strings.Repeat("A", len(one.Digest))).Refused(t, http.StatusPreconditionFailed, "review-stale")
	if left := w.waits(t, w.ada); len(left) != 1 {
		t.Fatalf("it is gone: %+v", left)
	}
	if a := deny(w.ada, one.Digest); a.Status != http.StatusNoContent {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	deny(w.ada, one.Digest).Refused(t, http.StatusNotFound, "request-unknown")
	if left := w.waits(t, w.ada); len(left) != 0 {
		t.Errorf("refused, and there: %+v", left)
	}
	if state := w.call(t, w.token, "GET", "/vendor/requests/"+one.ID, nil).Text("state"); state != "answered" {
		t.Errorf("the state is %s", state)
	}
	if _, redirect := w.ada.Open(t, one.Link); !strings.Contains(redirect, "error=") {
		t.Errorf("it can still be approved: %s", redirect)
	}
	var receipts struct {
		Receipts []struct {
			Event string
			GPC   bool
		}
	}
	decode(t, w.ada.Send(t, w.p.Request(t, "GET", "/api/v1/receipts?limit=1", nil, "")), &receipts)
	if len(receipts.Receipts) != 1 || receipts.Receipts[0].Event != "refused" || !receipts.Receipts[0].GPC {
		t.Errorf("%+v", receipts)
	}
}

func TestRequestForLater_withoutACustomer_isForWhoeverHasTheLink(t *testing.T) {
	w := newWorld(t, apptest.Start(t))
	var made waiting
	decode(t, w.call(t, w.token, "POST", "/vendor/requests", map[string]any{"parameters": w.parameters("openid email"), "expires_in": 3600}), &made)
	bob := w.p.SignUp(t, "bob", ada)
	if seen := w.waits(t, bob); len(seen) != 0 {
		t.Errorf("%+v", seen)
	}
	w.p.Exchange(t, w.vendor, apptest.CodeOf(t, bob.Authorize(t, made.Link, "email")))
	for name, in := range map[string]map[string]any{
		"another address":      {"parameters": map[string]any{"scope": "openid", "response_type": "code", "redirect_uri": "https://evil.example/"}},
		"no proof":             {"parameters": map[string]any{"scope": "openid", "response_type": "code", "redirect_uri": callback}},
		"another's consent":    {"parameters": w.parameters("openid"), "grant_id": apptest.AnID},
		"silent":               {"parameters": with(w.parameters("openid"), "prompt", "none")},
		"a moment":             {"parameters": w.parameters("openid"), "expires_in": 1},
		"longer than for ever": {"parameters": w.parameters("openid"), "expires_in": 1 << 40},
	} {
		if a := w.call(t, w.token, "POST", "/vendor/requests", in); a.Status/100 != 4 {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
}

func with(m map[string]any, name, value string) map[string]any {
	m[name] = value
	return m
}

func TestVendor_answersARequestForDeletion_andTheCustomerReadsIt(t *testing.T) {
	w := newWorld(t, apptest.Start(t))
	grant := w.known["grant_id"][0].(string)
	mine, theirs := "/grants/"+grant+"/erasure", "/vendor/grants/"+grant+"/erasure"
	w.call(t, w.token, "GET", theirs, nil).Refused(t, http.StatusNotFound, "erasure-unknown")
	w.call(t, w.token, "PUT", theirs, map[string]any{"outcome": "fulfilled"}).Refused(t, http.StatusNotFound, "erasure-unknown")
	if a := w.keyed(t, "", "", mine, nil); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	asked := w.call(t, w.token, "GET", theirs, nil)
	if asked.Text("state") != "requested" || asked.Text("request_id") == "" || !strings.Contains(string(asked.Body), `"email"`) {
		t.Errorf("%d %s", asked.Status, asked.Body)
	}
	other := own(t, w.p, w.p.AddVendor(t, callback))
	for _, token := range []string{other, w.access, w.program} {
		for _, method := range []string{"GET", "PUT"} {
			if a := w.call(t, token, method, theirs, map[string]any{"outcome": "fulfilled"}); a.Status/100 == 2 {
				t.Errorf("somebody else: %s %d %s", method, a.Status, a.Body)
			}
		}
	}
	w.call(t, w.token, "PUT", theirs, map[string]any{"outcome": "denied"}).Refused(t, http.StatusBadRequest, "erasure-reason")
	if a := w.matching(t, w.token, asked.Header.Get("ETag"), "PUT", theirs, map[string]any{"outcome": "received"}); a.Text("state") != "acknowledged" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	denied := map[string]any{"outcome": "denied", "reason": "We must keep <b>invoices</b>."}
	w.matching(t, w.token, asked.Header.Get("ETag"), "PUT", theirs, denied).Refused(t, http.StatusPreconditionFailed, "precondition-failed")
	if a := w.call(t, w.token, "PUT", theirs, denied); a.Text("state") != "denied" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if seen := w.ada.Send(t, w.p.Request(t, "GET", "/api/v1"+mine, nil, "")); seen.Text("reason") != denied["reason"] || seen.Text("state") != "denied" {
		t.Errorf("the customer sees %s", seen.Body)
	}
	w.ada.Send(t, w.asking(t, "", "PUT", mine, map[string]any{"outcome": "fulfilled"})).Refused(t, http.StatusConflict, "erasure-answered")
	page := string(w.ada.Send(t, w.p.Request(t, "GET", "/connections/"+grant, nil, "")).Body)
	if !strings.Contains(page, "We must keep &lt;b&gt;invoices&lt;/b&gt;.") || strings.Contains(page, "<b>invoices") {
		t.Error("the page does not show the reason, or shows it as markup")
	}
}
