package browser

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A television shows a code; a customer without an account types it in on a phone, makes one, and says
// yes. The television knows who it is, and nothing else.
func TestDevice_signsInByACodeThatSomebodyTypes(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	b, p := visit(t, d, phone), erika()
	tv := television{d, d.addVendor("--name", "Filmpalast", "--redirect-uri", d.shop+"/film", "--domain", "filmpalast.example", "--public", "--devices")}
	shown := tv.ask(t, "/oauth/device_authorization", url.Values{"scope": {"openid"}})
	poll := func() map[string]any {
		return tv.ask(t, "/oauth/token", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {shown["device_code"].(string)}})
	}
	if shown["verification_uri"] != d.meins+"/device" || poll()["error"] != "authorization_pending" {
		t.Fatalf("it shows %v", shown)
	}
	b.open(d.meins + "/device")
	b.page("device")
	code := shown["user_code"].(string)
	b.fill("[name=code]", strings.ToLower(strings.ReplaceAll(code, "-", "")))
	b.click("button[name=continue]")
	b.wait("document.querySelector('[data-device=code]')?.textContent === '" + code + "'")
	if text := b.text("main"); !strings.Contains(text, "Filmpalast") {
		t.Errorf("the page says %s", text)
	}
	b.click("[data-device=continue]")
	b.page("signin")
	b.click(`a[href^="/signup"]`)
	p.signsUp(b)
	b.page("consent")
	b.click(deciding("approve"))
	b.wait("!!document.querySelector('[data-device=approved]')")
	got := poll()
	if got["id_token"] == nil || got["refresh_token"] != nil || got["scope"] != "openid" {
		t.Fatalf("the television got %v", got["error"])
	}
}

// television is a public vendor's program.
type television struct {
	d  *demo
	id string
}

func (tv television) ask(t testing.TB, path string, form url.Values) (said map[string]any) {
	t.Helper()
	form.Set("client_id", tv.id)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, tv.d.meins+path, strings.NewReader(form.Encode()))
	must(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(r)
	must(t, err)
	defer func() { _ = answer.Body.Close() }()
	must(t, json.NewDecoder(answer.Body).Decode(&said))
	return said
}
