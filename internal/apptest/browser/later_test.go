package browser

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// confidential is a vendor with a secret, which calls the API as its own program would.
type confidential struct {
	d                *demo
	id, secret, back string
}

func (d *demo) confidential(t testing.TB, name, path string) confidential {
	t.Helper()
	out, err := meins(t.Context(), "vendor", "add", "--data", d.data, "--json", "--name", name, "--redirect-uri", d.shop+path,
		"--domain", strings.ToLower(name)+".example").Output()
	must(t, err)
	var v struct {
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
	}
	must(t, json.Unmarshal(out, &v))
	return confidential{d, v.ClientID, v.ClientSecret, d.shop + path}
}

// asksLater leaves a request for the customer of a consent.
func (v confidential) asksLater(t testing.TB, grant, scope string) {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}}
	r := v.post(t, "/oauth/token", "application/x-www-form-urlencoded", form.Encode())
	r.SetBasicAuth(v.id, v.secret)
	var token struct {
		Access string `json:"access_token"`
	}
	v.answered(t, r, &token)
	whole, err := url.Parse(v.d.request(v.id, strings.TrimPrefix(v.back, v.d.shop), "openid "+scope, ""))
	must(t, err)
	parameters := map[string]string{}
	for name, values := range whole.Query() {
		if name != "client_id" && values[0] != "" {
			parameters[name] = values[0]
		}
	}
	body, err := json.Marshal(map[string]any{"parameters": parameters, "grant_id": grant})
	must(t, err)
	r = v.post(t, "/api/v1/vendor/requests", "application/json", string(body))
	r.Header.Set("Authorization", "Bearer "+token.Access)
	v.answered(t, r, &struct{}{})
}

// redeems takes the code of an approval for an access token.
func (v confidential) redeems(t testing.TB, code string) (access string) {
	t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {v.back}, "code_verifier": {codeVerifier}}
	r := v.post(t, "/oauth/token", "application/x-www-form-urlencoded", form.Encode())
	r.SetBasicAuth(v.id, v.secret)
	var token struct {
		Access string `json:"access_token"`
	}
	v.answered(t, r, &token)
	return token.Access
}

// reads is the answer of UserInfo.
func (v confidential) reads(t testing.TB, access string) string {
	t.Helper()
	r := v.post(t, "/oauth/userinfo", "application/x-www-form-urlencoded", "")
	r.Header.Set("Authorization", "Bearer "+access)
	var claims json.RawMessage
	v.answered(t, r, &claims)
	return string(claims)
}

func (v confidential) post(t testing.TB, path, kind, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, v.d.meins+path, strings.NewReader(body))
	must(t, err)
	r.Header.Set("Content-Type", kind)
	return r
}

func (confidential) answered(t testing.TB, r *http.Request, into any) {
	t.Helper()
	answer, err := http.DefaultClient.Do(r)
	must(t, err)
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode/100 != 2 {
		t.Fatalf("%s answers %s", r.URL.Path, answer.Status)
	}
	must(t, json.NewDecoder(answer.Body).Decode(into))
}
