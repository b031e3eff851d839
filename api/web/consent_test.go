package web

import (
	"bytes"
	"fmt"
	"html"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
)

// The numbers are those of the consent screen's rules.

// review is the consent screen for a new customer.
func review(t *testing.T, options ...string) (page string, v identity.Vendor) {
	t.Helper()
	s := newSite(t)
	v = s.flowers()
	a := s.as(s.someone(), "/continue?flow="+s.flow(v), options...)
	if a.StatusCode != 200 {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	return html.UnescapeString(a.body), v
}

// claimRow is the markup of one claim.
func claimRow(t *testing.T, page, name string) string {
	t.Helper()
	_, row, ok := strings.Cut(page, `data-claim="`+name+`"`)
	if !ok {
		t.Fatalf("no row for %s", name)
	}
	row, _, _ = strings.Cut(row, "</li>")
	return row
}

func mustContain(t *testing.T, page string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(page, want) {
			t.Errorf("lacks %s", want)
		}
	}
}

func inThisOrder(t *testing.T, page string, parts ...string) {
	t.Helper()
	at := 0
	for _, part := range parts {
		i := strings.Index(page[at:], part)
		if i < 0 {
			t.Fatalf("%s is missing, or stands too early", part)
		}
		at += i
	}
}

func TestConsent_missingValues_canBeTypedRightThere_eachOnce(t *testing.T) {
	page, _ := review(t)
	for name, want := range map[string]string{
		"attribute:name": `autocomplete="name"`, "attribute:email": `type="email" maxlength="254" autocomplete="email"`,
		"attribute:birthdate": `type="date"`, "attribute:address.street_address": `autocomplete="street-address"`,
		"attribute:address.postal_code": `autocomplete="postal-code"`, "attribute:address.locality": `autocomplete="address-level2"`,
	} {
		field := regexp.MustCompile(`<input [^>]*name="`+regexp.QuoteMeta(name)+`"[^>]*>`).FindAllString(page, -1)
		if len(field) != 1 || !strings.Contains(field[0], want) {
			t.Errorf("%s: %v", name, field)
		}
	}
	s := newSite(t)
	derived := s.as(s.someone(), "/continue?flow="+s.flow(s.flowers(), "claims", `{"userinfo":{"age_over_18":{"essential":true},"birth_year":null}}`)).body
	if n := strings.Count(derived, `name="attribute:birthdate"`); n != 1 {
		t.Errorf("the birth date that both follow from can be typed %d times", n)
	}
}

func TestConsent_nothingAsked_saysSo(t *testing.T) {
	s := newSite(t)
	page := s.as(s.someone(), "/continue?flow="+s.flow(s.flowers(), "claims", `{}`)).body
	mustContain(t, page, "It asks for none of your details.", `value="approve"`)
	if strings.Contains(page, `name="claim"`) {
		t.Error("a claim is shown")
	}
}

func TestContinue_grantInForce_goesOnWithoutAVisiblePageOrTheAgent(t *testing.T) {
	s := newSite(t)
	v, c := s.flowers(), s.someone()
	s.approve(s.flow(v), c, "name", "email")
	page := s.as(c, "/continue?flow="+s.flow(v))
	mustContain(t, page.body, `<script type="application/json" id="resume">{"flow":"`, s.web.assets.byName["resume.js"].Path)
	for _, absent := range []string{"meins-agent", "masthead", "page."} {
		if strings.Contains(page.body, absent) {
			t.Errorf("contains %s", absent)
		}
	}
	if page.Header.Get("Content-Security-Policy") != pagePolicy || len(page.body) > 4000 {
		t.Errorf("%d bytes under %s", len(page.body), page.Header.Get("Content-Security-Policy"))
	}
}

func TestResumption_printsNothing(t *testing.T) {
	r := resumption{Flow: "the-flow", Share: []byte("the-share")}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("resume", "with", r)
	printed := fmt.Sprintf("%v %+v %#v %s", r, r, r, r) + log.String()
	if strings.Contains(printed, "the-") || strings.Contains(printed, "116") {
		t.Errorf("printed %s", printed)
	}
}

func TestContinue_freshLoginWanted_asksForThePassphraseAlone(t *testing.T) {
	s := newSite(t)
	c := s.someone()
	s.now = s.now.Add(time.Minute)
	flow := s.flow(s.flowers(), "prompt", "login")
	page := s.as(c, "/continue?flow="+flow).body
	mustContain(t, page, "Confirm that it is you", `name="passphrase"`)
	if strings.Contains(page, ` name="login"`) {
		t.Error("asks who it is")
	}
}

func TestConnections_listWhatIsInForce_whatWas_andWhatWasRefused(t *testing.T) {
	s := newSite(t)
	c := s.someone()
	shop, wine, library := s.flowers(), s.flowers(named("Weinhandlung")), s.flowers(named("Bücherei"))
	active := s.approve(s.flow(shop), c, "name", "email")
	s.approve(s.flow(library), c, "name")
	gone := s.approve(s.flow(wine), c, "name")
	_, err := s.consent.Withdraw(t.Context(), c.session.Account, gone.ID)
	s.must(err)
	next := s.ask(s.flow(wine), c)
	s.must(s.consent.Refuse(t.Context(), c.session.Account, next.Ask, consent.Refusal{Digest: next.Digest, Locale: "en"}))
	page := html.UnescapeString(s.as(c, "/connections").body)
	inThisOrder(t, page, `name="find"`, `name="sort"`, `data-list="active"`, "Withdrawing works at once", "cannot be pulled back", `<button class="button quiet" type="button" name="withdraw"`,
		`data-list="withdrawn"`, `data-list="refused"`)
	inThisOrder(t, page, `data-grant="`+string(active.ID)+`"`, "Can read your full name and e-mail address", `name="withdraw" value="`+string(active.ID)+`"`)
	inThisOrder(t, page, `data-grant="`+string(gone.ID)+`" data-state="withdrawn"`, "Could read your full name", "withdrawn")
	inThisOrder(t, page, `data-list="refused"`, `data-state="refused"`, "Asked for your")
	if n := strings.Count(page, `name="withdraw"`); n != 2 {
		t.Errorf("%d buttons to withdraw, want 2", n)
	}
	if other := s.as(s.someone(), "/connections").body; strings.Contains(other, string(active.ID)) {
		t.Error("somebody else sees the connection")
	}
}

func named(name string) func(*identity.Vendor) { return func(v *identity.Vendor) { v.Name = name } }

func TestConnection_showsTermsAndReads_andStatesTheConsequencesBeforeTheButton(t *testing.T) {
	s := newSite(t)
	v, c := s.flowers(), s.someone()
	g := s.approve(s.flow(v), c, "name", "email")
	_, err := s.consent.Permit(t.Context(), consent.Reading{Grant: g.ID, Client: v.ID, Claims: []string{"email"}, Kind: consent.KindUserInfo})
	s.must(err)
	s.must(s.consent.Close(t.Context()))
	page := html.UnescapeString(s.as(c, "/connections/"+string(g.ID)).body)
	inThisOrder(t, page, `data-grant="`+string(g.ID)+`"`, `data-claim="name"`, v.Purposes["name"], `data-claim="email"`, v.Purposes["email"],
		"Approved", "22 November 2026", "Until when", "22 November 2027", "Not approved", "address and birth date",
		"Withdrawing works at once", "cannot be pulled back", `name="withdraw"`, "Read once so far.", "e-mail address")
	if a := s.as(s.someone(), "/connections/"+string(g.ID)); a.StatusCode != 404 || strings.Contains(a.body, "Blumen") {
		t.Errorf("somebody else: %d", a.StatusCode)
	}
	_, err = s.consent.Withdraw(t.Context(), c.session.Account, g.ID)
	s.must(err)
	after := s.as(c, "/connections/"+string(g.ID)).body
	mustContain(t, after, `data-state="withdrawn"`, "can no longer read anything")
	for _, absent := range []string{`name="withdraw"`, `data-value=`} {
		if strings.Contains(after, absent) {
			t.Errorf("after withdrawal: %s", absent)
		}
	}
}

func TestVault_saysWhoReadsEachValue(t *testing.T) {
	s := newSite(t)
	c := s.someone()
	s.approve(s.flow(s.flowers()), c, "name", "email")
	s.approve(s.flow(s.flowers(named("Weinhandlung")), "claims", `{"userinfo":{"age_over_18":null}}`), c, "age_over_18")
	page := html.UnescapeString(s.as(c, "/vault").body)
	for name, want := range map[string][]string{
		"email":        {"Blumen am Markt can read this", `data-readers="["Blumen am Markt"]"`},
		"birthdate":    {"Weinhandlung (age (over 18 or not)) can read this"},
		"phone_number": {"Only you", `data-readers="[]"`},
		"given_name":   {`data-when="unset"`, "Blumen am Markt (full name) can read this", `data-when="set" hidden`, "Only you"},
	} {
		_, rest, ok := strings.Cut(page, `name="attribute:`+name+`"`)
		if !ok {
			t.Errorf("no field for %s", name)
			continue
		}
		rest, _, _ = strings.Cut(rest, `<div class="attribute"`)
		mustContain(t, rest, want...)
	}
	for _, name := range []string{"address.street_address", "address.postal_code", "address.locality", "address.country"} {
		mustContain(t, page, `name="attribute:`+name+`"`)
	}
	mustContain(t, page, `<button class="button accent" name="save"`)
}

func TestHistory_listsTheRevisions_andOffersToRestoreAllButTheNewest(t *testing.T) {
	s := newSite(t)
	c := s.someone()
	mustContain(t, s.as(c, "/vault/history").body, "There is no version yet.")
	for n := range uint64(3) {
		s.must(s.consent.SaveVault(t.Context(), c.session.Account, consent.Save{Revision: n + 1, Document: []byte(strings.Repeat("x", 5000))}))
	}
	page := s.as(c, "/vault/history").body
	inThisOrder(t, page, `data-revision="3"`, `data-revision="2"`, `name="restore" value="2"`, `data-revision="1"`, `name="restore" value="1"`)
	if strings.Contains(page, `value="3"`) {
		t.Error("the newest can be restored")
	}
}

func TestAccount_listsSessions_andWhatCanBeDone(t *testing.T) {
	s := newSite(t)
	page := s.as(s.someone(), "/account").body
	mustContain(t, page, "Chrome on Linux", "here</span>", `name="signout"`, `name="signout-everywhere"`, `name="current"`, `name="new_passphrase"`,
		`name="recovery_passphrase"`, `name="recovery_code"`, `name="delete_passphrase"`, `name="sure"`, `name="theme" value="dark"`, `hreflang="de"`)
}

func TestWhere_isAHintForPeople(t *testing.T) {
	l := theLocales(t)["en"]
	for agent, want := range map[string]string{
		"":              "Unknown program",
		"meins-agent/1": "Command line",
		"curl/8":        "Unknown program",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1": "Safari on iPhone",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0":           "Edge on Windows",
		"Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0":                                                                    "Firefox on Android",
	} {
		if got := l.where(agent); got != want {
			t.Errorf("%q is %q, want %q", agent, got, want)
		}
	}
}

// Every name that can be asked or stored has its place.
func TestSections_coverTheCatalogue(t *testing.T) {
	var placed []string
	for _, s := range sections {
		placed = append(placed, s.names...)
	}
	for _, entry := range catalogue() {
		if !slices.Contains(placed, entry) {
			t.Errorf("%s stands nowhere", entry)
		}
	}
}
