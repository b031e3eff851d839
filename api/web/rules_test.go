package web

import (
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

// The rules of the consent screen, each by its number, as the server's markup holds them. Where a
// person has to act, internal/apptest/browser holds the same rule in Chromium, under the same number.

// page is the consent screen as a customer gets it, its entities resolved.
func (s *site) page(c someone, flow string, options ...string) string {
	s.t.Helper()
	a := s.as(c, "/continue?flow="+flow, options...)
	if a.StatusCode != 200 {
		s.t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	return html.UnescapeString(a.body)
}

// detailed is a request in authorization details alone.
func (s *site) detailed(v identity.Vendor, details string) string {
	s.t.Helper()
	return s.flow(v, "claims", "", "authorization_details", details)
}

// twoUses asks for an e-mail address for two purposes, and says the rest in detail.
const twoUses = `[
	{"type":"https://meins.id/consent","claims":[{"name":"email"}],"retention":"P6M","recipients":["DHL Paket GmbH"],"terms":["SD-BASE"],
	 "purpose":{"text":"To send the bill.","text#de":"Für die Rechnung."}},
	{"type":"https://meins.id/consent","claims":[{"name":"email"},{"name":"name"}],"retention":"P6M","purpose":{"iri":"https://w3id.org/dpv#Advertising"}}]`

func mustLack(t *testing.T, page string, absents ...string) {
	t.Helper()
	for _, absent := range absents {
		if strings.Contains(page, absent) {
			t.Errorf("has %s", absent)
		}
	}
}

func TestRule01_nameAndDomainOfTheVendor_standAboveTheClaims(t *testing.T) {
	page, _ := review(t)
	inThisOrder(t, page, `class="logo" src="/vendors/`, "Blumen am Markt</span>", "blumen.example", "verified domain", "<h1>", `name="claim"`)
}

func TestRule02_unverifiedVendor_isWarnedOf_andTakesAnActOfItsOwn(t *testing.T) {
	s := newSite(t)
	v := s.flowers(func(v *identity.Vendor) { v.DomainVerified = false })
	page := s.page(s.someone(), s.flow(v))
	inThisOrder(t, page, "not verified", `data-notice="unverified"`, `<input type="checkbox" id="unverified" name="unverified" value="yes">`, `value="approve"`)
	verified, _ := review(t)
	mustLack(t, verified, `name="unverified"`)
}

func TestRule03_claimsHavePlainNames_inTheLanguageOfThePage(t *testing.T) {
	page, _ := review(t, "Accept-Language", "de")
	mustContain(t, claimRow(t, page, "birthdate"), "Geburtsdatum", "Um Ihnen zum Geburtstag einen Strauß zu schicken.")
	mustLack(t, page, "To send you a bouquet")
	s := newSite(t)
	many := s.page(s.someone(), s.flow(s.flowers(), "scope", "openid profile email phone"))
	mustContain(t, many, `<details class="claim-group" open><summary>Name</summary>`, "<summary>How to reach you</summary>")
}

func TestRule03_whatAClaimIs_standsBehindOneLine_andBesideClaimsThatFollowFromOthers(t *testing.T) {
	s := newSite(t)
	page := s.page(s.someone(), s.flow(s.flowers(), "claims", `{"userinfo":{"birthdate":null,"age_over_18":null}}`))
	mustContain(t, claimRow(t, page, "age_over_18"), "Only yes or no, not your birth date.")
	mustLack(t, claimRow(t, page, "birthdate"), "The day on which you were born.")
	inThisOrder(t, page, `<details class="about"><summary>`, "<dt>Birth date</dt>", "The day on which you were born.")
}

func TestRule04_everyClaimHasAPlaceForItsValue_thatTheServerLeavesEmpty(t *testing.T) {
	page, _ := review(t)
	for _, name := range []string{"name", "email", "address", "birthdate"} {
		mustContain(t, claimRow(t, page, name), `data-value="`+name+`" data-own><span class="awaited"></span></span>`)
	}
}

func TestRule05_requiredAndOptional_standApart(t *testing.T) {
	page, _ := review(t)
	inThisOrder(t, page, `data-group="required"`, `data-claim="name"`, `data-group="optional"`, `data-claim="email"`, `data-claim="address"`, `data-claim="birthdate"`)
	mustContain(t, claimRow(t, page, "name"), `name="claim" value="name"`, " checked disabled")
}

// ticked are the boxes of a page that are ticked, by their ids; required claims are not a choice.
func ticked(page string) []string {
	var ids []string
	for _, m := range regexp.MustCompile(`<input type="checkbox" id="([^"]+)"[^>]* checked>`).FindAllStringSubmatch(page, -1) {
		ids = append(ids, m[1])
	}
	return ids
}

func TestRule06_nothingOptionalIsTicked(t *testing.T) {
	s := newSite(t)
	v := s.flowers(func(v *identity.Vendor) { v.DomainVerified = false })
	c := s.someone()
	for name, flow := range map[string]string{
		"claims":   s.flow(v),
		"scopes":   s.flow(v, "scope", "openid profile email address phone"),
		"purposes": s.detailed(v, twoUses),
		"special":  s.flow(v, "claims", `{"userinfo":{"dietary_needs":null,"picture":{"essential":true}}}`),
	} {
		if found := ticked(s.page(c, flow)); len(found) > 0 {
			t.Errorf("%s: %v are ticked", name, found)
		}
	}
}

func TestRule06_amending_showsWhatWasChosenBefore_markedAsSuch(t *testing.T) {
	s := newSite(t)
	v, c := s.flowers(), s.someone()
	s.approve(s.flow(v), c, "name", "email")
	page := s.page(c, s.flow(v, "claims", `{"userinfo":{"name":{"essential":true},"email":null,"address":null,"phone_number":null}}`))
	mustContain(t, claimRow(t, page, "email"), " checked>", "chosen last time")
	if found := ticked(page); !slices.Equal(found, []string{"claim-email"}) {
		t.Errorf("%v are ticked", found)
	}
}

func TestRule07_everyOptionalClaimDeclined_isAnsweredWithACode(t *testing.T) {
	page, _ := review(t)
	inThisOrder(t, page, `data-group="optional"`, "Signing in works without any of these.", `data-claim="email"`)
	s := newSite(t)
	c := s.someone()
	flow := s.flow(s.flowers(), "claims", `{"userinfo":{"email":null,"address":null}}`)
	grant, key := id.New[id.Grant](), vault.NewGrantKey()
	capsule, err := vault.SealCapsule(key, c.session.Account, grant, 1, vault.Claims{})
	s.must(err)
	to, err := s.provider.Approve(t.Context(), c.session, flow, provider.Approval{
		Digest: s.ask(flow, c).Digest, Grant: grant, Persona: c.persona, Capsule: capsule, Key: key,
		Wrapped: vault.WrapGrantKey(c.key, c.session.Account, grant, vault.Approved{Client: "shop", Persona: c.persona}, key), Locale: "en",
	})
	s.must(err)
	back, err := url.Parse(to)
	s.must(err)
	if back.Query().Get("code") == "" {
		t.Errorf("answered with %s", back.Query().Get("error"))
	}
}

func TestRule08_eachClaimStandsWithItsPurpose(t *testing.T) {
	page, v := review(t)
	for _, name := range []string{"name", "email", "address", "birthdate"} {
		mustContain(t, claimRow(t, page, name), v.Purposes[name], `id="purpose-`+name+`"`)
	}
	s := newSite(t)
	silent := s.page(s.someone(), s.flow(s.flowers(), "claims", `{"userinfo":{"nickname":null}}`))
	mustContain(t, claimRow(t, silent, "nickname"), "The vendor does not say what for.")
}

func TestRule08_eachOfSeveralPurposes_isChosenOnItsOwn(t *testing.T) {
	s := newSite(t)
	page := s.page(s.someone(), s.detailed(s.flowers(), twoUses), "Accept-Language", "de")
	row := claimRow(t, page, "email")
	mustContain(t, row, "Für die Rechnung.", "Wofür: Werbung")
	if n := strings.Count(row, `name="purpose"`); n != 2 || strings.Contains(row, "checked") {
		t.Errorf("%d purposes to choose, or one is chosen already", n)
	}
	if row := claimRow(t, page, "name"); strings.Contains(row, `name="purpose"`) || !strings.Contains(row, "Wofür: Werbung") {
		t.Error("a single purpose is not chosen with its claim")
	}
}

func TestRule08_purposeThatNobodyKnows_isShownByItsAddress(t *testing.T) {
	s := newSite(t)
	page := s.page(s.someone(), s.detailed(s.flowers(), `[{"type":"https://meins.id/consent","claims":[{"name":"email"}],"purpose":{"iri":"https://example.org/purposes#Quilting"}}]`))
	mustContain(t, claimRow(t, page, "email"), "What for: https://example.org/purposes#Quilting")
}

func TestRule09_bothButtonsAreOfOneSize_andStayInView(t *testing.T) {
	page, _ := review(t)
	mustContain(t, page, `<button class="button" name="decision" value="deny" type="button">`, `<button class="button accent" name="decision" value="approve" type="button">`)
	s := newSite(t)
	style := string(s.web.assets.byName["style.css"].plain())
	inThisOrder(t, page, `<form method="post" data-form="consent"`, `<div class="vendor"`, `<div class="decision"`, "</form>")
	mustContain(t, style, ".decision { position: sticky; bottom: 0;", ".decision .both { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 8rem), 1fr));")
}

func TestRule10_everyRecipientIsNamed_andPartnersAreRefused(t *testing.T) {
	page, _ := review(t)
	mustContain(t, page, "Blumen am Markt (blumen.example). We give it to nobody else")
	s := newSite(t)
	v := s.flowers()
	named := s.page(s.someone(), s.detailed(v, twoUses))
	mustContain(t, named, "and from there: DHL Paket GmbH")
	mustLack(t, named, "nobody else")
	q := url.Values{
		"client_id": {string(v.ID)}, "redirect_uri": {v.RedirectURIs[0]}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"},
		"code_challenge_method": {"S256"}, "code_challenge": {strings.Repeat("A", 43)},
		"authorization_details": {strings.Replace(twoUses, "DHL Paket GmbH", "our partners", 1)},
	}
	if to := s.get("/oauth/authorize?" + q.Encode()).Header.Get("Location"); !strings.Contains(to, "error=invalid_authorization_details") {
		t.Errorf("a request for our partners leads to %s", to)
	}
}

func TestRule11_theEndIsADate_aYearFromNowAtMost(t *testing.T) {
	page, _ := review(t)
	inThisOrder(t, page, "Until when", "Until 22 November 2027", `name="decision"`)
	german, _ := review(t, "Accept-Language", "de")
	inThisOrder(t, german, "Bis 22. November 2027", `name="decision"`)
	s := newSite(t)
	long := s.page(s.someone(), s.detailed(s.flowers(), `[{"type":"https://meins.id/consent","claims":[{"name":"email"}],"ends":"P2W","purpose":{"text":"To write."}}]`))
	mustContain(t, long, "Until 6 December 2026")
}

func TestRule12_retention_andWhatHappensAfterwards_areShown(t *testing.T) {
	page, _ := review(t)
	inThisOrder(t, page, "How long it is kept", "says so in its privacy policy", "it has to delete", `href="https://blumen.example/privacy"`, `name="decision"`)
	s := newSite(t)
	v := s.flowers(func(v *identity.Vendor) { v.PolicyURI = "" })
	mustContain(t, s.page(s.someone(), s.flow(v)), "has not said how long it keeps", "it has to delete")
	mustContain(t, s.page(s.someone(), s.detailed(v, twoUses)), "Blumen am Markt says: for 6 months. After that it has to delete it.")
}

func TestRule13_theRightToWithdraw_andWhere_isSaidBeforeTheButtons(t *testing.T) {
	page, _ := review(t)
	inThisOrder(t, page, "How to end it", "At any time under Connections", "cannot be pulled back", `name="decision"`)
	german, _ := review(t, "Accept-Language", "de")
	inThisOrder(t, german, "Jederzeit unter Verbindungen", `name="decision"`)
}

func TestRule14_amendment_saysAndMarksWhatChanged(t *testing.T) {
	s := newSite(t)
	v, c := s.flowers(), s.someone()
	s.approve(s.flow(v), c, "name", "email")
	s.now = s.now.AddDate(0, 1, 0)
	page := s.page(renew(s, c), s.flow(v, "claims",
		`{"userinfo":{"name":{"essential":true},"address":{"essential":true},"email":{"purpose":"To send you offers every week."},"phone_number":null}}`))
	mustContain(t, page,
		"Blumen am Markt asks again", "What is different from your decision of 22 November 2026:",
		"New: telephone number", "Now needed: address", "Another purpose: e-mail address", "New end: 22 December 2027, before: 22 November 2027")
	mustContain(t, claimRow(t, page, "email"), "To send you offers every week.", "new purpose", "Before: To tell you when your flowers are on their way.")
	mustLack(t, claimRow(t, page, "email"), "checked")
	mustContain(t, claimRow(t, page, "phone_number"), `<span class="mark-new">new</span>`)
	mustContain(t, claimRow(t, page, "address"), `<span class="mark-new">now needed</span>`)
	mustLack(t, claimRow(t, page, "name"), "mark-new")
	mustContain(t, fact(t, page, "until"), `<span class="mark-new">changed</span>`)
	for _, same := range []string{"who", "use", "keeps"} {
		mustLack(t, fact(t, page, same), "mark-new")
	}
}

// fact is one of the facts below the claims.
func fact(t *testing.T, page, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, `data-fact="`+name+`"`)
	if !ok {
		t.Fatalf("there is no fact %s", name)
	}
	rest, _, _ = strings.Cut(rest, "</div>")
	return rest
}

func TestRule14_newUseDurationAndRecipients_areMarked(t *testing.T) {
	s := newSite(t)
	v, c := s.flowers(), s.someone()
	s.approve(s.detailed(v, twoUses), c, "email")
	wider := strings.NewReplacer("DHL Paket GmbH", "Hermes Germany GmbH", "P6M", "P5Y", "#Advertising", "#SellProducts").Replace(twoUses)
	page := s.page(c, s.detailed(v, wider))
	mustContain(t, page, "New: Hermes Germany GmbH gets it too", "Another time for which it is kept, before: 6 months", "Another purpose: e-mail address")
	mustContain(t, fact(t, page, "who"), "mark-new")
	mustContain(t, fact(t, page, "keeps"), "mark-new")
	uses := strings.Split(claimRow(t, page, "email"), `class="field use"`)[1:]
	if len(uses) != 2 {
		t.Fatalf("%d uses", len(uses))
	}
	for _, use := range uses {
		known := strings.Contains(use, "To send the bill.")
		if strings.Contains(use, " checked") != known || strings.Contains(use, "mark-new") == known {
			t.Errorf("a use that was agreed to: %v, in %s", known, use)
		}
	}
}

func TestRule14_anotherKeyOrWayOfRelease_isSaid(t *testing.T) {
	l := theLocales(t)["en"]
	direct := consent.Party{Client: "c", Name: "Blumen am Markt"}
	sealed, other := direct, direct
	sealed.Encryption = consent.Encryption{Key: "k", Thumbprint: "t", Alg: "ECDH-ES"}
	other.Encryption = consent.Encryption{Key: "l", Thumbprint: "u", Alg: "ECDH-ES"}
	for want, from := range map[string][2]consent.Party{
		"New: encrypted for Blumen am Markt":          {direct, sealed},
		"No longer encrypted for Blumen am Markt":     {sealed, direct},
		"Blumen am Markt has another key than before": {sealed, other},
	} {
		g := consent.Grant{Party: from[0], Mode: from[0].Mode(), Ends: today}
		said, facts := l.changes(consent.Ask{Party: from[1]}, g, l.Date(today), today)
		if len(said) != 1 || !strings.HasPrefix(said[0], want) || !facts["way"] {
			t.Errorf("says %q, want %q", said, want)
		}
	}
}

// Who could read it on the way is said for both ways of release.
func TestConsent_wayOfRelease_isShown(t *testing.T) {
	page, _ := review(t)
	mustContain(t, fact(t, page, "way"), "it is open on our server too")
	s := newSite(t)
	v := s.flowers(func(v *identity.Vendor) {
		v.Protocol.UserInfoKeyAlg, v.Protocol.UserInfoEnc = seal.ECDHES, seal.A256GCM
		v.JWKS = []byte(`{"keys":[{"kty":"EC","crv":"P-256","use":"enc","kid":"1","x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0","y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"}]}`)
	})
	sealed := s.page(s.someone(), s.flow(v))
	mustContain(t, fact(t, sealed, "way"), "we pass it on and cannot read it", "Key of the vendor: "+s.ask(s.flow(v), s.someone()).Ask.Party.Encryption.Thumbprint)
}

// After a refusal the same request is not shown again unless the customer starts it.
func TestRule15_refusedRequest_isNotShownAgainForSixMonths(t *testing.T) {
	s := newSite(t)
	v, c := s.flowers(), s.someone()
	next := s.ask(s.flow(v), c)
	s.must(s.consent.Refuse(t.Context(), c.session.Account, next.Ask, consent.Refusal{Digest: next.Digest, Locale: "en"}))
	page := s.page(c, s.flow(v))
	mustContain(t, page, "You said no", "on 22 November 2026", `data-refused="back"`, "error=access_denied", `data-refused="look"`)
	mustLack(t, page, `name="decision"`)
	look := s.as(c, "/continue?look=1&flow="+s.flow(v)).body
	mustContain(t, look, `name="decision"`)
	mustContain(t, s.page(c, s.flow(v, "claims", `{"userinfo":{"email":null}}`)), `name="decision"`) // another request
	s.now = s.now.AddDate(0, 6, 2)
	mustContain(t, s.page(renew(s, c), s.flow(v)), `name="decision"`)
}

func TestRule16_specialCategories_portraitsAndTraining_takeAnActOfTheirOwn(t *testing.T) {
	s := newSite(t)
	v := s.flowers(func(v *identity.Vendor) {
		v.Purposes["nickname"] = "To train our AI on it."
		v.Purposes["email"] = "https://w3id.org/dpv/ai#Training"
	})
	page := s.page(s.someone(), s.flow(v, "claims",
		`{"userinfo":{"dietary_needs":{"essential":true},"picture":null,"nickname":null,"email":null,"birthdate":null,"shelf_mark":null}}`))
	for name, want := range map[string]string{
		"dietary_needs": "which the law protects specially", "picture": "recognised by this picture",
		"nickname": "let machines learn from it", "email": "let machines learn from it",
	} {
		row := claimRow(t, page, name)
		mustContain(t, row, want, `data-for="claim-`+name+`"`, `name="act"`)
		mustLack(t, regexp.MustCompile(`<input[^>]*name="act"[^>]*>`).FindString(row), "checked")
	}
	mustLack(t, claimRow(t, page, "birthdate"), `name="act"`)
}

func TestRule16_training_amongSeveralPurposes_takesAnActOfItsOwn(t *testing.T) {
	s := newSite(t)
	page := s.page(s.someone(), s.detailed(s.flowers(), strings.Replace(twoUses, "dpv#Advertising", "dpv/ai#Training", 1)))
	uses := strings.Split(claimRow(t, page, "email"), `class="field use"`)[1:]
	for _, use := range uses {
		if training := strings.Contains(use, "What for: Training artificial intelligence"); training != strings.Contains(use, `name="act"`) {
			t.Errorf("training: %v, in %s", training, use)
		}
	}
}

func TestRule17_theScreenCarriesTheDigestOfWhatItShows(t *testing.T) {
	s := newSite(t)
	v, c := s.flowers(), s.someone()
	flow := s.flow(v)
	mustContain(t, s.page(c, flow), `data-digest="`+s.ask(flow, c).Digest+`"`)
	mustContain(t, s.as(c, "/continue?again=1&flow="+flow).body, `data-notice="stale"`)
	next := s.ask(flow, c)
	grant, key := id.New[id.Grant](), vault.NewGrantKey()
	_, err := s.provider.Approve(t.Context(), c.session, s.flow(v, "claims", `{"userinfo":{"email":null}}`), provider.Approval{
		Digest: next.Digest, Grant: grant, Persona: c.persona, Capsule: []byte("sealed"), Wrapped: []byte("wrapped"), Key: key, Locale: "en",
	})
	if err == nil || !strings.Contains(err.Error(), consent.ErrStaleReview.Error()) {
		t.Errorf("what was shown for another request was taken: %v", err)
	}
}

// What the customer wanted to be asked each time says so, and nothing is called new that is not.
func TestRule18_whatVendorsOfTheKindDoNotUsuallyAsk_isMarkedPlainly(t *testing.T) {
	const asks = `{"userinfo":{"name":{"essential":true},"address":null,"iban":null,"birthdate":null,"age_over_18":null,"favourite_colour":null}}`
	for _, by := range []struct {
		kind, language, says string
		unusual, usual       []string
	}{
		{"shop", "en", "Shops do not usually ask for this", []string{"iban", "birthdate", "favourite_colour"}, []string{"name", "address", "age_over_18"}},
		{"shop", "de", "Geschäfte fragen gewöhnlich nicht danach", []string{"iban", "birthdate"}, []string{"name", "address"}},
		{"bank", "en", "Banks and insurers do not usually ask for this", []string{"favourite_colour"}, []string{"name", "address", "iban", "birthdate"}},
		{"", "en", "Vendors do not usually ask for this", []string{"address", "iban", "birthdate"}, []string{"name", "age_over_18"}},
	} {
		s := newSite(t)
		v := s.flowers(func(v *identity.Vendor) { v.Standing.Confirmed = vault.Kind(by.kind) })
		page := s.page(s.someone(), s.flow(v, "claims", asks), "Accept-Language", by.language)
		for _, name := range by.unusual {
			mustContain(t, claimRow(t, page, name), `data-unusual>`+by.says+`</p>`)
		}
		for _, name := range by.usual {
			mustLack(t, claimRow(t, page, name), "data-unusual")
		}
	}
}

func TestRule18_aKindThatTheVendorOnlySays_excusesNothing(t *testing.T) {
	s := newSite(t)
	v := s.flowers(func(v *identity.Vendor) { v.Standing.Kind, v.Standing.Confirmed = vault.KindBank, "" })
	mustContain(t, claimRow(t, s.page(s.someone(), s.flow(v, "claims", `{"userinfo":{"iban":null}}`)), "iban"), "Vendors do not usually ask for this")
}

func TestConsent_termsThatTheVendorAccepts_areThereForTheAgentToSay(t *testing.T) {
	s := newSite(t)
	v := s.flowers(func(v *identity.Vendor) { v.Standing.Accepts = []string{"SD-BASE-A", "SD-BASE"} })
	for language, said := range map[string][2]string{
		"en": {"nothing passed on.", "version 2.2"}, "de": {"keine Weitergabe.", "Fassung 2.2"},
	} {
		page := s.page(s.someone(), s.flow(v), "Accept-Language", language)
		_, terms, _ := strings.Cut(page, `data-fact="terms"`)
		inThisOrder(t, terms, `<p data-terms role="status"></p>`, `data-agreed="SD-BASE:2.2" hidden`, said[0],
			`href="https://w3id.org/dpv/2.2/standards/p7012#SD-BASE"`, said[1], `data-agreed="SD-BASE-A:2.2"`, `data-term="SD-BASE-DP:2.2"`)
		mustLack(t, page, `data-agreed="SD-BASE-DP:2.2"`)
	}
}

func TestRule14_vendorThatNoLongerAcceptsTheAgreedTerms_saysSo(t *testing.T) {
	s := newSite(t)
	v, c := s.flowers(), s.someone()
	s.approve(s.flow(v), c, "name", "email") // under its first terms, see help_test.go
	if next := s.ask(s.flow(v), c); next.Step != provider.StepResume {
		t.Fatalf("asked again at once: %v", next.Step)
	}
	none := []string{}
	_, err := s.vendors.SetStanding(t.Context(), v.ID, identity.StandingChange{Accepts: &none})
	s.must(err)
	page := s.page(c, s.flow(v))
	mustContain(t, page, "No longer accepted of your terms: “Service only”")
	mustContain(t, fact(t, page, "terms"), `<span class="mark-new">changed</span>`)
	german := s.page(c, s.flow(v), "Accept-Language", "de")
	mustContain(t, german, "Von Ihren Bedingungen nicht mehr angenommen: „Nur der Dienst“")
}

func TestConnectionAndReceipt_sayWhatWasAgreed_orThatNothingWas(t *testing.T) {
	s := newSite(t)
	c := s.someone()
	g := s.approve(s.flow(s.flowers()), c, "name")
	accepts := s.flowers(func(v *identity.Vendor) {
		v.Name, v.Standing.Accepts, v.RedirectURIs = "Anders", []string{"SD-BASE-ATP"}, []string{"https://blumen.example/back"}
	})
	declined := s.approve(s.flow(accepts), c, "name")
	for path, said := range map[string]string{
		"/connections/" + string(g.ID): "Agreed: “Service only”", "/receipts/1": "Agreed: “Service only”",
		"/connections/" + string(declined.ID): "The vendor accepted none of your terms (“Service only”).", "/receipts/2": "The vendor accepted none of your terms (“Service only”).",
	} {
		mustContain(t, html.UnescapeString(s.as(c, path).body), "<dt>Your terms</dt>", said)
	}
}

func TestTermsPage_listsAllTerms_noneTickedByTheServer(t *testing.T) {
	s := newSite(t)
	c := s.someone()
	for _, language := range []string{"en", "de"} {
		page := html.UnescapeString(s.as(c, "/vault/terms", "Accept-Language", language).body)
		for _, terms := range vault.Roster() {
			mustContain(t, page, `name="terms" value="`+terms.Name()+`"`, terms.Label(language), terms.Meaning(language), terms.Address())
		}
		if found := ticked(page); len(found) > 0 {
			t.Errorf("%v are ticked", found)
		}
	}
	if a := s.get("/vault/terms"); a.StatusCode != 303 && a.StatusCode != 302 {
		t.Errorf("for nobody: %d", a.StatusCode)
	}
}

func TestConsent_askedEachTime_saysSo(t *testing.T) {
	s := newSite(t)
	v, c := s.flowers(), s.someone()
	g := s.approve(s.flow(v), c, "name", "email")
	_, err := s.consent.AskEachTime(t.Context(), c.session.Account, g.ID, true)
	s.must(err)
	s.now = s.now.Add(time.Minute)
	page := s.page(c, s.flow(v))
	mustContain(t, page, "wanted to be asked each time", `name="each_time" value="yes" checked`, "Nothing is different from your decision of 22 November 2026.")
	mustLack(t, page, "mark-new")
}
