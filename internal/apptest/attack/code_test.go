package attack_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/meins-id/meins/internal/apptest"
)

func TestCode_redeemedTwice_isRefused_andEverythingThatCameFromItEnds(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	code := ada.codeFor(t, w.vendor, "email")
	first := w.Exchange(t, w.vendor, code)
	second := w.Refresh(t, w.vendor, first.Refresh)
	w.serves(t, first.Access, "email")
	w.serves(t, second.Access, "email")

	w.Post(t, "/oauth/token", w.vendor, apptest.CodeForm(w.vendor, code)).Refused(t, http.StatusBadRequest, "invalid_grant")

	w.opensNothing(t, first.Access)
	w.opensNothing(t, second.Access)
	w.endsHere(t, w.vendor, second.Refresh)
	w.endsHere(t, w.vendor, first.Refresh)
	w.Post(t, "/oauth/token", w.vendor, apptest.CodeForm(w.vendor, code)).Refused(t, http.StatusBadRequest, "invalid_grant")
}

func TestCode_withoutRefreshTokens_redeemedTwice_endsTheAccessToken(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	code := ada.approve(t, ada.approval(t, ada.flow(t, w.vendor, "scope", "openid email"), "email"))
	got := w.Exchange(t, w.vendor, code)
	w.serves(t, got.Access, "email")
	w.Post(t, "/oauth/token", w.vendor, apptest.CodeForm(w.vendor, code)).Refused(t, http.StatusBadRequest, "invalid_grant")
	w.opensNothing(t, got.Access)
}

func TestCode_redeemedByAHundredAtOnce_servesOne_andTheRestEndsWhatThatOneGot(t *testing.T) {
	w := start(t)
	code := w.person(t, "ada").codeFor(t, w.vendor, "email")
	var won []apptest.Tokens
	for _, a := range atOnce(100, func() apptest.Answer { return w.Post(t, "/oauth/token", w.vendor, apptest.CodeForm(w.vendor, code)) }) {
		if a.Status == http.StatusOK {
			won = append(won, apptest.Tokens{Access: a.Text("access_token"), Refresh: a.Text("refresh_token")})
			continue
		}
		a.Refused(t, http.StatusBadRequest, "invalid_grant")
	}
	if len(won) != 1 {
		t.Fatalf("%d racers got tokens", len(won))
	}
	w.opensNothing(t, won[0].Access)
	w.endsHere(t, w.vendor, won[0].Refresh)
}

// TestRefresh_byAHundredAtOnce_leadsToOneSuccessor: an answer may be lost on its way, so that for a few
// seconds the same successor may be had again. It is one, however many come; and whoever is a step
// behind it ends all of it.
func TestRefresh_byAHundredAtOnce_leadsToOneSuccessor_andOneStepBehindItTheFamilyEnds(t *testing.T) {
	w := start(t)
	first := w.person(t, "ada").tokensFor(t, w.vendor, "email")
	var got []apptest.Tokens
	names := map[string]bool{}
	for _, a := range atOnce(100, func() apptest.Answer { return w.Post(t, "/oauth/token", w.vendor, apptest.RefreshForm(first.Refresh)) }) {
		if a.Status != http.StatusOK {
			a.Refused(t, http.StatusBadRequest, "invalid_grant")
			continue
		}
		got = append(got, apptest.Tokens{Access: a.Text("access_token"), Refresh: a.Text("refresh_token")})
	}
	for _, one := range got {
		names[w.Post(t, "/oauth/introspect", w.vendor, url.Values{"token": {one.Refresh}}).Text("jti")] = true
	}
	if len(names) != 1 || names[""] {
		t.Fatalf("%d racers have %d different successors", len(got), len(names))
	}
	last := w.Refresh(t, w.vendor, got[len(got)-1].Refresh)
	w.endsHere(t, w.vendor, first.Refresh)
	w.endsHere(t, w.vendor, last.Refresh)
	for _, access := range []string{first.Access, got[0].Access, last.Access} {
		w.opensNothing(t, access)
	}
}

// atOnce lets so many do the same at the same time.
func atOnce(racers int, do func() apptest.Answer) []apptest.Answer {
	answers := make([]apptest.Answer, racers)
	gun := make(chan struct{})
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			<-gun
			answers[i] = do()
		})
	}
	close(gun)
	all.Wait()
	return answers
}

// TestCode_isBound_toItsClientItsAddressAndItsVerifier also shows that a failed attempt does the
// rightful owner no harm: the code still serves at the end.
func TestCode_isBound_toItsClientItsAddressAndItsVerifier(t *testing.T) {
	w := start(t)
	other := w.other(t, callback)
	public := w.other(t, callback, "--public")
	code := w.person(t, "ada").codeFor(t, w.vendor, "email")
	form := func(pairs ...string) url.Values { return apptest.CodeForm(w.vendor, code, pairs...) }
	for name, c := range map[string]struct {
		by   apptest.Vendor
		form url.Values
		code string
	}{
		"another client":                 {other, form(), "invalid_grant"},
		"a public client":                {public, form(), "invalid_grant"},
		"another address":                {w.vendor, form("redirect_uri", callback+"/"), "invalid_grant"},
		"another port":                   {w.vendor, form("redirect_uri", "https://kornblume.example:443/callback"), "invalid_grant"},
		"an encoded address":             {w.vendor, form("redirect_uri", "https://kornblume.example/%63allback"), "invalid_grant"},
		"no address":                     {w.vendor, form("redirect_uri", ""), "invalid_request"},
		"no verifier":                    {w.vendor, form("code_verifier", ""), "invalid_grant"},
		"another verifier":               {w.vendor, form("code_verifier", strings.Repeat("x", 43)), "invalid_grant"},
		"a verifier that is too short":   {w.vendor, form("code_verifier", apptest.Verifier[:42]), "invalid_grant"},
		"the verifier and more":          {w.vendor, form("code_verifier", apptest.Verifier+"x"), "invalid_grant"},
		"the challenge as the verifier":  {w.vendor, form("code_verifier", challengeOf(apptest.Verifier)), "invalid_grant"},
		"the method plain at the end":    {w.vendor, form("code_verifier", challengeOf(apptest.Verifier), "code_challenge_method", "plain"), "invalid_grant"},
		"a code that is cut":             {w.vendor, form("code", code[:len(code)-1]), "invalid_grant"},
		"a code with more behind it":     {w.vendor, form("code", code+"A"), "invalid_grant"},
		"a code with a changed end":      {w.vendor, form("code", code[:len(code)-8]+"AAAAAAAA"), "invalid_grant"},
		"a code with a line break":       {w.vendor, form("code", code[:20]+"\n"+code[20:]), "invalid_grant"},
		"no code":                        {w.vendor, form("code", ""), "invalid_request"},
		"an unknown grant type":          {w.vendor, form("grant_type", "password"), "unsupported_grant_type"},
		"the implicit grant":             {w.vendor, form("grant_type", "implicit"), "unsupported_grant_type"},
		"no grant type":                  {w.vendor, form("grant_type", ""), "invalid_request"},
		"a code where a refresh belongs": {w.vendor, apptest.RefreshForm(code), "invalid_grant"},
	} {
		t.Run(name, func(t *testing.T) {
			w.Post(t, "/oauth/token", c.by, c.form).Refused(t, http.StatusBadRequest, c.code)
		})
	}
	w.serves(t, w.Exchange(t, w.vendor, code).Access, "email")
}

func TestTokens_serveOnlyAsWhatTheyAre_andOnlyTheirClient(t *testing.T) {
	w := start(t)
	other := w.other(t, callback)
	got := w.person(t, "ada").tokensFor(t, w.vendor, "email")

	w.opensNothing(t, got.Refresh)
	w.opensNothing(t, got.ID)
	w.opensNothing(t, got.Access+"A")
	w.opensNothing(t, got.Access[:len(got.Access)-4]+"AAAA")
	w.endsHere(t, w.vendor, got.Access)
	w.endsHere(t, w.vendor, got.ID)
	w.endsHere(t, other, got.Refresh)
	for _, token := range []string{got.Access, got.Refresh} {
		w.Post(t, "/oauth/token", w.vendor, apptest.CodeForm(w.vendor, token)).Refused(t, http.StatusBadRequest, "invalid_grant")
		if a := w.Post(t, "/oauth/introspect", other, url.Values{"token": {token}}); strings.TrimSpace(string(a.Body)) != `{"active":false}` {
			t.Errorf("another client learns %s", a.Body)
		}
		if a := w.Post(t, "/oauth/revoke", other, url.Values{"token": {token}}); a.Status == http.StatusOK {
			t.Error("another client revokes")
		}
	}
	wider := apptest.RefreshForm(got.Refresh)
	wider.Set("scope", "openid email address")
	w.Post(t, "/oauth/token", w.vendor, wider).Refused(t, http.StatusBadRequest, "invalid_scope")

	// None of it did the owner any harm.
	w.serves(t, got.Access, "email")
	w.serves(t, w.Refresh(t, w.vendor, got.Refresh).Access, "email")
}

func TestRefresh_reused_endsTheFamily(t *testing.T) {
	w := start(t)
	first := w.person(t, "ada").tokensFor(t, w.vendor, "email")
	second := w.Refresh(t, w.vendor, first.Refresh)
	third := w.Refresh(t, w.vendor, second.Refresh)
	w.serves(t, third.Access, "email")

	w.endsHere(t, w.vendor, first.Refresh)

	for _, access := range []string{first.Access, second.Access, third.Access} {
		w.opensNothing(t, access)
	}
	w.endsHere(t, w.vendor, third.Refresh)
}

func TestWithdrawnGrant_codeAccessAndRefreshAreEachRefused(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	got := ada.tokensFor(t, w.vendor, "email")
	w.serves(t, got.Access, "email")
	resumed := ada.resume(t, ada.flow(t, w.vendor)) // a second code of the same grant, not redeemed yet
	resumed.Refused(t, http.StatusOK, "")
	code := apptest.CodeOf(t, resumed.Text("redirect"))

	ada.withdraw(t)

	w.opensNothing(t, got.Access)
	w.endsHere(t, w.vendor, got.Refresh)
	w.Post(t, "/oauth/token", w.vendor, apptest.CodeForm(w.vendor, code)).Refused(t, http.StatusBadRequest, "invalid_grant")
	ada.resume(t, ada.flow(t, w.vendor)).Refused(t, http.StatusPreconditionFailed, "review-required")
	for _, token := range []string{got.Access, got.Refresh} {
		if a := w.Post(t, "/oauth/introspect", w.vendor, url.Values{"token": {token}}); a.Text("active") != "false" {
			t.Errorf("the token of a withdrawn grant is introspected as %s", a.Body)
		}
	}
}

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
