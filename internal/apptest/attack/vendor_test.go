package attack_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/meins-id/meins/internal/apptest"
)

// TestVendorSecret_wrongInAnyWay_isRefused_andAnUnknownVendorLooksTheSame also tries the hash that a
// thief of the database would have.
func TestVendorSecret_wrongInAnyWay_isRefused_andAnUnknownVendorLooksTheSame(t *testing.T) {
	w := start(t)
	other, public, keyed := w.other(t, callback), w.other(t, callback, "--public"), w.keyed(t)
	secret := w.vendor.ClientSecret
	form := url.Values{"grant_type": {"client_credentials"}}
	var first apptest.Answer
	for name, c := range map[string][2]string{
		"no secret":                {w.vendor.ClientID, ""},
		"a beginning":              {w.vendor.ClientID, secret[:len(secret)-1]},
		"more behind":              {w.vendor.ClientID, secret + "x"},
		"a NUL behind":             {w.vendor.ClientID, secret + "\x00"},
		"a space before":           {w.vendor.ClientID, " " + secret},
		"in upper case":            {w.vendor.ClientID, strings.ToUpper(secret)},
		"another vendor's":         {w.vendor.ClientID, other.ClientSecret},
		"at another vendor":        {other.ClientID, secret},
		"at an unknown one":        {apptest.AnID, secret},
		"at nobody":                {"x", secret},
		"at a path":                {"../" + w.vendor.ClientID, secret},
		"at one in upper case":     {strings.ToUpper(w.vendor.ClientID), secret},
		"at one with a NUL":        {w.vendor.ClientID + "\x00", secret},
		"at a public one":          {public.ClientID, secret},
		"at a public one, without": {public.ClientID, ""},
		"at one with a key":        {keyed.id, secret},
		"very long":                {w.vendor.ClientID, strings.Repeat("x", 30<<10)},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.Request(t, http.MethodPost, "/oauth/token", strings.NewReader(form.Encode()), apptest.Form)
			r.SetBasicAuth(url.QueryEscape(c[0]), url.QueryEscape(c[1]))
			a := w.Send(t, r)
			a.Refused(t, http.StatusUnauthorized, "invalid_client")
			if !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Basic ") {
				t.Errorf("no challenge: %q", a.Header.Get("WWW-Authenticate"))
			}
			if first.Body == nil {
				first = a
			}
			if string(a.Body) != string(first.Body) {
				t.Errorf("one refusal says %s, another %s", first.Body, a.Body)
			}
			inForm := url.Values{"grant_type": {"client_credentials"}, "client_id": {c[0]}, "client_secret": {c[1]}}
			w.Send(t, w.Request(t, http.MethodPost, "/oauth/token", strings.NewReader(inForm.Encode()), apptest.Form)).Refused(t, http.StatusUnauthorized, "invalid_client")
		})
	}
	if a := w.Post(t, "/oauth/token", w.vendor, form); a.Status != http.StatusOK {
		t.Errorf("the right secret: %d %s", a.Status, a.Body)
	}
}

func TestVendor_withoutAProof_isNobody(t *testing.T) {
	w := start(t)
	public := w.other(t, callback, "--public")
	got := w.person(t, "ada").tokensFor(t, w.vendor, "email")
	bare := func(path string, pairs ...string) apptest.Answer {
		form := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		return w.Send(t, w.Request(t, http.MethodPost, path, strings.NewReader(form.Encode()), apptest.Form))
	}
	bare("/oauth/token", "grant_type", "refresh_token", "refresh_token", got.Refresh, "client_id", w.vendor.ClientID).Refused(t, http.StatusUnauthorized, "invalid_client")
	bare("/oauth/token", "grant_type", "refresh_token", "refresh_token", got.Refresh).Refused(t, http.StatusBadRequest, "invalid_request")
	bare("/oauth/token", "grant_type", "refresh_token", "refresh_token", got.Refresh, "client_id", public.ClientID).Refused(t, http.StatusBadRequest, "invalid_grant")
	bare("/oauth/token", "grant_type", "client_credentials", "client_id", public.ClientID).Refused(t, http.StatusBadRequest, "unauthorized_client")
	bare("/oauth/introspect", "token", got.Access, "client_id", w.vendor.ClientID).Refused(t, http.StatusUnauthorized, "invalid_client")
	bare("/oauth/introspect", "token", got.Access, "client_id", public.ClientID).Refused(t, http.StatusUnauthorized, "invalid_client")
	bare("/oauth/introspect", "token", got.Access).Refused(t, http.StatusBadRequest, "invalid_request")
	bare("/oauth/revoke", "token", got.Access, "client_id", w.vendor.ClientID).Refused(t, http.StatusUnauthorized, "invalid_client")
	bare("/oauth/revoke", "token", got.Refresh).Refused(t, http.StatusBadRequest, "invalid_request")

	w.serves(t, w.Refresh(t, w.vendor, got.Refresh).Access, "email")
}

func TestVendorItself_withATokenOfItsOwn_seesNoCustomer(t *testing.T) {
	w := start(t)
	w.person(t, "ada").tokensFor(t, w.vendor, "email")
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"openid email offline_access"}}
	a := w.Post(t, "/oauth/token", w.vendor, form)
	if a.Status != http.StatusOK || a.Text("refresh_token") != "" || a.Text("id_token") != "" || a.Text("scope") != "" {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	w.UserInfo(t, a.Text("access_token")).Refused(t, http.StatusForbidden, "insufficient_scope")
	w.endsHere(t, w.vendor, a.Text("access_token"))
}

// TestTokenEndpoints_takeAPostWithAFormAndNothingElse: an address ends up in logs, so what is in it is
// refused even when it would be right; and of two values none is chosen.
func TestTokenEndpoints_takeAPostWithAFormAndNothingElse(t *testing.T) {
	w := start(t)
	got := w.person(t, "ada").tokensFor(t, w.vendor, "email")
	token := url.Values{"token": {got.Refresh}}
	for path, form := range map[string]url.Values{
		"/oauth/token": apptest.RefreshForm(got.Refresh), "/oauth/introspect": token, "/oauth/revoke": token,
	} {
		body, send := form.Encode(), func(method, address, body, kind string) apptest.Answer {
			r := w.Request(t, method, address, strings.NewReader(body), kind)
			r.SetBasicAuth(w.vendor.ClientID, w.vendor.ClientSecret)
			return w.Send(t, r)
		}
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodPatch, "TRACE", "MADEUP"} {
			a := send(method, path+"?"+body, "", "")
			if a.Status != http.StatusMethodNotAllowed || a.Header.Get("Allow") != http.MethodPost {
				t.Errorf("%s %s: %d, allowed is %q", method, path, a.Status, a.Header.Get("Allow"))
			}
		}
		send(http.MethodPost, path+"?"+body, "", apptest.Form).Refused(t, http.StatusBadRequest, "invalid_request")
		send(http.MethodPost, path+"?client_id="+w.vendor.ClientID, body, apptest.Form).Refused(t, http.StatusBadRequest, "invalid_request")
		send(http.MethodPost, path+"?x", body, apptest.Form).Refused(t, http.StatusBadRequest, "invalid_request")
		for _, kind := range []string{"", "text/plain", apptest.JSON, "multipart/form-data; boundary=x", apptest.Form + "x", ";"} {
			send(http.MethodPost, path, body, kind).Refused(t, http.StatusBadRequest, "invalid_request")
		}
		for name, values := range form {
			send(http.MethodPost, path, body+"&"+name+"="+url.QueryEscape(values[0]), apptest.Form).Refused(t, http.StatusBadRequest, "invalid_request")
		}
		twice := "&client_id=" + w.vendor.ClientID
		send(http.MethodPost, path, body+twice+twice, apptest.Form).Refused(t, http.StatusBadRequest, "invalid_request")
		send(http.MethodPost, path, body+"&client_id="+apptest.AnID, apptest.Form).Refused(t, http.StatusBadRequest, "invalid_request")
		send(http.MethodPost, path, body+"&client_secret="+w.vendor.ClientSecret, apptest.Form).Refused(t, http.StatusBadRequest, "invalid_request")
	}
	w.serves(t, w.Refresh(t, w.vendor, got.Refresh).Access, "email")
}

func TestUserInfo_tokenInTheAddress_orTwice_orUnderAnotherScheme_isRefused(t *testing.T) {
	w := start(t)
	access := w.person(t, "ada").tokensFor(t, w.vendor, "email").Access
	body := "access_token=" + url.QueryEscape(access)
	for name, c := range map[string]struct {
		method, query, body string
		headers             []string
		status              int
		code                string
	}{
		"in the address":                  {http.MethodGet, "?" + body, "", nil, 400, "invalid_request"},
		"in the address of a POST":        {http.MethodPost, "?" + body, "", nil, 400, "invalid_request"},
		"in the address and the header":   {http.MethodGet, "?" + body, "", []string{"Bearer " + access}, 400, "invalid_request"},
		"in the form and the header":      {http.MethodPost, "", body, []string{"Bearer " + access}, 400, "invalid_request"},
		"twice in the form":               {http.MethodPost, "", body + "&" + body, nil, 400, "invalid_request"},
		"twice in the header":             {http.MethodGet, "", "", []string{"Bearer " + access, "Bearer " + access}, 401, "invalid_token"},
		"two in one header":               {http.MethodGet, "", "", []string{"Bearer " + access + ", Bearer " + access}, 401, "invalid_token"},
		"as basic":                        {http.MethodGet, "", "", []string{"Basic " + access}, 401, "invalid_token"},
		"without a scheme":                {http.MethodGet, "", "", []string{access}, 401, "invalid_token"},
		"a scheme alone":                  {http.MethodGet, "", "", []string{"Bearer"}, 401, "invalid_token"},
		"with a space more":               {http.MethodGet, "", "", []string{"Bearer  " + access}, 401, "invalid_token"},
		"in the form of a GET":            {http.MethodGet, "", body, nil, 401, "invalid_token"},
		"nowhere":                         {http.MethodGet, "", "", nil, 401, "invalid_token"},
		"with another method":             {http.MethodPut, "", "", []string{"Bearer " + access}, 405, "invalid_request"},
		"deleting with it":                {http.MethodDelete, "", "", []string{"Bearer " + access}, 405, "invalid_request"},
		"in the address, in another case": {http.MethodGet, "?ACCESS_TOKEN=" + access, "", nil, 401, "invalid_token"},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.Request(t, c.method, "/oauth/userinfo"+c.query, strings.NewReader(c.body), apptest.Form)
			for _, h := range c.headers {
				r.Header.Add("Authorization", h)
			}
			a := w.Send(t, r)
			a.Refused(t, c.status, c.code)
			if a.Text("sub") != "" || c.status == 405 && a.Header.Get("Allow") == "" || c.status == 401 && a.Header.Get("WWW-Authenticate") == "" {
				t.Errorf("%v %s", a.Header, a.Body)
			}
		})
	}
	w.serves(t, access, "email")
}

func TestVendor_removed_isServedNothingMore_andAskedNothing(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	gone := w.AddVendor(t, "https://gone.example/callback")
	got := ada.tokensFor(t, gone, "email")
	code := apptest.CodeOf(t, ada.resume(t, ada.flow(t, gone)).Text("redirect"))
	flow := ada.flow(t, gone, "prompt", "consent")
	approval := ada.approval(t, flow, "email")

	w.Do(t, "vendor", "remove", gone.ClientID)

	w.opensNothing(t, got.Access)
	for _, form := range []url.Values{apptest.RefreshForm(got.Refresh), apptest.CodeForm(gone, code), {"grant_type": {"client_credentials"}}} {
		w.Post(t, "/oauth/token", gone, form).Refused(t, http.StatusUnauthorized, "invalid_client")
	}
	w.endsHere(t, w.vendor, got.Refresh)
	ada.call(t, http.MethodPost, "/flow/approve", approval).Refused(t, http.StatusBadRequest, "flow-invalid")
	w.shown(t, w.authorize(t, w.AuthorizeURL(gone)), "")
	if a := w.authorize(t, w.Issuer+"/oauth/end_session?client_id="+gone.ClientID+"&post_logout_redirect_uri="+url.QueryEscape(goodbye)); a.Header.Get("Location") != "/signed-out" {
		t.Errorf("the end of a session leads to %s", a.Header.Get("Location"))
	}
}
