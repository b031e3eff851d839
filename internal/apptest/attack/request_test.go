package attack_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/apptest"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault/agent"
)

// ordinary are the parameters of an ordinary request of a vendor.
func (w *world) ordinary(t *testing.T, v apptest.Vendor, pairs ...string) url.Values {
	t.Helper()
	u, err := url.Parse(w.AuthorizeURL(v, pairs...))
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// push leaves a request with the provider and gives the name that it gets.
func (w *world) push(t *testing.T, v apptest.Vendor, form url.Values) string {
	t.Helper()
	a := w.Post(t, "/oauth/par", v, form)
	if a.Status != http.StatusCreated || a.Text("request_uri") == "" {
		t.Fatalf("pushed, and answered with %d %s", a.Status, a.Body)
	}
	return a.Text("request_uri")
}

// pushedURL is where the vendor sends the browser with it.
func (w *world) pushedURL(v apptest.Vendor, uri string, pairs ...string) string {
	q := url.Values{"client_id": {v.ClientID}, "request_uri": {uri}}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return w.Issuer + "/oauth/authorize?" + q.Encode()
}

func TestPushedRequest_ofAnotherClient_orAltered_isShownAndNeverFollowed(t *testing.T) {
	w := start(t)
	other := w.other(t, "https://evil.example/callback")
	uri := w.push(t, w.vendor, w.ordinary(t, w.vendor))
	for name, forged := range map[string]string{
		"altered": changed(uri, len(uri)-20), "cut": uri[:len(uri)-3], "longer": uri + "AAAA", "in upper case": strings.ToUpper(uri),
		"a flow": "urn:ietf:params:oauth:request_uri:" + w.stranger(t).flow(t, w.vendor), "nothing behind it": "urn:ietf:params:oauth:request_uri:",
	} {
		t.Run(name, func(t *testing.T) {
			w.shown(t, w.authorize(t, w.pushedURL(w.vendor, forged, "redirect_uri", "https://evil.example/callback")), "")
		})
	}
	w.shown(t, w.authorize(t, w.pushedURL(other, uri)), "")
	w.shown(t, w.authorize(t, w.pushedURL(other, uri, "redirect_uri", other.RedirectURI)), "")
	w.shown(t, w.authorize(t, w.pushedURL(w.vendor, uri)+"&request_uri="+url.QueryEscape(uri)), "")
	w.shown(t, w.authorize(t, w.pushedURL(w.vendor, uri)+"&client_id="+other.ClientID), "")
}

func TestPush_ofWhatMayNotBeAsked_orByWhomeverElse_isRefused(t *testing.T) {
	w := start(t)
	other, public := w.other(t, "https://evil.example/callback"), w.other(t, callback, "--public")
	good := w.ordinary(t, w.vendor)
	for name, c := range map[string]struct {
		pairs []string
		code  string
	}{
		"another's address":         {[]string{"redirect_uri", other.RedirectURI}, "invalid_request"},
		"an address with a suffix":  {[]string{"redirect_uri", callback + "/"}, "invalid_request"},
		"no address":                {[]string{"redirect_uri", ""}, "invalid_request"},
		"no challenge":              {[]string{"code_challenge", ""}, "invalid_request"},
		"a plain challenge":         {[]string{"code_challenge_method", "plain"}, "invalid_request"},
		"the implicit flow":         {[]string{"response_type", "token"}, "unsupported_response_type"},
		"a request in the request":  {[]string{"request_uri", "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"},
		"an address for a request":  {[]string{"request_uri", "http://127.0.0.1:1/"}, "invalid_request"},
		"another client's name":     {[]string{"client_id", other.ClientID}, "invalid_request"},
		"a request that is no JWT":  {[]string{"request", "x"}, "invalid_request_object"},
		"a request nobody signed":   {[]string{"request", encoded([]byte(`{"alg":"none"}`)) + "." + encoded([]byte(`{}`)) + "."}, "request_not_supported"},
		"claims that are malformed": {[]string{"claims", "["}, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			w.Post(t, "/oauth/par", w.vendor, w.ordinary(t, w.vendor, c.pairs...)).Refused(t, http.StatusBadRequest, c.code)
		})
	}
	bare := w.Send(t, w.Request(t, http.MethodPost, "/oauth/par", strings.NewReader(good.Encode()), apptest.Form))
	bare.Refused(t, http.StatusUnauthorized, "invalid_client")
	wrong := w.vendor
	wrong.ClientSecret = other.ClientSecret
	w.Post(t, "/oauth/par", wrong, good).Refused(t, http.StatusUnauthorized, "invalid_client")
	pretends := good
	pretends.Set("client_id", public.ClientID)
	w.Post(t, "/oauth/par", w.vendor, pretends).Refused(t, http.StatusBadRequest, "invalid_request")
}

// TestPushedRequest_countsAlone_andOnce: what stands beside it in the address changes nothing, and
// who answered it once, or lets others answer it too, does not answer it again.
func TestPushedRequest_countsAlone_andOnce(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	uri := w.push(t, w.vendor, w.ordinary(t, w.vendor))
	beside := w.pushedURL(w.vendor, uri, "redirect_uri", "https://evil.example/", "scope", "openid address", "state", "evil", "code_challenge", challengeOf("evil"))
	flow, _ := ada.Open(t, beside)
	second, _ := ada.Open(t, w.pushedURL(w.vendor, uri))
	a := ada.approval(t, flow, "email")
	again := a
	again.Flow, again.Grant = second, string(id.New[id.Grant]())
	var to agent.RedirectAnswer
	ada.read(t, http.MethodPost, "/flow/approve", a, &to)
	if !strings.HasPrefix(to.Redirect, callback+"?") || strings.Contains(to.Redirect, "evil") {
		t.Errorf("the answer goes to %s", to.Redirect)
	}
	w.serves(t, w.Exchange(t, w.vendor, apptest.CodeOf(t, to.Redirect)).Access, "email")

	for _, flow := range []string{flow, second} {
		if a := ada.resume(t, flow); a.Status == http.StatusOK {
			t.Errorf("the request is answered again: %s", a.Body)
		}
	}
	ada.call(t, http.MethodPost, "/flow/approve", again).Refused(t, http.StatusBadRequest, "flow-invalid")
	if n := ada.grants(t); n != 1 {
		t.Errorf("there are %d consents", n)
	}
	w.toldTheVendor(t, w.authorize(t, w.pushedURL(w.vendor, uri)), "invalid_request_uri")
}

func TestRequestObject_thatDoesNotHold_isRefused(t *testing.T) {
	w := start(t)
	k := w.keyed(t)
	v := apptest.Vendor{ClientID: k.id, RedirectURI: callback}
	good := claims{"iss": k.id, "aud": k.Issuer, "exp": time.Now().Add(time.Minute).Unix()}
	for name, values := range w.ordinary(t, v) {
		good[name] = values[0]
	}
	send := func(object string) apptest.Answer {
		q := w.ordinary(t, v)
		q.Set("request", object)
		return w.authorize(t, w.Issuer+"/oauth/authorize?"+q.Encode())
	}
	if a := send(k.assert(t, good)); !strings.HasPrefix(a.Header.Get("Location"), "/continue?flow=") {
		t.Fatalf("a good request object leads to %q", a.Header.Get("Location"))
	}
	for name, c := range map[string]claims{
		"for another issuer":        good.with("aud", "https://evil.example"),
		"of another client":         good.with("iss", w.vendor.ClientID),
		"for another client":        good.with("client_id", w.vendor.ClientID),
		"expired":                   good.with("exp", time.Now().Add(-time.Hour).Unix()),
		"not valid yet":             good.with("nbf", time.Now().Add(time.Hour).Unix()),
		"of tomorrow":               good.with("iat", time.Now().Add(24*time.Hour).Unix()),
		"with another one inside":   good.with("request", "x"),
		"with a reference inside":   good.with("request_uri", "https://evil.example/"),
		"that is a proof of itself": good.with("sub", k.id),
		"with a number for a name":  good.with("client_id", 1),
	} {
		t.Run(name, func(t *testing.T) { w.toldTheVendor(t, send(k.assert(t, c)), "invalid_request_object") })
	}
	for name, c := range map[string]claims{
		"another's address inside": good.with("redirect_uri", "https://evil.example/callback"), "an address with a suffix inside": good.with("redirect_uri", callback+"x"),
		"no address inside": good.with("redirect_uri", nil), "a list of addresses inside": good.with("redirect_uri", []string{callback, "https://evil.example"}),
	} {
		t.Run(name, func(t *testing.T) { w.shown(t, send(k.assert(t, c)), "") })
	}
	t.Run("without the proof that stands beside it", func(t *testing.T) {
		w.toldTheVendor(t, send(k.assert(t, good.with("code_challenge", nil))), "invalid_request")
	})
	payload := object(t, good)
	for name, forged := range map[string]string{
		"another's key":  signed(t, claims{"alg": "RS256", "kid": "ec"}, payload, byRSA(t, k.rsa)),
		"no signature":   signed(t, claims{"alg": "ES256", "kid": "ec"}, payload, unsigned),
		"another type":   signed(t, claims{"alg": "ES256", "kid": "ec", "typ": "at+jwt"}, payload, byECDSA(t, k.ec)),
		"critical":       signed(t, claims{"alg": "ES256", "kid": "ec", "crit": []string{"evil"}, "evil": 1}, payload, byECDSA(t, k.ec)),
		"nonsense":       "x.y.z",
		"HS256 with PEM": signed(t, claims{"alg": "HS256", "kid": "ec"}, payload, byHMAC(spellingsOf(t, k.public().Keys[0])["PEM"])),
		"HS256 with JWK": signed(t, claims{"alg": "HS256", "kid": "rsa"}, payload, byHMAC(spellingsOf(t, k.public().Keys[1])["JWK"])),
	} {
		t.Run(name, func(t *testing.T) { w.toldTheVendor(t, send(forged), "invalid_request_object") })
	}
	t.Run("nobody's", func(t *testing.T) {
		w.toldTheVendor(t, send(signed(t, claims{"alg": "none"}, payload, unsigned)), "request_not_supported")
	})
	// What signs requests does not prove the client, nor the other way round.
	k.present(t, k.assert(t, good)).Refused(t, http.StatusUnauthorized, "invalid_client")
}

// TestFormPost_carriesValuesAndNoMarkup: the page that posts an answer holds what the vendor sent, and
// nothing of it becomes a part of the page; a page that the provider did not seal is not shown.
func TestFormPost_carriesValuesAndNoMarkup(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	for _, evil := range []string{`"><script>alert(1)</script>`, `' onfocus='alert(1)`, "</form><form action=https://evil.example>", "&quot;><img src=x>"} {
		a := ada.approval(t, ada.flow(t, w.vendor, "prompt", "consent", "response_mode", "form_post", "state", evil), "email")
		var to agent.RedirectAnswer
		ada.read(t, http.MethodPost, "/flow/approve", a, &to)
		page := w.Send(t, w.Request(t, http.MethodGet, strings.TrimPrefix(to.Redirect, w.Issuer), nil, ""))
		body := string(page.Body)
		if page.Status != http.StatusOK || strings.Count(body, "<form") != 1 || strings.Contains(body, evil) || strings.Contains(body, "<img") || strings.Count(body, "<script") != 1 {
			t.Errorf("the page is %d %s", page.Status, body)
		}
		policy := page.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") || page.Header.Get("X-Frame-Options") != "DENY" || page.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("the page's headers are %v", page.Header)
		}
		path := strings.TrimPrefix(to.Redirect, w.Issuer)
		for _, forged := range []string{changed(path, len(path)-9), path + "&r=x", path[:len(path)-4], "/oauth/response?r=" + ada.flow(t, w.vendor), "/oauth/response?r=", "/oauth/response"} {
			w.shown(t, w.Send(t, w.Request(t, http.MethodGet, forged, nil, "")), "")
		}
	}
}
