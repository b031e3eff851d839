package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/identity"
)

const (
	exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange"
	accessType    = "urn:ietf:params:oauth:token-type:access_token"
	flowerAPI     = "https://api.shop.example/flowers"
)

// exchanging is a vendor that may narrow its tokens, and has an API.
func exchanging(v *identity.Vendor) {
	v.GrantTypes = append(v.GrantTypes, exchangeGrant)
	v.Protocol.Resources = []string{flowerAPI, "https://api.shop.example/never-asked-for"}
}

func narrowForm(access string, change ...string) url.Values {
	form := url.Values{"grant_type": {exchangeGrant}, "subject_token": {access}, "subject_token_type": {accessType}}
	for i := 0; i < len(change); i += 2 {
		form.Set(change[i], change[i+1])
	}
	return form
}

func TestExchange_givesLess_andNeverLonger(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(exchanging), w.customer()
	code, grant := c.approve(s.request("openid email profile offline_access", "resource", flowerAPI), "email", "name")
	whole := w.exchange(s, code)
	w.clock.move(9 * time.Minute)
	less := w.post("/oauth/token", s, narrowForm(whole.Access, "scope", "openid email"))
	if less.Status != http.StatusOK || !strings.Contains(less.Body, `"issued_token_type":"`+accessType+`"`) || less.Scope != "openid email" || less.ExpiresIn != 60 {
		t.Fatalf("%d %s", less.Status, less.Body)
	}
	if less.Refresh != "" || less.ID != "" || strings.Contains(less.Body, theEmail) {
		t.Error("an exchange gave more than an access token")
	}
	if info := w.userinfo(less.Access); info.Status != http.StatusOK || !strings.Contains(info.Body, theEmail) || strings.Contains(info.Body, theName) {
		t.Errorf("userinfo: %s", info.Body)
	}
	w.post("/oauth/token", s, narrowForm(less.Access, "scope", "openid email profile")).refused(t, http.StatusBadRequest, "invalid_scope")
	api := w.post("/oauth/token", s, narrowForm(less.Access, "resource", flowerAPI))
	if said := claimsOf(t, api.Access); said["aud"] != flowerAPI || said["scope"] != "openid email" || said["exp"] != float64(w.clock.now().Add(time.Minute).Unix()) || said["email"] != nil {
		t.Errorf("API token: %v", said)
	}
	if info := w.userinfo(api.Access); info.Status != http.StatusUnauthorized {
		t.Errorf("the API's token reads UserInfo: %d", info.Status)
	}
	_, err := w.consent.Withdraw(t.Context(), c.session.Account, grant)
	w.must(err)
	if info := w.userinfo(less.Access); info.Status != http.StatusUnauthorized || strings.Contains(info.Body, theEmail) {
		t.Errorf("a withdrawn consent is read through an exchanged token: %d", info.Status)
	}
	w.post("/oauth/token", s, narrowForm(whole.Access)).refused(t, http.StatusBadRequest, "invalid_request")
}

func TestExchange_endsWithTheFamily_andWithTime(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(exchanging), w.customer()
	code, _ := c.approve(s.request("openid email offline_access"), "email")
	whole := w.exchange(s, code)
	less := w.post("/oauth/token", s, narrowForm(whole.Access))
	w.post("/oauth/revoke", s, url.Values{"token": {whole.Refresh}})
	if info := w.userinfo(less.Access); info.Status != http.StatusUnauthorized {
		t.Errorf("outlives its family: %d", info.Status)
	}
	other, _ := c.approve(s.request("openid email", "prompt", "consent"), "email")
	late := w.exchange(s, other)
	w.clock.move(11 * time.Minute)
	w.post("/oauth/token", s, narrowForm(late.Access)).refused(t, http.StatusBadRequest, "invalid_request")
}

func TestExchange_ofWhatIsNotItsOwn_orForMore_isRefused(t *testing.T) {
	w := newWorld(t)
	s, other, plain, c := w.vendor(exchanging), w.vendor(exchanging), w.vendor(), w.customer()
	code, _ := c.approve(s.request("openid email offline_access", "resource", flowerAPI), "email")
	mine := w.exchange(s, code)
	itself := w.post("/oauth/token", s, url.Values{"grant_type": {"client_credentials"}})
	for name, try := range map[string]struct {
		by   shop
		form url.Values
		code string
	}{
		"another's token":        {other, narrowForm(mine.Access), "invalid_request"},
		"not registered":         {plain, narrowForm(mine.Access), "unauthorized_client"},
		"refresh token":          {s, narrowForm(mine.Refresh), "invalid_request"},
		"ID token":               {s, narrowForm(mine.ID), "invalid_request"},
		"token for itself":       {s, narrowForm(itself.Access), "invalid_request"},
		"rubbish":                {s, narrowForm("rubbish"), "invalid_request"},
		"nothing":                {s, narrowForm(""), "invalid_request"},
		"type":                   {s, narrowForm(mine.Access, "subject_token_type", "urn:ietf:params:oauth:token-type:id_token"), "invalid_request"},
		"other type back":        {s, narrowForm(mine.Access, "requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"), "invalid_request"},
		"actor":                  {s, narrowForm(mine.Access, "actor_token", mine.Access), "invalid_request"},
		"audience":               {s, narrowForm(mine.Access, "audience", string(other.ID)), "invalid_target"},
		"more scopes":            {s, narrowForm(mine.Access, "scope", "openid email address"), "invalid_scope"},
		"without openid":         {s, narrowForm(mine.Access, "scope", "email"), "invalid_scope"},
		"API not asked for":      {s, narrowForm(mine.Access, "resource", "https://api.shop.example/never-asked-for"), "invalid_target"},
		"API of somebody else's": {s, narrowForm(mine.Access, "resource", "https://api.other.example/"), "invalid_target"},
	} {
		t.Run(name, func(t *testing.T) {
			w.post("/oauth/token", try.by, try.form).refused(t, http.StatusBadRequest, try.code)
		})
	}
}

func TestExchange_ofABoundToken_needsItsKey_andStaysBound(t *testing.T) {
	w := newWorld(t)
	s, c := w.vendor(exchanging), w.customer()
	p := w.prover(t, s)
	code, _ := c.approve(s.request("openid email"), "email")
	bound := p.post("/oauth/token", s, codeForm(code, s))
	w.post("/oauth/token", s, narrowForm(bound.Access)).refused(t, http.StatusBadRequest, "invalid_request")
	w.prover(t, s).post("/oauth/token", s, narrowForm(bound.Access)).refused(t, http.StatusBadRequest, "invalid_request")
	less := p.post("/oauth/token", s, narrowForm(bound.Access))
	if less.Status != http.StatusOK || less.Type != "DPoP" {
		t.Fatalf("%d %s", less.Status, less.Body)
	}
	if info := w.userinfo(less.Access); info.Status != http.StatusUnauthorized {
		t.Errorf("read without its key: %d", info.Status)
	}
	if info := p.userinfo(less.Access); info.Status != http.StatusOK || !strings.Contains(info.Body, theEmail) {
		t.Errorf("%d %s", info.Status, info.Body)
	}
}
