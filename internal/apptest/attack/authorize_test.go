package attack_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/meins-id/meins/internal/apptest"
)

// TestRedirectAddress_thatIsNotTheRegisteredOneLetterByLetter_isShownAndNeverFollowed: the customer
// sees an error page; the browser is sent nowhere, and no word of the address becomes a link.
func TestRedirectAddress_thatIsNotTheRegisteredOneLetterByLetter_isShownAndNeverFollowed(t *testing.T) {
	w := start(t)
	for name, address := range map[string]string{
		"a suffix":                    callback + "x",
		"a trailing slash":            callback + "/",
		"a path below":                callback + "/x",
		"path traversal":              callback + "/../evil",
		"a way round":                 "https://kornblume.example/x/../callback",
		"an encoded way round":        "https://kornblume.example/x/%2e%2e/callback",
		"a double slash":              "https://kornblume.example//callback",
		"the standard port":           "https://kornblume.example:443/callback",
		"another port":                "https://kornblume.example:8443/callback",
		"plain http":                  "http://kornblume.example/callback",
		"the host in upper case":      "https://KORNBLUME.example/callback",
		"the scheme in upper case":    "HTTPS://kornblume.example/callback",
		"the path in upper case":      "https://kornblume.example/Callback",
		"an encoded letter":           "https://kornblume.example/%63allback",
		"an encoded slash":            "https://kornblume.example%2fcallback",
		"a query":                     callback + "?",
		"a query with a value":        callback + "?next=https://evil.example",
		"a fragment":                  callback + "#x",
		"an empty fragment":           callback + "#",
		"a user":                      "https://kornblume.example@evil.example/callback",
		"a user before the host":      "https://evil@kornblume.example/callback",
		"a user with an encoded at":   "https://kornblume.example%40evil.example/callback",
		"a backslash":                 `https://kornblume.example\@evil.example/callback`,
		"a subdomain":                 "https://evil.kornblume.example/callback",
		"the host as a subdomain":     "https://kornblume.example.evil.example/callback",
		"a dot behind the host":       "https://kornblume.example./callback",
		"a look-alike":                "https://kornblumе.example/callback", // Cyrillic
		"no scheme":                   "//kornblume.example/callback",
		"a path alone":                "/callback",
		"a script":                    "javascript:alert(1)//" + callback,
		"data":                        "data:text/html,<script>alert(1)</script>",
		"a space before":              " " + callback,
		"a space behind":              callback + " ",
		"a tab inside":                "https://kornblume.example/call\tback",
		"a line break behind":         callback + "\r\nSet-Cookie: x=y",
		"a NUL behind":                callback + "\x00",
		"a bad escape":                callback + "%",
		"invalid UTF-8":               callback + "\xff",
		"nothing":                     "",
		"the address for signing out": goodbye,
		"the provider itself":         w.Issuer + "/vault",
		"two in one":                  callback + "," + callback,
		"a wildcard":                  "https://*.example/callback",
	} {
		t.Run(name, func(t *testing.T) {
			for _, more := range []string{"", "prompt=none", "response_type=token", "code_challenge="} {
				key, value, _ := strings.Cut(more, "=")
				u, err := url.Parse(w.AuthorizeURL(w.vendor))
				if err != nil {
					t.Fatal(err)
				}
				q := u.Query()
				q.Set("redirect_uri", address)
				if key != "" {
					q.Set(key, value)
				}
				w.shown(t, w.authorize(t, w.Issuer+"/oauth/authorize?"+q.Encode()), address)
				w.shown(t, w.Send(t, w.Request(t, http.MethodPost, "/oauth/authorize", strings.NewReader(q.Encode()), apptest.Form)), address)
			}
		})
	}
}

// shown checks that a mistake is shown on a page of ours, which leads nowhere.
func (w *world) shown(t *testing.T, a apptest.Answer, address string) {
	t.Helper()
	if a.Status != http.StatusBadRequest || a.Header.Get("Location") != "" || a.Header.Get("Refresh") != "" {
		t.Errorf("answered %d, Location %q", a.Status, a.Header.Get("Location"))
	}
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") || strings.Contains(string(a.Body), "evil") ||
		strings.Contains(string(a.Body), "http-equiv") || len(address) > 10 && strings.Contains(string(a.Body), address) {
		t.Errorf("the page is %s: %s", a.Header.Get("Content-Type"), a.Body)
	}
	framedNowhere(t, a)
}

func TestAuthorize_repeatedParameters_areNeverChosenFrom(t *testing.T) {
	w := start(t)
	other := w.other(t, "https://evil.example/callback")
	good := strings.TrimPrefix(w.AuthorizeURL(w.vendor), w.Issuer)
	for _, more := range []string{
		"client_id=" + other.ClientID, "client_id=" + w.vendor.ClientID, "redirect_uri=" + url.QueryEscape(other.RedirectURI),
		"redirect_uri=" + url.QueryEscape(callback), "redirect_uri=", "client_id=",
	} {
		for _, address := range []string{good + "&" + more, strings.Replace(good, "?", "?"+more+"&", 1)} {
			w.shown(t, w.Send(t, w.Request(t, http.MethodGet, address, nil, "")), other.RedirectURI)
		}
		// One in the address, the other in the form.
		_, query, _ := strings.Cut(good, "?")
		w.shown(t, w.Send(t, w.Request(t, http.MethodPost, "/oauth/authorize?"+more, strings.NewReader(query), apptest.Form)), other.RedirectURI)
	}
	for _, more := range []string{
		"state=x", "scope=openid+email+address", "nonce=x", "response_type=token", "code_challenge=" + challengeOf("x"), "code_challenge_method=plain",
		"prompt=none", "claims=%7B%7D", "max_age=1", "id_token_hint=x", "id_token_hint=x&id_token_hint=y",
	} {
		if name, _, _ := strings.Cut(more, "="); !strings.Contains(good, name+"=") {
			more += "&" + more
		}
		w.toldTheVendor(t, w.Send(t, w.Request(t, http.MethodGet, good+"&"+more, nil, "")), "invalid_request")
	}
}

// toldTheVendor checks that a mistake goes to the registered address, with the error of the standard
// and the name of this issuer.
func (w *world) toldTheVendor(t *testing.T, a apptest.Answer, code string) {
	t.Helper()
	to := location(t, a)
	q := to.Query()
	to.RawQuery = ""
	if a.Status != http.StatusSeeOther || to.String() != callback || q.Get("error") != code || q.Get("iss") != w.Issuer || q.Has("code") {
		t.Errorf("answered %d, and leads to %s with %v", a.Status, to, q)
	}
}

func TestPKCE_missingOrPlainOrMalformed_isRefused(t *testing.T) {
	w := start(t)
	public := w.other(t, callback, "--public")
	for name, pairs := range map[string][]string{
		"none at all":                  {"code_challenge", "", "code_challenge_method", ""},
		"the method alone":             {"code_challenge", ""},
		"no method, which means plain": {"code_challenge_method", ""},
		"plain":                        {"code_challenge_method", "plain"},
		"plain with its verifier":      {"code_challenge_method", "plain", "code_challenge", apptest.Verifier},
		"the method in lower case":     {"code_challenge_method", "s256"},
		"another method":               {"code_challenge_method", "S512"},
		"two methods in one":           {"code_challenge_method", "S256 plain"},
		"too short":                    {"code_challenge", "abc"},
		"not base64url":                {"code_challenge", strings.Repeat("+", 43)},
		"padded":                       {"code_challenge", challengeOf("x") + "="},
		"too long":                     {"code_challenge", challengeOf("x") + "A"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range []apptest.Vendor{w.vendor, public} {
				w.toldTheVendor(t, w.authorize(t, w.AuthorizeURL(v, pairs...)), "invalid_request")
			}
		})
	}
}

func TestAuthorize_whatAnotherFlowWouldGiveAway_isRefused(t *testing.T) {
	w := start(t)
	for name, c := range map[string]struct {
		pairs []string
		code  string
	}{
		"implicit":                    {[]string{"response_type", "token"}, "unsupported_response_type"},
		"implicit with an ID token":   {[]string{"response_type", "id_token token"}, "unsupported_response_type"},
		"hybrid":                      {[]string{"response_type", "code id_token"}, "unsupported_response_type"},
		"nothing":                     {[]string{"response_type", "none"}, "unsupported_response_type"},
		"no type":                     {[]string{"response_type", ""}, "invalid_request"},
		"to another window":           {[]string{"response_mode", "web_message"}, "invalid_request"},
		"a request object":            {[]string{"request", "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"},
		"a request from elsewhere":    {[]string{"request_uri", "https://evil.example/request"}, "invalid_request_uri"},
		"a registration in it":        {[]string{"registration", "{}"}, "registration_not_supported"},
		"without openid":              {[]string{"scope", "email"}, "invalid_scope"},
		"silently and with a page":    {[]string{"prompt", "none login"}, "invalid_request"},
		"silently, and nobody is in":  {[]string{"prompt", "none"}, "login_required"},
		"claims that are none":        {[]string{"claims", "{"}, "invalid_request"},
		"claims that are nested deep": {[]string{"claims", strings.Repeat(`{"userinfo":`, 900)}, "invalid_request"},
		"an age below nought":         {[]string{"max_age", "-1"}, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			w.toldTheVendor(t, w.authorize(t, w.AuthorizeURL(w.vendor, c.pairs...)), c.code)
		})
	}
}

// TestSignOut_leadsNowhere_thatTheVendorDidNotRegister tries the ways out: the parameters of the
// protocol, and those of the pages.
func TestSignOut_leadsNowhere_thatTheVendorDidNotRegister(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	hint := ada.tokensFor(t, w.vendor, "email").ID
	for _, back := range []string{
		"https://evil.example/", goodbye + "/", goodbye + "?x=y", goodbye + "#", "https://KORNBLUME.example/goodbye",
		"https://kornblume.example:443/goodbye", callback, "//evil.example", "javascript:alert(1)", goodbye + "\r\nX-Evil: 1",
	} {
		q := url.Values{"client_id": {w.vendor.ClientID}, "post_logout_redirect_uri": {back}, "state": {"s"}}
		a := w.Send(t, w.Request(t, http.MethodGet, "/oauth/end_session?"+q.Encode(), nil, ""))
		if to := a.Header.Get("Location"); to != "/signed-out" {
			t.Errorf("back to %q leads to %q", back, to)
		}
		asked := ada.Send(t, w.Request(t, http.MethodGet, "/oauth/end_session?"+q.Encode(), nil, ""))
		if to := asked.Header.Get("Location"); to != "/signout" {
			t.Errorf("with a session, back to %q leads to %q", back, to)
		}
	}
	twice := url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {goodbye, "https://evil.example/"}}
	if a := ada.Send(t, w.Request(t, http.MethodGet, "/oauth/end_session?"+twice.Encode(), nil, "")); a.Header.Get("Location") != "/signout" {
		t.Errorf("two addresses lead to %q", a.Header.Get("Location"))
	}
	ada.staysSignedIn(t)
}

// staysSignedIn checks that an attack did not end the session.
func (p *person) staysSignedIn(t *testing.T) {
	t.Helper()
	if a := p.call(t, http.MethodGet, "/session", nil); a.Status != http.StatusOK {
		t.Errorf("the session is gone: %d %s", a.Status, a.Body)
	}
}

func TestPages_areNoOpenRedirects(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	for _, target := range []string{
		"https://evil.example/", "//evil.example/", `/\evil.example/`, "///evil.example", "https:evil.example", "javascript:alert(1)",
		"/vault/../../evil.example", "%2f%2fevil.example", "/vault@evil.example", "\thttps://evil.example", "/vault\r\nLocation: https://evil.example",
	} {
		for _, page := range []string{"/signin?next=", "/signup?next=", "/unlock?next=", "/recover?next=", "/signout?return=", "/continue?flow=", "/continue?next=", "/?lang=de&next=", "/vault?lang=en&next="} {
			for _, send := range []func(testing.TB, *http.Request) apptest.Answer{w.Send, ada.Send} {
				a := send(t, w.Request(t, http.MethodGet, page+url.QueryEscape(target), nil, ""))
				if to := location(t, a); to.Host != "" || to.Scheme != "" || strings.HasPrefix(to.Path, "//") || strings.HasPrefix(to.Path, `/\`) {
					t.Errorf("%s%s leads to %s", page, target, to)
				}
				for _, attribute := range []string{`href="` + target, `data-next="` + target, `action="` + target} {
					if strings.Contains(string(a.Body), attribute) && !strings.HasPrefix(target, "/vault") {
						t.Errorf("%s%s is in the page as %s", page, target, attribute)
					}
				}
			}
		}
	}
	for _, path := range []string{"//evil.example/?lang=de", "//evil.example/%2e%2e?lang=de", `/\evil.example/?lang=de`, "//evil.example", "/connections/%2f%2fevil.example?lang=de", "/%2f%2fevil.example/vault"} {
		a := ada.Send(t, w.Request(t, http.MethodGet, path, nil, ""))
		if to := location(t, a); to.Host != "" || strings.HasPrefix(a.Header.Get("Location"), "//") || strings.HasPrefix(a.Header.Get("Location"), `/\`) {
			t.Errorf("%s leads to %s", path, a.Header.Get("Location"))
		}
	}
}
