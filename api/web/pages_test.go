package web

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/vault"
)

// shown is a page with its name.
type shown struct {
	name, tag string
	answer
}

// everyPage shows every page there is, in every language.
func everyPage(t *testing.T) []shown {
	t.Helper()
	s := newSite(t)
	s.withAgent()
	v, c := s.flowers(), s.someone()
	g := s.approve(s.flow(v), c, "name", "email")
	review := s.flow(v, "claims", `{"userinfo":{"name":{"essential":true},"phone_number":null,"address":null,"birthdate":null}}`)
	nobody, empty := someone{}, s.someone()
	var pages []shown
	for _, tag := range tags {
		for name, p := range map[string]struct {
			who  someone
			path string
		}{
			"start":             {nobody, "/"},
			"signin":            {nobody, "/signin"},
			"signin in a flow":  {nobody, "/continue?flow=" + review},
			"signup":            {nobody, "/signup"},
			"signup in a flow":  {nobody, "/signup?flow=" + review},
			"recover":           {nobody, "/recover"},
			"unlock":            {c, "/unlock"},
			"consent":           {empty, "/continue?flow=" + review},
			"consent, amended":  {c, "/continue?flow=" + review},
			"vault":             {c, "/vault"},
			"history":           {c, "/vault/history"},
			"terms":             {c, "/vault/terms"},
			"connections":       {c, "/connections"},
			"connections, none": {empty, "/connections"},
			"connection":        {c, "/connections/" + string(g.ID)},
			"account":           {c, "/account"},
			"pictures":          {c, "/pictures"},
			"pictures, none":    {empty, "/pictures"},
			"receipts":          {c, "/receipts"},
			"receipts, none":    {empty, "/receipts"},
			"receipt":           {c, "/receipts/1"},
			"export":            {c, "/export"},
			"signout":           {c, "/signout"},
			"signed out":        {nobody, "/signed-out"},
			"expired flow":      {nobody, "/continue?flow=nonsense"},
			"not there":         {c, "/connections/nonsense"},
		} {
			a := s.as(p.who, p.path, "Accept-Language", tag)
			if want := map[string]int{"expired flow": 400, "not there": 404}[name]; a.StatusCode != max(want, 200) {
				t.Fatalf("%s: %d\n%s", name, a.StatusCode, a.body)
			}
			pages = append(pages, shown{name + ", " + tag, tag, a})
		}
	}
	return pages
}

func TestPages_runNothingThatIsNotOurs(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|javascript:|<script(?: type="module")?>`)
	elsewhere := regexp.MustCompile(`(?:src|action)="(?:https?:)?//|<(?:iframe|object|embed|base)\b|<link[^>]+href="(?:https?:)?//`)
	for _, p := range everyPage(t) {
		policy := p.Header.Get("Content-Security-Policy")
		for _, part := range []string{
			"default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "style-src 'self'", "connect-src 'self'",
			"base-uri 'none'", "frame-ancestors 'none'",
		} {
			if !strings.Contains(policy+";", part+";") {
				t.Errorf("%s: the policy lacks %s", p.name, part)
			}
		}
		sent := "form-action 'none'"
		if strings.Contains(p.body, `data-page="connections"`) {
			sent = "form-action 'self'" // its search; what holds a passphrase is sent by no browser
		}
		if !strings.Contains(policy+";", sent+";") || sent != "form-action 'none'" && strings.Contains(p.body, `method="post"`) {
			t.Errorf("%s: sends forms: %s", p.name, policy)
		}
		if strings.Contains(policy, "unsafe-inline") || strings.Contains(policy, "'unsafe-eval'") || strings.Contains(policy, "*") {
			t.Errorf("%s: the policy %s", p.name, policy)
		}
		for name, want := range map[string]string{
			"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cache-Control": "no-store",
		} {
			if p.Header.Get(name) != want {
				t.Errorf("%s: %s is %q", p.name, name, p.Header.Get(name))
			}
		}
		if found := inline.FindString(p.body); found != "" {
			t.Errorf("%s: has %q inline", p.name, found)
		}
		if found := elsewhere.FindString(p.body); found != "" {
			t.Errorf("%s: loads from elsewhere: %q", p.name, found)
		}
	}
}

func TestPages_checkEveryScriptAndStyle(t *testing.T) {
	loaded := regexp.MustCompile(`<(?:script[^>]+src|link rel="(?:stylesheet|modulepreload)")[^>]*>`)
	for _, p := range everyPage(t) {
		tags := loaded.FindAllString(p.body, -1)
		if len(tags) < 2 {
			t.Errorf("%s loads %v", p.name, tags)
		}
		for _, tag := range tags {
			if !strings.Contains(tag, ` integrity="sha384-`) {
				t.Errorf("%s: %s has no integrity", p.name, tag)
			}
		}
	}
}

func TestPages_areReadAloudWell(t *testing.T) {
	input := regexp.MustCompile(`<(?:input|select)\b[^>]*>`)
	id := regexp.MustCompile(`\bid="([^"]+)"`)
	for _, p := range everyPage(t) {
		for _, want := range []string{`<html lang="` + p.tag + `"`, `<main class="sheet" id="main"`, `href="#main"`, `role="alert"`, `data-ready="false"`, "<h1>"} {
			if !strings.Contains(p.body, want) {
				t.Errorf("%s lacks %s", p.name, want)
			}
		}
		if strings.Count(p.body, "<title>") != 1 || strings.Contains(p.body, "<title> ·") {
			t.Errorf("%s has no title", p.name)
		}
		ids := map[string]bool{}
		for _, m := range id.FindAllStringSubmatch(p.body, -1) {
			if ids[m[1]] {
				t.Errorf("%s has two of #%s", p.name, m[1])
			}
			ids[m[1]] = true
		}
		for _, field := range input.FindAllString(p.body, -1) {
			m := id.FindStringSubmatch(field)
			if m == nil {
				t.Errorf("%s: %s has no id", p.name, field)
				continue
			}
			if !strings.Contains(p.body, `for="`+m[1]+`"`) && !strings.Contains(field, `type="checkbox"`) {
				t.Errorf("%s: %s has no label", p.name, field)
			}
			if !strings.Contains(field, "autocomplete=") && !strings.Contains(field, `type="checkbox"`) && !strings.HasPrefix(field, "<select") {
				t.Errorf("%s: %s does not say how it is filled in", p.name, field)
			}
		}
	}
}

// A key without a text would show itself, and a template's mistake would too.
func TestPages_showNoKeys_andNoEnglishOnAGermanPage(t *testing.T) {
	key := regexp.MustCompile(`>(?:[a-z-]+\.){1,3}[a-z-]+<|\{[a-z]+\}|%!|&lt;nil`)
	english := regexp.MustCompile(`(?i)\b(the|your|vault|sign in|connections|account)\b`)
	shownThen := regexp.MustCompile(`(?s)<p class="shown" lang="en">.*?</p>`) // is kept as it was
	data := regexp.MustCompile(`(?s)<head>.*</head>|<[^>]*>`)
	for _, p := range everyPage(t) {
		text := shownThen.ReplaceAllString(strings.NewReplacer("blumen.example", "", issuer+"/connections", "").Replace(p.body), "")
		if found := key.FindString(text); found != "" {
			t.Errorf("%s shows %q", p.name, found)
		}
		if words := data.ReplaceAllString(text, " "); p.tag == "de" && english.MatchString(words) {
			t.Errorf("%s says %q", p.name, english.FindString(words))
		}
	}
}

// The server has no value of the customer, so no page of it can contain one.
func TestPages_containNoValueAndNoSecret(t *testing.T) {
	for _, p := range everyPage(t) {
		for _, secret := range []string{"planted-value", "correct horse", "battery staple"} {
			if strings.Contains(p.body, secret) {
				t.Errorf("%s contains %q", p.name, secret)
			}
		}
	}
}

func TestSignIn_namesWhatProgramsLookFor(t *testing.T) {
	s := newSite(t)
	for path, names := range map[string][]string{
		"/signin":  {`name="login"`, `name="passphrase" type="password" autocomplete="current-password"`, `autocomplete="username"`},
		"/signup":  {`name="login"`, `name="passphrase" type="password" autocomplete="new-password"`, `name="recovery_code"`, `<meter`},
		"/recover": {`name="login"`, `name="recovery_code"`},
	} {
		page := s.get(path).body
		for _, name := range names {
			if !strings.Contains(page, name) {
				t.Errorf("%s lacks %s", path, name)
			}
		}
	}
}

func TestPages_ofACustomer_leadOthersToSignIn(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/vault", "/vault/history", "/vault/terms", "/connections", "/connections/aaaaaaaaaaaaaaaaaaaaaaaaaa", "/receipts", "/receipts/7", "/pictures", "/export", "/account"} {
		a := s.get(path)
		if want := "/signin?next=" + url.QueryEscape(path); a.StatusCode != 303 || a.Header.Get("Location") != want {
			t.Errorf("%s: %d to %s", path, a.StatusCode, a.Header.Get("Location"))
		}
		if page := s.get(a.Header.Get("Location")).body; !strings.Contains(page, `data-next="`+path+`"`) {
			t.Errorf("%s: the way back is lost", path)
		}
	}
	if a := s.get("/unlock"); a.Header.Get("Location") != "/signin" {
		t.Errorf("unlock leads to %s", a.Header.Get("Location"))
	}
}

// Not to know who is here is not the same as knowing that nobody is.
func TestPages_whoIsHereUnknown_areRefused_insteadOfAskingToSignIn(t *testing.T) {
	s := newSite(t)
	s.web.o.Session = func(*http.Request) (identity.Session, error) {
		return identity.Session{}, fault.New(fault.Unavailable, "store-closed", "the service is shutting down")
	}
	for _, path := range []string{"/", "/vault", "/connections", "/unlock", "/signout"} {
		if a := s.get(path); a.StatusCode != 503 || !strings.Contains(a.body, "being restarted") {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
}

func TestNext_leadsToOurOwnPagesOnly(t *testing.T) {
	for _, bad := range []string{
		"https://evil.example/vault", "//evil.example/vault", `/\evil.example`, "/vault/../../x", "javascript:alert(1)", "vault", "/continue?flow=x", "/oauth/authorize", "/signin", "http:/vault", "/vault\r\nX: y",
	} {
		if got := localPath(bad); got != "" {
			t.Errorf("localPath(%q) = %q", bad, got)
		}
	}
	for _, good := range []string{"/vault", "/vault/history", "/connections", "/connections/abc", "/account"} {
		if localPath(good) != good {
			t.Errorf("localPath(%q) = %q", good, localPath(good))
		}
	}
}

func TestRecovery_unfinished_leadsBackToItFromEverywhere(t *testing.T) {
	s := newSite(t)
	c := s.someone()
	flow := s.flow(s.flowers())
	opened, err := s.accounts.Login(t.Context(), c.login, vault.SlotRecovery, c.code.Auth(), from())
	s.must(err)
	c.cookie = opened.Token
	for path, want := range map[string]string{"/vault": "/recover", "/account": "/recover", "/continue?flow=" + flow: "/recover?flow=" + flow} {
		if a := s.as(c, path); a.StatusCode != 303 || a.Header.Get("Location") != want {
			t.Errorf("%s: %d to %s", path, a.StatusCode, a.Header.Get("Location"))
		}
	}
	if page := s.as(c, "/recover").body; !strings.Contains(page, `data-step="code" tabindex="-1" hidden`) {
		t.Error("the page asks for the code again")
	}
}

func TestLanguage_chosen_isKept_andTheRestOfTheAddressToo(t *testing.T) {
	s := newSite(t)
	flow := s.flow(s.flowers())
	a := s.get("/continue?flow="+flow+"&lang=de", "Accept-Language", "en")
	if a.StatusCode != 303 || a.Header.Get("Location") != "/continue?flow="+flow {
		t.Fatalf("%d to %s", a.StatusCode, a.Header.Get("Location"))
	}
	if cookie := a.Header.Get("Set-Cookie"); !strings.HasPrefix(cookie, "lang=de; Path=/; Max-Age=31536000") || !strings.Contains(cookie, "SameSite=Lax") {
		t.Errorf("cookie %s", cookie)
	}
	if a := s.get("/signin?lang=xx"); a.Header.Get("Set-Cookie") != "" || a.Header.Get("Location") != "/signin" {
		t.Errorf("a language that is none: %v", a.Header)
	}
	if page := s.get("/signin", "Cookie", "lang=de; theme=dark").body; !strings.Contains(page, `<html lang="de" data-theme="dark"`) {
		t.Error("neither language nor colours were kept")
	}
	if page := s.get("/signin", "Cookie", `theme="><script>`).body; strings.Contains(page, "data-theme") {
		t.Error("a theme that is none was taken")
	}
	if page := s.get("/continue?flow="+s.flow(s.flowers(), "ui_locales", "de"), "Accept-Language", "en").body; !strings.Contains(page, `lang="de"`) {
		t.Error("the vendor's wish was not heard")
	}
}

func TestError_saysWhatToDo_andNothingElse(t *testing.T) {
	s := newSite(t)
	flow := s.flow(s.flowers())
	s.now = s.now.Add(31 * time.Minute)
	expired := s.get("/continue?flow=" + flow)
	if expired.StatusCode != 400 || !strings.Contains(expired.body, "Please start again") || !strings.Contains(expired.body, "Nothing was shared") {
		t.Errorf("%d %s", expired.StatusCode, expired.body)
	}
	mistake := s.get("/oauth/authorize?client_id=aaaaaaaaaaaaaaaaaaaaaaaaaa&redirect_uri=https://evil.example/")
	if mistake.StatusCode != 400 || !strings.Contains(mistake.body, "not registered with us") || !strings.Contains(mistake.body, `data-problem="vendor-unknown"`) || strings.Contains(mistake.body, "evil.example") {
		t.Errorf("%d %s", mistake.StatusCode, mistake.body)
	}
	unknown := s.get("/continue?flow=%3Cscript%3Ealert(1)%3C/script%3E", "Accept-Language", "de")
	if unknown.StatusCode != 400 || strings.Contains(unknown.body, "alert(1)") || !strings.Contains(unknown.body, "Bitte beginnen Sie noch einmal") {
		t.Errorf("%d %s", unknown.StatusCode, unknown.body)
	}
}

func TestSignOut_asksFirst_andLeadsOnlyWhereTheVendorRegistered(t *testing.T) {
	s := newSite(t)
	v, c := s.flowers(), s.someone()
	q := url.Values{"client_id": {string(v.ID)}, "post_logout_redirect_uri": {v.PostLogoutRedirectURIs[0]}}
	asked := s.as(c, "/oauth/end_session?"+q.Encode())
	page := s.as(c, asked.Header.Get("Location"))
	if page.StatusCode != 200 || !strings.Contains(page.body, `data-after="https://blumen.example/bye"`) || !strings.Contains(page.body, `name="signout"`) {
		t.Errorf("%d %s", page.StatusCode, page.body)
	}
	for _, back := range []string{"", "?return=https://evil.example", "?return=nonsense"} {
		if page := s.as(c, "/signout"+back).body; !strings.Contains(page, `data-after="/signed-out"`) {
			t.Errorf("%q leads elsewhere", back)
		}
	}
	if a := s.get("/signout"); a.StatusCode != 303 || a.Header.Get("Location") != "/signed-out" {
		t.Errorf("nobody: %d to %s", a.StatusCode, a.Header.Get("Location"))
	}
}

func TestLogo_isDrawn_andCannotAct(t *testing.T) {
	s := newSite(t)
	v := s.flowers()
	page := s.get("/continue?flow=" + s.flow(v)).body
	path := regexp.MustCompile(`/vendors/[a-z2-7]{26}/logo\?v=[0-9a-f]+`).FindString(page)
	a := s.get(path)
	if a.StatusCode != 200 || a.body != string(v.Logo) || a.Header.Get("Content-Type") != "image/svg+xml" || a.Header.Get("Content-Security-Policy") != logoPolicy ||
		a.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	if a := s.get("/vendors/" + string(v.ID) + "/logo?v=0"); strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
		t.Error("another version is kept for good")
	}
	plain := s.flowers(func(v *identity.Vendor) { v.Logo, v.LogoType = nil, "" })
	for _, path := range []string{"/vendors/" + string(plain.ID) + "/logo", "/vendors/aaaaaaaaaaaaaaaaaaaaaaaaaa/logo", "/vendors/nonsense/logo"} {
		if a := s.get(path); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
}

func TestVendor_withMarkupInItsName_isShownAsText(t *testing.T) {
	s := newSite(t)
	name := `<img src=x onerror=alert(1)> "Blumen"`
	v := s.flowers(func(v *identity.Vendor) {
		v.Name, v.Purposes = name, map[string]string{"name": "<b>To greet you</b>"}
	})
	page := s.as(s.someone(), "/continue?flow="+s.flow(v)).body
	if strings.Contains(page, "<img src=x") || strings.Contains(page, "<b>To greet") || !strings.Contains(html.UnescapeString(page), name) {
		t.Error("the name is markup")
	}
}

func TestContinue_forAVendorThatWantsANewAccount_leadsToSignUp(t *testing.T) {
	s := newSite(t)
	flow := s.flow(s.flowers(), "prompt", "create")
	first := s.get("/continue?flow=" + flow)
	if first.StatusCode != http.StatusSeeOther || first.Header.Get("Location") != "/signup?flow="+flow {
		t.Fatalf("%d %v", first.StatusCode, first.Header)
	}
	page := s.get("/signup?flow=" + flow)
	mustContain(t, page.body, `data-page="signup"`, "Blumen am Markt", "signin=1")
	back := s.get("/continue?flow=" + flow + "&signin=1") // who has an account says so
	mustContain(t, back.body, `data-page="signin"`)
}

func TestChangePassphrase_leadsManagersToTheAccount(t *testing.T) {
	s := newSite(t)
	answer := httptest.NewRecorder()
	s.web.ChangePassphrase(answer, httptest.NewRequest(http.MethodGet, "/.well-known/change-password", nil))
	path, fragment, _ := strings.Cut(answer.Header().Get("Location"), "#")
	if answer.Code != http.StatusSeeOther || path != "/account" {
		t.Errorf("%d %v", answer.Code, answer.Header())
	}
	if page := s.as(s.someone(), path).body; !strings.Contains(page, `id="`+fragment+`"`) {
		t.Errorf("there is no %s on the page", fragment)
	}
}

func TestRobots_haveTheStartPageAlone(t *testing.T) {
	s := newSite(t)
	if text := s.as(s.someone(), "/robots.txt").body; text != "User-agent: *\nAllow: /$\nAllow: /static/\nDisallow: /\n" {
		t.Errorf("%q", text)
	}
}
